package dom

import (
	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// ManagerStoreCreateRequest creates an object. Answered with
// ManagerStoreCrudResponse, which carries the object as stored.
type ManagerStoreCreateRequest struct {
	// ModuleID is the module; it is not used for module settings.
	ModuleID string `json:"ModuleId,omitempty"`
	// Kind is the kind of the object.
	Kind ObjectKind `json:"Kind"`
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
	// Query selects the objects and orders them.
	Query Query `json:"Query"`
	// Select limits the answer, which is a ManagerStoreSelectResponse then, to
	// the values behind these exposers.
	Select []Exposer `json:"Select,omitempty"`
}

// ManagerStoreSelectResponse carries selected values of objects.
type ManagerStoreSelectResponse struct {
	// Rows are the objects in the order of the query.
	Rows      []SelectedRow   `json:"Rows"`
	TraceData slnet.TraceData `json:"TraceData,omitempty"`
}

// SelectedRow are the selected values of one object, in the order in which they
// were selected. Each is a list: none, one or several values.
type SelectedRow struct {
	Key    string    `json:"Key"`
	Values [][]Value `json:"Values"`
}

// ManagerStoreBulkCreateOrUpdateRequest creates or updates up to
// MaxAmountBulkOperation objects: those that exist are updated. Each item stands
// for itself: what is wrong with one does not keep the others from being
// stored. Of several items with the same id only the last counts (row BLK-08).
// Answered with ManagerStoreBulkResponse.
type ManagerStoreBulkCreateOrUpdateRequest struct {
	ModuleID string      `json:"ModuleId,omitempty"`
	Kind     ObjectKind  `json:"Kind"`
	Objects  []slnet.Raw `json:"Objects"`
}

// ManagerStoreBulkDeleteRequest deletes up to MaxAmountBulkOperation objects.
// Answered with ManagerStoreBulkResponse.
type ManagerStoreBulkDeleteRequest struct {
	ModuleID string     `json:"ModuleId,omitempty"`
	Kind     ObjectKind `json:"Kind"`
	// Keys are the ids of the objects.
	Keys []string `json:"Keys"`
}

// ManagerStoreBulkResponse says what became of each item.
type ManagerStoreBulkResponse struct {
	Kind ObjectKind `json:"Kind"`
	// Objects are the items that were stored, as stored.
	Objects []slnet.Raw `json:"Objects,omitempty"`
	// SuccessfulKeys are the ids of what was stored or deleted.
	SuccessfulKeys []string `json:"SuccessfulKeys,omitempty"`
	// UnsuccessfulKeys are the ids of what was not.
	UnsuccessfulKeys []string `json:"UnsuccessfulKeys,omitempty"`
	// TraceDataPerItem has errors and warnings by id.
	TraceDataPerItem map[string]slnet.TraceData `json:"TraceDataPerItem,omitempty"`
}

// MaxAmountBulkOperation is the most items of a bulk request.
const MaxAmountBulkOperation = 100

// DomInstanceStatusTransitionRequest moves an instance to another status.
// Answered with ManagerStoreCrudResponse.
type DomInstanceStatusTransitionRequest struct {
	ModuleID string `json:"ModuleId"`
	// DomInstanceID is the instance.
	DomInstanceID InstanceID `json:"DomInstanceId"`
	// TransitionID is the id of the transition in the behavior definition, or the
	// one that inherits from.
	TransitionID string `json:"TransitionId"`
}

// MidnightSyncMessage makes a DOM manager read again what it keeps in memory. It
// needs PermissionModuleSettingsConfiguration. Answered with slnet.Empty.
type MidnightSyncMessage struct {
	ModuleID string `json:"ModuleId"`
}

// AttachmentAddRequest attaches a file to an instance, and replaces one of the
// same name. Answered with slnet.Empty.
type AttachmentAddRequest struct {
	ModuleID      string     `json:"ModuleId"`
	DomInstanceID InstanceID `json:"DomInstanceId"`
	// FileName is the name of the file, without a folder.
	FileName string `json:"FileName"`
	// Data is the content, 20 MiB at most where the daemon is not told otherwise.
	Data []byte `json:"Data"`
}

// AttachmentAddStreamedRequest attaches the body of the request to a user-defined
// API that started the run, and replaces a file of the same name. Only that run may
// send it, see slnet.StreamedBody. Answered with slnet.Empty.
type AttachmentAddStreamedRequest struct {
	ModuleID      string     `json:"ModuleId"`
	DomInstanceID InstanceID `json:"DomInstanceId"`
	FileName      string     `json:"FileName"`
	// StreamedBodyID is the id of the body.
	StreamedBodyID uuid.UUID `json:"StreamedBodyId"`
}

// AttachmentGetNamesRequest asks for the names of the files attached to an
// instance. Answered with AttachmentNamesResponse.
type AttachmentGetNamesRequest struct {
	ModuleID      string     `json:"ModuleId"`
	DomInstanceID InstanceID `json:"DomInstanceId"`
}

// AttachmentNamesResponse carries file names, sorted.
type AttachmentNamesResponse struct {
	// FileNames is empty when there are none.
	FileNames []string `json:"FileNames"`
}

// AttachmentGetRequest asks for an attached file. Answered with
// AttachmentResponse.
type AttachmentGetRequest struct {
	ModuleID      string     `json:"ModuleId"`
	DomInstanceID InstanceID `json:"DomInstanceId"`
	FileName      string     `json:"FileName"`
}

// AttachmentResponse carries a file.
type AttachmentResponse struct {
	FileName string `json:"FileName"`
	Data     []byte `json:"Data"`
}

// AttachmentDeleteRequest removes an attached file; it need not exist. Answered
// with slnet.Empty.
type AttachmentDeleteRequest struct {
	ModuleID      string     `json:"ModuleId"`
	DomInstanceID InstanceID `json:"DomInstanceId"`
	FileName      string     `json:"FileName"`
}

// DomInstanceStatusChangedEventMessage is the event of status transitions.
type DomInstanceStatusChangedEventMessage struct {
	ModuleID string `json:"ModuleId"`
	// Changes has one item or more.
	Changes []InstanceStatusChange `json:"Changes"`
}

// InstanceStatusChange is one status transition.
type InstanceStatusChange struct {
	DomInstanceID InstanceID `json:"DomInstanceId"`
	FromStatusID  string     `json:"FromStatusId"`
	ToStatusID    string     `json:"ToStatusId"`
	Username      string     `json:"Username"`
}

// ManagerStoreCountRequest counts the objects a filter selects. Answered with
// ManagerStoreCountResponse.
type ManagerStoreCountRequest struct {
	ModuleID string     `json:"ModuleId,omitempty"`
	Kind     ObjectKind `json:"Kind"`
	// Filter selects the objects.
	Filter Filter `json:"Filter"`
}

// ManagerStoreCrudResponse carries objects in their canonical form, and what
// the manager has to say. It carries no objects when there are errors.
type ManagerStoreCrudResponse struct {
	Kind ObjectKind `json:"Kind"`
	// Objects are in the order of the query.
	Objects []slnet.Raw `json:"Objects,omitempty"`
	// TraceData has the errors, warnings and information.
	TraceData slnet.TraceData `json:"TraceData,omitempty"`
}

// ManagerStoreCountResponse carries a number of objects.
type ManagerStoreCountResponse struct {
	// Count is how many the filter selects.
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
	// LeftFilter holds, for a subscription with a filter, the objects that the
	// filter selected before the update and does not select any more, as they
	// are now. An object that was deleted before the update was delivered may be
	// here at its deletion, as it was then.
	// An instance that an update took out of what the subscriber has access to is
	// here with its id, module and definition, and nothing else.
	LeftFilter []slnet.Raw `json:"LeftFilter,omitempty"`
	// FromSecurityEnabledModule says that link security was applied, in events
	// about instances: more may have changed than the subscriber has access to.
	FromSecurityEnabledModule bool `json:"FromSecurityEnabledModule,omitempty"`
	// SecurityEnabledModuleNotAvailable says that there is a change, which is not
	// among the objects, of which it could not be found out whether the subscriber
	// has access to it, or had: who keeps a copy of the instances should read them
	// again.
	SecurityEnabledModuleNotAvailable bool `json:"SecurityEnabledModuleNotAvailable,omitempty"`
}

// changedEvents are the names of the events by kind.
var changedEvents = map[ObjectKind]string{
	KindModuleSettings:     "ModuleSettingsChangedEventMessage",
	KindSectionDefinition:  "DomSectionDefinitionsChangedEventMessage",
	KindBehaviorDefinition: "DomBehaviorDefinitionsChangedEventMessage",
	KindDefinition:         "DomDefinitionsChangedEventMessage",
	KindTemplate:           "DomTemplatesChangedEventMessage",
	KindInstance:           "DomInstancesChangedEventMessage",
	KindStatusChange:       "DomInstanceStatusChangedEventMessage",
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
		{Reads: true, New: func() slnet.Message { return new(ManagerStoreReadRequest) }},
		{Reads: true, New: func() slnet.Message { return new(ManagerStoreCountRequest) }},
		{New: func() slnet.Message { return new(ManagerStoreCrudResponse) }},
		{New: func() slnet.Message { return new(ManagerStoreCountResponse) }},
		{New: func() slnet.Message { return new(ManagerStoreSelectResponse) }},
		{Reads: true, New: func() slnet.Message { return new(ManagerStorePagingRequest) }},
		{Reads: true, New: func() slnet.Message { return new(GetRunChangesMessage) }},
		{New: func() slnet.Message { return new(RunChangesResponse) }},
		{Reads: true, New: func() slnet.Message { return new(ParseQueryMessage) }},
		{New: func() slnet.Message { return new(ParseQueryResponse) }},
		{Reads: true, New: func() slnet.Message { return new(ExportModuleMessage) }},
		{New: func() slnet.Message { return new(ExportModuleResponse) }},
		{Reads: true, New: func() slnet.Message { return new(PlanModulesImportMessage) }},
		{New: func() slnet.Message { return new(ImportModulesMessage) }},
		{New: func() slnet.Message { return new(ModuleImportResponse) }},
		{Reads: true, New: func() slnet.Message { return new(GetModuleAccessMessage) }},
		{New: func() slnet.Message { return new(ModuleAccessResponse) }},
		{New: func() slnet.Message { return new(ManagerStorePagingResponse) }},
		{Reads: true, New: func() slnet.Message { return new(ManagerStoreExplainRequest) }},
		{New: func() slnet.Message { return new(ManagerStoreExplainResponse) }},
		{New: func() slnet.Message { return new(ManagerStoreBulkCreateOrUpdateRequest) }},
		{New: func() slnet.Message { return new(ManagerStoreBulkDeleteRequest) }},
		{New: func() slnet.Message { return new(ManagerStoreBulkResponse) }},
		{New: func() slnet.Message { return new(DomInstanceStatusTransitionRequest) }},
		{New: func() slnet.Message { return new(DomInstanceActionRequest) }},
		{New: func() slnet.Message { return new(DomInstanceActionResponse) }},
		{Reads: true, New: func() slnet.Message { return new(DomInstanceActionsRequest) }},
		{New: func() slnet.Message { return new(DomInstanceActionsResponse) }},
		{Reads: true, New: func() slnet.Message { return new(AutoIncrementerGetRequest) }},
		{New: func() slnet.Message { return new(AutoIncrementerSetRequest) }},
		{New: func() slnet.Message { return new(AutoIncrementerResponse) }},
		{New: func() slnet.Message { return new(ReinitializeManagerMessage) }},
		{New: func() slnet.Message { return new(MidnightSyncMessage) }},
		{New: func() slnet.Message { return new(AttachmentAddRequest) }},
		{New: func() slnet.Message { return new(AttachmentAddStreamedRequest) }},
		{Reads: true, New: func() slnet.Message { return new(AttachmentGetNamesRequest) }},
		{New: func() slnet.Message { return new(AttachmentNamesResponse) }},
		{Reads: true, New: func() slnet.Message { return new(AttachmentGetRequest) }},
		{New: func() slnet.Message { return new(AttachmentResponse) }},
		{New: func() slnet.Message { return new(AttachmentDeleteRequest) }},
		{New: func() slnet.Message { return new(DomInstanceStatusChangedEventMessage) }},
	}
	types = append(types, triggerMessages()...)
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
func (*ManagerStoreSelectResponse) MessageName() string { return "ManagerStoreSelectResponse" }

// MessageName implements slnet.Message.
func (*ManagerStoreBulkCreateOrUpdateRequest) MessageName() string {
	return "ManagerStoreBulkCreateOrUpdateRequest"
}

// MessageName implements slnet.Message.
func (*ManagerStoreBulkDeleteRequest) MessageName() string { return "ManagerStoreBulkDeleteRequest" }

// MessageName implements slnet.Message.
func (*ManagerStoreBulkResponse) MessageName() string { return "ManagerStoreBulkResponse" }

// MessageName implements slnet.Message.
func (*DomInstanceStatusTransitionRequest) MessageName() string {
	return "DomInstanceStatusTransitionRequest"
}

// MessageName implements slnet.Message.
func (*MidnightSyncMessage) MessageName() string { return "MidnightSyncMessage" }

// MessageName implements slnet.Message.
func (*AttachmentAddRequest) MessageName() string { return "AttachmentAddRequest" }

// MessageName implements slnet.Message.
func (*AttachmentAddStreamedRequest) MessageName() string { return "AttachmentAddStreamedRequest" }

// MessageName implements slnet.Message.
func (*AttachmentGetNamesRequest) MessageName() string { return "AttachmentGetNamesRequest" }

// MessageName implements slnet.Message.
func (*AttachmentNamesResponse) MessageName() string { return "AttachmentNamesResponse" }

// MessageName implements slnet.Message.
func (*AttachmentGetRequest) MessageName() string { return "AttachmentGetRequest" }

// MessageName implements slnet.Message.
func (*AttachmentResponse) MessageName() string { return "AttachmentResponse" }

// MessageName implements slnet.Message.
func (*AttachmentDeleteRequest) MessageName() string { return "AttachmentDeleteRequest" }

// MessageName implements slnet.Message.
func (*DomInstanceStatusChangedEventMessage) MessageName() string {
	return "DomInstanceStatusChangedEventMessage"
}

// MessageName implements slnet.Message.
func (m *ObjectsChangedEventMessage) MessageName() string { return changedEvents[m.Kind] }
