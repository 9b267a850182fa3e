package slnet

import (
	"time"

	"github.com/google/uuid"
)

// AuditOutcome says what became of a message.
type AuditOutcome string

// The outcomes.
const (
	AuditAllowed AuditOutcome = "allowed" // it was carried out and changed something
	AuditRefused AuditOutcome = "refused" // its sender had no right to it
	AuditFailed  AuditOutcome = "failed"  // its sender had the right, but it could not be carried out
)

// The names in the audit of what is no message.
const (
	AuditConnect = "(connect)" // a token was presented
	AuditLogin   = "(login)"   // a password was presented
	AuditAPI     = "(api)"     // a request to a user-defined API
)

// AuditRecord is an entry of the audit: a message that changed something, was to
// change something and failed, or was refused. Messages that only read are in it
// when they were refused.
type AuditRecord struct {
	Time time.Time `json:"Time"`
	// Until is the time of the last of several that were alike, and Count how
	// many there were: what fails or is refused again within a minute, for the
	// same user, message and reason, has one record with what the first was about.
	Until time.Time `json:"Until,omitzero"`
	Count int64     `json:"Count"`
	// User is the name the user had then; empty when it is not known who it was.
	User string `json:"User,omitempty"`
	// RunID is the run that sent the message, zero outside of runs.
	RunID uuid.UUID `json:"RunId"`
	// Message is the name of the message, AuditConnect, AuditLogin or AuditAPI.
	Message  string `json:"Message"`
	ModuleID string `json:"ModuleId,omitempty"`
	// Objects are the first of those the message was about, and ObjectCount is
	// how many it changed.
	Objects     []AuditObject `json:"Objects,omitempty"`
	ObjectCount int64         `json:"ObjectCount,omitempty"`
	Outcome     AuditOutcome  `json:"Outcome"`
	// Reason is the documented reason, or the kind of the error, of what was
	// refused or failed, and Detail says it in words.
	Reason string `json:"Reason,omitempty"`
	Detail string `json:"Detail,omitempty"`
	// Address is where the sender was, where that is known.
	Address string `json:"Address,omitempty"`
}

// AuditObject names something a message was about.
type AuditObject struct {
	// Kind is the kind of a DOM object, or user, group, token, script, run, schedule,
	// api or api token.
	Kind string `json:"Kind"`
	ID   string `json:"Id"`
}

// GetAuditMessage asks for the audit, the newest records first. It needs the
// permission AuditRead. Answered with AuditResponse.
type GetAuditMessage struct {
	// What is given of these limits the answer to records that have it. Object is
	// the id or name of an object.
	User     string       `json:"User,omitempty"`
	RunID    uuid.UUID    `json:"RunId"`
	Message  string       `json:"Message,omitempty"`
	ModuleID string       `json:"ModuleId,omitempty"`
	Object   string       `json:"Object,omitempty"`
	Outcome  AuditOutcome `json:"Outcome,omitempty"`
	// From and Until limit the time; Until is not part of it.
	From  time.Time `json:"From,omitzero"`
	Until time.Time `json:"Until,omitzero"`
	// Limit is the most records returned; 0 means 100, at most 1,000.
	Limit int64 `json:"Limit,omitempty"`
	// Before continues behind an earlier answer: its Next.
	Before string `json:"Before,omitempty"`
}

// The bounds of a GetAuditMessage.
const (
	DefaultAuditRecords = 100
	MaxAuditRecords     = 1000
)

// AuditResponse carries a part of the audit.
type AuditResponse struct {
	Records []AuditRecord `json:"Records"`
	// Next continues with the records behind these; empty when there are none. An
	// answer may hold less than was asked for, or nothing, and have a Next.
	Next string `json:"Next,omitempty"`
}
