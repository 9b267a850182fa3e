package dommanager_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv/memkv"
)

// house is managers on a store in memory whose clock the test sets.
type house struct {
	*dommanager.Managers
	t     testing.TB
	store *storage.Store

	mu   sync.Mutex
	now  time.Time // guarded by mu
	once func()    // called at the next transaction; guarded by mu
}

// newHouse returns managers. At the end of the test the store is checked.
func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	if h.store, err = storage.Open(t.Context(), memkv.New(), h.clock); err != nil {
		t.Fatal(err)
	}
	if err := h.store.OpenBlobs(filepath.Join(t.TempDir(), "attachments")); err != nil {
		t.Fatal(err)
	}
	h.Managers = dommanager.New(h.store, dommanager.Options{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		check, err := h.store.Check(context.Background())
		if err != nil || len(check.Problems) > 0 {
			t.Errorf("the store is not sound: %v\n%s", err, strings.Join(check.Problems, "\n"))
		}
		h.store.Close()
	})
	return h
}

// clock is asked by every transaction, behind its snapshot.
func (h *house) clock() time.Time {
	h.mu.Lock()
	now, once := h.now, h.once
	h.once = nil
	h.mu.Unlock()
	if once != nil {
		once()
	}
	return now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// SendSLNetMessages implements slnet.Connection, as ann.
func (h *house) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) (responses []slnet.Message, err error) {
	for _, message := range messages {
		response, err := h.Handle(ctx, security.Caller{User: "ann"}, message)
		if err != nil {
			return responses, err
		}
		responses = append(responses, response)
	}
	return responses, nil
}

// Subscribe implements slnet.Connection.
func (*house) Subscribe(context.Context, slnet.Subscription) (*slnet.EventStream, error) {
	return nil, slnet.Errorf(slnet.KindUnavailable, "a house has no events")
}

func (h *house) module(settings dom.DomManagerSettings) *dom.DomHelper {
	h.t.Helper()
	return dom.NewDomHelper(h.SendSLNetMessages, newModuleWith(h.t, h, settings))
}

// sweep sweeps at the present time.
func (h *house) sweep() {
	h.t.Helper()
	if err := h.Sweep(h.t.Context(), h.clock()); err != nil {
		h.t.Fatal(err)
	}
}

// deletions are the deletions in the feed, by commit.
func (h *house) deletions() (rows []*storage.FeedRow) {
	h.t.Helper()
	err := h.store.View(h.t.Context(), func(r *storage.Reader) error {
		_, err := r.Feed(0, func(_ slnet.Cursor, row *storage.FeedRow) (bool, error) {
			if slices.ContainsFunc(row.Changes, func(c storage.Change) bool { return c.Type == storage.Deleted }) {
				rows = append(rows, row)
			}
			return true, nil
		})
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return rows
}

// counts are the numbers of instances, templates and history records.
type counts struct{ instances, templates, history int64 }

func wantCounts(t testing.TB, helper *dom.DomHelper, want counts) {
	t.Helper()
	var got counts
	var errs [3]error
	got.instances, errs[0] = helper.DomInstances.Count(t.Context(), dom.True())
	got.templates, errs[1] = helper.DomTemplates.Count(t.Context(), dom.True())
	got.history, errs[2] = helper.DomInstanceHistory.Count(t.Context(), dom.True())
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got != want {
		t.Errorf("there are %+v, want %+v", got, want)
	}
}

func createTemplate(t testing.TB, helper *dom.DomHelper, name string) *dom.Template {
	t.Helper()
	stored, err := helper.DomTemplates.Create(t.Context(), dom.NewTemplate(name, nil))
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func thing(t testing.TB, helper *dom.DomHelper) dom.DefinitionID {
	t.Helper()
	return createDefinition(t, helper, dom.NewDefinition("Thing")).ID
}

func TestTTL02UpdatedMeanwhileIsKept(t *testing.T) {
	h := newHouse(t)
	helper := h.module(dom.DomManagerSettings{TTLSettings: dom.TTLSettings{DomInstanceTTL: time.Hour, DomTemplateTTL: time.Hour}})
	definition := thing(t, helper)
	old, kept := createInstance(t, helper, dom.NewInstance(definition)), createInstance(t, helper, dom.NewInstance(definition))
	attach(t, helper, old.ID, "a.txt", []byte("goes too"))
	createTemplate(t, helper, "old")
	template := createTemplate(t, helper, "kept")
	h.pass(50 * time.Minute)
	updateInstance(t, helper, kept)
	if _, err := helper.DomTemplates.Update(t.Context(), template); err != nil {
		t.Fatal(err)
	}
	h.pass(10 * time.Minute)
	h.sweep() // to the hour, not beyond
	wantCounts(t, helper, counts{instances: 2, templates: 2, history: 2})
	h.pass(time.Nanosecond)
	h.sweep()
	wantCounts(t, helper, counts{instances: 1, templates: 1, history: 1})
	readInstance(t, helper, kept.ID)
	h.pass(50 * time.Minute)
	h.sweep()
	wantCounts(t, helper, counts{})
}

// TestTTL02UpdatedWhileItIsSwept updates an instance when the sweep has found it
// and is about to delete it.
func TestTTL02UpdatedWhileItIsSwept(t *testing.T) {
	h := newHouse(t)
	helper := h.module(dom.DomManagerSettings{TTLSettings: dom.TTLSettings{DomInstanceTTL: time.Hour}})
	definition := thing(t, helper)
	kept, deleted := createInstance(t, helper, dom.NewInstance(definition)), createInstance(t, helper, dom.NewInstance(definition))
	createInstance(t, helper, dom.NewInstance(definition))
	h.pass(2 * time.Hour)
	now := h.clock()
	h.mu.Lock()
	h.once = func() {
		updateInstance(t, helper, kept)
		if err := helper.DomInstances.Delete(t.Context(), deleted); err != nil {
			t.Error(err)
		}
	}
	h.mu.Unlock()
	if err := h.Sweep(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	readInstance(t, helper, kept.ID)
	wantCounts(t, helper, counts{instances: 1, history: 1})
}

func TestTTL03ZeroRemovesNothing(t *testing.T) {
	h := newHouse(t)
	helper := h.module(dom.DomManagerSettings{})
	createInstance(t, helper, dom.NewInstance(thing(t, helper)))
	createTemplate(t, helper, "T")
	h.pass(100 * 365 * 24 * time.Hour)
	h.sweep()
	wantCounts(t, helper, counts{instances: 1, templates: 1, history: 1})
}

func TestTTL04SettingsCountFromTheReinitialization(t *testing.T) {
	h := newHouse(t)
	helper := h.module(dom.DomManagerSettings{})
	createInstance(t, helper, dom.NewInstance(thing(t, helper)))
	h.pass(2 * time.Hour)
	settings := dom.NewModuleSettingsHelper(h.SendSLNetMessages).ModuleSettings
	stored, err := settings.Read(t.Context(), dom.True())
	if err != nil {
		t.Fatal(err)
	}
	stored[0].DomManagerSettings.TTLSettings.DomInstanceTTL = time.Hour
	if _, err := settings.Update(t.Context(), stored[0]); err != nil {
		t.Fatal(err)
	}
	h.sweep()
	wantCounts(t, helper, counts{instances: 1, history: 1})
	daemontest.Send[*slnet.Empty](t, h, &dom.ReinitializeManagerMessage{ModuleID: stored[0].ModuleID})
	h.sweep()
	wantCounts(t, helper, counts{})
}

// TestTTL04ASweepStartsOnlyTheManagersItNeeds begins after a restart.
func TestTTL04ASweepStartsOnlyTheManagersItNeeds(t *testing.T) {
	h := newHouse(t)
	with := h.module(dom.DomManagerSettings{TTLSettings: dom.TTLSettings{DomTemplateTTL: time.Hour}})
	without := h.module(dom.DomManagerSettings{})
	createTemplate(t, with, "T")
	createTemplate(t, without, "T")
	h.Managers = dommanager.New(h.store, dommanager.Options{Logger: slog.New(slog.DiscardHandler)})
	h.pass(2 * time.Hour)
	h.sweep()
	if running := h.Running(); len(running) != 1 {
		t.Errorf("managers %q were started, want one", running)
	}
	wantCounts(t, with, counts{})
	wantCounts(t, without, counts{templates: 1})
}

func TestTTL05SettingsAreIndependent(t *testing.T) {
	const ttl, never = time.Hour, 0
	for _, c := range []struct {
		settings dom.TTLSettings
		want     counts
	}{
		{dom.TTLSettings{DomInstanceTTL: ttl}, counts{templates: 1}}, // history goes with the instance
		{dom.TTLSettings{DomTemplateTTL: ttl}, counts{instances: 1, history: 2}},
		{dom.TTLSettings{DomInstanceHistoryTTL: ttl}, counts{instances: 1, templates: 1}},
		{dom.TTLSettings{DomInstanceTTL: 3 * ttl, DomTemplateTTL: 3 * ttl, DomInstanceHistoryTTL: ttl}, counts{instances: 1, templates: 1}},
		{dom.TTLSettings{DomInstanceTTL: ttl, DomTemplateTTL: ttl, DomInstanceHistoryTTL: never}, counts{}},
	} {
		t.Run(fmt.Sprintf("%+v", c.settings), func(t *testing.T) {
			h := newHouse(t)
			helper := h.module(dom.DomManagerSettings{TTLSettings: c.settings})
			_, instance := newHistory(t, helper)
			createTemplate(t, helper, "T")
			h.pass(2 * time.Hour)
			h.sweep()
			wantCounts(t, helper, c.want)
			if c.want.instances > 0 {
				readInstance(t, helper, instance.ID)
			}
		})
	}
}

// newHistory makes an instance with two history records.
func newHistory(t testing.TB, helper *dom.DomHelper) (dom.FieldDescriptorID, *dom.Instance) {
	t.Helper()
	field := dom.NewFieldDescriptor("Text", dom.TypeString)
	section := dom.NewSectionDefinition("Section")
	section.AddOrReplaceFieldDescriptor(field)
	createSection(t, helper, section)
	definition := dom.NewDefinition("Thing")
	definition.SectionDefinitionLinks = []dom.SectionDefinitionLink{{SectionDefinitionID: section.ID}}
	createDefinition(t, helper, definition)
	instance := dom.NewInstance(definition.ID)
	instance.AddOrUpdateFieldValue(section.ID, field.ID, "one")
	instance = createInstance(t, helper, instance)
	instance.AddOrUpdateFieldValue(section.ID, field.ID, "two")
	updateInstance(t, helper, instance)
	return field.ID, readInstance(t, helper, instance.ID)
}

func TestTTL05HistoryGoesByTime(t *testing.T) {
	h := newHouse(t)
	helper := h.module(dom.DomManagerSettings{TTLSettings: dom.TTLSettings{DomInstanceHistoryTTL: time.Hour}})
	field, instance := newHistory(t, helper)
	h.pass(50 * time.Minute)
	instance.Sections[0].AddOrReplaceFieldValue(field, "three")
	updateInstance(t, helper, instance)
	h.pass(20 * time.Minute)
	h.sweep()
	wantCounts(t, helper, counts{instances: 1, history: 1})
	changes, err := helper.DomInstanceHistory.Read(t.Context(), dom.True())
	if err != nil || len(changes) != 1 || len(changes[0].SectionChanges) != 1 {
		t.Fatalf("history %+v, %v, want the last change", changes, err)
	}
	if value := changes[0].SectionChanges[0].FieldValueChanges[0]; value.ValueBefore.Text() != "two" || value.ValueAfter.Text() != "three" {
		t.Errorf("the last change is %+v, want two to three", value)
	}
}

// TestTTL05HistoryThatOutlivedItsInstance sweeps what row HIS-08 keeps.
func TestTTL05HistoryThatOutlivedItsInstance(t *testing.T) {
	h := newHouse(t)
	helper := h.module(dom.DomManagerSettings{TTLSettings: dom.TTLSettings{DomInstanceHistoryTTL: time.Hour}})
	_, instance := newHistory(t, helper)
	changeSettings(t, h, instance.ModuleID, func(s *dom.DomManagerSettings) {
		s.DomInstanceHistorySettings.StorageBehavior = dom.HistoryDisabled
	})
	if err := helper.DomInstances.Delete(t.Context(), instance); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, helper, counts{history: 2})
	h.pass(2 * time.Hour)
	h.sweep()
	wantCounts(t, helper, counts{})
}

// TestSweepDeletesAsUsersDo compares the commits of a sweep of many objects with
// what a deletion leaves.
func TestSweepDeletesAsUsersDo(t *testing.T) {
	h := newHouse(t)
	helper := h.module(dom.DomManagerSettings{
		TTLSettings:              dom.TTLSettings{DomInstanceTTL: time.Hour},
		InformationEventSettings: dom.InformationEventSettings{Enable: true},
	})
	definition := thing(t, helper)
	const n = 250
	for range n {
		createInstance(t, helper, dom.NewInstance(definition))
	}
	h.pass(2 * time.Hour)
	young := createInstance(t, helper, dom.NewInstance(definition))
	h.sweep()
	wantCounts(t, helper, counts{instances: 1, history: 1})
	readInstance(t, helper, young.ID)
	deleted := 0
	for _, row := range h.deletions() {
		deleted += len(row.Changes)
		if row.User != dommanager.SystemUser || len(row.Changes) > 100 || len(row.Events) != len(row.Changes) {
			t.Errorf("a commit of %s deletes %d objects with %d events, want at most 100 with one event each", row.User, len(row.Changes), len(row.Events))
		}
	}
	if deleted != n {
		t.Errorf("%d deletions, want %d", deleted, n)
	}
	events := h.events(slnet.GetInformationEventsMessage{Limit: n})
	for _, event := range events {
		if event.User != dommanager.SystemUser || !strings.Contains(event.Text, "deleted by "+dommanager.SystemUser) {
			t.Fatalf("event %+v, want a deletion by %s", event, dommanager.SystemUser)
		}
	}
}

func TestNoUserCanBeCalledSystem(t *testing.T) {
	d := daemontest.Start(t)
	_, err := slnet.Send1(t.Context(), d.Administrator().SendSLNetMessages, &slnet.CreateUserMessage{Name: dommanager.SystemUser})
	if err == nil {
		t.Errorf("there is a user %s", dommanager.SystemUser)
	}
}

// TestSweepsComeByThemselves waits for sweeps on a clock that does not take
// time.
func TestSweepsComeByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := storage.Open(t.Context(), memkv.New(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		h := &house{t: t, store: store, Managers: dommanager.New(store, dommanager.Options{Logger: slog.New(slog.DiscardHandler)})}
		helper := h.module(dom.DomManagerSettings{TTLSettings: dom.TTLSettings{DomTemplateTTL: 90 * time.Minute}})
		createTemplate(t, helper, "T")
		h.Start()
		time.Sleep(80 * time.Minute)
		synctest.Wait()
		wantCounts(t, helper, counts{templates: 1})
		time.Sleep(50 * time.Minute)
		synctest.Wait()
		wantCounts(t, helper, counts{})
		h.Stop()
	})
}
