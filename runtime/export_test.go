package runtime

import (
	"context"

	"github.com/google/uuid"

	"domovoi.dev/runtime/automation"
	"domovoi.dev/sdk/slnet"
)

// Rehearsal is a dry run without a script, whose messages may come from any user.
type Rehearsal struct {
	*automation.DryRun
	runtime *Runtime
}

// OpenDryRun makes a Rehearsal.
func (r *Runtime) OpenDryRun(ctx context.Context) (*Rehearsal, error) {
	d, err := r.openDryRun(ctx, uuid.New())
	return &Rehearsal{d, r}, err
}

// As returns the connection of a token.
func (d *Rehearsal) As(ctx context.Context, token string) (slnet.Connection, error) {
	caller, err := d.runtime.accounts.Authenticate(ctx, token)
	return d.Connect(caller), err
}

// Check checks the store of the dry run.
func (d *Rehearsal) Check(ctx context.Context, token string) (slnet.CheckStoreResponse, error) {
	c, err := d.As(ctx, token)
	if err != nil {
		return slnet.CheckStoreResponse{}, err
	}
	return c.(*connection).runtime.store.Check(ctx)
}

// Reads reports whether the router knows a message as one that changes nothing.
func (r *Runtime) Reads(ctx context.Context, message slnet.Message) bool {
	if needs, ok, _ := r.managers.Required(ctx, message); ok {
		return needs.Reads
	}
	return handlers[message.MessageName()].reads
}
