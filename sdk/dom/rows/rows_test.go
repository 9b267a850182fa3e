package rows_test

import (
	"bytes"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/rows"
)

func definition(t *testing.T, fields ...*dom.FieldDescriptor) (*dom.SectionDefinition, *dom.Definition, *rows.Fields) {
	t.Helper()
	section := dom.NewSectionDefinition("Order", fields...)
	d := dom.NewDefinition("Order", dom.SectionDefinitionLink{SectionDefinitionID: section.ID})
	return section, d, rows.ReadFields([]*dom.SectionDefinition{section}, d)
}

// TestValuesKeep shows that what is written is read as the same value, for each
// kind of value and for texts that look like something else.
func TestValuesKeep(t *testing.T) {
	choice := dom.NewFieldDescriptor("Choice", dom.TypeEnumInt)
	choice.Kind, choice.GenericEnum = dom.FieldGenericEnum, dom.NewGenericEnum("Choice")
	for value, name := range []string{"1", "0", "High", "high"} {
		if err := choice.GenericEnum.AddEntry(name, value); err != nil {
			t.Fatal(err)
		}
	}
	text := dom.NewFieldDescriptor("Text", dom.TypeString)
	list := dom.NewFieldDescriptor("List", dom.TypeListString)
	for _, c := range []struct {
		field *dom.FieldDescriptor
		value any
	}{
		{text, " a;b|\"c\"\n"}, {text, "[1]"}, {text, "null"},
		{list, []string{"a", "b"}}, {list, []string{"a|b", ""}}, {list, []string{" a "}}, {list, []string{`["x"]`}}, {list, []string{}}, {list, []string{"["}},
		{dom.NewFieldDescriptor("N", dom.TypeLong), int64(math.MinInt64)},
		{dom.NewFieldDescriptor("N", dom.TypeDouble), 1e300}, {dom.NewFieldDescriptor("N", dom.TypeDouble), 0.1},
		{dom.NewFieldDescriptor("B", dom.TypeBool), true},
		{dom.NewFieldDescriptor("D", dom.TypeDateTime), time.Date(2024, 5, 1, 1, 2, 3, 400, time.UTC)},
		{dom.NewFieldDescriptor("T", dom.TypeTimeSpan), 26*time.Hour + 100*time.Nanosecond},
		{dom.NewFieldDescriptor("T", dom.TypeTimeSpan), dom.TimeSpanTicks(math.MaxInt64)},
		{dom.NewFieldDescriptor("G", dom.TypeGuid), uuid.New()},
		{choice, int32(0)}, {choice, int32(1)}, {choice, int32(2)}, {choice, int32(3)},
	} {
		value := dom.ValueOf(c.value)
		written := rows.Text(c.field, value)
		read, err := rows.Style{}.Value(c.field, written)
		if err != nil || !read.Equal(value) {
			t.Errorf("%v %v is written as %q and read as %v: %v", value.Kind(), value, written, read, err)
		}
	}
}

// TestRowsKeep shows that an exported file reads as the same instances.
func TestRowsKeep(t *testing.T) {
	section, d, fields := definition(t, dom.NewFieldDescriptor("Customer", dom.TypeString), dom.NewFieldDescriptor(rows.ColumnID, dom.TypeLong))
	instance := dom.NewInstance(d.ID)
	instance.StatusID = "open"
	instance.AddOrUpdateFieldValue(section.ID, section.FieldDescriptors[0].ID, "Ann, \"the\" buyer\n")
	instance.AddOrUpdateFieldValue(section.ID, section.FieldDescriptors[1].ID, 7)
	var file bytes.Buffer
	w, err := rows.NewWriter(&file, fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(instance); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r, err := rows.NewReader(&file, d.ID, fields, rows.Options{Identified: true})
	if err != nil {
		t.Fatal(err)
	}
	read, line, err := r.Next()
	if err != nil || line != 2 || read.ID != instance.ID || read.StatusID != "open" {
		t.Fatalf("read %v in line %d: %v", read, line, err)
	}
	if !reflect.DeepEqual(read.Sections[0].FieldValues, instance.Sections[0].FieldValues) {
		t.Errorf("read %v, want %v", read.Sections[0], instance.Sections[0])
	}
	if _, _, err := r.Next(); err != io.EOF {
		t.Errorf("behind the last row: %v", err)
	}

	instance.Sections = append(instance.Sections, dom.NewSection(section.ID))
	if err := w.Write(instance); err == nil || !strings.Contains(err.Error(), "several sections") {
		t.Errorf("an instance with two sections of a kind is written: %v", err)
	}
}

// TestComplete shows that a row leaves alone what it does not speak of, and takes
// away what its cells do not have.
func TestComplete(t *testing.T) {
	section, d, fields := definition(t, dom.NewFieldDescriptor("A", dom.TypeString), dom.NewFieldDescriptor("B", dom.TypeString), dom.NewFieldDescriptor("C", dom.TypeString))
	stored := dom.NewInstance(d.ID)
	stored.StatusID = "open"
	for _, f := range section.FieldDescriptors {
		stored.AddOrUpdateFieldValue(section.ID, f.ID, "old")
	}
	r, err := rows.NewReader(strings.NewReader("DomInstanceId,A,B\n"+stored.Key()+",new,\n"), d.ID, fields, rows.Options{Identified: true})
	if err != nil {
		t.Fatal(err)
	}
	row, _, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Complete(row, stored); err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, f := range section.FieldDescriptors {
		v, _ := row.GetFieldValue(section.ID, f.ID)
		values = append(values, v.Text())
	}
	if want := []string{"new", "", "old"}; !reflect.DeepEqual(values, want) || row.StatusID != "open" || len(row.Sections) != 1 {
		t.Errorf("got %q, status %q, want %q", values, row.StatusID, want)
	}
	if v, _ := stored.GetFieldValue(section.ID, section.FieldDescriptors[0].ID); v.Text() != "old" {
		t.Error("the stored instance was changed")
	}
}
