package automation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/schema"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// triggerKey begins the concurrency keys of triggers.
const triggerKey = "trigger "

// ChangedInput is what an entry point for changes is called with, nil for Run.
func ChangedInput(entryPoint string, meta *dom.InstanceCrudMeta) Input {
	switch entryPoint {
	case slnet.EntryPointOnDomInstanceCrud:
		i := meta.CurrentVersion
		return &dom.InstanceCrud{Instance: dom.InstanceReference{ModuleID: i.ModuleID, ID: i.ID}, CrudType: meta.CrudType}
	case slnet.EntryPointOnDomInstanceCrudWithFullMeta:
		return meta
	}
	return nil
}

// TriggeredCall is the call that a trigger asks for when an instance has changed.
// by is the name of who changed it.
func TriggeredCall(t *dom.Trigger, meta *dom.InstanceCrudMeta, by string) Call {
	i := meta.CurrentVersion
	c := Call{
		ScriptName: t.Script, Version: t.ScriptVersion, EntryPoint: t.EntryPoint, Input: ChangedInput(t.EntryPoint, meta), JSON: t.Input,
		Parameters: filled(t, meta, by), StartedBy: "trigger " + t.Name, Priority: slnet.PriorityBackground,
		Trigger: slnet.RunTrigger{Kind: slnet.TriggerChange, ID: t.ID, Name: t.Name, ModuleID: t.ModuleID, InstanceID: uuid.UUID(i.ID)},
	}
	if t.InOrder {
		c.Key = triggerKey + t.ID.String() + " " + i.ID.String()
	}
	return c
}

// filled are the parameters of a trigger with those that a change fills.
func filled(t *dom.Trigger, meta *dom.InstanceCrudMeta, by string) map[string]string {
	if len(t.Values) == 0 {
		return t.Parameters
	}
	parameters := make(map[string]string, len(t.Parameters)+len(t.Values))
	maps.Copy(parameters, t.Parameters)
	for name, value := range t.Values {
		parameters[name] = valueOf(value, meta, by)
	}
	return parameters
}

func valueOf(value dom.TriggerValue, meta *dom.InstanceCrudMeta, by string) string {
	i := meta.CurrentVersion
	switch value {
	case dom.TriggerInstanceID:
		return i.ID.String()
	case dom.TriggerModuleID:
		return i.ModuleID
	case dom.TriggerName:
		return i.Name
	case dom.TriggerCrudType:
		return meta.CrudType.String()
	case dom.TriggerStatus:
		return i.StatusID
	case dom.TriggerStatusBefore:
		switch {
		case meta.PreviousVersion != nil:
			return meta.PreviousVersion.StatusID
		case meta.CrudType == dom.CrudDelete:
			return i.StatusID
		}
	case dom.TriggerUser:
		return by
	}
	return ""
}

// CheckTrigger returns an error when a trigger names a script, version, entry
// point or parameters that do not fit each other.
func (a *Automation) CheckTrigger(ctx context.Context, owner security.Caller, t *dom.Trigger) error {
	some := *t
	some.Values = nil
	c := TriggeredCall(&some, &dom.InstanceCrudMeta{CrudType: dom.CrudCreate, CurrentVersion: &dom.Instance{}}, "")
	c.later = t.Values
	return a.CheckCall(ctx, owner, c)
}

// lessLater takes from what is wrong with parameters that some are missing which
// are filled by a change, and adds what is wrong with these.
func lessLater(s *schema.Schema, problems schema.Problems, later map[string]dom.TriggerValue) schema.Problems {
	sample := &dom.InstanceCrudMeta{CrudType: dom.CrudCreate, CurrentVersion: &dom.Instance{ModuleID: "module", Name: "name", StatusID: "status"}}
	for _, name := range slices.Sorted(maps.Keys(later)) {
		p := propertyOf(s, name)
		if p == nil {
			problems = append(problems, schema.Problem{Path: name, Message: "is no parameter of the script"})
			continue
		}
		problems = slices.DeleteFunc(problems, func(before schema.Problem) bool { return before.Path == p.Name })
		v, err := p.Schema.FromText(valueOf(later[name], sample, "user"))
		if err == nil && p.Schema.Type != schema.TypeString { // of texts, which may be bounded, nobody knows the values
			_, err = p.Schema.Check(v)
		}
		if err != nil {
			problems = append(problems, schema.Problem{Path: p.Name, Message: fmt.Sprintf("cannot be filled with the %s of a change: %v", later[name], err)})
		}
	}
	return problems
}

// propertyOf is a parameter by its name, in capitals or not.
func propertyOf(s *schema.Schema, name string) *schema.Property {
	if p := s.Property(name); p != nil {
		return p
	}
	if i := slices.IndexFunc(s.Properties, func(p schema.Property) bool { return strings.EqualFold(p.Name, name) }); i >= 0 {
		return &s.Properties[i]
	}
	return nil
}

// StartedByTrigger reports whether a run was started by a trigger or schedule.
func (a *Automation) StartedByTrigger(r *storage.Reader, run, trigger uuid.UUID) (bool, error) {
	_, err := indexTable.Get(r, byTrigger, trigger.String(), run.String())
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
