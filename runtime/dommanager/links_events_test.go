package dommanager_test

import (
	"strings"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

var linkEventRows = []linkRow{
	{"SEC-16 events of what is accessible", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		w := watchObjects(t, m.linkHouse.u, m.id, dom.KindInstance, dom.True())
		save := func(i *dom.Instance) {
			t.Helper()
			if _, err := m.admin.DomInstances.Update(ctx, i); err != nil {
				t.Fatal(err)
			}
		}
		save(m.a1)
		if e := w.want(m.id, "~a1"); !e.FromSecurityEnabledModule || e.SecurityEnabledModuleNotAvailable {
			t.Errorf("%+v", e)
		}
		save(m.b1) // nothing
		if _, err := m.admin.DomInstances.CreateOrUpdate(ctx, []*dom.Instance{m.a2nd, m.b1, m.other}); err != nil {
			t.Fatal(err)
		}
		w.want(m.id, "~a2")
		if _, err := m.admin.DomInstances.DeleteMany(ctx, []*dom.Instance{m.b1, m.a1}); err != nil {
			t.Fatal(err)
		}
		w.want(m.id, "-a1")
	}},
	{"SEC-16 an instance that leaves what is accessible", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		m.link(t, m.byOffice("us", m.london))
		w := watchObjects(t, m.linkHouse.u, m.id, dom.KindInstance, dom.True())
		left := m.moved(m.a1, m.paris)
		left.AddOrUpdateFieldValue(m.section.ID, m.text, "secret")
		left, err := m.admin.DomInstances.Update(ctx, left)
		if err != nil {
			t.Fatal(err)
		}
		e := w.want(m.id, "<") // without a name
		o, err := dom.DecodeObject(dom.KindInstance, e.LeftFilter[0])
		if err != nil {
			t.Fatal(err)
		}
		if i := o.(*dom.Instance); i.ID != m.a1.ID || i.ModuleID != m.id || i.DomDefinitionID != m.a || len(i.Sections) > 0 || i.LastModifiedBy != "" {
			t.Errorf("left: %+v", i)
		}
		if _, err := m.admin.DomInstances.Update(ctx, m.moved(left, m.rome)); err != nil { // nothing
			t.Fatal(err)
		}
		if _, err := m.admin.DomInstances.Update(ctx, m.moved(m.a2nd, m.london)); err != nil {
			t.Fatal(err)
		}
		w.want(m.id, "~a2")
	}},
	{"SEC-16 a subscription with a filter", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		m.link(t, m.byOffice("us", m.london))
		w := watchObjects(t, m.linkHouse.u, m.id, dom.KindInstance, m.textIs("secret"))
		for _, i := range []*dom.Instance{m.b1, m.a2nd, m.a1} {
			i = i.Clone()
			i.AddOrUpdateFieldValue(m.section.ID, m.text, "secret")
			if _, err := m.admin.DomInstances.Update(ctx, i); err != nil {
				t.Fatal(err)
			}
		}
		w.want(m.id, "~secret")
	}},
	{"SEC-16 access that cannot be evaluated", func(t *testing.T, m *linkModule) {
		after := slnet.Cursor(0)
		since := watchObjects(t, m.linkHouse.admin, m.id, dom.KindInstance, dom.True())
		if _, err := m.admin.DomInstances.Update(t.Context(), m.a1); err != nil {
			t.Fatal(err)
		}
		since.want(m.id, "~a1")
		after = since.cursor - 1
		if _, err := slnet.Send1(t.Context(), m.linkHouse.admin.SendSLNetMessages, &dom.ManagerStoreDeleteRequest{Kind: dom.KindModuleSettings, Key: m.id}); err != nil {
			t.Fatal(err)
		}
		subscription, err := dom.SubscribeToChanges(m.id, dom.KindInstance, dom.True())
		if err != nil {
			t.Fatal(err)
		}
		subscription.After = &after
		if e := watch(t, m.linkHouse.u, subscription).want(m.id, ""); !e.SecurityEnabledModuleNotAvailable {
			t.Errorf("%+v", e)
		}
		watch(t, m.linkHouse.admin, subscription).want(m.id, "~a1")
	}},
	{"status events and information events", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		behavior := dom.NewBehaviorDefinition("Life")
		behavior.InitialStatusID = "draft"
		behavior.Statuses = []dom.Status{{ID: "draft", DisplayName: "Draft"}, {ID: "done", DisplayName: "Done"}}
		behavior.StatusTransitions = []dom.StatusTransition{{ID: "go", FromStatusID: "draft", ToStatusID: "done"}}
		behavior = createBehavior(t, m.admin, behavior)
		var stateful [2]*dom.Instance
		for n, name := range []string{"Seen", "Hidden"} {
			d := dom.NewDefinition(name)
			d.DomBehaviorDefinitionID = behavior.ID
			stateful[n] = createInstance(t, m.admin, dom.NewInstance(createDefinition(t, m.admin, d).ID))
		}
		changeSettings(t, m.linkHouse.admin, m.id, func(s *dom.DomManagerSettings) {
			s.InformationEventSettings.Enable = true
			s.SecuritySettings.LinkSecurity.GroupLinks = []dom.GroupLink{whole("us", m.a, stateful[0].DomDefinitionID)}
		})
		statuses := watchObjects(t, m.linkHouse.u, m.id, dom.KindStatusChange, dom.True())
		information := watch(t, m.linkHouse.u, slnet.Subscription{Events: []string{(*slnet.InformationEventMessage)(nil).MessageName()}, ModuleID: m.id})
		for _, i := range []*dom.Instance{stateful[1], stateful[0]} {
			if _, err := m.admin.DomInstances.DoStatusTransition(ctx, i.ID, "go"); err != nil {
				t.Fatal(err)
			}
		}
		if e := statuses.next().Message.(*dom.DomInstanceStatusChangedEventMessage); len(e.Changes) != 1 || e.Changes[0].DomInstanceID != stateful[0].ID {
			t.Errorf("%+v", e)
		}
		if e := information.next().Message.(*slnet.InformationEventMessage); e.ObjectID != stateful[0].Key() {
			t.Errorf("%+v", e)
		}
		if _, err := m.u.DomInstances.DoStatusTransition(ctx, stateful[1].ID, "go"); err == nil {
			t.Error("a transition without access")
		}
		for _, i := range []*dom.Instance{m.b1, m.a1} {
			if err := m.admin.DomInstances.Delete(ctx, i); err != nil {
				t.Fatal(err)
			}
		}
		if e := information.next().Message.(*slnet.InformationEventMessage); e.ObjectID != m.a1.Key() || !strings.Contains(e.Text, "deleted") {
			t.Errorf("%+v", e)
		}
		for _, e := range daemontest.Send[*slnet.InformationEventsResponse](t, m.linkHouse.u, &slnet.GetInformationEventsMessage{ModuleID: m.id}).Events {
			if e.ObjectID == m.b1.Key() || e.ObjectID == stateful[1].Key() {
				t.Errorf("u is told: %s", e.Text)
			}
		}
		all := daemontest.Send[*slnet.InformationEventsResponse](t, m.linkHouse.admin, &slnet.GetInformationEventsMessage{ModuleID: m.id}).Events
		if len(all) != 4 {
			t.Errorf("%d events, want 4", len(all))
		}
	}},
}
