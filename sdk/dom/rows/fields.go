// Package rows reads and writes DOM instances as text: values as people write
// them, and instances as the rows of a CSV file.
package rows

import (
	"slices"
	"strings"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Field is a field of a definition, in one of its sections.
type Field struct {
	Section *dom.SectionDefinition
	*dom.FieldDescriptor
	// Name is by what the field is known: its own name, or where that is not
	// enough those of its section and its own with a slash between them.
	Name string
}

// Fields are the fields of a definition by name.
type Fields struct {
	// All are the fields in the order of the definition.
	All    []*Field
	byName map[string]*Field
}

// ReadFields reads the sections of a definition and returns their fields.
func ReadFields(sections []*dom.SectionDefinition, definition *dom.Definition) *Fields {
	f := &Fields{byName: make(map[string]*Field)}
	count := make(map[string]int)
	for _, link := range definition.SectionDefinitionLinks {
		at := slices.IndexFunc(sections, func(s *dom.SectionDefinition) bool { return s.ID == link.SectionDefinitionID })
		if at < 0 {
			continue
		}
		for _, descriptor := range sections[at].FieldDescriptors {
			f.All = append(f.All, &Field{Section: sections[at], FieldDescriptor: descriptor, Name: descriptor.Name})
			count[descriptor.Name]++
		}
	}
	for _, field := range f.All {
		long := field.Section.Name + "/" + field.Name
		f.byName[long] = field
		if count[field.Name] > 1 || field.Name == "" || field.Name == ColumnID || field.Name == ColumnStatus {
			field.Name = long
		}
		f.byName[field.Name] = field
	}
	return f
}

// Find returns the field of a name, nil when there is none. A field is known by
// its name, and by those of its section and its own with a slash between them;
// where several fields have a name, only by the latter.
func (f *Fields) Find(name string) *Field { return f.byName[name] }

// Named returns the field of a name, and an error that says which there are.
func (f *Fields) Named(name string) (*Field, error) {
	if field := f.byName[name]; field != nil {
		return field, nil
	}
	return nil, slnet.Errorf(slnet.KindInvalid, "the definition has no field %q, or several; the fields are %s", name, f.names())
}

// names are the names of all fields.
func (f *Fields) names() string {
	names := make([]string, len(f.All))
	for i, field := range f.All {
		names[i] = field.Name
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
