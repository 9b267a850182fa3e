package slnet

import (
	"time"

	"github.com/google/uuid"
)

// ApiTriggerInput is what the entry point OnApiTrigger is called with: one HTTP
// request to a route of a user-defined API.
type ApiTriggerInput struct {
	// Method is GET, POST, PUT, DELETE or PATCH.
	Method string `json:"Method"`
	// Route is the path below /api/custom/, as it was requested.
	Route string `json:"Route"`
	// RouteValues are the parts of the path that stand for the names in the
	// route's template.
	RouteValues map[string]string `json:"RouteValues,omitempty"`
	// Query are the values of the query by name, in their order.
	Query map[string][]string `json:"Query,omitempty"`
	// Headers are those of the request by canonical name, such as "Accept",
	// without the one that authenticates it.
	Headers map[string][]string `json:"Headers,omitempty"`
	// Body is empty where the API definition says StreamBody.
	Body         []byte        `json:"Body,omitempty"`
	StreamedBody *StreamedBody `json:"StreamedBody,omitempty"`
}

// StreamedBody is the body of a request that was written to the files of
// attachments while it arrived. The run that the request started can attach it to
// instances, by dom.Attachments.AddStreamed. When the run has ended it is removed,
// unless it was attached.
type StreamedBody struct {
	ID   uuid.UUID `json:"Id"`
	Size int64     `json:"Size"` // in bytes
	// SHA256 is its hash, in hexadecimal digits.
	SHA256 string `json:"Sha256"`
}

// ApiTriggerOutput is what the entry point OnApiTrigger answers a request with.
type ApiTriggerOutput struct {
	// StatusCode is that of HTTP; 0 means 200.
	StatusCode int64 `json:"StatusCode,omitempty"`
	// ContentType is that of the body; empty means application/json, or
	// application/octet-stream for an attachment.
	ContentType string `json:"ContentType,omitempty"`
	// Headers are further headers of the response.
	Headers map[string]string `json:"Headers,omitempty"`
	Body    []byte            `json:"Body,omitempty"`
	// Attachment is sent as the body, where Body is empty. Who asked may then ask
	// for parts of it. The run must have the right to read it when it ends.
	Attachment *AttachmentName `json:"Attachment,omitempty"`
}

// AttachmentName names a file that is attached to a DOM instance.
type AttachmentName struct {
	ModuleID      string    `json:"ModuleId"`
	DomInstanceID uuid.UUID `json:"DomInstanceId"`
	FileName      string    `json:"FileName"`
}

// RequestScriptInfoMessage asks a script about itself: it calls OnRequestScriptInfo
// as the caller, and waits for the end. What may be asked is what the script and
// whoever asks agree on. Answered with RequestScriptInfoResponse, also when the run
// ended badly. (DOC: script entry points)
type RequestScriptInfoMessage struct {
	ScriptName string `json:"ScriptName"`
	// ScriptVersion is the version to ask; 0 means the newest.
	ScriptVersion int64             `json:"ScriptVersion,omitempty"`
	Data          map[string]string `json:"Data,omitempty"`
	// Timeout overrides the script's own.
	Timeout time.Duration `json:"Timeout,omitempty"`
}

// RequestScriptInfoResponse carries what a script says of itself.
type RequestScriptInfoResponse struct {
	// Run is the run that was started to ask. There is no Data unless it succeeded.
	Run  Run               `json:"Run"`
	Data map[string]string `json:"Data,omitempty"`
}

// RequestScriptInfoInput is what the entry point OnRequestScriptInfo is called
// with: a question that whoever asks and the script agree on.
type RequestScriptInfoInput struct {
	Data map[string]string `json:"Data,omitempty"`
}

// RequestScriptInfoOutput is the answer to it.
type RequestScriptInfoOutput struct {
	Data map[string]string `json:"Data,omitempty"`
}

// The names of the entry points: functions of a script that the platform calls.
// Package plugin has their signatures.
const (
	EntryPointRun                           = "Run"                           // the script is executed
	EntryPointOnDomInstanceCrud             = "OnDomInstanceCrud"             // an instance changed; which
	EntryPointOnDomInstanceCrudWithFullMeta = "OnDomInstanceCrudWithFullMeta" // an instance changed; its versions
	EntryPointOnDomAction                   = "OnDomAction"                   // an action of an instance is executed
	EntryPointOnApiTrigger                  = "OnApiTrigger"                  // a request to a user-defined API
	EntryPointOnRequestScriptInfo           = "OnRequestScriptInfo"           // somebody asks the script about itself
	EntryPointOnDestroy                     = "OnDestroy"                     // another entry point has ended, however it did
)
