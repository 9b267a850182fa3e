package dommanager_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// TestLinkSecurity are the rows of part 4.17. Unless a row says otherwise the
// group us, which u is in, is linked to A, and nobody to A2 and B.
func TestLinkSecurity(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		h := newLinkHouse(t, d, open)
		for _, row := range slices.Concat(linkReadRows, linkWriteRows, linkValueRows, linkEventRows) {
			t.Run(row.id, func(t *testing.T) { row.test(t, h.newModule(t)) })
		}
	})
}

type linkRow struct {
	id   string
	test func(t *testing.T, m *linkModule)
}

var linkReadRows = []linkRow{
	{"SEC-02 links take effect with the next manager", func(t *testing.T, m *linkModule) {
		wantDenied(t, readError(t, m.v, ofDefinition(m.a)), []dom.DefinitionID{m.a}, nil)
		helper := dom.NewModuleSettingsHelper(m.linkHouse.admin.SendSLNetMessages)
		settings, err := helper.ModuleSettings.Read(t.Context(), dom.ModuleSettingsExposers.ModuleID.Equal(m.id))
		if err != nil || len(settings) != 1 {
			t.Fatal(len(settings), err)
		}
		settings[0].DomManagerSettings.SecuritySettings.LinkSecurity = nil
		if _, err := helper.ModuleSettings.Update(t.Context(), settings[0]); err != nil {
			t.Fatal(err)
		}
		wantDenied(t, readError(t, m.v, ofDefinition(m.a)), []dom.DefinitionID{m.a}, nil)
		daemontest.Send[*slnet.Empty](t, m.linkHouse.admin, &dom.ReinitializeManagerMessage{ModuleID: m.id})
		wantRead(t, m.v, dom.True(), "a1", "a2", "b1", "other")
		m.link(t, dom.GroupLink{GroupName: "us"}) // a link without references closes the module
		wantDenied(t, readError(t, m.u, ofDefinition(m.a)), []dom.DefinitionID{m.a}, nil)
	}},
	{"SEC-03 a linked definition is read", func(t *testing.T, m *linkModule) {
		wantRead(t, m.u, ofDefinition(m.a), "a1", "a2")
	}},
	{"SEC-04 one of two definitions is not accessible", func(t *testing.T, m *linkModule) {
		wantDenied(t, readError(t, m.u, ofDefinition(m.a).Or(ofDefinition(m.b))), []dom.DefinitionID{m.b}, nil)
		unknown := dom.NewDefinitionID()
		wantDenied(t, readError(t, m.u, ofDefinition(unknown)), []dom.DefinitionID{unknown}, nil)
	}},
	{"SEC-05 of ids the accessible ones are read", func(t *testing.T, m *linkModule) {
		wantRead(t, m.u, withID(m.a1).Or(withID(m.b1)), "a1")
		wantRead(t, m.u, withID(m.b1))
		wantRead(t, m.u, withID(dom.NewInstance(m.b)))
		many := dom.Or()
		for range 30 {
			many = many.Or(withID(dom.NewInstance(m.b)))
		}
		wantRead(t, m.u, many.Or(withID(m.b1), withID(m.a2nd), withID(m.a1)), "a1", "a2")
		limited, err := m.u.DomInstances.ReadQuery(t.Context(), dom.NewQuery(withID(m.a1).Or(withID(m.b1))).OrderByDescending(dom.InstanceExposers.Name).Limit(1))
		if err != nil || len(limited) != 1 || limited[0].ID != m.a1.ID {
			t.Errorf("the first by name: %v, %v", limited, err)
		}
	}},
	{"SEC-06 filters without context", func(t *testing.T, m *linkModule) {
		for _, h := range []*dom.DomHelper{m.u, m.admin} {
			for _, f := range []dom.Filter{dom.True(), inProgress(), m.textIs("a1"), dom.And(), dom.Not(ofDefinition(m.b)), dom.InstanceExposers.DomDefinitionID.NotEqual(m.b)} {
				wantReason(t, readError(t, h, f), dom.InstanceError, dom.ErrReadFilterNotSupportedBySecurity)
			}
		}
	}},
	{"SEC-08 a definition in every branch", func(t *testing.T, m *linkModule) {
		wantRead(t, m.u, ofDefinition(m.a).And(m.textIs("a1")), "a1")
		wantRead(t, m.u, m.textIs("a2").And(ofDefinition(m.a).Or(ofDefinition(m.a).And(inProgress()))), "a2")
		for _, f := range []dom.Filter{ofDefinition(m.a).Or(m.textIs("b1")), ofDefinition(m.a).Or(withID(m.b1)), withID(m.a1).And(m.textIs("a1"))} {
			wantReason(t, readError(t, m.u, f), dom.InstanceError, dom.ErrReadFilterNotSupportedBySecurity)
		}
	}},
	{"SEC-09 counts by definition", func(t *testing.T, m *linkModule) {
		wantCount(t, m.u, ofDefinition(m.a), 2)
		wantCount(t, m.u, ofDefinition(m.a).And(withID(m.a1).Or(withID(m.b1))), 1)
	}},
	{"SEC-10 no counts by id", func(t *testing.T, m *linkModule) {
		for _, f := range []dom.Filter{withID(m.a1), withID(m.a1).Or(withID(m.b1)), dom.True(), inProgress(), m.textIs("a1")} {
			for _, h := range []*dom.DomHelper{m.u, m.admin} {
				wantReason(t, countError(t, h, f), dom.InstanceError, dom.ErrCountFilterNotSupportedBySecurity)
			}
		}
	}},
	{"SEC-11 counts without access", func(t *testing.T, m *linkModule) {
		wantDenied(t, countError(t, m.u, ofDefinition(m.b)), []dom.DefinitionID{m.b}, nil)
	}},
	{"SEC-12 history of accessible instances", func(t *testing.T, m *linkModule) {
		for _, f := range []dom.Filter{subject(m.a1), dom.HistoryExposers.FullUsername.Equal("Administrator").And(subject(m.a1))} {
			list, err := m.u.DomInstanceHistory.Read(t.Context(), f)
			n, countErr := m.u.DomInstanceHistory.Count(t.Context(), f)
			if err != nil || len(list) != 1 || countErr != nil || n != 1 {
				t.Errorf("%d records, %v; counted %d, %v", len(list), err, n, countErr)
			}
		}
		for _, f := range []dom.Filter{dom.True(), dom.HistoryExposers.FullUsername.Equal("u"), subject(m.a1).Or(dom.HistoryExposers.FullUsername.Equal("u")), dom.HistoryExposers.SubjectID.Equal("a1")} {
			for _, h := range []*dom.DomHelper{m.u, m.admin} {
				_, err := h.DomInstanceHistory.Read(t.Context(), f)
				wantReason(t, err, dom.InstanceError, dom.ErrReadFilterNotSupportedBySecurity)
				_, err = h.DomInstanceHistory.Count(t.Context(), f)
				wantReason(t, err, dom.InstanceError, dom.ErrCountFilterNotSupportedBySecurity)
			}
		}
	}},
	{"SEC-13 history without access, or of nothing", func(t *testing.T, m *linkModule) {
		unknown := dom.NewInstance(m.a)
		for _, i := range []*dom.Instance{m.b1, unknown} {
			_, err := m.u.DomInstanceHistory.Read(t.Context(), subject(m.a1).Or(subject(i)))
			wantDenied(t, err, nil, []dom.InstanceID{i.ID})
			_, err = m.u.DomInstanceHistory.Count(t.Context(), subject(i))
			wantDenied(t, err, nil, []dom.InstanceID{i.ID})
		}
	}},
	{"SEC-27 a renamed group has no link", func(t *testing.T, m *linkModule) {
		m.link(t, whole("SPARE", m.a)) // names are compared without regard to case
		m.groups(t, "u", []string{"spare"}, nil)
		wantRead(t, m.u, ofDefinition(m.a), "a1", "a2")
		daemontest.Send[*slnet.GroupResponse](t, m.d.Administrator(), &slnet.UpdateGroupMessage{Group: slnet.Group{Name: "spare"}, NewName: "renamed"})
		wantDenied(t, readError(t, m.u, ofDefinition(m.a)), []dom.DefinitionID{m.a}, nil)
	}},
	{"SEC-29 the permission for module settings", func(t *testing.T, m *linkModule) {
		wantRead(t, m.admin, ofDefinition(m.a).Or(ofDefinition(m.b)), "a1", "a2", "b1")
		wantCount(t, m.admin, ofDefinition(m.b), 1)
		if _, err := m.admin.DomInstanceHistory.Read(t.Context(), subject(m.b1)); err != nil {
			t.Error(err)
		}
	}},
	{"explanations tell nothing of others", func(t *testing.T, m *linkModule) {
		for _, f := range []dom.Filter{ofDefinition(m.a).And(m.textIs("b1")), withID(m.b1)} {
			e, err := m.u.DomInstances.Explain(t.Context(), dom.NewQuery(f))
			if err != nil || !e.IsPrivate || e.Objects != 0 || e.IndexEntries != 0 || e.Returned != 0 || strings.Contains(strings.Join(e.Plan, ";"), "about") {
				t.Errorf("%+v, %v", e, err)
			}
		}
		if e, err := m.admin.DomInstances.Explain(t.Context(), dom.NewQuery(ofDefinition(m.a))); err != nil || e.IsPrivate || e.Objects == 0 {
			t.Errorf("%+v, %v", e, err)
		}
	}},
}

var linkWriteRows = []linkRow{
	{"SEC-15 writes without access", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		created, err := m.u.DomInstances.Create(ctx, m.instance(m.a, "new"))
		if err != nil {
			t.Fatal(err)
		}
		if created, err = m.u.DomInstances.Update(ctx, m.moved(created, m.rome)); err != nil {
			t.Error(err)
		}
		if err := m.u.DomInstances.Delete(ctx, created); err != nil {
			t.Error(err)
		}
		foreign := m.instance(m.b, "new")
		_, err = m.u.DomInstances.Create(ctx, foreign)
		wantDenied(t, err, []dom.DefinitionID{m.b}, []dom.InstanceID{foreign.ID})
		_, err = m.u.DomInstances.Update(ctx, m.moved(m.b1, m.rome))
		wantDenied(t, err, []dom.DefinitionID{m.b}, []dom.InstanceID{m.b1.ID})
		wantDenied(t, m.u.DomInstances.Delete(ctx, m.b1), nil, []dom.InstanceID{m.b1.ID})

		// Neither can an instance be taken out of B, nor A's be given away.
		taken := m.b1.Clone()
		taken.DomDefinitionID = m.a
		_, err = m.u.DomInstances.Update(ctx, taken)
		wantDenied(t, err, nil, []dom.InstanceID{m.b1.ID})
		_, err = m.u.DomInstances.Create(ctx, taken)
		wantDenied(t, err, nil, []dom.InstanceID{m.b1.ID})
		given := m.a1.Clone()
		given.DomDefinitionID = m.b
		_, err = m.u.DomInstances.Update(ctx, given)
		wantDenied(t, err, []dom.DefinitionID{m.b}, []dom.InstanceID{m.a1.ID})
		wantRead(t, m.admin, ofDefinition(m.b), "b1")
	}},
	{"SEC-15 what is not there and what is not accessible are the same", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		unknown := m.instance(m.a, "unknown")
		// The text of an answer, without the id.
		anonymous := func(err error, i *dom.Instance) string { return strings.ReplaceAll(err.Error(), i.Key(), "ID") }
		hidden := m.b1.Clone()
		hidden.DomDefinitionID = m.a
		hidden.Revision = 7
		for what, do := range map[string]func(i *dom.Instance) error{
			"update":  func(i *dom.Instance) error { _, err := m.u.DomInstances.Update(ctx, i); return err },
			"delete":  func(i *dom.Instance) error { return m.u.DomInstances.Delete(ctx, i) },
			"changed": func(i *dom.Instance) error { _, err := m.u.DomInstances.UpdateIfUnchanged(ctx, i); return err },
			"transition": func(i *dom.Instance) error {
				_, err := m.u.DomInstances.DoStatusTransition(ctx, i.ID, "x")
				return err
			},
		} {
			unknown.Revision = 7
			a, b := do(unknown), do(hidden)
			wantDenied(t, a, nil, []dom.InstanceID{unknown.ID})
			wantDenied(t, b, nil, []dom.InstanceID{hidden.ID})
			if anonymous(a, unknown) != anonymous(b, hidden) {
				t.Errorf("%s: %q and %q", what, a, b)
			}
		}
		if _, err := m.admin.DomInstances.Update(ctx, unknown); !errors.Is(err, dom.ErrObjectDidNotExist) {
			t.Errorf("who may do everything is told %v", err)
		}
	}},
	{"SEC-15 in bulk only those items fail", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		fresh, foreign := m.instance(m.a, "fresh"), m.instance(m.b, "foreign")
		stolen := m.b1.Clone()
		stolen.DomDefinitionID = m.a
		result, ok := m.u.DomInstances.TryCreateOrUpdate(ctx, []*dom.Instance{fresh, foreign, m.moved(m.a1, m.rome), stolen})
		if ok || result == nil || !slices.Equal(result.SuccessfulIDs, []dom.InstanceID{fresh.ID, m.a1.ID}) || !slices.Equal(result.UnsuccessfulIDs, []dom.InstanceID{foreign.ID, m.b1.ID}) {
			t.Fatalf("%+v", result)
		}
		wantDenied(t, &slnet.CrudFailedError{TraceData: result.TraceDataPerItem[foreign.ID]}, []dom.DefinitionID{m.b}, []dom.InstanceID{foreign.ID})
		wantDenied(t, &slnet.CrudFailedError{TraceData: result.TraceDataPerItem[m.b1.ID]}, nil, []dom.InstanceID{m.b1.ID})
		result, ok = m.u.DomInstances.TryDeleteMany(ctx, []*dom.Instance{fresh, m.b1, foreign})
		if ok || result == nil || !slices.Equal(result.SuccessfulIDs, []dom.InstanceID{fresh.ID}) || !slices.Equal(result.UnsuccessfulIDs, []dom.InstanceID{m.b1.ID, foreign.ID}) {
			t.Fatalf("%+v", result)
		}
	}},
	{"read-only links", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		readOnly := whole("us", m.a)
		readOnly.DomDefinitionReferences[0].ReadOnly = true
		m.link(t, readOnly)
		wantRead(t, m.u, ofDefinition(m.a), "a1", "a2")
		_, err := m.u.DomInstances.Update(ctx, m.a1)
		wantDenied(t, err, []dom.DefinitionID{m.a}, []dom.InstanceID{m.a1.ID})
		wantDenied(t, m.u.DomInstances.Delete(ctx, m.a1), nil, []dom.InstanceID{m.a1.ID})
		attach(t, m.admin, m.a1.ID, "x", []byte("x"))
		wantAttachment(t, m.u, m.a1.ID, "x", []byte("x"))
		if err := m.u.DomInstances.Attachments().Delete(ctx, m.a1.ID, "x"); !errors.Is(err, dom.ErrNoPermission) {
			t.Errorf("attachment deleted: %v", err)
		}
		// Everything is read, and what the values select is written.
		m.link(t, readOnly, m.byOffice("us", m.london))
		wantRead(t, m.u, ofDefinition(m.a), "a1", "a2")
		if m.a1, err = m.u.DomInstances.Update(ctx, m.a1); err != nil {
			t.Error(err)
		}
		_, err = m.u.DomInstances.Update(ctx, m.a2nd)
		wantDenied(t, err, []dom.DefinitionID{m.a}, []dom.InstanceID{m.a2nd.ID})
		// The right to write all goes before.
		m.link(t, readOnly, whole("us", m.a))
		if _, err = m.u.DomInstances.Update(ctx, m.a1); err != nil {
			t.Error(err)
		}
	}},
	{"SEC-28 attachments", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		attach(t, m.u, m.a1.ID, "x", []byte("x"))
		wantNames(t, m.u, m.a1.ID, "x")
		attach(t, m.admin, m.b1.ID, "x", []byte("x"))
		attachments := m.u.DomInstances.Attachments()
		for _, id := range []dom.InstanceID{m.b1.ID, dom.NewInstanceID()} {
			_, names := attachments.GetFileNames(ctx, id)
			_, get := attachments.Get(ctx, id, "x")
			for what, err := range map[string]error{
				"add": attachments.Add(ctx, id, "y", nil), "names": names, "get": get, "delete": attachments.Delete(ctx, id, "x"),
			} {
				if !errors.Is(err, slnet.KindPermissionDenied) || !errors.Is(err, dom.ErrNoPermission) {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
		wantNames(t, m.admin, m.b1.ID, "x")
	}},
}

var linkValueRows = []linkRow{
	{"SEC-17 access by value", func(t *testing.T, m *linkModule) {
		ctx := t.Context()
		m.link(t, m.byOffice("us", m.london))
		wantRead(t, m.u, ofDefinition(m.a), "a1")
		wantCount(t, m.u, ofDefinition(m.a), 1)
		wantRead(t, m.u, ofDefinition(m.a).And(m.textIs("a2")))
		wantRead(t, m.u, ofDefinition(m.a).Or(ofDefinition(m.a)), "a1")
		wantRead(t, m.u, withID(m.a1).Or(withID(m.a2nd)), "a1")
		page := m.u.DomInstances.PreparePaging(ofDefinition(m.a), 1)
		if ok, err := page.MoveToNextPage(ctx); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if more, err := page.HasNextPage(ctx); err != nil || more {
			t.Errorf("there is a page behind the last: %v, %v", more, err)
		}
		// Writes need the value before and after.
		if _, err := m.u.DomInstances.Update(ctx, m.moved(m.a1, m.rome, m.london)); err != nil {
			t.Error(err)
		}
		_, err := m.u.DomInstances.Update(ctx, m.moved(m.a1, m.rome))
		wantDenied(t, err, []dom.DefinitionID{m.a}, []dom.InstanceID{m.a1.ID})
		_, err = m.u.DomInstances.Update(ctx, m.moved(m.a2nd, m.london))
		wantDenied(t, err, nil, []dom.InstanceID{m.a2nd.ID})
		_, err = m.u.DomInstances.Create(ctx, m.instance(m.a, "new"))
		if !errors.Is(err, dom.ErrNoPermission) {
			t.Errorf("created: %v", err)
		}
		wantDenied(t, m.u.DomInstances.Delete(ctx, m.a2nd), nil, []dom.InstanceID{m.a2nd.ID})
		if _, err = m.u.DomInstanceHistory.Read(ctx, subject(m.a1)); err != nil {
			t.Error(err)
		}
		_, err = m.u.DomInstanceHistory.Read(ctx, subject(m.a2nd))
		wantDenied(t, err, nil, []dom.InstanceID{m.a2nd.ID})
	}},
	{"SEC-18 any item of a list counts", func(t *testing.T, m *linkModule) {
		createInstance(t, m.admin, m.instance(m.a, "both", m.paris, m.london))
		m.link(t, m.byOffice("us", m.london))
		wantRead(t, m.u, ofDefinition(m.a), "a1", "both")
	}},
	{"SEC-19 several definitions", func(t *testing.T, m *linkModule) {
		m.link(t, m.byOffice("us", m.london), whole("us", m.a2))
		f := ofDefinition(m.a).Or(ofDefinition(m.a2))
		wantDenied(t, readError(t, m.u, f), []dom.DefinitionID{m.a}, nil)
		wantDenied(t, countError(t, m.u, f), []dom.DefinitionID{m.a}, nil)
		wantRead(t, m.u, ofDefinition(m.a2), "other")
		wantRead(t, m.u, withID(m.a1).Or(withID(m.a2nd), withID(m.other), withID(m.b1)), "a1", "other")
	}},
	{"SEC-21 full access goes before", func(t *testing.T, m *linkModule) {
		m.link(t, m.byOffice("alpha", m.london), whole("Beta", m.a))
		wantRead(t, m.v, ofDefinition(m.a), "a1", "a2")
	}},
	{"SEC-22 the first group by name decides", func(t *testing.T, m *linkModule) {
		m.link(t, m.byOffice("Beta", m.paris), m.byOffice("ALPHA", m.london))
		wantRead(t, m.v, ofDefinition(m.a), "a1")
		// A change of membership counts from the next request on.
		m.groups(t, "v", nil, []string{"alpha"})
		wantRead(t, m.v, ofDefinition(m.a), "a2")
		m.groups(t, "v", []string{"alpha"}, nil)
		wantRead(t, m.v, ofDefinition(m.a), "a1")
	}},
	{"SEC-23 the first reference of a group counts", func(t *testing.T, m *linkModule) {
		m.link(t, dom.GroupLink{GroupName: "us", FieldValueReferences: []dom.FieldValueReference{
			m.offices(m.a2, m.london), m.offices(m.a, m.paris), m.offices(m.a, m.london),
		}}, m.byOffice("us", m.london))
		wantRead(t, m.u, ofDefinition(m.a), "a2")
		wantRead(t, m.u, ofDefinition(m.a2), "other")
	}},
	{"SEC-24 references that are refused", func(t *testing.T, m *linkModule) {
		helper := dom.NewModuleSettingsHelper(m.linkHouse.admin.SendSLNetMessages)
		eleven := slices.Repeat([]uuid.UUID{m.london}, 11)
		noField := m.offices(m.a, m.london)
		noField.FieldDescriptorID = dom.FieldDescriptorID{}
		mixed := m.offices(m.a, m.london)
		mixed.Values = append(mixed.Values, dom.ValueOf("text"))
		for _, test := range []struct {
			reference dom.FieldValueReference
			reason    slnet.Reason
			limit     int64
		}{
			{m.offices(dom.DefinitionID{}, m.london), dom.ErrDomSecurityFieldValueReferenceHasInvalidIDs, 0},
			{noField, dom.ErrDomSecurityFieldValueReferenceHasInvalidIDs, 0},
			{m.offices(m.a), dom.ErrDomSecurityFieldValueReferenceHasNoValues, 0},
			{m.offices(m.a, eleven...), dom.ErrDomSecurityFieldValueReferenceHasTooManyValues, 10},
			{mixed, "", 0},
		} {
			_, err := helper.ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: m.id + "_refused", DomManagerSettings: dom.DomManagerSettings{
				SecuritySettings: dom.DomManagerSecuritySettings{LinkSecurity: &dom.LinkSecuritySettings{GroupLinks: []dom.GroupLink{
					whole("us", m.a), {GroupName: "Planners", FieldValueReferences: []dom.FieldValueReference{test.reference}},
				}}},
			}})
			e := wantReason(t, err, dom.ModuleSettingsManagerError, dom.ErrInvalidDomManagerSettings)
			if test.reason == "" {
				continue
			}
			if !errors.Is(err, test.reason) || e.Properties.InnerTraceData == nil {
				t.Fatalf("%v, want %s", err, test.reason)
			}
			p := e.Properties.InnerTraceData.ErrorData[0].Properties
			if p.GroupName != "Planners" || p.Limit != test.limit || len(p.DomDefinitionIDs) != 1 || p.DomDefinitionIDs[0] != uuid.UUID(test.reference.DomDefinitionID) {
				t.Errorf("%s: %+v", test.reason, p)
			}
		}
		m.link(t, m.byOffice("us", slices.Repeat([]uuid.UUID{m.london}, 10)...))
	}},
	{"SEC-25 empty values select nothing", func(t *testing.T, m *linkModule) {
		empty := m.instance(m.a, "empty", uuid.Nil)
		blue, red := m.instance(m.a, "blue"), m.instance(m.a, "red")
		blue.AddOrUpdateFieldValue(m.section.ID, m.colour, "blue")
		red.AddOrUpdateFieldValue(m.section.ID, m.colour, "RED")
		for _, i := range []*dom.Instance{empty, blue, red} {
			createInstance(t, m.admin, i)
		}
		m.link(t, m.byOffice("us", uuid.Nil, m.london))
		wantRead(t, m.u, ofDefinition(m.a), "a1")
		m.link(t, m.byOffice("us", uuid.Nil))
		wantRead(t, m.u, ofDefinition(m.a))
		wantCount(t, m.u, ofDefinition(m.a), 0)
		m.link(t, dom.GroupLink{GroupName: "us", FieldValueReferences: []dom.FieldValueReference{{
			DomDefinitionID: m.a, FieldDescriptorID: m.colour, Values: []dom.Value{dom.ValueOf(""), dom.ValueOf("blue"), dom.ValueOf("red")},
		}}})
		wantRead(t, m.u, ofDefinition(m.a), "blue") // strings are compared exactly
	}},
}
