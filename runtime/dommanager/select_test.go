package dommanager_test

import (
	"errors"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestSelectRows(t *testing.T) {
	eachDoor(t, []row{
		{"SEL-01 SEL-02 SEL-03 SEL-04", testSelectedValues},
		{"SEL-05", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("Text", dom.TypeString))
			createInstance(t, h, f.instance("a"))
			// Past the helper, which refuses it too.
			for name, exposer := range map[string]dom.Exposer{"all field values": {Name: "FieldValue"}, "full object": {Name: "FullObject"}} {
				_, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, &dom.ManagerStoreReadRequest{
					ModuleID: h.ModuleID, Kind: dom.KindInstance, Query: dom.NewQuery(dom.True()), Select: []dom.Exposer{exposer},
				})
				if !errors.Is(err, slnet.KindInvalid) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}},
		{"selected in order", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("Number", dom.TypeLong))
			for _, n := range []int{3, 1, 2} {
				createInstance(t, h, f.instance(n))
			}
			number := dom.InstanceExposers.FieldValue(f.section.FieldDescriptors[0].ID)
			query := dom.NewQuery(number.GreaterThan(1)).OrderByDescending(number).Limit(5)
			list, err := h.DomInstances.ReadSelected(t.Context(), query, number)
			if err != nil || len(list) != 2 {
				t.Fatalf("%d rows, %v", len(list), err)
			}
			for i, want := range []int64{3, 2} {
				if v, err := list[i].GetValue(number); err != nil || v.Long() != want {
					t.Errorf("row %d has %v, %v", i, v, err)
				}
			}
			none, err := h.DomInstances.ReadSelected(t.Context(), dom.NewQuery(dom.False()), number)
			if err != nil || len(none) != 0 {
				t.Errorf("none: %d rows, %v", len(none), err)
			}
		}},
		{"values of other kinds of objects", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newFixture(t, h, plainField("One", dom.TypeLong), plainField("Two", dom.TypeLong))
			instance := createInstance(t, h, f.instance(1))
			names := dom.SectionDefinitionExposers.FieldDescriptorNames
			list, err := h.SectionDefinitions.ReadSelected(t.Context(), dom.NewQuery(dom.True()), names)
			if err != nil || len(list) != 1 || list[0].Key() != f.section.Key() {
				t.Fatalf("%d rows, %v", len(list), err)
			}
			if v, ok := list[0].TryGetValues(names); !ok || len(v) != 2 || v[0].Text() != "One" || v[1].Text() != "Two" {
				t.Errorf("names %v, %v", v, ok)
			}
			user := dom.HistoryExposers.FullUsername
			changes, err := h.DomInstanceHistory.ReadSelected(t.Context(),
				dom.NewQuery(dom.HistoryExposers.SubjectID.Equal(instance.ID.ToFileFriendlyString())), user)
			if err != nil || len(changes) != 1 {
				t.Fatalf("%d records, %v", len(changes), err)
			}
			if v, err := changes[0].GetValue(user); err != nil || v.Text() != slnet.AdministratorName {
				t.Errorf("user %v, %v", v, err)
			}
		}},
	})
}

func testSelectedValues(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
	text, number, tags := plainField("Text", dom.TypeString), plainField("Number", dom.TypeLong), plainField("Tags", dom.TypeListString)
	section := createSection(t, h, dom.NewSectionDefinition("Info", text, number, tags))
	definition := createDefinition(t, h, dom.NewDefinition("Thing", dom.SectionDefinitionLink{SectionDefinitionID: section.ID, AllowMultipleSections: true}))
	instance := dom.NewInstance(definition.ID)
	for _, v := range []string{"one", "two"} {
		s := dom.NewSection(section.ID)
		s.AddOrReplaceFieldValue(text.ID, v)
		instance.Sections = append(instance.Sections, s)
	}
	instance.Sections[0].AddOrReplaceFieldValue(number.ID, 7)
	instance.Sections[1].AddOrReplaceFieldValue(tags.ID, []string{"x", "y"})
	createInstance(t, h, instance)
	bare := dom.NewInstance(definition.ID)
	bare.Sections = []*dom.Section{dom.NewSection(section.ID)}
	createInstance(t, h, bare)

	e := dom.InstanceExposers
	selected := []dom.Exposer{e.Name, e.StatusID, e.FieldValue(text.ID), e.FieldValue(number.ID), e.FieldValue(tags.ID)}
	rows := make(map[dom.InstanceID]*dom.PartialObject)
	list, err := h.DomInstances.ReadSelected(t.Context(), dom.NewQuery(dom.True()), selected...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		rows[p.InstanceID()] = p
	}
	full, empty := rows[instance.ID], rows[bare.ID]
	if full == nil || empty == nil || len(rows) != 2 {
		t.Fatalf("the rows are %v", rows)
	}
	if v, err := full.GetValue(e.FieldValue(number.ID)); err != nil || v.Kind() != dom.KindLong || v.Long() != 7 {
		t.Errorf("SEL-01 long: %v, %v", v, err)
	}
	if v, err := full.GetValues(e.FieldValue(tags.ID)); err != nil || len(v) != 2 || v[0].Text() != "x" || v[1].Text() != "y" {
		t.Errorf("SEL-01 list: %v, %v", v, err)
	}
	if v, err := full.GetValue(e.Name); err != nil || v.Text() != instance.ID.String() {
		t.Errorf("SEL-01 name: %v, %v", v, err)
	}
	for _, exposer := range selected[1:] {
		v, err := empty.GetValue(exposer)
		if _, ok := empty.TryGetValue(exposer); err != nil || v.Any() != nil || ok {
			t.Errorf("SEL-02 %s: %v, %v, %v", exposer, v, err, ok)
		}
		if values, ok := empty.TryGetValues(exposer); ok || len(values) != 0 {
			t.Errorf("SEL-02 %s: %v, %v", exposer, values, ok)
		}
	}
	if _, err := full.GetValue(e.FieldValue(text.ID)); !errors.Is(err, slnet.KindConflict) {
		t.Errorf("SEL-03: %v", err)
	}
	if v, ok := full.TryGetValues(e.FieldValue(text.ID)); !ok || len(v) != 2 {
		t.Errorf("SEL-03: %v, %v", v, ok)
	}
	if v, ok := full.TryGetValue(e.FieldValue(number.ID)); !ok || v.Text() != "" || v.Bool() {
		t.Errorf("SEL-04: %v, %v", v, ok)
	}
}
