package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// The headers of a delivery. They are documented and never change.
const (
	headerDelivery  = "Domovoi-Delivery"
	headerEvent     = "Domovoi-Event"
	headerTimestamp = "Domovoi-Timestamp"
	headerSignature = "Domovoi-Signature"
)

const (
	// timeout bounds an attempt.
	timeout = 15 * time.Second
	// maxAttempts is after how many attempts a delivery is given up. The time
	// between them doubles from firstDelay to maxDelay, which is about nine hours in
	// all.
	maxAttempts = 15
	firstDelay  = 10 * time.Second
	maxDelay    = time.Hour
	// maxRetried is how many deliveries of a webhook wait for their next attempt at
	// a time. Those behind them are sent later, and not at once to a receiver that
	// does not take any.
	maxRetried = 100
	// maxFailures is after how many failed attempts in a row a webhook is disabled.
	maxFailures = 100
	// maxLog is how many deliveries that are over a webhook keeps.
	maxLog = 100
	// maxError is how much is kept of why an attempt failed.
	maxError = 500
)

// newClient returns a client that connects to public addresses, and those of
// networks. It goes through no proxy and follows no redirect: whoever answers
// would decide where the next request leads.
func newClient(networks []netip.Prefix) *http.Client {
	dialer := &net.Dialer{Timeout: timeout, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return checkAddress(networks, at.Addr().Unmap())
	}}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout, MaxResponseHeaderBytes: 64 << 10,
			MaxConnsPerHost: 4, MaxIdleConnsPerHost: 1, MaxIdleConns: 32, IdleConnTimeout: time.Minute,
		},
	}
}

// special are addresses that lead to no public server besides those netip knows:
// carriers, documentation, benchmarks, and the translations of others.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

// checkAddress returns an error when nothing may be sent to an address.
func checkAddress(networks []netip.Prefix, addr netip.Addr) error {
	has := func(p netip.Prefix) bool { return p.Contains(addr) }
	if slices.ContainsFunc(networks, has) || addr.IsGlobalUnicast() && !addr.IsPrivate() && !slices.ContainsFunc(special, has) {
		return nil
	}
	return slnet.Errorf(slnet.KindPermissionDenied, "the address %s is not a public one; domovoi serve --webhook-network can allow it", addr)
}

// Sign returns the signature of a body for a time in seconds since 1970.
func Sign(secret string, timestamp int64, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", timestamp)
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// attempt sends a delivery once, and notes how that went.
func (w *Webhooks) attempt(ctx context.Context, h *hook, d *delivery) {
	now := w.Now()
	d.Delivery.Attempts++
	d.Delivery.LastAttempt, d.Delivery.StatusCode, d.Delivery.Error = now.UTC().Truncate(time.Millisecond), 0, ""
	status, err := w.post(ctx, h, d, now)
	d.Delivery.StatusCode = int64(status)
	if d.Delivery.Delivered = err == nil; err == nil {
		w.delivered.Add(1)
	} else {
		w.failed.Add(1)
		text := err.Error()
		d.Delivery.Error = text[:min(len(text), maxError)]
	}
}

func (w *Webhooks) post(ctx context.Context, h *hook, d *delivery, now time.Time) (status int, err error) {
	secret, err := w.Unseal(place(h.Webhook.ID), h.Sealed)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.Webhook.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "domovoi")
	request.Header.Set(headerDelivery, d.Delivery.ID.String())
	request.Header.Set(headerEvent, string(d.Delivery.Event))
	request.Header.Set(headerTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(headerSignature, Sign(secret, now.Unix(), d.Body))
	response, err := w.client.Do(request)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err // the URL may be confidential
		}
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return response.StatusCode, fmt.Errorf("the answer was %s", response.Status)
	}
	return response.StatusCode, nil
}

// employ starts a sender for each webhook that has none.
func (w *Webhooks) employ(ctx context.Context) error {
	var all []*hook
	err := w.Store.View(ctx, func(r *storage.Reader) (err error) {
		all, err = hooks(r)
		return err
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range all {
		id := h.Webhook.ID
		if w.senders[id] == nil {
			wake := make(chan struct{}, 1)
			w.senders[id] = wake
			w.loops.Go(func() { w.sender(ctx, id, wake) })
		}
	}
	return nil
}

// rouseSenders wakes those for whom something was queued.
func (w *Webhooks) rouseSenders(list []queued) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, q := range list {
		select {
		case w.senders[q.hook] <- struct{}{}: // nil for one that is about to start
		default:
		}
	}
}

// sender sends what waits for one webhook, so that a slow receiver keeps nobody
// else waiting. It ends with the webhook.
func (w *Webhooks) sender(ctx context.Context, id uuid.UUID, wake chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-wake:
		}
		next, err := w.Send(ctx, id)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, slnet.KindNotFound):
			w.mu.Lock()
			delete(w.senders, id)
			w.mu.Unlock()
			return
		case err != nil:
			if !errors.Is(err, storage.ErrReadOnly) {
				w.Logger.Error("a webhook could not go on; it is tried again", "op", "webhook.sender", "webhook", id, "err", err)
			}
			timer.Reset(pause)
		case !next.IsZero():
			timer.Reset(max(next.Sub(w.Now()), 0))
		}
	}
}

// Send attempts what is due for a webhook, one after the other, and returns when
// the next is, zero when nothing waits.
func (w *Webhooks) Send(ctx context.Context, id uuid.UUID) (next time.Time, err error) {
	for ctx.Err() == nil {
		var h *hook
		var due *delivery
		next = time.Time{}
		err := w.Store.View(ctx, func(r *storage.Reader) error {
			if h, err = get(r, id); err != nil || h.Webhook.Disabled {
				return err
			}
			now, looked := w.Now(), 0
			return queueTable.Scan(r, storage.Walk{Prefix: []string{id.String()}}, func(d *delivery) (bool, error) {
				if at := d.Delivery.NotBefore; at.After(now) {
					if next.IsZero() || at.Before(next) {
						next = at
					}
					looked++
					return looked < maxRetried, nil
				}
				due = d
				return false, nil
			})
		})
		if err != nil || due == nil {
			return next, err
		}
		w.attempt(ctx, h, due)
		if ctx.Err() != nil {
			break // it was not the receiver's fault
		}
		if err := w.settle(ctx, id, due); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, ctx.Err()
}

// settle stores how an attempt went.
func (w *Webhooks) settle(ctx context.Context, id uuid.UUID, d *delivery) error {
	_, err := w.Store.Update(ctx, storage.Origin{User: systemUser}, func(tx *storage.Tx) error {
		h, err := get(&tx.Reader, id)
		if err != nil {
			return err
		}
		failures := h.Webhook.Failures
		over := *d
		if d.Delivery.Delivered {
			h.Webhook.Failures = 0
		} else if h.Webhook.Failures++; h.Webhook.Failures >= maxFailures && !h.Webhook.Disabled {
			h.Webhook.Disabled = true
			h.Webhook.DisabledReason = fmt.Sprintf("%d attempts in a row failed, the last one: %s", h.Webhook.Failures, d.Delivery.Error)
			text := fmt.Sprintf("The webhook %s was disabled: %s", h.Webhook.Name, h.Webhook.DisabledReason)
			if err := tx.AddEvent("", &slnet.InformationEventMessage{Time: tx.Now(), User: systemUser, Text: text}); err != nil {
				return err
			}
		}
		if failures != h.Webhook.Failures {
			if err := hookTable.Put(tx, h, id.String()); err != nil {
				return err
			}
		}
		if !d.Delivery.Delivered && d.Delivery.Attempts < maxAttempts {
			over.Delivery.NotBefore = d.Delivery.LastAttempt.Add(min(firstDelay<<(d.Delivery.Attempts-1), maxDelay))
			return queueTable.Put(tx, &over, id.String(), d.Key)
		}
		over.Body, over.Delivery.NotBefore = nil, time.Time{}
		return errors.Join(queueTable.Delete(tx, id.String(), d.Key), logTable.Put(tx, &over, id.String(), d.Key), trim(tx, id))
	})
	return err
}

// trim removes the oldest deliveries that are over.
func trim(tx *storage.Tx, id uuid.UUID) error {
	list, err := keys(&tx.Reader, logTable, id)
	for _, key := range list[:max(0, len(list)-maxLog)] {
		err = errors.Join(err, logTable.Delete(tx, id.String(), key))
	}
	return err
}

// Test sends an event of its own at once, and returns how that went. It is not
// kept.
func (w *Webhooks) Test(ctx context.Context, m *slnet.TestWebhookMessage) (*slnet.WebhookDeliveriesResponse, error) {
	var h *hook
	err := w.Store.View(ctx, func(r *storage.Reader) (err error) {
		h, err = get(r, m.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	d, err := newDelivery(h, uuid.NewString(), slnet.WebhookBody{Event: slnet.WebhookTest, Time: w.Now().UTC()})
	if err != nil {
		return nil, err
	}
	w.attempt(ctx, h, &d)
	return &slnet.WebhookDeliveriesResponse{Deliveries: []slnet.WebhookDelivery{d.Delivery}}, ctx.Err()
}
