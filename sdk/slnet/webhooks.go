package slnet

import (
	"time"

	"github.com/google/uuid"
)

// WebhookEvent is what a webhook tells of.
type WebhookEvent string

// The events.
const (
	WebhookRunSucceeded WebhookEvent = "run.succeeded"
	WebhookRunFailed    WebhookEvent = "run.failed"    // also one that timed out or was lost; after its last attempt
	WebhookRunCancelled WebhookEvent = "run.cancelled" // by a user, its caller, or the end of the daemon
	WebhookInformation  WebhookEvent = "information"   // an information event
	WebhookTest         WebhookEvent = "test"          // TestWebhookMessage; nobody can ask for it otherwise
)

// Webhook sends events to a server, with POST and as JSON. Each is sent at least
// once, in no order.
type Webhook struct {
	ID uuid.UUID `json:"Id"`
	// Name tells webhooks apart for people; no two have the same, ignoring case.
	Name string `json:"Name"`
	// URL is where to send, with http or https.
	URL string `json:"Url"`
	// Events are what it tells of.
	Events []WebhookEvent `json:"Events"`
	// Scripts limits the events of runs to those of scripts with these names, or
	// with names that begin as a pattern does that ends with *. Empty means all.
	Scripts []string `json:"Scripts,omitempty"`
	// Disabled webhooks send nothing, and what happens meanwhile is not sent later.
	Disabled bool `json:"Disabled,omitempty"`

	// What follows is filled in by the daemon. DisabledReason says why the daemon
	// disabled it, Failures how many attempts in a row have failed, and Waiting how
	// many deliveries are to be sent. Dropped counts the events for which there was
	// no room.
	DisabledReason string    `json:"DisabledReason,omitempty"`
	Failures       int64     `json:"Failures,omitempty"`
	Waiting        int64     `json:"Waiting,omitempty"`
	Dropped        int64     `json:"Dropped,omitempty"`
	CreatedAt      time.Time `json:"CreatedAt,omitzero"`
	CreatedBy      string    `json:"CreatedBy,omitempty"`
}

// WebhookDelivery is an event that is sent by a webhook, or was.
type WebhookDelivery struct {
	// ID is the same in all attempts, so that a receiver can tell them.
	ID        uuid.UUID    `json:"Id"`
	Event     WebhookEvent `json:"Event"`
	Time      time.Time    `json:"Time"` // of the event
	Attempts  int64        `json:"Attempts"`
	Delivered bool         `json:"Delivered"`
	// NotBefore is when the next attempt is made, zero for one that is over.
	NotBefore time.Time `json:"NotBefore,omitzero"`
	// LastAttempt, StatusCode and Error are of the last attempt.
	LastAttempt time.Time `json:"LastAttempt,omitzero"`
	StatusCode  int64     `json:"StatusCode,omitempty"`
	Error       string    `json:"Error,omitempty"`
}

// WebhookBody is what a webhook sends.
type WebhookBody struct {
	// ID is that of the delivery.
	ID      uuid.UUID    `json:"Id"`
	Webhook string       `json:"Webhook"`
	Event   WebhookEvent `json:"Event"`
	Time    time.Time    `json:"Time"`
	// Run is the run, without Input and Result; and without Output and Parameters
	// where these are large.
	Run         *Run                     `json:"Run,omitempty"`
	Information *InformationEventMessage `json:"Information,omitempty"`
}

// CreateWebhookMessage makes a webhook. All messages about webhooks need the
// permission SystemAdministration. Answered with WebhookResponse.
type CreateWebhookMessage struct {
	Webhook Webhook `json:"Webhook"`
	// Secret is what deliveries are signed with: 16 to 200 bytes. It is stored
	// encrypted, and never told again.
	Secret string `json:"Secret"`
}

// UpdateWebhookMessage replaces what people can set of the webhook with the same
// ID. Answered with WebhookResponse.
type UpdateWebhookMessage struct {
	Webhook Webhook `json:"Webhook"`
	// Secret replaces the secret; empty leaves it.
	Secret string `json:"Secret,omitempty"`
}

// DeleteWebhookMessage deletes a webhook and what waits for it. Answered with
// Empty.
type DeleteWebhookMessage struct {
	ID uuid.UUID `json:"Id"`
}

// TestWebhookMessage sends an event of its own at once, also when the webhook is
// disabled, and waits for the answer. Answered with WebhookDeliveriesResponse of
// one delivery.
type TestWebhookMessage struct {
	ID uuid.UUID `json:"Id"`
}

// GetWebhooksMessage asks for all webhooks, by name. Answered with
// WebhooksResponse.
type GetWebhooksMessage struct{}

// GetWebhookDeliveriesMessage asks for the deliveries of a webhook: first up to
// 100 that wait, and then the last 100 that are over, the newest first. Answered with
// WebhookDeliveriesResponse.
type GetWebhookDeliveriesMessage struct {
	ID uuid.UUID `json:"Id"`
}

// WebhookResponse carries one webhook.
type WebhookResponse struct {
	Webhook Webhook `json:"Webhook"`
}

// WebhooksResponse carries webhooks.
type WebhooksResponse struct {
	Webhooks []Webhook `json:"Webhooks"`
}

// WebhookDeliveriesResponse carries deliveries.
type WebhookDeliveriesResponse struct {
	Deliveries []WebhookDelivery `json:"Deliveries"`
}

// MessageName implements Message.
func (*CreateWebhookMessage) MessageName() string { return "CreateWebhookMessage" }

// MessageName implements Message.
func (*UpdateWebhookMessage) MessageName() string { return "UpdateWebhookMessage" }

// MessageName implements Message.
func (*DeleteWebhookMessage) MessageName() string { return "DeleteWebhookMessage" }

// MessageName implements Message.
func (*TestWebhookMessage) MessageName() string { return "TestWebhookMessage" }

// MessageName implements Message.
func (*GetWebhooksMessage) MessageName() string { return "GetWebhooksMessage" }

// MessageName implements Message.
func (*GetWebhookDeliveriesMessage) MessageName() string { return "GetWebhookDeliveriesMessage" }

// MessageName implements Message.
func (*WebhookResponse) MessageName() string { return "WebhookResponse" }

// MessageName implements Message.
func (*WebhooksResponse) MessageName() string { return "WebhooksResponse" }

// MessageName implements Message.
func (*WebhookDeliveriesResponse) MessageName() string { return "WebhookDeliveriesResponse" }
