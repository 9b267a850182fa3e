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
	below  int           // runs it has started that have not ended
	isOver bool          // the root has ended; when below is 0 no run can join any more
	empty  chan struct{} // closed when isOver and below is 0
}

// id is the run it is of, zero for none.
func (d *DryRun) id() uuid.UUID {
	if d == nil {
		return uuid.Nil
	}
	return d.root
}

func (d *DryRun) signal() {
	if d.isOver && d.below == 0 {
		close(d.empty)
	}
}

// joinDryRun notes a run that is about to be queued, with the dry run that starts
// it, if one does. It refuses one when there are too many.
func (a *Automation) joinDryRun(within *DryRun, run *slnet.Run) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case within != nil && within.isOver && within.below == 0:
		return slnet.Errorf(slnet.KindConflict, "script %q was not started: the dry run %s has ended", run.Script, within.root)
	case within != nil:
		within.below++
		a.within[run.ID] = within
	case run.DryRun && len(a.dry) >= MaxDryRuns:
		return ErrTooManyDryRuns
	}
	return nil
}

// quitDryRun forgets a run that has ended. The caller holds mu.
func (a *Automation) quitDryRun(id uuid.UUID) {
	if d := a.within[id]; d != nil {
		delete(a.within, id)
		d.below--
		d.signal()
	}
}

// ErrTooManyDryRuns is the error of a dry run that was not started because there
// are MaxDryRuns already.
var ErrTooManyDryRuns = slnet.Errorf(slnet.KindUnavailable,
	"the script was not started: %d dry runs are under way, which is as many as there may be; try again when one has ended", MaxDryRuns)

// dryRun returns what a dry run works on, and what is to be done when the script
// has ended.
func (e *execution) dryRun(run *slnet.Run) (d *DryRun, done func() error, err error) {
	a := e.a
	if run.DryRunOf == uuid.Nil {
		d, err := a.openDryRun(e.ctx, run.ID)
		return d, func() error { return e.closeDryRun(d) }, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if d = a.within[run.ID]; d == nil {
		return nil, nil, slnet.Errorf(slnet.KindConflict, "the run did not start: the dry run %s has ended", run.DryRunOf)
	}
	return d, func() error { return nil }, nil
}

// openDryRun makes what a dry run works on.
func (a *Automation) openDryRun(ctx context.Context, id uuid.UUID) (*DryRun, error) {
	a.mu.Lock()
	if len(a.dry) >= MaxDryRuns {
		a.mu.Unlock()
		return nil, ErrTooManyDryRuns
	}
	a.dry[id] = nil
	a.mu.Unlock()
	d, err := a.DryRun(ctx, id)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		delete(a.dry, id)
		return nil, err
	}
	d.root, d.empty = id, make(chan struct{})
	a.dry[id] = d
	return d, nil
}

// closeDryRun waits until the runs have ended that the script started and did not
// wait for, so that what they change counts, and stores what would have changed.
// When the run is cancelled or its time is up, so are they.
func (e *execution) closeDryRun(d *DryRun) error {
	a := e.a
	a.mu.Lock()
	d.isOver = true
	d.signal()
	a.mu.Unlock()
	select {
	case <-d.empty:
	case <-e.ctx.Done():
		a.cancelWithin(d, context.Cause(e.ctx))
	}
	ctx := context.WithoutCancel(e.ctx)
	changes, err := d.Changes(ctx)
	if err == nil {
		_, err = a.Store.Update(ctx, storage.Origin{}, func(tx *storage.Tx) error {
			return changesTable.Put(tx, changes, e.run.ID.String())
		})
	}
	if closed := d.Close(); closed != nil {
		a.Logger.Error("a dry run was not closed as it should be", "op", "automation.dryRun", "run", e.run.ID, "err", closed)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.dry, d.root)
	return err
}

// cancelWithin cancels what a dry run has started, and waits for the end of it.
func (a *Automation) cancelWithin(d *DryRun, cause error) {
	for {
		a.mu.Lock()
		var ids []uuid.UUID
		for id, of := range a.within {
			if of == d {
				ids = append(ids, id)
			}
		}
		a.mu.Unlock()
		if len(ids) == 0 {
			return
		}
		for _, id := range ids {
			end := a.await(id)
			if e := a.executing(id); e != nil {
				e.stop(cause)
				<-e.done
			} else if err := a.cancelRun(id, cause); err == nil {
				<-end.done
			}
			a.forget(id, end)
			a.mu.Lock()
			a.quitDryRun(id) // also when its end could not be stored
			a.mu.Unlock()
		}
	}
}

// Within reports whether a run was started by a dry run and has not ended.
func (a *Automation) Within(d *DryRun, id uuid.UUID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.within[id] == d
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
	case run.DryRunOf != uuid.Nil:
		return nil, slnet.Errorf(slnet.KindInvalid, "run %s is part of the dry run %s, which has the changes of both", id, run.DryRunOf)
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
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changes, nil
}
