package security

import (
	"context"

	"github.com/google/uuid"

	"domovoi.dev/storage"
)

// Caller is who a message comes from. The edge makes it from a token, the
// session of a run from the run; nothing a client sends can name it.
type Caller struct {
	// User is the user whose rights count.
	User string
	// RunID is the run that sends, zero outside of runs.
	RunID uuid.UUID
	// Parents are the runs above RunID, the outermost first.
	Parents []uuid.UUID
}

// Origin says who makes the changes of the caller.
func (c Caller) Origin() storage.Origin { return storage.Origin{User: c.User, RunID: c.RunID} }

type callerKey struct{}

// NewContext returns a context that carries the caller, the only value contexts
// carry in the daemon. The caller's Parents must not be changed afterwards.
func NewContext(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// FromContext returns the caller a context carries. Without one ok is false,
// and nothing may be done on anybody's behalf.
func FromContext(ctx context.Context) (caller Caller, ok bool) {
	caller, ok = ctx.Value(callerKey{}).(Caller)
	return caller, ok
}
