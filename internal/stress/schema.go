package stress

import (
	"fmt"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// statuses are those of every status system here; transitions lead from each to
// the next, and to itself.
var statuses = []string{"draft", "active", "done"}

// settings draws the settings of a module. Without a permission nobody may
// delete instances; see users.
func (r random) settings(moduleID string) *dom.ModuleSettings {
	s := &dom.ModuleSettings{ModuleID: moduleID}
	s.DomManagerSettings.SecuritySettings.DeleteDomInstancePermission = pick(r, []dom.Permission{dom.PermissionNone, dom.PermissionPlmDeleteDomInstances})
	s.DomManagerSettings.InformationEventSettings.Enable = r.chance(30)
	if r.chance(30) {
		s.DomManagerSettings.DomInstanceHistorySettings.StorageBehavior = dom.HistoryDisabled
	}
	return s
}

// searchTexts makes some of the fields of texts fields for text search.
func (r random) searchTexts(settings *dom.ModuleSettings, sections []*dom.SectionDefinition) {
	storage := &settings.DomManagerSettings.StorageSettings
	for _, s := range sections {
		for _, fd := range s.FieldDescriptors {
			isText := fd.FieldType == dom.TypeString || fd.FieldType == dom.TypeListString || fd.FieldType == dom.TypeEnumString
			if isText && r.chance(50) {
				storage.TextSearchFields = append(storage.TextSearchFields, fd.ID)
			}
		}
	}
}

// sectionDefinition draws a section definition with optional fields.
func (r random) sectionDefinition() *dom.SectionDefinition {
	s := &dom.SectionDefinition{ID: dom.SectionDefinitionID(r.uuid()), Name: pick(r, texts)}
	for range 1 + r.IntN(5) {
		s.FieldDescriptors = append(s.FieldDescriptors, r.field())
	}
	return s
}

// fieldTypes are the types of plain fields and of the other kinds with values
// that clients give.
var fieldTypes = slices.Concat(dom.PlainFieldTypes(), []dom.FieldType{
	dom.TypeGuid, dom.TypeListGuid, dom.TypeEnumInt, dom.TypeEnumString, dom.TypeListEnumInt, dom.TypeListEnumString,
})

func (r random) field() *dom.FieldDescriptor {
	fd := &dom.FieldDescriptor{ID: dom.FieldDescriptorID(r.uuid()), Name: pick(r, texts), FieldType: pick(r, fieldTypes), IsOptional: true}
	switch fd.FieldType {
	case dom.TypeGuid, dom.TypeListGuid:
		fd.Kind, fd.Reference = dom.FieldDomInstance, &dom.ReferenceOptions{}
	case dom.TypeEnumInt, dom.TypeListEnumInt:
		fd.Kind, fd.GenericEnum = dom.FieldGenericEnum, r.enum(func(i int) any { return int32(i*i - 3) })
	case dom.TypeEnumString, dom.TypeListEnumString:
		fd.Kind, fd.GenericEnum = dom.FieldGenericEnum, r.enum(func(i int) any { return texts[i+1] })
	}
	return fd
}

func (r random) enum(value func(i int) any) *dom.GenericEnum {
	enum := dom.NewGenericEnum("enum")
	for i := range 2 + r.IntN(4) {
		if err := enum.AddEntry(fmt.Sprintf("entry %d", i), value(i)); err != nil {
			panic(err)
		}
	}
	return enum
}

// definition draws a definition that links some of the sections.
func (r random) definition(sections []*dom.SectionDefinition) *dom.Definition {
	d := &dom.Definition{ID: dom.DefinitionID(r.uuid()), Name: pick(r, texts)}
	for _, s := range sections {
		if r.chance(70) {
			d.SectionDefinitionLinks = append(d.SectionDefinitionLinks, dom.SectionDefinitionLink{
				SectionDefinitionID: s.ID, IsOptional: true, AllowMultipleSections: r.chance(50),
			})
		}
	}
	return d
}

// behavior draws a behavior whose statuses allow every field of the sections.
func (r random) behavior(sections []*dom.SectionDefinition) *dom.BehaviorDefinition {
	b := &dom.BehaviorDefinition{ID: dom.BehaviorDefinitionID(r.uuid()), Name: pick(r, texts), InitialStatusID: statuses[0]}
	for i, status := range statuses {
		b.Statuses = append(b.Statuses, dom.Status{ID: status})
		for j := range 2 {
			b.StatusTransitions = append(b.StatusTransitions, dom.StatusTransition{
				ID: fmt.Sprintf("%s%d", status, j), FromStatusID: status, ToStatusID: statuses[(i+j)%len(statuses)],
			})
		}
	}
	linkAll(b, sections)
	return b
}

// linkAll makes every status of a behavior allow every field of the sections.
func linkAll(b *dom.BehaviorDefinition, sections []*dom.SectionDefinition) {
	b.StatusSectionDefinitionLinks = nil
	for _, status := range b.Statuses {
		for _, s := range sections {
			link := dom.StatusSectionDefinitionLink{StatusID: status.ID, SectionDefinitionID: s.ID, AllowMultipleSections: true}
			for _, fd := range s.FieldDescriptors {
				link.FieldDescriptorLinks = append(link.FieldDescriptorLinks, dom.FieldDescriptorLink{FieldDescriptorID: fd.ID})
			}
			b.StatusSectionDefinitionLinks = append(b.StatusSectionDefinitionLinks, link)
		}
	}
}

// A slot is a section an instance may have, and the fields it may fill there.
type slot struct {
	section  dom.SectionDefinitionID
	fields   []*dom.FieldDescriptor
	multiple bool
}

// slots are the sections that the instances of a definition may have.
func (m *model) slots(d *dom.Definition) (list []slot) {
	if b, ok := m.objects[dom.KindBehaviorDefinition][d.DomBehaviorDefinitionID.String()].(*dom.BehaviorDefinition); ok {
		for _, link := range b.StatusSectionDefinitionLinks {
			s, _ := m.objects[dom.KindSectionDefinition][link.SectionDefinitionID.String()].(*dom.SectionDefinition)
			if s == nil || link.StatusID != b.InitialStatusID {
				continue
			}
			at := slot{section: s.ID, multiple: true}
			for _, f := range link.FieldDescriptorLinks {
				if fd := s.GetFieldDescriptorByID(f.FieldDescriptorID); fd != nil {
					at.fields = append(at.fields, fd)
				}
			}
			list = append(list, at)
		}
		return list
	}
	for _, link := range d.SectionDefinitionLinks {
		if s, ok := m.objects[dom.KindSectionDefinition][link.SectionDefinitionID.String()].(*dom.SectionDefinition); ok {
			list = append(list, slot{s.ID, s.FieldDescriptors, link.AllowMultipleSections})
		}
	}
	return list
}

// fill gives an instance of a definition random sections and values, and keeps
// some of those it has.
func (m *model) fill(r random, instance *dom.Instance, d *dom.Definition) {
	var kept []*dom.Section
	for _, at := range m.slots(d) {
		have := instance.SectionsOf(at.section)
		if len(have) == 0 || at.multiple && r.chance(20) {
			if r.chance(70) {
				have = append(have, &dom.Section{ID: dom.SectionID(r.uuid()), SectionDefinitionID: at.section})
			}
		} else if r.chance(10) {
			have = have[1:]
		}
		if !at.multiple && len(have) > 1 {
			have = have[:1]
		}
		for _, s := range have {
			m.fillSection(r, s, at.fields)
		}
		kept = append(kept, have...)
	}
	instance.Sections = kept
}

// fillSection changes some values of a section. A value of a field that may not
// be filled goes.
func (m *model) fillSection(r random, s *dom.Section, fields []*dom.FieldDescriptor) {
	s.FieldValues = slices.DeleteFunc(s.FieldValues, func(fv dom.FieldValue) bool {
		return !slices.ContainsFunc(fields, func(fd *dom.FieldDescriptor) bool { return fd.ID == fv.FieldDescriptorID })
	})
	for _, fd := range fields {
		switch n := r.IntN(10); {
		case n < 4:
			s.AddOrReplaceFieldValue(fd.ID, r.value(fd, m.ids))
		case n < 5:
			s.RemoveFieldValueByID(fd.ID)
		}
	}
}

// spoil makes an instance one that is refused, and returns for which reason.
func (m *model) spoil(r random, instance *dom.Instance) slnet.Reason {
	switch n := r.IntN(3); {
	case n == 0 && len(instance.Sections) > 0:
		pick(r, instance.Sections).AddOrReplaceFieldValue(dom.FieldDescriptorID(r.uuid()), "x")
		return dom.ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor
	case n == 1 && len(instance.Sections) > 0:
		instance.Sections = append(instance.Sections, clone(&dom.Instance{Sections: instance.Sections[:1]}).Sections...)
		return dom.ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition
	}
	instance.DomDefinitionID = dom.DefinitionID(r.uuid())
	return dom.ErrDomInstanceRequiresLinkToValidDomDefinition
}
