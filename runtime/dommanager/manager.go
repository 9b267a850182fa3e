package dommanager

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

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

	// cached is the model last used. It is replaced, never changed.
	cached atomic.Pointer[model]
}

func (m *manager) create(ctx context.Context, caller security.Caller, request *dom.ManagerStoreCreateRequest) (slnet.Raw, error) {
	var raw slnet.Raw
	_, err := m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		// Decoded anew in every run of the transaction, for it is changed.
		o, err := dom.DecodeObject(request.Kind, request.Object)
		if err != nil {
			return err
		}
		if err := m.prepare(tx, nil, o); err != nil {
			return err
		}
		stampCreated(tx, caller, o)
		raw, err = tx.Insert(m.moduleID, o)
		if errors.Is(err, storage.ErrExists) {
			return alreadyExisted(o, m.moduleID)
		}
		if err != nil {
			return err
		}
		return m.inform(tx, caller, "created", o)
	})
	return raw, err
}

func (m *manager) update(ctx context.Context, caller security.Caller, request *dom.ManagerStoreUpdateRequest) (slnet.Raw, error) {
	var raw slnet.Raw
	_, err := m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		o, err := dom.DecodeObject(request.Kind, request.Object)
		if err != nil {
			return err
		}
		old, err := existing(tx, m.moduleID, o, request.IfRevision)
		if err != nil {
			return err
		}
		if err := m.prepare(tx, old, o); err != nil {
			return err
		}
		stampUpdated(tx, caller, old, o)
		if raw, err = tx.Replace(m.moduleID, old, o); err != nil {
			return err
		}
		return m.inform(tx, caller, "updated", o)
	})
	return raw, err
}

func (m *manager) delete(ctx context.Context, caller security.Caller, request *dom.ManagerStoreDeleteRequest) (slnet.Raw, error) {
	var raw slnet.Raw
	_, err := m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) (err error) {
		if raw, err = remove(tx, request.Kind, m.moduleID, request.Key); err != nil {
			return err
		}
		old, err := dom.DecodeObject(request.Kind, raw)
		if err != nil {
			return err
		}
		return m.inform(tx, caller, "deleted", old)
	})
	return raw, err
}

// prepare validates an object and fills in what the server decides. old is the
// stored version, nil for a new object.
func (m *manager) prepare(tx *storage.Tx, old, o dom.Object) error {
	var trace slnet.TraceData
	switch o := o.(type) {
	case *dom.SectionDefinition:
		o.ModuleID = m.moduleID
		checkSectionDefinition(&trace, o)
	case *dom.Definition:
		o.ModuleID = m.moduleID
	case *dom.Instance:
		model, err := m.model(&tx.Reader)
		if err != nil {
			return err
		}
		o.ModuleID = m.moduleID
		before, _ := old.(*dom.Instance)
		checkInstance(&trace, model, before, o)
		o.Name = o.ID.String()
	}
	if !trace.HasSucceeded() {
		return &slnet.CrudFailedError{TraceData: trace}
	}
	return nil
}

// inform adds an information event about a changed object where the settings
// ask for it (row MOD-19).
func (m *manager) inform(tx *storage.Tx, caller security.Caller, verb string, o dom.Object) error {
	if !m.settings.DomManagerSettings.InformationEventSettings.Enable {
		return nil
	}
	name := o.Key()
	switch o := o.(type) {
	case *dom.SectionDefinition:
		name = o.Name
	case *dom.Definition:
		name = o.Name
	case *dom.Instance:
		name = o.Name
	}
	return tx.AddEvent(m.moduleID, &slnet.InformationEventMessage{
		Time: tx.Now(), User: caller.User, ModuleID: m.moduleID, RunID: caller.RunID,
		Text: fmt.Sprintf("%s %q (%s) was %s by %s in module %s", o.Kind(), name, o.Key(), verb, caller.User, m.moduleID),
	})
}

// model is what instances are validated against: the section definitions and
// definitions of a module at one version. It does not change.
type model struct {
	version     uint64
	sections    map[dom.SectionDefinitionID]*dom.SectionDefinition
	definitions map[dom.DefinitionID]*dom.Definition
	fields      map[dom.FieldDescriptorID]*dom.FieldDescriptor
}

// model returns the model as r sees it. Reading its version makes the
// transaction conflict with every change of the model, so that an instance is
// never stored under a model it was not validated against.
func (m *manager) model(r *storage.Reader) (*model, error) {
	version, err := r.ModelVersion(m.moduleID)
	if err != nil {
		return nil, err
	}
	if cached := m.cached.Load(); cached != nil && cached.version == version {
		return cached, nil
	}
	loaded := &model{
		version:     version,
		sections:    make(map[dom.SectionDefinitionID]*dom.SectionDefinition),
		definitions: make(map[dom.DefinitionID]*dom.Definition),
		fields:      make(map[dom.FieldDescriptorID]*dom.FieldDescriptor),
	}
	for _, kind := range []dom.ObjectKind{dom.KindSectionDefinition, dom.KindDefinition} {
		raws, err := r.Query(context.Background(), kind, m.moduleID, dom.NewQuery(dom.True()))
		if err != nil {
			return nil, err
		}
		for _, raw := range raws {
			o, err := dom.DecodeObject(kind, raw)
			if err != nil {
				return nil, err
			}
			loaded.add(o)
		}
	}
	m.cached.Store(loaded)
	return loaded, nil
}

func (m *model) add(o dom.Object) {
	switch o := o.(type) {
	case *dom.SectionDefinition:
		m.sections[o.ID] = o
		for _, fd := range o.FieldDescriptors {
			m.fields[fd.ID] = fd
		}
	case *dom.Definition:
		m.definitions[o.ID] = o
	}
}

// fieldType is the type of a field of any section, "" when there is none.
func (m *model) fieldType(id dom.FieldDescriptorID) dom.FieldType {
	if fd := m.fields[id]; fd != nil {
		return fd.FieldType
	}
	return ""
}
