package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/runtime/webhook"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

const secret = "a secret of the test"

var ann = security.Caller{User: "ann"}

// receiver is a server that webhooks send to.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int                 // guarded by mu: the answer
	bodies []slnet.WebhookBody // guarded by mu: what was sent
	hold   chan struct{}       // where set, requests wait for it to be closed
	t      *testing.T
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK, t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements http.Handler. It verifies what it gets.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	text, err := io.ReadAll(request.Body)
	if err != nil {
		r.t.Error(err)
	}
	seconds, err := strconv.ParseInt(request.Header.Get("Domovoi-Timestamp"), 10, 64)
	if err != nil || request.Header.Get("Domovoi-Signature") != webhook.Sign(secret, seconds, text) {
		r.t.Errorf("the signature %q of %d is wrong", request.Header.Get("Domovoi-Signature"), seconds)
	}
	var body slnet.WebhookBody
	if err := json.Unmarshal(text, &body); err != nil {
		r.t.Error(err)
	}
	if request.Header.Get("Domovoi-Delivery") != body.ID.String() || request.Header.Get("Domovoi-Event") != string(body.Event) {
		r.t.Errorf("the headers are %v, the body %s", request.Header, text)
	}
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-request.Context().Done():
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies = append(r.bodies, body)
	if r.status == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(r.status)
}

// answer changes the answer, and returns what was sent so far.
func (r *receiver) answer(status int) []slnet.WebhookBody {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
	return r.bodies
}

// house has webhooks whose clock the test moves.
type house struct {
	*webhook.Webhooks
	t     *testing.T
	store *storage.Store
	now   time.Time
}

func openHouse(t *testing.T, engine kv.Store, networks ...netip.Prefix) *house {
	t.Helper()
	store, err := storage.Open(t.Context(), engine, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, store: store, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	h.Webhooks = webhook.New(webhook.Options{
		Store: store, Now: func() time.Time { return h.now }, Networks: networks, Logger: slog.New(slog.DiscardHandler),
		Seal: func(place, text string) ([]byte, error) { return []byte(place + "\x00" + text), nil },
		Unseal: func(place string, sealed []byte) (string, error) {
			return strings.TrimPrefix(string(sealed), place+"\x00"), nil
		},
	})
	t.Cleanup(func() {
		h.Stop()
		if result, err := store.Check(context.Background()); err != nil || len(result.Problems) > 0 {
			t.Errorf("the store is not sound: %v %q", err, result.Problems)
		}
	})
	return h
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func (h *house) create(name, url string, events ...slnet.WebhookEvent) slnet.Webhook {
	h.t.Helper()
	response, err := h.Create(h.t.Context(), ann, &slnet.CreateWebhookMessage{
		Webhook: slnet.Webhook{Name: name, URL: url, Events: events, Scripts: []string{"bill*"}}, Secret: secret,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return response.Webhook
}

// event commits an event.
func (h *house) event(message slnet.Message) {
	h.t.Helper()
	_, err := h.store.Update(h.t.Context(), storage.Origin{User: "ann"}, func(tx *storage.Tx) error { return tx.AddEvent("", message) })
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) ended(script string, state slnet.RunState) {
	h.t.Helper()
	h.event(&slnet.RunChangedEventMessage{Run: slnet.Run{ID: uuid.New(), Script: script, State: state}})
}

// send queues what there is and attempts what is due.
func (h *house) send(id uuid.UUID) (next time.Time) {
	h.t.Helper()
	if _, _, err := h.Collect(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	next, err := h.Send(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return next
}

func (h *house) deliveries(id uuid.UUID) []slnet.WebhookDelivery {
	h.t.Helper()
	response, err := h.Deliveries(h.t.Context(), &slnet.GetWebhookDeliveriesMessage{ID: id})
	if err != nil {
		h.t.Fatal(err)
	}
	return response.Deliveries
}

// A webhook tells of the events and scripts it names, from its creation on, each
// signed and once.
func TestWebhookSendsWhatItIsAskedFor(t *testing.T) {
	h, to := openHouse(t, memkv.New(), loopback), newReceiver(t)
	h.ended("billing", slnet.RunFailed) // before there was a webhook
	w := h.create("alarm", to.URL, slnet.WebhookRunFailed, slnet.WebhookInformation)
	h.ended("billing", slnet.RunRunning)
	h.ended("billing", slnet.RunSucceeded)
	h.ended("other", slnet.RunFailed)
	h.event(&slnet.RunChangedEventMessage{Run: slnet.Run{Script: "billing", State: slnet.RunFailed, DryRun: true}})
	h.ended("Billing", slnet.RunTimedOut)
	h.event(&slnet.InformationEventMessage{Text: "hello"})
	h.send(w.ID)
	h.send(w.ID)
	got := to.answer(http.StatusOK)
	if len(got) != 2 || got[0].Event != slnet.WebhookRunFailed || got[0].Run.Script != "Billing" || got[1].Information.Text != "hello" || got[0].Webhook != "alarm" {
		t.Errorf("sent %+v", got)
	}
	list := h.deliveries(w.ID)
	if len(list) != 2 || !list[0].Delivered || list[0].StatusCode != 200 || list[1].ID != got[0].ID {
		t.Errorf("deliveries %+v", list)
	}
}

// What fails is tried again with growing pauses, under the same id, also by the
// next daemon, and given up in the end; a webhook that fails all the time is
// disabled.
func TestWebhookTriesAgain(t *testing.T) {
	engine, to := memkv.New(), newReceiver(t)
	h := openHouse(t, engine, loopback)
	w := h.create("alarm", to.URL, slnet.WebhookRunFailed)
	to.answer(http.StatusFound) // a redirect is not followed
	h.ended("bill", slnet.RunFailed)
	if next := h.send(w.ID); !next.Equal(h.now.Add(10 * time.Second)) {
		t.Errorf("the next attempt is at %v", next)
	}
	h.now = h.now.Add(10 * time.Second)
	if next := h.send(w.ID); !next.Equal(h.now.Add(20 * time.Second)) {
		t.Errorf("the attempt after that is at %v", next)
	}

	again := openHouse(t, engine, loopback)
	again.now = h.now.Add(20 * time.Second)
	to.answer(http.StatusOK)
	again.send(w.ID)
	sent := to.answer(http.StatusInternalServerError)
	if list := again.deliveries(w.ID); len(list) != 1 || !list[0].Delivered || list[0].Attempts != 3 || len(sent) != 3 || sent[0].ID != sent[2].ID {
		t.Errorf("sent %d, deliveries %+v", len(sent), list)
	}

	for range 6 {
		again.ended("bill", slnet.RunFailed)
	}
	again.send(w.ID)
	for range 14 {
		again.now = again.now.Add(time.Hour)
		again.send(w.ID)
	}
	waiting, err := again.List(t.Context())
	if err != nil || waiting.Webhooks[0].Waiting != 0 || waiting.Webhooks[0].Failures != 90 {
		t.Errorf("%+v, %v", waiting, err)
	}
	if list := again.deliveries(w.ID); len(list) != 7 || list[0].Delivered || list[0].Attempts != 15 || !strings.Contains(list[0].Error, "500") {
		t.Errorf("deliveries %+v", list)
	}
	again.ended("bill", slnet.RunFailed)
	for range 10 {
		again.now = again.now.Add(time.Hour)
		again.send(w.ID)
	}
	list, err := again.List(t.Context())
	if err != nil || !list.Webhooks[0].Disabled || !strings.Contains(list.Webhooks[0].DisabledReason, "100 attempts in a row failed") {
		t.Errorf("%+v, %v", list, err)
	}
	again.ended("bill", slnet.RunFailed) // nobody wants it
	to.answer(http.StatusOK)
	enabled := list.Webhooks[0]
	enabled.Disabled = false
	if response, err := again.Update(t.Context(), ann, &slnet.UpdateWebhookMessage{Webhook: enabled}); err != nil || response.Webhook.Disabled || response.Webhook.DisabledReason != "" {
		t.Errorf("%+v, %v", response, err)
	}
	again.now = again.now.Add(time.Hour)
	again.send(w.ID)
	if list := again.deliveries(w.ID); len(list) != 8 || !list[0].Delivered {
		t.Errorf("after it was enabled again: %+v", list)
	}
}

// A receiver that does not answer keeps neither other webhooks nor commits
// waiting.
func TestSlowReceiverHurtsNobody(t *testing.T) {
	h, slow, fast := openHouse(t, memkv.New(), loopback), newReceiver(t), newReceiver(t)
	slow.hold = make(chan struct{})
	defer close(slow.hold)
	h.create("slow", slow.URL, slnet.WebhookRunFailed)
	w := h.create("fast", fast.URL, slnet.WebhookRunFailed)
	h.Start()
	for range 3 {
		h.ended("bill", slnet.RunFailed)
	}
	for {
		seen := h.store.Version()
		if len(h.deliveries(w.ID)) == 3 && h.deliveries(w.ID)[2].Delivered {
			break
		}
		if _, err := h.store.Wait(t.Context(), seen); err != nil {
			t.Fatal(err)
		}
	}
	h.Stop() // also while an attempt is under way
	if list := h.deliveries(w.ID); len(list) != 3 {
		t.Errorf("%d deliveries", len(list))
	}
}

// Only public addresses are connected to, and those the operator allows.
func TestWebhookReachesNoPrivateAddress(t *testing.T) {
	h, to := openHouse(t, memkv.New(), netip.MustParsePrefix("10.0.0.0/8")), newReceiver(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(to.URL, "http://"), ":")
	for i, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "192.168.0.1", "100.64.0.1", "0.0.0.0", "[fd00::1]", "[64:ff9b::7f00:1]"} {
		w := h.create(strconv.Itoa(i), "http://"+host+":"+port, slnet.WebhookInformation)
		response, err := h.Test(t.Context(), &slnet.TestWebhookMessage{ID: w.ID})
		if err != nil {
			t.Fatal(err)
		}
		if d := response.Deliveries[0]; d.Delivered || !strings.Contains(d.Error, "is not a public one") {
			t.Errorf("%s: %+v", host, d)
		}
	}
	if got := to.answer(http.StatusOK); len(got) > 0 {
		t.Errorf("sent %+v", got)
	}
}

// What is wrong with a webhook is told by its field, and nothing is stored.
func TestWrongWebhooks(t *testing.T) {
	h := openHouse(t, memkv.New())
	for want, m := range map[string]slnet.CreateWebhookMessage{
		"Name":                {Webhook: slnet.Webhook{Name: " "}},
		"Url must begin":      {Webhook: slnet.Webhook{Name: "a", URL: "ftp://a"}},
		"Url has a user":      {Webhook: slnet.Webhook{Name: "a", URL: "https://a:b@c"}},
		"no Events":           {Webhook: slnet.Webhook{Name: "a", URL: "https://a"}},
		"Events[0]":           {Webhook: slnet.Webhook{Name: "a", URL: "https://a", Events: []slnet.WebhookEvent{"test"}}},
		"Scripts[0]":          {Webhook: slnet.Webhook{Name: "a", URL: "https://a", Events: []slnet.WebhookEvent{"information"}, Scripts: []string{"*a"}}},
		"has 5 bytes; it has": {Webhook: slnet.Webhook{Name: "a", URL: "https://a", Events: []slnet.WebhookEvent{"information"}}, Secret: "short"},
	} {
		if _, err := h.Create(t.Context(), ann, &m); !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one with %q", err, want)
		}
	}
	h.create("one", "https://a", slnet.WebhookInformation)
	_, err := h.Create(t.Context(), ann, &slnet.CreateWebhookMessage{
		Webhook: slnet.Webhook{Name: "ONE", URL: "https://a", Events: []slnet.WebhookEvent{"information"}}, Secret: secret,
	})
	if !errors.Is(err, slnet.KindAlreadyExists) {
		t.Errorf("a second one of the same name: %v", err)
	}
	if list, err := h.List(t.Context()); err != nil || len(list.Webhooks) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// verify is what docs/webhooks.md shows to those who write receivers.
func verify(secret string, h http.Header, body []byte) error {
	seconds, err := strconv.ParseInt(h.Get("Domovoi-Timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return errors.New("too old, or without a time")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", seconds)
	mac.Write(body)
	want := "v1=" + hex.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(h.Get("Domovoi-Signature"))) {
		return errors.New("signed by somebody else")
	}
	return nil
}

// TestVerify: what the page shows accepts what is sent, and nothing else.
func TestVerify(t *testing.T) {
	body := []byte(`{"Event": "run.failed"}`)
	header := func(at time.Time, signed []byte) http.Header {
		return http.Header{
			"Domovoi-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
			"Domovoi-Signature": {webhook.Sign(secret, at.Unix(), signed)},
		}
	}
	now := time.Now()
	if err := verify(secret, header(now, body), body); err != nil {
		t.Error(err)
	}
	for what, h := range map[string]http.Header{
		"an old one": header(now.Add(-10*time.Minute), body), "one of the future": header(now.Add(10*time.Minute), body),
		"another body": header(now, []byte("{}")), "nothing": {},
	} {
		if verify(secret, h, body) == nil {
			t.Errorf("%s is accepted", what)
		}
	}
}
