package filtertext_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
)

// TestFormatParses draws models with nasty names and filters on them, and wants
// each filter that dom accepts back from its own text.
func TestFormatParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		filter := m.drawFilter(t, 3)
		text := filtertext.Format(filter, m.names)
		if err := filter.Check(m.kind, m.fieldType); err != nil {
			if _, err := filtertext.Parse(text, m.names); err == nil {
				t.Fatalf("%s is no filter, but is read as one", text)
			}
			return
		}
		got, err := filtertext.Parse(text, m.names)
		if err != nil {
			t.Fatalf("Parse(%s): %v", text, err)
		}
		if d := diff(got, filter); d != "" {
			t.Fatalf("%s is read as another filter:\n%s", text, d)
		}
		if again := filtertext.Format(got, m.names); again != text {
			t.Fatalf("%s is written again as %s", text, again)
		}
	})
}

func TestFormatOrderParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		var orders []dom.Order
		for range rapid.IntRange(0, 4).Draw(t, "orders") {
			orders = append(orders, dom.Order{Exposer: m.drawExposer(t), Descending: rapid.Bool().Draw(t, "descending")})
		}
		text := filtertext.FormatOrder(orders, m.names)
		got, err := filtertext.ParseOrder(text, m.names)
		if err != nil {
			t.Fatalf("ParseOrder(%s): %v", text, err)
		}
		if d := diff(got, orders); d != "" {
			t.Fatalf("%s is read as another order:\n%s", text, d)
		}
	})
}

// nastyNames are as names of fields, sections, definitions and entries come,
// or might.
var nastyNames = []string{
	"", "a", "A", "b", "Amount", "amount", "Due date", "name", "Status", "field", "and", "NOT", "in", "true", "desc", "ordinal",
	"a.b", "a`b", "`", "``", `"`, "it's", `back\slash`, "x\ny", "\u200b", "\u202e", " a", "a ", "ä", "a\u0308", "Ωmega", "ẞ", "İ", "名前", "😀",
	"1", "1a", "now", "2024-05-01", "6c5d2f0e-8f5b-4b0c-9d4e-0f5a1b2c3d4e", "field(x)", "string", "\ufffd", "-", "_",
}

type model struct {
	kind     dom.ObjectKind
	names    filtertext.Names
	types    map[dom.FieldDescriptorID]dom.FieldType
	fields   []*dom.FieldDescriptor
	ids      []dom.DefinitionID
	sections []dom.SectionDefinitionID
}

func (m *model) fieldType(id dom.FieldDescriptorID) dom.FieldType { return m.types[id] }

var allTypes = append(dom.PlainFieldTypes(), dom.TypeGuid, dom.TypeListGuid, dom.TypeEnumInt, dom.TypeEnumString, dom.TypeListEnumInt, dom.TypeListEnumString)

func drawModel(t *rapid.T) *model {
	name := rapid.SampledFrom(nastyNames)
	m := &model{types: make(map[dom.FieldDescriptorID]dom.FieldType)}
	var sections []*dom.SectionDefinition
	var definitions []*dom.Definition
	for range rapid.IntRange(0, 3).Draw(t, "sections") {
		s := section(byte(len(sections)+100), name.Draw(t, "section"))
		for range rapid.IntRange(0, 6).Draw(t, "fields") {
			fd := dom.NewFieldDescriptor(name.Draw(t, "field"), rapid.SampledFrom(allTypes).Draw(t, "type"))
			drawEntries(t, fd)
			m.fields = append(m.fields, numbered(byte(len(m.fields)+1), fd))
			m.types[fd.ID] = fd.FieldType
			s.AddOrReplaceFieldDescriptor(fd)
		}
		sections = append(sections, s)
		m.sections = append(m.sections, s.ID)
	}
	for range rapid.IntRange(0, 4).Draw(t, "definitions") {
		d := definition(byte(len(definitions)+200), name.Draw(t, "definition"))
		definitions = append(definitions, d)
		m.ids = append(m.ids, d.ID)
	}
	m.fields = append(m.fields, numbered(255, dom.NewFieldDescriptor("", dom.TypeString)))
	m.ids = append(m.ids, dom.DefinitionID{15: 255})
	m.sections = append(m.sections, dom.SectionDefinitionID{15: 255})
	m.names = filtertext.NewNames(sections, definitions)
	kinds := append(dom.ObjectKinds(), dom.KindHistoryChange, dom.KindStatusChange, dom.KindInstance, dom.KindInstance, dom.KindInstance, dom.KindInstance)
	m.kind = rapid.SampledFrom(kinds).Draw(t, "kind")
	m.names.Kind = m.kind
	return m
}

func drawEntries(t *rapid.T, fd *dom.FieldDescriptor) {
	if !strings.Contains(string(fd.FieldType), "Enum") {
		return
	}
	fd.Kind, fd.GenericEnum = dom.FieldGenericEnum, dom.NewGenericEnum("")
	for range rapid.IntRange(0, 4).Draw(t, "entries") {
		var value any = rapid.SampledFrom(nastyNames).Draw(t, "value")
		if fd.FieldType.ElementKind() == dom.KindInt {
			value = rapid.Int32Range(-2, 2).Draw(t, "value")
		}
		// Entries that are there already are left out.
		_ = fd.GenericEnum.AddEntry(rapid.SampledFrom(nastyNames).Draw(t, "entry"), value)
	}
}

func (m *model) drawExposer(t *rapid.T) dom.Exposer {
	all := exposers(m.kind)
	if m.kind == dom.KindInstance && rapid.Bool().Draw(t, "of a field") {
		id := rapid.SampledFrom(m.fields).Draw(t, "field").ID
		return rapid.SampledFrom([]dom.Exposer{dom.InstanceExposers.FieldValue(id), dom.InstanceExposers.FieldValue(id), dom.InstanceExposers.KeyExists(id)}).Draw(t, "exposer")
	}
	return rapid.SampledFrom(all).Draw(t, "exposer")
}

var comparers = []dom.Comparer{
	dom.Equals, dom.Equals, dom.Equals, dom.NotEquals, dom.GreaterThan, dom.GreaterThanOrEqual,
	dom.LessThan, dom.LessThanOrEqual, dom.Contains, dom.NotContains, dom.Regex, dom.NotRegex,
}

func (m *model) drawFilter(t *rapid.T, depth int) dom.Filter {
	shape := rapid.IntRange(0, 9).Draw(t, "shape")
	if depth == 0 {
		shape = max(shape, 4)
	}
	switch shape {
	case 0:
		return dom.And(m.drawFilters(t, depth)...)
	case 1:
		return dom.Or(m.drawFilters(t, depth)...)
	case 2:
		return dom.Not(m.drawFilter(t, depth-1))
	case 3:
		first := m.drawLeaf(t)
		first.Comparer = dom.Equals
		all := []dom.Filter{first}
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			next := first
			next.Value = m.drawValue(t, first.Exposer)
			all = append(all, next)
		}
		return dom.Or(all...)
	case 4:
		return rapid.SampledFrom([]dom.Filter{dom.True(), dom.False(), {}}).Draw(t, "constant")
	}
	return m.drawLeaf(t)
}

func (m *model) drawFilters(t *rapid.T, depth int) []dom.Filter {
	var filters []dom.Filter
	for range rapid.IntRange(0, 3).Draw(t, "operands") {
		filters = append(filters, m.drawFilter(t, depth-1))
	}
	return filters
}

func (m *model) drawLeaf(t *rapid.T) dom.Filter {
	leaf := dom.Filter{
		Operator: dom.OperatorCompare, Exposer: m.drawExposer(t),
		Comparer:  rapid.SampledFrom(comparers).Draw(t, "comparer"),
		IsOrdinal: rapid.Bool().Draw(t, "ordinal"),
	}
	leaf.Value = m.drawValue(t, leaf.Exposer)
	return leaf
}

// drawValue draws a value that often, but not always, can be compared with an
// exposer.
func (m *model) drawValue(t *rapid.T, e dom.Exposer) dom.Value {
	for range 10 {
		v := m.drawAnyValue(t)
		if e.Equal(v).Check(m.kind, m.fieldType) == nil {
			return v
		}
	}
	return m.drawAnyValue(t)
}

func (m *model) drawAnyValue(t *rapid.T) dom.Value {
	switch rapid.IntRange(0, 11).Draw(t, "kind of value") {
	case 0:
		return dom.ValueOf(rapid.SampledFrom([]int64{0, 1, -1, 3, math.MaxInt64, math.MinInt64, 1<<53 + 1}).Draw(t, "long"))
	case 1:
		return dom.ValueOf(rapid.Int32().Draw(t, "int"))
	case 2:
		return dom.ValueOf(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1.5, 1e300, 5e-324, 1e15, math.Inf(1), math.Inf(-1), math.NaN()}).Draw(t, "double"))
	case 3:
		return dom.ValueOf(rapid.Float64().Draw(t, "double"))
	case 4:
		return dom.ValueOf(rapid.Bool().Draw(t, "bool"))
	case 5:
		return dom.ValueOf(time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "second"), rapid.Int64Range(0, 999999999).Draw(t, "ns")))
	case 6:
		return dom.TimeSpanTicks(rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 0, -1})).Draw(t, "ticks"))
	case 7:
		return dom.ValueOf(rapid.SampledFrom(m.ids).Draw(t, "definition"))
	case 8:
		return dom.ValueOf(rapid.SampledFrom(m.sections).Draw(t, "section"))
	case 9:
		return dom.ValueOf([]any{m.drawAnyValue(t)}[:rapid.IntRange(0, 1).Draw(t, "items")])
	case 10:
		return dom.ValueOf(rapid.String().Draw(t, "text"))
	}
	return dom.ValueOf(rapid.SampledFrom(nastyNames).Draw(t, "text"))
}

// TestFormatRefused wants what is no filter to look like none.
func TestFormatRefused(t *testing.T) {
	names := house(t)
	for _, f := range []dom.Filter{
		{}, {Operator: "xor"}, {Operator: dom.OperatorNot}, dom.Not(dom.Filter{}),
		dom.InstanceExposers.Name.Equal(nil), dom.Exposer{Name: "Other"}.Equal("x"),
		{Operator: dom.OperatorCompare, Exposer: dom.InstanceExposers.Name, Comparer: "like", Value: dom.ValueOf("x")},
		value(amount).Equal("x"), value(customer).Equal(1),
	} {
		text := filtertext.Format(f, names)
		if got, err := filtertext.Parse(text, names); err == nil {
			t.Errorf("%s is read as %v", text, got)
		}
	}
}

// TestFormatDeep wants the deepest filter that dom accepts back.
func TestFormatDeep(t *testing.T) {
	names := house(t)
	for _, wrap := range []func(dom.Filter) dom.Filter{
		dom.Not,
		func(f dom.Filter) dom.Filter { return dom.And(f) },
		func(f dom.Filter) dom.Filter { return dom.Or(f, dom.True()) },
		func(f dom.Filter) dom.Filter { return dom.And(dom.True(), dom.Not(f)) },
	} {
		f := exists(customer).Equal(true)
		for next := wrap(f); next.Check(dom.KindInstance, nil) == nil; next = wrap(next) {
			f = next
		}
		got, err := filtertext.Parse(filtertext.Format(f, names), names)
		if err != nil {
			t.Error(err)
		} else if !same(got, f) {
			t.Error("the deepest filter is read as another")
		}
	}
}
