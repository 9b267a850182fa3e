package dommanager_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// record is a module whose instances have up to four values in a section, of
// which there may be several.
type record struct {
	fixture
	fields []dom.FieldDescriptorID
}

func newRecord(t testing.TB, h *dom.DomHelper) record {
	t.Helper()
	section := dom.NewSectionDefinition("Values")
	r := record{}
	for _, name := range []string{"A", "B", "C", "D"} {
		fd := plainField(name, dom.TypeString)
		section.AddOrReplaceFieldDescriptor(fd)
		r.fields = append(r.fields, fd.ID)
	}
	createSection(t, h, section)
	definition := createDefinition(t, h, dom.NewDefinition("Record", dom.SectionDefinitionLink{
		SectionDefinitionID: section.ID, IsOptional: true, AllowMultipleSections: true,
	}))
	r.fixture = fixture{h, section, definition}
	return r
}

// create stores an instance with a section for each list of values.
func (r record) create(t testing.TB, sections ...[]string) *dom.Instance {
	t.Helper()
	instance := dom.NewInstance(r.definition.ID)
	for _, values := range sections {
		instance.Sections = append(instance.Sections, r.newSection(values...))
	}
	return createInstance(t, r.DomHelper, instance)
}

func (r record) newSection(values ...string) *dom.Section {
	section := dom.NewSection(r.section.ID)
	for i, v := range values {
		section.AddOrReplaceFieldValue(r.fields[i], v)
	}
	return section
}

func (r record) update(t testing.TB, instance *dom.Instance) {
	t.Helper()
	if _, err := r.DomInstances.Update(t.Context(), instance); err != nil {
		t.Fatal(err)
	}
}

// history is that of an instance, oldest first.
func history(t testing.TB, h *dom.DomHelper, id dom.InstanceID) []*dom.HistoryChange {
	t.Helper()
	list, err := h.DomInstanceHistory.Read(t.Context(), dom.HistoryExposers.SubjectID.Equal(id.ToFileFriendlyString()))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// wantChanges compares what history records say: for each record its changes,
// sorted, as in "Update a->b (1)" with the number of the section.
func wantChanges(t testing.TB, list []*dom.HistoryChange, instance *dom.Instance, want ...string) {
	t.Helper()
	value := func(v *dom.Value) string {
		if v == nil {
			return ""
		}
		return v.String()
	}
	var got []string
	for _, record := range list {
		var changes []string
		for _, section := range record.SectionChanges {
			number := 1 + slices.IndexFunc(instance.Sections, func(s *dom.Section) bool { return s.ID == section.SectionID })
			for _, c := range section.FieldValueChanges {
				changes = append(changes, fmt.Sprintf("%s %s->%s (%d)", c.CrudType, value(c.ValueBefore), value(c.ValueAfter), number))
			}
		}
		if s := record.StatusChange; s != nil {
			changes = append(changes, fmt.Sprintf("status %s->%s", s.StatusIDBefore, s.StatusIDAfter))
		}
		slices.Sort(changes)
		got = append(got, strings.Join(changes, ", "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the history is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestHistoryRows leaves out HIS-13, a history store that fails: there is none
// beside the store itself. A change and its record are one commit, so that
// neither is ever there without the other; see TestChangeAndRecordAreOneCommit.
func TestHistoryRows(t *testing.T) {
	onRecord := func(id string, test func(t *testing.T, conn slnet.Connection, r record)) row {
		return row{id, func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) { test(t, conn, newRecord(t, h)) }}
	}
	eachDoor(t, []row{
		onRecord("HIS-02 HIS-07", func(t *testing.T, _ slnet.Connection, r record) {
			instance := r.create(t, []string{"a", "b"})
			section := instance.Sections[0]
			section.AddOrReplaceFieldValue(r.fields[0], "changed")
			section.RemoveFieldValueByID(r.fields[1])
			section.AddOrReplaceFieldValue(r.fields[2], "added")
			r.update(t, instance)
			wantChanges(t, history(t, r.DomHelper, instance.ID), instance,
				"Create ->a (1), Create ->b (1)", "Create ->added (1), Delete b-> (1), Update a->changed (1)")
		}),
		onRecord("HIS-03", func(t *testing.T, _ slnet.Connection, r record) {
			instance := r.create(t, []string{"a"})
			r.update(t, instance)
			wantChanges(t, history(t, r.DomHelper, instance.ID), instance, "Create ->a (1)")
		}),
		{"HIS-04", testHistoryOfTransition},
		onRecord("HIS-05 TRG-04", func(t *testing.T, _ slnet.Connection, r record) {
			instance := r.create(t, []string{"a", "b"}, []string{"c", "d"})
			before := *instance.Clone()
			instance.Sections[0].AddOrReplaceFieldValue(r.fields[0], "changed")
			instance.Sections[1] = r.newSection("new")
			r.update(t, instance)
			before.Sections = append(before.Sections, instance.Sections[1]) // number 3
			wantChanges(t, history(t, r.DomHelper, instance.ID), &before,
				"Create ->a (1), Create ->b (1), Create ->c (2), Create ->d (2)",
				"Create ->new (3), Delete c-> (2), Delete d-> (2), Update a->changed (1)")
		}),
		onRecord("HIS-06", func(t *testing.T, conn slnet.Connection, r record) {
			changeSettings(t, conn, r.ModuleID, func(s *dom.DomManagerSettings) {
				s.DomInstanceHistorySettings.StorageBehavior = dom.HistoryEnabledSync
			})
			instance := r.create(t)
			for i := range 3 {
				instance.AddOrUpdateFieldValue(r.section.ID, r.fields[0], fmt.Sprint(i))
				r.update(t, instance)
				if list := history(t, r.DomHelper, instance.ID); len(list) != i+2 || list[i+1].Revision != int64(i+2) {
					t.Errorf("%d records after update %d", len(list), i+1)
				}
			}
		}),
		onRecord("HIS-08", testHistoryDisabled),
		onRecord("HIS-10 HIS-11", testHistoryFilters),
		onRecord("PAG-01 PAG-05 PAG-07 of history", testHistoryPages),
		onRecord("HIS-12", func(t *testing.T, conn slnet.Connection, r record) {
			instance := r.create(t, []string{"a"})
			made := history(t, r.DomHelper, instance.ID)[0]
			raw, err := dom.EncodeObject(made)
			if err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, r.DomHelper)
			for _, m := range []slnet.Message{
				&dom.ManagerStoreCreateRequest{ModuleID: r.ModuleID, Kind: dom.KindHistoryChange, Object: raw},
				&dom.ManagerStoreUpdateRequest{ModuleID: r.ModuleID, Kind: dom.KindHistoryChange, Object: raw},
				&dom.ManagerStoreDeleteRequest{ModuleID: r.ModuleID, Kind: dom.KindHistoryChange, Key: made.Key()},
				&dom.ManagerStoreBulkDeleteRequest{ModuleID: r.ModuleID, Kind: dom.KindHistoryChange, Keys: []string{made.Key()}},
			} {
				if _, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, m); !errors.Is(err, slnet.KindInvalid) {
					t.Errorf("%s: %v", m.MessageName(), err)
				}
			}
			if after := snapshot(t, r.DomHelper); len(after) != len(before) || after["HistoryChange "+made.Key()] != before["HistoryChange "+made.Key()] {
				t.Error("the history was changed")
			}
		}),
		onRecord("HIS-14", testHistoryOfRemovedFields),
		onRecord("history goes with its instance", func(t *testing.T, _ slnet.Connection, r record) {
			instance, other := r.create(t, []string{"a"}), r.create(t, []string{"b"})
			if err := r.DomInstances.Delete(t.Context(), instance); err != nil {
				t.Fatal(err)
			}
			wantChanges(t, history(t, r.DomHelper, instance.ID), instance)
			wantChanges(t, history(t, r.DomHelper, other.ID), other, "Create ->b (1)")
		}),
		onRecord("refused changes are not recorded", func(t *testing.T, _ slnet.Connection, r record) {
			instance := r.create(t, []string{"a"})
			bad := instance.Clone()
			bad.AddOrUpdateFieldValue(r.section.ID, r.fields[0], 5)
			if _, err := r.DomInstances.Update(t.Context(), bad); err == nil {
				t.Error("a number was accepted for a text")
			}
			wantChanges(t, history(t, r.DomHelper, instance.ID), instance, "Create ->a (1)")
		}),
		onRecord("bulk", func(t *testing.T, _ slnet.Connection, r record) {
			instance := r.create(t, []string{"a"})
			instance.Sections[0].AddOrReplaceFieldValue(r.fields[0], "b")
			created := dom.NewInstance(r.definition.ID)
			created.Sections = []*dom.Section{r.newSection("c")}
			if _, err := r.DomInstances.CreateOrUpdate(t.Context(), []*dom.Instance{instance, created}); err != nil {
				t.Fatal(err)
			}
			wantChanges(t, history(t, r.DomHelper, instance.ID), instance, "Create ->a (1)", "Update a->b (1)")
			wantChanges(t, history(t, r.DomHelper, created.ID), created, "Create ->c (1)")
		}),
	})
}

// testHistoryPages reads history in pages, whose records are those of Read.
func testHistoryPages(t *testing.T, conn slnet.Connection, r record) {
	for range 3 {
		instance := r.create(t, []string{"a"})
		for i := range 2 {
			instance.Sections[0].AddOrReplaceFieldValue(r.fields[0], fmt.Sprint(i))
			r.update(t, instance)
		}
	}
	e := dom.HistoryExposers
	for _, query := range []dom.Query{dom.NewQuery(dom.True()), dom.NewQuery(e.DmaID.Equal(1)).OrderByDescending(e.Time)} {
		want, err := r.DomInstanceHistory.ReadQuery(t.Context(), query)
		if err != nil || len(want) != 9 {
			t.Fatalf("%d records, %v, want 9", len(want), err)
		}
		pages := r.DomInstanceHistory.PreparePagingQuery(query, 3)
		var got []*dom.HistoryChange
		for n := 1; ; n++ {
			if more, err := pages.HasNextPage(t.Context()); err != nil || more != (n < 4) {
				t.Fatalf("page %d is there: %v, %v", n, more, err)
			}
			more, err := pages.MoveToNextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			page, err := pages.GetCurrentPage()
			if err != nil || len(page) != 3 {
				t.Errorf("page %d has %d records, %v", n, len(page), err)
			}
			got = append(got, page...)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the pages have %v, want %v", got, want)
		}
	}
	selected, err := r.DomInstanceHistory.PreparePagingSelected(dom.NewQuery(dom.True()), 4, e.FullUsername).GetAll(t.Context())
	if err != nil || len(selected) != 9 {
		t.Errorf("%d selected records, %v", len(selected), err)
	}
}

func testHistoryOfTransition(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	behavior := createBehavior(t, h, draftActive())
	definition := dom.NewDefinition("Order")
	definition.DomBehaviorDefinitionID = behavior.ID
	createDefinition(t, h, definition)
	instance := createInstance(t, h, dom.NewInstance(definition.ID))
	if _, err := h.DomInstances.DoStatusTransition(t.Context(), instance.ID, behavior.StatusTransitions[0].ID); err != nil {
		t.Fatal(err)
	}
	wantChanges(t, history(t, h, instance.ID), instance, "status ->draft", "status draft->active")
}

func testHistoryDisabled(t *testing.T, conn slnet.Connection, r record) {
	instance, forgotten := r.create(t, []string{"a"}), r.create(t, []string{"x"})
	instance.Sections[0].AddOrReplaceFieldValue(r.fields[0], "b")
	r.update(t, instance)
	if err := r.DomInstances.Delete(t.Context(), forgotten); err != nil {
		t.Fatal(err)
	}
	changeSettings(t, conn, r.ModuleID, func(s *dom.DomManagerSettings) {
		s.DomInstanceHistorySettings.StorageBehavior = dom.HistoryDisabled
	})
	instance.Sections[0].AddOrReplaceFieldValue(r.fields[0], "c")
	r.update(t, instance)
	unrecorded := r.create(t, []string{"y"})
	for _, gone := range []*dom.Instance{instance, unrecorded} {
		if err := r.DomInstances.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
	}
	wantChanges(t, history(t, r.DomHelper, instance.ID), instance, "Create ->a (1)", "Update a->b (1)")
	if list, err := r.DomInstanceHistory.Read(t.Context(), dom.True()); err != nil || len(list) != 2 {
		t.Errorf("the module has %d records, %v, want the two of the first instance", len(list), err)
	}
	// A definition's own setting counts before that of the module.
	r.definition.ModuleSettingsOverrides.HistorySettings = &dom.HistorySettings{}
	if _, err := r.DomDefinitions.Update(t.Context(), r.definition); err != nil {
		t.Fatal(err)
	}
	again := r.create(t, []string{"z"})
	wantChanges(t, history(t, r.DomHelper, again.ID), again, "Create ->z (1)")
	// Created again under its id, the deleted instance goes on where its history
	// ended: 3 was its last revision.
	instance.Sections[0].AddOrReplaceFieldValue(r.fields[0], "d")
	instance, err := r.DomInstances.Create(t.Context(), instance)
	if err != nil || instance.Revision != 4 {
		t.Fatalf("created again: %v, %v, want revision 4", instance, err)
	}
	instance.Sections[0].AddOrReplaceFieldValue(r.fields[0], "e")
	r.update(t, instance)
	wantChanges(t, history(t, r.DomHelper, instance.ID), instance, "Create ->a (1)", "Update a->b (1)", "Create ->d (1)", "Update d->e (1)")
}

func testHistoryFilters(t *testing.T, _ slnet.Connection, r record) {
	first, second := r.create(t, []string{"a"}), r.create(t, []string{"b"})
	first.Sections[0].AddOrReplaceFieldValue(r.fields[0], "c")
	r.update(t, first)
	records := history(t, r.DomHelper, first.ID)
	wantChanges(t, records, first, "Create ->a (1)", "Update a->c (1)")
	if len(records) != 2 {
		t.FailNow()
	}
	e := dom.HistoryExposers
	for _, c := range []struct {
		name   string
		filter dom.Filter
		want   int64
	}{
		{"HIS-10", e.SubjectID.Equal("DomInstanceId_" + second.ID.String()), 1},
		{"HIS-11 user", e.FullUsername.Equal(slnet.AdministratorName), 3},
		{"HIS-11 other user", e.FullUsername.Equal("john"), 0},
		{"HIS-11 node", e.DmaID.Equal(records[0].DmaID), 3},
		{"HIS-11 other node", e.DmaID.Equal(records[0].DmaID + 1), 0},
		{"HIS-11 id", e.ID.Equal(uuid.UUID(records[1].ID)), 1},
		{"HIS-11 time", e.Time.GreaterThan(records[0].Time).And(e.Time.LessThanOrEqual(records[1].Time)), 2},
		{"HIS-11 past", e.Time.LessThan(records[0].Time), 0},
	} {
		list, err := r.DomInstanceHistory.Read(t.Context(), c.filter)
		if err != nil || int64(len(list)) != c.want {
			t.Errorf("%s: %d records, %v, want %d", c.name, len(list), err, c.want)
		}
		if n, err := r.DomInstanceHistory.Count(t.Context(), c.filter); err != nil || n != c.want {
			t.Errorf("%s: counted %d, %v, want %d", c.name, n, err, c.want)
		}
	}
	newest, err := r.DomInstanceHistory.ReadQuery(t.Context(), dom.NewQuery(dom.True()).OrderByDescending(e.Time).Limit(1))
	if err != nil || len(newest) != 1 || newest[0].ID != records[1].ID {
		t.Errorf("the newest: %v, %v", newest, err)
	}
}

func testHistoryOfRemovedFields(t *testing.T, conn slnet.Connection, r record) {
	kept, gone := r.create(t, []string{"a", "b"}), r.create(t, []string{"c"})
	kept.Sections = nil
	r.update(t, kept)
	changeSettings(t, conn, r.ModuleID, func(s *dom.DomManagerSettings) {
		s.DomInstanceHistorySettings.StorageBehavior = dom.HistoryDisabled
	})
	if err := r.DomInstances.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	r.section.RemoveFieldDescriptor(r.fields[0])
	if _, err := r.SectionDefinitions.Update(t.Context(), r.section); err != nil {
		t.Fatal(err)
	}
	r.definition.SectionDefinitionLinks = nil
	if _, err := r.DomDefinitions.Update(t.Context(), r.definition); err != nil {
		t.Fatal(err)
	}
	if err := r.SectionDefinitions.Delete(t.Context(), r.section); err != nil {
		t.Fatal(err)
	}
	list := history(t, r.DomHelper, kept.ID)
	wantChanges(t, list, kept, "Create ->a (0), Create ->b (0)", "Delete a-> (0), Delete b-> (0)")
	wantChanges(t, history(t, r.DomHelper, gone.ID), gone, "Create ->c (1)")
	if s := list[0].SectionChanges[0]; s.SectionDefinitionID != r.section.ID || s.FieldValueChanges[0].FieldDescriptorID.IsZero() {
		t.Errorf("the record names %+v", s)
	}
}

func TestHIS15WhoWhenAndWhere(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		r := newRecord(t, newHelper(t, d.Administrator()))
		john := open(d.User("john"))
		r.DomHelper = dom.NewDomHelper(john.SendSLNetMessages, r.ModuleID)
		before := time.Now().UTC()
		instance := r.create(t, []string{"a"})
		list := history(t, r.DomHelper, instance.ID)
		if len(list) != 1 {
			t.Fatalf("%d records", len(list))
		}
		made := list[0]
		if made.FullUsername != "john" || made.DmaID != 1 || made.Time.Before(before) || made.Time.After(time.Now()) || made.Time.Location() != time.UTC ||
			made.SubjectID != "DomInstanceId_"+instance.ID.String() || made.Revision != 1 || !made.Time.Equal(instance.CreatedAt) {
			t.Errorf("the record is %+v", made)
		}
		if !strings.HasSuffix(t.Name(), "/session") {
			if made.RunID != uuid.Nil {
				t.Errorf("the record names the run %s", made.RunID)
			}
			return
		}
		run := daemontest.Send[*slnet.RunResponse](t, d.Administrator(), &slnet.GetRunMessage{ID: made.RunID}).Run
		if run.RunsAs != "john" {
			t.Errorf("the record names the run %+v", run)
		}
	})
}

// TestChangeAndRecordAreOneCommit reads instances and their history while they
// change: at every moment there is a record for each revision.
func TestChangeAndRecordAreOneCommit(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	r := newRecord(t, newHelper(t, admin))
	instance := r.create(t, []string{"0"})
	done := make(chan error, 1)
	go func() {
		for i := range 50 {
			instance.Sections[0].AddOrReplaceFieldValue(r.fields[0], fmt.Sprint(i+1))
			if _, err := r.DomInstances.Update(t.Context(), instance); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
		before := readInstance(t, r.DomHelper, instance.ID).Revision
		records := int64(len(history(t, r.DomHelper, instance.ID)))
		after := readInstance(t, r.DomHelper, instance.ID).Revision
		if records < before || records > after {
			t.Errorf("%d records between revisions %d and %d", records, before, after)
		}
	}
}
