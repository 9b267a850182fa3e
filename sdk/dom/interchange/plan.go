package interchange

import (
	"context"
	"fmt"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Action says what an import does with an object.
type Action string

// The actions.
const (
	Create    Action = "create"
	Update    Action = "update"
	Unchanged Action = "unchanged"
)

// ImportOptions say how a module is imported.
type ImportOptions struct {
	// KeepVanished keeps fields, entries of enumerations and section links that
	// the module no longer has, soft-deleted. Without it they are removed, which
	// the server refuses while they are in use.
	KeepVanished bool
}

// Step is what an import does with one object.
type Step struct {
	Action Action         `json:"Action"`
	Kind   dom.ObjectKind `json:"Kind"`
	Key    string         `json:"Key"`
	Name   string         `json:"Name,omitempty"`
	// Changes are what an update changes.
	Changes []Change `json:"Changes,omitempty"`
	// Vanished names fields, entries and section links of the stored object that
	// the new one does not have.
	Vanished []string `json:"Vanished,omitempty"`
	// Instances counts the instances that an update touches: those with a
	// section of the section definition, those of the definition, or of the
	// definitions of the behavior.
	Instances int64 `json:"Instances,omitempty"`

	object dom.Object
}

// Plan is what an import of a module does, in that order.
type Plan struct {
	ModuleID string  `json:"ModuleId"`
	Steps    []*Step `json:"Steps"`

	send slnet.SendFunc
}

// NewPlan compares a module with the one of the same id in a daemon. It changes
// nothing; Apply does. The plan holds the objects of the module, so the module
// must not change any more.
func NewPlan(ctx context.Context, send slnet.SendFunc, m *Module, options ImportOptions) (*Plan, error) {
	s, err := readStored(ctx, send, m.ID)
	if err != nil {
		return nil, err
	}
	if s.settings == nil && m.Settings == nil {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no module %q, and the files hold no settings to make it", m.ID)
	}
	b := &planner{Plan: &Plan{ModuleID: m.ID, send: send}, stored: s, options: options}
	if m.Settings != nil {
		if err := b.step(ctx, orNil(s.settings), m.Settings); err != nil {
			return nil, err
		}
	}
	for _, shape := range shapes {
		old, err := b.storedObjects(ctx, shape.kind, m)
		if err != nil {
			return nil, err
		}
		for _, o := range parentsFirst(m.objects(shape.kind)) {
			if err := b.step(ctx, old[o.Key()], o); err != nil {
				return nil, err
			}
		}
	}
	return b.Plan, nil
}

func orNil(s *dom.ModuleSettings) dom.Object {
	if s == nil {
		return nil
	}
	return s
}

// parentsFirst puts behavior definitions that inherit behind the others.
func parentsFirst(objects []dom.Object) []dom.Object {
	inherits := func(o dom.Object) int {
		if b, ok := o.(*dom.BehaviorDefinition); ok && !b.ParentID.IsZero() {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(objects, func(a, b dom.Object) int { return inherits(a) - inherits(b) })
	return objects
}

// Count returns how many objects there are of an action.
func (p *Plan) Count(action Action) int {
	n := 0
	for _, step := range p.Steps {
		if step.Action == action {
			n++
		}
	}
	return n
}

// planner makes a plan.
type planner struct {
	*Plan
	stored  *stored
	options ImportOptions
}

// storedObjects are the objects of a kind in the daemon, by their keys; of
// instances only those that the module has.
func (b *planner) storedObjects(ctx context.Context, kind dom.ObjectKind, m *Module) (map[string]dom.Object, error) {
	s := b.stored
	at := Module{SectionDefinitions: s.sections, BehaviorDefinitions: s.behaviors, Definitions: s.definitions, Templates: s.templates}
	if kind == dom.KindInstance {
		found, err := s.instances(ctx, m.Instances)
		if err != nil {
			return nil, err
		}
		for _, instance := range found {
			at.Instances = append(at.Instances, instance)
		}
	}
	objects := make(map[string]dom.Object)
	for _, o := range at.objects(kind) {
		objects[o.Key()] = o
	}
	return objects, nil
}

// step plans one object; old is the stored one, nil when there is none.
func (b *planner) step(ctx context.Context, old, o dom.Object) error {
	step := &Step{Kind: o.Kind(), Key: o.Key(), Name: nameOf(o), Action: Create, object: o}
	b.Steps = append(b.Steps, step)
	o.GetTracking().Revision = 0
	if old == nil {
		return nil
	}
	o.GetTracking().Revision = old.GetTracking().Revision
	step.Vanished = vanished(old, o, b.options.KeepVanished)
	if i, ok := o.(*dom.Instance); ok {
		if i.StatusID == "" {
			// The server gave the instance its first status.
			i.StatusID = old.(*dom.Instance).StatusID
		}
		dropEmptyLists(i)
	}
	var err error
	if step.Changes, err = Compare(old, o); err != nil {
		return slnet.Errorf(slnet.KindInvalid, "%s %s: %v", step.Kind, step.Key, err)
	}
	step.Action = Unchanged
	if len(step.Changes) > 0 {
		step.Action = Update
		step.Instances, err = b.touched(ctx, o)
	}
	return err
}

// dropEmptyLists takes out values that the server does not store (rows INS-06,
// INS-07), so that they are no change.
func dropEmptyLists(i *dom.Instance) {
	for _, section := range i.Sections {
		section.FieldValues = slices.DeleteFunc(section.FieldValues, func(fv dom.FieldValue) bool {
			return fv.Value.Kind() == dom.KindList && fv.Value.Len() == 0
		})
	}
}

func nameOf(o dom.Object) string {
	switch o := o.(type) {
	case *dom.SectionDefinition:
		return o.Name
	case *dom.BehaviorDefinition:
		return o.Name
	case *dom.Definition:
		return o.Name
	case *dom.Template:
		return o.Name
	case *dom.Instance:
		return o.Name
	}
	return ""
}

// touched counts the instances that depend on an object.
func (b *planner) touched(ctx context.Context, o dom.Object) (int64, error) {
	var filter dom.Filter
	switch o := o.(type) {
	case *dom.SectionDefinition:
		filter = dom.And(dom.InstanceExposers.SectionDefinitionIDs.Contains(o.ID), b.stored.inDefinitions())
	case *dom.Definition:
		filter = dom.InstanceExposers.DomDefinitionID.Equal(o.ID)
	case *dom.BehaviorDefinition:
		filter = dom.Or()
		for _, d := range b.stored.definitions {
			if d.DomBehaviorDefinitionID == o.ID {
				filter = filter.Or(dom.InstanceExposers.DomDefinitionID.Equal(d.ID))
			}
		}
	default:
		return 0, nil
	}
	return b.stored.helper.DomInstances.Count(ctx, filter)
}

// vanished names what the stored object has and the new one has not. With keep
// it is added to the new one, soft-deleted.
func vanished(old, o dom.Object, keep bool) []string {
	switch o := o.(type) {
	case *dom.SectionDefinition:
		return vanishedFields(old.(*dom.SectionDefinition), o, keep)
	case *dom.Definition:
		return vanishedLinks(old.(*dom.Definition), o, keep)
	}
	return nil
}

func vanishedFields(old, s *dom.SectionDefinition, keep bool) []string {
	var names []string
	for _, was := range old.FieldDescriptors {
		fd := s.GetFieldDescriptorByID(was.ID)
		if fd == nil {
			names = append(names, fmt.Sprintf("field %q", was.Name))
			if keep {
				kept := *was
				kept.IsSoftDeleted = true
				s.FieldDescriptors = append(s.FieldDescriptors, &kept)
			}
			continue
		}
		if was.GenericEnum == nil || fd.GenericEnum == nil {
			continue
		}
		for _, entry := range was.GenericEnum.Entries {
			if fd.GenericEnum.Entry(entry.Value) != nil {
				continue
			}
			names = append(names, fmt.Sprintf("entry %q of field %q", entry.DisplayName, was.Name))
			if keep {
				entry.IsSoftDeleted = true
				fd.GenericEnum.Entries = append(fd.GenericEnum.Entries, entry)
			}
		}
	}
	return names
}

func vanishedLinks(old, d *dom.Definition, keep bool) []string {
	var names []string
	for _, was := range old.SectionDefinitionLinks {
		if slices.ContainsFunc(d.SectionDefinitionLinks, func(link dom.SectionDefinitionLink) bool {
			return link.SectionDefinitionID == was.SectionDefinitionID
		}) {
			continue
		}
		names = append(names, fmt.Sprintf("link of section %s", was.SectionDefinitionID))
		if keep {
			was.IsSoftDeleted = true
			d.SectionDefinitionLinks = append(d.SectionDefinitionLinks, was)
		}
	}
	return names
}
