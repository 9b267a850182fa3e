package dommanager

import (
	"bytes"
	"errors"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// sectionChanges looks whether what a new version of a section definition
// changes and removes is in use. What does not concern stored values, such as
// names and tooltips, may always change (row SD-06).
func (c *check) sectionChanges(old, s *dom.SectionDefinition) error {
	now := make(map[dom.FieldDescriptorID]*dom.FieldDescriptor, len(s.FieldDescriptors))
	for _, fd := range s.FieldDescriptors {
		now[fd.ID] = fd
	}
	var removed []dom.FieldDescriptorID
	for _, was := range old.FieldDescriptors {
		is := now[was.ID]
		if is == nil {
			removed = append(removed, was.ID)
			continue
		}
		if err := c.fieldChange(fieldCheck{c, s, is}, was); err != nil {
			return err
		}
	}
	return c.fieldRemovals(s, removed)
}

// fieldChange looks whether a field with values on instances changes in a way
// that its values do not allow (rows SD-07, SD-08, SD-17 to SD-20).
func (c *check) fieldChange(field fieldCheck, was *dom.FieldDescriptor) error {
	what := changeOfValues(was, field.fd)
	if what == "" {
		return c.enumChange(field, was)
	}
	ids, err := c.instances(hasValue(field.section.ID, was.ID))
	if err != nil || len(ids) == 0 {
		return err
	}
	properties := field.properties()
	properties.DomInstanceIDs = ids
	c.fail(dom.SectionDefinitionError, dom.ErrSectionDefinitionInUseByDomInstances, properties,
		"the %s of field %q (%s) cannot change while instances have values of it", what, field.fd.Name, field.fd.ID)
	return nil
}

// changeOfValues names what changes between two versions of a field that its
// values depend on, "" when nothing does.
func changeOfValues(was, is *dom.FieldDescriptor) string {
	switch {
	case was.FieldType != is.FieldType:
		return "type"
	case was.Kind != is.Kind:
		return "kind"
	case was.AutoIncrement == nil || is.AutoIncrement == nil:
		return ""
	case was.AutoIncrement.AutoIncrementerID != is.AutoIncrement.AutoIncrementerID:
		return "counter"
	case was.AutoIncrement.IDFormat != is.AutoIncrement.IDFormat:
		return "format"
	}
	return ""
}

// enumChange looks whether entries that are removed from an enumeration, or get
// another value, are in use (rows SD-17 to SD-20).
func (c *check) enumChange(field fieldCheck, was *dom.FieldDescriptor) error {
	if was.GenericEnum == nil || field.fd.GenericEnum == nil {
		return nil
	}
	kept := make(map[string]bool, len(field.fd.GenericEnum.Entries))
	for _, entry := range field.fd.GenericEnum.Entries {
		kept[entry.Value.String()] = true
	}
	for _, entry := range was.GenericEnum.Entries {
		if kept[entry.Value.String()] {
			continue
		}
		uses := dom.InstanceExposers.FieldValue(was.ID).Equal(entry.Value).Ordinal()
		ids, err := c.instances(dom.And(inSection(field.section.ID), uses))
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			continue
		}
		properties := field.properties()
		properties.DomInstanceIDs, properties.Name, properties.Value = ids, entry.DisplayName, entry.Value.String()
		c.fail(dom.SectionDefinitionError, dom.ErrGenericEnumEntryInUseByDomInstances, properties,
			"entry %q (%s) of field %q (%s) cannot be removed while instances use it", entry.DisplayName, entry.Value, field.fd.Name, field.fd.ID)
	}
	return nil
}

// inSection selects the instances with a section of a section definition.
func inSection(section dom.SectionDefinitionID) dom.Filter {
	return dom.InstanceExposers.SectionDefinitionIDs.Equal(section)
}

// hasValue selects the instances that have a value of a field of a section
// definition.
func hasValue(section dom.SectionDefinitionID, field dom.FieldDescriptorID) dom.Filter {
	return dom.And(inSection(section), dom.InstanceExposers.KeyExists(field).Equal(true))
}

// fieldRemovals looks whether fields that are removed are in use: by values, in
// the module settings, in overrides of definitions, in status links (rows SD-09
// to SD-14, RN 37395).
func (c *check) fieldRemovals(s *dom.SectionDefinition, removed []dom.FieldDescriptorID) error {
	if len(removed) == 0 {
		return nil
	}
	settings, err := c.moduleSettings()
	if err != nil {
		return err
	}
	all := slnet.ErrorProperties{ID: s.Key(), Name: s.Name, SectionDefinitionIDs: []uuid.UUID{uuid.UUID(s.ID)}}
	for _, id := range removed {
		ids, err := c.instances(hasValue(s.ID, id))
		if err != nil {
			return err
		}
		inSettings := slices.ContainsFunc(settings, func(s *dom.DomManagerSettings) bool { return settingsUse(s, id) })
		definitions := c.model.definitionsThatUse(id)
		behaviors := c.model.behaviorsThatLink(s.ID, id)
		if len(ids)+len(definitions)+len(behaviors) == 0 && !inSettings {
			continue
		}
		all.FieldDescriptorIDs = append(all.FieldDescriptorIDs, uuid.UUID(id))
		all.UsedInDomManagerSettings = all.UsedInDomManagerSettings || inSettings
		all.DomInstanceIDs = append(all.DomInstanceIDs, ids...)
		all.DomDefinitionIDs = append(all.DomDefinitionIDs, definitions...)
		all.DomBehaviorDefinitionIDs = append(all.DomBehaviorDefinitionIDs, behaviors...)
	}
	if len(all.FieldDescriptorIDs) == 0 {
		return nil
	}
	all.DomInstanceIDs = listed(all.DomInstanceIDs)
	all.DomDefinitionIDs = listed(all.DomDefinitionIDs)
	all.DomBehaviorDefinitionIDs = listed(all.DomBehaviorDefinitionIDs)
	c.fail(dom.SectionDefinitionError, dom.ErrSectionDefinitionFieldsInUse, all,
		"the fields %v cannot be removed from section definition %q while they are in use", all.FieldDescriptorIDs, s.Name)
	return nil
}

// listed sorts ids, without duplicates, cut at the most that an error lists.
func listed(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	return ids[:min(len(ids), maxListedIDs)]
}

// moduleSettings are the settings of the module: those the manager runs with,
// and those stored, which it will have when it is reinitialised.
func (c *check) moduleSettings() ([]*dom.DomManagerSettings, error) {
	running := &c.manager.settings.DomManagerSettings
	o, err := c.tx.Object(dom.KindModuleSettings, "", c.manager.moduleID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return []*dom.DomManagerSettings{running}, nil
	case err != nil:
		return nil, err
	}
	return []*dom.DomManagerSettings{running, &o.(*dom.ModuleSettings).DomManagerSettings}, nil
}

// settingsUse reports whether module settings name a field (rows SD-11, SD-12).
func settingsUse(s *dom.DomManagerSettings, id dom.FieldDescriptorID) bool {
	return nameUses(s.DomInstanceNameDefinition, id) || scriptsUse(&s.ScriptSettings, id) ||
		slices.ContainsFunc(s.FieldAliases, func(a dom.FieldAlias) bool { return a.FieldDescriptorID == id })
}

func nameUses(n *dom.NameDefinition, id dom.FieldDescriptorID) bool {
	return n != nil && slices.ContainsFunc(n.ConcatenationItems, func(item dom.NameItem) bool { return item.FieldDescriptorID == id })
}

func scriptsUse(s *dom.ScriptSettings, id dom.FieldDescriptorID) bool {
	return s != nil && slices.ContainsFunc(s.OnUpdateTriggerConditions, func(condition dom.UpdateTriggerCondition) bool {
		return condition.FieldDescriptorID == id
	})
}

// definitionsThatUse are the definitions whose overrides name a field (row
// SD-13).
func (m *model) definitionsThatUse(id dom.FieldDescriptorID) []uuid.UUID {
	var ids []uuid.UUID
	for _, d := range m.definitions {
		if nameUses(d.ModuleSettingsOverrides.NameDefinition, id) || scriptsUse(d.ModuleSettingsOverrides.ScriptSettings, id) {
			ids = append(ids, uuid.UUID(d.ID))
		}
	}
	return ids
}

// behaviorsThatLink are the behavior definitions with a status link to a field
// (row SD-14).
func (m *model) behaviorsThatLink(section dom.SectionDefinitionID, field dom.FieldDescriptorID) []uuid.UUID {
	names := func(link dom.FieldDescriptorLink) bool { return link.FieldDescriptorID == field }
	links := func(link dom.StatusSectionDefinitionLink) bool {
		return link.SectionDefinitionID == section && slices.ContainsFunc(link.FieldDescriptorLinks, names)
	}
	var ids []uuid.UUID
	for _, b := range m.behaviors {
		if slices.ContainsFunc(b.StatusSectionDefinitionLinks, links) {
			ids = append(ids, uuid.UUID(b.ID))
		}
	}
	return ids
}

// sectionDefinitionRemoval looks whether a section definition may be deleted
// (rows SD-15, SD-16).
func (c *check) sectionDefinitionRemoval(s *dom.SectionDefinition) error {
	properties := slnet.ErrorProperties{ID: s.Key(), Name: s.Name, SectionDefinitionIDs: []uuid.UUID{uuid.UUID(s.ID)}}
	var linking []uuid.UUID
	for _, d := range c.model.definitions {
		if slices.ContainsFunc(d.SectionDefinitionLinks, func(l dom.SectionDefinitionLink) bool { return l.SectionDefinitionID == s.ID }) {
			linking = append(linking, uuid.UUID(d.ID))
		}
	}
	if len(linking) > 0 {
		linked := properties
		linked.DomDefinitionIDs = listed(linking)
		c.fail(dom.SectionDefinitionError, dom.ErrSectionDefinitionInUseByDomDefinitions, linked,
			"section definition %q cannot be deleted while DOM definitions link it", s.Name)
	}
	ids, err := c.instances(inSection(s.ID))
	if err != nil || len(ids) == 0 {
		return err
	}
	properties.DomInstanceIDs = ids
	c.fail(dom.SectionDefinitionError, dom.ErrSectionDefinitionInUseByDomInstances, properties,
		"section definition %q cannot be deleted while instances have sections of it", s.Name)
	return nil
}
