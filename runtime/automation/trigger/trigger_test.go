package trigger_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/automation/trigger"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv/memkv"
)

var ann = security.Caller{User: "ann", UserID: uuid.New()}

// house is a store with a module and triggers whose runs are kept in a list.
type house struct {
	*trigger.Triggers
	t     *testing.T
	store *storage.Store
	now   time.Time

	disabled, hidden bool
	refusal          error
	runs             []string                // the triggers whose runs were started
	of               map[uuid.UUID]uuid.UUID // triggers by the runs they started

	section    *dom.SectionDefinition
	priority   *dom.FieldDescriptor
	text       *dom.FieldDescriptor
	definition *dom.Definition
}

func open(t *testing.T, safe bool) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), of: make(map[uuid.UUID]uuid.UUID)}
	store, err := storage.Open(t.Context(), memkv.New(), func() time.Time { return h.now })
	if err != nil {
		t.Fatal(err)
	}
	h.store = store
	h.restart(safe)
	t.Cleanup(func() {
		if err := h.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if result, err := store.Check(context.Background()); err != nil || len(result.Problems) > 0 {
			t.Errorf("check: %v %v", result.Problems, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.text, h.priority = dom.NewFieldDescriptor("Text", dom.TypeString), dom.NewFieldDescriptor("Priority", dom.TypeLong)
	h.section = dom.NewSectionDefinition("Info", h.text, h.priority)
	behavior := dom.NewBehaviorDefinition("Life")
	behavior.InitialStatusID, behavior.Statuses = "draft", []dom.Status{{ID: "draft"}, {ID: "active"}, {ID: "done"}}
	h.definition = dom.NewDefinition("Job", dom.SectionDefinitionLink{SectionDefinitionID: h.section.ID})
	h.definition.DomBehaviorDefinitionID = behavior.ID
	_, err = store.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		_, err := tx.Insert("", &dom.ModuleSettings{ModuleID: "jobs"})
		for _, o := range []dom.Object{h.section, behavior, h.definition} {
			_, err2 := tx.Insert("jobs", o)
			err = errors.Join(err, err2)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// restart makes new triggers over the same store, as a new daemon would.
func (h *house) restart(safe bool) {
	h.Triggers = trigger.New(trigger.Options{
		Store: h.store, MaxDepth: 16, Safe: safe, Logger: slog.New(slog.DiscardHandler),
		Check:   func(context.Context, *dom.Trigger) error { return nil },
		ActAs:   func(_, owner security.Caller) (security.Caller, error) { return owner, nil },
		Enabled: func(security.Caller) bool { return !h.disabled },
		Stage: func(tx *storage.Tx, t *dom.Trigger, _ *trigger.Change) error {
			if h.refusal == nil {
				tx.AfterCommit(func() { h.runs = append(h.runs, t.Name) })
			}
			return h.refusal
		},
		Started: func(_ *storage.Reader, run, of uuid.UUID) (bool, error) { return h.of[run] == of, nil },
	})
}

// create creates a trigger of the module that must be accepted.
func (h *house) create(name string, change func(t *dom.Trigger)) dom.Trigger {
	h.t.Helper()
	given := dom.Trigger{Name: name, ModuleID: "jobs", Script: "script", Events: []dom.TriggerEvent{dom.TriggerUpdated}}
	change(&given)
	response, err := h.Create(h.t.Context(), ann, &dom.CreateTriggerMessage{Trigger: given})
	if err != nil {
		h.t.Fatalf("create %s: %v", name, err)
	}
	return response.Trigger
}

// instance is a job with values.
func (h *house) instance(status, text string, priority int64) *dom.Instance {
	i := dom.NewInstance(h.definition.ID)
	i.ModuleID, i.StatusID = "jobs", status
	s := &dom.Section{ID: dom.SectionID{1}, SectionDefinitionID: h.section.ID}
	i.Sections = []*dom.Section{s}
	s.AddOrReplaceFieldValue(h.text.ID, text)
	s.AddOrReplaceFieldValue(h.priority.ID, priority)
	return i
}

// happen tells of a change and returns the triggers that started a run.
func (h *house) happen(before, after *dom.Instance, by security.Caller) []string {
	h.t.Helper()
	h.runs = nil
	change := &trigger.Change{ModuleID: "jobs", CrudType: dom.CrudUpdate, Before: before, After: after, By: by, MayRead: func(security.Caller) bool { return !h.hidden }}
	switch {
	case before == nil:
		change.CrudType = dom.CrudCreate
	case after == nil:
		change.CrudType = dom.CrudDelete
	}
	_, err := h.store.Update(h.t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		listener, err := h.Listener(&tx.Reader, "jobs")
		if err != nil || listener == nil {
			return err
		}
		return listener(tx, change)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	slices.Sort(h.runs)
	return h.runs
}

func (h *house) want(what string, got []string, want ...string) {
	h.t.Helper()
	if !slices.Equal(got, want) {
		h.t.Errorf("%s starts %q, want %q", what, got, want)
	}
}

// skipped is why a trigger started no runs.
func (h *house) skipped(of dom.Trigger) []dom.SkippedTrigger {
	h.t.Helper()
	response, err := h.Skipped(h.t.Context(), &dom.GetSkippedTriggersMessage{TriggerID: of.ID})
	if err != nil {
		h.t.Fatal(err)
	}
	return response.Skipped
}

func TestTriggersAreAboutWhatTheySay(t *testing.T) {
	h := open(t, false)
	on := func(events ...dom.TriggerEvent) func(*dom.Trigger) { return func(t *dom.Trigger) { t.Events = events } }
	h.create("created", on(dom.TriggerCreated))
	h.create("updated", on(dom.TriggerUpdated))
	h.create("deleted", on(dom.TriggerDeleted))
	h.create("moved", on(dom.TriggerStatusChanged))
	h.create("any", on(dom.TriggerCreated, dom.TriggerUpdated, dom.TriggerDeleted, dom.TriggerStatusChanged))
	h.create("high", func(t *dom.Trigger) {
		t.Events = []dom.TriggerEvent{dom.TriggerCreated, dom.TriggerDeleted, dom.TriggerUpdated}
		t.Filter = dom.InstanceExposers.FieldValue(h.priority.ID).GreaterThan(int64(3))
	})
	h.create("became high", func(t *dom.Trigger) {
		t.Filter = dom.InstanceExposers.FieldValue(h.priority.ID).GreaterThan(int64(3))
		t.PreviousFilter = dom.Not(t.Filter)
	})
	h.create("text", func(t *dom.Trigger) { t.Fields = []dom.FieldDescriptorID{h.text.ID} })
	h.create("text or moved", func(t *dom.Trigger) {
		t.Events, t.Fields = append(t.Events, dom.TriggerStatusChanged), []dom.FieldDescriptorID{h.text.ID}
	})
	h.create("from draft", func(t *dom.Trigger) {
		t.Events, t.FromStatus = []dom.TriggerEvent{dom.TriggerStatusChanged}, "draft"
	})
	h.create("to done", func(t *dom.Trigger) {
		t.Events, t.ToStatus = []dom.TriggerEvent{dom.TriggerStatusChanged}, "done"
	})
	of := h.create("of the definition", func(t *dom.Trigger) { t.DomDefinitionID = h.definition.ID })
	paused := h.create("paused", func(t *dom.Trigger) { t.Paused = true })

	low, high := h.instance("draft", "a", 1), h.instance("draft", "a", 5)
	other := h.instance("draft", "a", 1)
	other.DomDefinitionID = dom.NewDefinitionID()
	h.want("a new instance", h.happen(nil, low, ann), "any", "created")
	h.want("a new instance with priority", h.happen(nil, high, ann), "any", "created", "high")
	h.want("a deletion", h.happen(high, nil, ann), "any", "deleted", "high")
	h.want("an update of nothing", h.happen(low, low, ann), "any", "of the definition", "updated")
	h.want("a higher priority", h.happen(low, high, ann), "any", "became high", "high", "of the definition", "updated")
	h.want("an update that keeps it high", h.happen(high, high, ann), "any", "high", "of the definition", "updated")
	h.want("another text", h.happen(low, h.instance("draft", "b", 1), ann), "any", "of the definition", "text", "text or moved", "updated")
	h.want("a transition", h.happen(low, h.instance("active", "a", 1), ann), "any", "from draft", "moved", "of the definition", "text or moved", "updated")
	h.want("another transition", h.happen(h.instance("active", "a", 1), h.instance("done", "a", 1), ann),
		"any", "moved", "of the definition", "text or moved", "to done", "updated")
	h.want("an instance of another definition", h.happen(other, other, ann), "any", "updated")

	counts := func(id uuid.UUID) dom.TriggerCounts {
		response, err := h.Get(t.Context(), &dom.GetTriggerMessage{ID: id})
		if err != nil {
			t.Fatal(err)
		}
		return response.Counts
	}
	if got := counts(of.ID); got != (dom.TriggerCounts{Started: 6}) {
		t.Errorf("counts of the one for the definition: %+v", got)
	}
	named, _ := h.Get(t.Context(), &dom.GetTriggerMessage{Name: "HIGH"})
	if named.Counts != (dom.TriggerCounts{Started: 4, NotMet: 6}) {
		t.Errorf("counts of the one for high priorities: %+v", named.Counts)
	}
	if got := counts(paused.ID); got != (dom.TriggerCounts{}) {
		t.Errorf("counts of the paused one: %+v", got)
	}
}

func TestTriggersAreRefusedByField(t *testing.T) {
	h := open(t, false)
	for _, c := range []struct {
		what   string
		change func(t *dom.Trigger)
		want   []string
	}{
		{"name", func(t *dom.Trigger) { t.Name = " x" }, []string{"Name"}},
		{"module", func(t *dom.Trigger) { t.ModuleID = "nowhere" }, []string{"ModuleId", `"nowhere"`}},
		{"definition", func(t *dom.Trigger) { t.DomDefinitionID = dom.NewDefinitionID() }, []string{"DomDefinitionId", "jobs"}},
		{"no event", func(t *dom.Trigger) { t.Events = nil }, []string{"Events", "created"}},
		{"event", func(t *dom.Trigger) { t.Events = []dom.TriggerEvent{dom.TriggerCreated, "exploded"} }, []string{"Events[1]", "exploded"}},
		{"field", func(t *dom.Trigger) { t.Fields = []dom.FieldDescriptorID{h.text.ID, dom.NewFieldDescriptorID()} }, []string{"Fields[1]"}},
		{"fields without updates", func(t *dom.Trigger) {
			t.Events, t.Fields = []dom.TriggerEvent{dom.TriggerCreated}, []dom.FieldDescriptorID{h.text.ID}
		}, []string{"Fields", "updated"}},
		{"status", func(t *dom.Trigger) { t.Events, t.ToStatus = []dom.TriggerEvent{dom.TriggerStatusChanged}, "gone" }, []string{"ToStatus", "active"}},
		{"status without transitions", func(t *dom.Trigger) { t.FromStatus = "draft" }, []string{"FromStatus", "status changed"}},
		{"filter", func(t *dom.Trigger) { t.Filter = dom.InstanceExposers.FieldValue(h.priority.ID).Equal("high") }, []string{"Filter", "long"}},
		{"field of a filter", func(t *dom.Trigger) {
			t.PreviousFilter = dom.Not(dom.InstanceExposers.FieldValue(dom.NewFieldDescriptorID()).Equal("x"))
		}, []string{"PreviousFilter", "does not exist"}},
		{"previous filter of creates", func(t *dom.Trigger) { t.Events, t.PreviousFilter = []dom.TriggerEvent{dom.TriggerCreated}, dom.True() }, []string{"PreviousFilter"}},
		{"entry point", func(t *dom.Trigger) { t.EntryPoint = "OnApiTrigger" }, []string{"EntryPoint", "OnDomInstanceCrud"}},
		{"parameters of an entry point that takes none", func(t *dom.Trigger) { t.Parameters = map[string]string{"a": "b"} }, []string{"Parameters"}},
		{"value", func(t *dom.Trigger) { t.EntryPoint, t.Values = "Run", map[string]dom.TriggerValue{"a": "Weather"} }, []string{"Values", "Weather", "InstanceId"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			given := dom.Trigger{Name: "x", ModuleID: "jobs", Script: "script", Events: []dom.TriggerEvent{dom.TriggerUpdated}}
			c.change(&given)
			_, err := h.Create(t.Context(), ann, &dom.CreateTriggerMessage{Trigger: given})
			if !errors.Is(err, slnet.KindInvalid) {
				t.Fatalf("got %v, want an error of KindInvalid", err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func TestTriggersSayWhyTheyStartNothing(t *testing.T) {
	h := open(t, false)
	created := h.create("t", func(t *dom.Trigger) {})
	i := h.instance("draft", "a", 1)
	for _, c := range []struct {
		why  string
		with func()
		want string
	}{
		{"the owner is disabled", func() { h.disabled = true }, "the owner ann is disabled"},
		{"the owner may not read the instance", func() { h.hidden = true }, "the owner ann may not read"},
		{"the script is gone", func() { h.refusal = slnet.Errorf(slnet.KindNotFound, "there is no script") }, "there is no script"},
	} {
		h.disabled, h.hidden, h.refusal = false, false, nil
		c.with()
		for range 3 {
			h.want(c.why, h.happen(i, i, ann))
		}
		skipped := h.skipped(created)
		if len(skipped) == 0 || !strings.Contains(skipped[0].Reason, c.want) || skipped[0].Count != 3 || skipped[0].InstanceID != i.ID {
			t.Errorf("%s: it says %+v", c.why, skipped)
		}
	}
	h.disabled, h.hidden = false, false
	h.refusal = errors.New("the disk is gone")
	if _, err := h.store.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		listener, _ := h.Listener(&tx.Reader, "jobs")
		return listener(tx, &trigger.Change{ModuleID: "jobs", CrudType: dom.CrudCreate + 1, Before: i, After: i, MayRead: func(security.Caller) bool { return true }})
	}); !errors.Is(err, h.refusal) {
		t.Errorf("a failure of the store ends the change: got %v", err)
	}

	// Stopping stores what was noted, and a new daemon tells of it.
	h.Start()
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.restart(false)
	if got := h.skipped(created); len(got) != 3 {
		t.Errorf("after a restart there are %d reasons, want 3", len(got))
	}
	if _, err := h.Delete(t.Context(), ann, &dom.DeleteTriggerMessage{ID: created.ID}); err != nil {
		t.Fatal(err)
	}
	h.refusal = nil
	h.want("a change after the deletion", h.happen(i, i, ann))
}

func TestSafeTriggersStartNothing(t *testing.T) {
	h := open(t, true)
	created := h.create("t", func(t *dom.Trigger) {})
	i := h.instance("draft", "a", 1)
	h.want("a change", h.happen(i, i, ann))
	if got := h.skipped(created); len(got) != 1 || got[0].Reason != trigger.SafeReason {
		t.Errorf("it says %+v", got)
	}
}

// chain is a caller in a run below as many runs of a trigger.
func (h *house) chain(of uuid.UUID, length int) security.Caller {
	by := ann
	for range length {
		run := uuid.New()
		h.of[run] = of
		if by.RunID != uuid.Nil {
			by.Parents = append(by.Parents, by.RunID)
		}
		by.RunID = run
	}
	return by
}

// wantPaused expects that the daemon has paused a trigger, and lets it go on.
func (h *house) wantPaused(of dom.Trigger, reason string) {
	h.t.Helper()
	h.Start()
	if err := h.Stop(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	response, err := h.Get(h.t.Context(), &dom.GetTriggerMessage{ID: of.ID})
	if err != nil || !response.Trigger.Paused || !strings.Contains(response.Trigger.PausedReason, reason) {
		h.t.Errorf("the trigger is not paused because %q: %+v, %v", reason, response, err)
	}
	if _, err := h.Pause(h.t.Context(), ann, &dom.PauseTriggerMessage{ID: of.ID}); err != nil {
		h.t.Fatal(err)
	}
}

func TestChainsEnd(t *testing.T) {
	h := open(t, false)
	created := h.create("t", func(t *dom.Trigger) {})
	i := h.instance("draft", "a", 1)
	h.want("a change at the depth of 16", h.happen(i, i, h.chain(uuid.Nil, 16)), "t")
	h.want("a deeper one", h.happen(i, i, h.chain(uuid.Nil, 17)))
	h.want("another change, now that it is paused", h.happen(i, i, ann))
	h.wantPaused(created, "a chain of too many runs")
	h.want("a change, now that it goes on", h.happen(i, i, ann), "t")

	// What a run of the trigger writes may start it once more, as often as it likes.
	for range 300 {
		h.want("a change by a run of the trigger", h.happen(i, i, h.chain(created.ID, 1)), "t")
	}
	for n := range 100 {
		if n == 50 {
			h.now = h.now.Add(time.Second)
		}
		h.want("a change by a run below one of the trigger", h.happen(i, i, h.chain(created.ID, 2)), "t")
	}
	h.want("one too many in a minute", h.happen(i, i, h.chain(created.ID, 2)))
	h.wantPaused(created, "make it start again")
	h.want("one of the minute after", func() []string { h.now = h.now.Add(time.Minute); return h.happen(i, i, h.chain(created.ID, 2)) }(), "t")
}

func TestTriggersAreChangedByRevision(t *testing.T) {
	h := open(t, false)
	one := h.create("one", func(t *dom.Trigger) {})
	h.create("two", func(t *dom.Trigger) {})
	update := func(change func(t *dom.Trigger)) error {
		changed := one
		change(&changed)
		response, err := h.Update(t.Context(), ann, &dom.UpdateTriggerMessage{Trigger: changed})
		if err == nil {
			one = response.Trigger
		}
		return err
	}
	if err := update(func(t *dom.Trigger) { t.Name = "TWO" }); !errors.Is(err, slnet.KindAlreadyExists) {
		t.Errorf("a name that is taken: %v", err)
	}
	if err := update(func(t *dom.Trigger) { t.Name, t.Events = "three", []dom.TriggerEvent{dom.TriggerCreated} }); err != nil {
		t.Fatal(err)
	}
	if err := update(func(t *dom.Trigger) { t.Revision = 1 }); !errors.Is(err, slnet.KindConflict) {
		t.Errorf("an old revision: %v", err)
	}
	i := h.instance("draft", "a", 1)
	h.want("an update", h.happen(i, i, ann), "two")
	h.want("a create", h.happen(nil, i, ann), "three")
	list, err := h.List(t.Context(), &dom.GetTriggersMessage{ModuleID: "jobs", Script: "SCRIPT", Limit: 1, After: "three"})
	if err != nil || len(list.Triggers) != 1 || list.Triggers[0].Name != "two" {
		t.Errorf("list: %+v, %v", list, err)
	}
}
