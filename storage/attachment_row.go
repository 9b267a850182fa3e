package storage

import (
	"time"

	"github.com/google/uuid"
)

// AttachmentRow is the record of a file attached to an instance. Its content is
// a blob.
type AttachmentRow struct {
	// Name is the name as it was given; names are compared without case.
	Name string
	Size int64
	Hash BlobHash
	// Time, User and RunID say when and by whom the file was attached.
	Time  time.Time
	User  string
	RunID uuid.UUID
}
