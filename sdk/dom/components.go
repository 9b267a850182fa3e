package dom

import (
	"context"

	"domovoi.dev/sdk/slnet"
)

func errNil(what string) error {
	return slnet.Errorf(slnet.KindInvalid, "no %s is given: the argument is nil", what)
}

// ModuleSettingsComponent creates, reads, updates and deletes module settings.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing.
type ModuleSettingsComponent struct{ component component }

// Create stores a new module settings object and returns it as stored.
func (c ModuleSettingsComponent) Create(ctx context.Context, settings *ModuleSettings) (*ModuleSettings, error) {
	if settings == nil {
		return nil, errNil("module settings object")
	}
	return typed[*ModuleSettings](c.component.create(ctx, settings))
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

// Update replaces the stored module settings object of the same id, whatever its revision, and
// returns it as stored.
func (c ModuleSettingsComponent) Update(ctx context.Context, settings *ModuleSettings) (*ModuleSettings, error) {
	if settings == nil {
		return nil, errNil("module settings object")
	}
	return typed[*ModuleSettings](c.component.update(ctx, settings, 0))
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored module settings object no longer has the revision of this one.
func (c ModuleSettingsComponent) UpdateIfUnchanged(ctx context.Context, settings *ModuleSettings) (*ModuleSettings, error) {
	if settings == nil {
		return nil, errNil("module settings object")
	}
	if settings.Revision == 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "module settings object %s was not read from the server: it has no revision", settings.Key())
	}
	return typed[*ModuleSettings](c.component.update(ctx, settings, settings.Revision))
}

// Delete removes the stored module settings object of the same id.
func (c ModuleSettingsComponent) Delete(ctx context.Context, settings *ModuleSettings) error {
	if settings == nil {
		return errNil("module settings object")
	}
	return c.component.delete(ctx, settings.Key())
}

// Count returns how many module settings the filter selects.
func (c ModuleSettingsComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// SectionDefinitionsComponent creates, reads, updates and deletes section definitions.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing.
type SectionDefinitionsComponent struct{ component component }

// Create stores a new section definition and returns it as stored.
func (c SectionDefinitionsComponent) Create(ctx context.Context, definition *SectionDefinition) (*SectionDefinition, error) {
	if definition == nil {
		return nil, errNil("section definition")
	}
	return typed[*SectionDefinition](c.component.create(ctx, definition))
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

// Update replaces the stored section definition of the same id, whatever its revision, and
// returns it as stored.
func (c SectionDefinitionsComponent) Update(ctx context.Context, definition *SectionDefinition) (*SectionDefinition, error) {
	if definition == nil {
		return nil, errNil("section definition")
	}
	return typed[*SectionDefinition](c.component.update(ctx, definition, 0))
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored section definition no longer has the revision of this one.
func (c SectionDefinitionsComponent) UpdateIfUnchanged(ctx context.Context, definition *SectionDefinition) (*SectionDefinition, error) {
	if definition == nil {
		return nil, errNil("section definition")
	}
	if definition.Revision == 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "section definition %s was not read from the server: it has no revision", definition.Key())
	}
	return typed[*SectionDefinition](c.component.update(ctx, definition, definition.Revision))
}

// Delete removes the stored section definition of the same id.
func (c SectionDefinitionsComponent) Delete(ctx context.Context, definition *SectionDefinition) error {
	if definition == nil {
		return errNil("section definition")
	}
	return c.component.delete(ctx, definition.Key())
}

// Count returns how many section definitions the filter selects.
func (c SectionDefinitionsComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// DomDefinitionsComponent creates, reads, updates and deletes DOM definitions.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing.
type DomDefinitionsComponent struct{ component component }

// Create stores a new DOM definition and returns it as stored.
func (c DomDefinitionsComponent) Create(ctx context.Context, definition *Definition) (*Definition, error) {
	if definition == nil {
		return nil, errNil("DOM definition")
	}
	return typed[*Definition](c.component.create(ctx, definition))
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

// Update replaces the stored DOM definition of the same id, whatever its revision, and
// returns it as stored.
func (c DomDefinitionsComponent) Update(ctx context.Context, definition *Definition) (*Definition, error) {
	if definition == nil {
		return nil, errNil("DOM definition")
	}
	return typed[*Definition](c.component.update(ctx, definition, 0))
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored DOM definition no longer has the revision of this one.
func (c DomDefinitionsComponent) UpdateIfUnchanged(ctx context.Context, definition *Definition) (*Definition, error) {
	if definition == nil {
		return nil, errNil("DOM definition")
	}
	if definition.Revision == 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "DOM definition %s was not read from the server: it has no revision", definition.Key())
	}
	return typed[*Definition](c.component.update(ctx, definition, definition.Revision))
}

// Delete removes the stored DOM definition of the same id.
func (c DomDefinitionsComponent) Delete(ctx context.Context, definition *Definition) error {
	if definition == nil {
		return errNil("DOM definition")
	}
	return c.component.delete(ctx, definition.Key())
}

// Count returns how many DOM definitions the filter selects.
func (c DomDefinitionsComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}

// DomInstancesComponent creates, reads, updates and deletes DOM instances.
//
// Its methods return a *slnet.CrudFailedError when the manager refuses the
// request; what is refused changes nothing.
type DomInstancesComponent struct{ component component }

// Create stores a new DOM instance and returns it as stored.
func (c DomInstancesComponent) Create(ctx context.Context, instance *Instance) (*Instance, error) {
	if instance == nil {
		return nil, errNil("DOM instance")
	}
	return typed[*Instance](c.component.create(ctx, instance))
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

// Update replaces the stored DOM instance of the same id, whatever its revision, and
// returns it as stored.
func (c DomInstancesComponent) Update(ctx context.Context, instance *Instance) (*Instance, error) {
	if instance == nil {
		return nil, errNil("DOM instance")
	}
	return typed[*Instance](c.component.update(ctx, instance, 0))
}

// UpdateIfUnchanged is Update, but fails with ErrObjectChangedSinceRead when
// the stored DOM instance no longer has the revision of this one.
func (c DomInstancesComponent) UpdateIfUnchanged(ctx context.Context, instance *Instance) (*Instance, error) {
	if instance == nil {
		return nil, errNil("DOM instance")
	}
	if instance.Revision == 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "DOM instance %s was not read from the server: it has no revision", instance.Key())
	}
	return typed[*Instance](c.component.update(ctx, instance, instance.Revision))
}

// Delete removes the stored DOM instance of the same id.
func (c DomInstancesComponent) Delete(ctx context.Context, instance *Instance) error {
	if instance == nil {
		return errNil("DOM instance")
	}
	return c.component.delete(ctx, instance.Key())
}

// Count returns how many DOM instances the filter selects.
func (c DomInstancesComponent) Count(ctx context.Context, filter Filter) (int64, error) {
	return c.component.count(ctx, filter)
}
