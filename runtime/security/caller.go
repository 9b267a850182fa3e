package security

import (
	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Caller is who a message comes from. The edge makes it from a token, the
// session of a run from the run; nothing a client sends can name it.
type Caller struct {
	// User is the name of the user whose rights count.
	User string
	// UserID is the id of that user, by which a user who was renamed meanwhile is
	// found, and another who got the name is not. Zero means whoever has the name.
	UserID uuid.UUID
	// TokenID is the token that stands for the user, zero in runs. The caller may
	// do nothing any more when it ends.
	TokenID uuid.UUID
	// Scope limits the rights of the user; nil means not at all. It goes on to
	// the runs the caller starts.
	Scope *slnet.TokenScope
	// RunID is the run that sends, zero outside of runs.
	RunID uuid.UUID
	// Parents are the runs above RunID, the outermost first.
	Parents []uuid.UUID
	// Address is where the caller is, where that is known.
	Address string
	// Message is the name of the message under way, for the audit.
	Message string
}

// Origin says who makes the changes of the caller.
func (c Caller) Origin() storage.Origin {
	return storage.Origin{User: c.User, RunID: c.RunID, Message: c.Message, Address: c.Address}
}
