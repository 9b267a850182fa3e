package runtime

import (
	"context"
	"errors"
	"time"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
	"domovoi.dev/sdk/slnet"
)

// maxQueryText bounds the texts of a query.
const maxQueryText = 64 << 10

// parseQuery reads a filter and an order with the names of a module, as far as
// the caller may read its model.
func (r *Runtime) parseQuery(ctx context.Context, caller security.Caller, m *dom.ParseQueryMessage) (*dom.ParseQueryResponse, error) {
	if len(m.Filter)+len(m.Order) > maxQueryText {
		return nil, slnet.Errorf(slnet.KindTooLarge, "the filter and the order have %d bytes, at most %d are read", len(m.Filter)+len(m.Order), maxQueryText)
	}
	location, err := time.LoadLocation(m.TimeZone)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "there is no time zone %.64q; want a name such as Europe/Berlin", m.TimeZone)
	}
	words, err := r.words(ctx, caller, m.ModuleID)
	if err != nil {
		return nil, err
	}
	words.Now, words.Location = time.Now, location
	response := &dom.ParseQueryResponse{Query: dom.NewQuery(dom.True())}
	if m.Filter != "" {
		if response.Query.Filter, err = filtertext.Parse(m.Filter, words); err != nil {
			return problemOf(err, false)
		}
	}
	if response.Query.Orders, err = filtertext.ParseOrder(m.Order, words); err != nil {
		return problemOf(err, true)
	}
	return response, nil
}

// formatQuery writes a query with the names of a module, as far as the caller may
// read its model.
func (r *Runtime) formatQuery(ctx context.Context, caller security.Caller, m *dom.FormatQueryMessage) (*dom.FormatQueryResponse, error) {
	words, err := r.words(ctx, caller, m.ModuleID)
	if err != nil {
		return nil, err
	}
	return &dom.FormatQueryResponse{Filter: filtertext.Format(m.Query.Filter, words), Order: filtertext.FormatOrder(m.Query.Orders, words)}, nil
}

// problemOf answers with what is wrong with a text.
func problemOf(err error, inOrder bool) (*dom.ParseQueryResponse, error) {
	var e *filtertext.Error
	if !errors.As(err, &e) {
		return nil, err
	}
	return &dom.ParseQueryResponse{Problem: &dom.QueryProblem{
		InOrder: inOrder, Line: int64(e.Position.Line), Column: int64(e.Position.Column), Message: e.Message,
	}}, nil
}

// words are the names of a module's sections, fields and definitions.
func (r *Runtime) words(ctx context.Context, caller security.Caller, moduleID string) (filtertext.Names, error) {
	helper := dom.NewDomHelper(r.connect(caller).SendSLNetMessages, moduleID)
	sections, err := helper.SectionDefinitions.Read(ctx, dom.True())
	if err != nil {
		return filtertext.Names{}, modelUnreadable(moduleID, err)
	}
	definitions, err := helper.DomDefinitions.Read(ctx, dom.True())
	if err != nil {
		return filtertext.Names{}, modelUnreadable(moduleID, err)
	}
	return filtertext.NewNames(sections, definitions), nil
}

// modelUnreadable is the error of a request that needs the model of a module.
func modelUnreadable(moduleID string, err error) error {
	if slnet.TraceDataOf(err) == nil {
		return err
	}
	kind := slnet.KindInvalid
	if errors.Is(err, dom.ErrNoPermission) {
		kind = slnet.KindPermissionDenied
	}
	return slnet.Errorf(kind, "the names of the module %.64q cannot be read: %v", moduleID, err)
}
