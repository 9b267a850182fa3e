package dom

import (
	"context"

	"domovoi.dev/sdk/slnet"
)

// ModuleSettingsHelper manages module settings. Making one sends nothing.
type ModuleSettingsHelper struct {
	ModuleSettings ModuleSettingsComponent
}

// NewModuleSettingsHelper returns a helper that sends its messages through
// send, such as engine.SendSLNetMessages.
func NewModuleSettingsHelper(send slnet.SendFunc) *ModuleSettingsHelper {
	return &ModuleSettingsHelper{ModuleSettingsComponent{component{send, "", KindModuleSettings}}}
}

// DomHelper manages the objects of one module. Making one sends nothing.
type DomHelper struct {
	// ModuleID is the module.
	ModuleID string

	SectionDefinitions SectionDefinitionsComponent
	DomDefinitions     DomDefinitionsComponent
	DomInstances       DomInstancesComponent
}

// NewDomHelper returns a helper for a module that sends its messages through
// send, such as engine.SendSLNetMessages.
func NewDomHelper(send slnet.SendFunc, moduleID string) *DomHelper {
	return &DomHelper{
		ModuleID:           moduleID,
		SectionDefinitions: SectionDefinitionsComponent{component{send, moduleID, KindSectionDefinition}},
		DomDefinitions:     DomDefinitionsComponent{component{send, moduleID, KindDefinition}},
		DomInstances:       DomInstancesComponent{component{send, moduleID, KindInstance}},
	}
}

// component sends the requests about one kind of object in one module. The
// exported components give its methods their types.
type component struct {
	send     slnet.SendFunc
	moduleID string
	kind     ObjectKind
}

func (c component) create(ctx context.Context, o Object) (Object, error) {
	raw, err := EncodeObject(o)
	if err != nil {
		return nil, err
	}
	return c.one(ctx, &ManagerStoreCreateRequest{ModuleID: c.moduleID, Kind: c.kind, Object: raw})
}

func (c component) update(ctx context.Context, o Object, ifRevision int64) (Object, error) {
	raw, err := EncodeObject(o)
	if err != nil {
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
	response, err := slnet.Send1(ctx, c.send, request)
	if err != nil {
		return nil, err
	}
	crud, ok := response.(*ManagerStoreCrudResponse)
	if !ok {
		return nil, slnet.UnexpectedResponse(request, response)
	}
	if !crud.TraceData.HasSucceeded() {
		return nil, &slnet.CrudFailedError{TraceData: crud.TraceData}
	}
	return crud.Objects, nil
}

func (c component) count(ctx context.Context, filter Filter) (int64, error) {
	if err := filter.Check(c.kind, nil); err != nil {
		return 0, err
	}
	request := &ManagerStoreCountRequest{ModuleID: c.moduleID, Kind: c.kind, Filter: filter}
	response, err := slnet.Send1(ctx, c.send, request)
	if err != nil {
		return 0, err
	}
	count, ok := response.(*ManagerStoreCountResponse)
	if !ok {
		return 0, slnet.UnexpectedResponse(request, response)
	}
	if !count.TraceData.HasSucceeded() {
		return 0, &slnet.CrudFailedError{TraceData: count.TraceData}
	}
	return count.Count, nil
}

// read sends a query and decodes the answer. It returns an empty slice, never
// nil, when nothing matches.
func read[T Object](ctx context.Context, c component, query Query) ([]T, error) {
	if err := query.Check(c.kind, nil); err != nil {
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
