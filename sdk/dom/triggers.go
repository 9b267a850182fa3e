package dom

import (
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// TriggerEvent is what happens to an instance.
type TriggerEvent string

// The events. A status transition is an update, too.
const (
	TriggerCreated       TriggerEvent = "created"
	TriggerUpdated       TriggerEvent = "updated"
	TriggerDeleted       TriggerEvent = "deleted"
	TriggerStatusChanged TriggerEvent = "status changed"
)

// TriggerValue is something of a change that fills a parameter of a run.
type TriggerValue string

// The values.
const (
	TriggerInstanceID   TriggerValue = "InstanceId"   // the id of the instance
	TriggerModuleID     TriggerValue = "ModuleId"     // its module
	TriggerName         TriggerValue = "Name"         // its name
	TriggerCrudType     TriggerValue = "CrudType"     // Create, Update or Delete
	TriggerStatus       TriggerValue = "Status"       // its status after the change
	TriggerStatusBefore TriggerValue = "StatusBefore" // its status before; empty for a new instance
	TriggerUser         TriggerValue = "User"         // who made the change
)

// Trigger starts runs of a script for changes of the instances of a module. The
// run is stored in the commit of the change: there is one for each change that
// the trigger is about, and it executes at least once.
type Trigger struct {
	ID uuid.UUID `json:"Id"`
	// Name tells triggers apart for people; no two have the same, ignoring case.
	Name        string `json:"Name"`
	Description string `json:"Description,omitempty"`

	ModuleID string `json:"ModuleId"`
	// DomDefinitionID limits the trigger to the instances of a definition; zero
	// does not.
	DomDefinitionID DefinitionID `json:"DomDefinitionId"`
	// Events are those the trigger is about, at least one. A change starts one run,
	// also when it is several of them.
	Events []TriggerEvent `json:"Events"`
	// Filter selects by the instance as it is after the change, or as it was
	// deleted. Without an operator it selects all.
	Filter Filter `json:"Filter,omitempty"`
	// PreviousFilter selects updates by the instance before the change. With it, an
	// update counts only when it began to fulfil Filter, say.
	PreviousFilter Filter `json:"PreviousFilter,omitempty"`
	// Fields limits the event updated to updates that added, changed or removed a
	// value of one of these fields.
	Fields []FieldDescriptorID `json:"Fields,omitempty"`
	// FromStatus and ToStatus limit the event status changed; empty ones do not.
	FromStatus string `json:"FromStatus,omitempty"`
	ToStatus   string `json:"ToStatus,omitempty"`

	// Script is what is started: its newest version, or the given one. EntryPoint is
	// OnDomInstanceCrud, OnDomInstanceCrudWithFullMeta or Run; empty means
	// OnDomInstanceCrud. Parameters, Input and Values are for Run: Values names the
	// parameters that are filled from the change.
	Script        string                  `json:"Script"`
	ScriptVersion int64                   `json:"ScriptVersion,omitempty"`
	EntryPoint    string                  `json:"EntryPoint,omitempty"`
	Parameters    map[string]string       `json:"Parameters,omitempty"`
	Input         slnet.JSON              `json:"Input,omitempty"`
	Values        map[string]TriggerValue `json:"Values,omitempty"`
	// InOrder has the runs for one instance execute one after the other, in the
	// order of the changes.
	InOrder bool `json:"InOrder,omitempty"`

	// Owner is the user whose rights the runs have, and who must be able to read
	// the instance. OwnerID is filled in by the daemon: a user who gets the name
	// later is not the owner.
	Owner   string    `json:"Owner"`
	OwnerID uuid.UUID `json:"OwnerId"`

	// Paused triggers start nothing, also not later for what changed meanwhile.
	Paused bool `json:"Paused,omitempty"`

	// What follows is filled in by the daemon. PausedReason is why the daemon itself
	// has paused the trigger.
	PausedReason string    `json:"PausedReason,omitempty"`
	CreatedAt    time.Time `json:"CreatedAt,omitzero"`
	CreatedBy    string    `json:"CreatedBy,omitempty"`
	ChangedAt    time.Time `json:"ChangedAt,omitzero"`
	ChangedBy    string    `json:"ChangedBy,omitempty"`
	// Revision counts the changes from 1. An update that states one fails when the
	// trigger has been changed since.
	Revision int64 `json:"Revision,omitempty"`
}

// TriggerCounts are what a trigger has done since the daemon began.
type TriggerCounts struct {
	// Started counts the runs that were started, NotMet the changes that the
	// trigger is about but for its filters, fields or statuses, and NotStarted the
	// others that started no run: SkippedTrigger says why.
	Started    int64 `json:"Started"`
	NotMet     int64 `json:"NotMet"`
	NotStarted int64 `json:"NotStarted"`
}

// SkippedTrigger says why a trigger, or a script of the module settings, did not
// start a run for changes.
type SkippedTrigger struct {
	// TriggerID is the trigger, zero for a script of the settings.
	TriggerID uuid.UUID `json:"TriggerId"`
	ModuleID  string    `json:"ModuleId"`
	// Time is when it happened first and Until when it happened last; in between
	// Count changes were alike. InstanceID is the instance of the first, CrudType what
	// happened to it, RunID the run that changed it.
	Time       time.Time  `json:"Time"`
	Until      time.Time  `json:"Until,omitzero"`
	Count      int64      `json:"Count"`
	InstanceID InstanceID `json:"InstanceId"`
	CrudType   CrudType   `json:"CrudType"`
	RunID      uuid.UUID  `json:"RunId"`
	Script     string     `json:"Script"`
	Reason     string     `json:"Reason"`
}

// CreateTriggerMessage creates a trigger. Owner is the caller where it is empty;
// another user takes the right to act as that user. Answered with
// TriggerResponse.
type CreateTriggerMessage struct {
	// Trigger is the trigger, its id made by the daemon when it is zero.
	Trigger Trigger `json:"Trigger"`
}

// UpdateTriggerMessage replaces a trigger, which is found by its ID. Answered
// with TriggerResponse.
type UpdateTriggerMessage struct {
	Trigger Trigger `json:"Trigger"`
}

// DeleteTriggerMessage deletes a trigger. Its runs stay. Answered with
// slnet.Empty.
type DeleteTriggerMessage struct {
	// ID is the id of the trigger.
	ID uuid.UUID `json:"Id"`
}

// PauseTriggerMessage pauses a trigger, or lets it go on. What changed meanwhile
// is not made up for. Answered with TriggerResponse.
type PauseTriggerMessage struct {
	// ID is the id of the trigger.
	ID uuid.UUID `json:"Id"`
	// Paused pauses the trigger; otherwise it goes on.
	Paused bool `json:"Paused"`
}

// GetTriggerMessage asks for one trigger by its ID, or by its name where the ID is
// zero. Answered with TriggerResponse.
type GetTriggerMessage struct {
	ID uuid.UUID `json:"Id"`
	// Name is the name of the trigger.
	Name string `json:"Name,omitempty"`
}

// GetTriggersMessage asks for triggers by name. Answered with TriggersResponse.
type GetTriggersMessage struct {
	// ModuleID limits the answer to the triggers of a module, Script to those of a
	// script.
	ModuleID string `json:"ModuleId,omitempty"`
	Script   string `json:"Script,omitempty"`
	// Limit is the most triggers returned; 0 means 100, at most 1,000.
	Limit int64 `json:"Limit,omitempty"`
	// After continues behind the name of the last trigger of an earlier answer.
	After string `json:"After,omitempty"`
}

// GetSkippedTriggersMessage asks why a trigger, or the scripts of the settings of a
// module, started no runs, the newest first. The last hundred entries of each are
// kept. Answered with SkippedTriggersResponse.
type GetSkippedTriggersMessage struct {
	// TriggerID is the trigger; when it is zero, ModuleID is the module whose
	// settings name the scripts.
	TriggerID uuid.UUID `json:"TriggerId"`
	ModuleID  string    `json:"ModuleId,omitempty"`
}

// TriggerResponse carries one trigger.
type TriggerResponse struct {
	Trigger Trigger `json:"Trigger"`
	// Counts are how often it has started a run, and not.
	Counts TriggerCounts `json:"Counts"`
}

// TriggersResponse carries triggers.
type TriggersResponse struct {
	// Triggers are in the order of their names.
	Triggers []Trigger `json:"Triggers"`
}

// SkippedTriggersResponse carries why no run was started.
type SkippedTriggersResponse struct {
	// Skipped are the changes for which triggers started nothing.
	Skipped []SkippedTrigger `json:"Skipped"`
}

// triggerMessages are the messages about triggers.
func triggerMessages() []slnet.MessageType {
	return []slnet.MessageType{
		{New: func() slnet.Message { return new(CreateTriggerMessage) }},
		{New: func() slnet.Message { return new(UpdateTriggerMessage) }},
		{New: func() slnet.Message { return new(DeleteTriggerMessage) }},
		{New: func() slnet.Message { return new(PauseTriggerMessage) }},
		{Reads: true, New: func() slnet.Message { return new(GetTriggerMessage) }},
		{Reads: true, New: func() slnet.Message { return new(GetTriggersMessage) }},
		{Reads: true, New: func() slnet.Message { return new(GetSkippedTriggersMessage) }},
		{New: func() slnet.Message { return new(TriggerResponse) }},
		{New: func() slnet.Message { return new(TriggersResponse) }},
		{New: func() slnet.Message { return new(SkippedTriggersResponse) }},
	}
}

// MessageName implements slnet.Message.
func (*CreateTriggerMessage) MessageName() string { return "CreateTriggerMessage" }

// MessageName implements slnet.Message.
func (*UpdateTriggerMessage) MessageName() string { return "UpdateTriggerMessage" }

// MessageName implements slnet.Message.
func (*DeleteTriggerMessage) MessageName() string { return "DeleteTriggerMessage" }

// MessageName implements slnet.Message.
func (*PauseTriggerMessage) MessageName() string { return "PauseTriggerMessage" }

// MessageName implements slnet.Message.
func (*GetTriggerMessage) MessageName() string { return "GetTriggerMessage" }

// MessageName implements slnet.Message.
func (*GetTriggersMessage) MessageName() string { return "GetTriggersMessage" }

// MessageName implements slnet.Message.
func (*GetSkippedTriggersMessage) MessageName() string { return "GetSkippedTriggersMessage" }

// MessageName implements slnet.Message.
func (*TriggerResponse) MessageName() string { return "TriggerResponse" }

// MessageName implements slnet.Message.
func (*TriggersResponse) MessageName() string { return "TriggersResponse" }

// MessageName implements slnet.Message.
func (*SkippedTriggersResponse) MessageName() string { return "SkippedTriggersResponse" }
