package runtime

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/backups"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/backup"
	"domovoi.dev/storage/kv/pebblekv"
)

// BackupKeys says whether backups hold the daemon's own keys and tokens.
type BackupKeys string

// Whether backups hold keys.
const (
	// BackupKeysEncrypted, which is the default, puts them into encrypted backups
	// only.
	BackupKeysEncrypted BackupKeys = "encrypted"
	BackupKeysAlways    BackupKeys = "always"
	BackupKeysNever     BackupKeys = "never"
)

// BackupOptions say how backups are made.
type BackupOptions struct {
	// Dir is the folder of the backups; empty means BackupDir in the data directory.
	Dir string
	// Every is how often the daemon makes one by itself, 0 for never, and Keep how
	// many of these it keeps, 0 for all.
	Every time.Duration
	Keep  int
	// RecipientsFile and PassphraseFile name what the backups are encrypted with: a
	// file with public keys of age, or one with a passphrase in its first line. With
	// neither they are not encrypted.
	RecipientsFile string
	PassphraseFile string
	// Keys says whether keys and tokens are in the backups; empty means
	// BackupKeysEncrypted.
	Keys BackupKeys
}

// BackupDir is the name of the folder in the data directory that holds the backups,
// unless BackupOptions say another.
const BackupDir = "backups"

// minBackupEvery is the least time between two backups.
const minBackupEvery = time.Minute

// lock checks the options and reads what backups are encrypted with, nil for
// nothing.
func (o *BackupOptions) lock() (lock *backup.Lock, err error) {
	switch {
	case o.Every != 0 && o.Every < minBackupEvery:
		return nil, slnet.Errorf(slnet.KindInvalid, "a backup every %v is too often, the least is %v", o.Every, minBackupEvery)
	case o.Keep < 0:
		return nil, slnet.Errorf(slnet.KindInvalid, "%d backups cannot be kept", o.Keep)
	case !slices.Contains([]BackupKeys{"", BackupKeysEncrypted, BackupKeysAlways, BackupKeysNever}, o.Keys):
		return nil, slnet.Errorf(slnet.KindInvalid, "keys are in backups %s, %s or %s, not %.100q", BackupKeysEncrypted, BackupKeysAlways, BackupKeysNever, o.Keys)
	case o.RecipientsFile != "" && o.PassphraseFile != "":
		return nil, slnet.Errorf(slnet.KindInvalid, "backups are encrypted for recipients or with a passphrase, not both")
	case o.RecipientsFile != "":
		lock, err = backup.RecipientsFile(o.RecipientsFile)
	case o.PassphraseFile != "":
		lock, err = backup.PassphraseFile(o.PassphraseFile)
	}
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "backups cannot be encrypted: %v", err)
	}
	return lock, nil
}

// newBackups makes the folder of backups. It makes none by itself yet.
func (r *Runtime) newBackups(o Options, lock *backup.Lock) *backups.Folder {
	source := &backupSource{store: r.store, dir: o.DataDir, program: o.Version}
	if keys := o.Backups.Keys; keys == BackupKeysAlways || keys != BackupKeysNever && lock != nil {
		source.keys, source.secretsKey = true, o.SecretsKey == ""
	}
	dir := o.Backups.Dir
	if dir == "" {
		dir = filepath.Join(o.DataDir, BackupDir)
		source.engine = r.engine
	}
	return backups.New(backups.Options{
		Dir: dir, Every: o.Backups.Every, Keep: o.Backups.Keep, Lock: lock,
		Write: source.write, Failed: r.backupFailed, Logger: o.Logger,
	})
}

// systemUser is who makes changes that no user asked for.
const systemUser = "(System)"

// backupFailed tells of a backup that the daemon could not make by itself.
func (r *Runtime) backupFailed(cause error) {
	_, err := r.store.Update(r.stopping, storage.Origin{User: systemUser}, func(tx *storage.Tx) error {
		text := "The daemon could not make a backup: " + cause.Error()
		return tx.AddEvent("", &slnet.InformationEventMessage{Time: tx.Now(), User: systemUser, Text: text[:min(len(text), maxInformation)]})
	})
	if err = storeEnded(err); err != nil && r.stopping.Err() == nil {
		r.log.Error("nobody could be told of a backup that failed", "op", "runtime.backupFailed", "err", err)
	}
}

// backupSource is what backups are made of.
type backupSource struct {
	store   *storage.Store
	dir     string // the data directory
	program string
	// keys says that keys and tokens are put into backups, secretsKey that the key of
	// secrets is in the data directory.
	keys, secretsKey bool
	// engine is what must not run out of space, nil when the backups are elsewhere.
	engine *pebblekv.Store
}

// write writes the state of now.
func (s *backupSource) write(ctx context.Context, w io.Writer, at time.Time, rows *atomic.Int64) (h backup.Header, t backup.Totals, err error) {
	err = s.store.Snapshot(ctx, func(state *storage.Snapshot) error {
		h = backup.Header{CreatedAt: at, Program: s.program, StoreVersion: uint64(state.Version()), Keys: s.keys}
		b, err := backup.NewWriter(&sparing{w, s.engine}, h)
		if err != nil {
			return err
		}
		row := func(key, value []byte) error {
			rows.Add(1)
			return b.Row(key, value)
		}
		if err := state.Rows(ctx, row); err != nil {
			return err
		}
		if err := s.files(ctx, b, state); err != nil {
			return err
		}
		t, err = b.Close()
		return err
	})
	return h, t, err
}

// The folders of the data directory that backups have files of.
const (
	attachmentsDir = "attachments"
	autocertDir    = "autocert"
	logsDir        = "logs"
	pluginsDir     = "plugins"
)

// files adds the files that belong to a state, in the order of their names.
func (s *backupSource) files(ctx context.Context, b *backup.Writer, state *storage.Snapshot) error {
	if s.keys {
		if err := s.file(b, TokenFile, false); err != nil {
			return err
		}
	}
	err := state.Blobs(ctx, func(hash storage.BlobHash, open func() (io.ReadCloser, error)) error {
		name := attachmentsDir + "/" + storage.BlobPath(hash)
		f, err := open()
		if errors.Is(err, storage.ErrDamaged) {
			b.Missing(name)
			return nil
		}
		if err != nil {
			return err
		}
		return errors.Join(b.File(name, f), f.Close())
	})
	if err != nil {
		return err
	}
	if s.keys {
		if err := s.folder(b, autocertDir); err != nil {
			return err
		}
	}
	err = automation.Files(ctx, state.Reader, func(name string, needed bool) error { return s.file(b, name, needed) })
	if err == nil && s.secretsKey {
		err = s.file(b, SecretsKeyFile, false)
	}
	return err
}

// file adds a file of the data directory, as far as it is written by now.
func (s *backupSource) file(b *backup.Writer, name string, needed bool) error {
	f, err := os.Open(filepath.Join(s.dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		if needed {
			b.Missing(name)
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return b.File(name, io.LimitReader(f, info.Size()))
}

// folder adds the files of a folder, which has no others below it.
func (s *backupSource) folder(b *backup.Writer, name string) error {
	entries, err := os.ReadDir(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if err == nil && e.Type().IsRegular() {
			err = s.file(b, name+"/"+e.Name(), false)
		}
	}
	return err
}

// sparing is a writer that ends when the store runs out of space, before it has
// taken the last of it.
type sparing struct {
	w      io.Writer
	engine *pebblekv.Store
}

func (s *sparing) Write(p []byte) (int, error) {
	if s.engine != nil {
		if err := s.engine.CheckSpace(); err != nil {
			return 0, err
		}
	}
	return s.w.Write(p)
}

// addBackups adds the rows of messages about backups.
func addBackups(table map[string]handler) {
	may := holders(slnet.PermissionSystemBackup)
	add(table, aside(may), func(r *Runtime, ctx context.Context, _ security.Caller, _ *slnet.CreateBackupMessage) (*slnet.BackupResponse, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(r.stopping, cancel)()
		return r.backups.Create(ctx)
	})
	add(table, reading(may), func(r *Runtime, _ context.Context, _ security.Caller, _ *slnet.GetBackupsMessage) (*slnet.BackupsResponse, error) {
		list, err := r.backups.List()
		return &slnet.BackupsResponse{Folder: r.backups.Dir, Backups: list}, err
	})
	// Whoever reads a backup reads everything, so there is a record of it.
	all := holdersOfAll(slnet.PermissionSystemBackup, slnet.PermissionSystemAdministration, slnet.PermissionSecurityAdministration)
	add(table, aside(all), func(r *Runtime, _ context.Context, _ security.Caller, m *slnet.ReadBackupMessage) (*slnet.ReadBackupResponse, error) {
		data, size, err := r.backups.Read(m.Name, m.Offset, maxBackupPiece)
		return &slnet.ReadBackupResponse{Data: data, Size: size}, err
	})
	add(table, aside(holders(slnet.PermissionSystemAdministration)), func(r *Runtime, _ context.Context, _ security.Caller, m *slnet.DeleteBackupMessage) (*slnet.Empty, error) {
		return &slnet.Empty{}, r.backups.Delete(m.Name)
	})
}

// maxBackupPiece is the most bytes of a backup in one answer.
const maxBackupPiece = 4 << 20
