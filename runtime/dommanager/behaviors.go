package dommanager

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// behaviorCheck validates one behavior definition. It finds all that is wrong.
//
// Not checked, as documented, is whether what a definition names beside its own
// statuses exists: sections and fields (row BEH-10), the actions of buttons, and
// the statuses and transitions of conditions. A condition on what does not exist
// is never met.
type behaviorCheck struct {
	*check
	b        *dom.BehaviorDefinition
	parent   *dom.BehaviorDefinition   // nil: b inherits nothing
	children []*dom.BehaviorDefinition // those that inherit from b, by id
	has      map[string]bool           // the statuses of b and its parent
}

// behaviorDefinition validates a behavior definition. (DOC:DomBehaviorDefinition)
func (c *check) behaviorDefinition(old, b *dom.BehaviorDefinition) error {
	if b.ID.IsZero() {
		return slnet.Errorf(slnet.KindInvalid, "the behavior definition %q has no id", b.Name)
	}
	bc := behaviorCheck{check: c, b: b, children: c.model.children(b.ID)}
	bc.inheritance()
	bc.has = make(map[string]bool)
	for _, id := range slices.Concat(bc.inherited(statusIDs), statusIDs(b)) {
		bc.has[id] = true
	}
	bc.ids()
	bc.statuses()
	bc.links()
	bc.buttons()
	bc.inheriting()
	return bc.removedStatuses()
}

// children are the behaviors that inherit from one, by id.
func (m *model) children(id dom.BehaviorDefinitionID) []*dom.BehaviorDefinition {
	var list []*dom.BehaviorDefinition
	for _, b := range m.behaviors {
		if b.ParentID == id && b.ID != id {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b *dom.BehaviorDefinition) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return list
}

// failBehavior adds an error with the properties all errors about behaviors have.
func (c *behaviorCheck) failBehavior(reason slnet.Reason, properties slnet.ErrorProperties, format string, args ...any) {
	properties.ID, properties.Name = c.b.Key(), c.b.Name
	c.fail(dom.BehaviorDefinitionError, reason, properties, "behavior definition %q %s", c.b.Name, fmt.Sprintf(format, args...))
}

// inheritance validates the parent and what is not to be beside it. With a
// module behavior all others inherit from it and from nothing else; it brings the
// statuses and transitions (rows BEH-12, BEH-14, BEH-15).
func (c *behaviorCheck) inheritance() {
	expected := c.manager.settings.DomManagerSettings.ModuleBehaviorDefinition
	if expected == c.b.ID {
		expected = dom.BehaviorDefinitionID{}
	}
	if c.b.ParentID != expected {
		if expected.IsZero() {
			c.failParent("has the parent %s; only the module behavior of the module settings can be inherited from", c.b.ParentID)
		} else {
			c.failParent("has the parent %s; by the module settings it must inherit from %s", c.b.ParentID, expected)
		}
		return
	}
	if expected.IsZero() {
		return
	}
	if c.parent = c.model.behaviors[expected]; c.parent == nil {
		c.failParent("has the parent %s, which does not exist", expected)
		return
	}
	extra := slices.Concat(statusIDs(c.b), transitionIDs(c.b))
	if len(extra) > 0 || c.b.InitialStatusID != "" {
		c.failBehavior(dom.ErrInheritingDefinitionContainsInvalidData, slnet.ErrorProperties{IDs: extra, Value: c.b.InitialStatusID},
			"inherits from %q and must not have statuses, transitions or an initial status: %q, %q", c.parent.Name, extra, c.b.InitialStatusID)
	}
}

func (c *behaviorCheck) failParent(format string, args ...any) {
	c.failBehavior(dom.ErrInvalidParentID, slnet.ErrorProperties{
		Value: c.b.ParentID.String(), DomBehaviorDefinitionIDs: []uuid.UUID{uuid.UUID(c.b.ParentID)},
	}, format, args...)
}

func idsOf[T any](list []T, id func(*T) string) []string {
	var ids []string
	for i := range list {
		ids = append(ids, id(&list[i]))
	}
	return ids
}

func statusIDs(b *dom.BehaviorDefinition) []string {
	return idsOf(b.Statuses, func(s *dom.Status) string { return s.ID })
}

func transitionIDs(b *dom.BehaviorDefinition) []string {
	return idsOf(b.StatusTransitions, func(t *dom.StatusTransition) string { return t.ID })
}

func actionIDs(b *dom.BehaviorDefinition) []string {
	return idsOf(b.ActionDefinitions, func(a *dom.ActionDefinition) string { return a.ID })
}

func buttonIDs(b *dom.BehaviorDefinition) []string {
	return idsOf(b.ButtonDefinitions, func(b *dom.ButtonDefinition) string { return b.ID })
}

// idKinds are the kinds of ids a behavior gives, with the reasons for which they
// are refused.
var idKinds = []struct {
	what               string
	of                 func(*dom.BehaviorDefinition) []string
	invalid, duplicate slnet.Reason
}{
	{"status", statusIDs, dom.ErrInvalidStatusIDs, dom.ErrDuplicateStatusIDs},
	{"transition", transitionIDs, dom.ErrInvalidTransitionIDs, dom.ErrDuplicateTransitionIDs},
	{"action", actionIDs, dom.ErrInvalidActionDefinitionIDs, dom.ErrDuplicateActionDefinitionIDs},
	{"button", buttonIDs, dom.ErrInvalidButtonDefinitionIDs, dom.ErrDuplicateButtonDefinitionIDs},
}

// ids validates the ids of statuses, transitions, actions and buttons. Each
// equals its own lower-case form and is not empty, and there is one of each in a
// definition together with its parent (rows BEH-01 to BEH-04, BEH-17; dom.md part
// 5, 10).
func (c *behaviorCheck) ids() {
	for _, kind := range idKinds {
		ids := kind.of(c.b)
		if invalid := invalidIDs(ids); len(invalid) > 0 {
			c.failBehavior(kind.invalid, slnet.ErrorProperties{IDs: invalid},
				"has %s ids that are empty or have uppercase letters: %q", kind.what, invalid)
		}
		if list := duplicates(slices.Concat(c.inherited(kind.of), ids)); len(list) > 0 {
			c.failBehavior(kind.duplicate, slnet.ErrorProperties{IDs: list}, "has %s ids more than once: %q", kind.what, list)
		}
	}
}

func invalidIDs(ids []string) []string {
	var invalid []string
	for _, id := range ids {
		if id == "" || id != strings.ToLower(id) {
			invalid = append(invalid, id)
		}
	}
	return invalid
}

// duplicates are what is in a list more than once, each once.
func duplicates[T comparable](list []T) []T {
	count := make(map[T]int, len(list))
	var found []T
	for _, item := range list {
		if count[item]++; count[item] == 2 {
			found = append(found, item)
		}
	}
	return found
}

// common is what is in both lists.
func common[T comparable](a, b []T) []T {
	in := make(map[T]bool, len(b))
	for _, item := range b {
		in[item] = true
	}
	return slices.DeleteFunc(a, func(item T) bool { return !in[item] })
}

// inherited are the ids of the parent, none without a parent.
func (c *behaviorCheck) inherited(of func(*dom.BehaviorDefinition) []string) []string {
	if c.parent == nil {
		return nil
	}
	return of(c.parent)
}

// statuses validates the initial status, which an inheriting definition does not
// have, and the ends of the transitions (rows BEH-05, BEH-06).
func (c *behaviorCheck) statuses() {
	initial := c.b.InitialStatusID
	if c.parent == nil && (c.b.HasStatuses() || initial != "") && !c.has[initial] {
		c.failBehavior(dom.ErrInvalidInitialStatusID, slnet.ErrorProperties{IDs: []string{initial}, Value: initial, StatusID: initial},
			"has the initial status %q, which is none of its statuses", initial)
	}
	var dangling []string
	for _, t := range c.b.StatusTransitions {
		if !c.has[t.FromStatusID] || !c.has[t.ToStatusID] {
			dangling = append(dangling, t.ID)
		}
	}
	if len(dangling) > 0 {
		c.failBehavior(dom.ErrStatusTransitionsReferenceNonExistingStatuses, slnet.ErrorProperties{IDs: dangling},
			"has transitions between statuses that do not exist: %q", dangling)
	}
}

// statusSection is the identity of a link.
type statusSection struct {
	status  string
	section dom.SectionDefinitionID
}

func linkIDs(b *dom.BehaviorDefinition) []statusSection {
	ids := make([]statusSection, len(b.StatusSectionDefinitionLinks))
	for i, link := range b.StatusSectionDefinitionLinks {
		ids[i] = statusSection{link.StatusID, link.SectionDefinitionID}
	}
	return ids
}

// linkProperties are the properties of an error about links: their ids as text,
// status and section, and their sections.
func linkProperties(links []statusSection) slnet.ErrorProperties {
	var p slnet.ErrorProperties
	listed := make(map[dom.SectionDefinitionID]bool)
	for _, link := range links {
		p.IDs = append(p.IDs, link.status+"/"+link.section.String())
		if !listed[link.section] {
			listed[link.section] = true
			p.SectionDefinitionIDs = append(p.SectionDefinitionIDs, uuid.UUID(link.section))
		}
	}
	return p
}

// links validates the section links: each for a status that exists, and one for
// each section in it, together with the parent's (rows BEH-08, BEH-09, BEH-16).
func (c *behaviorCheck) links() {
	if dangling := c.dangling(c.b); len(dangling) > 0 {
		properties := linkProperties(dangling)
		c.failBehavior(dom.ErrStatusSectionDefinitionLinksReferenceNonExistingStatuses, properties,
			"links sections in statuses that do not exist: %q", properties.IDs)
	}
	links := linkIDs(c.b)
	if c.parent != nil {
		links = slices.Concat(linkIDs(c.parent), links)
	}
	if list := duplicates(links); len(list) > 0 {
		properties := linkProperties(list)
		c.failBehavior(dom.ErrDuplicateSectionDefinitionLinks, properties,
			"links sections more than once in the same status: %q", properties.IDs)
	}
}

// dangling are the links of a behavior, b itself or one that inherits from it,
// for statuses that do not exist.
func (c *behaviorCheck) dangling(b *dom.BehaviorDefinition) []statusSection {
	return slices.DeleteFunc(linkIDs(b), func(link statusSection) bool { return c.has[link.status] })
}

// buttons refuses buttons with several actions (row BEH-11).
func (c *behaviorCheck) buttons() {
	var invalid []string
	for _, button := range c.b.ButtonDefinitions {
		if len(button.ActionDefinitionIDs) > 1 {
			invalid = append(invalid, button.ID)
		}
	}
	if len(invalid) > 0 {
		c.failBehavior(dom.ErrInvalidButtonActionCombination, slnet.ErrorProperties{IDs: invalid},
			"has buttons with more than one action: %q", invalid)
	}
}

// inheriting refuses a change of a module behavior that would make one of its
// children invalid: with the reason the child itself would be refused for, and
// the ids of the children (rows BEH-08, BEH-16, BEH-17).
func (c *behaviorCheck) inheriting() {
	var links, duplicateLinks, actions, buttons conflicts
	for _, child := range c.children {
		links.add(child, linkProperties(c.dangling(child)).IDs)
		duplicateLinks.add(child, linkProperties(common(linkIDs(child), linkIDs(c.b))).IDs)
		actions.add(child, common(actionIDs(child), actionIDs(c.b)))
		buttons.add(child, common(buttonIDs(child), buttonIDs(c.b)))
	}
	c.failInheriting(dom.ErrStatusSectionDefinitionLinksReferenceNonExistingStatuses, links)
	c.failInheriting(dom.ErrDuplicateSectionDefinitionLinks, duplicateLinks)
	c.failInheriting(dom.ErrDuplicateActionDefinitionIDs, actions)
	c.failInheriting(dom.ErrDuplicateButtonDefinitionIDs, buttons)
}

// conflicts are the parts of inheriting behaviors that do not go with a change of
// their parent.
type conflicts struct {
	ids      []string
	children []uuid.UUID
}

func (f *conflicts) add(child *dom.BehaviorDefinition, ids []string) {
	if len(ids) > 0 {
		f.ids = append(f.ids, ids...)
		f.children = append(f.children, uuid.UUID(child.ID))
	}
}

func (c *behaviorCheck) failInheriting(reason slnet.Reason, found conflicts) {
	if len(found.ids) > 0 {
		c.failBehavior(reason, slnet.ErrorProperties{IDs: found.ids, DomBehaviorDefinitionIDs: found.children},
			"does not go with the behaviors %v, which inherit from it: %q", found.children, found.ids)
	}
}

// removedStatuses refuses to take a status away from instances that are in it:
// they could neither be saved nor moved to another status afterwards. The
// original does not say what becomes of them. It also finds the statuses that a
// definition loses with its parent, and those that children lose.
func (c *behaviorCheck) removedStatuses() error {
	before := c.model.systems[c.b.ID]
	if before == nil {
		return nil
	}
	var removed []string
	for status := range before.statuses {
		if !c.has[status] {
			removed = append(removed, status)
		}
	}
	if len(removed) == 0 {
		return nil
	}
	slices.Sort(removed)
	definitions := c.model.definitionsOf(c.b.ID)
	for _, child := range c.children {
		definitions = append(definitions, c.model.definitionsOf(child.ID)...)
	}
	return c.statusesInUse(removed, definitions)
}

// statusesInUse refuses to remove statuses when instances of the definitions are
// in them.
func (c *behaviorCheck) statusesInUse(statuses []string, definitions []*dom.Definition) error {
	in := make([]dom.Filter, len(statuses))
	for i, status := range statuses {
		in[i] = dom.InstanceExposers.StatusID.Equal(status)
	}
	properties := slnet.ErrorProperties{IDs: statuses}
	for _, d := range definitions {
		ids, err := c.instances(dom.InstanceExposers.DomDefinitionID.Equal(d.ID).And(dom.Or(in...)))
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			properties.DomDefinitionIDs = append(properties.DomDefinitionIDs, uuid.UUID(d.ID))
			properties.DomInstanceIDs = append(properties.DomInstanceIDs, ids...)
		}
	}
	if len(properties.DomInstanceIDs) > 0 {
		properties.DomInstanceIDs = properties.DomInstanceIDs[:min(len(properties.DomInstanceIDs), maxListedIDs)]
		c.failBehavior(dom.ErrInUseByDomDefinitions, properties,
			"cannot lose the statuses %q while instances are in them: %v", statuses, properties.DomInstanceIDs)
	}
	return nil
}

// definitionsOf are the DOM definitions with a behavior, by id.
func (m *model) definitionsOf(id dom.BehaviorDefinitionID) []*dom.Definition {
	var list []*dom.Definition
	for _, d := range m.definitions {
		if d.DomBehaviorDefinitionID == id {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b *dom.Definition) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return list
}

// behaviorDefinitionRemoval looks whether a behavior definition may be deleted:
// it is linked to no DOM definition, no other inherits from it, and it is not the
// module behavior of the settings in effect (row BEH-20).
func (c *check) behaviorDefinitionRemoval(b *dom.BehaviorDefinition) error {
	bc := behaviorCheck{check: c, b: b, children: c.model.children(b.ID)}
	if definitions := c.model.definitionsOf(b.ID); len(definitions) > 0 {
		var p slnet.ErrorProperties
		for _, d := range definitions {
			p.DomDefinitionIDs = append(p.DomDefinitionIDs, uuid.UUID(d.ID))
		}
		bc.failBehavior(dom.ErrInUseByDomDefinitions, p, "is linked to the DOM definitions %v", p.DomDefinitionIDs)
	}
	p := slnet.ErrorProperties{UsedInDomManagerSettings: c.manager.settings.DomManagerSettings.ModuleBehaviorDefinition == b.ID}
	for _, child := range bc.children {
		p.DomBehaviorDefinitionIDs = append(p.DomBehaviorDefinitionIDs, uuid.UUID(child.ID))
	}
	if p.UsedInDomManagerSettings || len(bc.children) > 0 {
		bc.failBehavior(dom.ErrInUseByDomBehaviorDefinitions, p,
			"is inherited from by the behaviors %v; it is the module behavior: %t", p.DomBehaviorDefinitionIDs, p.UsedInDomManagerSettings)
	}
	return nil
}
