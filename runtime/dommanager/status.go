package dommanager

import (
	"fmt"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// behavior is a status system: a behavior definition joined with the one it
// inherits from. It belongs to a model and does not change.
type behavior struct {
	initial     string
	statuses    map[string]*statusRules
	transitions map[string]*dom.StatusTransition
}

// statusRules are the links of one status.
type statusRules struct {
	links       []*statusLink // in the order of the definitions, the parent's first
	sections    map[dom.SectionDefinitionID]*statusLink
	hasReadOnly bool
}

// statusLink says what holds for a section and its fields in a status.
type statusLink struct {
	*dom.StatusSectionDefinitionLink
	fields   map[dom.FieldDescriptorID]dom.FieldDescriptorLink
	required []dom.FieldDescriptorID
}

// behavior returns the status system of a definition, nil when none applies: it
// applies when the linked behavior, or its parent, has a status (dom.md 3.7).
func (m *model) behavior(d *dom.Definition) *behavior {
	return m.systems[d.DomBehaviorDefinitionID]
}

// resolve prepares what every instance is validated with, so that a request only
// looks it up: the status systems and the validators.
func (m *model) resolve() {
	m.systems = make(map[dom.BehaviorDefinitionID]*behavior)
	for id, own := range m.behaviors {
		parent := m.behaviors[own.ParentID]
		if !id.IsZero() && (own.HasStatuses() || parent != nil && parent.HasStatuses()) {
			m.systems[id] = joinBehavior(own, parent)
		}
	}
	m.validators = make(map[*dom.FieldDescriptor][]validator)
	for _, fields := range m.fieldsOf {
		for _, fd := range fields {
			if len(fd.Validators) > 0 {
				m.validators[fd] = validatorsOf(fd)
			}
		}
	}
}

// joinBehavior joins a behavior with its parent, nil for none (row BEH-18).
func joinBehavior(own, parent *dom.BehaviorDefinition) *behavior {
	b := &behavior{
		initial:     own.InitialStatusID,
		statuses:    make(map[string]*statusRules),
		transitions: make(map[string]*dom.StatusTransition),
	}
	definitions := []*dom.BehaviorDefinition{own}
	if parent != nil {
		b.initial = parent.InitialStatusID
		definitions = []*dom.BehaviorDefinition{parent, own}
	}
	for _, d := range definitions {
		b.addStatuses(d)
	}
	for _, d := range definitions {
		b.addLinks(d)
	}
	return b
}

func (b *behavior) addStatuses(d *dom.BehaviorDefinition) {
	for _, s := range d.Statuses {
		b.statuses[s.ID] = &statusRules{sections: make(map[dom.SectionDefinitionID]*statusLink)}
	}
	for i := range d.StatusTransitions {
		t := &d.StatusTransitions[i]
		b.transitions[t.ID] = t
	}
}

func (b *behavior) addLinks(d *dom.BehaviorDefinition) {
	for i := range d.StatusSectionDefinitionLinks {
		link := newStatusLink(&d.StatusSectionDefinitionLinks[i])
		rules := b.statuses[link.StatusID]
		if rules == nil || rules.sections[link.SectionDefinitionID] != nil {
			continue
		}
		rules.links = append(rules.links, link)
		rules.sections[link.SectionDefinitionID] = link
		for _, f := range link.fields {
			rules.hasReadOnly = rules.hasReadOnly || f.ReadOnly
		}
	}
}

// newStatusLink prepares a link. Of several links of one field everything counts
// that one of them demands.
func newStatusLink(link *dom.StatusSectionDefinitionLink) *statusLink {
	l := &statusLink{link, make(map[dom.FieldDescriptorID]dom.FieldDescriptorLink, len(link.FieldDescriptorLinks)), nil}
	for _, f := range link.FieldDescriptorLinks {
		before := l.fields[f.FieldDescriptorID]
		if f.RequiredForStatus && !before.RequiredForStatus {
			l.required = append(l.required, f.FieldDescriptorID)
		}
		f.RequiredForStatus = f.RequiredForStatus || before.RequiredForStatus
		f.ReadOnly = f.ReadOnly || before.ReadOnly
		l.fields[f.FieldDescriptorID] = f
	}
	return l
}

// has reports whether the link has one of the field. A nil link has none.
func (l *statusLink) has(field dom.FieldDescriptorID) bool {
	if l == nil {
		return false
	}
	_, ok := l.fields[field]
	return ok
}

// rules are those of a status. A status that does not exist allows nothing.
func (b *behavior) rules(status string) *statusRules {
	if rules := b.statuses[status]; rules != nil {
		return rules
	}
	return new(statusRules)
}

// begin gives an instance without a status the initial one: a new instance (rows
// STA-01, STA-27), and one that is older than the status system.
func (b *behavior) begin(old, instance *dom.Instance) {
	if instance.StatusID == "" && (old == nil || b.statuses[old.StatusID] == nil) {
		instance.StatusID = b.initial
	}
}

// statusCheck validates an instance in the status it is in.
type statusCheck struct {
	instanceCheck
	behavior *behavior
	rules    *statusRules
}

// checkInstanceInStatus validates an instance that a status system applies to.
// The links of its definition and the module sections do not count then.
// (DOC:DOM_status_system)
func checkInstanceInStatus(trace *slnet.TraceData, m *model, b *behavior, old, instance *dom.Instance) {
	c := statusCheck{
		instanceCheck{trace: trace, model: m, old: old, instance: instance, definition: m.definitions[instance.DomDefinitionID]},
		b, b.rules(instance.StatusID),
	}
	c.contents(c.values)
	c.status()
	if b.statuses[instance.StatusID] == nil {
		return
	}
	f := m.fit(c.rules, old, instance)
	f.report(m, currentStatus, instance.StatusID, c.failInStatus)
	c.softDeletedLinks()
	if old != nil && old.StatusID == instance.StatusID {
		c.readOnly()
	}
}

// failInStatus adds an error with the properties all errors of the status system
// have.
func (c *statusCheck) failInStatus(reason slnet.Reason, properties slnet.ErrorProperties, format string, args ...any) {
	properties.Name, properties.StatusID = c.instance.Name, c.instance.StatusID
	c.fail(reason, properties, format, args...)
}

// status validates the status itself. An instance whose stored status does not
// exist may be put in the initial one (rows STA-04, STA-06, STA-07).
func (c *statusCheck) status() {
	status := c.instance.StatusID
	if c.behavior.statuses[status] == nil {
		c.failInStatus(dom.ErrDomInstanceContainsInvalidStatus, slnet.ErrorProperties{}, "there is no status %q", status)
	}
	if c.old == nil || c.old.StatusID == status {
		return
	}
	if c.behavior.statuses[c.old.StatusID] == nil && status == c.behavior.initial {
		return
	}
	c.failInStatus(dom.ErrStatusChangeNotAllowedForNormalUpdate, slnet.ErrorProperties{},
		"the instance is in the status %q; an update cannot change that to %q, only a status transition can", c.old.StatusID, status)
}

// softDeletedLinks refuses new values where the link of the section is soft
// deleted for this status; those that are there may stay (row SOF-06).
func (c *statusCheck) softDeletedLinks() {
	var fields []slnet.AssociatedField
	for _, s := range c.instance.Sections {
		link := c.rules.sections[s.SectionDefinitionID]
		if link == nil || !link.IsSoftDeleted {
			continue
		}
		for _, fv := range s.FieldValues {
			if !c.model.ignored(s, fv.FieldDescriptorID) && c.changed(s, fv) {
				fields = append(fields, associated(s, fv.FieldDescriptorID))
			}
		}
	}
	if len(fields) > 0 {
		c.failInStatus(dom.ErrValueForSoftDeletedFieldNotAllowed, associatedProperties(fields),
			"new values of %v are not allowed: their section is soft deleted in the status %q", c.model.fieldNames(fields), c.instance.StatusID)
	}
}

// ignored reports whether the rules of statuses do not concern a field: it is
// soft deleted, or has no values by its kind.
func (m *model) ignored(s *dom.Section, id dom.FieldDescriptorID) bool {
	fd := m.fieldsOf[s.SectionDefinitionID][id]
	return fd != nil && (fd.IsSoftDeleted || fd.Kind == dom.FieldStaticText)
}

// readOnly refuses changes of fields that are read-only in this status: a value
// that was changed, added or removed, alone or with its section (rows STA-19 to
// STA-22).
func (c *statusCheck) readOnly() {
	if !c.rules.hasReadOnly {
		return
	}
	before := make(map[slnet.AssociatedField]dom.Value)
	c.eachReadOnly(c.old, func(at slnet.AssociatedField, v dom.Value) { before[at] = v })
	var changed []slnet.AssociatedField
	c.eachReadOnly(c.instance, func(at slnet.AssociatedField, v dom.Value) {
		was, had := before[at]
		delete(before, at)
		if !had || !was.Equal(v) {
			changed = append(changed, at)
		}
	})
	c.eachReadOnly(c.old, func(at slnet.AssociatedField, _ dom.Value) {
		if _, removed := before[at]; removed {
			changed = append(changed, at)
		}
	})
	if len(changed) > 0 {
		c.failInStatus(dom.ErrReadOnlyFieldsChangedForCurrentStatus, associatedProperties(changed),
			"the fields %v cannot be changed in the status %q", c.model.fieldNames(changed), c.instance.StatusID)
	}
}

// eachReadOnly calls fn with the values of the fields that are read-only in this
// status.
func (c *statusCheck) eachReadOnly(instance *dom.Instance, fn func(at slnet.AssociatedField, v dom.Value)) {
	for _, s := range instance.Sections {
		link := c.rules.sections[s.SectionDefinitionID]
		if link == nil || link.IsSoftDeleted {
			continue
		}
		for _, fv := range s.FieldValues {
			if link.fields[fv.FieldDescriptorID].ReadOnly && !c.model.ignored(s, fv.FieldDescriptorID) {
				fn(associated(s, fv.FieldDescriptorID), fv.Value)
			}
		}
	}
}

// associatedProperties are the properties of an error about fields.
func associatedProperties(fields []slnet.AssociatedField) slnet.ErrorProperties {
	p := slnet.ErrorProperties{AssociatedFields: fields}
	sections, descriptors := make(map[uuid.UUID]bool), make(map[uuid.UUID]bool)
	for _, f := range fields {
		if !sections[f.SectionDefinitionID] {
			sections[f.SectionDefinitionID] = true
			p.SectionDefinitionIDs = append(p.SectionDefinitionIDs, f.SectionDefinitionID)
		}
		if !descriptors[f.FieldDescriptorID] && f.FieldDescriptorID != uuid.Nil {
			descriptors[f.FieldDescriptorID] = true
			p.FieldDescriptorIDs = append(p.FieldDescriptorIDs, f.FieldDescriptorID)
		}
	}
	return p
}

// fieldNames names fields for messages, each once.
func (m *model) fieldNames(fields []slnet.AssociatedField) []string {
	var list []string
	seen := make(map[string]bool)
	for _, f := range fields {
		section, name := f.SectionDefinitionID.String(), f.FieldDescriptorID.String()
		if s := m.sections[dom.SectionDefinitionID(f.SectionDefinitionID)]; s != nil {
			section = s.Name
		}
		if fd := m.fieldsOf[dom.SectionDefinitionID(f.SectionDefinitionID)][dom.FieldDescriptorID(f.FieldDescriptorID)]; fd != nil {
			name = fd.Name
		}
		text := fmt.Sprintf("%q of %q", name, section)
		if f.FieldDescriptorID == uuid.Nil {
			text = fmt.Sprintf("section %q", section)
		}
		if !seen[text] {
			seen[text] = true
			list = append(list, text)
		}
	}
	return list
}
