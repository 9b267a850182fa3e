package dommanager

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// manager is the DOM manager of one module under one version of its settings.
type manager struct {
	store    *storage.Store
	moduleID string
	settings *dom.ModuleSettings
	accounts *security.Accounts
	links    *security.Links // those of settings
	costs    *linkCosts      // of all managers
	triggers Triggers

	// cached is the model last used. It is replaced, never changed.
	cached atomic.Pointer[model]
}

func (m *manager) create(ctx context.Context, caller security.Caller, request *dom.ManagerStoreCreateRequest) (slnet.Raw, error) {
	access := m.access(caller)
	var raw slnet.Raw
	_, err := m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		// Decoded anew in every run of the transaction, for it is changed.
		o, err := dom.DecodeObject(request.Kind, request.Object)
		if err != nil {
			return err
		}
		if err := m.mayStore(access, o); err != nil {
			return err
		}
		raw, err = m.insert(ctx, tx, caller, o)
		if errors.Is(err, dom.ErrObjectAlreadyExisted) {
			return m.taken(tx, access, o)
		}
		return err
	})
	return raw, err
}

func (m *manager) update(ctx context.Context, caller security.Caller, request *dom.ManagerStoreUpdateRequest) (slnet.Raw, error) {
	access := m.access(caller)
	var raw slnet.Raw
	_, err := m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		o, err := dom.DecodeObject(request.Kind, request.Object)
		if err != nil {
			return err
		}
		if err := m.mayStore(access, o); err != nil {
			return err
		}
		old, err := tx.Object(o.Kind(), m.moduleID, o.Key())
		if errors.Is(err, storage.ErrNotFound) {
			return m.missing(access, o.Kind(), o.Key())
		}
		if err != nil {
			return err
		}
		if err := m.mayChange(access, old); err != nil {
			return err
		}
		if err := checkRevision(m.moduleID, old, request.IfRevision); err != nil {
			return err
		}
		raw, err = m.replace(ctx, tx, caller, old, o)
		return err
	})
	return raw, err
}

func (m *manager) delete(ctx context.Context, caller security.Caller, request *dom.ManagerStoreDeleteRequest) (slnet.Raw, error) {
	access := m.access(caller)
	var raw slnet.Raw
	_, err := m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) (err error) {
		raw, err = m.remove(ctx, tx, caller, access, request.Kind, request.Key)
		return err
	})
	return raw, err
}

// insert validates and stores a new object.
func (m *manager) insert(ctx context.Context, tx *storage.Tx, caller security.Caller, o dom.Object) (slnet.Raw, error) {
	model, err := m.prepare(ctx, tx, nil, o)
	if err != nil {
		return nil, err
	}
	stampCreated(tx, caller, o)
	raw, err := tx.Insert(m.moduleID, o)
	if errors.Is(err, storage.ErrExists) {
		return nil, alreadyExisted(o, m.moduleID)
	}
	if err != nil {
		return nil, err
	}
	if err := m.record(tx, nil, o); err != nil {
		return nil, err
	}
	if err := m.tell(model, tx, caller, nil, o); err != nil {
		return nil, err
	}
	return raw, m.inform(tx, caller, "created", o)
}

// replace validates and stores a new version of an object.
func (m *manager) replace(ctx context.Context, tx *storage.Tx, caller security.Caller, old, o dom.Object) (slnet.Raw, error) {
	model, err := m.prepare(ctx, tx, old, o)
	if err != nil {
		return nil, err
	}
	return m.overwrite(model, tx, caller, old, o)
}

// overwrite stores a new version of an object that was found valid.
func (m *manager) overwrite(model *model, tx *storage.Tx, caller security.Caller, old, o dom.Object) (slnet.Raw, error) {
	stampUpdated(tx, caller, old, o)
	raw, err := tx.Replace(m.moduleID, old, o)
	if err != nil {
		return nil, err
	}
	if err := m.record(tx, old, o); err != nil {
		return nil, err
	}
	if err := m.tell(model, tx, caller, old, o); err != nil {
		return nil, err
	}
	return raw, m.inform(tx, caller, "updated", o)
}

// remove deletes an object and returns it as it was.
func (m *manager) remove(ctx context.Context, tx *storage.Tx, caller security.Caller, access security.Access, kind dom.ObjectKind, key string) (slnet.Raw, error) {
	raw, old, err := m.changeable(tx, access, kind, key)
	if err != nil {
		return nil, err
	}
	model, err := m.model(&tx.Reader)
	if err != nil {
		return nil, err
	}
	if err := m.removal(ctx, tx, model, old); err != nil {
		return nil, err
	}
	if err := tx.Remove(m.moduleID, old, m.historyDisabled(model, old)); err != nil {
		return nil, err
	}
	if err := m.tell(model, tx, caller, old, nil); err != nil {
		return nil, err
	}
	return raw, m.inform(tx, caller, "deleted", old)
}

// prepare validates an object and fills in what the server decides, and returns
// the model it went by. old is the stored version, nil for a new object.
func (m *manager) prepare(ctx context.Context, tx *storage.Tx, old, o dom.Object) (*model, error) {
	model, err := m.model(&tx.Reader)
	if err != nil {
		return nil, err
	}
	c := check{ctx: ctx, tx: tx, manager: m, model: model}
	switch o := o.(type) {
	case *dom.SectionDefinition:
		o.ModuleID = m.moduleID
		was, _ := old.(*dom.SectionDefinition)
		err = c.sectionDefinition(was, o)
	case *dom.BehaviorDefinition:
		o.ModuleID = m.moduleID
		was, _ := old.(*dom.BehaviorDefinition)
		err = c.behaviorDefinition(was, o)
	case *dom.Definition:
		o.ModuleID = m.moduleID
		was, _ := old.(*dom.Definition)
		err = c.definition(was, o)
	case *dom.Template:
		o.ModuleID = m.moduleID
	case *dom.Instance:
		o.ModuleID = m.moduleID
		was, _ := old.(*dom.Instance)
		err = c.instance(was, o)
	}
	if err != nil {
		return nil, err
	}
	return model, c.result()
}

// check gathers what is wrong with an object. Its methods return an error only
// when they could not look.
type check struct {
	ctx     context.Context
	tx      *storage.Tx
	manager *manager
	model   *model
	trace   slnet.TraceData
}

// result is the error of what was gathered, nil when nothing is wrong.
func (c *check) result() error {
	if c.trace.HasSucceeded() {
		return nil
	}
	return &slnet.CrudFailedError{TraceData: c.trace}
}

// maxListedIDs bounds the lists of instance ids in errors.
const maxListedIDs = 100

// instances returns the ids of the first instances of the module that a filter
// selects, for errors. The transaction conflicts with every change that would
// alter the answer.
func (c *check) instances(filter dom.Filter) ([]uuid.UUID, error) {
	keys, err := c.tx.IDs(c.ctx, dom.KindInstance, c.manager.moduleID, filter, maxListedIDs)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(keys))
	for i, key := range keys {
		if ids[i], err = uuid.Parse(key); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// removal looks whether an object may be deleted.
func (m *manager) removal(ctx context.Context, tx *storage.Tx, model *model, o dom.Object) (err error) {
	c := check{ctx: ctx, tx: tx, manager: m, model: model}
	switch o := o.(type) {
	case *dom.SectionDefinition:
		err = c.sectionDefinitionRemoval(o)
	case *dom.BehaviorDefinition:
		err = c.behaviorDefinitionRemoval(o)
	case *dom.Definition:
		err = c.definitionRemoval(o)
	}
	if err != nil {
		return err
	}
	return c.result()
}

// instance validates an instance and fills in its generated values, its status
// and its name.
func (c *check) instance(old, o *dom.Instance) error {
	definition := c.model.definitions[o.DomDefinitionID]
	if definition == nil {
		c.fail(dom.InstanceError, dom.ErrDomInstanceRequiresLinkToValidDomDefinition,
			slnet.ErrorProperties{ID: o.Key(), DomDefinitionIDs: []uuid.UUID{uuid.UUID(o.DomDefinitionID)}},
			"the instance belongs to the DOM definition %s, which does not exist in this module", o.DomDefinitionID)
		return nil
	}
	c.model.canonical(o)
	behavior := c.model.behavior(definition)
	if behavior != nil {
		behavior.begin(old, o)
	}
	if err := c.increments(definition, o); err != nil {
		return err
	}
	if behavior != nil {
		checkInstanceInStatus(&c.trace, c.model, behavior, old, o)
	} else {
		checkInstance(&c.trace, c.model, definition, old, o)
	}
	o.Name = c.model.name(c.manager.settings, definition, o)
	return nil
}

// fail adds an error.
func (c *check) fail(errorType slnet.ErrorType, reason slnet.Reason, properties slnet.ErrorProperties, format string, args ...any) {
	c.trace.AddError(slnet.ErrorData{Type: errorType, Reason: reason, Properties: properties, Message: fmt.Sprintf(format, args...)})
}

// inform adds an information event about a changed object where the settings
// ask for it (row MOD-19).
func (m *manager) inform(tx *storage.Tx, caller security.Caller, verb string, o dom.Object) error {
	if !m.settings.DomManagerSettings.InformationEventSettings.Enable {
		return nil
	}
	name := o.Key()
	definition := ""
	switch o := o.(type) {
	case *dom.SectionDefinition:
		name = o.Name
	case *dom.BehaviorDefinition:
		name = o.Name
	case *dom.Definition:
		name = o.Name
	case *dom.Template:
		name = o.Name
	case *dom.Instance:
		name, definition = o.Name, o.DomDefinitionID.String()
	}
	return tx.AddEvent(m.moduleID, &slnet.InformationEventMessage{
		Time: tx.Now(), User: caller.User, ModuleID: m.moduleID, RunID: caller.RunID,
		ObjectKind: string(o.Kind()), ObjectID: o.Key(), DomDefinitionID: definition,
		Text: fmt.Sprintf("%s %q (%s) was %s by %s in module %s", o.Kind(), name, o.Key(), verb, caller.User, m.moduleID),
	})
}
