package dom

import (
	"encoding/json"

	"domovoi.dev/sdk/slnet"
)

// ManagerStoreCreateRequest creates an object. Answered with
// ManagerStoreCrudResponse, which carries the object as stored.
type ManagerStoreCreateRequest struct {
	// ModuleID is the module; it is not used for module settings.
	ModuleID string     `json:"ModuleId,omitempty"`
	Kind     ObjectKind `json:"Kind"`
	// Object is the canonical form of the object.
	Object slnet.Raw `json:"Object"`
}

// ManagerStoreUpdateRequest replaces an object by id. Answered with
// ManagerStoreCrudResponse, which carries the object as stored.
type ManagerStoreUpdateRequest struct {
	ModuleID string     `json:"ModuleId,omitempty"`
	Kind     ObjectKind `json:"Kind"`
	Object   slnet.Raw  `json:"Object"`
	// IfRevision is the revision the object must still have; 0 overwrites
	// whatever is stored.
	IfRevision int64 `json:"IfRevision,omitempty"`
}

// ManagerStoreDeleteRequest deletes an object by id. Answered with
// ManagerStoreCrudResponse, which carries the object as it was.
type ManagerStoreDeleteRequest struct {
	ModuleID string     `json:"ModuleId,omitempty"`
	Kind     ObjectKind `json:"Kind"`
	// Key is the id of the object.
	Key string `json:"Key"`
}

// ManagerStoreReadRequest reads the objects a query selects. Answered with
// ManagerStoreCrudResponse.
type ManagerStoreReadRequest struct {
	ModuleID string     `json:"ModuleId,omitempty"`
	Kind     ObjectKind `json:"Kind"`
	Query    Query      `json:"Query"`
}

// ManagerStoreCountRequest counts the objects a filter selects. Answered with
// ManagerStoreCountResponse.
type ManagerStoreCountRequest struct {
	ModuleID string     `json:"ModuleId,omitempty"`
	Kind     ObjectKind `json:"Kind"`
	Filter   Filter     `json:"Filter"`
}

// ManagerStoreCrudResponse carries objects in their canonical form, and what
// the manager has to say. It carries no objects when there are errors.
type ManagerStoreCrudResponse struct {
	Kind      ObjectKind      `json:"Kind"`
	Objects   []slnet.Raw     `json:"Objects,omitempty"`
	TraceData slnet.TraceData `json:"TraceData,omitempty"`
}

// ManagerStoreCountResponse carries a number of objects.
type ManagerStoreCountResponse struct {
	Count     int64           `json:"Count"`
	TraceData slnet.TraceData `json:"TraceData,omitempty"`
}

// ReinitializeManagerMessage makes changed module settings take effect. Requests
// in flight finish under the old settings, later ones wait for the new ones;
// none fails. It needs PermissionModuleSettingsConfiguration. Answered with
// slnet.Empty.
type ReinitializeManagerMessage struct {
	ModuleID string `json:"ModuleId"`
}

// ObjectsChangedEventMessage is the event of one commit that changed objects of
// one kind in one module. Its message name depends on the kind, such as
// DomInstancesChangedEventMessage.
type ObjectsChangedEventMessage struct {
	Kind     ObjectKind `json:"Kind"`
	ModuleID string     `json:"ModuleId,omitempty"`
	// Created, Updated and Deleted hold the objects in their canonical form,
	// the deleted ones as they were.
	Created []slnet.Raw `json:"Created,omitempty"`
	Updated []slnet.Raw `json:"Updated,omitempty"`
	Deleted []slnet.Raw `json:"Deleted,omitempty"`
}

// changedEvents are the names of the events by kind.
var changedEvents = map[ObjectKind]string{
	KindModuleSettings:    "ModuleSettingsChangedEventMessage",
	KindSectionDefinition: "DomSectionDefinitionsChangedEventMessage",
	KindDefinition:        "DomDefinitionsChangedEventMessage",
	KindInstance:          "DomInstancesChangedEventMessage",
}

// ChangedEventName is the name of the event that tells of changed objects of a
// kind.
func ChangedEventName(kind ObjectKind) string { return changedEvents[kind] }

// Messages returns the types of all messages of this package.
func Messages() []slnet.MessageType {
	types := []slnet.MessageType{
		{New: func() slnet.Message { return new(ManagerStoreCreateRequest) }},
		{New: func() slnet.Message { return new(ManagerStoreUpdateRequest) }},
		{New: func() slnet.Message { return new(ManagerStoreDeleteRequest) }},
		{New: func() slnet.Message { return new(ManagerStoreReadRequest) }},
		{New: func() slnet.Message { return new(ManagerStoreCountRequest) }},
		{New: func() slnet.Message { return new(ManagerStoreCrudResponse) }},
		{New: func() slnet.Message { return new(ManagerStoreCountResponse) }},
		{New: func() slnet.Message { return new(ReinitializeManagerMessage) }},
	}
	for _, kind := range ObjectKinds() {
		types = append(types, slnet.MessageType{New: func() slnet.Message { return &ObjectsChangedEventMessage{Kind: kind} }})
	}
	return types
}

// MessageName implements slnet.Message.
func (*ManagerStoreCreateRequest) MessageName() string { return "ManagerStoreCreateRequest" }

// MessageName implements slnet.Message.
func (*ManagerStoreUpdateRequest) MessageName() string { return "ManagerStoreUpdateRequest" }

// MessageName implements slnet.Message.
func (*ManagerStoreDeleteRequest) MessageName() string { return "ManagerStoreDeleteRequest" }

// MessageName implements slnet.Message.
func (*ManagerStoreReadRequest) MessageName() string { return "ManagerStoreReadRequest" }

// MessageName implements slnet.Message.
func (*ManagerStoreCountRequest) MessageName() string { return "ManagerStoreCountRequest" }

// MessageName implements slnet.Message.
func (*ManagerStoreCrudResponse) MessageName() string { return "ManagerStoreCrudResponse" }

// MessageName implements slnet.Message.
func (*ManagerStoreCountResponse) MessageName() string { return "ManagerStoreCountResponse" }

// MessageName implements slnet.Message.
func (*ReinitializeManagerMessage) MessageName() string { return "ReinitializeManagerMessage" }

// MessageName implements slnet.Message.
func (m *ObjectsChangedEventMessage) MessageName() string { return changedEvents[m.Kind] }

// The messages with objects have a JSON form of their own: in it an object
// stands as a JSON object and not as bytes.

type jsonObjectRequest struct {
	ModuleID   string          `json:"ModuleId,omitempty"`
	Kind       ObjectKind      `json:"Kind"`
	Object     json.RawMessage `json:"Object"`
	IfRevision int64           `json:"IfRevision,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (m *ManagerStoreCreateRequest) MarshalJSON() ([]byte, error) {
	return (&ManagerStoreUpdateRequest{ModuleID: m.ModuleID, Kind: m.Kind, Object: m.Object}).MarshalJSON()
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *ManagerStoreCreateRequest) UnmarshalJSON(b []byte) error {
	var u ManagerStoreUpdateRequest
	if err := u.UnmarshalJSON(b); err != nil {
		return err
	}
	*m = ManagerStoreCreateRequest{ModuleID: u.ModuleID, Kind: u.Kind, Object: u.Object}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (m *ManagerStoreUpdateRequest) MarshalJSON() ([]byte, error) {
	object, err := rawToJSON(m.Kind, m.Object)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jsonObjectRequest{m.ModuleID, m.Kind, object, m.IfRevision})
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *ManagerStoreUpdateRequest) UnmarshalJSON(b []byte) error {
	var j jsonObjectRequest
	if err := slnet.StrictJSON(b, &j); err != nil {
		return err
	}
	object, err := jsonToRaw(j.Kind, j.Object)
	*m = ManagerStoreUpdateRequest{j.ModuleID, j.Kind, object, j.IfRevision}
	return err
}

type jsonObjectsResponse struct {
	Kind      ObjectKind        `json:"Kind"`
	Objects   []json.RawMessage `json:"Objects"`
	TraceData slnet.TraceData   `json:"TraceData,omitzero"`
}

// MarshalJSON implements json.Marshaler.
func (m *ManagerStoreCrudResponse) MarshalJSON() ([]byte, error) {
	objects, err := rawsToJSON(m.Kind, m.Objects)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jsonObjectsResponse{m.Kind, objects, m.TraceData})
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *ManagerStoreCrudResponse) UnmarshalJSON(b []byte) error {
	var j jsonObjectsResponse
	if err := slnet.StrictJSON(b, &j); err != nil {
		return err
	}
	objects, err := jsonToRaws(j.Kind, j.Objects)
	*m = ManagerStoreCrudResponse{j.Kind, objects, j.TraceData}
	return err
}

type jsonObjectsChanged struct {
	Kind     ObjectKind        `json:"Kind"`
	ModuleID string            `json:"ModuleId,omitempty"`
	Created  []json.RawMessage `json:"Created"`
	Updated  []json.RawMessage `json:"Updated"`
	Deleted  []json.RawMessage `json:"Deleted"`
}

// MarshalJSON implements json.Marshaler.
func (m *ObjectsChangedEventMessage) MarshalJSON() ([]byte, error) {
	j := jsonObjectsChanged{Kind: m.Kind, ModuleID: m.ModuleID}
	var err error
	if j.Created, err = rawsToJSON(m.Kind, m.Created); err != nil {
		return nil, err
	}
	if j.Updated, err = rawsToJSON(m.Kind, m.Updated); err != nil {
		return nil, err
	}
	if j.Deleted, err = rawsToJSON(m.Kind, m.Deleted); err != nil {
		return nil, err
	}
	return json.Marshal(j)
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *ObjectsChangedEventMessage) UnmarshalJSON(b []byte) error {
	var j jsonObjectsChanged
	if err := slnet.StrictJSON(b, &j); err != nil {
		return err
	}
	m.Kind, m.ModuleID = j.Kind, j.ModuleID
	var err error
	if m.Created, err = jsonToRaws(j.Kind, j.Created); err != nil {
		return err
	}
	if m.Updated, err = jsonToRaws(j.Kind, j.Updated); err != nil {
		return err
	}
	m.Deleted, err = jsonToRaws(j.Kind, j.Deleted)
	return err
}

func rawsToJSON(kind ObjectKind, raws []slnet.Raw) ([]json.RawMessage, error) {
	list := make([]json.RawMessage, len(raws))
	for i, raw := range raws {
		var err error
		if list[i], err = rawToJSON(kind, raw); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func jsonToRaws(kind ObjectKind, list []json.RawMessage) ([]slnet.Raw, error) {
	raws := make([]slnet.Raw, len(list))
	for i, j := range list {
		var err error
		if raws[i], err = jsonToRaw(kind, j); err != nil {
			return nil, err
		}
	}
	return raws, nil
}
