package dom_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/sdk/dom"
)

// describe writes differences in short: Update London->Paris in section 1.
func describe(list []dom.FieldValueDifference, instances ...*dom.Instance) []string {
	numbers := make(map[dom.SectionID]string)
	for _, instance := range instances {
		for _, s := range instance.Sections {
			if numbers[s.ID] == "" {
				numbers[s.ID] = fmt.Sprint(len(numbers) + 1)
			}
		}
	}
	texts := make([]string, len(list))
	for i, d := range list {
		texts[i] = fmt.Sprintf("%s %s->%s in section %s", d.Type, d.ValueBefore, d.ValueAfter, numbers[d.SectionID])
	}
	slices.Sort(texts)
	return texts
}

func wantDescribed(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// changed is connected with one value changed in its first section, its second
// section removed and a third added.
func changed(before *dom.Instance) *dom.Instance {
	after := before.Clone()
	after.Sections[0].AddOrReplaceFieldValue(someField, "Leeds")
	after.Sections[1] = dom.NewSection(someSection)
	after.Sections[1].AddOrReplaceFieldValue(someField, "Rome")
	return after
}

func TestTRG04DifferencesAreKeyedBySection(t *testing.T) {
	before := connected()
	after := changed(before)
	d := dom.Differences(before, after)
	wantDescribed(t, "all", describe(d.FieldValues.Get(), before, after),
		"Create ->Rome in section 3",
		"Delete Brussels-> in section 2",
		"Delete Paris-> in section 2",
		"Update London->Leeds in section 1",
	)
	for _, f := range d.FieldValues.Get() {
		if f.SectionDefinitionID != someSection || f.FieldDescriptorID != someField && f.FieldDescriptorID != otherField {
			t.Errorf("%+v names another field", f)
		}
	}
}

func TestTRG03DifferencesNarrowInAnyOrder(t *testing.T) {
	before := connected()
	after := changed(before)
	values := dom.Differences(before, after).FieldValues
	if len(values.Created()) != 1 || len(values.Updated()) != 1 || len(values.Deleted()) != 2 {
		t.Errorf("created %d, updated %d, deleted %d", len(values.Created()), len(values.Updated()), len(values.Deleted()))
	}
	byType := func(v dom.FieldValueDifferences) dom.FieldValueDifferences { return v.OfType(dom.CrudDelete) }
	byField := func(v dom.FieldValueDifferences) dom.FieldValueDifferences { return v.OfFieldDescriptor(otherField) }
	bySection := func(v dom.FieldValueDifferences) dom.FieldValueDifferences { return v.OfSectionDefinition(someSection) }
	type narrow = func(dom.FieldValueDifferences) dom.FieldValueDifferences
	for _, chain := range [][]narrow{
		{byType, byField, bySection}, {byType, bySection, byField}, {byField, byType, bySection},
		{byField, bySection, byType}, {bySection, byType, byField}, {bySection, byField, byType},
	} {
		narrowed := values
		for _, n := range chain {
			narrowed = n(narrowed)
		}
		wantDescribed(t, "narrowed", describe(narrowed.Get(), before, after), "Delete Paris-> in section 2")
	}
	if n := len(values.OfSectionDefinition(dom.NewSectionDefinitionID()).Get()); n != 0 {
		t.Errorf("%d differences of a section definition that is not there", n)
	}
	values.Get()[0].Type = dom.CrudDelete
	if len(values.Created()) != 1 {
		t.Error("Get gives access to the list itself")
	}
}

func TestDifferencesOfCreatedAndDeletedInstances(t *testing.T) {
	instance := connected()
	instance.StatusID = "draft"
	created := dom.Differences(nil, instance)
	if n := len(created.FieldValues.Created()); n != 4 || len(created.FieldValues.Get()) != 4 || created.StatusBefore != "" || created.StatusAfter != "draft" {
		t.Errorf("created: %+v", created)
	}
	deleted := dom.Differences(instance, nil)
	if n := len(deleted.FieldValues.Deleted()); n != 4 || len(deleted.FieldValues.Get()) != 4 || deleted.StatusBefore != "draft" || deleted.StatusAfter != "" {
		t.Errorf("deleted: %+v", deleted)
	}
	if same := dom.Differences(instance, instance.Clone()); len(same.FieldValues.Get()) != 0 || same.StatusBefore != same.StatusAfter {
		t.Errorf("no change: %+v", same)
	}
	if none := dom.Differences(nil, nil); len(none.FieldValues.Get()) != 0 {
		t.Errorf("nothing: %+v", none)
	}
}

func TestDifferencesOfKindsAndLists(t *testing.T) {
	for _, c := range []struct {
		was, is any
		differ  bool
	}{
		{1, 1, false}, {1, int32(1), true}, {1, 1.0, true}, {"a", "A", true},
		{[]string{"a", "b"}, []string{"a", "b"}, false}, {[]string{"a", "b"}, []string{"b", "a"}, true}, {[]string{"a"}, "a", true},
	} {
		before := instanceWith(c.was)
		after := before.Clone()
		after.Sections[0].AddOrReplaceFieldValue(someField, c.is)
		if got := len(dom.Differences(before, after).FieldValues.Updated()) == 1; got != c.differ {
			t.Errorf("%v and %v differ: %v", c.was, c.is, got)
		}
	}
}

// merge applies what was changed since a common original to what is stored, and
// reports false when both changed the same value.
func merge(original, updated, stored *dom.Instance) (*dom.Instance, bool) {
	type place struct {
		section dom.SectionID
		field   dom.FieldDescriptorID
	}
	theirs := make(map[place]bool)
	for _, d := range dom.Differences(original, stored).FieldValues.Get() {
		theirs[place{d.SectionID, d.FieldDescriptorID}] = true
	}
	merged := stored.Clone()
	for _, d := range dom.Differences(original, updated).FieldValues.Get() {
		if theirs[place{d.SectionID, d.FieldDescriptorID}] {
			return nil, false
		}
		for _, s := range merged.Sections {
			switch {
			case s.ID != d.SectionID:
			case d.Type == dom.CrudDelete:
				s.RemoveFieldValueByID(d.FieldDescriptorID)
			default:
				s.AddOrReplaceFieldValue(d.FieldDescriptorID, d.ValueAfter)
			}
		}
	}
	return merged, true
}

func TestTRG13StaleMergeByDifferences(t *testing.T) {
	original := connected()
	updated, stored, clash := original.Clone(), original.Clone(), original.Clone()
	updated.Sections[0].AddOrReplaceFieldValue(someField, "Leeds")
	updated.Sections[1].RemoveFieldValueByID(otherField)
	stored.Sections[0].AddOrReplaceFieldValue(otherField, "Oslo")
	clash.Sections[0].AddOrReplaceFieldValue(someField, "York")

	merged, ok := merge(original, updated, stored)
	if !ok {
		t.Fatal("changes of different fields are a conflict")
	}
	wantDescribed(t, "merged", describe(dom.Differences(original, merged).FieldValues.Get(), original),
		"Delete Paris-> in section 2", "Update Helsinki->Oslo in section 1", "Update London->Leeds in section 1")
	if _, ok := merge(original, updated, clash); ok {
		t.Error("changes of the same field are no conflict")
	}
}
