package slnet

import "time"

// Backup is a file in the daemon's folder of backups: all it knew at one moment.
type Backup struct {
	// Name is that of the file.
	Name      string    `json:"Name"`
	CreatedAt time.Time `json:"CreatedAt"`
	// Size is that of the file in bytes.
	Size int64 `json:"Size"`
	// Scheduled says that the daemon made it by itself, and will remove it when
	// there are enough newer ones.
	Scheduled bool `json:"Scheduled,omitempty"`
	Encrypted bool `json:"Encrypted,omitempty"`
}

// CreateBackupMessage makes a backup while the daemon works, and reads it again to
// see that it is whole. It needs the permission SystemBackup. Answered with
// BackupResponse when the backup is complete; how far it is says
// GetSystemInfoMessage. One backup is made at a time.
type CreateBackupMessage struct{}

// BackupResponse describes a new backup.
type BackupResponse struct {
	Backup Backup `json:"Backup"`
	// StoreVersion is that of the newest commit in the backup.
	StoreVersion int64 `json:"StoreVersion"`
	// Rows and Files are what it holds, with their sizes in bytes before
	// compression.
	Rows      int64 `json:"Rows"`
	RowBytes  int64 `json:"RowBytes"`
	Files     int64 `json:"Files"`
	FileBytes int64 `json:"FileBytes"`
	// Keys says that the daemon's own keys and tokens are in it.
	Keys bool `json:"Keys,omitempty"`
	// Missing are files that the daemon should have and has lost, such as the
	// content of an attachment, so that they are not in the backup either.
	Missing []string `json:"Missing,omitempty"`
}

// GetBackupsMessage lists the backups in the daemon's folder, the newest first. It
// needs the permission SystemBackup. Answered with BackupsResponse.
type GetBackupsMessage struct{}

// BackupsResponse lists backups.
type BackupsResponse struct {
	// Folder is where they are on the daemon's machine.
	Folder  string   `json:"Folder"`
	Backups []Backup `json:"Backups"`
}

// ReadBackupMessage reads a piece of a backup. A backup holds everything, whoever
// may see it, so this needs the permissions SystemBackup, SystemAdministration and
// SecurityAdministration. Answered with ReadBackupResponse.
type ReadBackupMessage struct {
	Name string `json:"Name"`
	// Offset is where the piece begins, in bytes.
	Offset int64 `json:"Offset,omitempty"`
}

// ReadBackupResponse is a piece of a backup.
type ReadBackupResponse struct {
	// Data is empty behind the end.
	Data []byte `json:"Data,omitempty"`
	// Size is that of the whole file.
	Size int64 `json:"Size"`
}

// DeleteBackupMessage deletes a backup. It needs the permission
// SystemAdministration. Answered with Empty.
type DeleteBackupMessage struct {
	Name string `json:"Name"`
}

// BackupInfo says how the daemon's backups do.
type BackupInfo struct {
	// Writing is how many bytes of a backup that is being made were written, 0 when
	// none is.
	Writing int64 `json:"Writing,omitempty"`
	// Rows is how many rows of the store were written to it, and Reread how many of
	// its bytes were read again to see that it is whole.
	Rows   int64 `json:"Rows,omitempty"`
	Reread int64 `json:"Reread,omitempty"`
	// Newest is the newest backup in the folder.
	Newest *Backup `json:"Newest,omitempty"`
	// NextAt is when the next one is made, zero when nobody said how often.
	NextAt time.Time `json:"NextAt,omitzero"`
	// Failure is why the last backup failed, and FailedAt when, when none has
	// succeeded since.
	Failure  string    `json:"Failure,omitempty"`
	FailedAt time.Time `json:"FailedAt,omitzero"`
}
