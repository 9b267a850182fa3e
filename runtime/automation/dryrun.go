package automation

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// MaxDryRuns is how many dry runs there may be at a time, those they start not
// counted. Each holds a snapshot of the store and keeps what it writes in memory.
const MaxDryRuns = 4

// changesTable has what dry runs would have changed, by the id of the run.
var changesTable = storage.NewTable[Changes]("run_changes")

// DryRun is what a dry run works on in place of the daemon's data: one for a run
// and all it starts.
type DryRun struct {
	// Connect returns the connection of a caller to it.
	Connect func(security.Caller) slnet.Connection
	// Changes returns what differs from the daemon's data as they were.
	Changes func(ctx context.Context) (*Changes, error)
	// Close lets go of it. Messages over its connections fail from then on.
	Close func() error

	root uuid.UUID // the run it is of
	// The rest is guarded by Automation.mu.
	below  int           // runs below the root that have not ended
	isOver bool          // the root has ended; when below is 0 no run can enter any more
	empty  chan struct{} // closed when isOver and below is 0
}

// enterDryRun counts a run that is about to begin. The caller holds mu.
func (a *Automation) enterDryRun(e *execution) error {
	switch d := e.dry; {
	case d == nil && !e.run.DryRun:
	case d == nil && a.dry >= MaxDryRuns:
		return slnet.Errorf(slnet.KindUnavailable,
			"script %q was not started: %d dry runs are under way, which is as many as there may be; try again when one has ended", e.script.Name, a.dry)
	case d == nil:
		a.dry++
	case d.isOver && d.below == 0:
		return slnet.Errorf(slnet.KindConflict, "script %q was not started: the dry run %s has ended", e.script.Name, d.root)
	default:
		d.below++
	}
	return nil
}

// leaveDryRun is the reverse of enterDryRun. The caller holds mu.
func (a *Automation) leaveDryRun(e *execution) {
	switch {
	case !e.run.DryRun:
	case e.dry == nil || e.dry.root == e.run.ID:
		a.dry--
	default:
		e.dry.below--
		e.dry.signal()
	}
}

func (d *DryRun) signal() {
	if d.isOver && d.below == 0 {
		close(d.empty)
	}
}

// openDryRun makes what a dry run works on.
func (e *execution) openDryRun() error {
	d, err := e.a.DryRun(e.ctx, e.run.ID)
	if err != nil {
		return err
	}
	d.root, d.empty = e.run.ID, make(chan struct{})
	e.a.mu.Lock()
	defer e.a.mu.Unlock()
	e.dry = d
	return nil
}

// closeDryRun waits until the runs have ended that the script started and did not
// wait for, so that what they change counts, and stores what would have changed.
// When the run is cancelled or its time is up, so are they.
func (e *execution) closeDryRun() error {
	a, d := e.a, e.dry
	a.mu.Lock()
	d.isOver = true
	d.signal()
	a.mu.Unlock()
	defer context.AfterFunc(e.ctx, func() { a.cancelWithin(d, context.Cause(e.ctx)) })()
	<-d.empty
	changes, err := d.Changes(context.WithoutCancel(e.ctx))
	if err == nil {
		_, err = a.Store.Update(context.WithoutCancel(e.ctx), storage.Origin{}, func(tx *storage.Tx) error {
			return changesTable.Put(tx, changes, e.run.ID.String())
		})
	}
	if closed := d.Close(); closed != nil {
		a.Logger.Error("a dry run was not closed as it should be", "op", "automation.dryRun", "run", e.run.ID, "err", closed)
	}
	return err
}

// cancelWithin cancels the runs below the root of a dry run.
func (a *Automation) cancelWithin(d *DryRun, cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, e := range a.active {
		if e.dry == d && id != d.root {
			e.cancel(cause)
		}
	}
}

// Within reports whether a run belongs to a dry run.
func (a *Automation) Within(d *DryRun, id uuid.UUID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.active[id]
	return e != nil && e.dry == d && id != d.root
}

// Changes returns what a dry run would have changed. The run must be visible to
// the caller and have ended.
func (a *Automation) Changes(ctx context.Context, caller security.Caller, all bool, id uuid.UUID) (*Changes, error) {
	response, err := a.Run(ctx, caller, all, id)
	if err != nil {
		return nil, err
	}
	run := &response.Run
	switch {
	case !run.DryRun:
		return nil, slnet.Errorf(slnet.KindInvalid,
			"run %s was no dry run: what it changed is stored; the history of instances and the audit name the run of each change", id)
	case !run.State.Ended():
		return nil, slnet.Errorf(slnet.KindConflict, "run %s has not ended: %s", id, run.State)
	}
	changes := new(Changes) // of one that did not get so far
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		stored, err := changesTable.Get(r, id.String())
		if err == nil {
			changes = stored
		}
		if !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		for _, parent := range run.Parents {
			above, err := runTable.Get(r, parent.String())
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
			if err == nil && above.DryRun {
				return slnet.Errorf(slnet.KindInvalid, "run %s is part of the dry run %s, which has the changes of both", id, parent)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changes, nil
}
