package dommanager

import (
	"context"
	"strconv"
	"strings"

	"domovoi.dev/runtime/security"
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

func (m *Managers) read(ctx context.Context, caller security.Caller, request *dom.ManagerStoreReadRequest) (slnet.Message, error) {
	answer, trace, err := m.search(ctx, caller, storage.Search{
		Kind: request.Kind, ModuleID: request.ModuleID, Query: request.Query, Select: request.Select,
	})
	if err != nil {
		return nil, err
	}
	if len(request.Select) > 0 {
		return &dom.ManagerStoreSelectResponse{Rows: answer.Rows, TraceData: trace}, nil
	}
	return &dom.ManagerStoreCrudResponse{Kind: request.Kind, Objects: answer.Objects, TraceData: trace}, nil
}

func (m *Managers) readPage(ctx context.Context, caller security.Caller, request *dom.ManagerStorePagingRequest) (slnet.Message, error) {
	if request.PageSize == 0 {
		request.PageSize = dom.DefaultPageSize
	}
	if err := request.Check(nil); err != nil {
		return nil, err
	}
	answer, trace, err := m.search(ctx, caller, storage.Search{
		Kind: request.Kind, ModuleID: request.ModuleID, Query: request.Query, Select: request.Select,
		PageSize: request.PageSize, Cursor: request.Cursor,
	})
	if err != nil {
		return nil, err
	}
	return &dom.ManagerStorePagingResponse{
		Kind: request.Kind, Objects: answer.Objects, Rows: answer.Rows, Cursor: answer.Next, TraceData: trace,
	}, nil
}

func (m *Managers) explain(ctx context.Context, caller security.Caller, request *dom.ManagerStoreExplainRequest) (slnet.Message, error) {
	if request.PageSize < 0 || request.PageSize > dom.MaxPageSize {
		return nil, slnet.Errorf(slnet.KindInvalid, "a page of %d objects; pages have up to %d", request.PageSize, dom.MaxPageSize)
	}
	answer, trace, err := m.search(ctx, caller, storage.Search{
		Kind: request.Kind, ModuleID: request.ModuleID, Query: request.Query, Select: request.Select, PageSize: request.PageSize,
	})
	if err != nil {
		return nil, err
	}
	if !trace.HasSucceeded() {
		return &dom.ManagerStoreExplainResponse{TraceData: trace}, nil
	}
	e := answer.Explanation
	return &dom.ManagerStoreExplainResponse{Explanation: dom.QueryExplanation{
		Plan: e.Plan, IsScan: e.IsScan, IndexEntries: e.IndexEntries, Objects: e.Objects, Returned: e.Returned, Took: e.Took,
		IsPrivate: e.IsPrivate,
	}}, nil
}

// search checks a query against the model, limits it to what the caller has access
// to, and carries it out. A refusal stands in trace.
func (m *Managers) search(ctx context.Context, caller security.Caller, s storage.Search) (answer storage.Answer, trace slnet.TraceData, err error) {
	manager, err := m.readable(ctx, s.Kind, s.ModuleID)
	if err != nil {
		return answer, trace, err
	}
	s.ModuleID = manager.moduleID
	access := manager.access(caller)
	err = m.store.View(ctx, func(r *storage.Reader) error {
		types, err := manager.fieldTypes(r, s.Kind, s.Query.Filter)
		if err != nil {
			return err
		}
		if err := s.Query.Check(s.Kind, types); err != nil {
			return err
		}
		if err := dom.CheckSelect(s.Kind, s.Select); err != nil {
			return err
		}
		if err := manager.scope(r, access, &s); err != nil {
			return err
		}
		answer, err = r.Search(ctx, s)
		return err
	})
	if refused := slnet.TraceDataOf(err); refused != nil {
		return answer, *refused, nil
	}
	return answer, scanInfo(answer.Explanation), err
}

// From how many objects on a scan is told, and how many for each one returned.
const (
	scanTold       = 1000
	scanToldPerHit = 4
)

// scanInfo tells of a query that looked at far more objects than it returned.
func scanInfo(e storage.Explanation) (trace slnet.TraceData) {
	if e.IsScan && !e.IsPrivate && e.Objects >= scanTold+scanToldPerHit*e.Returned {
		trace.InfoData = []slnet.InfoData{{Type: dom.QueryInfo, Reason: dom.QueryInfoScanned, Data: map[string]string{
			dom.QueryInfoPlan: strings.Join(e.Plan, "; "), dom.QueryInfoObjects: strconv.FormatInt(e.Objects, 10),
			dom.QueryInfoReturned: strconv.FormatInt(e.Returned, 10),
		}}}
	}
	return trace
}

func (m *Managers) count(ctx context.Context, caller security.Caller, request *dom.ManagerStoreCountRequest) (slnet.Message, error) {
	manager, err := m.readable(ctx, request.Kind, request.ModuleID)
	if err != nil {
		return nil, err
	}
	access := manager.access(caller)
	response := new(dom.ManagerStoreCountResponse)
	err = m.store.View(ctx, func(r *storage.Reader) error {
		types, err := manager.fieldTypes(r, request.Kind, request.Filter)
		if err != nil {
			return err
		}
		if err := request.Filter.Check(request.Kind, types); err != nil {
			return err
		}
		filter, err := manager.scopeCount(r, access, request.Kind, request.Filter)
		if err != nil {
			return err
		}
		response.Count, err = r.Count(ctx, request.Kind, manager.moduleID, filter)
		return err
	})
	if refused := slnet.TraceDataOf(err); refused != nil {
		return &dom.ManagerStoreCountResponse{TraceData: *refused}, nil
	}
	if err != nil {
		return nil, err
	}
	return response, nil
}
