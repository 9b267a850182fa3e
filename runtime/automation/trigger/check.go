package trigger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"domovoi.dev/runtime/naming"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const maxFields = 100

// events and values are what a trigger can name.
var (
	events = []dom.TriggerEvent{dom.TriggerCreated, dom.TriggerUpdated, dom.TriggerDeleted, dom.TriggerStatusChanged}
	values = []dom.TriggerValue{
		dom.TriggerInstanceID, dom.TriggerModuleID, dom.TriggerName, dom.TriggerCrudType, dom.TriggerStatus, dom.TriggerStatusBefore, dom.TriggerUser,
	}
	entryPoints = []string{slnet.EntryPointOnDomInstanceCrud, slnet.EntryPointOnDomInstanceCrudWithFullMeta, slnet.EntryPointRun}
)

// bad is the error of a field.
func bad(field, format string, args ...any) error {
	return naming.BadField("trigger", field, format, args...)
}

// check completes a trigger a person sent and returns an error that names the
// field that is wrong.
func (t *Triggers) check(ctx context.Context, caller security.Caller, given *dom.Trigger) error {
	if given.EntryPoint == "" {
		given.EntryPoint = slnet.EntryPointOnDomInstanceCrud
	}
	if err := checkFields(given); err != nil {
		return err
	}
	err := t.Store.View(ctx, func(r *storage.Reader) error { return checkModel(ctx, r, given) })
	if err != nil {
		return err
	}
	owner := security.Caller{User: given.Owner}
	if given.Owner == "" {
		owner = security.Caller{User: caller.User, UserID: caller.UserID}
	}
	if owner, err = t.ActAs(caller, owner); err != nil {
		return err
	}
	given.Owner, given.OwnerID = owner.User, owner.UserID
	return t.Check(ctx, given)
}

// checkFields validates what can be told without the module.
func checkFields(given *dom.Trigger) error {
	has := func(event dom.TriggerEvent) bool { return slices.Contains(given.Events, event) }
	if err := cmp.Or(naming.Check("trigger", given.Name), naming.CheckDescription("trigger", given.Description)); err != nil {
		return err
	}
	switch {
	case len(given.Events) == 0:
		return bad("Events", "are none; there are %q", events)
	case len(given.Fields) > maxFields:
		return bad("Fields", "are %d; there can be %d at most", len(given.Fields), maxFields)
	case len(given.Fields) > 0 && !has(dom.TriggerUpdated):
		return bad("Fields", "limit the event %q, which is none of its Events", dom.TriggerUpdated)
	case (given.FromStatus != "" || given.ToStatus != "") && !has(dom.TriggerStatusChanged):
		return bad("FromStatus and ToStatus", "limit the event %q, which is none of its Events", dom.TriggerStatusChanged)
	case given.PreviousFilter.Operator != "" && !has(dom.TriggerUpdated) && !has(dom.TriggerStatusChanged):
		return bad("PreviousFilter", "selects updates, and neither %q nor %q is among its Events", dom.TriggerUpdated, dom.TriggerStatusChanged)
	case !slices.Contains(entryPoints, given.EntryPoint):
		return bad("EntryPoint", "%.100q cannot be started by a change; %s can", given.EntryPoint, strings.Join(entryPoints, ", "))
	case given.EntryPoint != slnet.EntryPointRun && (len(given.Parameters) > 0 || len(given.Input) > 0 || len(given.Values) > 0):
		return bad("Parameters, Input and Values", "are for the EntryPoint Run; %s gets the instance", given.EntryPoint)
	}
	for i, event := range given.Events {
		if !slices.Contains(events, event) {
			return bad(fmt.Sprintf("Events[%d]", i), "is %.40q; there are %q", event, events)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given.Values)) {
		if !slices.Contains(values, given.Values[name]) {
			return bad("Values", "fill %.100q with %.40q; there are %q", name, given.Values[name], values)
		}
		if _, twice := given.Parameters[name]; twice {
			return bad("Values", "and its Parameters both give %.100q", name)
		}
	}
	return nil
}

// module is what a trigger can refer to in a module.
type module struct {
	fields      map[dom.FieldDescriptorID]dom.FieldType
	definitions map[dom.DefinitionID]*dom.Definition
	behaviors   map[dom.BehaviorDefinitionID]*dom.BehaviorDefinition
}

func readModule(ctx context.Context, r *storage.Reader, moduleID string) (*module, error) {
	_, err := r.Raw(dom.KindModuleSettings, "", moduleID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, bad("ModuleId", "%.100q is no module; domovoi module list shows those there are", moduleID)
	}
	m := &module{make(map[dom.FieldDescriptorID]dom.FieldType), make(map[dom.DefinitionID]*dom.Definition), make(map[dom.BehaviorDefinitionID]*dom.BehaviorDefinition)}
	for _, kind := range []dom.ObjectKind{dom.KindSectionDefinition, dom.KindBehaviorDefinition, dom.KindDefinition} {
		if err == nil {
			err = r.Each(ctx, kind, moduleID, m.add)
		}
	}
	return m, err
}

func (m *module) add(o dom.Object) {
	switch o := o.(type) {
	case *dom.SectionDefinition:
		for _, fd := range o.FieldDescriptors {
			m.fields[fd.ID] = fd.FieldType
		}
	case *dom.BehaviorDefinition:
		m.behaviors[o.ID] = o
	case *dom.Definition:
		m.definitions[o.ID] = o
	}
}

// statuses are those that instances of a definition can have; of all for zero.
func (m *module) statuses(definition dom.DefinitionID) []string {
	var list []string
	add := func(b *dom.BehaviorDefinition) {
		for _, of := range []*dom.BehaviorDefinition{b, m.behaviors[b.ParentID]} {
			for i := 0; of != nil && i < len(of.Statuses); i++ {
				list = append(list, of.Statuses[i].ID)
			}
		}
	}
	for _, b := range m.behaviors {
		if d := m.definitions[definition]; d == nil || d.DomBehaviorDefinitionID == b.ID {
			add(b)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// checkModel validates what the trigger refers to in its module.
func checkModel(ctx context.Context, r *storage.Reader, given *dom.Trigger) error {
	m, err := readModule(ctx, r, given.ModuleID)
	if err != nil {
		return err
	}
	if !given.DomDefinitionID.IsZero() && m.definitions[given.DomDefinitionID] == nil {
		return bad("DomDefinitionId", "%s is no DOM definition of module %q", given.DomDefinitionID, given.ModuleID)
	}
	for i, field := range given.Fields {
		if _, ok := m.fields[field]; !ok {
			return bad(fmt.Sprintf("Fields[%d]", i), "%s is no field of module %q", field, given.ModuleID)
		}
	}
	statuses := m.statuses(given.DomDefinitionID)
	for _, status := range []struct{ field, id string }{{"FromStatus", given.FromStatus}, {"ToStatus", given.ToStatus}} {
		if status.id != "" && !slices.Contains(statuses, status.id) {
			return bad(status.field, "%.100q is no status of its instances; there are %q", status.id, statuses)
		}
	}
	if err := m.checkFilter("Filter", given.Filter); err != nil {
		return err
	}
	return m.checkFilter("PreviousFilter", given.PreviousFilter)
}

func (m *module) checkFilter(name string, filter dom.Filter) error {
	if filter.Operator == "" {
		return nil
	}
	if err := filter.Check(dom.KindInstance, func(id dom.FieldDescriptorID) dom.FieldType { return m.fields[id] }); err != nil {
		return bad(name, "cannot be applied: %v", err)
	}
	return m.known(name, filter)
}

// known refuses a filter that names fields that do not exist.
func (m *module) known(name string, filter dom.Filter) error {
	if id := filter.Exposer.FieldID; !id.IsZero() {
		if _, ok := m.fields[id]; !ok {
			return bad(name, "names the field %s, which does not exist", id)
		}
	}
	for _, operand := range filter.Operands {
		if err := m.known(name, operand); err != nil {
			return err
		}
	}
	return nil
}
