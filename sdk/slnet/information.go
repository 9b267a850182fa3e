package slnet

import (
	"time"

	"github.com/google/uuid"
)

// GenerateInformationMessage makes an information event for operators. Answered
// with Empty.
type GenerateInformationMessage struct {
	Text string `json:"Text"`
}

// InformationEventMessage is the event for operators: something worth knowing
// happened.
type InformationEventMessage struct {
	Time     time.Time `json:"Time"`
	User     string    `json:"User"`
	Text     string    `json:"Text"`
	ModuleID string    `json:"ModuleId,omitempty"`
	// RunID is the run that caused it, zero when none did.
	RunID uuid.UUID `json:"RunId"`
	// ObjectKind and ObjectID say which object of the module it is about, if it is
	// about one; DomDefinitionID is the definition of an instance. Who has no
	// access to an instance gets no events about it.
	ObjectKind      string `json:"ObjectKind,omitempty"`
	ObjectID        string `json:"ObjectId,omitempty"`
	DomDefinitionID string `json:"DomDefinitionId,omitempty"`
}

// The bounds of GetInformationEventsMessage.
const (
	DefaultInformationEvents = 100
	MaxInformationEvents     = 1000
)

// GetInformationEventsMessage asks for information events, the newest first.
// They are kept for 90 days. Answered with InformationEventsResponse.
type GetInformationEventsMessage struct {
	// ModuleID limits the answer to one module; empty means all.
	ModuleID string `json:"ModuleId,omitempty"`
	// Limit is the most events returned; 0 means DefaultInformationEvents, at most
	// MaxInformationEvents.
	Limit int64 `json:"Limit,omitempty"`
	// Before continues behind an earlier answer: its Next.
	Before string `json:"Before,omitempty"`
}

// InformationEventsResponse carries information events, the newest first. It may
// carry less than asked for, also none, and still have a Next.
type InformationEventsResponse struct {
	Events []InformationEventMessage `json:"Events"`
	// Next is the Before to ask for next, empty when there are no more events.
	Next string `json:"Next,omitempty"`
}

// MessageName implements Message.
func (*GenerateInformationMessage) MessageName() string { return "GenerateInformationMessage" }

// MessageName implements Message.
func (*InformationEventMessage) MessageName() string { return "InformationEventMessage" }

// MessageName implements Message.
func (*GetInformationEventsMessage) MessageName() string { return "GetInformationEventsMessage" }

// MessageName implements Message.
func (*InformationEventsResponse) MessageName() string { return "InformationEventsResponse" }
