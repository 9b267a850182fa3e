package dommanager

import (
	"fmt"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// maxStringBytes is the most bytes of a string value (row INS-17).
const maxStringBytes = 32_766

// checkSectionDefinition refuses field types that plain fields do not have
// (rows SD-01, SD-02).
func checkSectionDefinition(trace *slnet.TraceData, s *dom.SectionDefinition) {
	var supported []string
	for _, t := range dom.PlainFieldTypes() {
		supported = append(supported, string(t))
	}
	for _, fd := range s.FieldDescriptors {
		if fd.FieldType.IsPlain() {
			continue
		}
		trace.AddError(slnet.ErrorData{
			Type: dom.SectionDefinitionError, Reason: dom.ErrFieldTypeNotSupported,
			Message: fmt.Sprintf("field %q (%s) has the type %q; a field can be %v", fd.Name, fd.ID, fd.FieldType, supported),
			Properties: slnet.ErrorProperties{
				FieldType: string(fd.FieldType), SupportedTypes: supported,
				FieldDescriptorIDs: []uuid.UUID{uuid.UUID(fd.ID)}, SectionDefinitionIDs: []uuid.UUID{uuid.UUID(s.ID)},
			},
		})
	}
}

// instanceCheck validates one instance against the model. It finds all that is
// wrong, not only the first (row INS-24).
type instanceCheck struct {
	trace      *slnet.TraceData
	model      *model
	old        *dom.Instance // nil for a new instance
	instance   *dom.Instance
	definition *dom.Definition
}

// checkInstance validates an instance that no status system applies to.
func checkInstance(trace *slnet.TraceData, m *model, old, instance *dom.Instance) {
	c := instanceCheck{trace, m, old, instance, m.definitions[instance.DomDefinitionID]}
	if c.definition == nil {
		c.fail(dom.ErrDomInstanceRequiresLinkToValidDomDefinition,
			slnet.ErrorProperties{DomDefinitionIDs: []uuid.UUID{uuid.UUID(instance.DomDefinitionID)}},
			"the instance belongs to the DOM definition %s, which does not exist in this module", instance.DomDefinitionID)
		return
	}
	c.sections()
	for i, s := range instance.Sections {
		if d := m.sections[s.SectionDefinitionID]; d == nil {
			c.fail(dom.ErrSectionUsedInDomInstanceLinksToNonExistingSectionDefinition,
				slnet.ErrorProperties{SectionDefinitionIDs: []uuid.UUID{uuid.UUID(s.SectionDefinitionID)}, SectionIDs: []uuid.UUID{uuid.UUID(s.ID)}},
				"section %d uses the section definition %s, which does not exist", i+1, s.SectionDefinitionID)
		} else {
			c.fields(s, d)
		}
	}
	if instance.StatusID != "" {
		c.fail(dom.ErrDomInstanceContainsInvalidStatus, slnet.ErrorProperties{StatusID: instance.StatusID},
			"the instance has the status %q, but its DOM definition has no status system", instance.StatusID)
	}
}

func (c *instanceCheck) fail(reason slnet.Reason, properties slnet.ErrorProperties, format string, args ...any) {
	properties.ID = c.instance.ID.String()
	c.trace.AddError(slnet.ErrorData{
		Type: dom.InstanceError, Reason: reason, Properties: properties, Message: fmt.Sprintf(format, args...),
	})
}

// sections compares the sections of the instance with the links of its
// definition (rows INS-09 to INS-14).
func (c *instanceCheck) sections() {
	have := make(map[dom.SectionDefinitionID]int)
	for _, s := range c.instance.Sections {
		have[s.SectionDefinitionID]++
	}
	var missing, invalid, multiple []uuid.UUID
	for _, link := range c.definition.SectionDefinitionLinks {
		n := have[link.SectionDefinitionID]
		delete(have, link.SectionDefinitionID)
		id := uuid.UUID(link.SectionDefinitionID)
		switch {
		case link.IsSoftDeleted:
			if n > c.before(link.SectionDefinitionID) {
				invalid = append(invalid, id)
			}
		case n == 0 && !link.IsOptional:
			missing = append(missing, id)
		case n > 1 && !link.AllowMultipleSections:
			multiple = append(multiple, id)
		}
	}
	for id := range have {
		invalid = append(invalid, uuid.UUID(id))
	}
	if len(missing)+len(invalid) > 0 {
		c.fail(dom.ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition,
			slnet.ErrorProperties{MissingSections: missing, InvalidSections: invalid},
			"the sections do not match the DOM definition %q: missing %v, not allowed %v", c.definition.Name, missing, invalid)
	}
	if len(multiple) > 0 {
		c.fail(dom.ErrMultipleSectionsNotAllowedForSectionDefinition,
			slnet.ErrorProperties{SectionDefinitionIDs: multiple},
			"the DOM definition %q allows only one section of each of %v", c.definition.Name, multiple)
	}
}

// before is how many sections of a definition the stored version has. A soft
// deleted link blocks new sections, not those that are there.
func (c *instanceCheck) before(id dom.SectionDefinitionID) int {
	if c.old == nil {
		return 0
	}
	return len(c.old.SectionsOf(id))
}

// fields validates the values of one section.
func (c *instanceCheck) fields(s *dom.Section, d *dom.SectionDefinition) {
	var unknown, wrongType, softDeleted, missing []slnet.AssociatedField
	at := func(id dom.FieldDescriptorID) slnet.AssociatedField {
		return slnet.AssociatedField{SectionDefinitionID: uuid.UUID(d.ID), SectionID: uuid.UUID(s.ID), FieldDescriptorID: uuid.UUID(id)}
	}
	var reasons []string
	seen := make(map[dom.FieldDescriptorID]bool, len(s.FieldValues))
	for _, fv := range s.FieldValues {
		fd := d.GetFieldDescriptorByID(fv.FieldDescriptorID)
		switch {
		case fd == nil:
			unknown = append(unknown, at(fv.FieldDescriptorID))
		case seen[fd.ID]:
			wrongType = append(wrongType, at(fd.ID))
			reasons = append(reasons, fmt.Sprintf("field %q has two values", fd.Name))
		case !fd.FieldType.Accepts(fv.Value):
			wrongType = append(wrongType, at(fd.ID))
			reasons = append(reasons, fmt.Sprintf("field %q takes %s, not %s", fd.Name, fd.FieldType, describe(fv.Value)))
		case fd.IsSoftDeleted && c.changed(s, fv):
			softDeleted = append(softDeleted, at(fd.ID))
		default:
			c.size(at(fd.ID), fd, fv.Value)
		}
		seen[fv.FieldDescriptorID] = true
	}
	for _, fd := range d.FieldDescriptors {
		if fd.IsOptional || fd.IsSoftDeleted {
			continue
		}
		if v, ok := s.GetFieldValueByID(fd.ID); !ok || v.Len() == 0 {
			missing = append(missing, at(fd.ID))
		}
	}
	if len(unknown) > 0 {
		c.failFields(dom.ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor, unknown,
			fmt.Sprintf("section %q has values of fields it does not have", d.Name))
	}
	if len(wrongType) > 0 {
		c.failFields(dom.ErrDomInstanceSectionInvalidFieldValueTypes, wrongType, fmt.Sprintf("section %q: %v", d.Name, reasons))
	}
	if len(softDeleted) > 0 {
		c.failFields(dom.ErrValueForSoftDeletedFieldNotAllowed, softDeleted,
			fmt.Sprintf("section %q has new values of soft deleted fields", d.Name))
	}
	if len(missing) > 0 {
		c.failFields(dom.ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition, missing,
			fmt.Sprintf("section %q lacks values of required fields: %v", d.Name, names(d, missing)))
	}
}

func (c *instanceCheck) failFields(reason slnet.Reason, fields []slnet.AssociatedField, message string) {
	ids := make([]uuid.UUID, len(fields))
	for i, f := range fields {
		ids[i] = f.FieldDescriptorID
	}
	c.fail(reason, slnet.ErrorProperties{
		AssociatedFields: fields, FieldDescriptorIDs: ids,
		SectionDefinitionIDs: []uuid.UUID{fields[0].SectionDefinitionID},
	}, "%s", message)
}

// changed reports whether a value differs from that of the stored version.
func (c *instanceCheck) changed(s *dom.Section, fv dom.FieldValue) bool {
	if c.old == nil {
		return true
	}
	for _, was := range c.old.Sections {
		if was.ID == s.ID {
			v, ok := was.GetFieldValueByID(fv.FieldDescriptorID)
			return !ok || !v.Equal(fv.Value)
		}
	}
	return true
}

// size checks the length of strings (row INS-17).
func (c *instanceCheck) size(field slnet.AssociatedField, fd *dom.FieldDescriptor, v dom.Value) {
	for _, item := range v.Values() {
		if n := len(item.Text()); n > maxStringBytes {
			c.fail(dom.ErrValueTooLarge, slnet.ErrorProperties{
				AssociatedFields: []slnet.AssociatedField{field}, FieldDescriptorIDs: []uuid.UUID{field.FieldDescriptorID},
				ActualSize: int64(n), MaxSize: maxStringBytes,
			}, "the value of field %q has %d bytes, at most %d are allowed", fd.Name, n, maxStringBytes)
		}
	}
}

// describe names the type of a value, with that of a list's items.
func describe(v dom.Value) string {
	if v.Kind() == dom.KindList && v.ElementKind() != dom.KindInvalid {
		return "a list of " + v.ElementKind().String()
	}
	return v.Kind().String()
}

func names(d *dom.SectionDefinition, fields []slnet.AssociatedField) []string {
	var list []string
	for _, f := range fields {
		if fd := d.GetFieldDescriptorByID(dom.FieldDescriptorID(f.FieldDescriptorID)); fd != nil {
			list = append(list, fd.Name)
		}
	}
	return list
}
