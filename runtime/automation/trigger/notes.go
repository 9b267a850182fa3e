package trigger

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	// notePause is the time between stores of what was noted: a change must not
	// cost a write more because it started nothing.
	notePause = time.Second
	// maxNotes is how many different notes wait to be stored.
	maxNotes = 1000
	// maxSkips is how many entries are kept for a trigger, or for the scripts of the
	// settings of a module.
	maxSkips = 100
)

// user is who pauses triggers that do not end. No user can have this name.
const user = "(System)"

// counts are what triggers did.
type counts struct{ started, notMet, notStarted atomic.Int64 }

func (c *counts) read() dom.TriggerCounts {
	return dom.TriggerCounts{Started: c.started.Load(), NotMet: c.notMet.Load(), NotStarted: c.notStarted.Load()}
}

// Counts are what all triggers did since the start of the daemon.
func (t *Triggers) Counts() dom.TriggerCounts { return t.total.read() }

// tally counts what a trigger does.
type tally struct {
	counts

	mu    sync.Mutex
	since time.Time // guarded by mu: when the minute began in which n counts
	n     int       // guarded by mu
}

// mayBurst reports whether another run may be started by a change that the
// trigger's own runs led to.
func (t *tally) mayBurst(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n < maxBurst || now.Sub(t.since) >= time.Minute
}

func (t *tally) burst(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.since) >= time.Minute {
		t.since, t.n = now, 0
	}
	t.n++
}

// alike is what notes are put together by.
type alike struct {
	trigger                uuid.UUID
	module, script, reason string
	crudType               dom.CrudType
}

// notes are what there is to tell of triggers and is not stored yet: why runs were
// not started, and which triggers are to be paused.
type notes struct {
	wake chan struct{} // holds a token when there is something to store

	mu      sync.Mutex
	tallies map[uuid.UUID]*tally          // guarded by mu
	waiting map[alike]*dom.SkippedTrigger // guarded by mu
	order   []*dom.SkippedTrigger         // guarded by mu: those that wait, in order
	held    map[uuid.UUID]string          // guarded by mu: triggers to be paused, and why
}

func newNotes() notes {
	return notes{
		wake: make(chan struct{}, 1), tallies: make(map[uuid.UUID]*tally),
		waiting: make(map[alike]*dom.SkippedTrigger), held: make(map[uuid.UUID]string),
	}
}

func (n *notes) tallyOf(trigger uuid.UUID) *tally {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.tallies[trigger] == nil {
		n.tallies[trigger] = new(tally)
	}
	return n.tallies[trigger]
}

func (n *notes) countsOf(trigger uuid.UUID) dom.TriggerCounts {
	return n.tallyOf(trigger).read()
}

// add notes why changes started no run.
func (n *notes) add(skipped dom.SkippedTrigger) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := alike{skipped.TriggerID, skipped.ModuleID, skipped.Script, skipped.Reason, skipped.CrudType}
	switch before := n.waiting[key]; {
	case before != nil:
		before.Count++
		before.Until = skipped.Time
	case len(n.order) < maxNotes:
		n.waiting[key] = &skipped
		n.order = append(n.order, &skipped)
		n.rouse()
	}
}

func (n *notes) rouse() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// hold has a trigger start nothing any more until it is released. The first reason
// counts.
func (n *notes) hold(trigger uuid.UUID, reason string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.held[trigger]; !ok {
		n.held[trigger] = reason
		n.rouse()
	}
}

func (n *notes) isHeld(trigger uuid.UUID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.held[trigger]
	return ok
}

func (n *notes) release(trigger uuid.UUID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.held, trigger)
}

func (n *notes) forget(trigger uuid.UUID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.held, trigger)
	delete(n.tallies, trigger)
}

// Note notes why a change started no run of a script of the module settings.
func (t *Triggers) Note(skipped dom.SkippedTrigger) { t.notes.add(skipped) }

// Start begins to store what is noted. Stop ends that.
func (t *Triggers) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	t.stop = cancel
	t.loop.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.notes.wake:
			}
			if err := t.store(ctx); err != nil && ctx.Err() == nil {
				t.notes.rouse() // it is tried again
				if !errors.Is(err, storage.ErrReadOnly) {
					t.Logger.Error("what was noted of triggers could not be stored; it is tried again", "op", "trigger.store", "err", err)
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(notePause):
			}
		}
	})
}

// Stop stores what was noted and ends the loop.
func (t *Triggers) Stop(ctx context.Context) error {
	if t.stop == nil {
		return nil
	}
	t.stop()
	t.loop.Wait()
	return t.store(ctx)
}

// store stores what was noted so far.
func (t *Triggers) store(ctx context.Context) error {
	t.notes.mu.Lock()
	order := t.notes.order
	t.notes.order, t.notes.waiting = nil, make(map[alike]*dom.SkippedTrigger)
	held := make(map[uuid.UUID]string, len(t.notes.held))
	for id, reason := range t.notes.held {
		held[id] = reason
	}
	t.notes.mu.Unlock()
	var errs []error
	for id, reason := range held {
		errs = append(errs, t.pause(ctx, id, reason))
	}
	if len(order) == 0 {
		return errors.Join(errs...)
	}
	_, err := t.Store.Update(ctx, storage.Origin{User: user}, func(tx *storage.Tx) error {
		for _, skipped := range order {
			if err := record(tx, skipped); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.notes.giveBack(order)
	} else {
		for _, s := range order {
			t.Logger.Warn("a change started no run", "op", "trigger", "trigger", s.TriggerID, "module", s.ModuleID, "script", s.Script,
				"instance", s.InstanceID, "count", s.Count, "reason", s.Reason)
		}
	}
	return errors.Join(append(errs, err)...)
}

// giveBack returns notes that could not be stored.
func (n *notes) giveBack(order []*dom.SkippedTrigger) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.order = append(order, n.order...)
	n.order = n.order[:min(len(n.order), maxNotes)]
}

// pause stores that a trigger is paused.
func (t *Triggers) pause(ctx context.Context, id uuid.UUID, reason string) error {
	_, err := t.Store.Update(ctx, storage.Origin{User: user}, func(tx *storage.Tx) error {
		old, err := triggerTable.Get(&tx.Reader, id)
		if errors.Is(err, slnet.KindNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if !old.Paused {
			paused := *old
			paused.Paused, paused.PausedReason = true, reason
			paused.Revision++
			if err := put(tx, user, old, &paused); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { t.notes.release(id) })
		return nil
	})
	if err == nil {
		t.Logger.Warn("a trigger was paused", "op", "trigger.pause", "trigger", id, "reason", reason)
	}
	return err
}

// subject is what entries are kept by.
func subject(skipped *dom.SkippedTrigger) string {
	if skipped.TriggerID != uuid.Nil {
		return skipped.TriggerID.String()
	}
	return moduleSubject(skipped.ModuleID)
}

func moduleSubject(moduleID string) string { return "module " + moduleID }

// record keeps why no run was started, and forgets the oldest entry where there
// are too many. Of a trigger that is gone nothing is kept.
func record(tx *storage.Tx, skipped *dom.SkippedTrigger) error {
	if skipped.TriggerID != uuid.Nil {
		_, err := triggerTable.Get(&tx.Reader, skipped.TriggerID)
		if errors.Is(err, slnet.KindNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	of := subject(skipped)
	if err := skippedTable.Put(tx, skipped, of, uuid.Must(uuid.NewV7()).String()); err != nil {
		return err
	}
	var keys [][]string
	err := skippedTable.Keys(&tx.Reader, storage.Walk{Prefix: []string{of}}, func(key []string) (bool, error) {
		keys = append(keys, key)
		return true, nil
	})
	if err != nil || len(keys) <= maxSkips {
		return err
	}
	return skippedTable.Delete(tx, keys[0]...)
}

// Skipped returns why a trigger, or the scripts of the settings of a module,
// started no runs, the newest first.
func (t *Triggers) Skipped(ctx context.Context, m *dom.GetSkippedTriggersMessage) (*dom.SkippedTriggersResponse, error) {
	of := m.TriggerID.String()
	if m.TriggerID == uuid.Nil {
		of = moduleSubject(m.ModuleID)
	}
	response := &dom.SkippedTriggersResponse{Skipped: []dom.SkippedTrigger{}}
	t.notes.mu.Lock()
	for i := len(t.notes.order) - 1; i >= 0; i-- {
		if subject(t.notes.order[i]) == of {
			response.Skipped = append(response.Skipped, *t.notes.order[i])
		}
	}
	t.notes.mu.Unlock()
	err := t.Store.View(ctx, func(r *storage.Reader) error {
		if m.TriggerID != uuid.Nil {
			if _, err := triggerTable.Get(r, m.TriggerID); err != nil {
				return err
			}
		}
		return skippedTable.Scan(r, storage.Walk{Prefix: []string{of}, Reverse: true}, func(skipped *dom.SkippedTrigger) (bool, error) {
			response.Skipped = append(response.Skipped, *skipped)
			return true, ctx.Err()
		})
	})
	return response, err
}
