package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
)

// runChanges tells what a dry run would have changed, as far as the caller may
// read it. A run may have had more rights than who started it, and who may see
// all runs need not be somebody who may see all instances.
func (r *Runtime) runChanges(ctx context.Context, caller security.Caller, m *dom.GetRunChangesMessage) (*dom.RunChangesResponse, error) {
	changes, err := r.automation.Changes(ctx, caller, r.seesAllRuns(caller), m.RunID)
	if err != nil {
		return nil, err
	}
	response := &dom.RunChangesResponse{Changes: []dom.ObjectChange{}, Total: changes.Total, InformationTotal: changes.InformationTotal}
	access := r.accessesOf(caller)
	for i := range changes.Objects {
		c := &changes.Objects[i]
		may, err := r.readsChange(ctx, caller, access, c)
		if err != nil {
			return nil, err
		}
		if !may {
			response.Hidden++
			continue
		}
		change, err := describe(c, changes.Names)
		if err != nil {
			return nil, err
		}
		response.Changes = append(response.Changes, *change)
	}
	for _, e := range changes.Information {
		may := e.ModuleID == ""
		if !may {
			m, err := access.to(ctx, e.ModuleID)
			if err != nil {
				return nil, err
			}
			may = !m.isUnknown && m.IsFull()
		}
		if may {
			response.Information = append(response.Information, e)
		}
	}
	return response, nil
}

// readsChange reports whether a caller may read an object as it was and as it
// would be.
func (r *Runtime) readsChange(ctx context.Context, caller security.Caller, access *accesses, c *automation.ChangedObject) (bool, error) {
	if c.Kind != string(dom.KindInstance) {
		return true, nil
	}
	has := func(p dom.Permission) bool { return r.accounts.Has(caller, p) }
	if !r.managers.MayView(ctx, dom.KindInstance, c.ModuleID, has) {
		return false, nil
	}
	m, err := access.to(ctx, c.ModuleID)
	if err != nil || m.isUnknown {
		// A module that the run itself would have made has no links that somebody
		// else could be kept out by; but nobody can tell.
		return false, err
	}
	for _, raw := range [][]byte{c.Before, c.After} {
		if len(raw) == 0 {
			continue
		}
		instance, err := instanceOf(raw)
		if err != nil || !m.reads(instance) {
			return false, err
		}
	}
	return true, nil
}

// describe is a changed object for people. names are those of sections and fields
// as Changes has them.
func describe(c *automation.ChangedObject, names map[string]string) (*dom.ObjectChange, error) {
	change := &dom.ObjectChange{
		Kind: dom.ObjectKind(c.Kind), ModuleID: c.ModuleID, Key: c.Key, CrudType: crudType(len(c.Before) > 0, len(c.After) > 0),
	}
	for _, f := range c.Files {
		size := f.After
		if size < 0 {
			size = f.Before
		}
		change.Attachments = append(change.Attachments, dom.AttachmentChange{
			FileName: f.Name, CrudType: crudType(f.Before >= 0, f.After >= 0), Size: size,
		})
	}
	if bytes.Equal(c.Before, c.After) {
		return change, setName(change, c.After)
	}
	if change.Kind == dom.KindInstance {
		if err := describeInstance(change, c, names); err != nil {
			return nil, err
		}
	}
	before, err := propertiesOf(change.Kind, c.Before)
	if err != nil {
		return nil, err
	}
	after, err := propertiesOf(change.Kind, c.After)
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Compact(slices.Sorted(func(yield func(string) bool) {
		maps.Keys(before)(yield)
		maps.Keys(after)(yield)
	})) {
		if before[path] != after[path] {
			change.Properties = append(change.Properties, dom.PropertyChange{Path: path, Before: before[path], After: after[path]})
		}
	}
	if len(c.After) > 0 {
		return change, setName(change, c.After)
	}
	return change, setName(change, c.Before)
}

func crudType(was, is bool) dom.CrudType {
	switch {
	case !was:
		return dom.CrudCreate
	case !is:
		return dom.CrudDelete
	}
	return dom.CrudUpdate
}

// setName sets the name of a changed object; module settings have none but their
// id.
func setName(change *dom.ObjectChange, raw []byte) error {
	o, err := dom.DecodeObject(change.Kind, raw)
	if err != nil {
		return err
	}
	switch o := o.(type) {
	case *dom.Instance:
		change.Name = o.Name
	case *dom.Definition:
		change.Name = o.Name
	case *dom.SectionDefinition:
		change.Name = o.Name
	case *dom.BehaviorDefinition:
		change.Name = o.Name
	case *dom.Template:
		change.Name = o.Name
	}
	return nil
}

// describeInstance fills in the changed status and values.
func describeInstance(change *dom.ObjectChange, c *automation.ChangedObject, names map[string]string) error {
	before, err := instanceOf(c.Before)
	if err != nil {
		return err
	}
	after, err := instanceOf(c.After)
	if err != nil {
		return err
	}
	differences := dom.Differences(before, after)
	if differences.StatusBefore != differences.StatusAfter {
		change.StatusChange = &dom.StatusChange{StatusIDBefore: differences.StatusBefore, StatusIDAfter: differences.StatusAfter}
	}
	at := make(map[dom.SectionID]int)
	section := func(id dom.SectionID, definition dom.SectionDefinitionID, t dom.CrudType) *dom.ChangedSection {
		i, ok := at[id]
		if !ok {
			i = len(change.Sections)
			at[id] = i
			change.Sections = append(change.Sections, dom.ChangedSection{
				SectionID: id, SectionDefinitionID: definition, Name: names[nameKey(c.ModuleID, definition)], CrudType: t,
			})
		}
		return &change.Sections[i]
	}
	has := func(in *dom.Instance, id dom.SectionID) bool {
		return slices.ContainsFunc(in.Sections, func(s *dom.Section) bool { return s.ID == id })
	}
	for _, d := range differences.FieldValues.Get() {
		s := section(d.SectionID, d.SectionDefinitionID, crudType(has(before, d.SectionID), has(after, d.SectionID)))
		field := dom.ChangedField{Name: names[nameKey(c.ModuleID, d.SectionDefinitionID)+"/"+d.FieldDescriptorID.String()]}
		field.FieldDescriptorID, field.CrudType = d.FieldDescriptorID, d.Type
		if d.Type != dom.CrudCreate {
			field.ValueBefore = &d.ValueBefore
		}
		if d.Type != dom.CrudDelete {
			field.ValueAfter = &d.ValueAfter
		}
		s.Fields = append(s.Fields, field)
	}
	// Sections without values.
	for _, s := range after.Sections {
		if !has(before, s.ID) {
			section(s.ID, s.SectionDefinitionID, dom.CrudCreate)
		}
	}
	for _, s := range before.Sections {
		if !has(after, s.ID) {
			section(s.ID, s.SectionDefinitionID, dom.CrudDelete)
		}
	}
	return nil
}

// untold are the properties that a change is not about, or that it tells of by
// other means.
var untold = []string{"CreatedAt", "CreatedBy", "LastModified", "LastModifiedBy", "Revision", "Id", "ModuleId"}

// propertiesOf are the values within an object as JSON, by where they are.
func propertiesOf(kind dom.ObjectKind, raw []byte) (map[string]string, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	o, err := dom.DecodeObject(kind, raw)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	for _, name := range untold {
		delete(object, name)
	}
	if kind == dom.KindInstance {
		delete(object, "Sections")
		delete(object, "StatusId")
	}
	found := make(map[string]string)
	return found, flatten(found, "", object)
}

// flatten adds the values within a value that are not lists or objects
// themselves.
func flatten(found map[string]string, path string, value any) error {
	switch value := value.(type) {
	case map[string]any:
		for name, v := range value {
			below := name
			if path != "" {
				below = path + "." + name
			}
			if err := flatten(found, below, v); err != nil {
				return err
			}
		}
		return nil
	case []any:
		for i, v := range value {
			if err := flatten(found, fmt.Sprintf("%s[%d]", path, i), v); err != nil {
				return err
			}
		}
		return nil
	}
	text, err := json.Marshal(value)
	found[path] = string(text)
	return err
}
