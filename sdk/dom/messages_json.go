package dom

import (
	"encoding/json"

	"domovoi.dev/sdk/slnet"
)

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

type jsonPagingResponse struct {
	Kind      ObjectKind        `json:"Kind"`
	Objects   []json.RawMessage `json:"Objects,omitempty"`
	Rows      []SelectedRow     `json:"Rows,omitempty"`
	Cursor    string            `json:"Cursor,omitempty"`
	TraceData slnet.TraceData   `json:"TraceData,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (m *ManagerStorePagingResponse) MarshalJSON() ([]byte, error) {
	objects, err := rawsToJSON(m.Kind, m.Objects)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jsonPagingResponse{m.Kind, objects, m.Rows, m.Cursor, m.TraceData})
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *ManagerStorePagingResponse) UnmarshalJSON(b []byte) error {
	var j jsonPagingResponse
	if err := slnet.StrictJSON(b, &j); err != nil {
		return err
	}
	objects, err := jsonToRaws(j.Kind, j.Objects)
	*m = ManagerStorePagingResponse{j.Kind, objects, j.Rows, j.Cursor, j.TraceData}
	return err
}

type jsonObjectsChanged struct {
	Kind       ObjectKind        `json:"Kind"`
	ModuleID   string            `json:"ModuleId,omitempty"`
	Created    []json.RawMessage `json:"Created"`
	Updated    []json.RawMessage `json:"Updated"`
	Deleted    []json.RawMessage `json:"Deleted"`
	LeftFilter []json.RawMessage `json:"LeftFilter,omitempty"`

	FromSecurityEnabledModule         bool `json:"FromSecurityEnabledModule,omitempty"`
	SecurityEnabledModuleNotAvailable bool `json:"SecurityEnabledModuleNotAvailable,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (m *ObjectsChangedEventMessage) MarshalJSON() ([]byte, error) {
	j := jsonObjectsChanged{
		Kind: m.Kind, ModuleID: m.ModuleID,
		FromSecurityEnabledModule: m.FromSecurityEnabledModule, SecurityEnabledModuleNotAvailable: m.SecurityEnabledModuleNotAvailable,
	}
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
	if j.LeftFilter, err = rawsToJSON(m.Kind, m.LeftFilter); err != nil {
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
	*m = ObjectsChangedEventMessage{
		Kind: j.Kind, ModuleID: j.ModuleID,
		FromSecurityEnabledModule: j.FromSecurityEnabledModule, SecurityEnabledModuleNotAvailable: j.SecurityEnabledModuleNotAvailable,
	}
	var err error
	if m.Created, err = jsonToRaws(j.Kind, j.Created); err != nil {
		return err
	}
	if m.Updated, err = jsonToRaws(j.Kind, j.Updated); err != nil {
		return err
	}
	if m.Deleted, err = jsonToRaws(j.Kind, j.Deleted); err != nil {
		return err
	}
	m.LeftFilter, err = jsonToRaws(j.Kind, j.LeftFilter)
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
	if len(list) == 0 {
		return nil, nil
	}
	raws := make([]slnet.Raw, len(list))
	for i, j := range list {
		var err error
		if raws[i], err = jsonToRaw(kind, j); err != nil {
			return nil, err
		}
	}
	return raws, nil
}

type jsonBulkRequest struct {
	ModuleID string            `json:"ModuleId,omitempty"`
	Kind     ObjectKind        `json:"Kind"`
	Objects  []json.RawMessage `json:"Objects"`
}

// MarshalJSON implements json.Marshaler.
func (m *ManagerStoreBulkCreateOrUpdateRequest) MarshalJSON() ([]byte, error) {
	objects, err := rawsToJSON(m.Kind, m.Objects)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jsonBulkRequest{m.ModuleID, m.Kind, objects})
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *ManagerStoreBulkCreateOrUpdateRequest) UnmarshalJSON(b []byte) error {
	var j jsonBulkRequest
	if err := slnet.StrictJSON(b, &j); err != nil {
		return err
	}
	objects, err := jsonToRaws(j.Kind, j.Objects)
	*m = ManagerStoreBulkCreateOrUpdateRequest{j.ModuleID, j.Kind, objects}
	return err
}

type jsonBulkResponse struct {
	Kind             ObjectKind                 `json:"Kind"`
	Objects          []json.RawMessage          `json:"Objects,omitempty"`
	SuccessfulKeys   []string                   `json:"SuccessfulKeys,omitempty"`
	UnsuccessfulKeys []string                   `json:"UnsuccessfulKeys,omitempty"`
	TraceDataPerItem map[string]slnet.TraceData `json:"TraceDataPerItem,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (m *ManagerStoreBulkResponse) MarshalJSON() ([]byte, error) {
	objects, err := rawsToJSON(m.Kind, m.Objects)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jsonBulkResponse{m.Kind, objects, m.SuccessfulKeys, m.UnsuccessfulKeys, m.TraceDataPerItem})
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *ManagerStoreBulkResponse) UnmarshalJSON(b []byte) error {
	var j jsonBulkResponse
	if err := slnet.StrictJSON(b, &j); err != nil {
		return err
	}
	objects, err := jsonToRaws(j.Kind, j.Objects)
	*m = ManagerStoreBulkResponse{j.Kind, objects, j.SuccessfulKeys, j.UnsuccessfulKeys, j.TraceDataPerItem}
	return err
}
