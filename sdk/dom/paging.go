package dom

import (
	"context"

	"domovoi.dev/sdk/slnet"
)

// DefaultPageSize is the number of objects of a page when none is given.
const DefaultPageSize = 500

// MaxPageSize is the most objects of a page.
const MaxPageSize = 10_000

// ManagerStorePagingRequest reads one page of what a query selects. Answered with
// ManagerStorePagingResponse. The server keeps nothing between pages, so they
// may be read at any pace and go on after a restart.
//
// Without an order pages come by id: every object that is there all the time is
// in exactly one page, whatever is changed meanwhile. With an order an object
// that is changed so that it would come again is left out the second time; one
// that is moved from behind the current page to before it is missed.
type ManagerStorePagingRequest struct {
	ModuleID string     `json:"ModuleId,omitempty"`
	Kind     ObjectKind `json:"Kind"`
	Query    Query      `json:"Query"`
	// Select limits the answer to the values behind these exposers.
	Select []Exposer `json:"Select,omitempty"`
	// PageSize is from 1 to MaxPageSize; 0 means DefaultPageSize.
	PageSize int `json:"PageSize,omitempty"`
	// Cursor is that of the page before, empty for the first page. It is good only
	// for the query it was made for.
	Cursor string `json:"Cursor,omitempty"`
}

// ManagerStorePagingResponse carries a page.
type ManagerStorePagingResponse struct {
	Kind ObjectKind `json:"Kind"`
	// Objects are in their canonical form; Rows are there instead when values were
	// selected.
	Objects []slnet.Raw   `json:"Objects,omitempty"`
	Rows    []SelectedRow `json:"Rows,omitempty"`
	// Cursor is where the next page begins, empty when there is none.
	Cursor    string          `json:"Cursor,omitempty"`
	TraceData slnet.TraceData `json:"TraceData,omitempty"`
}

// MessageName implements slnet.Message.
func (*ManagerStorePagingRequest) MessageName() string { return "ManagerStorePagingRequest" }

// MessageName implements slnet.Message.
func (*ManagerStorePagingResponse) MessageName() string { return "ManagerStorePagingResponse" }

// PagingHelper moves through the pages of a query. Making one sends nothing. It
// is for one goroutine. The pages are typed; see DomInstancePages. (dom.md 3.16)
type PagingHelper struct {
	component component
	request   ManagerStorePagingRequest
	// current is the page it stands at and ahead one that was only looked at, nil
	// when there is none.
	current, ahead *ManagerStorePagingResponse
	ended, gotAll  bool
	trace          slnet.TraceData
	err            error
}

func newPagingHelper(c component, query Query, pageSize int, selected []Exposer) *PagingHelper {
	if pageSize == 0 {
		pageSize = DefaultPageSize
	}
	p := &PagingHelper{component: c, request: ManagerStorePagingRequest{ModuleID: c.moduleID, Kind: c.kind, Query: query, PageSize: pageSize, Select: selected}}
	p.err = p.request.Check(nil)
	return p
}

// Check returns an error when the request cannot be carried out, whatever its
// cursor.
func (r *ManagerStorePagingRequest) Check(types FieldTypes) error {
	if r.PageSize < 0 || r.PageSize > MaxPageSize {
		return slnet.Errorf(slnet.KindInvalid, "a page of %d objects was asked for; pages have from 1 to %d", r.PageSize, MaxPageSize)
	}
	if err := r.Query.Check(r.Kind, types); err != nil {
		return err
	}
	return CheckSelect(r.Kind, r.Select)
}

// MoveToNextPage moves to the next page and reports whether there is one with
// objects; when there is none, the current page is empty.
func (p *PagingHelper) MoveToNextPage(ctx context.Context) (bool, error) {
	if err := p.look(ctx); err != nil {
		return false, err
	}
	p.current, p.ahead = p.ahead, nil
	return p.current != nil && len(p.current.Objects)+len(p.current.Rows) > 0, nil
}

// HasNextPage reports whether MoveToNextPage will find a page. It may read it.
func (p *PagingHelper) HasNextPage(ctx context.Context) (bool, error) {
	err := p.look(ctx)
	return err == nil && p.ahead != nil && len(p.ahead.Objects)+len(p.ahead.Rows) > 0, err
}

// GetTraceData returns what the manager said to the requests so far.
func (p *PagingHelper) GetTraceData() *slnet.TraceData {
	trace := p.trace
	return &trace
}

// look reads the next page unless that was done, or there is none.
func (p *PagingHelper) look(ctx context.Context) error {
	if p.err != nil || p.ahead != nil || p.ended {
		return p.err
	}
	response, err := ask[*ManagerStorePagingResponse](ctx, p.component, &p.request)
	if err != nil {
		return err // may be tried again
	}
	p.trace.ErrorData = append(p.trace.ErrorData, response.TraceData.ErrorData...)
	p.trace.WarningData = append(p.trace.WarningData, response.TraceData.WarningData...)
	p.trace.InfoData = append(p.trace.InfoData, response.TraceData.InfoData...)
	if !response.TraceData.HasSucceeded() {
		err = &slnet.CrudFailedError{TraceData: response.TraceData}
	}
	p.component.note(response.TraceData, err)
	if err != nil {
		return err
	}
	p.ahead, p.request.Cursor = response, response.Cursor
	p.ended = response.Cursor == ""
	return nil
}

// all moves through the pages that are left and calls fn at each.
func (p *PagingHelper) all(ctx context.Context, fn func() error) error {
	if p.gotAll {
		return slnet.Errorf(slnet.KindConflict, "GetAll was called before; prepare the paging again")
	}
	p.gotAll = true
	for {
		more, err := p.MoveToNextPage(ctx)
		if err == nil && more {
			err = fn()
		}
		if err != nil || !more {
			return err
		}
	}
}

// pageOf decodes the current page.
func pageOf[T Object](p *PagingHelper) ([]T, error) {
	if p.current == nil {
		return []T{}, nil
	}
	list := make([]T, len(p.current.Objects))
	for i, raw := range p.current.Objects {
		o, err := DecodeObject(p.component.kind, raw)
		if err != nil {
			return nil, err
		}
		list[i] = o.(T)
	}
	return list, nil
}

func allOf[T Object](ctx context.Context, p *PagingHelper) ([]T, error) {
	list := []T{}
	err := p.all(ctx, func() error {
		page, err := pageOf[T](p)
		list = append(list, page...)
		return err
	})
	return list, err
}

// PartialObjectPages are pages of selected values.
type PartialObjectPages struct{ *PagingHelper }

// GetCurrentPage returns the values of the current page; none before the first
// MoveToNextPage.
func (p *PartialObjectPages) GetCurrentPage() ([]*PartialObject, error) {
	if p.current == nil {
		return []*PartialObject{}, nil
	}
	return partialObjects(&p.request, p.request.Select, p.current.Rows)
}

// GetAll returns the values of all pages from the next one on. It can be called
// once.
func (p *PartialObjectPages) GetAll(ctx context.Context) ([]*PartialObject, error) {
	list := []*PartialObject{}
	err := p.all(ctx, func() error {
		page, err := p.GetCurrentPage()
		list = append(list, page...)
		return err
	})
	return list, err
}

func preparePartial(c component, query Query, pageSize int, selected []Exposer) *PartialObjectPages {
	p := newPagingHelper(c, query, pageSize, selected)
	if p.err == nil && len(selected) == 0 {
		p.err = slnet.Errorf(slnet.KindInvalid, "nothing is selected; name at least one exposer")
	}
	return &PartialObjectPages{p}
}

// ModuleSettingsPages are pages of module settings.
type ModuleSettingsPages struct{ *PagingHelper }

// GetCurrentPage returns the module settings of the current page; none before the first
// MoveToNextPage.
func (p *ModuleSettingsPages) GetCurrentPage() ([]*ModuleSettings, error) {
	return pageOf[*ModuleSettings](p.PagingHelper)
}

// GetAll returns the module settings of all pages from the next one on. It can be called
// once.
func (p *ModuleSettingsPages) GetAll(ctx context.Context) ([]*ModuleSettings, error) {
	return allOf[*ModuleSettings](ctx, p.PagingHelper)
}

// PreparePaging prepares reading the module settings that the filter selects in pages, by
// id. A page size of 0 means DefaultPageSize.
func (c ModuleSettingsComponent) PreparePaging(filter Filter, pageSize int) *ModuleSettingsPages {
	return c.PreparePagingQuery(NewQuery(filter), pageSize)
}

// PreparePagingQuery is PreparePaging for a query, in its order.
func (c ModuleSettingsComponent) PreparePagingQuery(query Query, pageSize int) *ModuleSettingsPages {
	return &ModuleSettingsPages{newPagingHelper(c.component, query, pageSize, nil)}
}

// PreparePagingSelected is PreparePagingQuery for the values behind exposers.
func (c ModuleSettingsComponent) PreparePagingSelected(query Query, pageSize int, selected ...Exposer) *PartialObjectPages {
	return preparePartial(c.component, query, pageSize, selected)
}

// Explain carries out the query and returns how it was done.
func (c ModuleSettingsComponent) Explain(ctx context.Context, query Query) (*QueryExplanation, error) {
	return c.component.explain(ctx, query)
}

// SectionDefinitionPages are pages of section definitions.
type SectionDefinitionPages struct{ *PagingHelper }

// GetCurrentPage returns the section definitions of the current page; none before the first
// MoveToNextPage.
func (p *SectionDefinitionPages) GetCurrentPage() ([]*SectionDefinition, error) {
	return pageOf[*SectionDefinition](p.PagingHelper)
}

// GetAll returns the section definitions of all pages from the next one on. It can be called
// once.
func (p *SectionDefinitionPages) GetAll(ctx context.Context) ([]*SectionDefinition, error) {
	return allOf[*SectionDefinition](ctx, p.PagingHelper)
}

// PreparePaging prepares reading the section definitions that the filter selects in pages, by
// id. A page size of 0 means DefaultPageSize.
func (c SectionDefinitionsComponent) PreparePaging(filter Filter, pageSize int) *SectionDefinitionPages {
	return c.PreparePagingQuery(NewQuery(filter), pageSize)
}

// PreparePagingQuery is PreparePaging for a query, in its order.
func (c SectionDefinitionsComponent) PreparePagingQuery(query Query, pageSize int) *SectionDefinitionPages {
	return &SectionDefinitionPages{newPagingHelper(c.component, query, pageSize, nil)}
}

// PreparePagingSelected is PreparePagingQuery for the values behind exposers.
func (c SectionDefinitionsComponent) PreparePagingSelected(query Query, pageSize int, selected ...Exposer) *PartialObjectPages {
	return preparePartial(c.component, query, pageSize, selected)
}

// Explain carries out the query and returns how it was done.
func (c SectionDefinitionsComponent) Explain(ctx context.Context, query Query) (*QueryExplanation, error) {
	return c.component.explain(ctx, query)
}

// DomBehaviorDefinitionPages are pages of behavior definitions.
type DomBehaviorDefinitionPages struct{ *PagingHelper }

// GetCurrentPage returns the behavior definitions of the current page; none before the first
// MoveToNextPage.
func (p *DomBehaviorDefinitionPages) GetCurrentPage() ([]*BehaviorDefinition, error) {
	return pageOf[*BehaviorDefinition](p.PagingHelper)
}

// GetAll returns the behavior definitions of all pages from the next one on. It can be called
// once.
func (p *DomBehaviorDefinitionPages) GetAll(ctx context.Context) ([]*BehaviorDefinition, error) {
	return allOf[*BehaviorDefinition](ctx, p.PagingHelper)
}

// PreparePaging prepares reading the behavior definitions that the filter selects in pages, by
// id. A page size of 0 means DefaultPageSize.
func (c DomBehaviorDefinitionsComponent) PreparePaging(filter Filter, pageSize int) *DomBehaviorDefinitionPages {
	return c.PreparePagingQuery(NewQuery(filter), pageSize)
}

// PreparePagingQuery is PreparePaging for a query, in its order.
func (c DomBehaviorDefinitionsComponent) PreparePagingQuery(query Query, pageSize int) *DomBehaviorDefinitionPages {
	return &DomBehaviorDefinitionPages{newPagingHelper(c.component, query, pageSize, nil)}
}

// PreparePagingSelected is PreparePagingQuery for the values behind exposers.
func (c DomBehaviorDefinitionsComponent) PreparePagingSelected(query Query, pageSize int, selected ...Exposer) *PartialObjectPages {
	return preparePartial(c.component, query, pageSize, selected)
}

// Explain carries out the query and returns how it was done.
func (c DomBehaviorDefinitionsComponent) Explain(ctx context.Context, query Query) (*QueryExplanation, error) {
	return c.component.explain(ctx, query)
}

// DomDefinitionPages are pages of DOM definitions.
type DomDefinitionPages struct{ *PagingHelper }

// GetCurrentPage returns the DOM definitions of the current page; none before the first
// MoveToNextPage.
func (p *DomDefinitionPages) GetCurrentPage() ([]*Definition, error) {
	return pageOf[*Definition](p.PagingHelper)
}

// GetAll returns the DOM definitions of all pages from the next one on. It can be called
// once.
func (p *DomDefinitionPages) GetAll(ctx context.Context) ([]*Definition, error) {
	return allOf[*Definition](ctx, p.PagingHelper)
}

// PreparePaging prepares reading the DOM definitions that the filter selects in pages, by
// id. A page size of 0 means DefaultPageSize.
func (c DomDefinitionsComponent) PreparePaging(filter Filter, pageSize int) *DomDefinitionPages {
	return c.PreparePagingQuery(NewQuery(filter), pageSize)
}

// PreparePagingQuery is PreparePaging for a query, in its order.
func (c DomDefinitionsComponent) PreparePagingQuery(query Query, pageSize int) *DomDefinitionPages {
	return &DomDefinitionPages{newPagingHelper(c.component, query, pageSize, nil)}
}

// PreparePagingSelected is PreparePagingQuery for the values behind exposers.
func (c DomDefinitionsComponent) PreparePagingSelected(query Query, pageSize int, selected ...Exposer) *PartialObjectPages {
	return preparePartial(c.component, query, pageSize, selected)
}

// Explain carries out the query and returns how it was done.
func (c DomDefinitionsComponent) Explain(ctx context.Context, query Query) (*QueryExplanation, error) {
	return c.component.explain(ctx, query)
}

// DomTemplatePages are pages of templates.
type DomTemplatePages struct{ *PagingHelper }

// GetCurrentPage returns the templates of the current page; none before the first
// MoveToNextPage.
func (p *DomTemplatePages) GetCurrentPage() ([]*Template, error) {
	return pageOf[*Template](p.PagingHelper)
}

// GetAll returns the templates of all pages from the next one on. It can be called
// once.
func (p *DomTemplatePages) GetAll(ctx context.Context) ([]*Template, error) {
	return allOf[*Template](ctx, p.PagingHelper)
}

// PreparePaging prepares reading the templates that the filter selects in pages, by
// id. A page size of 0 means DefaultPageSize.
func (c DomTemplatesComponent) PreparePaging(filter Filter, pageSize int) *DomTemplatePages {
	return c.PreparePagingQuery(NewQuery(filter), pageSize)
}

// PreparePagingQuery is PreparePaging for a query, in its order.
func (c DomTemplatesComponent) PreparePagingQuery(query Query, pageSize int) *DomTemplatePages {
	return &DomTemplatePages{newPagingHelper(c.component, query, pageSize, nil)}
}

// PreparePagingSelected is PreparePagingQuery for the values behind exposers.
func (c DomTemplatesComponent) PreparePagingSelected(query Query, pageSize int, selected ...Exposer) *PartialObjectPages {
	return preparePartial(c.component, query, pageSize, selected)
}

// Explain carries out the query and returns how it was done.
func (c DomTemplatesComponent) Explain(ctx context.Context, query Query) (*QueryExplanation, error) {
	return c.component.explain(ctx, query)
}

// DomInstancePages are pages of DOM instances.
type DomInstancePages struct{ *PagingHelper }

// GetCurrentPage returns the DOM instances of the current page; none before the first
// MoveToNextPage.
func (p *DomInstancePages) GetCurrentPage() ([]*Instance, error) {
	return pageOf[*Instance](p.PagingHelper)
}

// GetAll returns the DOM instances of all pages from the next one on. It can be called
// once.
func (p *DomInstancePages) GetAll(ctx context.Context) ([]*Instance, error) {
	return allOf[*Instance](ctx, p.PagingHelper)
}

// PreparePaging prepares reading the DOM instances that the filter selects in pages, by
// id. A page size of 0 means DefaultPageSize.
func (c DomInstancesComponent) PreparePaging(filter Filter, pageSize int) *DomInstancePages {
	return c.PreparePagingQuery(NewQuery(filter), pageSize)
}

// PreparePagingQuery is PreparePaging for a query, in its order.
func (c DomInstancesComponent) PreparePagingQuery(query Query, pageSize int) *DomInstancePages {
	return &DomInstancePages{newPagingHelper(c.component, query, pageSize, nil)}
}

// PreparePagingSelected is PreparePagingQuery for the values behind exposers.
func (c DomInstancesComponent) PreparePagingSelected(query Query, pageSize int, selected ...Exposer) *PartialObjectPages {
	return preparePartial(c.component, query, pageSize, selected)
}

// Explain carries out the query and returns how it was done.
func (c DomInstancesComponent) Explain(ctx context.Context, query Query) (*QueryExplanation, error) {
	return c.component.explain(ctx, query)
}

// DomInstanceHistoryPages are pages of history records.
type DomInstanceHistoryPages struct{ *PagingHelper }

// GetCurrentPage returns the history records of the current page; none before the first
// MoveToNextPage.
func (p *DomInstanceHistoryPages) GetCurrentPage() ([]*HistoryChange, error) {
	return pageOf[*HistoryChange](p.PagingHelper)
}

// GetAll returns the history records of all pages from the next one on. It can be called
// once.
func (p *DomInstanceHistoryPages) GetAll(ctx context.Context) ([]*HistoryChange, error) {
	return allOf[*HistoryChange](ctx, p.PagingHelper)
}

// PreparePaging prepares reading the history records that the filter selects in pages, by
// instance and revision. A page size of 0 means DefaultPageSize.
func (c DomInstanceHistoryComponent) PreparePaging(filter Filter, pageSize int) *DomInstanceHistoryPages {
	return c.PreparePagingQuery(NewQuery(filter), pageSize)
}

// PreparePagingQuery is PreparePaging for a query, in its order.
func (c DomInstanceHistoryComponent) PreparePagingQuery(query Query, pageSize int) *DomInstanceHistoryPages {
	return &DomInstanceHistoryPages{newPagingHelper(c.component, query, pageSize, nil)}
}

// PreparePagingSelected is PreparePagingQuery for the values behind exposers.
func (c DomInstanceHistoryComponent) PreparePagingSelected(query Query, pageSize int, selected ...Exposer) *PartialObjectPages {
	return preparePartial(c.component, query, pageSize, selected)
}

// Explain carries out the query and returns how it was done.
func (c DomInstanceHistoryComponent) Explain(ctx context.Context, query Query) (*QueryExplanation, error) {
	return c.component.explain(ctx, query)
}
