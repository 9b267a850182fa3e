package dommanager

import (
	"context"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// readable returns the manager to read objects of a kind with: that of the
// module, or none for module settings, which belong to no module.
func (m *Managers) readable(ctx context.Context, kind dom.ObjectKind, moduleID string) (*manager, error) {
	if _, err := dom.NewObject(kind); err != nil {
		return nil, err
	}
	if kind == dom.KindModuleSettings {
		return &manager{}, nil
	}
	return m.manager(ctx, moduleID)
}

// fieldTypes are the types of the fields that a filter on instances names. The
// model is not asked for when it names none.
func (m *manager) fieldTypes(r *storage.Reader, kind dom.ObjectKind, filter dom.Filter) (dom.FieldTypes, error) {
	if kind != dom.KindInstance || !filter.NamesFields() {
		return nil, nil
	}
	model, err := m.model(r)
	if err != nil {
		return nil, err
	}
	return model.fieldType, nil
}

func (m *Managers) read(ctx context.Context, request *dom.ManagerStoreReadRequest) (slnet.Message, error) {
	manager, err := m.readable(ctx, request.Kind, request.ModuleID)
	if err != nil {
		return nil, err
	}
	var response slnet.Message
	err = m.store.View(ctx, func(r *storage.Reader) error {
		types, err := manager.fieldTypes(r, request.Kind, request.Query.Filter)
		if err != nil {
			return err
		}
		if err := request.Query.Check(request.Kind, types); err != nil {
			return err
		}
		if len(request.Select) > 0 {
			response, err = manager.readSelected(ctx, r, request)
			return err
		}
		objects, err := manager.query(ctx, r, request.Kind, request.Query)
		response = &dom.ManagerStoreCrudResponse{Kind: request.Kind, Objects: objects}
		return err
	})
	return response, err
}

func (m *manager) query(ctx context.Context, r *storage.Reader, kind dom.ObjectKind, query dom.Query) ([]slnet.Raw, error) {
	if kind == dom.KindHistoryChange {
		return r.History(ctx, m.moduleID, query)
	}
	return r.Query(ctx, kind, m.moduleID, query)
}

func (m *manager) readSelected(ctx context.Context, r *storage.Reader, request *dom.ManagerStoreReadRequest) (slnet.Message, error) {
	if err := dom.CheckSelect(request.Kind, request.Select); err != nil {
		return nil, err
	}
	raws, err := m.query(ctx, r, request.Kind, request.Query)
	if err != nil {
		return nil, err
	}
	response := &dom.ManagerStoreSelectResponse{Rows: make([]dom.SelectedRow, len(raws))}
	for i, raw := range raws {
		o, err := dom.DecodeObject(request.Kind, raw)
		if err != nil {
			return nil, err
		}
		response.Rows[i] = dom.SelectValues(o, request.Select)
	}
	return response, nil
}

func (m *Managers) count(ctx context.Context, request *dom.ManagerStoreCountRequest) (slnet.Message, error) {
	manager, err := m.readable(ctx, request.Kind, request.ModuleID)
	if err != nil {
		return nil, err
	}
	response := new(dom.ManagerStoreCountResponse)
	err = m.store.View(ctx, func(r *storage.Reader) error {
		types, err := manager.fieldTypes(r, request.Kind, request.Filter)
		if err != nil {
			return err
		}
		if err := request.Filter.Check(request.Kind, types); err != nil {
			return err
		}
		if request.Kind == dom.KindHistoryChange {
			response.Count, err = r.CountHistory(ctx, manager.moduleID, request.Filter)
		} else {
			response.Count, err = r.Count(ctx, request.Kind, manager.moduleID, request.Filter)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}
