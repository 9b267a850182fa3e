package dommanager_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// events are the information events a message asks for, in one answer.
func (h *house) events(m slnet.GetInformationEventsMessage) (events []slnet.InformationEventMessage) {
	h.t.Helper()
	err := h.store.View(h.t.Context(), func(r *storage.Reader) (err error) {
		events, _, err = r.InformationEvents(h.t.Context(), m.ModuleID, m.Before, int(m.Limit))
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return events
}

func informationEvents(t testing.TB, conn slnet.Connection, m *slnet.GetInformationEventsMessage) *slnet.InformationEventsResponse {
	t.Helper()
	return daemontest.Send[*slnet.InformationEventsResponse](t, conn, m)
}

func TestMOD19OneInformationEventForEachChange(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		moduleID := newModuleWith(t, conn, dom.DomManagerSettings{InformationEventSettings: dom.InformationEventSettings{Enable: true}})
		helper := dom.NewDomHelper(conn.SendSLNetMessages, moduleID)
		silent := newHelper(t, conn)
		createDefinition(t, silent, dom.NewDefinition("Silent"))

		definition := dom.NewDefinition("A definition")
		// Each does create, update and delete.
		section, behavior, template := dom.NewSectionDefinition("A section"), dom.NewBehaviorDefinition("A behavior"), dom.NewTemplate("A template", nil)
		instance := dom.NewInstance(definition.ID)
		steps := []struct {
			kind     dom.ObjectKind
			name, id string
			verb     string
			do       func() error
		}{
			{dom.KindSectionDefinition, section.Name, section.Key(), "created", func() (err error) { section, err = helper.SectionDefinitions.Create(t.Context(), section); return }},
			{dom.KindSectionDefinition, section.Name, section.Key(), "updated", func() error { _, err := helper.SectionDefinitions.Update(t.Context(), section); return err }},
			{dom.KindSectionDefinition, section.Name, section.Key(), "deleted", func() error { return helper.SectionDefinitions.Delete(t.Context(), section) }},
			{dom.KindBehaviorDefinition, behavior.Name, behavior.Key(), "created", func() (err error) {
				behavior, err = helper.DomBehaviorDefinitions.Create(t.Context(), behavior)
				return
			}},
			{dom.KindBehaviorDefinition, behavior.Name, behavior.Key(), "updated", func() error { _, err := helper.DomBehaviorDefinitions.Update(t.Context(), behavior); return err }},
			{dom.KindBehaviorDefinition, behavior.Name, behavior.Key(), "deleted", func() error { return helper.DomBehaviorDefinitions.Delete(t.Context(), behavior) }},
			{dom.KindTemplate, template.Name, template.Key(), "created", func() (err error) { template, err = helper.DomTemplates.Create(t.Context(), template); return }},
			{dom.KindTemplate, template.Name, template.Key(), "updated", func() error { _, err := helper.DomTemplates.Update(t.Context(), template); return err }},
			{dom.KindTemplate, template.Name, template.Key(), "deleted", func() error { return helper.DomTemplates.Delete(t.Context(), template) }},
			{dom.KindDefinition, definition.Name, definition.Key(), "created", func() (err error) { definition, err = helper.DomDefinitions.Create(t.Context(), definition); return }},
			{dom.KindDefinition, definition.Name, definition.Key(), "updated", func() error { _, err := helper.DomDefinitions.Update(t.Context(), definition); return err }},
			{dom.KindInstance, instance.Key(), instance.Key(), "created", func() (err error) { instance, err = helper.DomInstances.Create(t.Context(), instance); return }},
			{dom.KindInstance, instance.Key(), instance.Key(), "updated", func() error { _, err := helper.DomInstances.Update(t.Context(), instance); return err }},
			{dom.KindInstance, instance.Key(), instance.Key(), "deleted", func() error { return helper.DomInstances.Delete(t.Context(), instance) }},
			{dom.KindDefinition, definition.Name, definition.Key(), "deleted", func() error { return helper.DomDefinitions.Delete(t.Context(), definition) }},
		}
		for i, step := range steps {
			if err := step.do(); err != nil {
				t.Fatalf("%s %s: %v", step.kind, step.verb, err)
			}
			events := informationEvents(t, conn, &slnet.GetInformationEventsMessage{ModuleID: moduleID}).Events
			if len(events) != i+1 {
				t.Fatalf("%d events after %s %s, want %d", len(events), step.kind, step.verb, i+1)
			}
			event := events[0]
			for _, part := range []string{string(step.kind), step.name, step.id, step.verb, slnet.AdministratorName, moduleID} {
				if !strings.Contains(event.Text, part) {
					t.Errorf("%q does not name %q", event.Text, part)
				}
			}
			if event.User != slnet.AdministratorName || event.ModuleID != moduleID || time.Since(event.Time) > time.Minute {
				t.Errorf("event %+v", event)
			}
		}
		// What is refused makes none.
		if err := helper.DomTemplates.Delete(t.Context(), template); err == nil {
			t.Error("deleted a second time")
		}
		if events := informationEvents(t, conn, &slnet.GetInformationEventsMessage{}).Events; len(events) != len(steps) {
			t.Errorf("%d events in all, want %d", len(events), len(steps))
		}
	})
}

func TestInformationEventsArePaged(t *testing.T) {
	d := daemontest.Start(t)
	conn := d.Administrator()
	const n = 105
	for i := range n {
		daemontest.Send[*slnet.Empty](t, conn, &slnet.GenerateInformationMessage{Text: fmt.Sprint(i)})
	}
	if first := informationEvents(t, conn, &slnet.GetInformationEventsMessage{}); len(first.Events) != 100 || first.Events[0].Text != "104" {
		t.Errorf("%d events, want the newest 100", len(first.Events))
	}
	var got []string
	message := &slnet.GetInformationEventsMessage{Limit: 35}
	for pages := 1; ; pages++ {
		response := informationEvents(t, conn, message)
		for _, event := range response.Events {
			got = append(got, event.Text)
		}
		if message.Before = response.Next; message.Before == "" {
			if pages != 3 {
				t.Errorf("%d pages, want 3", pages)
			}
			break
		}
	}
	for i, text := range got {
		if text != fmt.Sprint(n-1-i) {
			t.Fatalf("event %d is %q", i, text)
		}
	}
	if len(got) != n {
		t.Errorf("%d events, want %d", len(got), n)
	}
	for _, wrong := range []slnet.GetInformationEventsMessage{{Limit: -1}, {Limit: 1001}, {Before: "x"}, {Before: "abcd"}} {
		if _, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, &wrong); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%+v: %v, want Invalid", wrong, err)
		}
	}
}

// TestInformationEventsOfOneCommitArePaged looks at a commit with several events.
func TestInformationEventsOfOneCommitArePaged(t *testing.T) {
	h := newHouse(t)
	_, err := h.store.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		for i := range 300 {
			if err := tx.AddEvent("", &slnet.InformationEventMessage{Time: tx.Now(), Text: fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = h.store.View(t.Context(), func(r *storage.Reader) error {
		before := ""
		for at := 299; at >= 0; {
			events, next, err := r.InformationEvents(t.Context(), "", before, 7)
			if err != nil {
				return err
			}
			for _, event := range events {
				if event.Text != fmt.Sprint(at) {
					t.Fatalf("event %q, want %d", event.Text, at)
				}
				at--
			}
			if before = next; before == "" && at >= 0 {
				t.Fatalf("the end at %d", at)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInformationEventsAreKept90Days(t *testing.T) {
	h := newHouse(t)
	generate := func(text string) {
		_, err := h.store.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
			return tx.AddEvent("", &slnet.InformationEventMessage{Time: tx.Now(), Text: text})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(texts ...string) {
		t.Helper()
		var got []string
		for _, event := range h.events(slnet.GetInformationEventsMessage{Limit: 10}) {
			got = append(got, event.Text)
		}
		if fmt.Sprint(got) != fmt.Sprint(texts) {
			t.Errorf("events %q, want %q", got, texts)
		}
	}
	generate("first")
	generate("second")
	h.pass(24 * time.Hour)
	generate("third")
	h.pass(89 * 24 * time.Hour)
	h.sweep()
	want("third", "second", "first")
	h.pass(time.Second)
	h.sweep()
	want("third")
	generate("fourth")
	want("fourth", "third")
	h.pass(91 * 24 * time.Hour)
	h.sweep()
	want()
}
