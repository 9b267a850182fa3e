package runtime_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/runtime/webhook"
	"domovoi.dev/sdk/slnet"
)

// A daemon tells a server of the runs that failed, signed with the secret it was
// given, which it keeps encrypted.
func TestWebhookTellsOfFailedRuns(t *testing.T) {
	type delivery struct {
		header http.Header
		body   []byte
	}
	sent := make(chan delivery, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		sent <- delivery{r.Header, body}
	}))
	t.Cleanup(server.Close) // after the daemon
	d := daemontest.StartWith(t, func(o *runtime.Options) {
		o.WebhookNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	admin := d.Administrator()
	const secret = "of the webhook alone"
	daemontest.Send[*slnet.WebhookResponse](t, admin, &slnet.CreateWebhookMessage{
		Webhook: slnet.Webhook{Name: "alarm", URL: server.URL, Events: []slnet.WebhookEvent{slnet.WebhookRunFailed}}, Secret: secret,
	})
	daemontest.Deploy(t, admin, "fails", `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(_ context.Context, engine *sdk.Engine) error { return engine.ExitFail("as it must") }
`)
	run := daemontest.Execute(t, admin, "fails")
	var got delivery
	select {
	case got = <-sent:
	case <-t.Context().Done():
		t.Fatal("nothing was sent")
	}
	var body slnet.WebhookBody
	if err := json.Unmarshal(got.body, &body); err != nil || body.Run == nil || body.Run.ID != run.ID || body.Run.ExitReason != "as it must" {
		t.Errorf("sent %s, %v", got.body, err)
	}
	// The time is near that of the run.
	signed := false
	for at := run.StartedAt.Unix(); at < run.EndedAt.Unix()+60; at++ {
		signed = signed || got.header.Get("Domovoi-Signature") == webhook.Sign(secret, at, got.body)
	}
	if !signed {
		t.Errorf("the signature %q is wrong", got.header.Get("Domovoi-Signature"))
	}
}
