package storage

import (
	"time"

	"github.com/google/uuid"
)

// AuditRow says by which message a commit came to be, or what became of one that
// committed nothing.
type AuditRow struct {
	Message string
	Address string
	// Own is what the row says by itself. Without it the feed row of the commit
	// says the rest.
	Own *AuditOwn
}

// AuditOwn is what an audit row says by itself.
type AuditOwn struct {
	Time     time.Time
	User     string
	RunID    uuid.UUID
	ModuleID string
	Objects  []AuditSubject
	Outcome  string // empty: allowed
	Reason   string
	Detail   string
	Count    int64
	Until    time.Time
}

// AuditSubject is an object a message was about.
type AuditSubject struct {
	Kind string
	ID   string
}
