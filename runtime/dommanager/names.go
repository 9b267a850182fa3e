package dommanager

import (
	"strings"
	"unicode/utf8"

	"domovoi.dev/sdk/dom"
)

// maxNameBytes is the most bytes of a name, that of a string value. What is
// longer is cut behind a whole character.
const maxNameBytes = maxStringBytes

// name puts the name of an instance together: by the name definition of its DOM
// definition, which overrides that of the module also when it is empty, else by
// that of the module. An empty one makes the id the name.
// (rows NAM-01 to NAM-15, DOC:DomInstanceNameDefinition)
func (m *model) name(settings *dom.ModuleSettings, d *dom.Definition, instance *dom.Instance) string {
	definition := d.ModuleSettingsOverrides.NameDefinition
	if definition == nil {
		definition = settings.DomManagerSettings.DomInstanceNameDefinition
	}
	if definition == nil || len(definition.ConcatenationItems) == 0 {
		return instance.ID.String()
	}
	var b strings.Builder
	for _, item := range definition.ConcatenationItems {
		if item.FieldDescriptorID.IsZero() {
			b.WriteString(item.Value)
		} else {
			m.writeNamePart(&b, instance, item.FieldDescriptorID)
		}
		if b.Len() > maxNameBytes {
			break
		}
	}
	return cut(b.String(), maxNameBytes)
}

// writeNamePart writes the value of a field: of the first section that has one.
// A field without a value, or one that is soft deleted, is an empty part.
func (m *model) writeNamePart(b *strings.Builder, instance *dom.Instance, id dom.FieldDescriptorID) {
	for _, s := range instance.Sections {
		value, ok := s.GetFieldValueByID(id)
		if !ok {
			continue
		}
		if d := m.sections[s.SectionDefinitionID]; d != nil {
			if fd := d.GetFieldDescriptorByID(id); fd != nil && !fd.IsSoftDeleted {
				writeShown(b, fd, value)
			}
		}
		return
	}
}

// writeShown writes a value as names show it: entries of an enumeration by their
// display name, one that is unknown by its value; the items of a list joined by
// semicolons (rows NAM-04 to NAM-10).
func writeShown(b *strings.Builder, fd *dom.FieldDescriptor, value dom.Value) {
	if fd.GenericEnum == nil {
		b.WriteString(value.String())
		return
	}
	for i, item := range value.Values() {
		if i > 0 {
			b.WriteByte(';')
		}
		if entry := fd.GenericEnum.Entry(item); entry != nil {
			b.WriteString(entry.DisplayName)
		} else {
			b.WriteString(item.String())
		}
	}
}

// cut shortens a text to a number of bytes, behind a whole character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
