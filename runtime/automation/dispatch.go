package automation

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	// storePause is how long the queue waits after the store refused something.
	storePause = time.Second
	// idlePause is the longest the queue waits before it looks at the clock, which
	// may have been set.
	idlePause = time.Minute
	// batch is the most runs one transaction changes.
	batch = 100
)

// dispatch starts the runs of the queue until the Automation ends.
func (a *Automation) dispatch() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	known := false // the lanes that an earlier daemon left
	for {
		select {
		case <-a.ending.Done():
			return
		case <-timer.C:
		case <-a.queue.wake:
		}
		wait, err := time.Duration(0), error(nil)
		if !known && !a.Hold {
			err = a.findLanes(a.ending)
			known = err == nil
		}
		if err == nil {
			wait, err = a.startWaiting(a.ending)
		}
		if a.ending.Err() != nil {
			return
		}
		if err != nil {
			if !errors.Is(err, storage.ErrReadOnly) { // the store has logged that, once
				a.Logger.Error("the queue could not go on; it tries again", "op", "automation.dispatch", "err", err)
			}
			wait = storePause
		}
		timer.Reset(wait)
	}
}

// held reports whether a run is to wait until a daemon starts that does not hold
// it. Ids begin with their time.
func (a *Automation) held(id uuid.UUID) bool { return a.Hold && bytes.Compare(id[:], a.began[:]) < 0 }

// findLanes finds the lanes in which runs wait.
func (a *Automation) findLanes(ctx context.Context) error {
	return a.Store.View(ctx, func(r *storage.Reader) error {
		for after := []string(nil); ; {
			var first *openRun
			err := openTable.Scan(r, storage.Walk{Prefix: []string{openWaiting}, After: after}, func(w *openRun) (bool, error) {
				first = w
				return false, nil
			})
			if err != nil || first == nil {
				return err
			}
			a.queue.add(*first)
			after = []string{openWaiting, first.Order, first.User, first.Script}
		}
	})
}

// startWaiting starts what can start, and returns after what time to look again.
func (a *Automation) startWaiting(ctx context.Context) (wait time.Duration, err error) {
	next, err := a.wakeLater(ctx)
	if err != nil {
		return 0, err
	}
	for ctx.Err() == nil {
		for _, key := range a.queue.freedKeys() {
			if err := a.findByKey(ctx, key); err != nil {
				a.queue.refree(key)
				return 0, err
			}
		}
		w, hungry, ok := a.queue.next()
		switch {
		case ok:
			a.starting.Go(func() { a.startOne(&w) })
		case hungry == nil:
			if next.IsZero() {
				return idlePause, nil
			}
			return min(max(time.Until(next), 0), idlePause), nil
		default:
			if err := a.loadLane(ctx, hungry); err != nil {
				return 0, err
			}
		}
	}
	return 0, ctx.Err()
}

// loadLane reads the next rows of a lane.
func (a *Automation) loadLane(ctx context.Context, l *lane) error {
	reading := a.queue.read(l)
	var rows []openRun
	var limit int64
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		s, err := scriptTable.Get(r, l.script)
		if err == nil {
			limit = manifestOf(s).Concurrency
		} else if !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		walk := storage.Walk{Prefix: []string{openWaiting, l.order, l.user, l.script}}
		if reading.from != "" {
			walk.After = append(slices.Clone(walk.Prefix), reading.from)
		}
		return openTable.Scan(r, walk, func(w *openRun) (bool, error) {
			rows = append(rows, *w)
			return len(rows) < window, ctx.Err()
		})
	})
	if err != nil {
		return err
	}
	more := len(rows) == window
	rows = slices.DeleteFunc(rows, func(w openRun) bool { return a.held(w.ID) || a.carries(w.ID, w.Attempt) })
	a.queue.loaded(reading, rows, more, limit)
	return nil
}

// findByKey finds runs that wait for a key.
func (a *Automation) findByKey(ctx context.Context, key string) error {
	var rows []openRun
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		return openTable.Scan(r, storage.Walk{Prefix: []string{openKey, key}}, func(w *openRun) (bool, error) {
			if !a.held(w.ID) && !a.carries(w.ID, w.Attempt) {
				rows = append(rows, *w)
			}
			return int64(len(rows)) < max(window, w.KeyLimit), ctx.Err()
		})
	})
	if err == nil {
		a.queue.found(rows)
	}
	return err
}

// wakeLater puts runs whose time has come among those that wait, and returns the
// time of the next.
func (a *Automation) wakeLater(ctx context.Context) (next time.Time, err error) {
	now := time.Now()
	if due, known := a.queue.nextDue(); known && (due.IsZero() || due.After(now)) {
		return due, nil
	}
	for ctx.Err() == nil {
		var list []uuid.UUID
		next = time.Time{}
		a.queue.forgetDue()
		err := a.Store.View(ctx, func(r *storage.Reader) error {
			return openTable.Scan(r, storage.Walk{Prefix: []string{openLater}}, func(w *openRun) (bool, error) {
				if a.held(w.ID) {
					return true, nil
				}
				if w.NotBefore.After(now) {
					next = w.NotBefore
					return false, nil
				}
				list = append(list, w.ID)
				return len(list) < batch, nil
			})
		})
		if err != nil {
			return next, err
		}
		if len(list) > 0 {
			_, err = a.Store.Update(ctx, storage.Origin{User: systemUser}, func(tx *storage.Tx) error { return a.wakeRuns(tx, list) })
			if err != nil {
				return next, err
			}
		}
		if len(list) < batch {
			break
		}
	}
	a.queue.setDue(next)
	next, _ = a.queue.nextDue()
	return next, ctx.Err()
}

// systemUser is who makes changes that no user asked for.
const systemUser = "(System)"

// wakeRuns lets runs wait for their turn whose time has come.
func (a *Automation) wakeRuns(tx *storage.Tx, ids []uuid.UUID) error {
	for _, id := range ids {
		run, err := getRun(&tx.Reader, id)
		if err != nil {
			return err
		}
		if run.State != slnet.RunQueued || run.NotBefore.IsZero() {
			continue
		}
		due := *run
		due.NotBefore = time.Time{}
		if err := putRun(tx, run, &due); err != nil {
			return err
		}
		w := openOf(&due)
		tx.AfterCommit(func() { a.queue.add(w) })
	}
	return nil
}

// startOne starts a run that the queue has chosen, and carries it to its end. What
// the queue took for it is given back.
func (a *Automation) startOne(w *openRun) {
	e, err := a.startStored(w.ID)
	if errors.Is(err, errNotInTurn) {
		a.queue.pass(w)
		return
	}
	defer a.queue.give(w)
	switch {
	case err == nil && e != nil:
		e.execute()
	case err != nil && !errors.Is(err, errStopping):
		if !errors.Is(err, storage.ErrReadOnly) {
			a.Logger.Error("a run could not be started; it is tried again", "op", "automation.startOne", "run", w.ID, "err", err)
		}
		select {
		case <-time.After(storePause):
			a.queue.add(*w)
		case <-a.ending.Done(): // it starts with the next daemon
		}
	}
}

// startStored makes a queued run a running one, and returns nil when it is not
// queued any more.
func (a *Automation) startStored(id uuid.UUID) (*execution, error) {
	var run *slnet.Run
	var s *slnet.Script
	var input *runInput
	err := a.Store.View(context.Background(), func(r *storage.Reader) (err error) {
		if run, err = getRun(r, id); err != nil {
			return err
		}
		if err = checkTurn(r, run); err != nil {
			return err
		}
		s, input, err = executed(r, run)
		return err
	})
	switch {
	case errors.Is(err, slnet.KindNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case run.State != slnet.RunQueued || !run.NotBefore.IsZero() || a.carries(id, run.Attempt):
		return nil, nil
	}
	if before := a.executing(id); before != nil {
		<-before.done // the attempt before is about to leave
	}
	e, err := a.enter(*run, s, input)
	if err != nil {
		return nil, err
	}
	gone := false
	_, err = a.Store.Update(context.Background(), e.origin(), func(tx *storage.Tx) error {
		stored, err := getRun(&tx.Reader, id)
		if gone = err == nil && (stored.State != slnet.RunQueued || !stored.NotBefore.IsZero()); err != nil || gone {
			return err
		}
		running := *stored
		running.State, running.StartedAt = slnet.RunRunning, tx.Now()
		*run = running
		return putRun(tx, stored, &running)
	})
	if err != nil || gone {
		a.leave(e)
		return nil, err
	}
	e.stored(run)
	return e, nil
}

// recover ends or repeats what the last daemon left executing.
func (a *Automation) recover(ctx context.Context) error {
	var lost []*slnet.Run
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		return openTable.Scan(r, storage.Walk{Prefix: []string{openRunning}}, func(w *openRun) (bool, error) {
			run, err := getRun(r, w.ID)
			lost = append(lost, run)
			return err == nil, err
		})
	})
	if err != nil {
		return err
	}
	for _, run := range lost {
		var ended slnet.Run
		_, err := a.Store.Update(ctx, storage.Origin{User: run.RunsAs, RunID: run.ID}, func(tx *storage.Tx) error {
			s, _, err := executed(&tx.Reader, run)
			if err != nil {
				return err
			}
			ended = *run
			ended.State, ended.EndedAt = slnet.RunLost, tx.Now()
			ended.Errors = append(slices.Clone(run.Errors), slnet.RunError{Message: "the daemon ended while the run was executing"})
			if s != nil && run.Attempt < manifestOf(s).Retry.Attempts {
				ended = again(ended, manifestOf(s).Retry, tx.Now())
			}
			return putRun(tx, run, &ended)
		})
		if err != nil {
			return err
		}
		if ended.State.Ended() {
			a.ended(&ended)
		}
	}
	return nil
}

// stage stores a new run in a transaction. A queued one starts after the commit.
func (a *Automation) stage(tx *storage.Tx, run *slnet.Run, input *runInput) error {
	if input != nil {
		if err := inputTable.Put(tx, input, run.ID.String()); err != nil {
			return err
		}
	}
	if run.State == slnet.RunQueued {
		w := openOf(run)
		tx.AfterCommit(func() { a.queue.add(w) })
	}
	return putRun(tx, nil, run)
}

// Stage stores a run of a script as the caller, in the very transaction of what
// is its reason; it starts after the commit. What is wrong with the call is an
// error, and nothing is stored.
func (a *Automation) Stage(tx *storage.Tx, caller security.Caller, c Call) (*slnet.Run, error) {
	run, _, input, err := a.newRun(&tx.Reader, caller, c)
	if err != nil {
		return nil, err
	}
	if !a.Enabled(runner(run)) {
		return nil, slnet.Errorf(slnet.KindPermissionDenied, "script %q was not started: user %s, whose rights the run would have, is disabled or does not exist", run.Script, run.RunsAs)
	}
	run.QueuedAt = tx.Now()
	return run, a.stage(tx, run, input)
}
