// Package webhook sends events to servers outside. What is to be sent is read from
// the feed, where the end of a run and an information event stand in their own
// commit, so none is forgotten by a daemon that ends; what has been read is kept
// in a queue for each webhook until it is delivered.
package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/naming"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

//go:generate go -C ../../tools run ./msgpgen -package ../runtime/webhook -files records.go -unexported

// Options say what Webhooks work with.
type Options struct {
	Store *storage.Store
	// Now is the clock.
	Now func() time.Time
	// Seal encrypts the secret of a webhook for a place, and Unseal decrypts it.
	Seal   func(place, text string) ([]byte, error)
	Unseal func(place string, sealed []byte) (string, error)
	// Networks are addresses that are not public and may be sent to nevertheless.
	Networks []netip.Prefix
	Logger   *slog.Logger
}

// Webhooks is the home of the webhooks of a store.
type Webhooks struct {
	Options
	client *http.Client
	wake   chan struct{} // holds a token when a webhook was changed
	seen   slnet.Cursor  // up to where the feed was looked at; of Collect alone

	stop  context.CancelFunc // nil before Start
	loops sync.WaitGroup
	// Attempts since the start of the daemon.
	delivered, failed atomic.Int64

	mu      sync.Mutex
	senders map[uuid.UUID]chan struct{} // guarded by mu: wakes the sender of a webhook
}

// New returns the webhooks of a store. Nothing is sent before Start.
func New(o Options) *Webhooks {
	return &Webhooks{Options: o, client: newClient(o.Networks), wake: make(chan struct{}, 1), senders: make(map[uuid.UUID]chan struct{})}
}

const (
	maxWebhooks           = 100
	maxURL                = 2000
	maxScripts            = 100
	minSecret, maxSecrets = 16, 200
)

// check returns an error that names the field of a webhook that is wrong.
func check(given *slnet.Webhook) error {
	bad := func(format string, args ...any) error { return slnet.Errorf(slnet.KindInvalid, format, args...) }
	if err := naming.Check("webhook", given.Name); err != nil {
		return err
	}
	u, err := url.Parse(given.URL)
	switch {
	case len(given.URL) > maxURL:
		return bad("the webhook's Url has %d bytes; it can have %d", len(given.URL), maxURL)
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "":
		return bad("the webhook's Url must begin with https:// or http:// and a host, and have no fragment")
	case u.User != nil:
		return bad("the webhook's Url has a user; deliveries are signed with the secret instead")
	case len(given.Events) == 0:
		return bad("the webhook has no Events; there are %q", events)
	case len(given.Scripts) > maxScripts:
		return bad("the webhook's Scripts has %d entries; it can have %d", len(given.Scripts), maxScripts)
	}
	for i, e := range given.Events {
		if !slices.Contains(events, e) || slices.Contains(given.Events[:i], e) {
			return bad("the webhook's Events[%d] is %.60q; there are %q, each once", i, e, events)
		}
	}
	for i, pattern := range given.Scripts {
		if pattern == "" || strings.Contains(strings.TrimSuffix(pattern, "*"), "*") {
			return bad("the webhook's Scripts[%d] is %.120q; it must be the name of a script, or the beginning of names followed by *", i, pattern)
		}
	}
	return nil
}

// events are those a webhook can tell of.
var events = []slnet.WebhookEvent{slnet.WebhookRunSucceeded, slnet.WebhookRunFailed, slnet.WebhookRunCancelled, slnet.WebhookInformation}

// seal encrypts the secret of a webhook.
func (w *Webhooks) seal(id uuid.UUID, secret string) ([]byte, error) {
	if len(secret) < minSecret || len(secret) > maxSecrets {
		return nil, slnet.Errorf(slnet.KindInvalid, "the secret of the webhook has %d bytes; it has %d to %d", len(secret), minSecret, maxSecrets)
	}
	return w.Seal(place(id), secret)
}

func place(id uuid.UUID) string { return "webhook " + id.String() }

// Create stores a new webhook. It tells of what happens from then on.
func (w *Webhooks) Create(ctx context.Context, caller security.Caller, m *slnet.CreateWebhookMessage) (*slnet.WebhookResponse, error) {
	if err := check(&m.Webhook); err != nil {
		return nil, err
	}
	id := m.Webhook.ID
	if id == uuid.Nil {
		id = uuid.New()
	}
	sealed, err := w.seal(id, m.Secret)
	if err != nil {
		return nil, err
	}
	return w.change(ctx, caller, id, func(tx *storage.Tx, all []*hook) (*hook, error) {
		if slices.ContainsFunc(all, func(h *hook) bool { return h.Webhook.ID == id }) {
			return nil, slnet.Errorf(slnet.KindAlreadyExists, "there is a webhook with the ID %s already", id)
		}
		if len(all) >= maxWebhooks {
			return nil, slnet.Errorf(slnet.KindTooLarge, "there are %d webhooks, which is as many as there can be", len(all))
		}
		h := &hook{Webhook: settable(&m.Webhook), Sealed: sealed, From: int64(tx.Version())}
		h.Webhook.ID, h.Webhook.CreatedAt, h.Webhook.CreatedBy = id, tx.Now(), caller.User
		return h, nil
	})
}

// Update replaces what people can set of a webhook. One that is enabled again has
// no failures.
func (w *Webhooks) Update(ctx context.Context, caller security.Caller, m *slnet.UpdateWebhookMessage) (*slnet.WebhookResponse, error) {
	if err := check(&m.Webhook); err != nil {
		return nil, err
	}
	id := m.Webhook.ID
	var sealed []byte
	if m.Secret != "" {
		var err error
		if sealed, err = w.seal(id, m.Secret); err != nil {
			return nil, err
		}
	}
	return w.change(ctx, caller, id, func(tx *storage.Tx, all []*hook) (*hook, error) {
		old, err := get(&tx.Reader, id)
		if err != nil {
			return nil, err
		}
		h := *old
		h.Webhook = settable(&m.Webhook)
		h.Webhook.ID, h.Webhook.CreatedAt, h.Webhook.CreatedBy, h.Webhook.Dropped = id, old.Webhook.CreatedAt, old.Webhook.CreatedBy, old.Webhook.Dropped
		if sealed != nil {
			h.Sealed = sealed
		}
		switch {
		case h.Webhook.Disabled && old.Webhook.Disabled:
			h.Webhook.DisabledReason = old.Webhook.DisabledReason
		case old.Webhook.Disabled:
			h.From = int64(tx.Version()) // what happened meanwhile is not sent
		}
		return &h, nil
	})
}

// settable is what people can set of a webhook.
func settable(given *slnet.Webhook) slnet.Webhook {
	return slnet.Webhook{
		Name: given.Name, URL: given.URL, Events: slices.Clone(given.Events), Scripts: slices.Clone(given.Scripts), Disabled: given.Disabled,
	}
}

// change commits what fn makes of a webhook. fn gets all that there are.
func (w *Webhooks) change(ctx context.Context, caller security.Caller, id uuid.UUID, fn func(tx *storage.Tx, all []*hook) (*hook, error)) (*slnet.WebhookResponse, error) {
	var response slnet.WebhookResponse
	_, err := w.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		all, err := hooks(&tx.Reader)
		if err != nil {
			return err
		}
		h, err := fn(tx, all)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(o *hook) bool { return o.Webhook.ID != id && strings.EqualFold(o.Webhook.Name, h.Webhook.Name) }) {
			return slnet.Errorf(slnet.KindAlreadyExists, "there is a webhook called %q already", h.Webhook.Name)
		}
		tx.About("webhook", id.String())
		response.Webhook = h.Webhook
		return hookTable.Put(tx, h, id.String())
	})
	if err != nil {
		return nil, err
	}
	w.rouse()
	return &response, nil
}

func (w *Webhooks) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, sender := range w.senders {
		select {
		case sender <- struct{}{}:
		default:
		}
	}
}

// Delete deletes a webhook with its deliveries.
func (w *Webhooks) Delete(ctx context.Context, caller security.Caller, m *slnet.DeleteWebhookMessage) (*slnet.Empty, error) {
	_, err := w.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		if _, err := get(&tx.Reader, m.ID); err != nil {
			return err
		}
		tx.About("webhook", m.ID.String())
		return errors.Join(hookTable.Delete(tx, m.ID.String()), clear(tx, queueTable, m.ID), clear(tx, logTable, m.ID))
	})
	if err == nil {
		w.rouse()
	}
	return &slnet.Empty{}, err
}

// List returns all webhooks by name.
func (w *Webhooks) List(ctx context.Context) (*slnet.WebhooksResponse, error) {
	response := &slnet.WebhooksResponse{Webhooks: []slnet.Webhook{}}
	err := w.Store.View(ctx, func(r *storage.Reader) error {
		all, err := hooks(r)
		for _, h := range all {
			if err == nil {
				h.Webhook.Waiting, err = count(r, queueTable, h.Webhook.ID)
				response.Webhooks = append(response.Webhooks, h.Webhook)
			}
		}
		return err
	})
	slices.SortFunc(response.Webhooks, func(a, b slnet.Webhook) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return response, err
}

// Deliveries returns deliveries of a webhook.
func (w *Webhooks) Deliveries(ctx context.Context, m *slnet.GetWebhookDeliveriesMessage) (*slnet.WebhookDeliveriesResponse, error) {
	response := &slnet.WebhookDeliveriesResponse{Deliveries: []slnet.WebhookDelivery{}}
	err := w.Store.View(ctx, func(r *storage.Reader) error {
		if _, err := get(r, m.ID); err != nil {
			return err
		}
		for _, table := range []table{queueTable, logTable} {
			n := 0
			err := table.Scan(r, storage.Walk{Prefix: []string{m.ID.String()}, Reverse: true}, func(d *delivery) (bool, error) {
				response.Deliveries = append(response.Deliveries, d.Delivery)
				n++
				return n < maxLog, ctx.Err()
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return response, err
}
