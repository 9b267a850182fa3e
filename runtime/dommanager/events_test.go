package dommanager_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// watcher reads one stream of events.
type watcher struct {
	t      testing.TB
	stream *slnet.EventStream
	cursor slnet.Cursor // of the last event
}

func watch(t testing.TB, conn slnet.Connection, subscription slnet.Subscription) *watcher {
	t.Helper()
	stream, err := conn.Subscribe(t.Context(), subscription)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stream.Close)
	return &watcher{t: t, stream: stream}
}

// watchObjects watches the objects of a kind that a filter selects.
func watchObjects(t testing.TB, conn slnet.Connection, moduleID string, kind dom.ObjectKind, filter dom.Filter) *watcher {
	t.Helper()
	subscription, err := dom.SubscribeToChanges(moduleID, kind, filter)
	if err != nil {
		t.Fatal(err)
	}
	return watch(t, conn, subscription)
}

// next is the next event, which comes soon.
func (w *watcher) next() slnet.Event {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	event, err := w.stream.Next(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	w.cursor = event.Cursor
	return event
}

// want checks the next event of changed objects, written as in "+a ~b -c <d":
// created, updated, deleted, left the filter, each by the name of the object.
func (w *watcher) want(moduleID, want string) *dom.ObjectsChangedEventMessage {
	w.t.Helper()
	message, ok := w.next().Message.(*dom.ObjectsChangedEventMessage)
	if !ok || message.ModuleID != moduleID {
		w.t.Fatalf("got %+v, want changes in module %s", message, moduleID)
	}
	var got []string
	for i, raws := range [][]slnet.Raw{message.Created, message.Updated, message.Deleted, message.LeftFilter} {
		for _, raw := range raws {
			o, err := dom.DecodeObject(message.Kind, raw)
			if err != nil {
				w.t.Fatal(err)
			}
			got = append(got, string("+~-<"[i])+objectName(o))
		}
	}
	if slices.Sort(got); strings.Join(got, " ") != want {
		w.t.Errorf("%s: got %q, want %q", message.MessageName(), strings.Join(got, " "), want)
	}
	return message
}

func objectName(o dom.Object) string {
	switch o := o.(type) {
	case *dom.SectionDefinition:
		return o.Name
	case *dom.Definition:
		return o.Name
	case *dom.BehaviorDefinition:
		return o.Name
	case *dom.Template:
		return o.Name
	case *dom.Instance:
		return o.Name
	}
	return o.Key()
}

// notes is a module whose instances have a text, which is their name.
type notes struct{ fixture }

func newNotes(t testing.TB, conn slnet.Connection) notes {
	t.Helper()
	text := plainField("Text", dom.TypeString)
	moduleID := newModuleWith(t, conn, dom.DomManagerSettings{
		DomInstanceNameDefinition: &dom.NameDefinition{ConcatenationItems: []dom.NameItem{dom.NameField(text.ID)}},
	})
	return notes{newFixture(t, dom.NewDomHelper(conn.SendSLNetMessages, moduleID), text)}
}

func (n notes) create(t testing.TB, text string) *dom.Instance {
	t.Helper()
	return createInstance(t, n.DomHelper, n.fixture.instance(text))
}

// change sets the text of a note.
func (n notes) change(t testing.TB, note *dom.Instance, text string) {
	t.Helper()
	note = note.Clone()
	note.AddOrUpdateFieldValue(n.section.ID, n.section.FieldDescriptors[0].ID, text)
	if _, err := n.DomInstances.Update(t.Context(), note); err != nil {
		t.Fatal(err)
	}
}

func (n notes) delete(t testing.TB, note *dom.Instance) {
	t.Helper()
	if err := n.DomInstances.Delete(t.Context(), note); err != nil {
		t.Fatal(err)
	}
}

func (n notes) watch(t testing.TB, conn slnet.Connection, filter dom.Filter) *watcher {
	t.Helper()
	return watchObjects(t, conn, n.ModuleID, dom.KindInstance, filter)
}

func TestEventRows(t *testing.T) {
	e := dom.InstanceExposers
	onNotes := func(id string, test func(t *testing.T, conn slnet.Connection, n notes)) row {
		return row{id, func(t *testing.T, conn slnet.Connection, _ *dom.DomHelper) { test(t, conn, newNotes(t, conn)) }}
	}
	eachDoor(t, []row{
		onNotes("EVT-01 EVT-03 EVT-09", func(t *testing.T, conn slnet.Connection, n notes) {
			first, second := n.fixture.instance("I1"), n.fixture.instance("I2")
			w := n.watch(t, conn, e.DomDefinitionID.Equal(n.definition.ID).And(e.ID.Equal(first.ID)))
			createInstance(t, n.DomHelper, first)
			createInstance(t, n.DomHelper, second)
			if name := w.want(n.ModuleID, "+I1").MessageName(); name != "DomInstancesChangedEventMessage" {
				t.Errorf("the event is a %s", name)
			}
			n.delete(t, second)
			n.delete(t, first)
			w.want(n.ModuleID, "-I1")
		}),
		onNotes("EVT-05 EVT-06", func(t *testing.T, conn slnet.Connection, n notes) {
			other := newNotes(t, conn)
			w := watch(t, conn, slnet.Subscription{ModuleID: n.ModuleID, Events: []string{dom.ChangedEventName(dom.KindInstance)}})
			all := watchObjects(t, conn, n.ModuleID, dom.KindInstance, dom.True())
			other.create(t, "other")
			n.create(t, "here")
			w.want(n.ModuleID, "+here")
			all.want(n.ModuleID, "+here")
		}),
		onNotes("EVT-07 EVT-16", func(t *testing.T, conn slnet.Connection, n notes) {
			other := newNotes(t, conn)
			sets := make(map[string]*watcher)
			for id, moduleID := range map[string]string{"a": n.ModuleID, "b": other.ModuleID} {
				sets[id] = watch(t, conn, slnet.Subscription{SetID: id, ModuleID: moduleID, Events: []string{dom.ChangedEventName(dom.KindInstance)}})
			}
			n.create(t, "one")
			other.create(t, "two")
			for id, w := range sets {
				event := w.next()
				message := event.Message.(*dom.ObjectsChangedEventMessage)
				if want := map[string]string{"a": n.ModuleID, "b": other.ModuleID}[id]; event.SetID != id || message.ModuleID != want || len(message.Created) != 1 {
					t.Errorf("set %q got one of set %q about %s", id, event.SetID, message.ModuleID)
				}
			}
		}),
		onNotes("EVT-10", func(t *testing.T, conn slnet.Connection, n notes) {
			w := n.watch(t, conn, e.Name.Contains("yes"))
			list := make([]*dom.Instance, 10)
			for i := range list {
				list[i] = n.fixture.instance(fmt.Sprintf("%s %d", map[bool]string{true: "yes", false: "no"}[i%4 == 1], i))
			}
			if _, err := n.DomInstances.CreateOrUpdate(t.Context(), list); err != nil {
				t.Fatal(err)
			}
			w.want(n.ModuleID, "+yes 1 +yes 5 +yes 9")
		}),
		onNotes("left filter", func(t *testing.T, conn slnet.Connection, n notes) {
			w := n.watch(t, conn, e.Name.Equal("in"))
			note := n.create(t, "in")
			w.want(n.ModuleID, "+in")
			n.change(t, note, "out")
			w.want(n.ModuleID, "<out")
			n.change(t, note, "out again") // was out
			n.change(t, note, "in")
			w.want(n.ModuleID, "~in")
			n.change(t, note, "IN") // still in, for case does not count
			w.want(n.ModuleID, "~IN")
			n.change(t, note, "out")
			w.want(n.ModuleID, "<out")
			n.delete(t, note) // was out
			note = n.create(t, "in")
			w.want(n.ModuleID, "+in")
			n.delete(t, note)
			w.want(n.ModuleID, "-in")
		}),
		{"EVT-13", testEventsOfEachKind},
		onNotes("EVT-14", func(t *testing.T, conn slnet.Connection, n notes) {
			w := n.watch(t, conn, dom.True())
			note := n.create(t, "text")
			message := w.want(n.ModuleID, "+text")
			for i := range message.Created[0] {
				message.Created[0][i] = 0xff
			}
			if again := readInstance(t, n.DomHelper, note.ID); again.Name != "text" {
				t.Errorf("a change of what was delivered changed the store: %q", again.Name)
			}
			second := n.watch(t, conn, dom.True())
			n.change(t, note, "changed")
			w.want(n.ModuleID, "~changed")
			second.want(n.ModuleID, "~changed")
		}),
		onNotes("EVT-15", func(t *testing.T, conn slnet.Connection, n notes) {
			slow, gone, quick := n.watch(t, conn, dom.True()), n.watch(t, conn, dom.True()), n.watch(t, conn, dom.True())
			const count = 40
			for i := range count {
				n.create(t, fmt.Sprint(i))
				if i == count/2 {
					gone.want(n.ModuleID, "+0")
					gone.stream.Close()
				}
				quick.want(n.ModuleID, fmt.Sprintf("+%d", i))
			}
			for i := range count {
				slow.want(n.ModuleID, fmt.Sprintf("+%d", i))
			}
		}),
		onNotes("resume", func(t *testing.T, conn slnet.Connection, n notes) {
			w := n.watch(t, conn, dom.True())
			n.create(t, "first")
			w.want(n.ModuleID, "+first")
			w.stream.Close()
			n.create(t, "second")
			n.create(t, "third")
			again := watch(t, conn, slnet.Subscription{ModuleID: n.ModuleID, After: &w.cursor})
			again.want(n.ModuleID, "+second")
			again.want(n.ModuleID, "+third")
		}),
		onNotes("refused", func(t *testing.T, conn slnet.Connection, n notes) {
			future := slnet.Cursor(1) << 60
			for name, s := range map[string]slnet.Subscription{
				"unknown event":            {Events: []string{"NothingEventMessage"}},
				"malformed filter":         {Events: []string{dom.ChangedEventName(dom.KindInstance)}, Filter: slnet.Raw{0x01}},
				"a filter on all":          {Filter: slnet.Raw{0x01}},
				"a cursor from the future": {After: &future},
			} {
				stream, err := conn.Subscribe(t.Context(), s)
				if err == nil {
					stream.Close()
				}
				if !errors.Is(err, slnet.KindInvalid) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}),
	})
}

func testEventsOfEachKind(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	watchers := make(map[dom.ObjectKind]*watcher)
	for _, kind := range dom.ObjectKinds()[1:] {
		watchers[kind] = watchObjects(t, conn, h.ModuleID, kind, dom.True())
	}
	section := createSection(t, h, dom.NewSectionDefinition("section"))
	definition := createDefinition(t, h, dom.NewDefinition("definition", link(section.ID)))
	behavior := createBehavior(t, h, dom.NewBehaviorDefinition("behavior"))
	template, err := h.DomTemplates.Create(t.Context(), dom.NewTemplate("template", nil))
	if err != nil {
		t.Fatal(err)
	}
	for kind, name := range map[dom.ObjectKind]string{
		dom.KindSectionDefinition: "section", dom.KindDefinition: "definition", dom.KindBehaviorDefinition: "behavior", dom.KindTemplate: "template",
	} {
		message := watchers[kind].want(h.ModuleID, "+"+name)
		if message.Kind != kind || message.MessageName() != dom.ChangedEventName(kind) {
			t.Errorf("%s: the event is a %s about %s", kind, message.MessageName(), message.Kind)
		}
	}
	if err := errors.Join(
		h.DomTemplates.Delete(t.Context(), template), h.DomBehaviorDefinitions.Delete(t.Context(), behavior), h.DomDefinitions.Delete(t.Context(), definition),
	); err != nil {
		t.Fatal(err)
	}
	watchers[dom.KindTemplate].want(h.ModuleID, "-template")
	watchers[dom.KindBehaviorDefinition].want(h.ModuleID, "-behavior")
	watchers[dom.KindDefinition].want(h.ModuleID, "-definition")
}

func TestStatusEventRows(t *testing.T) {
	eachDoor(t, []row{{"EVT-11 EVT-12", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
		behavior := createBehavior(t, h, draftActive())
		definition := dom.NewDefinition("Order")
		definition.DomBehaviorDefinitionID = behavior.ID
		createDefinition(t, h, definition)
		first, second := createInstance(t, h, dom.NewInstance(definition.ID)), createInstance(t, h, dom.NewInstance(definition.ID))
		e := dom.StatusChangeExposers
		status := watchObjects(t, conn, h.ModuleID, dom.KindStatusChange, e.DomInstanceID.Equal(first.ID).And(e.ToStatusID.Equal("active")))
		updates := watchObjects(t, conn, h.ModuleID, dom.KindInstance, dom.InstanceExposers.ID.Equal(first.ID))
		for _, instance := range []*dom.Instance{second, first} {
			if _, err := h.DomInstances.DoStatusTransition(t.Context(), instance.ID, behavior.StatusTransitions[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		message, ok := status.next().Message.(*dom.DomInstanceStatusChangedEventMessage)
		if !ok || message.ModuleID != h.ModuleID || len(message.Changes) != 1 {
			t.Fatalf("the status event is %+v", message)
		}
		want := dom.InstanceStatusChange{DomInstanceID: first.ID, FromStatusID: "draft", ToStatusID: "active", Username: slnet.AdministratorName}
		if message.Changes[0] != want {
			t.Errorf("the change is %+v, want %+v", message.Changes[0], want)
		}
		updates.want(h.ModuleID, "~"+first.Name)
	}}})
}

// TestEVT04ClosedStreamsEnd closes a stream while nobody waits, and while
// somebody does.
func TestEVT04ClosedStreamsEnd(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	w := watch(t, admin, slnet.Subscription{})
	w.stream.Close()
	w.stream.Close()
	if _, err := w.stream.Next(t.Context()); !errors.Is(err, slnet.KindCanceled) {
		t.Errorf("after its end: %v", err)
	}
	waiting := watch(t, admin, slnet.Subscription{Events: []string{dom.ChangedEventName(dom.KindTemplate)}})
	ended := make(chan error)
	go func() {
		_, err := waiting.stream.Next(context.Background())
		ended <- err
	}()
	waiting.stream.Close()
	if err := <-ended; !errors.Is(err, slnet.KindCanceled) {
		t.Errorf("while it waits: %v", err)
	}
}

// TestSlowSubscriberLearnsThatAnObjectIsGone reads only after an object has left
// the filter and was deleted.
func TestSlowSubscriberLearnsThatAnObjectIsGone(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	n := newNotes(t, admin)
	w := n.watch(t, admin, dom.InstanceExposers.Name.Equal("in"))
	seen := n.create(t, "in")
	w.want(n.ModuleID, "+in")
	n.change(t, seen, "out")
	n.delete(t, seen)
	never := n.create(t, "in") // comes and goes unseen
	n.change(t, never, "out too")
	n.delete(t, never)
	n.create(t, "in")
	w.want(n.ModuleID, "<out")
	w.want(n.ModuleID, "+in")
}

func TestEventsResumeAfterARestart(t *testing.T) {
	dir, fs := t.TempDir(), pebblekv.MemFS()
	var moduleID string
	var cursor slnet.Cursor
	t.Run("before", func(t *testing.T) {
		d := daemontest.StartOn(t, dir, daemontest.StoreOn(t, fs))
		n := newNotes(t, d.Administrator())
		w := n.watch(t, d.Administrator(), dom.True())
		n.create(t, "first")
		w.want(n.ModuleID, "+first")
		n.create(t, "second")
		moduleID, cursor = n.ModuleID, w.cursor
	})
	t.Run("after", func(t *testing.T) {
		d := daemontest.StartOn(t, dir, daemontest.StoreOn(t, fs))
		w := watch(t, d.Administrator(), slnet.Subscription{ModuleID: moduleID, After: &cursor})
		w.want(moduleID, "+second")
	})
}
