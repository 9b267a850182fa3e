package storage

import (
	"time"

	"github.com/google/uuid"
)

// HistoryRow says that a revision of an instance is part of its history. What
// changed is not kept a second time: it is the difference to the revision
// before, and earlier versions are kept anyway.
type HistoryRow struct {
	ID       uuid.UUID
	Time     time.Time
	User     string
	RunID    uuid.UUID
	Revision int64
}
