package dommanager

import (
	"context"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// readable prepares reading objects of a kind: the module must have a manager,
// unless the objects are module settings, and the query must fit the kind. It
// returns the module id under which the objects are stored.
func (m *Managers) readable(ctx context.Context, kind dom.ObjectKind, moduleID string) (string, *manager, error) {
	if _, err := dom.NewObject(kind); err != nil {
		return "", nil, err
	}
	if kind == dom.KindModuleSettings {
		return "", nil, nil
	}
	manager, err := m.manager(ctx, moduleID)
	return moduleID, manager, err
}

// fieldTypes are the types of the fields a query on instances may ask for.
func fieldTypes(manager *manager, kind dom.ObjectKind, r *storage.Reader) (dom.FieldTypes, error) {
	if kind != dom.KindInstance {
		return nil, nil
	}
	model, err := manager.model(r)
	if err != nil {
		return nil, err
	}
	return model.fieldType, nil
}

func (m *Managers) read(ctx context.Context, request *dom.ManagerStoreReadRequest) (slnet.Message, error) {
	moduleID, manager, err := m.readable(ctx, request.Kind, request.ModuleID)
	if err != nil {
		return nil, err
	}
	response := &dom.ManagerStoreCrudResponse{Kind: request.Kind}
	err = m.store.View(ctx, func(r *storage.Reader) error {
		types, err := fieldTypes(manager, request.Kind, r)
		if err != nil {
			return err
		}
		if err := request.Query.Check(request.Kind, types); err != nil {
			return err
		}
		response.Objects, err = r.Query(ctx, request.Kind, moduleID, request.Query)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (m *Managers) count(ctx context.Context, request *dom.ManagerStoreCountRequest) (slnet.Message, error) {
	moduleID, manager, err := m.readable(ctx, request.Kind, request.ModuleID)
	if err != nil {
		return nil, err
	}
	response := new(dom.ManagerStoreCountResponse)
	err = m.store.View(ctx, func(r *storage.Reader) error {
		types, err := fieldTypes(manager, request.Kind, r)
		if err != nil {
			return err
		}
		if err := request.Filter.Check(request.Kind, types); err != nil {
			return err
		}
		response.Count, err = r.Count(ctx, request.Kind, moduleID, request.Filter)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}
