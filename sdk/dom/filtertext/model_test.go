package filtertext_test

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zone of the tests, wherever they run

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
)

// The model the texts of these tests, and of docs/filters.md, speak about.
var (
	customer = numbered(1, dom.NewFieldDescriptor("Customer", dom.TypeString))
	amount   = numbered(2, dom.NewFieldDescriptor("Amount", dom.TypeDouble))
	count    = numbered(3, dom.NewFieldDescriptor("Count", dom.TypeLong))
	dueDate  = numbered(4, dom.NewFieldDescriptor("Due date", dom.TypeDateTime))
	paid     = numbered(5, dom.NewFieldDescriptor("Paid", dom.TypeBool))
	priority = numbered(6, dom.NewGenericEnumFieldDescriptor("Priority", dom.TypeEnumInt, enumeration("Low", 1, "High", 3)))
	colour   = numbered(7, dom.NewGenericEnumFieldDescriptor("Colour", dom.TypeListEnumString, enumeration("Dark red", "dr", "Blue", "b")))
	tags     = numbered(8, dom.NewFieldDescriptor("Tags", dom.TypeListString))
	effort   = numbered(9, dom.NewFieldDescriptor("Effort", dom.TypeTimeSpan))
	parent   = numbered(10, dom.NewDomInstanceFieldDescriptor("Parent", dom.TypeListGuid, ""))
	weight   = numbered(11, dom.NewFieldDescriptor("Weight", dom.TypeDouble))
	weight2  = numbered(12, dom.NewFieldDescriptor("Weight", dom.TypeLong))
	status   = numbered(13, dom.NewFieldDescriptor("Status", dom.TypeString))
	inField  = numbered(14, dom.NewFieldDescriptor("in", dom.TypeString))
	tick     = numbered(15, dom.NewFieldDescriptor("Back`tick", dom.TypeString))

	info     = section(21, "Invoice info", customer, amount, count, dueDate, paid, priority, colour, tags, effort, parent)
	delivery = section(22, "Delivery", weight, status)
	parcel   = section(23, "Parcel", weight2, inField, tick)

	invoice = definition(31, "Invoice")
	order   = definition(32, "Purchase order")
	twin1   = definition(33, "Twin")
	twin2   = definition(34, "Twin")
)

func numbered(n byte, fd *dom.FieldDescriptor) *dom.FieldDescriptor {
	fd.ID = dom.FieldDescriptorID{15: n}
	return fd
}

func section(n byte, name string, fields ...*dom.FieldDescriptor) *dom.SectionDefinition {
	s := dom.NewSectionDefinition(name, fields...)
	s.ID = dom.SectionDefinitionID{15: n}
	return s
}

func definition(n byte, name string) *dom.Definition {
	return &dom.Definition{ID: dom.DefinitionID{15: n}, Name: name}
}

func enumeration(namesAndValues ...any) *dom.GenericEnum {
	e := dom.NewGenericEnum("")
	for i := 0; i < len(namesAndValues); i += 2 {
		if err := e.AddEntry(namesAndValues[i].(string), namesAndValues[i+1]); err != nil {
			panic(err)
		}
	}
	return e
}

// house are the names of the model, on a summer afternoon in Berlin.
func house(t testing.TB) filtertext.Names {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	names := filtertext.NewNames(
		[]*dom.SectionDefinition{info, delivery, parcel},
		[]*dom.Definition{invoice, order, twin1, twin2})
	names.Location = berlin
	names.Now = func() time.Time { return time.Date(2024, 6, 15, 15, 30, 0, 0, berlin) }
	return names
}

// diff is empty when two orders are the same, or two filters in all their parts.
func diff(got, want any) string {
	if filter, ok := got.(dom.Filter); ok && same(filter, want.(dom.Filter)) {
		return ""
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// same compares filters in time that grows with their depth, which cmp does not.
func same(a, b dom.Filter) bool {
	return a.Operator == b.Operator && a.Exposer == b.Exposer && a.Comparer == b.Comparer &&
		a.Value.Equal(b.Value) && a.IsOrdinal == b.IsOrdinal && slices.EqualFunc(a.Operands, b.Operands, same)
}

func value(fd *dom.FieldDescriptor) dom.Exposer { return dom.InstanceExposers.FieldValue(fd.ID) }

func exists(fd *dom.FieldDescriptor) dom.Exposer { return dom.InstanceExposers.KeyExists(fd.ID) }
