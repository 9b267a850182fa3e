package dom_test

import (
	"errors"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestSD05EntriesOfAnEnumDiffer(t *testing.T) {
	enum := dom.NewGenericEnum("Priority")
	for _, c := range []struct {
		name  string
		value any
		kind  error // nil when the entry is accepted
	}{
		{"High", 1, nil},
		{"Other", 1, slnet.KindAlreadyExists},
		{"Other", int32(1), slnet.KindAlreadyExists},
		{"High", 2, slnet.KindAlreadyExists},
		{"Text", "1", nil},
		{"high", 3, nil}, // display names differ by case
		{"Big", int64(1) << 40, slnet.KindInvalid},
		{"Half", 0.5, slnet.KindInvalid},
		{"None", nil, slnet.KindInvalid},
	} {
		err := enum.AddEntry(c.name, c.value)
		if c.kind == nil && err != nil || c.kind != nil && !errors.Is(err, c.kind) {
			t.Errorf("%s %v: got %v, want %v", c.name, c.value, err, c.kind)
		}
	}
	if len(enum.Entries) != 3 {
		t.Errorf("the enum has %+v", enum.Entries)
	}
}

func TestEnumEntriesAreFoundAndRemovedByValue(t *testing.T) {
	enum := dom.NewGenericEnum("Order")
	for i, name := range []string{"C", "A", "B"} {
		if err := enum.AddEntry(name, i); err != nil {
			t.Fatal(err)
		}
	}
	if e := enum.Entry(dom.ValueOf(1)); e == nil || e.DisplayName != "A" || e.Value.Kind() != dom.KindInt {
		t.Errorf("entry 1 is %+v", e)
	}
	if e := enum.Entry(dom.ValueOf(9)); e != nil {
		t.Errorf("entry 9 is %+v", e)
	}
	if !enum.RemoveEntry(1) || enum.RemoveEntry(1) {
		t.Error("want true for the entry that is there, then false")
	}
	if len(enum.Entries) != 2 || enum.Entries[0].DisplayName != "C" || enum.Entries[1].DisplayName != "B" {
		t.Errorf("left are %+v", enum.Entries)
	}
}

func TestSD24IdsAreMadeAtConstruction(t *testing.T) {
	section := dom.NewSectionDefinition("Info", dom.NewFieldDescriptor("Name", dom.TypeString), dom.NewFieldDescriptor("Name", dom.TypeString))
	if section.ID.IsZero() || section.FieldDescriptors[0].ID.IsZero() || section.FieldDescriptors[0].ID == section.FieldDescriptors[1].ID {
		t.Errorf("ids of %+v", section)
	}
}

func TestSD25FieldsAreReplacedById(t *testing.T) {
	fd := dom.NewFieldDescriptor("First", dom.TypeString)
	section := dom.NewSectionDefinition("Info", dom.NewFieldDescriptor("Other", dom.TypeLong), fd)
	renamed := *fd
	renamed.Name = "Last"
	section.AddOrReplaceFieldDescriptor(&renamed)
	section.AddOrReplaceFieldDescriptor(nil)
	if len(section.FieldDescriptors) != 2 || section.GetFieldDescriptorByID(fd.ID).Name != "Last" {
		t.Errorf("the fields are %+v", section.FieldDescriptors)
	}
	if !section.RemoveFieldDescriptor(fd.ID) || section.RemoveFieldDescriptor(fd.ID) || section.GetFieldDescriptorByID(fd.ID) != nil {
		t.Error("want true for the field that is there, then false")
	}
}
