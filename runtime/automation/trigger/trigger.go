// Package trigger starts runs for changes of DOM instances. Triggers are kept in
// the store; what is to be watched in a module is prepared when its model is read,
// so a change in a module without triggers costs nothing. The run of a change is
// stored in the commit of the change: none is started twice, and none is forgotten
// by a daemon that ends in between.
package trigger

import (
	"context"
	"log/slog"
	"sync"

	"github.com/google/uuid"

	"domovoi.dev/runtime/naming"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Change is a change of an instance in its transaction.
type Change struct {
	ModuleID string
	CrudType dom.CrudType
	// Before and After are the versions of the instance. A created one has no
	// Before, a deleted one no After.
	Before, After *dom.Instance
	// By is who makes the change.
	By security.Caller
	// MayRead reports whether somebody may read both versions.
	MayRead func(security.Caller) bool
}

// instance is the instance as it was written, a deleted one as it was.
func (c *Change) instance() *dom.Instance {
	if c.After == nil {
		return c.Before
	}
	return c.After
}

// Meta is what the entry points for changes are called with.
func (c *Change) Meta() *dom.InstanceCrudMeta {
	meta := &dom.InstanceCrudMeta{CrudType: c.CrudType, CurrentVersion: c.instance()}
	if c.CrudType == dom.CrudUpdate {
		meta.PreviousVersion = c.Before
	}
	return meta
}

// depth is how many runs stand above a run that the change starts.
func (c *Change) depth() int {
	if c.By.RunID == uuid.Nil {
		return 0
	}
	return len(c.By.Parents) + 1
}

// Options say what Triggers work with.
type Options struct {
	Store *storage.Store
	// Check returns an error when a trigger names a script, entry point or
	// parameters that do not fit each other, or its owner may not execute the script.
	Check func(ctx context.Context, trigger *dom.Trigger) error
	// ActAs returns the owner of a trigger, given by id or name, when the caller
	// may give runs the rights of that user.
	ActAs func(caller, owner security.Caller) (security.Caller, error)
	// Enabled reports whether a user exists and may act.
	Enabled func(owner security.Caller) bool
	// Stage stores a queued run; it executes after the commit. An error of a kind
	// that is somebody's fault means that there is no run, and nothing was written.
	Stage func(tx *storage.Tx, trigger *dom.Trigger, change *Change) error
	// Started reports whether a run was started by a trigger.
	Started func(r *storage.Reader, run, trigger uuid.UUID) (bool, error)
	// MaxDepth is how many runs may stand above one that a change starts.
	MaxDepth int
	// Safe has no trigger start anything.
	Safe   bool
	Logger *slog.Logger
}

// Triggers is the home of the triggers of a store.
type Triggers struct {
	Options
	notes notes
	total counts // of all triggers
	stop  context.CancelFunc
	loop  sync.WaitGroup
}

// New returns the triggers of a store. What is to be noted of them is stored from
// Start on.
func New(o Options) *Triggers {
	return &Triggers{Options: o, notes: newNotes()}
}

// Owner is the user whose rights the runs of a trigger have.
func Owner(trigger *dom.Trigger) security.Caller {
	return security.Caller{User: trigger.Owner, UserID: trigger.OwnerID}
}

// Create stores a new trigger.
func (t *Triggers) Create(ctx context.Context, caller security.Caller, m *dom.CreateTriggerMessage) (*dom.TriggerResponse, error) {
	trigger := m.Trigger
	if trigger.ID == uuid.Nil {
		trigger.ID = uuid.New()
	}
	if err := t.check(ctx, caller, &trigger); err != nil {
		return nil, err
	}
	return t.change(ctx, caller, func(tx *storage.Tx) (*dom.Trigger, error) {
		created := trigger
		created.CreatedAt, created.CreatedBy, created.Revision, created.PausedReason = tx.Now(), caller.User, 1, ""
		return &created, put(tx, caller.User, nil, &created)
	})
}

// Update replaces what people can set of a trigger.
func (t *Triggers) Update(ctx context.Context, caller security.Caller, m *dom.UpdateTriggerMessage) (*dom.TriggerResponse, error) {
	trigger := m.Trigger
	if err := t.check(ctx, caller, &trigger); err != nil {
		return nil, err
	}
	return t.change(ctx, caller, func(tx *storage.Tx) (*dom.Trigger, error) {
		old, err := triggerTable.Get(&tx.Reader, trigger.ID)
		if err != nil {
			return nil, err
		}
		if err := naming.CheckRevision("trigger", old.Name, old.ChangedBy, old.Revision, trigger.Revision); err != nil {
			return nil, err
		}
		changed := trigger
		changed.CreatedAt, changed.CreatedBy, changed.Revision = old.CreatedAt, old.CreatedBy, old.Revision+1
		changed.PausedReason = ""
		if old.Paused && changed.Paused {
			changed.PausedReason = old.PausedReason
		}
		return &changed, put(tx, caller.User, old, &changed)
	})
}

// Pause pauses a trigger or lets it go on.
func (t *Triggers) Pause(ctx context.Context, caller security.Caller, m *dom.PauseTriggerMessage) (*dom.TriggerResponse, error) {
	return t.change(ctx, caller, func(tx *storage.Tx) (*dom.Trigger, error) {
		old, err := triggerTable.Get(&tx.Reader, m.ID)
		if err != nil || old.Paused == m.Paused {
			return old, err
		}
		changed := *old
		changed.Paused, changed.PausedReason = m.Paused, ""
		changed.Revision++
		return &changed, put(tx, caller.User, old, &changed)
	})
}

// change commits what fn makes of a trigger.
func (t *Triggers) change(ctx context.Context, caller security.Caller, fn func(tx *storage.Tx) (*dom.Trigger, error)) (*dom.TriggerResponse, error) {
	var response dom.TriggerResponse
	_, err := t.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		trigger, err := fn(tx)
		if err != nil {
			return err
		}
		response.Trigger = *trigger
		tx.About("trigger", trigger.ID.String())
		if !trigger.Paused {
			tx.AfterCommit(func() { t.notes.release(trigger.ID) })
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	response.Counts = t.notes.countsOf(response.Trigger.ID)
	return &response, nil
}

// Delete deletes a trigger.
func (t *Triggers) Delete(ctx context.Context, caller security.Caller, m *dom.DeleteTriggerMessage) (*slnet.Empty, error) {
	_, err := t.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		old, err := triggerTable.Get(&tx.Reader, m.ID)
		if err != nil {
			return err
		}
		tx.About("trigger", m.ID.String())
		tx.AfterCommit(func() { t.notes.forget(m.ID) })
		return remove(tx, old)
	})
	return &slnet.Empty{}, err
}

// Get returns one trigger.
func (t *Triggers) Get(ctx context.Context, m *dom.GetTriggerMessage) (*dom.TriggerResponse, error) {
	var response dom.TriggerResponse
	err := t.Store.View(ctx, func(r *storage.Reader) error {
		trigger, err := triggerTable.Find(r, m.ID, m.Name)
		if err == nil {
			response.Trigger = *trigger
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	response.Counts = t.notes.countsOf(response.Trigger.ID)
	return &response, nil
}

// List returns triggers by name.
func (t *Triggers) List(ctx context.Context, m *dom.GetTriggersMessage) (*dom.TriggersResponse, error) {
	var response dom.TriggersResponse
	err := t.Store.View(ctx, func(r *storage.Reader) (err error) {
		response.Triggers, err = triggerTable.List(ctx, r, m.After, m.Limit, func(trigger *dom.Trigger) bool {
			return (m.Script == "" || storage.FoldName(m.Script) == storage.FoldName(trigger.Script)) && (m.ModuleID == "" || m.ModuleID == trigger.ModuleID)
		})
		return err
	})
	return &response, err
}
