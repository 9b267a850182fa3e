package filtertext

import (
	"slices"
	"strings"
	"time"

	"domovoi.dev/sdk/dom"
)

// Names is what the words of a text mean: of which objects it speaks, the names
// of their definitions, sections and fields, and the clock. The zero Names
// speaks of instances, knows no names but those of the base properties, and no
// time. Names may be used by several goroutines; copies share what they know.
type Names struct {
	// Kind is the kind of the objects; empty means dom.KindInstance.
	Kind dom.ObjectKind
	// Now is the clock behind now and today; nil makes these two an error.
	Now func() time.Time
	// Location is the time zone of dates and times without one, and of today; nil
	// means UTC.
	Location *time.Location

	fields      directory[*field]
	fieldByID   map[dom.FieldDescriptorID][]*field
	definitions *vocabulary
	sections    *vocabulary
}

// field is a field of one section.
type field struct {
	section    string
	descriptor *dom.FieldDescriptor
	entries    *vocabulary // nil when the field is no enumeration
}

// NewNames returns the names of a module's sections with their fields and
// enumerations, and of its definitions, for texts about instances. It keeps
// none of the slices; the objects must not change.
func NewNames(sections []*dom.SectionDefinition, definitions []*dom.Definition) Names {
	n := Names{fieldByID: make(map[dom.FieldDescriptorID][]*field)}
	var fields []*field
	var sectionTerms, definitionTerms []term
	for _, s := range sections {
		sectionTerms = append(sectionTerms, term{s.Name, dom.ValueOf(s.ID)})
		for _, fd := range s.FieldDescriptors {
			f := &field{section: s.Name, descriptor: fd, entries: newEnumeration(fd)}
			fields = append(fields, f)
			n.fieldByID[fd.ID] = append(n.fieldByID[fd.ID], f)
		}
	}
	for _, d := range definitions {
		definitionTerms = append(definitionTerms, term{d.Name, dom.ValueOf(d.ID)})
	}
	n.fields = newDirectory(fields, (*field).name)
	n.sections = newVocabulary("section definitions", sectionTerms)
	n.definitions = newVocabulary("definitions", definitionTerms)
	return n
}

func newEnumeration(fd *dom.FieldDescriptor) *vocabulary {
	if fd.GenericEnum == nil {
		return nil
	}
	terms := make([]term, len(fd.GenericEnum.Entries))
	for i, entry := range fd.GenericEnum.Entries {
		terms[i] = term{entry.DisplayName, entry.Value}
	}
	v := newVocabulary("entries", terms)
	v.closed = fd.FieldType.ElementKind() == dom.KindString
	return v
}

func (f *field) name() string              { return f.descriptor.Name }
func (f *field) sectionName() string       { return f.section }
func (f *field) id() dom.FieldDescriptorID { return f.descriptor.ID }

func (n Names) kind() dom.ObjectKind {
	if n.Kind == "" {
		return dom.KindInstance
	}
	return n.Kind
}

func (n Names) location() *time.Location {
	if n.Location == nil {
		return time.UTC
	}
	return n.Location
}

// fieldType is the type of a field, "" when it is unknown or when several
// sections have the field with different types.
func (n Names) fieldType(id dom.FieldDescriptorID) dom.FieldType {
	var fieldType dom.FieldType
	for i, f := range n.fieldByID[id] {
		if i > 0 && f.descriptor.FieldType != fieldType {
			return ""
		}
		fieldType = f.descriptor.FieldType
	}
	return fieldType
}

// entries are the entries of a field that is an enumeration, nil for others.
func (n Names) entries(id dom.FieldDescriptorID) *vocabulary {
	if fields := n.fieldByID[id]; len(fields) == 1 {
		return fields[0].entries
	}
	return nil
}

// fieldName is a field name as it stands in a text: of a section or of any.
type fieldName struct {
	section, name string
	inSection     bool
}

// named returns the fields a name may mean, each once. One in exactly that
// case goes before others.
func (n Names) named(name fieldName) []*field {
	found := n.fields.find(name.name)
	if name.inSection {
		found = slices.DeleteFunc(found, func(f *field) bool { return fold(f.section) != fold(name.section) })
		found = narrow(found, (*field).sectionName, name.section)
	}
	found = narrow(found, (*field).name, name.name)
	seen := make(map[dom.FieldDescriptorID]bool)
	return slices.DeleteFunc(found, func(f *field) bool {
		known := seen[f.id()]
		seen[f.id()] = true
		return known
	})
}

// resolveField returns the one field a name means. words are those that could
// stand in its place, for the error.
func (n Names) resolveField(name fieldName, at int, words []property) (dom.FieldDescriptorID, error) {
	found := n.named(name)
	switch len(found) {
	case 0:
		return dom.FieldDescriptorID{}, n.unknownField(name, at, words)
	case 1:
		return found[0].id(), nil
	}
	return dom.FieldDescriptorID{}, fail(at, "several fields are called %s; write %s",
		shorten(quoteName(name.name)), strings.Join(n.ways(found), " or "))
}

// unknownField is the error about a name that means nothing.
func (n Names) unknownField(name fieldName, at int, words []property) error {
	label := shorten(name.String())
	if name.inSection {
		if same := n.ways(n.fields.find(name.name)); len(same) > 0 {
			return fail(at, "there is no field %s%s", label, didYouMean(same))
		}
		return fail(at, "there is no field %s%s", label, suggest(label, "fields", n.ways(n.fields.things)))
	}
	var names []string
	for _, f := range n.fields.things {
		if isVisible(f.name()) {
			names = append(names, quoteName(f.name()))
		}
	}
	what := "field"
	if len(words) > 0 {
		what = "property or field"
	}
	for _, p := range words {
		names = append(names, p.word)
	}
	return fail(at, "there is no %s %s%s", what, label, suggest(label, "names", names))
}

// ways are the ways to write each of some fields.
func (n Names) ways(fields []*field) []string {
	ways := make([]string, len(fields))
	for i, f := range fields {
		ways[i] = n.qualified(f)
	}
	slices.Sort(ways)
	return ways
}

// qualified is the shortest way to write one of several fields of a name.
func (n Names) qualified(f *field) string {
	name := fieldName{f.section, f.name(), true}
	if found := n.named(name); len(found) == 1 && isWritable(name) {
		return name.String()
	}
	return fieldByID(f.id())
}

// fieldText is how a field is written: by its name where that means no other,
// else with its section, else by its id.
func (n Names) fieldText(id dom.FieldDescriptorID) string {
	fields := n.fieldByID[id]
	for _, inSection := range []bool{false, true} {
		for _, f := range fields {
			name := fieldName{f.section, f.name(), inSection}
			found := n.named(name)
			if len(found) == 1 && found[0].id() == id && isWritable(name) {
				return n.unlikeProperty(name)
			}
		}
	}
	return fieldByID(id)
}

// unlikeProperty writes a field's name so that it is not taken for that of a
// base property.
func (n Names) unlikeProperty(name fieldName) string {
	is := func(p property) bool { return p.word == fold(name.name) }
	if _, clash := findProperty(n.kind(), is); clash && !name.inSection {
		return backquote(name.name)
	}
	return name.String()
}

func fieldByID(id dom.FieldDescriptorID) string { return "field(" + id.String() + ")" }

// String is the name as it stands in a text.
func (n fieldName) String() string {
	if n.inSection {
		return quoteName(n.section) + "." + quoteName(n.name)
	}
	return quoteName(n.name)
}
