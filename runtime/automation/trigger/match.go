package trigger

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Listener is told of the changes in a module, each in its transaction.
type Listener func(tx *storage.Tx, change *Change) error

// Listener returns who is told of the changes in a module: its triggers that are
// not paused, nil for none. It holds as long as the model of the module.
func (t *Triggers) Listener(r *storage.Reader, moduleID string) (Listener, error) {
	var list []*watch
	err := moduleTable.Scan(r, storage.Walk{Prefix: []string{moduleID}}, func(ref *storage.Reference) (bool, error) {
		trigger, err := triggerTable.Get(r, ref.ID)
		if err == nil && !trigger.Paused {
			list = append(list, newWatch(trigger, t.notes.tallyOf(trigger.ID)))
		}
		return err == nil, err
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return func(tx *storage.Tx, change *Change) error {
		for _, w := range list {
			if err := t.consider(tx, w, change); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// watch is a trigger made ready to be compared with changes. It does not change.
type watch struct {
	trigger *dom.Trigger
	events  map[dom.TriggerEvent]bool
	fields  map[dom.FieldDescriptorID]bool
	// filter and previous are nil where the trigger has none.
	filter, previous *dom.Matcher
	tally            *tally
}

func newWatch(trigger *dom.Trigger, tally *tally) *watch {
	w := &watch{trigger: trigger, events: make(map[dom.TriggerEvent]bool), fields: make(map[dom.FieldDescriptorID]bool), tally: tally}
	for _, event := range trigger.Events {
		w.events[event] = true
	}
	for _, field := range trigger.Fields {
		w.fields[field] = true
	}
	if trigger.Filter.Operator != "" {
		w.filter = dom.NewMatcher(trigger.Filter)
	}
	if trigger.PreviousFilter.Operator != "" {
		w.previous = dom.NewMatcher(trigger.PreviousFilter)
	}
	return w
}

// concerns reports whether the trigger is about a change, and meets whether it
// fulfils its conditions.
func (w *watch) concerns(change *Change) (concerns, meets bool) {
	trigger, is := w.trigger, change.instance()
	if !trigger.DomDefinitionID.IsZero() && trigger.DomDefinitionID != is.DomDefinitionID {
		return false, false
	}
	switch change.CrudType {
	case dom.CrudCreate:
		concerns = w.events[dom.TriggerCreated]
		meets = concerns
	case dom.CrudDelete:
		concerns = w.events[dom.TriggerDeleted]
		meets = concerns
	default:
		moved := w.events[dom.TriggerStatusChanged] && change.Before.StatusID != is.StatusID
		concerns = moved || w.events[dom.TriggerUpdated]
		meets = moved && w.movesAsAsked(change) || w.events[dom.TriggerUpdated] && w.changesField(change)
		meets = meets && (w.previous == nil || w.previous.MatchesObject(change.Before))
	}
	return concerns, meets && (w.filter == nil || w.filter.MatchesObject(is))
}

func (w *watch) movesAsAsked(change *Change) bool {
	from, to := w.trigger.FromStatus, w.trigger.ToStatus
	return (from == "" || from == change.Before.StatusID) && (to == "" || to == change.After.StatusID)
}

func (w *watch) changesField(change *Change) bool {
	return len(w.fields) == 0 || slices.ContainsFunc(dom.Differences(change.Before, change.After).FieldValues.Get(), func(d dom.FieldValueDifference) bool {
		return w.fields[d.FieldDescriptorID]
	})
}

// consider starts a run for a change that a trigger is about.
func (t *Triggers) consider(tx *storage.Tx, w *watch, change *Change) error {
	concerns, meets := w.concerns(change)
	switch {
	case !concerns:
		return nil
	case !meets:
		tx.AfterCommit(func() {
			w.tally.notMet.Add(1)
			t.total.notMet.Add(1)
		})
		return nil
	}
	reason, pause, err := t.obstacle(tx, w, change)
	if err != nil {
		return err
	}
	if reason == "" {
		switch err := t.Stage(tx, w.trigger, change); {
		case err == nil:
			tx.AfterCommit(func() {
				w.tally.started.Add(1)
				t.total.started.Add(1)
			})
			return nil
		default:
			if reason, err = Refusal(err); err != nil {
				return err
			}
		}
	}
	skipped := Skipped(tx.Now(), change, w.trigger.Script, reason)
	skipped.TriggerID = w.trigger.ID
	tx.AfterCommit(func() {
		w.tally.notStarted.Add(1)
		t.total.notStarted.Add(1)
		t.notes.add(skipped)
		if pause {
			t.notes.hold(w.trigger.ID, reason)
		}
	})
	return nil
}

// Refusal is why a run could not be started. An error that is nobody's fault is
// returned as it is.
func Refusal(err error) (reason string, other error) {
	known, ok := slnet.AsError(err)
	if !ok || known.Kind == slnet.KindUnavailable || known.Kind == slnet.KindInternal {
		return "", err
	}
	return known.Message, nil
}

// Skipped is the entry for a change that started no run.
func Skipped(now time.Time, change *Change, script, reason string) dom.SkippedTrigger {
	return dom.SkippedTrigger{
		Time: now, ModuleID: change.ModuleID, Count: 1, InstanceID: change.instance().ID, CrudType: change.CrudType,
		RunID: change.By.RunID, Script: script, Reason: reason,
	}
}

const (
	// maxAgain is how many runs of a trigger may stand above another of its own
	// before those are counted, and maxBurst how many of these it may start in a
	// minute. A trigger that writes what starts it once more is common, and ends by
	// itself; one that goes on, and on more instances each time, would not.
	maxAgain = 2
	maxBurst = 100
)

// SafeReason is why nothing is started in a daemon that starts nothing by itself.
const SafeReason = "the daemon was started with --safe, and starts nothing by itself"

// obstacle says why a trigger may not start a run for a change, and whether it is
// to be paused.
func (t *Triggers) obstacle(tx *storage.Tx, w *watch, change *Change) (reason string, pause bool, err error) {
	owner := Owner(w.trigger)
	switch {
	case t.Safe:
		return SafeReason, false, nil
	case t.notes.isHeld(w.trigger.ID):
		return "the trigger has been paused", false, nil
	case change.depth() > t.MaxDepth:
		return "the change was made at the end of a chain of too many runs, each started by the one before", true, nil
	case !t.Enabled(owner):
		return "the owner " + w.trigger.Owner + " is disabled or does not exist", false, nil
	case !change.MayRead(owner):
		return "the owner " + w.trigger.Owner + " may not read the instance", false, nil
	}
	again, err := t.again(&tx.Reader, w.trigger.ID, change.By)
	if err != nil || again < maxAgain {
		return "", false, err
	}
	if !w.tally.mayBurst(tx.Now()) {
		return "runs of the trigger make it start again, too often in a minute", true, nil
	}
	tx.AfterCommit(func() { w.tally.burst(tx.Now()) })
	return "", false, nil
}

// again is how many runs of a trigger stand above one that a caller starts.
func (t *Triggers) again(r *storage.Reader, trigger uuid.UUID, by security.Caller) (n int, err error) {
	if by.RunID == uuid.Nil {
		return 0, nil
	}
	for _, run := range append(slices.Clone(by.Parents), by.RunID) {
		of, err := t.Started(r, run, trigger)
		if err != nil {
			return 0, err
		}
		if of {
			n++
		}
	}
	return n, nil
}
