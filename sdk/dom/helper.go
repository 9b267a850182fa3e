package dom

import (
	"context"
	"sync/atomic"

	"domovoi.dev/sdk/slnet"
)

// ModuleSettingsHelper manages module settings. Making one sends nothing.
type ModuleSettingsHelper struct {
	ModuleSettings ModuleSettingsComponent
}

// NewModuleSettingsHelper returns a helper that sends its messages through
// send, such as engine.SendSLNetMessages.
func NewModuleSettingsHelper(send slnet.SendFunc) *ModuleSettingsHelper {
	return &ModuleSettingsHelper{ModuleSettingsComponent{newComponent(send, "", KindModuleSettings)}}
}

// DomHelper manages the objects of one module. Making one sends nothing.
type DomHelper struct {
	// ModuleID is the module.
	ModuleID string

	SectionDefinitions     SectionDefinitionsComponent
	DomBehaviorDefinitions DomBehaviorDefinitionsComponent
	DomDefinitions         DomDefinitionsComponent
	DomTemplates           DomTemplatesComponent
	DomInstances           DomInstancesComponent
	DomInstanceHistory     DomInstanceHistoryComponent
}

// NewDomHelper returns a helper for a module that sends its messages through
// send, such as engine.SendSLNetMessages.
func NewDomHelper(send slnet.SendFunc, moduleID string) *DomHelper {
	return &DomHelper{
		ModuleID:               moduleID,
		SectionDefinitions:     SectionDefinitionsComponent{newComponent(send, moduleID, KindSectionDefinition)},
		DomBehaviorDefinitions: DomBehaviorDefinitionsComponent{newComponent(send, moduleID, KindBehaviorDefinition)},
		DomDefinitions:         DomDefinitionsComponent{newComponent(send, moduleID, KindDefinition)},
		DomTemplates:           DomTemplatesComponent{newComponent(send, moduleID, KindTemplate)},
		DomInstances:           DomInstancesComponent{newComponent(send, moduleID, KindInstance)},
		DomInstanceHistory:     DomInstanceHistoryComponent{newComponent(send, moduleID, KindHistoryChange)},
	}
}

// component sends the requests about one kind of object in one module. The
// exported components give its methods their types.
type component struct {
	send     slnet.SendFunc
	moduleID string
	kind     ObjectKind
	last     *atomic.Pointer[slnet.TraceData]
}

func newComponent(send slnet.SendFunc, moduleID string, kind ObjectKind) component {
	return component{send, moduleID, kind, new(atomic.Pointer[slnet.TraceData])}
}

// lastTrace is a copy of what the manager said to the last request.
func (c component) lastTrace() *slnet.TraceData {
	trace := new(slnet.TraceData)
	if last := c.last.Load(); last != nil {
		*trace = *last
	}
	return trace
}

// note keeps what is to be said about a request for GetTraceDataLastCall. An
// error without TraceData is noted as one of reason Unknown.
func (c component) note(trace slnet.TraceData, err error) {
	if err != nil {
		if carried := slnet.TraceDataOf(err); carried != nil {
			trace = *carried
		} else {
			trace = slnet.TraceData{ErrorData: []slnet.ErrorData{{Type: ManagerStoreError, Reason: ErrUnknown, Message: err.Error()}}}
		}
	}
	c.last.Store(&trace)
}

func (c component) create(ctx context.Context, o Object) (Object, error) {
	raw, err := EncodeObject(o)
	if err != nil {
		c.note(slnet.TraceData{}, err)
		return nil, err
	}
	return c.one(ctx, &ManagerStoreCreateRequest{ModuleID: c.moduleID, Kind: c.kind, Object: raw})
}

func (c component) update(ctx context.Context, o Object, ifRevision int64) (Object, error) {
	raw, err := EncodeObject(o)
	if err != nil {
		c.note(slnet.TraceData{}, err)
		return nil, err
	}
	return c.one(ctx, &ManagerStoreUpdateRequest{ModuleID: c.moduleID, Kind: c.kind, Object: raw, IfRevision: ifRevision})
}

func (c component) delete(ctx context.Context, key string) error {
	_, err := c.one(ctx, &ManagerStoreDeleteRequest{ModuleID: c.moduleID, Kind: c.kind, Key: key})
	return err
}

// one sends a request about one object and decodes the object of the answer.
func (c component) one(ctx context.Context, request slnet.Message) (Object, error) {
	raws, err := c.crud(ctx, request)
	if err != nil {
		return nil, err
	}
	if len(raws) != 1 {
		return nil, slnet.Errorf(slnet.KindInternal, "%s was answered with %d objects", request.MessageName(), len(raws))
	}
	return DecodeObject(c.kind, raws[0])
}

// crud sends a request and turns errors in the TraceData of the answer into a
// *slnet.CrudFailedError.
func (c component) crud(ctx context.Context, request slnet.Message) ([]slnet.Raw, error) {
	crud, err := ask[*ManagerStoreCrudResponse](ctx, c, request)
	if err != nil {
		return nil, err
	}
	if !crud.TraceData.HasSucceeded() {
		err = &slnet.CrudFailedError{TraceData: crud.TraceData}
	}
	c.note(crud.TraceData, err)
	return crud.Objects, err
}

// ask sends a request that is answered with a T.
func ask[T slnet.Message](ctx context.Context, c component, request slnet.Message) (T, error) {
	response, err := slnet.Send1(ctx, c.send, request)
	typed, ok := response.(T)
	if err == nil && !ok {
		err = slnet.UnexpectedResponse(request, response)
	}
	if err != nil {
		c.note(slnet.TraceData{}, err)
	}
	return typed, err
}

func (c component) count(ctx context.Context, filter Filter) (int64, error) {
	if err := filter.Check(c.kind, nil); err != nil {
		c.note(slnet.TraceData{}, err)
		return 0, err
	}
	request := &ManagerStoreCountRequest{ModuleID: c.moduleID, Kind: c.kind, Filter: filter}
	count, err := ask[*ManagerStoreCountResponse](ctx, c, request)
	if err != nil {
		return 0, err
	}
	if !count.TraceData.HasSucceeded() {
		err = &slnet.CrudFailedError{TraceData: count.TraceData}
	}
	c.note(count.TraceData, err)
	return count.Count, err
}

// read sends a query and decodes the answer. It returns an empty slice, never
// nil, when nothing matches.
func read[T Object](ctx context.Context, c component, query Query) ([]T, error) {
	if err := query.Check(c.kind, nil); err != nil {
		c.note(slnet.TraceData{}, err)
		return nil, err
	}
	raws, err := c.crud(ctx, &ManagerStoreReadRequest{ModuleID: c.moduleID, Kind: c.kind, Query: query})
	if err != nil {
		return nil, err
	}
	list := make([]T, len(raws))
	for i, raw := range raws {
		o, err := DecodeObject(c.kind, raw)
		if err != nil {
			return nil, err
		}
		list[i] = o.(T)
	}
	return list, nil
}

// typed gives the object of an answer its type.
func typed[T Object](o Object, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return o.(T), nil
}
