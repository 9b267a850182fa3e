package dommanager

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/runtime/dommanager/composite"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// sectionDefinition validates a section definition: its fields, and of a stored
// one that what changes is not in use. (rows SD-01 to SD-22)
func (c *check) sectionDefinition(old, s *dom.SectionDefinition) error {
	seen := make(map[dom.FieldDescriptorID]bool, len(s.FieldDescriptors))
	for _, fd := range s.FieldDescriptors {
		field := fieldCheck{c, s, fd}
		switch {
		case fd.ID.IsZero():
			field.fail("has no id")
		case seen[fd.ID]:
			field.fail("has the id of another field of the section")
		}
		seen[fd.ID] = true
		field.all()
	}
	if old == nil {
		return nil
	}
	return c.sectionChanges(old, s)
}

// fieldCheck validates one field of a section definition.
type fieldCheck struct {
	*check
	section *dom.SectionDefinition
	fd      *dom.FieldDescriptor
}

// properties name the field in errors.
func (c fieldCheck) properties() slnet.ErrorProperties {
	return slnet.ErrorProperties{
		ID: c.section.Key(), Name: c.fd.Name,
		SectionDefinitionIDs: []uuid.UUID{uuid.UUID(c.section.ID)}, FieldDescriptorIDs: []uuid.UUID{uuid.UUID(c.fd.ID)},
	}
}

// fail adds an error about the field; format goes on after its name.
func (c fieldCheck) fail(format string, args ...any) {
	c.check.fail(dom.SectionDefinitionError, dom.ErrInvalidFieldDescriptor, c.properties(),
		"field %q (%s) %s", c.fd.Name, c.fd.ID, fmt.Sprintf(format, args...))
}

func (c fieldCheck) all() {
	c.fieldType()
	c.parts()
	if c.fd.Kind == dom.FieldGenericEnum && c.fd.GenericEnum != nil {
		c.enum()
	}
	if c.fd.DefaultValue != nil {
		c.defaultValue()
	}
	if err := checkValidators(c.fd.Validators); err != nil {
		c.fail("has a validator that cannot be used: %v", err)
	}
}

// fieldType refuses types that fields of the kind do not have (rows SD-01 to
// SD-04, dom.md part 5 no. 9).
func (c fieldCheck) fieldType() {
	types := c.fd.Kind.FieldTypes()
	if len(types) == 0 {
		c.fail("is of the kind %q, which does not exist", c.fd.Kind)
		return
	}
	if slices.Contains(types, c.fd.FieldType) {
		return
	}
	supported := make([]string, len(types))
	for i, t := range types {
		supported[i] = string(t)
	}
	properties := c.properties()
	properties.FieldType, properties.SupportedTypes = string(c.fd.FieldType), supported
	kind := "plain field"
	if c.fd.Kind != dom.FieldPlain {
		kind = "field of the kind " + string(c.fd.Kind)
	}
	c.check.fail(dom.SectionDefinitionError, dom.ErrFieldTypeNotSupported, properties,
		"field %q (%s) has the type %q; a %s can be %v", c.fd.Name, c.fd.ID, c.fd.FieldType, kind, supported)
}

// parts compares the parts of the field that belong to a kind with its kind.
func (c fieldCheck) parts() {
	kind := c.fd.Kind
	switch options := c.fd.AutoIncrement; {
	case (kind == dom.FieldAutoIncrement) != (options != nil):
		c.misplaced("AutoIncrement", dom.FieldAutoIncrement)
	case options != nil && options.AutoIncrementerID == uuid.Nil:
		c.fail("names no counter: AutoIncrementerId is empty")
	case options != nil:
		if _, err := composite.Parse(options.IDFormat); err != nil {
			c.fail("has an IdFormat that cannot be used: %v", err)
		}
	}
	if (kind == dom.FieldGenericEnum) != (c.fd.GenericEnum != nil) {
		c.misplaced("GenericEnum", dom.FieldGenericEnum)
	}
	if c.fd.Reference != nil && !isReference(kind) {
		c.fail("has reference options, which its kind %q does not have", kind)
	}
	if c.fd.StaticText != "" && kind != dom.FieldStaticText {
		c.misplaced("StaticText", dom.FieldStaticText)
	}
}

// misplaced reports a part that is missing in its kind of field, or is in
// another one.
func (c fieldCheck) misplaced(part string, kind dom.FieldDescriptorKind) {
	if c.fd.Kind == kind {
		c.fail("is of the kind %s, so it needs the part %s", kind, part)
	} else {
		c.fail("is of the kind %q, so it cannot have the part %s", c.fd.Kind, part)
	}
}

// isReference reports whether fields of the kind may have ReferenceOptions.
func isReference(kind dom.FieldDescriptorKind) bool {
	switch kind {
	case dom.FieldDomInstance, dom.FieldDomInstanceValue, dom.FieldElement, dom.FieldResource,
		dom.FieldReservation, dom.FieldServiceDefinition, dom.FieldUser, dom.FieldGroup:
		return true
	}
	return false
}

// enum validates the entries of an enumeration: values of the type of the field,
// each value and each display name once (row SD-05).
func (c fieldCheck) enum() {
	want := c.fd.FieldType.ElementKind()
	values, displayNames := make(map[string]bool), make(map[string]bool)
	entries := c.fd.GenericEnum.Entries
	for i := range entries {
		entry := &entries[i]
		entry.Value = enumNumber(entry.Value)
		if entry.Value.Kind() != want {
			c.fail("has the entry %q with the value %q, a %s; want %s", entry.DisplayName, entry.Value, entry.Value.Kind(), want)
		}
		if values[entry.Value.String()] {
			c.fail("has several entries with the value %q", entry.Value)
		}
		if displayNames[entry.DisplayName] {
			c.fail("has several entries with the display name %q", entry.DisplayName)
		}
		values[entry.Value.String()], displayNames[entry.DisplayName] = true, true
	}
}

func (c fieldCheck) defaultValue() {
	value := canonicalValue(c.fd, *c.fd.DefaultValue)
	c.fd.DefaultValue = &value
	if problem := valueProblem(c.fd, value); problem != "" {
		c.fail("has a default value that it cannot have: %s", problem)
	}
}
