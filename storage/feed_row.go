package storage

import (
	"time"

	"github.com/google/uuid"
	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/sdk/dom"
)

// ChangeType says what happened to an object. The numbers are those of the
// original's CrudType and are on disk.
type ChangeType int

// The types of changes.
const (
	Created ChangeType = 1
	Updated ChangeType = 2
	Deleted ChangeType = 3
)

// Change is one changed object of a commit.
type Change struct {
	Type     ChangeType
	Kind     dom.ObjectKind
	ModuleID string
	ObjectID string
	// Revision is that of the version which was written, or deleted.
	Revision int64
	// Object is the deleted version; others are read from the store.
	Object msgp.Raw
}

// FeedEvent is an event that is no changed object, in the wire form of its
// message.
type FeedEvent struct {
	Name     string
	ModuleID string
	Message  msgp.Raw
}

// FeedRow is what one commit did. The feed has a row for every commit that
// changed an object or made an event, in commit order.
type FeedRow struct {
	Time    time.Time
	User    string
	RunID   uuid.UUID
	Changes []Change
	Events  []FeedEvent
}
