package slnet

import "time"

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
	Body    []byte              `json:"Body,omitempty"`
}

// ApiTriggerOutput is what the entry point OnApiTrigger answers a request with.
type ApiTriggerOutput struct {
	// StatusCode is that of HTTP; 0 means 200.
	StatusCode int64 `json:"StatusCode,omitempty"`
	// ContentType is that of the body; empty means application/json.
	ContentType string `json:"ContentType,omitempty"`
	// Headers are further headers of the response.
	Headers map[string]string `json:"Headers,omitempty"`
	Body    []byte            `json:"Body,omitempty"`
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
