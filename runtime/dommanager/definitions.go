package dommanager

import (
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// definition validates a DOM definition. Like the original it does not check
// that the linked section definitions and the behavior exist: whoever builds a
// model up may do so in any order. A behavior that does not exist gives no
// status system, and an instance with a section of a section definition that
// does not exist is refused (row INS-12). The behavior may change while there
// are instances; they are validated against the new one when they are next
// saved.
func (c *check) definition(old, d *dom.Definition) error {
	c.duplicateLinks(d)
	c.requiredModuleSections(d)
	c.overrides(d)
	if old == nil {
		return nil
	}
	return c.removedLinks(old, d)
}

func (c *check) failDefinition(d *dom.Definition, reason slnet.Reason, properties slnet.ErrorProperties, format string, args ...any) {
	properties.ID, properties.Name = d.Key(), d.Name
	c.fail(dom.DefinitionError, reason, properties, format, args...)
}

// duplicateLinks refuses several links to one section definition, for what they
// say could differ.
func (c *check) duplicateLinks(d *dom.Definition) {
	seen := make(map[dom.SectionDefinitionID]bool, len(d.SectionDefinitionLinks))
	var duplicates []uuid.UUID
	for _, link := range d.SectionDefinitionLinks {
		if seen[link.SectionDefinitionID] {
			duplicates = append(duplicates, uuid.UUID(link.SectionDefinitionID))
		}
		seen[link.SectionDefinitionID] = true
	}
	if len(duplicates) > 0 {
		c.failDefinition(d, dom.ErrDuplicateSectionDefinitionLinks, slnet.ErrorProperties{SectionDefinitionIDs: listed(duplicates)},
			"DOM definition %q links the same section definition several times: %v", d.Name, duplicates)
	}
}

// requiredModuleSections refuses a definition without a status system that does
// not link all module sections. A soft deleted link does not count, for it
// forbids new sections (rows DEF-04, DEF-05).
func (c *check) requiredModuleSections(d *dom.Definition) {
	if c.model.behavior(d) != nil {
		return
	}
	var missing []uuid.UUID
	for _, id := range c.manager.settings.DomManagerSettings.ModuleSections {
		links := func(link dom.SectionDefinitionLink) bool {
			return link.SectionDefinitionID == id && !link.IsSoftDeleted
		}
		if !slices.ContainsFunc(d.SectionDefinitionLinks, links) {
			missing = append(missing, uuid.UUID(id))
		}
	}
	if len(missing) > 0 {
		c.failDefinition(d, dom.ErrDomDefinitionDoesNotContainRequiredModuleSectionDefinitions, slnet.ErrorProperties{SectionDefinitionIDs: missing},
			"DOM definition %q does not link the module sections %v", d.Name, missing)
	}
}

// overrides validates the settings that a definition has of its own.
func (c *check) overrides(d *dom.Definition) {
	fail := func(name, value, problem string) {
		c.failDefinition(d, dom.ErrInvalidDomManagerSettings, slnet.ErrorProperties{Value: value},
			"%s of DOM definition %q: %s", name, d.Name, problem)
	}
	if s := d.ModuleSettingsOverrides.ScriptSettings; s != nil {
		checkScripts(s, "", fail)
	}
	if s := d.ModuleSettingsOverrides.HistorySettings; s != nil {
		choose(&s.StorageBehavior, storageBehaviors, "StorageBehavior", fail)
	}
}

// removedLinks looks whether links that are removed are in use (rows DEF-02,
// DEF-03).
func (c *check) removedLinks(old, d *dom.Definition) error {
	kept := make(map[dom.SectionDefinitionID]bool, len(d.SectionDefinitionLinks))
	for _, link := range d.SectionDefinitionLinks {
		kept[link.SectionDefinitionID] = true
	}
	var used, users []uuid.UUID
	for _, link := range old.SectionDefinitionLinks {
		if kept[link.SectionDefinitionID] {
			continue
		}
		ids, err := c.instances(dom.And(dom.InstanceExposers.DomDefinitionID.Equal(d.ID), inSection(link.SectionDefinitionID)))
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			used, users = append(used, uuid.UUID(link.SectionDefinitionID)), append(users, ids...)
		}
	}
	if len(used) > 0 {
		c.failDefinition(d, dom.ErrSectionDefinitionLinkInUseByDomInstances,
			slnet.ErrorProperties{SectionDefinitionIDs: used, DomInstanceIDs: listed(users)},
			"the links of DOM definition %q to %v cannot be removed while instances have such sections; they can be soft deleted", d.Name, used)
	}
	return nil
}

// definitionRemoval looks whether a DOM definition may be deleted: only without
// instances.
func (c *check) definitionRemoval(d *dom.Definition) error {
	ids, err := c.instances(dom.InstanceExposers.DomDefinitionID.Equal(d.ID))
	if err != nil || len(ids) == 0 {
		return err
	}
	c.failDefinition(d, dom.ErrDomDefinitionHasLinkedDomInstances, slnet.ErrorProperties{DomInstanceIDs: ids},
		"DOM definition %q cannot be deleted while it has instances", d.Name)
	return nil
}
