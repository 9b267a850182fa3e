package automation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

//go:generate go -C ../../tools run ./msgpgen -package ../runtime/automation -files input.go,rows.go,changes.go,retention.go,deployed.go -unexported "replace slnet.RunState with:string"

// The tables of runs. Ids of runs begin with their time, so the order of ids is
// that of the runs.
var (
	// runTable has the runs by id.
	runTable = storage.NewTable[slnet.Run]("runs")
	// openTable has the runs that have not ended, by what they wait for. It is the
	// queue: what is in memory is a window of it.
	openTable = storage.NewTable[openRun]("runs_open")
	// indexTable has all runs by what they are looked for.
	indexTable = storage.NewTable[indexRow]("runs_by")
)

// The parts of openTable, and what follows in a key. They are on disk and never
// change.
const (
	openWaiting  = "waiting"  // order, user, script, id: what may start
	openKey      = "key"      // key, order, id: of those, what has a concurrency key
	openLater    = "later"    // time, id: what may start then
	openRunning  = "running"  // id
	openSchedule = "schedule" // id of the schedule, id: all open runs of a schedule
	openTurn     = "turn"     // key, id: all open runs that execute in the order of their ids
)

// The parts of indexTable, each followed by a value and the id of the run.
const (
	byScript  = "script" // its id
	byState   = "state"
	byOwner   = "owner" // who may see the run as their own
	byUser    = "user"  // the name of the user whose rights it has
	byTrigger = "trigger"
)

// orderOf is the text by which a run is ordered among those that wait: children
// first, which need no slot, and then by priority.
func orderOf(run *slnet.Run) string {
	if !takesSlot(run) {
		return orderChildren
	}
	return fmt.Sprintf("1%03d", slnet.PriorityHighest-run.Priority)
}

const orderChildren = "0"

// takesSlot reports whether a run counts among those that may execute at the same
// time. One that is started by a run, by itself or as an action, does not: the
// other holds a slot and may wait for it, so that with all slots taken nobody would
// go on.
func takesSlot(run *slnet.Run) bool {
	switch run.Trigger.Kind {
	case slnet.TriggerRun:
		return false
	case slnet.TriggerAction:
		return len(run.Parents) == 0
	}
	return true
}

// queueUser is among whom the queue is fair: who caused the run.
func queueUser(run *slnet.Run) string { return ownerKey(run.StartedByID, run.RunsAs) }

func ownerKey(id uuid.UUID, name string) string {
	if id == uuid.Nil {
		return "name " + name
	}
	return id.String()
}

// timeText is a key whose order is that of times.
func timeText(t time.Time) string { return fmt.Sprintf("%014x", max(t.UnixMilli(), 0)) }

// openKeys are the keys of a run in openTable.
func openKeys(run *slnet.Run) (keys [][]string) {
	id := run.ID.String()
	switch {
	case run.State.Ended():
		return nil
	case run.State == slnet.RunRunning:
		keys = append(keys, []string{openRunning, id})
	case !run.NotBefore.IsZero():
		keys = append(keys, []string{openLater, timeText(run.NotBefore), id})
	default:
		keys = append(keys, []string{openWaiting, orderOf(run), queueUser(run), run.ScriptID.String(), id})
		if run.ConcurrencyKey != "" {
			keys = append(keys, []string{openKey, run.ConcurrencyKey, orderOf(run), id})
		}
	}
	if inTurn(run) {
		keys = append(keys, []string{openTurn, run.ConcurrencyKey, id})
	}
	if run.Trigger.Kind == slnet.TriggerSchedule {
		keys = append(keys, []string{openSchedule, run.Trigger.ID.String(), id})
	}
	return keys
}

func indexKeys(run *slnet.Run) [][]string {
	id := run.ID.String()
	keys := [][]string{{byScript, run.ScriptID.String(), id}, {byState, string(run.State), id}, {byUser, nameKey(run.RunsAs), id}}
	owners := []string{ownerKey(run.RunsAsID, run.RunsAs)}
	if started := ownerKey(run.StartedByID, run.RunsAs); run.StartedByID != uuid.Nil && started != owners[0] {
		owners = append(owners, started)
	}
	for _, owner := range owners {
		keys = append(keys, []string{byOwner, owner, id})
	}
	if run.Trigger.ID != uuid.Nil {
		keys = append(keys, []string{byTrigger, run.Trigger.ID.String(), id})
	}
	return keys
}

// putRun stores a run in place of old, nil for a new one, with its rows in the
// other tables and the event that tells of it.
func putRun(tx *storage.Tx, old, run *slnet.Run) error {
	run.WaitsFor = nil
	if err := runTable.Put(tx, run, run.ID.String()); err != nil {
		return err
	}
	if err := putRows(tx, old, run); err != nil {
		return err
	}
	return tx.AddEvent("", &slnet.RunChangedEventMessage{Run: brief(*run)})
}

// putRows stores the rows of a run, and removes those of old that it has no more.
func putRows(tx *storage.Tx, old, run *slnet.Run) error {
	had := make(map[string][]string)
	if old != nil {
		for _, key := range indexKeys(old) {
			had[strings.Join(key, "\x00")] = key
		}
		if err := removeOpen(tx, old); err != nil {
			return err
		}
	}
	open, index := openOf(run), indexOf(run)
	for _, key := range openKeys(run) {
		if err := openTable.Put(tx, &open, key...); err != nil {
			return err
		}
	}
	for _, key := range indexKeys(run) {
		text := strings.Join(key, "\x00")
		_, same := had[text]
		delete(had, text)
		if same && key[0] != byScript {
			continue // only the rows by script say how the run does
		}
		if err := indexTable.Put(tx, &index, key...); err != nil {
			return err
		}
	}
	for _, key := range had {
		if err := indexTable.Delete(tx, key...); err != nil {
			return err
		}
	}
	return nil
}

func removeOpen(tx *storage.Tx, run *slnet.Run) error {
	for _, key := range openKeys(run) {
		if err := openTable.Delete(tx, key...); err != nil {
			return err
		}
	}
	return nil
}

// brief is a run as it stands among others: without what may be large.
func brief(run slnet.Run) slnet.Run {
	run.Input, run.Result = nil, nil
	if run.Trigger.Kind == slnet.TriggerAPI {
		run.Parameters = briefParameters(run.Parameters)
	}
	return run
}

// maxBriefParameter is how many bytes of a parameter stand in a listing. Whoever
// sends a request to an API decides how long they are.
const maxBriefParameter = 1000

func briefParameters(parameters map[string]string) map[string]string {
	parameters = maps.Clone(parameters)
	for name, value := range parameters {
		if len(value) > maxBriefParameter {
			parameters[name] = strings.ToValidUTF8(value[:maxBriefParameter], "") + "…"
		}
	}
	return parameters
}

// getRun returns a run, or an error that it does not exist.
func getRun(r *storage.Reader, id uuid.UUID) (*slnet.Run, error) {
	run, err := runTable.Get(r, id.String())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, noRun(id)
	}
	return run, err
}

func noRun(id uuid.UUID) error {
	return slnet.Errorf(slnet.KindNotFound, "there is no run %s, or it is another user's", id)
}

// indexed is the record that says that all runs have their rows.
const indexed = "complete by id"

// index makes the rows of runs from before there were any, or from before they had
// the id of the script.
func (a *Automation) index(ctx context.Context) error {
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		_, err := indexTable.Get(r, indexed)
		return err
	})
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	const batch = 200
	for after := []string(nil); ; {
		var list []*slnet.Run
		_, err := a.Store.Update(ctx, storage.Origin{}, func(tx *storage.Tx) error {
			list = nil
			err := runTable.Scan(&tx.Reader, storage.Walk{After: after}, func(run *slnet.Run) (bool, error) {
				list = append(list, run)
				return len(list) < batch, nil
			})
			for _, run := range list {
				err = errors.Join(err, identifyRun(tx, run), putRows(tx, nil, run))
			}
			if len(list) < batch {
				err = errors.Join(err, indexTable.Put(tx, new(indexRow), indexed))
			}
			return err
		})
		if err != nil || len(list) < batch {
			return err
		}
		after = []string{list[len(list)-1].ID.String()}
	}
}
