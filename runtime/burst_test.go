package runtime_test

import (
	"log/slog"
	"path/filepath"
	goruntime "runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/stress"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// bystander does nothing, for a change or for a person.
const bystander = `package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

func Run(ctx context.Context, engine *sdk.Engine) error { return nil }

func OnDomInstanceCrud(ctx context.Context, engine *sdk.Engine, _ dom.InstanceReference, _ dom.CrudType) error {
	return nil
}
`

// TestABurstOfChangesHoldsUpNobody creates many instances of a module with a
// trigger, faster than its runs execute: each has its run, what a person starts
// meanwhile is the next to start, even if it is a run of the same script, and runs
// that wait are not in memory.
func TestABurstOfChangesHoldsUpNobody(t *testing.T) {
	changes, files := 400, pebblekv.MemFS()
	if stress.Long() {
		// Files in memory would count as what the daemon keeps.
		changes, files = 10_000, nil
	}
	store, err := pebblekv.Open(filepath.Join(t.TempDir(), "store"), pebblekv.Options{FS: files, CacheSize: 1 << 20, MemTableSize: 1 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	d := daemontest.StartOn(t, t.TempDir(), store)
	conn := d.Administrator()
	daemontest.Deploy(t, conn, "bystander", bystander)
	w := newObservedModule(t, conn, "burst")
	trigger := w.trigger(t, conn, "burst", "bystander", func(given *dom.Trigger) { given.Events = []dom.TriggerEvent{dom.TriggerCreated} })

	var manual []slnet.Run
	var before resources
	began := time.Now()
	for created := 0; created < changes; created += dom.MaxAmountBulkOperation {
		batch := make([]*dom.Instance, dom.MaxAmountBulkOperation)
		for i := range batch {
			batch[i] = dom.NewInstance(w.definition.ID)
			batch[i].AddOrUpdateFieldValue(w.section.ID, w.text.ID, "text")
		}
		if _, err := w.DomInstances.CreateOrUpdate(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if created == 0 {
			before = usedNow(t)
		}
		if created%max(changes/4, len(batch)) == 0 {
			manual = append(manual, daemontest.Execute(t, conn, "bystander"))
		}
	}
	took, after := time.Since(began), usedNow(t)

	if n := show(t, conn, trigger.ID).Counts.Started; n != int64(changes) {
		t.Errorf("the trigger has started %d runs for %d changes", n, changes)
	}
	stored, started := startedOf(t, conn, trigger.ID)
	if stored != changes {
		t.Errorf("%d runs for %d changes", stored, changes)
	}
	slots := 2 * goruntime.NumCPU()
	var longest time.Duration
	for _, run := range manual {
		if run.State != slnet.RunSucceeded {
			t.Errorf("the run that a person started %s: %+v", run.State, run.Errors)
		}
		longest = max(longest, run.StartedAt.Sub(run.QueuedAt))
		earlier := 0
		for _, at := range started {
			if at.After(run.QueuedAt) && at.Before(run.StartedAt) {
				earlier++
			}
		}
		// Those that have a slot already may be about to be stored as running.
		if earlier > slots {
			t.Errorf("%d runs of the burst started before the run of a person, which waited %v", earlier, run.StartedAt.Sub(run.QueuedAt))
		}
	}
	waiting := stored - len(started)
	t.Logf("%d changes in %v; then %d runs wait; a run of a person waited %v at most; before %v, after %v", changes, took, waiting, longest, before, after)
	if grown := after.heap - before.heap; stress.Long() && grown > int64(waiting)*heldPerRun {
		t.Errorf("the heap has grown by %d KiB for %d runs that wait", grown>>10, waiting)
	}
}

// heldPerRun is less than a run takes in memory: its record alone has more.
const heldPerRun = 512

// startedOf is how many runs a trigger has, and when those of them started that
// have.
func startedOf(t *testing.T, conn slnet.Connection, trigger uuid.UUID) (stored int, started []time.Time) {
	t.Helper()
	m := &slnet.GetRunsMessage{Filter: slnet.RunFilter{TriggerID: trigger}, Limit: 1000}
	for {
		page := daemontest.Send[*slnet.RunsResponse](t, conn, m)
		for _, run := range page.Runs {
			stored++
			if !run.StartedAt.IsZero() {
				started = append(started, run.StartedAt)
			}
		}
		if m.Before = page.Next; m.Before == uuid.Nil {
			return stored, started
		}
	}
}
