package dom_test

import (
	"errors"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestVAL01SecondValueReplacesTheFirst(t *testing.T) {
	instance := instanceWith()
	instance.AddOrUpdateFieldValue(someSection, someField, "first")
	instance.AddOrUpdateFieldValue(someSection, someField, "last")
	if len(instance.Sections) != 1 || len(instance.Sections[0].FieldValues) != 1 {
		t.Fatalf("%d sections, %d values", len(instance.Sections), len(instance.Sections[0].FieldValues))
	}
	if v, ok := instance.GetFieldValue(someSection, someField); !ok || v.Text() != "last" {
		t.Errorf("the value is %q, %v", v, ok)
	}
}

func TestVAL02FirstSectionOfTheDefinitionCounts(t *testing.T) {
	instance := instanceWith("one", "two")
	instance.AddOrUpdateFieldValue(someSection, someField, "changed")
	v, _ := instance.GetFieldValue(someSection, someField)
	second, _ := instance.Sections[1].GetFieldValueByID(someField)
	if v.Text() != "changed" || second.Text() != "two" {
		t.Errorf("the sections hold %q and %q", v, second)
	}
	if !instance.RemoveFieldValue(someSection, someField) || instance.RemoveFieldValue(someSection, someField) {
		t.Error("RemoveFieldValue does not act on the first section")
	}
}

func TestVAL03AbsentValues(t *testing.T) {
	instance := instanceWith("x")
	for _, at := range []struct {
		section dom.SectionDefinitionID
		field   dom.FieldDescriptorID
	}{{someSection, otherField}, {dom.NewSectionDefinitionID(), someField}} {
		if v, ok := instance.GetFieldValue(at.section, at.field); ok || v.Kind() != dom.KindInvalid || v.Any() != nil || v.Values() != nil {
			t.Errorf("got %v, %v", v, ok)
		}
	}
}

func TestVAL04NilIsNoValue(t *testing.T) {
	if err := dom.ValueOf(nil).Err(); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("nil: %v", err)
	}
	if err := (dom.Value{}).Err(); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("the zero value: %v", err)
	}
	if err := dom.ValueOf("").Err(); err != nil {
		t.Errorf("an empty text: %v", err)
	}
}

func TestVAL05RemoveFieldValueReportsWhetherThereWasOne(t *testing.T) {
	section := dom.NewSection(someSection)
	section.AddOrReplaceFieldValue(someField, 1)
	section.AddOrReplaceFieldValue(otherField, 2)
	if !section.RemoveFieldValueByID(someField) || section.RemoveFieldValueByID(someField) {
		t.Error("want true for the value that is there, then false")
	}
	if v, ok := section.GetFieldValueByID(otherField); !ok || v.Long() != 2 {
		t.Errorf("the other value is %v, %v", v, ok)
	}
}

func TestVAL07SectionsOfADefinition(t *testing.T) {
	instance := instanceWith("a", "b")
	instance.AddOrUpdateFieldValue(dom.NewSectionDefinitionID(), otherField, "c")
	if got := instance.SectionsOf(someSection); len(got) != 2 || got[0] != instance.Sections[0] || got[1] != instance.Sections[1] {
		t.Errorf("got %d sections", len(got))
	}
	if got := instance.SectionsOf(dom.NewSectionDefinitionID()); len(got) != 0 {
		t.Errorf("got %d sections of a definition that is not there", len(got))
	}
}

func TestSTI01Stitching(t *testing.T) {
	definition := dom.NewSectionDefinition("Info", dom.NewFieldDescriptor("Name", dom.TypeString))
	known := func(id dom.SectionDefinitionID) (*dom.SectionDefinition, error) {
		if id == definition.ID {
			return definition, nil
		}
		return nil, nil
	}
	instance := dom.NewInstance(dom.NewDefinitionID())
	instance.Sections = []*dom.Section{dom.NewSection(definition.ID), dom.NewSection(dom.NewSectionDefinitionID())}
	for _, s := range instance.Sections {
		if _, err := s.GetSectionDefinition(); !errors.Is(err, slnet.KindConflict) {
			t.Errorf("not stitched: %v", err)
		}
		if _, err := s.GetFieldDescriptor(definition.FieldDescriptors[0].ID); !errors.Is(err, slnet.KindConflict) {
			t.Errorf("field of a section that is not stitched: %v", err)
		}
	}
	if err := instance.Stitch(known); err != nil {
		t.Fatal(err)
	}
	if got, err := instance.Sections[0].GetSectionDefinition(); err != nil || got != definition {
		t.Errorf("stitched: %v, %v", got, err)
	}
	if got, err := instance.Sections[0].GetFieldDescriptor(definition.FieldDescriptors[0].ID); err != nil || got != definition.FieldDescriptors[0] {
		t.Errorf("field: %v, %v", got, err)
	}
	if got, err := instance.Sections[0].GetFieldDescriptor(dom.NewFieldDescriptorID()); err != nil || got != nil {
		t.Errorf("unknown field: %v, %v", got, err)
	}
	if got, err := instance.Sections[1].GetSectionDefinition(); err != nil || got != nil {
		t.Errorf("a definition that does not exist: %v, %v", got, err)
	}
	if got, err := dom.NewSectionOf(definition).GetSectionDefinition(); err != nil || got != definition {
		t.Errorf("made from its definition: %v, %v", got, err)
	}
	broken := errors.New("broken")
	if err := instance.Stitch(func(dom.SectionDefinitionID) (*dom.SectionDefinition, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("failing resolver: %v", err)
	}
}

func TestCloneSharesNothingAndIsNotTracked(t *testing.T) {
	instance := instanceWith("original", "second")
	instance.Name, instance.StatusID, instance.ModuleID = "n", "draft", "m"
	instance.Tracking = dom.Tracking{CreatedBy: "ann", Revision: 7}
	clone := instance.Clone()
	if clone.Tracking != (dom.Tracking{}) {
		t.Errorf("the clone is tracked: %+v", clone.Tracking)
	}
	if clone.ID != instance.ID || clone.Name != "n" || clone.StatusID != "draft" || clone.ModuleID != "m" || clone.DomDefinitionID != instance.DomDefinitionID {
		t.Errorf("the clone is %+v", clone)
	}
	clone.Sections[0].AddOrReplaceFieldValue(someField, "changed")
	clone.Sections[1].ID = dom.NewSectionID()
	clone.Sections = append(clone.Sections[:1], dom.NewSection(someSection))
	if v, _ := instance.Sections[0].GetFieldValueByID(someField); v.Text() != "original" || instance.Sections[1].ID.IsZero() || len(instance.Sections) != 2 {
		t.Errorf("a change of the clone changed the original: %v", v)
	}
	if v, _ := instance.Sections[1].GetFieldValueByID(someField); v.Text() != "second" {
		t.Errorf("the second section of the original holds %v", v)
	}
}
