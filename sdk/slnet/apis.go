package slnet

import (
	"time"

	"github.com/google/uuid"
)

// ApiDefinition says which requests below /api/custom/ a script answers.
type ApiDefinition struct {
	ID uuid.UUID `json:"Id"`
	// Name tells definitions apart for people; no two have the same, ignoring
	// case.
	Name        string `json:"Name"`
	Description string `json:"Description,omitempty"`

	// Route is the template of the paths below /api/custom/, such as
	// "invoices/{id}". A part in braces stands for any one part of a path. Of
	// several routes that fit a path the one counts that is literal where they
	// first differ. Two with the same literal parts in the same places and a
	// method in common cannot be.
	Route string `json:"Route"`
	// Methods are those of GET, POST, PUT, DELETE and PATCH that are answered.
	Methods []string `json:"Methods"`

	// Script is what answers: its newest version, or the given one. EntryPoint is
	// OnApiTrigger, or Run, whose parameters are then filled by name from the
	// route, the query and a JSON object in the body. Where it is empty when the
	// definition is stored, it becomes the first of the two that the script has.
	Script        string `json:"Script"`
	ScriptVersion int64  `json:"ScriptVersion,omitempty"`
	EntryPoint    string `json:"EntryPoint,omitempty"`
	// Timeout ends a run that takes longer; 0 means the script's own.
	Timeout time.Duration `json:"Timeout,omitempty"`

	// RateLimit bounds the requests of each token.
	RateLimit RateLimit `json:"RateLimit,omitzero"`
	// MaxBody is the most bytes of a request's body; 0 means DefaultApiBody, at
	// most MaxApiBody. For the entry point Run it is at most MaxRunInput, and with
	// StreamBody what an attachment may have at most, which are then the defaults
	// too.
	MaxBody int64 `json:"MaxBody,omitempty"`
	// StreamBody has the body of a request written to the files of attachments
	// while it arrives. OnApiTrigger gets a StreamedBody instead of it, which it can
	// attach to instances. It cannot be with Run.
	StreamBody bool `json:"StreamBody,omitempty"`
	// Disabled definitions answer nothing, and keep their route.
	Disabled bool `json:"Disabled,omitempty"`

	// What follows is filled in by the daemon.
	CreatedAt time.Time `json:"CreatedAt,omitzero"`
	CreatedBy string    `json:"CreatedBy,omitempty"`
	ChangedAt time.Time `json:"ChangedAt,omitzero"`
	ChangedBy string    `json:"ChangedBy,omitempty"`
	// Revision counts the changes people made, from 1. An update that states one
	// fails when the definition has been changed since.
	Revision int64 `json:"Revision,omitempty"`
}

// Bounds of the body of a request to a user-defined API, in bytes.
const (
	DefaultApiBody = 29 << 20
	MaxApiBody     = 29 << 20
)

// RateLimit is how many requests are answered in a time. As many may come at
// once; each comes back after its part of the time. The zero one does not limit.
type RateLimit struct {
	Requests int64         `json:"Requests,omitempty"`
	Per      time.Duration `json:"Per,omitempty"`
}

// IsZero reports whether the limit is none.
func (l RateLimit) IsZero() bool { return l == RateLimit{} }

// ApiToken lets whoever has its secret send requests to user-defined APIs, and to
// nothing else. The runs these start have the rights of its user.
type ApiToken struct {
	ID uuid.UUID `json:"Id"`
	// Name tells tokens apart for people; no two have the same, ignoring case.
	Name string `json:"Name"`
	// User is whose rights the runs have. UserID is filled in by the daemon: a
	// user who gets the name later is not the one.
	User   string    `json:"User"`
	UserID uuid.UUID `json:"UserId"`
	// Definitions are the ids of the API definitions that the token is for.
	Definitions []uuid.UUID `json:"Definitions,omitempty"`
	// ExpiresAt is when the token ceases to work, zero for never.
	ExpiresAt time.Time `json:"ExpiresAt,omitzero"`
	// Disabled tokens are refused.
	Disabled bool `json:"Disabled,omitempty"`

	// What follows is filled in by the daemon. LastUsedAt is stored once a minute.
	LastUsedAt time.Time `json:"LastUsedAt,omitzero"`
	CreatedAt  time.Time `json:"CreatedAt,omitzero"`
	CreatedBy  string    `json:"CreatedBy,omitempty"`
	ChangedAt  time.Time `json:"ChangedAt,omitzero"`
	ChangedBy  string    `json:"ChangedBy,omitempty"`
	// Revision counts the changes people made, from 1. An update that states one
	// fails when the token has been changed since.
	Revision int64 `json:"Revision,omitempty"`
}

// RunRequest is the request to a user-defined API that started a run.
type RunRequest struct {
	Method string `json:"Method"`
	// Route is the path below /api/custom/, as it was requested.
	Route string `json:"Route"`
	// Token is the name of the token it came with, TokenID its id.
	Token   string    `json:"Token"`
	TokenID uuid.UUID `json:"TokenId"`
	// Address is where it came from, where that is known.
	Address string `json:"Address,omitempty"`
	// StreamedBody is its body, where that was streamed.
	StreamedBody *StreamedBody `json:"StreamedBody,omitempty"`
}

// The reasons for which a request to a user-defined API is not answered by its
// script. The JSON of the answer has their numbers, which are those of the
// original where the case is the same; see docs/apis.md.
const (
	// The address names no API.
	//
	// Name a route behind /api/custom/.
	ErrApiEmptyRoute Reason = "EmptyRoute"
	// The API does not take this method.
	//
	// The header Allow of the answer has those it takes.
	ErrApiInvalidRequestMethod Reason = "InvalidRequestMethod"
	// There is no such API.
	//
	// No definition that is enabled has the route, or the path is not in its plain form.
	ErrApiDefinitionNotFound Reason = "DefinitionNotFound"
	// The daemon cannot answer now. Try again later.
	//
	// It was started with --safe, is stopping, or takes no writes.
	ErrApiUnavailable Reason = "ManagerNotInitialized"
	// Something went wrong in the daemon.
	//
	// Its log has the cause.
	ErrApiUnexpected Reason = "UnexpectedException"
	// The body is not what the parameters of the script want.
	//
	// The message has the parameter and its problem; parameters come from the route, the query and
	// a JSON object, each from one of them.
	ErrApiBodyToParameters Reason = "BodyToParametersConversionFailed"
	// The script has failed.
	//
	// The record of the run, whose id is in the header Domovoi-Run, has the cause; the caller is
	// not told.
	ErrApiActionFailed Reason = "AutomationActionError"
	// What the script has answered cannot be sent.
	//
	// The message has the header, body or attachment that is wrong. Correct the script.
	ErrApiInvalidResult Reason = "InvalidAutomationActionResult"
	// The script of the API does not exist.
	//
	// It, its version or its entry point is gone. Deploy it, or change the definition.
	ErrApiScriptNotFound Reason = "FailedToGetScriptInfo"
	// A parameter of the script is missing.
	//
	// missingScriptParameters of the answer lists those that are required.
	ErrApiMissingParameters Reason = "MissingScriptParameters"
	// The script has answered with a status that is none.
	//
	// A script answers with 200 to 599.
	ErrApiUnknownStatusCode Reason = "UnknownStatusCode"
	// The API does not take a body of this type.
	//
	// For a script with Run it is JSON; nothing may be compressed.
	ErrApiInvalidContentType Reason = "InvalidContentType"
	// The body could not be read.
	//
	// It did not arrive as a whole, or not in time.
	ErrApiFailedToReadBody Reason = "FailedToReadBody"
	// The header with the token is malformed.
	//
	// Send "Authorization: Bearer <token>", once.
	ErrApiInvalidAuthentication Reason = "AuthenticationHeaderInvalid"
	// The body is too large.
	//
	// The message has the limit of the definition; see --max-body of domovoi api create.
	ErrApiBodyTooLarge Reason = "BodyTooLarge"
	// The token is not known, or not for this API.
	//
	// It may also have expired or be disabled, or its user is. Strangers are not told which.
	ErrApiAuthenticationFailed Reason = "AuthenticationFailed"
	// The query is too long.
	//
	// Send the data in the body.
	ErrApiQueryTooLarge Reason = "QueryStringTooLarge"
	// Too many requests. Try again later.
	//
	// The header Retry-After has the seconds to wait.
	ErrApiRateLimitExceeded Reason = "RateLimitExceeded"
	// You do not have the right to do this.
	//
	// The user of the token may not execute the script.
	ErrApiNoPermission Reason = "NoPermission"
	// The request is not what the API takes.
	//
	// A query that cannot be read, or a header twice; the message says which.
	ErrApiInvalidRequest Reason = "InvalidRequest"
	// A request with this key is under way.
	//
	// Ask again when it has ended.
	ErrApiRequestInProgress Reason = "RequestInProgress"
	// The key was used for another request.
	//
	// Make a new Idempotency-Key for each request.
	ErrApiIdempotencyKeyReused Reason = "IdempotencyKeyReused"
	// The request was carried out, but its answer was not kept.
	//
	// The message has the run, whose record says how it ended.
	ErrApiAnswerNotKept Reason = "AnswerNotKept"
	// The script took too long.
	//
	// The message has the time it was allowed.
	ErrApiTimeout Reason = "RunTimedOut"
	// The run was cancelled.
	//
	// Somebody has cancelled it.
	ErrApiCanceled Reason = "RunCanceled"
)

// CreateApiDefinitionMessage creates an API definition. It needs the permission
// AutomationApis, as all messages about API definitions and tokens do. Answered
// with ApiDefinitionResponse.
type CreateApiDefinitionMessage struct {
	Definition ApiDefinition `json:"Definition"`
}

// UpdateApiDefinitionMessage replaces an API definition, which is found by its
// ID. The sender must be allowed to act as the users of all tokens that are for
// it. Answered with ApiDefinitionResponse.
type UpdateApiDefinitionMessage struct {
	Definition ApiDefinition `json:"Definition"`
}

// DeleteApiDefinitionMessage deletes an API definition, and takes it from the
// tokens that are for it, which takes the same as changing it. Its runs stay.
// Answered with Empty.
type DeleteApiDefinitionMessage struct {
	ID uuid.UUID `json:"Id"`
}

// DisableApiDefinitionMessage disables an API definition, or enables it again,
// which takes the same as changing it. Answered with ApiDefinitionResponse.
type DisableApiDefinitionMessage struct {
	ID       uuid.UUID `json:"Id"`
	Disabled bool      `json:"Disabled"`
}

// GetApiDefinitionMessage asks for one API definition by its ID, or by its name
// where the ID is zero. Answered with ApiDefinitionResponse.
type GetApiDefinitionMessage struct {
	ID   uuid.UUID `json:"Id"`
	Name string    `json:"Name,omitempty"`
}

// GetApiDefinitionsMessage asks for API definitions by name. Answered with
// ApiDefinitionsResponse.
type GetApiDefinitionsMessage struct {
	// Script limits the answer to the definitions of a script.
	Script string `json:"Script,omitempty"`
	// Limit is the most definitions returned; 0 means 100, at most 1,000.
	Limit int64 `json:"Limit,omitempty"`
	// After continues behind the name of the last definition of an earlier answer.
	After string `json:"After,omitempty"`
}

// GetApiDocumentMessage asks for the OpenAPI document of all API definitions that
// are not disabled. Answered with ApiDocumentResponse.
type GetApiDocumentMessage struct{}

// CreateApiTokenMessage makes an API token. User is the caller where it is empty;
// another user takes the right to act as that user. Answered with
// CreateApiTokenResponse.
type CreateApiTokenMessage struct {
	Token ApiToken `json:"Token"`
}

// UpdateApiTokenMessage replaces what people can set of an API token, which is
// found by its ID. The sender must be allowed to act as its user, the one before
// and the one after. The secret stays. Answered with ApiTokenResponse.
type UpdateApiTokenMessage struct {
	Token ApiToken `json:"Token"`
}

// DeleteApiTokenMessage deletes an API token, which takes the same as changing it.
// Answered with Empty.
type DeleteApiTokenMessage struct {
	ID uuid.UUID `json:"Id"`
}

// DisableApiTokenMessage disables an API token, or enables it again, which takes
// the same as changing it. Answered with ApiTokenResponse.
type DisableApiTokenMessage struct {
	ID       uuid.UUID `json:"Id"`
	Disabled bool      `json:"Disabled"`
}

// GetApiTokenMessage asks for one API token by its ID, or by its name where the
// ID is zero. Answered with ApiTokenResponse.
type GetApiTokenMessage struct {
	ID   uuid.UUID `json:"Id"`
	Name string    `json:"Name,omitempty"`
}

// GetApiTokensMessage asks for API tokens by name. Answered with
// ApiTokensResponse.
type GetApiTokensMessage struct {
	// DefinitionID limits the answer to the tokens that are for a definition.
	DefinitionID uuid.UUID `json:"DefinitionId"`
	// Limit is the most tokens returned; 0 means 100, at most 1,000.
	Limit int64 `json:"Limit,omitempty"`
	// After continues behind the name of the last token of an earlier answer.
	After string `json:"After,omitempty"`
}

// ApiDefinitionResponse carries one API definition.
type ApiDefinitionResponse struct {
	Definition ApiDefinition `json:"Definition"`
}

// ApiDefinitionsResponse carries API definitions.
type ApiDefinitionsResponse struct {
	Definitions []ApiDefinition `json:"Definitions"`
}

// ApiDocumentResponse carries an OpenAPI document.
type ApiDocumentResponse struct {
	Document JSON `json:"Document"`
}

// CreateApiTokenResponse carries the new token's secret, the only time it is
// shown.
type CreateApiTokenResponse struct {
	Token  ApiToken `json:"Token"`
	Secret string   `json:"Secret"`
}

// ApiTokenResponse carries one API token, without its secret.
type ApiTokenResponse struct {
	Token ApiToken `json:"Token"`
}

// ApiTokensResponse carries API tokens, without their secrets.
type ApiTokensResponse struct {
	Tokens []ApiToken `json:"Tokens"`
}
