package runtime

import (
	"context"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
)

// addWebhooks adds the rows of messages about webhooks. Whoever sets one up makes
// the daemon send what happens to a server of their choice.
func addWebhooks(table map[string]handler) {
	system := holders(slnet.PermissionSystemAdministration)
	add(table, system, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CreateWebhookMessage) (*slnet.WebhookResponse, error) {
		return r.webhooks.Create(ctx, c, m)
	})
	add(table, system, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.UpdateWebhookMessage) (*slnet.WebhookResponse, error) {
		return r.webhooks.Update(ctx, c, m)
	})
	add(table, system, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteWebhookMessage) (*slnet.Empty, error) {
		return r.webhooks.Delete(ctx, c, m)
	})
	add(table, aside(system), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.TestWebhookMessage) (*slnet.WebhookDeliveriesResponse, error) {
		return r.webhooks.Test(ctx, m)
	})
	add(table, reading(system), func(r *Runtime, ctx context.Context, _ security.Caller, _ *slnet.GetWebhooksMessage) (*slnet.WebhooksResponse, error) {
		return r.webhooks.List(ctx)
	})
	add(table, reading(system), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetWebhookDeliveriesMessage) (*slnet.WebhookDeliveriesResponse, error) {
		return r.webhooks.Deliveries(ctx, m)
	})
}

// webhookSubject is the webhook that a message is about, for the audit.
func webhookSubject(message slnet.Message) string {
	var id uuid.UUID
	switch m := message.(type) {
	case *slnet.CreateWebhookMessage:
		return m.Webhook.Name
	case *slnet.UpdateWebhookMessage:
		id = m.Webhook.ID
	case *slnet.DeleteWebhookMessage:
		id = m.ID
	case *slnet.TestWebhookMessage:
		id = m.ID
	default:
		return ""
	}
	return id.String()
}
