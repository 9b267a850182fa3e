package dom_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestFiltersThatCannotBeAppliedAreRefused(t *testing.T) {
	types := func(id dom.FieldDescriptorID) dom.FieldType {
		return map[dom.FieldDescriptorID]dom.FieldType{someField: dom.TypeBool, otherField: dom.TypeListEnumInt}[id]
	}
	deep := dom.True()
	for range 1001 {
		deep = dom.Not(deep)
	}
	e := dom.InstanceExposers
	for _, c := range []struct {
		name   string
		filter dom.Filter
		text   string // part of the message
	}{
		{"no filter", dom.Filter{}, "no filter is given"},
		{"no filter inside", dom.And(dom.True(), dom.Filter{}), "no filter is given"},
		{"unknown operator", dom.Filter{Operator: "xor"}, `"xor"`},
		{"not of two", dom.Filter{Operator: dom.OperatorNot, Operands: []dom.Filter{dom.True(), dom.True()}}, "one filter"},
		{"not of none", dom.Filter{Operator: dom.OperatorNot}, "one filter"},
		{"unknown exposer", dom.Exposer{Name: "Colour"}.Equal("red"), `"Colour"`},
		{"exposer of another kind", dom.ModuleSettingsExposers.ModuleID.Equal("m"), `"ModuleId"`},
		{"unknown comparer", dom.Filter{Operator: dom.OperatorCompare, Exposer: e.Name, Comparer: "~", Value: dom.ValueOf("x")}, `"~"`},
		{"no comparer", dom.Filter{Operator: dom.OperatorCompare, Exposer: e.Name, Value: dom.ValueOf("x")}, "comparer"},
		{"FIL-46", field.Equal(nil), "nil"},
		{"FIL-46 negative", field.NotEqual(nil), "nil"},
		{"FIL-46 no value", dom.Filter{Operator: dom.OperatorCompare, Exposer: e.Name, Comparer: dom.Equals}, "no value"},
		{"FIL-47", field.Equal("true"), "Bool"},
		{"FIL-47 list", other.Contains("x"), "int"},
		{"FIL-47 property", e.CreatedAt.GreaterThan("yesterday"), "DateTime"},
		{"FIL-47 number for text", e.Name.Equal(5), "string"},
		{"text that is no Guid", e.ID.Equal("not a guid"), "Guid"},
		{"list", e.Name.Equal([]string{"a"}), "list"},
		{"malformed expression", e.Name.Regex("("), "missing closing"},
		{"expression that is no text", dom.Filter{Operator: dom.OperatorCompare, Exposer: e.Name, Comparer: dom.NotRegex, Value: dom.ValueOf(5)}, "regular expression"},
		{"invalid UTF-8", e.Name.Equal("\xff"), "UTF-8"},
		{"too deep", deep, "1000 levels"},
	} {
		err := c.filter.Check(dom.KindInstance, types)
		if !errors.Is(err, slnet.KindInvalid) || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.text)) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.text)
		}
	}
}

func TestFiltersOfOtherNumbersAndGuidTextsAreAccepted(t *testing.T) {
	types := func(dom.FieldDescriptorID) dom.FieldType { return dom.TypeDouble }
	for _, filter := range []dom.Filter{
		field.Equal(1), field.Equal(int32(1)), field.Equal(1.5),
		dom.InstanceExposers.ID.Equal(uuid.NewString()), dom.InstanceExposers.Name.Equal(uuid.New()),
		dom.InstanceExposers.SectionIDs.Contains(dom.NewSectionID()),
	} {
		if err := filter.Check(dom.KindInstance, types); err != nil {
			t.Errorf("%v: %v", filter, err)
		}
	}
	unknown := func(dom.FieldDescriptorID) dom.FieldType { return "" }
	if err := field.Equal("x").Check(dom.KindInstance, unknown); err != nil {
		t.Errorf("a field nobody knows: %v", err)
	}
}

func TestNamesFieldsFindsThemAtAnyDepth(t *testing.T) {
	named := dom.And(dom.True(), dom.Not(dom.Or(dom.False(), field.Equal(1))))
	if !named.NamesFields() {
		t.Errorf("%v names no field", named)
	}
	without := dom.And(dom.InstanceExposers.Name.Equal("x"), dom.InstanceExposers.KeyExists(someField).Equal(true))
	if without.NamesFields() {
		t.Errorf("%v names a field", without)
	}
}
