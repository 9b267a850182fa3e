package dommanager

import (
	"fmt"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// fit is how the content of an instance fits a status: the one it is in, or the
// one it is to move to.
type fit struct {
	unknown  []slnet.AssociatedField // values without a link in the status
	missing  []slnet.AssociatedField // required fields without a value
	invalid  []slnet.AssociatedField // required fields that a validator refuses
	why      []string                // what the validators say
	tooMany  []uuid.UUID             // definitions of which there is more than one section
	sections []uuid.UUID             // those sections
}

// fitReasons are the reasons for what does not fit.
type fitReasons struct{ unknown, missing, invalid, tooMany slnet.Reason }

var (
	currentStatus = fitReasons{
		unknown: dom.ErrDomInstanceContainsUnknownFieldsForCurrentStatus,
		missing: dom.ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus,
		invalid: dom.ErrDomInstanceHasInvalidFieldsForCurrentStatus,
		tooMany: dom.ErrMultipleSectionsNotAllowedForSectionDefinition,
	}
	nextStatus = fitReasons{
		unknown: dom.ErrDomInstanceContainsUnknownFieldsForNextStatus,
		missing: dom.ErrDomInstanceHasMissingRequiredFieldsForNextStatus,
		invalid: dom.ErrDomInstanceHasInvalidFieldsForNextStatus,
		tooMany: dom.ErrDomInstanceContainsInvalidAmountOfSectionsForNextStatus,
	}
)

// fit compares an instance with the rules of a status. old is the stored version,
// nil for a new instance. Sections whose link is soft deleted are not compared,
// and sections and fields that do not exist are neither: links to such are
// accepted (row BEH-10), and values in such are refused elsewhere.
func (m *model) fit(rules *statusRules, old, instance *dom.Instance) *fit {
	f := new(fit)
	var before map[dom.SectionID]bool
	for _, s := range instance.Sections {
		link := rules.sections[s.SectionDefinitionID]
		if link == nil && before == nil {
			before = sectionIDs(old)
		}
		if link == nil || !link.IsSoftDeleted {
			f.unlinked(m, link, s, before[s.ID])
		}
	}
	for _, link := range rules.links {
		if d := m.sections[link.SectionDefinitionID]; d != nil && !link.IsSoftDeleted {
			f.linked(m, link, d, instance.SectionsOf(d.ID))
		}
	}
	return f
}

// unlinked notes the values of a section that the status has no link for, and a
// section without values that has no link at all, unless it was there before:
// what is left of a section of an earlier status may stay (rows STA-14, STA-26).
func (f *fit) unlinked(m *model, link *statusLink, s *dom.Section, wasThere bool) {
	if m.sections[s.SectionDefinitionID] == nil {
		return
	}
	if link == nil && len(s.FieldValues) == 0 && !wasThere {
		f.unknown = append(f.unknown, associated(s, dom.FieldDescriptorID{}))
	}
	for _, fv := range s.FieldValues {
		exists := m.fieldsOf[s.SectionDefinitionID][fv.FieldDescriptorID] != nil
		if exists && !link.has(fv.FieldDescriptorID) && !m.ignored(s, fv.FieldDescriptorID) {
			f.unknown = append(f.unknown, associated(s, fv.FieldDescriptorID))
		}
	}
}

// sectionIDs are the ids of the sections of an instance, nil for none.
func sectionIDs(instance *dom.Instance) map[dom.SectionID]bool {
	if instance == nil {
		return nil
	}
	ids := make(map[dom.SectionID]bool, len(instance.Sections))
	for _, s := range instance.Sections {
		ids[s.ID] = true
	}
	return ids
}

// linked notes what is wrong with the sections of one definition.
func (f *fit) linked(m *model, link *statusLink, d *dom.SectionDefinition, sections []*dom.Section) {
	if len(sections) > 1 && !link.AllowMultipleSections {
		f.tooMany = append(f.tooMany, uuid.UUID(d.ID))
		for _, s := range sections {
			f.sections = append(f.sections, uuid.UUID(s.ID))
		}
	}
	for _, id := range link.required {
		fd := m.fieldsOf[d.ID][id]
		if fd != nil && !fd.IsSoftDeleted && fd.Kind != dom.FieldStaticText {
			f.require(m, d, fd, sections)
		}
	}
}

// require demands a value of a field: at least one in all sections together, and
// all of them valid. A list without items is no value. There is one entry for a
// field, however many of its values are wrong (rows STA-12, STA-13, STA-15,
// STA-18, STA-25).
func (f *fit) require(m *model, d *dom.SectionDefinition, fd *dom.FieldDescriptor, sections []*dom.Section) {
	found := false
	for _, s := range sections {
		v, ok := s.GetFieldValueByID(fd.ID)
		if !ok || v.Len() == 0 {
			continue
		}
		found = true
		if problem := m.invalid(fd, v); problem != "" {
			f.invalid = append(f.invalid, associated(s, fd.ID))
			f.why = append(f.why, fmt.Sprintf("field %q of %q: %s", fd.Name, d.Name, problem))
			return
		}
	}
	if found {
		return
	}
	at := &dom.Section{SectionDefinitionID: d.ID}
	if len(sections) > 0 {
		at = sections[0]
	}
	f.missing = append(f.missing, associated(at, fd.ID))
}

// report tells fail what does not fit the status.
func (f *fit) report(m *model, reasons fitReasons, status string,
	fail func(reason slnet.Reason, properties slnet.ErrorProperties, format string, args ...any)) {
	about := func(fields []slnet.AssociatedField) slnet.ErrorProperties {
		p := associatedProperties(fields)
		p.StatusID = status
		return p
	}
	if len(f.unknown) > 0 {
		fail(reasons.unknown, about(f.unknown), "the status %q does not have %v", status, m.fieldNames(f.unknown))
	}
	if len(f.missing) > 0 {
		fail(reasons.missing, about(f.missing), "the status %q requires values of %v", status, m.fieldNames(f.missing))
	}
	if len(f.invalid) > 0 {
		fail(reasons.invalid, about(f.invalid), "the status %q requires valid values: %v", status, f.why)
	}
	if len(f.tooMany) > 0 {
		fail(reasons.tooMany, slnet.ErrorProperties{
			StatusID: status, SectionDefinitionIDs: f.tooMany, SectionIDs: f.sections, InvalidSections: f.tooMany,
		}, "the status %q allows only one section of each of %v", status, f.tooMany)
	}
}
