package dommanager

import (
	"fmt"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// instanceCheck validates one instance against the model. It finds all that is
// wrong, not only the first (row INS-24).
type instanceCheck struct {
	trace      *slnet.TraceData
	model      *model
	definition *dom.Definition
	old        *dom.Instance // nil for a new instance
	instance   *dom.Instance

	// oldSections are the sections of old by id, nil until they are needed.
	oldSections map[dom.SectionID]*dom.Section
	// filled says of the fields that the section last validated has values of,
	// whether they are more than an empty list.
	filled map[dom.FieldDescriptorID]bool
}

// checkInstance validates an instance that no status system applies to.
func checkInstance(trace *slnet.TraceData, m *model, definition *dom.Definition, old, instance *dom.Instance) {
	c := instanceCheck{trace: trace, model: m, definition: definition, old: old, instance: instance}
	c.sections()
	c.contents(func(s *dom.Section, d *dom.SectionDefinition) {
		c.values(s, d)
		c.required(s, d)
	})
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
// definition (rows INS-09 to INS-14, SOF-05). The module sections have a rule of
// their own, whatever a link says (dom.md 3.3).
func (c *instanceCheck) sections() {
	have := countSections(c.instance)
	c.moduleSections(have)
	var missing, invalid, multiple []uuid.UUID
	for _, link := range c.definition.SectionDefinitionLinks {
		n := have[link.SectionDefinitionID]
		delete(have, link.SectionDefinitionID)
		id := uuid.UUID(link.SectionDefinitionID)
		switch {
		case c.model.isModuleSection(link.SectionDefinitionID):
		case link.IsSoftDeleted:
			if n > 0 && n > c.before(link.SectionDefinitionID) {
				invalid = append(invalid, id)
			}
		case n == 0 && !link.IsOptional:
			missing = append(missing, id)
		case n > 1 && !link.AllowMultipleSections:
			multiple = append(multiple, id)
		}
	}
	for _, s := range c.instance.Sections {
		if have[s.SectionDefinitionID] > 0 {
			invalid = append(invalid, uuid.UUID(s.SectionDefinitionID))
			delete(have, s.SectionDefinitionID)
		}
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

func countSections(instance *dom.Instance) map[dom.SectionDefinitionID]int {
	count := make(map[dom.SectionDefinitionID]int, len(instance.Sections))
	for _, s := range instance.Sections {
		count[s.SectionDefinitionID]++
	}
	return count
}

// moduleSections validates that there is exactly one section of each module
// section (row INS-15), and takes them out of have.
func (c *instanceCheck) moduleSections(have map[dom.SectionDefinitionID]int) {
	var wrong []uuid.UUID
	for _, id := range c.model.moduleSections {
		if have[id] != 1 {
			wrong = append(wrong, uuid.UUID(id))
		}
	}
	for _, id := range c.model.moduleSections {
		delete(have, id)
	}
	if len(wrong) > 0 {
		c.fail(dom.ErrDomInstanceDoesNotContainRequiredModuleSections, slnet.ErrorProperties{SectionDefinitionIDs: wrong},
			"the instance must have exactly one section of each of the module sections %v", wrong)
	}
}

// before is how many sections of a definition the stored version has. A soft
// deleted link blocks new sections, not those that are there.
func (c *instanceCheck) before(id dom.SectionDefinitionID) int {
	if c.old == nil {
		return 0
	}
	return countSections(c.old)[id]
}

// contents validates the sections one by one, with and without a status system:
// that their ids differ and that their definitions exist. It calls check with
// each section whose definition exists.
func (c *instanceCheck) contents(check func(s *dom.Section, d *dom.SectionDefinition)) {
	seen := make(map[dom.SectionID]bool, len(c.instance.Sections))
	for i, s := range c.instance.Sections {
		properties := slnet.ErrorProperties{
			SectionDefinitionIDs: []uuid.UUID{uuid.UUID(s.SectionDefinitionID)}, SectionIDs: []uuid.UUID{uuid.UUID(s.ID)},
		}
		if seen[s.ID] {
			duplicate := properties
			duplicate.InvalidSections = properties.SectionDefinitionIDs
			c.fail(dom.ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition, duplicate,
				"section %d has the id %s of a section before it", i+1, s.ID)
		}
		seen[s.ID] = true
		d := c.model.sections[s.SectionDefinitionID]
		if d == nil {
			c.fail(dom.ErrSectionUsedInDomInstanceLinksToNonExistingSectionDefinition, properties,
				"section %d uses the section definition %s, which does not exist", i+1, s.SectionDefinitionID)
			continue
		}
		check(s, d)
	}
}

// required validates that the section last validated has values of all its
// required fields (rows INS-05 to INS-08, SOF-04, INS-25).
func (c *instanceCheck) required(s *dom.Section, d *dom.SectionDefinition) {
	var missing []slnet.AssociatedField
	var names []string
	for _, fd := range d.FieldDescriptors {
		if !fd.IsOptional && !fd.IsSoftDeleted && fd.Kind != dom.FieldStaticText && !c.filled[fd.ID] {
			missing = append(missing, associated(s, fd.ID))
			names = append(names, fd.Name)
		}
	}
	if len(missing) > 0 {
		c.failFields(dom.ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition, missing,
			fmt.Sprintf("section %q lacks values of required fields: %q", d.Name, names))
	}
}

// associated names a field of a section.
func associated(s *dom.Section, id dom.FieldDescriptorID) slnet.AssociatedField {
	return slnet.AssociatedField{
		SectionDefinitionID: uuid.UUID(s.SectionDefinitionID), SectionID: uuid.UUID(s.ID), FieldDescriptorID: uuid.UUID(id),
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
