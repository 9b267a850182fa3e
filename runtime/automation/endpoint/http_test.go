package endpoint_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

// house is a daemon with APIs, reached over HTTP as anybody would.
type house struct {
	*daemontest.Daemon
	t     *testing.T
	admin slnet.Connection
	url   string
}

func open(t *testing.T) *house {
	t.Helper()
	d := daemontest.Start(t)
	return &house{d, t, d.Administrator(), "http://" + d.Listen() + "/api/custom/"}
}

// in is the house for a part of a test.
func (h *house) in(t *testing.T) *house {
	inner := *h
	inner.t = t
	return &inner
}

// define creates an API definition.
func (h *house) define(definition slnet.ApiDefinition) slnet.ApiDefinition {
	h.t.Helper()
	return daemontest.Send[*slnet.ApiDefinitionResponse](h.t, h.admin, &slnet.CreateApiDefinitionMessage{Definition: definition}).Definition
}

// token makes an API token for definitions, with the rights of a user.
func (h *house) token(name, user string, definitions ...uuid.UUID) *slnet.CreateApiTokenResponse {
	h.t.Helper()
	return daemontest.Send[*slnet.CreateApiTokenResponse](h.t, h.admin, &slnet.CreateApiTokenMessage{
		Token: slnet.ApiToken{Name: name, User: user, Definitions: definitions},
	})
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

// ask sends a request; headers are pairs.
func (h *house) ask(secret, method, route, body string, headers ...string) answer {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+route, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{response, string(b)}
}

// fails checks that a request was refused with a status and an errorCode, in the
// form of errors, and returns the error.
func (h *house) fails(got answer, status, code int) (failure struct {
	Title, Detail string
	ErrorCode     int
	Missing       []string `json:"missingScriptParameters"`
}) {
	h.t.Helper()
	var errors struct {
		Errors []json.RawMessage `json:"errors"`
	}
	err := json.Unmarshal([]byte(got.body), &errors)
	if err == nil && len(errors.Errors) == 1 {
		err = json.Unmarshal(errors.Errors[0], &failure)
	}
	if err != nil || got.StatusCode != status || failure.ErrorCode != code || failure.Title == "" || failure.Detail == "" {
		h.t.Errorf("got %d %s, want %d with the error %d", got.StatusCode, got.body, status, code)
	}
	examples.NoteText(strconv.Itoa(code), failure.Detail)
	return failure
}

// run is the record of the run that made an answer.
func (h *house) run(got answer) slnet.Run {
	h.t.Helper()
	id, err := uuid.Parse(got.Header.Get("Domovoi-Run"))
	if err != nil {
		h.t.Fatalf("%d %s: the answer names no run: %v", got.StatusCode, got.body, err)
	}
	return daemontest.Send[*slnet.RunResponse](h.t, h.admin, &slnet.GetRunMessage{ID: id}).Run
}

// mirror answers with what it was asked, or as the query says.
const mirror = `package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

type mirrored struct {
	Input slnet.ApiTriggerInput
	User  string
}

func OnApiTrigger(ctx context.Context, engine *sdk.Engine, input slnet.ApiTriggerInput) (slnet.ApiTriggerOutput, error) {
	if input.Query["fail"] != nil {
		return slnet.ApiTriggerOutput{}, errors.New("a secret cause")
	}
	if input.Query["hang"] != nil {
		engine.GenerateInformation(ctx, "hangs")
		<-ctx.Done()
		return slnet.ApiTriggerOutput{}, ctx.Err()
	}
	output := slnet.ApiTriggerOutput{}
	if status := input.Query["status"]; status != nil {
		code, _ := strconv.Atoi(status[0])
		output.StatusCode = int64(code)
	}
	if header := input.Query["header"]; header != nil {
		output.Headers = map[string]string{header[0]: header[1]}
	}
	if input.Query["empty"] != nil {
		return output, nil
	}
	body, err := json.Marshal(mirrored{input, engine.User()})
	output.Body = body
	return output, err
}
`

type mirrored struct {
	Input slnet.ApiTriggerInput
	User  string
}

// TestAScriptAnswersARequest: method, route values, query, headers and body reach
// the script, its status, type, headers and body the caller; the run has the
// rights of the token's user and says what started it.
func TestAScriptAnswersARequest(t *testing.T) {
	h := open(t)
	daemontest.Deploy(t, h.admin, "mirror", mirror)
	h.User("ann")
	definition := h.define(slnet.ApiDefinition{Name: "mirrors", Route: "mirrors/{name}", Methods: []string{"POST", "GET"}, Script: "mirror"})
	if !slices.Equal(definition.Methods, []string{"GET", "POST"}) || definition.EntryPoint != slnet.EntryPointOnApiTrigger || definition.Revision != 1 {
		t.Errorf("got %+v", definition)
	}
	token := h.token("ann's", "ann", definition.ID)
	if len(token.Secret) < 32 || token.Token.User != "ann" {
		t.Errorf("got %+v", token)
	}

	got := h.ask(token.Secret, "POST", "mirrors/ann%40example.com?status=201&header=X-Color&header=red&a=1", "hello", "Content-Type", "text/plain", "Cookie", "domovoi=x")
	var seen mirrored
	if err := json.Unmarshal([]byte(got.body), &seen); err != nil || got.StatusCode != 201 || got.Header.Get("X-Color") != "red" {
		t.Fatalf("got %d %v %s", got.StatusCode, got.Header, got.body)
	}
	in := seen.Input
	if in.Method != "POST" || in.Route != "mirrors/ann@example.com" || in.RouteValues["name"] != "ann@example.com" ||
		in.Query["a"][0] != "1" || string(in.Body) != "hello" || in.Headers["Content-Type"][0] != "text/plain" || seen.User != "ann" {
		t.Errorf("the script got %+v as %s", in, seen.User)
	}
	if in.Headers["Authorization"] != nil || in.Headers["Cookie"] != nil {
		t.Errorf("the script sees %v", in.Headers)
	}
	run := h.run(got)
	if r := run.Trigger.Request; run.Trigger.Kind != slnet.TriggerAPI || run.Trigger.ID != definition.ID || run.RunsAs != "ann" || r == nil ||
		r.Method != "POST" || r.Route != "mirrors/ann@example.com" || r.TokenID != token.Token.ID || r.Token != "ann's" || r.Address != "127.0.0.1" {
		t.Errorf("the run says %+v, %+v, runs as %s", run.Trigger, run.Trigger.Request, run.RunsAs)
	}
	found := daemontest.Send[*slnet.ApiTokenResponse](t, h.admin, &slnet.GetApiTokenMessage{Name: "ANN'S"}).Token
	if found.LastUsedAt.IsZero() {
		t.Error("the token does not say when it was used")
	}
}
