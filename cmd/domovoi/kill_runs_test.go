package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/stress"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// marker leaves a mark for each of its executions: an instance that says which
// attempt of which run it was, and for what. A third of the runs fail at first.
const marker = `package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

func Run(ctx context.Context, engine *sdk.Engine) error { return mark(ctx, engine, "tick") }

func OnDomInstanceCrudWithFullMeta(ctx context.Context, engine *sdk.Engine, meta dom.InstanceCrudMeta) error {
	return mark(ctx, engine, fmt.Sprintf("%s %d %d", meta.CurrentVersion.ID, meta.CrudType, meta.CurrentVersion.Revision))
}

func mark(ctx context.Context, engine *sdk.Engine, what string) error {
	run := engine.Run()
	i := dom.NewInstance(dom.DefinitionID(uuid.MustParse("5f0c9ab0-0000-4000-8000-000000000001")))
	i.AddOrUpdateFieldValue(dom.SectionDefinitionID(uuid.MustParse("5f0c9ab0-0000-4000-8000-000000000002")),
		dom.FieldDescriptorID(uuid.MustParse("5f0c9ab0-0000-4000-8000-000000000003")), fmt.Sprintf("%s %d %s", run.ID, run.Attempt, what))
	if _, err := engine.DomHelper("marks").DomInstances.Create(ctx, i); err != nil {
		return sdk.Retryable(err)
	}
	if run.Attempt == 1 && run.ID[15]%3 == 0 {
		return sdk.Retryable(errors.New("fails at first"))
	}
	return nil
}
`

// The ids that marker has.
var (
	markDefinition = dom.DefinitionID(uuid.MustParse("5f0c9ab0-0000-4000-8000-000000000001"))
	markSection    = dom.SectionDefinitionID(uuid.MustParse("5f0c9ab0-0000-4000-8000-000000000002"))
	markField      = dom.FieldDescriptorID(uuid.MustParse("5f0c9ab0-0000-4000-8000-000000000003"))
)

// A listener is a script that is started by changes, and the kinds of changes
// that start it.
type listener struct {
	script  string
	crud    []dom.CrudType
	trigger uuid.UUID // zero for the script of the settings
	inOrder bool
}

// TestKillsLoseNoRun kills a daemon again and again while changes, a schedule and
// attempts that fail start runs. In the end each change has exactly one run for
// each that listens, every run was executed at least once, and no attempt twice.
func TestKillsLoseNoRun(t *testing.T) {
	rounds := 2
	if stress.Long() {
		rounds = 100
	}
	seed := stress.Seed(0)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "house")
	schema, journal := stress.NewSchema(seed, "load"), stress.NewJournal()
	var listeners []*listener
	var schedule uuid.UUID
	for round := range rounds {
		v := startVictim(t, dir)
		c := v.dial(t)
		if round == 0 {
			if err := schema.Create(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			listeners, schedule = listen(t, c, schema.ModuleID)
		}
		writes := 1 + random.Int64N(20)
		// Each write starts two runs or more, which tell of themselves three times
		// or more: the kill comes early, in the midst of the runs or near their end.
		killAmidRuns(t, v, c, seed, round, schema, journal, writes, 1+random.Int64N(6*writes))
		stored, err := schema.VerifyStore(t.Context(), nil, filepath.Join(dir, "store"), journal, journal.Sure())
		if err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		if result, err := runtime.Check(t.Context(), dir, nil); err != nil || stress.Sound(result) != nil {
			t.Fatalf("seed %d, round %d: %v %v", seed, round, stress.Sound(result), err)
		}
		journal.Adopt(stored)
	}
	v := startVictim(t, dir)
	c := v.dial(t)
	awaitTick(t, c, schedule)
	if _, err := slnet.Send1(t.Context(), c.SendSLNetMessages, &slnet.PauseScheduleMessage{ID: schedule, Paused: true}); err != nil {
		t.Fatal(err)
	}
	runs := allEnded(t, c)
	texts := marksOf(t, c)
	v.kill()
	changes, err := stress.InstanceChanges(t.Context(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	if result, err := runtime.Check(t.Context(), dir, nil); err != nil || stress.Sound(result) != nil {
		t.Fatalf("seed %d: %v %v", seed, stress.Sound(result), err)
	}
	marks := inOrder(t, changes["marks"], texts)
	wantExecuted(t, runs, marks)
	for _, l := range listeners {
		wantOneRunEach(t, l, runs, marks, changes[schema.ModuleID])
	}
	ticks := wantTicks(t, runs, schedule)
	lost, failed := 0, 0
	for _, run := range runs {
		for _, attempt := range run.Attempts {
			if attempt.State == slnet.RunLost {
				lost++
			} else {
				failed++
				if len(attempt.Errors) != 1 || attempt.Errors[0].Message != "fails at first" {
					t.Errorf("run %s: %+v", run.ID, attempt)
				}
			}
		}
	}
	t.Logf("seed %d: %d kills, %d changes, %d runs (%d of the schedule), %d attempts cut off, %d failed", seed, rounds, len(changes[schema.ModuleID]), len(runs), ticks, lost, failed)
}

// listen makes a module for marks, and has changes and a schedule start runs.
func listen(t *testing.T, c *client.Client, moduleID string) (listeners []*listener, schedule uuid.UUID) {
	t.Helper()
	settings := dom.NewModuleSettingsHelper(c.SendSLNetMessages).ModuleSettings
	marks := dom.NewDomHelper(c.SendSLNetMessages, "marks")
	field := dom.NewFieldDescriptor("Mark", dom.TypeString)
	field.ID = markField
	section := dom.NewSectionDefinition("Mark", field)
	section.ID = markSection
	definition := dom.NewDefinition("Mark", dom.SectionDefinitionLink{SectionDefinitionID: section.ID})
	definition.ID = markDefinition
	if _, err := settings.Create(t.Context(), &dom.ModuleSettings{ModuleID: "marks"}); err != nil {
		t.Fatal(err)
	}
	if _, err := marks.SectionDefinitions.Create(t.Context(), section); err != nil {
		t.Fatal(err)
	}
	if _, err := marks.DomDefinitions.Create(t.Context(), definition); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"settings", "ordered", "updated", "tick"} {
		_, err := slnet.Send1(t.Context(), c.SendSLNetMessages, &slnet.DeployScriptMessage{
			Name: name, Files: []slnet.ScriptFile{{Name: "script.go", Content: marker}}, Manifest: "retry: {attempts: 100, delay: 20ms, max_delay: 100ms}\n",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := settings.Read(t.Context(), dom.ModuleSettingsExposers.ModuleID.Equal(moduleID))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	list[0].DomManagerSettings.ScriptSettings = dom.ScriptSettings{OnCreate: "settings", OnDelete: "settings", ScriptType: dom.ScriptFullCrudMeta}
	if _, err := settings.Update(t.Context(), list[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := slnet.Send1(t.Context(), c.SendSLNetMessages, &dom.ReinitializeManagerMessage{ModuleID: moduleID}); err != nil {
		t.Fatal(err)
	}
	listeners = []*listener{
		{script: "settings", crud: []dom.CrudType{dom.CrudCreate, dom.CrudDelete}},
		{script: "ordered", crud: []dom.CrudType{dom.CrudCreate, dom.CrudUpdate, dom.CrudDelete}, inOrder: true},
		{script: "updated", crud: []dom.CrudType{dom.CrudUpdate}},
	}
	events := map[dom.CrudType]dom.TriggerEvent{dom.CrudCreate: dom.TriggerCreated, dom.CrudUpdate: dom.TriggerUpdated, dom.CrudDelete: dom.TriggerDeleted}
	for _, l := range listeners[1:] {
		given := dom.Trigger{Name: l.script, Script: l.script, ModuleID: moduleID, EntryPoint: slnet.EntryPointOnDomInstanceCrudWithFullMeta, InOrder: l.inOrder}
		for _, crud := range l.crud {
			given.Events = append(given.Events, events[crud])
		}
		answer, err := slnet.Send1(t.Context(), c.SendSLNetMessages, &dom.CreateTriggerMessage{Trigger: given})
		if err != nil {
			t.Fatal(err)
		}
		l.trigger = answer.(*dom.TriggerResponse).Trigger.ID
	}
	answer, err := slnet.Send1(t.Context(), c.SendSLNetMessages, &slnet.CreateScheduleMessage{Schedule: slnet.Schedule{
		Name: "tick", Script: "tick", Expression: "@every 1s", Overlap: slnet.OverlapAllow, Misfire: slnet.MisfirePolicy{Mode: slnet.MisfireAll, Limit: 1000},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return listeners, answer.(*slnet.ScheduleResponse).Schedule.ID
}

// killAmidRuns has four workers make so many writes, or a few more, and kills the
// daemon at an event of runs, whether they have ended or not.
func killAmidRuns(t *testing.T, v *victim, c *client.Client, seed uint64, round int, schema *stress.Schema, journal *stress.Journal, writes, at int64) {
	t.Helper()
	events, err := c.Subscribe(t.Context(), slnet.Subscription{Events: []string{"RunChangedEventMessage"}})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	var killed atomic.Bool
	var working sync.WaitGroup
	enough := journal.Acknowledged() + writes
	for number := range 4 {
		w := stress.NewWorker(seed, number, round, schema, journal)
		working.Go(func() {
			for journal.Acknowledged() < enough {
				if err := w.Step(context.Background(), c); err != nil {
					if !killed.Load() {
						t.Errorf("before the kill: %v", err)
					}
					return
				}
			}
		})
	}
	for range at {
		if _, err := events.Next(t.Context()); err != nil {
			t.Errorf("events: %v", err)
			break
		}
	}
	killed.Store(true)
	v.cmd.Process.Signal(syscall.SIGKILL)
	working.Wait()
	v.kill()
}

// awaitTick waits until the schedule has started a run.
func awaitTick(t *testing.T, c *client.Client, schedule uuid.UUID) {
	t.Helper()
	var begin slnet.Cursor
	events, err := c.Subscribe(t.Context(), slnet.Subscription{Events: []string{"RunChangedEventMessage"}, After: &begin})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	for {
		event, err := events.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if event.Message.(*slnet.RunChangedEventMessage).Run.Trigger.ID == schedule {
			return
		}
	}
}

// allEnded returns all runs by id, when all have ended.
func allEnded(t *testing.T, c *client.Client) map[uuid.UUID]slnet.Run {
	t.Helper()
	runs := make(map[uuid.UUID]slnet.Run)
	m := &slnet.GetRunsMessage{Limit: 1000}
	for {
		answer, err := slnet.Send1(t.Context(), c.SendSLNetMessages, m)
		if err != nil {
			t.Fatal(err)
		}
		page := answer.(*slnet.RunsResponse)
		for _, run := range page.Runs {
			if !run.State.Ended() {
				answer, err := slnet.Send1(t.Context(), c.SendSLNetMessages, &slnet.GetRunMessage{ID: run.ID, Wait: true})
				if err != nil {
					t.Fatal(err)
				}
				run = answer.(*slnet.RunResponse).Run
			}
			runs[run.ID] = run
		}
		if m.Before = page.Next; m.Before == uuid.Nil {
			return runs
		}
	}
}

// marksOf returns the texts of all marks by their ids.
func marksOf(t *testing.T, c *client.Client) map[string]string {
	t.Helper()
	list, err := dom.NewDomHelper(c.SendSLNetMessages, "marks").DomInstances.Read(t.Context(), dom.True())
	if err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]string, len(list))
	for _, i := range list {
		value, _ := i.GetFieldValue(markSection, markField)
		texts[i.ID.String()] = value.Text()
	}
	return texts
}

// mark is one execution of a script.
type mark struct {
	run     uuid.UUID
	attempt int64
	what    string // the change that it was started for
}

// inOrder returns the marks in the order in which they were made.
func inOrder(t *testing.T, made []storage.Change, texts map[string]string) (marks []mark) {
	t.Helper()
	for _, c := range made {
		var m mark
		words := strings.SplitN(texts[c.ObjectID], " ", 3)
		if len(words) != 3 {
			t.Fatalf("mark %q", texts[c.ObjectID])
		}
		if _, err := fmt.Sscan(words[1], &m.attempt); err != nil {
			t.Fatal(err)
		}
		m.run, m.what = uuid.MustParse(words[0]), words[2]
		marks = append(marks, m)
	}
	return marks
}

// wantExecuted wants each run to have succeeded, no attempt to have been executed
// twice, and that which succeeded to have been executed.
func wantExecuted(t *testing.T, runs map[uuid.UUID]slnet.Run, marks []mark) {
	t.Helper()
	seen := make(map[mark]bool)
	for _, m := range marks {
		of := mark{run: m.run, attempt: m.attempt}
		if run, there := runs[m.run]; seen[of] || !there || m.attempt > run.Attempt {
			t.Errorf("attempt %d of run %s was executed; before: %v, the run has %d attempts", m.attempt, m.run, seen[of], run.Attempt)
		}
		seen[of] = true
	}
	for id, run := range runs {
		if run.State != slnet.RunSucceeded || !seen[mark{run: id, attempt: run.Attempt}] {
			t.Errorf("run %s of %s: %s at attempt %d, executed: %v; %+v", id, run.Script, run.State, run.Attempt, seen[mark{run: id, attempt: run.Attempt}], run.Errors)
		}
	}
}

// wantOneRunEach compares the runs of a listener, instance by instance and in the
// order of their ids, with the changes that it is about.
func wantOneRunEach(t *testing.T, l *listener, runs map[uuid.UUID]slnet.Run, marks []mark, changes []storage.Change) {
	t.Helper()
	cruds := map[storage.ChangeType]dom.CrudType{storage.Created: dom.CrudCreate, storage.Updated: dom.CrudUpdate, storage.Deleted: dom.CrudDelete}
	want := make(map[string][]string)
	for _, c := range changes {
		if crud := cruds[c.Type]; slices.Contains(l.crud, crud) {
			want[c.ObjectID] = append(want[c.ObjectID], fmt.Sprintf("%s %d %d", c.ObjectID, crud, c.Revision))
		}
	}
	ids, why, latest := make(map[string][]string), make(map[string]string), make(map[uuid.UUID]string)
	for _, m := range marks {
		run := runs[m.run]
		if run.Script != l.script {
			continue
		}
		id, instance := m.run.String(), run.Trigger.InstanceID
		if before := why[id]; before != "" && before != m.what {
			t.Errorf("run %s was executed for %q and %q", id, before, m.what)
		}
		if l.inOrder && id < latest[instance] {
			t.Errorf("run %s for instance %s was executed after run %s, which is behind it", id, instance, latest[instance])
		}
		why[id], latest[instance] = m.what, id
	}
	for id, run := range runs {
		if run.Script == l.script {
			if run.Trigger.Kind != slnet.TriggerChange || l.trigger != uuid.Nil && run.Trigger.ID != l.trigger {
				t.Errorf("run %s has the trigger %+v", id, run.Trigger)
			}
			of := run.Trigger.InstanceID.String()
			ids[of] = append(ids[of], id.String())
		}
	}
	for instance := range ids {
		if want[instance] == nil {
			t.Errorf("%d runs of %s for instance %s, which had no such change", len(ids[instance]), l.script, instance)
		}
	}
	for instance, list := range want {
		var got []string
		for _, id := range slices.Sorted(slices.Values(ids[instance])) {
			got = append(got, why[id])
		}
		if !slices.Equal(got, list) {
			t.Errorf("runs of %s for %q,\nchanges %q", l.script, got, list)
		}
	}
}

// wantTicks wants exactly one run for each second of the schedule, and returns
// how many there are.
func wantTicks(t *testing.T, runs map[uuid.UUID]slnet.Run, schedule uuid.UUID) int {
	t.Helper()
	var occurrences []time.Time
	for _, run := range runs {
		if run.Trigger.ID == schedule {
			occurrences = append(occurrences, run.Trigger.Occurrence)
		}
	}
	slices.SortFunc(occurrences, time.Time.Compare)
	for i := range occurrences[min(1, len(occurrences)):] {
		if gap := occurrences[i+1].Sub(occurrences[i]); gap != time.Second {
			t.Errorf("an occurrence at %v follows one at %v", occurrences[i+1], occurrences[i])
		}
	}
	return len(occurrences)
}
