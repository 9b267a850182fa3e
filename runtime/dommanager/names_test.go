package dommanager_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// nameField is a field with the value it gets; nil leaves it without one.
type nameField struct {
	*dom.FieldDescriptor
	value any
}

// field is an optional plain field.
func field(name string, fieldType dom.FieldType, value any) nameField {
	fd := dom.NewFieldDescriptor(name, fieldType)
	fd.IsOptional = true
	return nameField{fd, value}
}

// priority is an optional field of the entries Low, Medium and High with the
// values 1 to 3.
func priority(t testing.TB, fieldType dom.FieldType, value any) nameField {
	t.Helper()
	enum := dom.NewGenericEnum("Priority")
	for i, name := range []string{"Low", "Medium", "High"} {
		if err := enum.AddEntry(name, i+1); err != nil {
			t.Fatal(err)
		}
	}
	fd := dom.NewGenericEnumFieldDescriptor("Priority", fieldType, enum)
	fd.IsOptional = true
	return nameField{fd, value}
}

// named is a module whose instances have one section, or several.
type named struct {
	*dom.DomHelper
	section    *dom.SectionDefinition
	definition *dom.Definition
	fields     []nameField
}

// newNamed creates a module with a name definition, and with an overriding one
// where that is not nil.
func newNamed(t testing.TB, conn slnet.Connection, inherited, override *dom.NameDefinition, fields ...nameField) *named {
	t.Helper()
	moduleID := newModuleWith(t, conn, dom.DomManagerSettings{DomInstanceNameDefinition: inherited})
	n := &named{DomHelper: dom.NewDomHelper(conn.SendSLNetMessages, moduleID), fields: fields}
	n.section = dom.NewSectionDefinition("Data")
	for _, f := range fields {
		n.section.AddOrReplaceFieldDescriptor(f.FieldDescriptor)
	}
	n.section = createSection(t, n.DomHelper, n.section)
	definition := dom.NewDefinition("Thing", dom.SectionDefinitionLink{SectionDefinitionID: n.section.ID, AllowMultipleSections: true})
	definition.ModuleSettingsOverrides.NameDefinition = override
	n.definition = createDefinition(t, n.DomHelper, definition)
	return n
}

// instance is a new instance with one section that has the values of the fields.
func (n *named) instance() *dom.Instance {
	instance := dom.NewInstance(n.definition.ID)
	section := dom.NewSection(n.section.ID)
	for _, f := range n.fields {
		if f.value != nil {
			section.AddOrReplaceFieldValue(f.ID, f.value)
		}
	}
	instance.Sections = append(instance.Sections, section)
	return instance
}

// wantName fails the test when an instance has another name, as it was returned
// or as it is read.
func (n *named) wantName(t testing.TB, instance *dom.Instance, want string) {
	t.Helper()
	if instance.Name != want {
		t.Errorf("name %q, want %q", instance.Name, want)
	}
	if read := readInstance(t, n.DomHelper, instance.ID); read.Name != want {
		t.Errorf("read with the name %q, want %q", read.Name, want)
	}
}

// nameOf is a name definition of fields and texts.
func nameOf(parts ...any) *dom.NameDefinition {
	d := new(dom.NameDefinition)
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			d.ConcatenationItems = append(d.ConcatenationItems, dom.NameText(part))
		case nameField:
			d.ConcatenationItems = append(d.ConcatenationItems, dom.NameField(part.ID))
		}
	}
	return d
}

// nameRows are the rows that are one instance with one name.
func nameRows(t testing.TB) []struct {
	row        string
	definition *dom.NameDefinition
	fields     []nameField
	want       string
} {
	brand, model := field("Brand", dom.TypeString, "Cisco"), field("Model", dom.TypeString, "C9500-24Y4C")
	ip, year := field("IP", dom.TypeString, "10.11.5.87"), field("Year", dom.TypeLong, 2021)
	absent := field("Absent", dom.TypeString, nil)
	double := field("Double", dom.TypeDouble, 124.65)
	at := field("At", dom.TypeDateTime, time.Date(1997, 4, 10, 14, 40, 14, 0, time.UTC))
	span := field("Span", dom.TypeTimeSpan, 13*time.Hour+28*time.Minute+18*time.Second+918_733_500)
	enum := priority(t, dom.TypeEnumInt, int32(2))
	list := field("List", dom.TypeListString, []string{"A", "B"})
	enums := priority(t, dom.TypeListEnumInt, []int32{1, 3})
	id := uuid.New()
	reference := nameField{dom.NewDomInstanceFieldDescriptor("Customer", dom.TypeGuid, ""), id}
	flag := field("Flag", dom.TypeBool, true)
	return []struct {
		row        string
		definition *dom.NameDefinition
		fields     []nameField
		want       string
	}{
		{"NAM-02", nameOf(brand, " ", model, " - ", ip, " (", year, ")"), []nameField{brand, model, ip, year}, "Cisco C9500-24Y4C - 10.11.5.87 (2021)"},
		{"NAM-03", nameOf("<", absent, "> ", brand), []nameField{absent, brand}, "<> Cisco"},
		{"NAM-03 only the missing field", nameOf(absent), []nameField{absent}, ""},
		{"NAM-03 a field no section has", nameOf("<", absent, ">"), nil, "<>"},
		{"NAM-04", nameOf(double), []nameField{double}, "124.65"},
		{"NAM-06", nameOf(at), []nameField{at}, "1997-04-10T14:40:14.0000000Z"},
		{"NAM-07", nameOf(span), []nameField{span}, "13:28:18.9187335"},
		{"NAM-08", nameOf(enum), []nameField{enum}, "Medium"},
		{"NAM-09 strings", nameOf(list), []nameField{list}, "A;B"},
		{"NAM-09 entries", nameOf(enums), []nameField{enums}, "Low;High"},
		{"NAM-10", nameOf("for ", reference), []nameField{reference}, "for " + id.String()},
		{"bool", nameOf(flag), []nameField{flag}, "True"},
		{"the same field twice", nameOf(brand, "/", brand), []nameField{brand}, "Cisco/Cisco"},
	}
}

func TestNames(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		t.Run("NAM-01", func(t *testing.T) {
			brand := field("Brand", dom.TypeString, "Cisco")
			for _, definition := range []*dom.NameDefinition{nil, {}} {
				n := newNamed(t, conn, definition, nil, brand)
				instance := n.instance()
				instance.Name = "from the client"
				n.wantName(t, createInstance(t, n.DomHelper, instance), instance.ID.String())
			}
		})
		for _, row := range nameRows(t) {
			t.Run(row.row, func(t *testing.T) {
				n := newNamed(t, conn, row.definition, nil, row.fields...)
				n.wantName(t, createInstance(t, n.DomHelper, n.instance()), row.want)
			})
		}
		t.Run("NAM-12", func(t *testing.T) {
			brand := field("Brand", dom.TypeString, "Cisco")
			n := newNamed(t, conn, nameOf("a ", brand), nil, brand)
			instance := createInstance(t, n.DomHelper, n.instance())
			n.wantName(t, instance, "a Cisco")
			instance.AddOrUpdateFieldValue(n.section.ID, brand.ID, "Nokia")
			updated, err := n.DomInstances.Update(t.Context(), instance)
			if err != nil {
				t.Fatal(err)
			}
			n.wantName(t, updated, "a Nokia")
		})
		t.Run("NAM-13", func(t *testing.T) {
			brand := field("Brand", dom.TypeString, "Cisco")
			n := newNamed(t, conn, nameOf("of the module"), nameOf("override ", brand), brand)
			n.wantName(t, createInstance(t, n.DomHelper, n.instance()), "override Cisco")
			n = newNamed(t, conn, nameOf("of the module"), new(dom.NameDefinition), brand)
			instance := createInstance(t, n.DomHelper, n.instance())
			n.wantName(t, instance, instance.ID.String())
		})
		t.Run("NAM-14", func(t *testing.T) {
			number := nameField{dom.NewAutoIncrementFieldDescriptor("Number", "ORDER-{0:D6}"), nil}
			n := newNamed(t, conn, nameOf("<", number, ">"), nil, number)
			n.wantName(t, createInstance(t, n.DomHelper, n.instance()), "<ORDER-000001>")
		})
		t.Run("NAM-15", func(t *testing.T) {
			brand := field("Brand", dom.TypeString, "Cisco")
			n := newNamed(t, conn, nameOf("<", brand, ">"), nil, brand)
			instance := createInstance(t, n.DomHelper, n.instance())
			n.wantName(t, instance, "<Cisco>")
			n.section.GetFieldDescriptorByID(brand.ID).IsSoftDeleted = true
			if _, err := n.SectionDefinitions.Update(t.Context(), n.section); err != nil {
				t.Fatal(err)
			}
			updated, err := n.DomInstances.Update(t.Context(), instance)
			if err != nil {
				t.Fatal(err)
			}
			n.wantName(t, updated, "<>")
			without := dom.NewInstance(n.definition.ID)
			without.Sections = []*dom.Section{dom.NewSection(n.section.ID)}
			n.wantName(t, createInstance(t, n.DomHelper, without), "<>")
		})
		t.Run("the first section that has the field", func(t *testing.T) {
			brand := field("Brand", dom.TypeString, nil)
			n := newNamed(t, conn, nameOf(brand), nil, brand)
			instance := n.instance()
			for _, value := range []string{"second", "third"} {
				section := dom.NewSection(n.section.ID)
				section.AddOrReplaceFieldValue(brand.ID, value)
				instance.Sections = append(instance.Sections, section)
			}
			n.wantName(t, createInstance(t, n.DomHelper, instance), "second")
		})
		t.Run("a long name is cut behind a whole character", func(t *testing.T) {
			brand := field("Brand", dom.TypeString, strings.Repeat("é", 10_000))
			n := newNamed(t, conn, nameOf("x", brand, brand), nil, brand)
			n.wantName(t, createInstance(t, n.DomHelper, n.instance()), "x"+strings.Repeat("é", 16_382))
		})
	})
}
