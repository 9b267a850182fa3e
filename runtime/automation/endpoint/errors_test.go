package endpoint_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/slnet"
)

// greet is a script with typed parameters and a typed result.
const greet = `package main

import (
	"context"

	"domovoi.dev/sdk"
)

type Params struct {
	Name  string ` + "`required:\"true\"`" + `
	Times int    ` + "`default:\"1\" max:\"3\"`" + `
}

type Greeting struct {
	Text  string
	Times int
}

func Run(ctx context.Context, engine *sdk.Engine, p Params) (Greeting, error) {
	return Greeting{"hello " + p.Name, p.Times}, nil
}
`

// say is a script with parameters by name only.
const say = `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	if text := engine.GetScriptParam("text"); text != "" {
		return engine.AddScriptOutput("said", text)
	}
	return nil
}
`

// TestErrors goes through what can be wrong with a request. Each case has the
// number and status that docs/apis.md promises.
func TestErrors(t *testing.T) {
	h := open(t)
	daemontest.Deploy(t, h.admin, "mirror", mirror)
	daemontest.Deploy(t, h.admin, "greet", greet)
	daemontest.Deploy(t, h.admin, "say", say)
	userToken := h.User("ann")
	mirrors := h.define(slnet.ApiDefinition{Name: "mirrors", Route: "mirrors/{name}", Methods: []string{"POST", "GET"}, Script: "mirror", MaxBody: 10})
	greetings := h.define(slnet.ApiDefinition{Name: "greetings", Route: "greetings", Methods: []string{"POST", "GET"}, Script: "greet"})
	greetOne := h.define(slnet.ApiDefinition{Name: "greet one", Route: "greetings/{Name}", Methods: []string{"GET"}, Script: "greet"})
	says := h.define(slnet.ApiDefinition{Name: "says", Route: "says", Methods: []string{"POST"}, Script: "say"})
	h.define(slnet.ApiDefinition{Name: "other", Route: "mirrors/other", Methods: []string{"GET"}, Script: "mirror"})
	off := h.define(slnet.ApiDefinition{Name: "off", Route: "off", Methods: []string{"GET"}, Script: "mirror", Disabled: true})
	all := []uuid.UUID{mirrors.ID, greetings.ID, greetOne.ID, says.ID, off.ID}
	secret := h.token("ann", "ann", all...).Secret
	disabled := h.token("disabled", "ann", all...)
	daemontest.Send[*slnet.ApiTokenResponse](t, h.admin, &slnet.DisableApiTokenMessage{ID: disabled.Token.ID, Disabled: true})
	deleted := h.token("deleted", "ann", all...)
	daemontest.Send[*slnet.Empty](t, h.admin, &slnet.DeleteApiTokenMessage{ID: deleted.Token.ID})
	h.User("off")
	offUser := h.token("of a disabled user", "off", all...).Secret
	yes := true
	daemontest.Send[*slnet.UserResponse](t, h.admin, &slnet.UpdateUserMessage{Name: "off", Disabled: &yes})
	daemontest.Send[*slnet.UserResponse](t, h.admin, &slnet.CreateUserMessage{Name: "eve"})
	powerless := h.token("of a user without rights", "eve", all...).Secret

	const asJSON = "application/json"
	for _, c := range []struct {
		what, secret, method, route, body string
		headers                           []string
		status, code                      int
	}{
		{"no token", "", "GET", "mirrors/x", "", nil, 401, 1008},
		{"no token, nothing there", "", "GET", "nothing", "", nil, 401, 1008},
		{"another scheme", "", "GET", "mirrors/x", "", []string{"Authorization", "Basic " + secret}, 401, 1008},
		{"two headers", secret, "GET", "mirrors/x", "", []string{"Authorization", "Bearer " + secret}, 401, 1008},
		{"a token in the query", "", "GET", "mirrors/x?access_token=" + secret, "", nil, 401, 1008},
		{"a token in a cookie", "", "GET", "mirrors/x", "", []string{"Cookie", "domovoi=" + secret}, 401, 1008},
		{"a token of a user", userToken, "GET", "mirrors/x", "", nil, 401, 1010},
		{"the beginning of a token", secret[:len(secret)-1], "GET", "mirrors/x", "", nil, 401, 1010},
		{"a disabled token", disabled.Secret, "GET", "mirrors/x", "", nil, 401, 1010},
		{"a deleted token", deleted.Secret, "GET", "mirrors/x", "", nil, 401, 1010},
		{"a disabled user", offUser, "GET", "mirrors/x", "", nil, 401, 1010},
		{"a token of another definition", secret, "GET", "mirrors/other", "", nil, 401, 1010},
		{"a user who may not execute", powerless, "GET", "mirrors/x", "", nil, 403, 2001},
		{"the root", secret, "GET", "", "", nil, 400, 1},
		{"nothing there", secret, "GET", "nothing", "", nil, 404, 5},
		{"a disabled definition", secret, "GET", "off", "", nil, 404, 5},
		{"dots", secret, "GET", "mirrors/../mirrors/x", "", nil, 404, 5},
		{"escaped dots", secret, "GET", "mirrors/%2e%2e/mirrors/x", "", nil, 404, 5},
		{"dots out of the APIs", secret, "POST", "../../slnet", "", nil, 404, 5},
		{"a dot as value", secret, "GET", "mirrors/..", "", nil, 404, 5},
		{"an escaped slash", secret, "GET", "mirrors/a%2Fb", "", nil, 404, 5},
		{"a backslash", secret, "GET", "mirrors/a%5Cb", "", nil, 404, 5},
		{"a zero", secret, "GET", "mirrors/a%00b", "", nil, 404, 5},
		{"an empty value", secret, "GET", "mirrors/", "", nil, 404, 5},
		{"a method not listed", secret, "DELETE", "mirrors/x", "", nil, 405, 3},
		{"a method of nobody", secret, "BREW", "mirrors/x", "", nil, 405, 3},
		{"a body that is too large", secret, "POST", "mirrors/x", "01234567890", nil, 413, 1009},
		{"a compressed body", secret, "POST", "mirrors/x", "0", []string{"Content-Encoding", "gzip"}, 415, 1003},
		{"a query that is too large", secret, "GET", "mirrors/x?q=" + strings.Repeat("q", 9000), "", nil, 414, 1011},
		{"a query that is none", secret, "GET", "mirrors/x?a;b", "", nil, 400, 2002},
		{"two content types", secret, "POST", "mirrors/x", "", []string{"Content-Type", "a/b", "Content-Type", "c/d"}, 400, 2002},
		{"two keys", secret, "GET", "mirrors/x", "", []string{"Idempotency-Key", "a", "Idempotency-Key", "b"}, 400, 2002},
		{"a key that is too long", secret, "GET", "mirrors/x", "", []string{"Idempotency-Key", strings.Repeat("k", 256)}, 400, 2002},
		{"a script that fails", secret, "GET", "mirrors/x?fail=1", "", nil, 500, 12},
		{"a status that does not exist", secret, "GET", "mirrors/x?status=99", "", nil, 500, 1002},
		{"a body without content", secret, "GET", "mirrors/x?status=204", "", nil, 500, 13},
		{"a cookie of a script", secret, "GET", "mirrors/x?header=set-cookie&header=domovoi=x", "", nil, 500, 13},
		{"a length of a script", secret, "GET", "mirrors/x?header=Content-Length&header=1", "", nil, 500, 13},
		{"a policy of a script", secret, "GET", "mirrors/x?header=Access-Control-Allow-Origin&header=*", "", nil, 500, 13},
		{"a split answer", secret, "GET", "mirrors/x?header=X-A&header=1%0d%0aSet-Cookie:+x", "", nil, 500, 13},
		{"a header with a space", secret, "GET", "mirrors/x?header=X+A&header=1", "", nil, 500, 13},
		{"parameters that are missing", secret, "GET", "greetings?Times=2", "", nil, 400, 16},
		{"parameters that are wrong", secret, "GET", "greetings?Name=x&Times=7", "", nil, 400, 10},
		{"a parameter there is not", secret, "GET", "greetings?Name=x&Colour=red", "", nil, 400, 10},
		{"a parameter given twice", secret, "GET", "greetings?Name=x&Name=y", "", nil, 400, 10},
		{"a parameter in route and query", secret, "GET", "greetings/x?Name=y", "", nil, 400, 10},
		{"no JSON", secret, "POST", "greetings", "{", []string{"Content-Type", asJSON}, 400, 10},
		{"a list", secret, "POST", "greetings", "[]", []string{"Content-Type", asJSON}, 400, 10},
		{"a form", secret, "POST", "greetings", "Name=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, 1003},
	} {
		t.Run(c.what, func(t *testing.T) {
			h := h.in(t)
			got := h.ask(c.secret, c.method, c.route, c.body, c.headers...)
			failure := h.fails(got, c.status, c.code)
			if strings.Contains(got.body, "secret cause") {
				t.Errorf("the cause is shown: %s", got.body)
			}
			switch c.code {
			case 3:
				if got.Header.Get("Allow") != "GET, POST" {
					t.Errorf("Allow is %q", got.Header.Get("Allow"))
				}
			case 16:
				if !slices.Equal(failure.Missing, []string{"Name"}) {
					t.Errorf("missing are %v", failure.Missing)
				}
			case 1008, 1010:
				if got.Header.Get("WWW-Authenticate") == "" {
					t.Error("the answer does not say how to authenticate")
				}
			}
		})
	}
	for _, c := range []struct{ method, route, body, status, want string }{
		{"GET", "greetings/ann", "", "200", `{"Text":"hello ann","Times":1}`},
		{"GET", "greetings?Name=bob&Times=2", "", "200", `{"Text":"hello bob","Times":2}`},
		{"POST", "greetings?Times=3", `{"Name": "eve"}`, "200", `{"Text":"hello eve","Times":3}`},
		{"POST", "says", `{"text": "hi"}`, "200", `{"said":"hi"}`},
		{"POST", "says", `{"text": [1, "x"]}`, "200", `{"said":"[1,\"x\"]"}`},
		{"POST", "says", "", "204", ""},
		{"GET", "mirrors/x?status=404&empty=1", "", "404", ""},
		{"GET", "mirrors/x?status=304&empty=1", "", "304", ""},
	} {
		got := h.ask(secret, c.method, c.route, c.body, "Content-Type", asJSON)
		if got.body != c.want || fmt.Sprint(got.StatusCode) != c.status {
			t.Errorf("%s %s: got %d %s, want %s %s", c.method, c.route, got.StatusCode, got.body, c.status, c.want)
		}
	}
	// What is long stands in the record of the run, and not in lists.
	got := h.ask(secret, "POST", "says", `{"text": "`+strings.Repeat("x", 5000)+`"}`, "Content-Type", asJSON)
	if run := h.run(got); len(run.Parameters["text"]) != 5000 {
		t.Errorf("the record has %d characters", len(run.Parameters["text"]))
	}
	listed := daemontest.Send[*slnet.RunsResponse](t, h.admin, &slnet.GetRunsMessage{Filter: slnet.RunFilter{TriggerID: says.ID}, Limit: 1}).Runs
	if len(listed) != 1 || len(listed[0].Parameters["text"]) > 1010 {
		t.Errorf("the list has %+v", listed)
	}
	// The method is that of the request line, whatever a header says.
	got = h.ask(secret, "GET", "mirrors/x", "", "X-HTTP-Method-Override", "POST")
	if !strings.Contains(got.body, `"Method":"GET"`) {
		t.Errorf("the method was overridden: %s", got.body)
	}
	// An API token is good for nothing else.
	if got := h.ask(secret, "POST", "../../slnet", "[]"); got.StatusCode == 200 {
		t.Errorf("the daemon took an API token: %d", got.StatusCode)
	}
	if _, err := h.Connect(t.Context(), secret); err == nil {
		t.Error("the daemon took an API token")
	}
	audit := daemontest.Send[*slnet.AuditResponse](t, h.admin, &slnet.GetAuditMessage{Message: slnet.AuditAPI, Object: "mirror"})
	if len(audit.Records) == 0 || audit.Records[0].User != "ann" || audit.Records[0].Address != "127.0.0.1" {
		t.Errorf("the audit says %+v", audit.Records)
	}
}

// TestRawAttacks sends what no client library would.
func TestRawAttacks(t *testing.T) {
	h := open(t)
	daemontest.Deploy(t, h.admin, "mirror", mirror)
	mirrors := h.define(slnet.ApiDefinition{Name: "mirrors", Route: "mirrors/{name}", Methods: []string{"POST"}, Script: "mirror"})
	secret := h.token("t", "", mirrors.ID).Secret
	address, _, _ := strings.Cut(strings.TrimPrefix(h.url, "http://"), "/")
	head := "POST /api/custom/mirrors/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret + "\r\n"
	for _, c := range []struct {
		what, request string
		status        int
	}{
		{"a giant header", head + "X-A: " + strings.Repeat("a", 80<<10) + "\r\n\r\n", 431},
		{"a length and a chunked body", head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200},
		{"two lengths", head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
		{"an absolute path elsewhere", strings.Replace(head, "/api/custom/mirrors/x", "http://evil/api/custom/nothing", 1) + "\r\n", 404},
		{"a huge length", head + "Content-Length: 99999999999\r\n\r\n", 413},
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, c.request); err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != c.status {
			t.Errorf("%s: got %+v (%v), want %d", c.what, response, err, c.status)
		}
		if c.status == 200 && !response.Close {
			t.Errorf("%s: the connection stays open for what could be smuggled behind", c.what)
		}
		conn.Close()
	}
}

// TestACallerThatGoesAwayCancelsTheRun, and a run that takes too long is ended.
func TestACallerThatGoesAwayCancelsTheRun(t *testing.T) {
	h := open(t)
	daemontest.Deploy(t, h.admin, "mirror", mirror)
	mirrors := h.define(slnet.ApiDefinition{Name: "mirrors", Route: "mirrors", Methods: []string{"GET"}, Script: "mirror"})
	hurry := h.define(slnet.ApiDefinition{Name: "hurry", Route: "hurry", Methods: []string{"GET"}, Script: "mirror", Timeout: time.Millisecond})
	secret := h.token("t", "", mirrors.ID, hurry.ID).Secret
	stream, err := h.admin.Subscribe(t.Context(), slnet.Subscription{Events: []string{"InformationEventMessage"}})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	address, _, _ := strings.Cut(strings.TrimPrefix(h.url, "http://"), "/")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /api/custom/mirrors?hang=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", secret)
	event, err := stream.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	id := event.Message.(*slnet.InformationEventMessage).RunID
	run := daemontest.Send[*slnet.RunResponse](t, h.admin, &slnet.GetRunMessage{ID: id, Wait: true}).Run
	if run.State != slnet.RunCanceled {
		t.Errorf("the run is %s", run.State)
	}
	h.fails(h.ask(secret, "GET", "hurry?hang=1", ""), 504, 2006)

	// A run that did not succeed can be repeated with its request.
	replay := daemontest.Send[*slnet.ReplayRunsResponse](t, h.admin, &slnet.ReplayRunsMessage{IDs: []uuid.UUID{id}})
	if len(replay.Runs) != 1 || len(replay.Refused) > 0 {
		t.Fatalf("got %+v", replay)
	}
	if _, err := stream.Next(t.Context()); err != nil { // it hangs as the first did
		t.Fatal(err)
	}
	daemontest.Send[*slnet.RunResponse](t, h.admin, &slnet.CancelRunMessage{ID: replay.Runs[0].ID})
}

// TestSafeDaemonsAnswerWithTheReason: with --safe nobody's request starts a
// script, and strangers are not even told that.
func TestSafeDaemonsAnswerWithTheReason(t *testing.T) {
	d := daemontest.StartWith(t, func(o *runtime.Options) { o.Safe = true })
	h := &house{d, t, d.Administrator(), "http://" + d.Listen() + "/api/custom/"}
	daemontest.Deploy(t, h.admin, "mirror", mirror)
	mirrors := h.define(slnet.ApiDefinition{Name: "mirrors", Route: "mirrors", Methods: []string{"GET"}, Script: "mirror"})
	failure := h.fails(h.ask(h.token("t", "", mirrors.ID).Secret, "GET", "mirrors", ""), 503, 7)
	if !strings.Contains(failure.Detail, "--safe") {
		t.Errorf("the reason is %q", failure.Detail)
	}
	h.fails(h.ask("nobody", "GET", "mirrors", ""), 401, 1010)
}
