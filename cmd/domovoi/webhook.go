package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) webhookCommand() *cobra.Command {
	return a.group("webhook", "Send events to servers outside",
		a.leaf("list", "List the webhooks", a.webhookList),
		a.webhookCreateCommand(),
		a.webhookUpdateCommand(),
		a.completes(a.leaf("test NAME", "Send an event at once, and print how that went", a.webhookTest), webhookNames),
		a.completes(a.leaf("deliveries NAME", "List what a webhook is to send, and what it has sent", a.webhookDeliveries), webhookNames),
		a.completes(a.leaf("delete NAME", "Delete a webhook and what waits for it", a.webhookDelete), webhookNames))
}

// webhookFlags are the flags that say what a webhook is.
type webhookFlags struct {
	url, secret, rename string
	events, scripts     []string
	disabled            bool
}

func (f *webhookFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.url, "url", "", "`address` to send to, with https:// or http://")
	c.Flags().StringSliceVar(&f.events, "event", nil, "`event` to tell of: run.succeeded, run.failed, run.cancelled or information; may be repeated")
	c.Flags().StringSliceVar(&f.scripts, "script", nil, "`name` of a script, or the beginning of names with a *, to which runs are limited; may be repeated")
	c.Flags().StringVar(&f.secret, "secret-file", "", "`file` with the secret that deliveries are signed with; - is the standard input")
	c.Flags().BoolVar(&f.disabled, "disabled", false, "send nothing")
	c.MarkFlagFilename("secret-file")
	c.RegisterFlagCompletionFunc("event", cobra.FixedCompletions([]string{"run.succeeded", "run.failed", "run.cancelled", "information"}, cobra.ShellCompDirectiveNoFileComp))
}

// apply sets what was given on the command line of a webhook.
func (f *webhookFlags) apply(c *cobra.Command, w *slnet.Webhook) {
	if c.Flags().Changed("url") {
		w.URL = f.url
	}
	if c.Flags().Changed("event") {
		w.Events = nil
		for _, event := range f.events {
			w.Events = append(w.Events, slnet.WebhookEvent(event))
		}
	}
	if c.Flags().Changed("script") {
		w.Scripts = f.scripts
	}
	if c.Flags().Changed("disabled") {
		w.Disabled = f.disabled
	}
	if c.Flags().Changed("rename") {
		w.Name = f.rename
	}
}

// webhookSecret reads the secret of a webhook, without the end of its line; empty
// where none is given.
func (a *app) webhookSecret(file string) (string, error) {
	var text []byte
	var err error
	switch file {
	case "":
		return "", nil
	case "-":
		text, err = io.ReadAll(io.LimitReader(a.stdin, 64<<10))
	default:
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return "", slnet.Errorf(slnet.KindInvalid, "the secret cannot be read: %v", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func (a *app) webhookCreateCommand() *cobra.Command {
	f := new(webhookFlags)
	var c *cobra.Command
	c = a.leaf("create NAME", "Create a webhook", func(ctx context.Context, args []string) error {
		message := &slnet.CreateWebhookMessage{Webhook: slnet.Webhook{Name: args[0]}}
		f.apply(c, &message.Webhook)
		var err error
		if message.Secret, err = a.webhookSecret(f.secret); err != nil {
			return err
		}
		return a.webhookChange(ctx, message)
	})
	c.Long = `Create a webhook, which sends what happens from now on to a server: with POST, as
JSON, and signed with a secret of 16 to 200 bytes.

	domovoi webhook create alarm --url https://example.com/hook --event run.failed --secret-file secret.txt`
	f.add(c)
	c.MarkFlagRequired("url")
	c.MarkFlagRequired("event")
	c.MarkFlagRequired("secret-file")
	return c
}

func (a *app) webhookUpdateCommand() *cobra.Command {
	f := new(webhookFlags)
	var c *cobra.Command
	c = a.leaf("update NAME", "Change what is given of a webhook", func(ctx context.Context, args []string) error {
		found, err := a.findWebhook(ctx, args[0])
		if err != nil {
			return err
		}
		message := &slnet.UpdateWebhookMessage{Webhook: *found}
		f.apply(c, &message.Webhook)
		if message.Secret, err = a.webhookSecret(f.secret); err != nil {
			return err
		}
		return a.webhookChange(ctx, message)
	})
	c.Long = `Change what is given of a webhook. --disabled=false enables one again that the
daemon has disabled; what happened meanwhile is not sent.`
	f.add(c)
	c.Flags().StringVar(&f.rename, "rename", "", "new `name`")
	return a.completes(c, webhookNames)
}

func (a *app) webhookChange(ctx context.Context, message slnet.Message) error {
	response, err := request[*slnet.WebhookResponse](ctx, a, message)
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showWebhooks(t, response.Webhook) })
}

func showWebhooks(t *table, list ...slnet.Webhook) {
	t.header("NAME", "URL", "EVENTS", "SCRIPTS", "WAITING", "DISABLED")
	for _, w := range list {
		var events []string
		for _, e := range w.Events {
			events = append(events, string(e))
		}
		disabled := w.DisabledReason
		if disabled == "" {
			disabled = yes(w.Disabled)
		}
		t.row(w.Name, w.URL, strings.Join(events, ", "), strings.Join(w.Scripts, ", "), fmt.Sprint(w.Waiting), disabled)
	}
}

func (a *app) webhookList(ctx context.Context, _ []string) error {
	response, err := request[*slnet.WebhooksResponse](ctx, a, &slnet.GetWebhooksMessage{})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showWebhooks(t, response.Webhooks...) })
}

func (a *app) findWebhook(ctx context.Context, name string) (*slnet.Webhook, error) {
	response, err := request[*slnet.WebhooksResponse](ctx, a, &slnet.GetWebhooksMessage{})
	if err != nil {
		return nil, err
	}
	for i := range response.Webhooks {
		if strings.EqualFold(response.Webhooks[i].Name, name) {
			return &response.Webhooks[i], nil
		}
	}
	return nil, slnet.Errorf(slnet.KindNotFound, "there is no webhook %q", name)
}

func (a *app) webhookTest(ctx context.Context, args []string) error {
	found, err := a.findWebhook(ctx, args[0])
	if err != nil {
		return err
	}
	response, err := request[*slnet.WebhookDeliveriesResponse](ctx, a, &slnet.TestWebhookMessage{ID: found.ID})
	if err != nil {
		return err
	}
	if err := a.answer(response, func(t *table) { showDeliveries(t, response.Deliveries) }); err != nil {
		return err
	}
	if d := response.Deliveries[0]; !d.Delivered {
		return slnet.Errorf(slnet.KindUnavailable, "the webhook %q does not reach its server: %s", found.Name, d.Error)
	}
	return nil
}

func (a *app) webhookDeliveries(ctx context.Context, args []string) error {
	found, err := a.findWebhook(ctx, args[0])
	if err != nil {
		return err
	}
	response, err := request[*slnet.WebhookDeliveriesResponse](ctx, a, &slnet.GetWebhookDeliveriesMessage{ID: found.ID})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showDeliveries(t, response.Deliveries) })
}

func showDeliveries(t *table, list []slnet.WebhookDelivery) {
	t.header("ID", "EVENT", "TIME", "ATTEMPTS", "DELIVERED", "NEXT", "ERROR")
	for _, d := range list {
		t.row(d.ID.String(), string(d.Event), timeText(d.Time), fmt.Sprint(d.Attempts), yes(d.Delivered), timeText(d.NotBefore), d.Error)
	}
}

func (a *app) webhookDelete(ctx context.Context, args []string) error {
	found, err := a.findWebhook(ctx, args[0])
	if err != nil {
		return err
	}
	_, err = request[*slnet.Empty](ctx, a, &slnet.DeleteWebhookMessage{ID: found.ID})
	return err
}

func webhookNames(ctx context.Context, c *client.Client) []string {
	response, err := ask[*slnet.WebhooksResponse](ctx, c, &slnet.GetWebhooksMessage{})
	if err != nil {
		return nil
	}
	var names []string
	for _, w := range response.Webhooks {
		names = append(names, w.Name)
	}
	return names
}
