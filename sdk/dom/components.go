package dom

import (
	"context"

	"domovoi.dev/sdk/slnet"
)

func (c component) errNil(what string) error {
	err := slnet.Errorf(slnet.KindInvalid, "no %s is given: the argument is nil", what)
	c.note(slnet.TraceData{}, err)
	return err
}

func (c component) errNotRead(what, key string) error {
	err := slnet.Errorf(slnet.KindInvalid, "%s %s was not read from the server: it has no revision", what, key)
	c.note(slnet.TraceData{}, err)
	return err
}

// ModuleSettingsComponent creates, reads, updates and deletes module settings.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing. The Try methods report only whether
// they succeeded; GetTraceDataLastCall says why not.
type ModuleSettingsComponent struct{ component component }

// Create stores a new module settings object and returns it as stored.
func (c ModuleSettingsComponent) Create(ctx context.Context, settings *ModuleSettings) (*ModuleSettings, error) {
	if settings == nil {
		return nil, c.component.errNil("module settings object")
	}
	return typed[*ModuleSettings](c.component.create(ctx, settings))
}

// TryCreate is Create without an error.
func (c ModuleSettingsComponent) TryCreate(ctx context.Context, settings *ModuleSettings) (created *ModuleSettings, ok bool) {
	created, err := c.Create(ctx, settings)
	return created, err == nil
}

// Read returns the module settings the filter selects, by id; an empty slice when there
// are none.
func (c ModuleSettingsComponent) Read(ctx context.Context, filter Filter) ([]*ModuleSettings, error) {
	return read[*ModuleSettings](ctx, c.component, NewQuery(filter))
}

// ReadQuery returns the module settings the query selects, in its order.
func (c ModuleSettingsComponent) ReadQuery(ctx context.Context, query Query) ([]*ModuleSettings, error) {
	return read[*ModuleSettings](ctx, c.component, query)
}

// ReadSelected returns values of the module settings the query selects: those behind the
// exposers, and always the id.
func (c ModuleSettingsComponent) ReadSelected(ctx context.Context, query Query, selected ...Exposer) ([]*PartialObject, error) {
	return c.component.readSelected(ctx, query, selected)
}

// Count returns how many module settings the filter selects.
func (c ModuleSettingsComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// GetTraceDataLastCall returns what the manager said to the last request of this
// component: errors, warnings and information.
func (c ModuleSettingsComponent) GetTraceDataLastCall() *slnet.TraceData {
	return c.component.lastTrace()
}

// Update replaces the stored module settings object of the same id, whatever its revision, and
// returns it as stored.
func (c ModuleSettingsComponent) Update(ctx context.Context, settings *ModuleSettings) (*ModuleSettings, error) {
	if settings == nil {
		return nil, c.component.errNil("module settings object")
	}
	return typed[*ModuleSettings](c.component.update(ctx, settings, 0))
}

// TryUpdate is Update without an error.
func (c ModuleSettingsComponent) TryUpdate(ctx context.Context, settings *ModuleSettings) (updated *ModuleSettings, ok bool) {
	updated, err := c.Update(ctx, settings)
	return updated, err == nil
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored module settings object no longer has the revision of this one.
func (c ModuleSettingsComponent) UpdateIfUnchanged(ctx context.Context, settings *ModuleSettings) (*ModuleSettings, error) {
	if settings == nil {
		return nil, c.component.errNil("module settings object")
	}
	if settings.Revision == 0 {
		return nil, c.component.errNotRead("module settings object", settings.Key())
	}
	return typed[*ModuleSettings](c.component.update(ctx, settings, settings.Revision))
}

// Delete removes the stored module settings object of the same id.
func (c ModuleSettingsComponent) Delete(ctx context.Context, settings *ModuleSettings) error {
	if settings == nil {
		return c.component.errNil("module settings object")
	}
	return c.component.delete(ctx, settings.Key())
}

// TryDelete is Delete without an error.
func (c ModuleSettingsComponent) TryDelete(ctx context.Context, settings *ModuleSettings) bool {
	return c.Delete(ctx, settings) == nil
}

// SectionDefinitionsComponent creates, reads, updates and deletes section definitions.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing. The Try methods report only whether
// they succeeded; GetTraceDataLastCall says why not.
type SectionDefinitionsComponent struct{ component component }

// Create stores a new section definition and returns it as stored.
func (c SectionDefinitionsComponent) Create(ctx context.Context, definition *SectionDefinition) (*SectionDefinition, error) {
	if definition == nil {
		return nil, c.component.errNil("section definition")
	}
	return typed[*SectionDefinition](c.component.create(ctx, definition))
}

// TryCreate is Create without an error.
func (c SectionDefinitionsComponent) TryCreate(ctx context.Context, definition *SectionDefinition) (created *SectionDefinition, ok bool) {
	created, err := c.Create(ctx, definition)
	return created, err == nil
}

// Read returns the section definitions the filter selects, by id; an empty slice when there
// are none.
func (c SectionDefinitionsComponent) Read(ctx context.Context, filter Filter) ([]*SectionDefinition, error) {
	return read[*SectionDefinition](ctx, c.component, NewQuery(filter))
}

// ReadQuery returns the section definitions the query selects, in its order.
func (c SectionDefinitionsComponent) ReadQuery(ctx context.Context, query Query) ([]*SectionDefinition, error) {
	return read[*SectionDefinition](ctx, c.component, query)
}

// ReadSelected returns values of the section definitions the query selects: those behind the
// exposers, and always the id.
func (c SectionDefinitionsComponent) ReadSelected(ctx context.Context, query Query, selected ...Exposer) ([]*PartialObject, error) {
	return c.component.readSelected(ctx, query, selected)
}

// Count returns how many section definitions the filter selects.
func (c SectionDefinitionsComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// GetTraceDataLastCall returns what the manager said to the last request of this
// component: errors, warnings and information.
func (c SectionDefinitionsComponent) GetTraceDataLastCall() *slnet.TraceData {
	return c.component.lastTrace()
}

// Update replaces the stored section definition of the same id, whatever its revision, and
// returns it as stored.
func (c SectionDefinitionsComponent) Update(ctx context.Context, definition *SectionDefinition) (*SectionDefinition, error) {
	if definition == nil {
		return nil, c.component.errNil("section definition")
	}
	return typed[*SectionDefinition](c.component.update(ctx, definition, 0))
}

// TryUpdate is Update without an error.
func (c SectionDefinitionsComponent) TryUpdate(ctx context.Context, definition *SectionDefinition) (updated *SectionDefinition, ok bool) {
	updated, err := c.Update(ctx, definition)
	return updated, err == nil
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored section definition no longer has the revision of this one.
func (c SectionDefinitionsComponent) UpdateIfUnchanged(ctx context.Context, definition *SectionDefinition) (*SectionDefinition, error) {
	if definition == nil {
		return nil, c.component.errNil("section definition")
	}
	if definition.Revision == 0 {
		return nil, c.component.errNotRead("section definition", definition.Key())
	}
	return typed[*SectionDefinition](c.component.update(ctx, definition, definition.Revision))
}

// Delete removes the stored section definition of the same id.
func (c SectionDefinitionsComponent) Delete(ctx context.Context, definition *SectionDefinition) error {
	if definition == nil {
		return c.component.errNil("section definition")
	}
	return c.component.delete(ctx, definition.Key())
}

// TryDelete is Delete without an error.
func (c SectionDefinitionsComponent) TryDelete(ctx context.Context, definition *SectionDefinition) bool {
	return c.Delete(ctx, definition) == nil
}

// DomBehaviorDefinitionsComponent creates, reads, updates and deletes behavior definitions.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing. The Try methods report only whether
// they succeeded; GetTraceDataLastCall says why not.
type DomBehaviorDefinitionsComponent struct{ component component }

// Create stores a new behavior definition and returns it as stored.
func (c DomBehaviorDefinitionsComponent) Create(ctx context.Context, definition *BehaviorDefinition) (*BehaviorDefinition, error) {
	if definition == nil {
		return nil, c.component.errNil("behavior definition")
	}
	return typed[*BehaviorDefinition](c.component.create(ctx, definition))
}

// TryCreate is Create without an error.
func (c DomBehaviorDefinitionsComponent) TryCreate(ctx context.Context, definition *BehaviorDefinition) (created *BehaviorDefinition, ok bool) {
	created, err := c.Create(ctx, definition)
	return created, err == nil
}

// Read returns the behavior definitions the filter selects, by id; an empty slice when there
// are none.
func (c DomBehaviorDefinitionsComponent) Read(ctx context.Context, filter Filter) ([]*BehaviorDefinition, error) {
	return read[*BehaviorDefinition](ctx, c.component, NewQuery(filter))
}

// ReadQuery returns the behavior definitions the query selects, in its order.
func (c DomBehaviorDefinitionsComponent) ReadQuery(ctx context.Context, query Query) ([]*BehaviorDefinition, error) {
	return read[*BehaviorDefinition](ctx, c.component, query)
}

// ReadSelected returns values of the behavior definitions the query selects: those behind the
// exposers, and always the id.
func (c DomBehaviorDefinitionsComponent) ReadSelected(ctx context.Context, query Query, selected ...Exposer) ([]*PartialObject, error) {
	return c.component.readSelected(ctx, query, selected)
}

// Count returns how many behavior definitions the filter selects.
func (c DomBehaviorDefinitionsComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// GetTraceDataLastCall returns what the manager said to the last request of this
// component: errors, warnings and information.
func (c DomBehaviorDefinitionsComponent) GetTraceDataLastCall() *slnet.TraceData {
	return c.component.lastTrace()
}

// Update replaces the stored behavior definition of the same id, whatever its revision, and
// returns it as stored.
func (c DomBehaviorDefinitionsComponent) Update(ctx context.Context, definition *BehaviorDefinition) (*BehaviorDefinition, error) {
	if definition == nil {
		return nil, c.component.errNil("behavior definition")
	}
	return typed[*BehaviorDefinition](c.component.update(ctx, definition, 0))
}

// TryUpdate is Update without an error.
func (c DomBehaviorDefinitionsComponent) TryUpdate(ctx context.Context, definition *BehaviorDefinition) (updated *BehaviorDefinition, ok bool) {
	updated, err := c.Update(ctx, definition)
	return updated, err == nil
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored behavior definition no longer has the revision of this one.
func (c DomBehaviorDefinitionsComponent) UpdateIfUnchanged(ctx context.Context, definition *BehaviorDefinition) (*BehaviorDefinition, error) {
	if definition == nil {
		return nil, c.component.errNil("behavior definition")
	}
	if definition.Revision == 0 {
		return nil, c.component.errNotRead("behavior definition", definition.Key())
	}
	return typed[*BehaviorDefinition](c.component.update(ctx, definition, definition.Revision))
}

// Delete removes the stored behavior definition of the same id.
func (c DomBehaviorDefinitionsComponent) Delete(ctx context.Context, definition *BehaviorDefinition) error {
	if definition == nil {
		return c.component.errNil("behavior definition")
	}
	return c.component.delete(ctx, definition.Key())
}

// TryDelete is Delete without an error.
func (c DomBehaviorDefinitionsComponent) TryDelete(ctx context.Context, definition *BehaviorDefinition) bool {
	return c.Delete(ctx, definition) == nil
}

// DomDefinitionsComponent creates, reads, updates and deletes DOM definitions.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing. The Try methods report only whether
// they succeeded; GetTraceDataLastCall says why not.
type DomDefinitionsComponent struct{ component component }

// Create stores a new DOM definition and returns it as stored.
func (c DomDefinitionsComponent) Create(ctx context.Context, definition *Definition) (*Definition, error) {
	if definition == nil {
		return nil, c.component.errNil("DOM definition")
	}
	return typed[*Definition](c.component.create(ctx, definition))
}

// TryCreate is Create without an error.
func (c DomDefinitionsComponent) TryCreate(ctx context.Context, definition *Definition) (created *Definition, ok bool) {
	created, err := c.Create(ctx, definition)
	return created, err == nil
}

// Read returns the DOM definitions the filter selects, by id; an empty slice when there
// are none.
func (c DomDefinitionsComponent) Read(ctx context.Context, filter Filter) ([]*Definition, error) {
	return read[*Definition](ctx, c.component, NewQuery(filter))
}

// ReadQuery returns the DOM definitions the query selects, in its order.
func (c DomDefinitionsComponent) ReadQuery(ctx context.Context, query Query) ([]*Definition, error) {
	return read[*Definition](ctx, c.component, query)
}

// ReadSelected returns values of the DOM definitions the query selects: those behind the
// exposers, and always the id.
func (c DomDefinitionsComponent) ReadSelected(ctx context.Context, query Query, selected ...Exposer) ([]*PartialObject, error) {
	return c.component.readSelected(ctx, query, selected)
}

// Count returns how many DOM definitions the filter selects.
func (c DomDefinitionsComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// GetTraceDataLastCall returns what the manager said to the last request of this
// component: errors, warnings and information.
func (c DomDefinitionsComponent) GetTraceDataLastCall() *slnet.TraceData {
	return c.component.lastTrace()
}

// Update replaces the stored DOM definition of the same id, whatever its revision, and
// returns it as stored.
func (c DomDefinitionsComponent) Update(ctx context.Context, definition *Definition) (*Definition, error) {
	if definition == nil {
		return nil, c.component.errNil("DOM definition")
	}
	return typed[*Definition](c.component.update(ctx, definition, 0))
}

// TryUpdate is Update without an error.
func (c DomDefinitionsComponent) TryUpdate(ctx context.Context, definition *Definition) (updated *Definition, ok bool) {
	updated, err := c.Update(ctx, definition)
	return updated, err == nil
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored DOM definition no longer has the revision of this one.
func (c DomDefinitionsComponent) UpdateIfUnchanged(ctx context.Context, definition *Definition) (*Definition, error) {
	if definition == nil {
		return nil, c.component.errNil("DOM definition")
	}
	if definition.Revision == 0 {
		return nil, c.component.errNotRead("DOM definition", definition.Key())
	}
	return typed[*Definition](c.component.update(ctx, definition, definition.Revision))
}

// Delete removes the stored DOM definition of the same id.
func (c DomDefinitionsComponent) Delete(ctx context.Context, definition *Definition) error {
	if definition == nil {
		return c.component.errNil("DOM definition")
	}
	return c.component.delete(ctx, definition.Key())
}

// TryDelete is Delete without an error.
func (c DomDefinitionsComponent) TryDelete(ctx context.Context, definition *Definition) bool {
	return c.Delete(ctx, definition) == nil
}

// DomTemplatesComponent creates, reads, updates and deletes templates.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing. The Try methods report only whether
// they succeeded; GetTraceDataLastCall says why not.
type DomTemplatesComponent struct{ component component }

// Create stores a new template and returns it as stored.
func (c DomTemplatesComponent) Create(ctx context.Context, template *Template) (*Template, error) {
	if template == nil {
		return nil, c.component.errNil("template")
	}
	return typed[*Template](c.component.create(ctx, template))
}

// TryCreate is Create without an error.
func (c DomTemplatesComponent) TryCreate(ctx context.Context, template *Template) (created *Template, ok bool) {
	created, err := c.Create(ctx, template)
	return created, err == nil
}

// Read returns the templates the filter selects, by id; an empty slice when there
// are none.
func (c DomTemplatesComponent) Read(ctx context.Context, filter Filter) ([]*Template, error) {
	return read[*Template](ctx, c.component, NewQuery(filter))
}

// ReadQuery returns the templates the query selects, in its order.
func (c DomTemplatesComponent) ReadQuery(ctx context.Context, query Query) ([]*Template, error) {
	return read[*Template](ctx, c.component, query)
}

// ReadSelected returns values of the templates the query selects: those behind the
// exposers, and always the id.
func (c DomTemplatesComponent) ReadSelected(ctx context.Context, query Query, selected ...Exposer) ([]*PartialObject, error) {
	return c.component.readSelected(ctx, query, selected)
}

// Count returns how many templates the filter selects.
func (c DomTemplatesComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// GetTraceDataLastCall returns what the manager said to the last request of this
// component: errors, warnings and information.
func (c DomTemplatesComponent) GetTraceDataLastCall() *slnet.TraceData {
	return c.component.lastTrace()
}

// Update replaces the stored template of the same id, whatever its revision, and
// returns it as stored.
func (c DomTemplatesComponent) Update(ctx context.Context, template *Template) (*Template, error) {
	if template == nil {
		return nil, c.component.errNil("template")
	}
	return typed[*Template](c.component.update(ctx, template, 0))
}

// TryUpdate is Update without an error.
func (c DomTemplatesComponent) TryUpdate(ctx context.Context, template *Template) (updated *Template, ok bool) {
	updated, err := c.Update(ctx, template)
	return updated, err == nil
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored template no longer has the revision of this one.
func (c DomTemplatesComponent) UpdateIfUnchanged(ctx context.Context, template *Template) (*Template, error) {
	if template == nil {
		return nil, c.component.errNil("template")
	}
	if template.Revision == 0 {
		return nil, c.component.errNotRead("template", template.Key())
	}
	return typed[*Template](c.component.update(ctx, template, template.Revision))
}

// Delete removes the stored template of the same id.
func (c DomTemplatesComponent) Delete(ctx context.Context, template *Template) error {
	if template == nil {
		return c.component.errNil("template")
	}
	return c.component.delete(ctx, template.Key())
}

// TryDelete is Delete without an error.
func (c DomTemplatesComponent) TryDelete(ctx context.Context, template *Template) bool {
	return c.Delete(ctx, template) == nil
}

// DomInstancesComponent creates, reads, updates and deletes DOM instances.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing. The Try methods report only whether
// they succeeded; GetTraceDataLastCall says why not.
type DomInstancesComponent struct{ component component }

// Create stores a new DOM instance and returns it as stored.
func (c DomInstancesComponent) Create(ctx context.Context, instance *Instance) (*Instance, error) {
	if instance == nil {
		return nil, c.component.errNil("DOM instance")
	}
	return typed[*Instance](c.component.create(ctx, instance))
}

// TryCreate is Create without an error.
func (c DomInstancesComponent) TryCreate(ctx context.Context, instance *Instance) (created *Instance, ok bool) {
	created, err := c.Create(ctx, instance)
	return created, err == nil
}

// Read returns the DOM instances the filter selects, by id; an empty slice when there
// are none.
func (c DomInstancesComponent) Read(ctx context.Context, filter Filter) ([]*Instance, error) {
	return read[*Instance](ctx, c.component, NewQuery(filter))
}

// ReadQuery returns the DOM instances the query selects, in its order.
func (c DomInstancesComponent) ReadQuery(ctx context.Context, query Query) ([]*Instance, error) {
	return read[*Instance](ctx, c.component, query)
}

// ReadSelected returns values of the DOM instances the query selects: those behind the
// exposers, and always the id.
func (c DomInstancesComponent) ReadSelected(ctx context.Context, query Query, selected ...Exposer) ([]*PartialObject, error) {
	return c.component.readSelected(ctx, query, selected)
}

// Count returns how many DOM instances the filter selects.
func (c DomInstancesComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// GetTraceDataLastCall returns what the manager said to the last request of this
// component: errors, warnings and information.
func (c DomInstancesComponent) GetTraceDataLastCall() *slnet.TraceData {
	return c.component.lastTrace()
}

// Update replaces the stored DOM instance of the same id, whatever its revision, and
// returns it as stored.
func (c DomInstancesComponent) Update(ctx context.Context, instance *Instance) (*Instance, error) {
	if instance == nil {
		return nil, c.component.errNil("DOM instance")
	}
	return typed[*Instance](c.component.update(ctx, instance, 0))
}

// TryUpdate is Update without an error.
func (c DomInstancesComponent) TryUpdate(ctx context.Context, instance *Instance) (updated *Instance, ok bool) {
	updated, err := c.Update(ctx, instance)
	return updated, err == nil
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored DOM instance no longer has the revision of this one.
func (c DomInstancesComponent) UpdateIfUnchanged(ctx context.Context, instance *Instance) (*Instance, error) {
	if instance == nil {
		return nil, c.component.errNil("DOM instance")
	}
	if instance.Revision == 0 {
		return nil, c.component.errNotRead("DOM instance", instance.Key())
	}
	return typed[*Instance](c.component.update(ctx, instance, instance.Revision))
}

// Delete removes the stored DOM instance of the same id.
func (c DomInstancesComponent) Delete(ctx context.Context, instance *Instance) error {
	if instance == nil {
		return c.component.errNil("DOM instance")
	}
	return c.component.delete(ctx, instance.Key())
}

// TryDelete is Delete without an error.
func (c DomInstancesComponent) TryDelete(ctx context.Context, instance *Instance) bool {
	return c.Delete(ctx, instance) == nil
}

// DomInstanceHistoryComponent reads the history of instances. Records are made
// by the server only (row HIS-12).
type DomInstanceHistoryComponent struct{ component component }

// Read returns the history records the filter selects, by instance and revision; an
// empty slice when there are none.
func (c DomInstanceHistoryComponent) Read(ctx context.Context, filter Filter) ([]*HistoryChange, error) {
	return read[*HistoryChange](ctx, c.component, NewQuery(filter))
}

// ReadQuery returns the history records the query selects, in its order. Those
// that are equal in it come by instance and revision.
func (c DomInstanceHistoryComponent) ReadQuery(ctx context.Context, query Query) ([]*HistoryChange, error) {
	return read[*HistoryChange](ctx, c.component, query)
}

// ReadSelected returns values of the history records the query selects: those behind the
// exposers, and always the id.
func (c DomInstanceHistoryComponent) ReadSelected(ctx context.Context, query Query, selected ...Exposer) ([]*PartialObject, error) {
	return c.component.readSelected(ctx, query, selected)
}

// Count returns how many history records the filter selects.
func (c DomInstanceHistoryComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// GetTraceDataLastCall returns what the manager said to the last request of this
// component: errors, warnings and information.
func (c DomInstanceHistoryComponent) GetTraceDataLastCall() *slnet.TraceData {
	return c.component.lastTrace()
}
