package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"domovoi.dev/internal/measure"
	"domovoi.dev/runtime/api"
	"domovoi.dev/sdk/slnet"
)

// apiRate is at how many requests a second an API is measured: up to there the
// original is documented to take 13 ms.
const apiRate = 80

// answering is a script that answers a request with its body.
const answering = `package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

func OnApiTrigger(ctx context.Context, engine *sdk.Engine, input slnet.ApiTriggerInput) (slnet.ApiTriggerOutput, error) {
	return slnet.ApiTriggerOutput{Body: input.Body}, nil
}
`

// apis is the group of user-defined APIs: requests over loopback connections that
// are kept open.
type apis struct {
	*measure.House
	client  *http.Client
	url     string
	secret  string
	clients int
}

func apisGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	a := &apis{House: h, clients: 16}
	if err := a.serve(); err != nil {
		return nil, err
	}
	answers, err := h.User.SendSLNetMessages(ctx,
		&slnet.DeployScriptMessage{Name: "answering", Files: []slnet.ScriptFile{{Name: "script.go", Content: answering}}},
		&slnet.CreateApiDefinitionMessage{Definition: slnet.ApiDefinition{Name: "answering", Route: "answering/{id}", Methods: []string{"POST"}, Script: "answering"}})
	if err != nil {
		return nil, err
	}
	definition := answers[1].(*slnet.ApiDefinitionResponse).Definition
	bearer := slnet.ApiToken{Name: "bench"}
	bearer.Definitions = append(bearer.Definitions, definition.ID)
	token, err := slnet.Send1(ctx, h.User.SendSLNetMessages, &slnet.CreateApiTokenMessage{Token: bearer})
	if err != nil {
		return nil, err
	}
	a.secret = token.(*slnet.CreateApiTokenResponse).Secret
	const counted = "connection, edge, token, both synced commits of the run, the process that waits for it"
	const floor = "GET /healthz at the same rate, over the same connections"
	work := fmt.Sprintf("request to an API at %d a second, body of 300 B", apiRate)
	return []*measure.Measure{
		{ID: "API p50", Work: work + ", median", Counted: counted, Floor: floor, Bound: measure.AtMostMore(4 * time.Millisecond), Unit: measure.Latency,
			Ours: measure.Paced(apiRate, 50, a.ask), Bare: measure.Paced(apiRate, 50, a.health)},
		{ID: "API p99", Work: work + ", 99 of 100", Counted: counted, Floor: floor, Bound: measure.AtMostMore(13 * time.Millisecond), Unit: measure.Latency,
			Ours: measure.Paced(apiRate, 99, a.ask), Bare: measure.Paced(apiRate, 99, a.health)},
		{ID: "API knee", Work: fmt.Sprintf("requests to an API a second, %d clients, as many as there can be", a.clients), Counted: counted,
			Floor: fmt.Sprintf("%d, up to which the original is documented", apiRate), Bound: measure.AtLeast(3), Unit: measure.Throughput,
			Ours: measure.ThroughputOf(a.clients, func(ctx context.Context, _ int) error { return a.ask(ctx) }),
			Bare: func(context.Context, time.Duration) (float64, error) { return apiRate, nil }},
	}, nil
}

// serve serves the daemon as the program does, on a loopback port.
func (a *apis) serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := api.NewServer(a.Daemon.Handler(), api.ServerOptions{Logger: measure.Logger()})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	a.url = "http://" + listener.Addr().String()
	a.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: a.clients}}
	a.Closers = append(a.Closers, func() error {
		a.client.CloseIdleConnections()
		err := server.Close()
		<-served
		return err
	})
	return nil
}

func (a *apis) ask(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/api/custom/answering/17", strings.NewReader(strings.Repeat("b", 300)))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+a.secret)
	return a.do(r)
}

func (a *apis) health(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/healthz", nil)
	if err != nil {
		return err
	}
	return a.do(r)
}

func (a *apis) do(r *http.Request) error {
	response, err := a.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is answered with %s: %s", r.URL.Path, response.Status, body)
	}
	return err
}
