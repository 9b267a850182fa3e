package runtime_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

// target is a daemon under attack over its network side.
type target struct {
	d           *daemontest.Daemon
	address     string
	admin, ann  string // tokens; ann may run scripts and no more
	annPassword string
}

func newTarget(t *testing.T) *target {
	t.Helper()
	d := daemontest.Start(t)
	a := &target{d: d, address: d.Listen(), admin: d.Token(), ann: d.User("ann"), annPassword: "a secret of ann"}
	daemontest.Send[*slnet.UserResponse](t, d.Administrator(), &slnet.UpdateUserMessage{Name: "ann", Password: &a.annPassword})
	return a
}

// exchange is what came back on one connection.
type exchange struct {
	status  int // of the first answer that is no 100; 0 when there was none
	header  http.Header
	body    string
	rest    string // what followed the first answer until the connection ended
	invited bool   // a 100 Continue came first
}

// send writes bytes to a connection and reads all that comes back. A request
// that should end the connection has Connection: close.
func (a *target) send(t *testing.T, request string) exchange {
	t.Helper()
	conn, err := net.Dial("tcp", a.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	go io.WriteString(conn, request) // the answer may come before the end
	var e exchange
	reader := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return e
		}
		if response.StatusCode == http.StatusContinue {
			e.invited = true
			continue
		}
		body, _ := io.ReadAll(response.Body)
		e.status, e.header, e.body = response.StatusCode, response.Header, string(body)
		if response.Close {
			conn.(*net.TCPConn).CloseWrite() // nothing more comes that could be waited for
			rest, _ := io.ReadAll(reader)
			e.rest = string(rest)
		}
		return e
	}
}

// check looks at what holds after each attack: the answer has no header that an
// attacker has made, and the daemon answers others.
func (a *target) check(t *testing.T, e exchange) {
	t.Helper()
	for name := range e.header {
		if !slices.Contains(answerHeaders, name) {
			t.Errorf("the answer has the header %s: %q", name, e.header[name])
		}
	}
	if healthy := a.send(t, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); healthy.status != 200 {
		t.Errorf("healthz afterwards: %d", healthy.status)
	}
}

var answerHeaders = []string{
	"Allow", "Cache-Control", "Connection", "Content-Length", "Content-Security-Policy", "Content-Type", "Cross-Origin-Resource-Policy",
	"Date", "Referrer-Policy", "Retry-After", "Set-Cookie", "Www-Authenticate", "X-Content-Type-Options",
}

// quiet checks at the end of an attack that the log has neither a secret nor a
// panic.
func (a *target) quiet(t *testing.T) {
	t.Helper()
	log := a.d.Log()
	for _, secret := range []string{a.admin, a.ann, a.annPassword, "panic", "goroutine "} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
}

const whoAmI = `[{"type":"WhoAmIMessage"}]`

// post is a request with a body; headers are whole lines.
func post(path, body string, headers ...string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", path, len(body), lines(headers), body)
}

func lines(headers []string) string {
	var b strings.Builder
	for _, header := range headers {
		b.WriteString(header + "\r\n")
	}
	return b.String()
}

const jsonBody = "Content-Type: application/json"

// TestAttacks shares one daemon: after whatever was tried it is sound.
func TestAttacks(t *testing.T) {
	a := newTarget(t)
	t.Run("tokens", a.attackTokens)
	t.Run("paths", a.attackPaths)
	t.Run("bodies", a.attackBodies)
	t.Run("http", a.attackHTTP)
	t.Run("headers", a.attackHeaders)
	t.Run("identity", a.attackIdentity)
	t.Run("cookies", a.attackCookies)
	t.Run("guessing", a.attackPasswords) // last: it uses up the patience with this address
	a.quiet(t)
}

func (a *target) attackTokens(t *testing.T) {
	admin := a.d.Administrator()
	create := func(m slnet.CreateTokenMessage) *slnet.CreateTokenResponse {
		return daemontest.Send[*slnet.CreateTokenResponse](t, admin, &m)
	}
	revoked := create(slnet.CreateTokenMessage{User: "ann", Name: "revoked"})
	daemontest.Send[*slnet.Empty](t, admin, &slnet.RevokeTokenMessage{ID: revoked.Token.ID})
	expired := create(slnet.CreateTokenMessage{User: "ann", ExpiresIn: 1})
	bob := a.d.User("bob")
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.UpdateUserMessage{Name: "bob", Disabled: new(true)})
	named := create(slnet.CreateTokenMessage{User: "ann", Name: "console of ann"})

	good := "Authorization: Bearer " + a.ann
	for _, test := range []struct {
		name    string
		headers []string
	}{
		{"none", nil},
		{"forged", []string{"Authorization: Bearer dmv_" + strings.Repeat("A", len(a.ann)-4)}},
		{"truncated", []string{good[:len(good)-1]}},
		{"extended", []string{good + "A"}},
		{"of another case", []string{"Authorization: Bearer " + strings.ToUpper(a.ann)}},
		{"revoked", []string{"Authorization: Bearer " + revoked.Secret}},
		{"expired", []string{"Authorization: Bearer " + expired.Secret}},
		{"of a disabled user", []string{"Authorization: Bearer " + bob}},
		{"the id of a token", []string{"Authorization: Bearer " + named.Token.ID.String()}},
		{"the name of a token", []string{"Authorization: Bearer console"}},
		{"the name of a user", []string{"Authorization: Bearer Administrator"}},
		{"a password as a token", []string{"Authorization: Basic YW5uOmEgc2VjcmV0IG9mIGFubg=="}},
		{"a wrong one before the right one", []string{"Authorization: Bearer x", good}},
		{"several in one", []string{good + ", " + a.ann}},
		{"endless", []string{"Authorization: Bearer " + strings.Repeat("A", 20_000)}},
		{"of a proxy", []string{"Proxy-Authorization: Bearer " + a.ann, "X-Forwarded-User: Administrator"}},
		{"in the cookie of TLS", []string{"Cookie: __Host-domovoi=" + a.ann}},
		{"beside a planted cookie", []string{"Cookie: domovoi=" + a.ann, "Cookie: domovoi=x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := a.send(t, post("/slnet", whoAmI, append(test.headers, jsonBody)...))
			if e.status != 401 || !strings.Contains(e.body, `"Kind":"Unauthenticated"`) || e.header.Get("Www-Authenticate") == "" {
				t.Errorf("got %d %s %v, want 401", e.status, e.body, e.header)
			}
			a.check(t, e)
		})
	}
	if e := a.send(t, post("/slnet?token="+a.ann, whoAmI, jsonBody)); e.status != 401 {
		t.Errorf("a token in the address: got %d, want 401", e.status)
	}
	if e := a.send(t, post("/slnet", whoAmI, jsonBody, good)); e.status != 200 {
		t.Errorf("the token itself: got %d %s, want 200", e.status, e.body)
	}
}

func (a *target) attackPaths(t *testing.T) {
	for _, test := range []struct {
		target           string
		stranger, signed int // status without and with a token
	}{
		{"/../healthz", 401, 404},
		{"/slnet/../healthz", 401, 404},
		{"/healthz/../slnet/events", 401, 404},
		{"/%2e%2e/healthz", 401, 404},
		{"/healthz/%2e%2e/slnet", 401, 404},
		{"/..%2fhealthz", 401, 404},
		{"/%252e%252e/healthz", 401, 404},
		{"//healthz", 401, 404},
		{"/healthz/", 401, 404},
		{"/healthz//", 401, 404},
		{"/./healthz", 401, 404},
		{"/HEALTHZ", 401, 404},
		{"/%68ealthz", 401, 404},
		{"/healthz%00", 401, 404},
		{"/healthz%00.js", 401, 404},
		{"/healthz%0d%0aX-Made-Up:%20yes", 401, 404},
		{"/healthz;/slnet", 401, 404},
		{`/healthz\..\slnet`, 401, 404},
		{"/..\\..\\etc/passwd", 401, 404},
		{"/" + strings.Repeat("a/", 10_000), 401, 404},
		{"/" + strings.Repeat("../", 5_000) + "etc/passwd", 401, 404},
		{"//evil.example.com/slnet", 401, 404},
		{"http://evil.example.com/nothing", 401, 404},
		{"http://evil.example.com/healthz", 200, 200},
		{"/healthz?x=/../slnet", 200, 200},
		{"*", 401, 404},
		{"healthz", 400, 400},
		{"/health\x00z", 400, 400},
		{"/%zz", 400, 400},
	} {
		t.Run(test.target[:min(len(test.target), 40)], func(t *testing.T) {
			for token, want := range map[string]int{"": test.stranger, "Authorization: Bearer " + a.ann + "\r\n": test.signed} {
				e := a.send(t, "GET "+test.target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+token+"\r\n")
				if e.status != want || e.header.Get("Location") != "" {
					t.Errorf("with %d bytes of token: got %d %v, want %d", len(token), e.status, e.header, want)
				}
				if e.status == 404 && !strings.Contains(e.body, `"Kind":"NotFound"`) {
					t.Errorf("got %s, want an error of the edge", e.body)
				}
			}
		})
	}
	a.check(t, exchange{})
}

func (a *target) attackBodies(t *testing.T) {
	const msgpackBody = "Content-Type: application/msgpack"
	filter := func(b string) string { // an object filter's place takes any MessagePack
		return "\x91\x92\xb2ManagerReadRequest" + b
	}
	for _, test := range []struct {
		name, contentType, body string
		status                  int
	}{
		{"JSON nested deep", jsonBody, strings.Repeat("[", 100_000), 400},
		{"JSON nested deep in a message", jsonBody, `[{"type":"WhoAmIMessage","message":` + strings.Repeat(`{"a":`, 100_000), 400},
		{"JSON of many elements", jsonBody, "[" + strings.Repeat("{},", 300_000) + "{}]", 413},
		{"JSON of many messages", jsonBody, "[" + strings.Repeat(whoAmI[1:len(whoAmI)-1]+",", 20_000) + "{}]", 413},
		{"JSON of another shape", jsonBody, `{"type":"WhoAmIMessage"}`, 400},
		{"JSON with a huge number", jsonBody, `[{"type":"GetRunsMessage","message":{"Limit":1` + strings.Repeat("0", 100_000) + `}}]`, 400},
		{"JSON that is no UTF-8", jsonBody, "[{\"type\":\"\xff\xfe\"}]", 400},
		{"JSON of a thing that is no request", jsonBody, `[{"type":"GroupsResponse","message":{}}]`, 400},
		{"nothing", jsonBody, "", 400},
		{"MessagePack nested deep", msgpackBody, strings.Repeat("\x91", 1_000_000), 413},
		{"MessagePack nested deep in a message", msgpackBody, filter(strings.Repeat("\x81\xa1a", 300_000)), 413},
		{"MessagePack with a long list", msgpackBody, "\xdd\xff\xff\xff\xff", 400},
		{"MessagePack with a long map", msgpackBody, filter("\xdf\xff\xff\xff\xff"), 400},
		{"MessagePack with a long text", msgpackBody, "\x91\x92\xdb\xff\xff\xff\xff", 400},
		{"MessagePack with a long extension", msgpackBody, filter("\xc9\xff\xff\xff\xff\x01"), 400},
		{"MessagePack of many elements", msgpackBody, "\xdd\x00\x08\x00\x00" + strings.Repeat("\x90", 0x80000), 413},
		{"MessagePack that is JSON", msgpackBody, whoAmI, 400},
		{"JSON that is MessagePack", jsonBody, "\x91\x92\xadWhoAmIMessage\x80", 400},
		{"a form", "Content-Type: application/x-www-form-urlencoded", "a=b", 415},
		{"a text", "Content-Type: text/plain", whoAmI, 415},
		{"XML", "Content-Type: application/xml", "<a/>", 415},
		{"two types", "Content-Type: application/json, text/plain", whoAmI, 415},
		{"a type given twice", jsonBody + "\r\n" + jsonBody, whoAmI, 415},
		{"compressed", jsonBody + "\r\nContent-Encoding: gzip", "\x1f\x8b\x08", 415},
		{"compressed twice", jsonBody + "\r\nContent-Encoding: identity\r\nContent-Encoding: br", "x", 415},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := a.send(t, post("/slnet", test.body, test.contentType, "Authorization: Bearer "+a.ann))
			if e.status != test.status {
				t.Errorf("got %d %.300q, want %d", e.status, e.body, test.status)
			}
			a.check(t, e)
		})
	}
	// Of two fields of one name the last counts, and only what counts is looked at.
	e := a.send(t, post("/slnet", `[{"type":"CheckStoreMessage","type":"WhoAmIMessage"}]`, jsonBody, "Authorization: Bearer "+a.ann))
	if e.status != 200 || !strings.Contains(e.body, "WhoAmIResponse") {
		t.Errorf("two fields of one name: got %d %s", e.status, e.body)
	}
	e = a.send(t, post("/slnet", `[{"type":"WhoAmIMessage","type":"CheckStoreMessage"}]`, jsonBody, "Authorization: Bearer "+a.ann))
	if e.status != 403 {
		t.Errorf("two fields of one name: got %d %s, want 403", e.status, e.body)
	}
}

func (a *target) attackHTTP(t *testing.T) {
	token := "Authorization: Bearer " + a.ann + "\r\n" + jsonBody + "\r\n"
	const closed = "Host: x\r\nConnection: close\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n", len(whoAmI), whoAmI)
	smuggled := "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, test := range []struct {
		name, request string
		status        int
	}{
		{"HTTP/1.0", "POST /slnet HTTP/1.0\r\n" + token + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(whoAmI)) + whoAmI, 200},
		{"HTTP/0.9", "GET /slnet\r\n\r\n", 400},
		{"HTTP/3.0", "GET /slnet HTTP/3.0\r\nHost: x\r\n\r\n", 505},
		{"the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 401},
		{"TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
		{"no host", "GET /healthz HTTP/1.1\r\n\r\n", 400},
		{"two hosts", "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
		{"a method of nobody", "BREW /slnet HTTP/1.1\r\n" + closed + token + "\r\n", 405},
		{"trace", "TRACE /slnet HTTP/1.1\r\n" + closed + token + "\r\n", 405},
		{"connect", "CONNECT evil.example.com:443 HTTP/1.1\r\n" + closed + token + "\r\n", 404},
		{"an upgrade", "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\n\r\n", 200},
		{"many headers", "GET /healthz HTTP/1.1\r\n" + closed + strings.Repeat("A: b\r\n", 20_000) + "\r\n", 431},
		{"a long header", "GET /healthz HTTP/1.1\r\n" + closed + "A: " + strings.Repeat("b", 200_000) + "\r\n\r\n", 431},
		{"a long address", "GET /" + strings.Repeat("b", 200_000) + " HTTP/1.1\r\n" + closed + "\r\n", 431},
		{"trailers", "POST /slnet HTTP/1.1\r\n" + closed + token + "Trailer: Authorization\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked + "Authorization: Bearer " + a.admin + "\r\n\r\n", 200},
		{"a chunk of bad size", "POST /slnet HTTP/1.1\r\n" + closed + token + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400},
		{"a chunk that is cut", "POST /slnet HTTP/1.1\r\n" + closed + token + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n", 400},
		{"endless chunks", "POST /login HTTP/1.1\r\n" + closed + jsonBody + "\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("400\r\n"+strings.Repeat(" ", 0x400)+"\r\n", 100), 413},
		{"a body said to be endless", "POST /slnet HTTP/1.1\r\n" + closed + token + "Content-Length: 1000000000000\r\n\r\n", 413},
		{"a body of negative length", "POST /slnet HTTP/1.1\r\n" + closed + token + "Content-Length: -1\r\n\r\n", 400},
		{"a signed length", "POST /slnet HTTP/1.1\r\n" + closed + token + "Content-Length: +2\r\n\r\n[]", 400},
		{"two lengths", "POST /slnet HTTP/1.1\r\n" + closed + token + "Content-Length: 2\r\nContent-Length: 40\r\n\r\n[]", 400},
		{"length and chunks", "POST /slnet HTTP/1.1\r\nHost: x\r\n" + token + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked + "\r\n" + smuggled, 200},
		{"length and nothing in chunks", "POST /slnet HTTP/1.1\r\nHost: x\r\n" + token + "Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
		{"another transfer encoding", "POST /slnet HTTP/1.1\r\n" + closed + token + "Transfer-Encoding: xchunked\r\n\r\n" + chunked, 501},
		{"two transfer encodings", "POST /slnet HTTP/1.1\r\n" + closed + token + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked, 501},
		{"a space in front of the colon", "POST /slnet HTTP/1.1\r\n" + closed + token + "Transfer-Encoding : chunked\r\n\r\n" + chunked, 400},
		{"a body for a GET", "GET /healthz HTTP/1.1\r\n" + closed + "Content-Length: " + fmt.Sprint(len(smuggled)) + "\r\n\r\n" + smuggled, 400},
		{"a body before it may be sent", "POST /slnet HTTP/1.1\r\nHost: x\r\n" + jsonBody + "\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n", 401},
		{"another expectation", "POST /slnet HTTP/1.1\r\n" + closed + token + "Expect: a miracle\r\nContent-Length: 2\r\n\r\n[]", 417},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := a.send(t, test.request)
			if e.status != test.status || e.rest != "" || e.invited {
				t.Errorf("got %d %.200q, then %.200q, 100 before it: %t; want %d and nothing else", e.status, e.body, e.rest, e.invited, test.status)
			}
			if e.status == 200 && strings.Contains(e.body, "Administrator") {
				t.Errorf("somebody else is answered: %s", e.body)
			}
			a.check(t, exchange{}) // net/http answers some of them itself
		})
	}
	e := a.send(t, post("/slnet", whoAmI, "Expect: 100-continue", jsonBody, "Authorization: Bearer "+a.ann))
	if e.status != 200 || !e.invited {
		t.Errorf("100-continue: got %d, invited %t", e.status, e.invited)
	}
}

// attackHeaders tries to get line breaks into an answer's header by all that an
// answer is made from.
func (a *target) attackHeaders(t *testing.T) {
	const breaks = "x\r\nSet-Cookie: made=up\r\nX-Made-Up: yes"
	escaped := url.QueryEscape(breaks)
	token := "Authorization: Bearer " + a.ann
	get := func(target string, headers ...string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + lines(headers) + "\r\n"
	}
	login := fmt.Sprintf(`{"User":%q,"Password":%q,"Cookie":true}`, breaks, breaks)
	for name, request := range map[string]string{
		"path":          get("/"+escaped, token),
		"parameter":     get("/slnet/events?"+escaped+"=1", token),
		"event":         get("/slnet/events?event="+escaped, token),
		"filter":        get("/slnet/events?filter="+escaped, token),
		"position":      get("/slnet/events?after="+escaped, token),
		"Last-Event-ID": get("/slnet/events", token, "Last-Event-ID: x\rX-Made-Up: yes"),
		"user name":     post("/login", login, jsonBody),
		"message":       post("/slnet", fmt.Sprintf(`[{"type":%q}]`, breaks), jsonBody, token),
		"script name":   post("/slnet", fmt.Sprintf(`[{"type":"GetRunsMessage","message":{"ScriptName":%q}}]`, breaks), jsonBody, token),
		"forwarded":     post("/login", login, jsonBody, "X-Forwarded-For: "+escaped, "X-Forwarded-Proto: https\x0bx"),
		"method":        "GE\rT /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			e := a.send(t, request)
			if e.status/100 != 4 && name != "script name" { // which may be asked for
				t.Errorf("got %d %s, want a refusal", e.status, e.body)
			}
			for _, made := range []string{"Set-Cookie", "X-Made-Up"} {
				if got, ok := e.header[made]; ok {
					t.Errorf("the answer has the header %s: %q", made, got)
				}
			}
			a.check(t, exchange{}) // net/http answers some of them itself
		})
	}
}

const namesOthers = `package main

import (
	"context"

	"github.com/google/uuid"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// Run tries to end the run of somebody else and to speak for others.
func Run(ctx context.Context, engine *sdk.Engine) error {
	if err := engine.GenerateInformation(ctx, "said by a script of "+engine.User()); err != nil {
		return err
	}
	id, err := uuid.Parse(engine.GetScriptParam("run"))
	if err != nil {
		return err
	}
	_, err = engine.SendSLNetMessages(ctx, &slnet.CancelRunMessage{ID: id})
	return err
}
`

const waitsForever = `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	<-ctx.Done()
	return nil
}
`

// attackIdentity: whatever ids a user's messages and scripts name, they act as
// that user.
func (a *target) attackIdentity(t *testing.T) {
	admin, ann := a.d.Administrator(), a.d.As(a.ann)
	daemontest.Deploy(t, admin, "waits", waitsForever)
	daemontest.Deploy(t, admin, "names_others", namesOthers)
	theirs := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: "waits", Async: true}).Run
	tokens := daemontest.Send[*slnet.TokensResponse](t, admin, &slnet.GetTokensMessage{User: slnet.AdministratorName}).Tokens
	for _, message := range []string{
		`"CancelRunMessage","message":{"Id":"` + theirs.ID.String() + `"}`,
		`"GetRunMessage","message":{"Id":"` + theirs.ID.String() + `"}`,
		`"GetRunLogMessage","message":{"Id":"` + theirs.ID.String() + `"}`,
		`"CancelRunMessage","message":{"Id":"` + uuid.NewString() + `"}`,
		`"RevokeTokenMessage","message":{"Id":"` + tokens[0].ID.String() + `"}`,
		`"CreateTokenMessage","message":{"User":"Administrator"}`,
		`"ExecuteScriptMessage","message":{"ScriptName":"names_others","RunsAs":"Administrator"}`,
		`"GenerateInformationMessage","message":{"Text":"x","User":"Administrator"}`,
	} {
		e := a.send(t, post("/slnet", `[{"type":`+message+`}]`, jsonBody, "Authorization: Bearer "+a.ann))
		if e.status != 400 && e.status != 403 && e.status != 404 {
			t.Errorf("%s: got %d %s, want a refusal", message, e.status, e.body)
		}
	}
	run := daemontest.Send[*slnet.RunResponse](t, ann, &slnet.ExecuteScriptMessage{
		ScriptName: "names_others", Parameters: map[string]string{"run": theirs.ID.String()},
	}).Run
	if run.State != slnet.RunFailed || run.RunsAs != "ann" {
		t.Errorf("the script %s as %s: %+v", run.State, run.RunsAs, run.Errors)
	}
	events := daemontest.Send[*slnet.InformationEventsResponse](t, admin, &slnet.GetInformationEventsMessage{}).Events
	said := slices.IndexFunc(events, func(e slnet.InformationEventMessage) bool { return e.Text == "said by a script of ann" })
	if said < 0 || events[said].User != "ann" || events[said].RunID != run.ID {
		t.Errorf("the events are %+v, want one of ann and her run", events)
	}
	if now := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.GetRunMessage{ID: theirs.ID}).Run; now.State.Ended() {
		t.Errorf("the run of the Administrator %s", now.State)
	}
	daemontest.Send[*slnet.RunResponse](t, admin, &slnet.CancelRunMessage{ID: theirs.ID})
}

// attackCookies: a session is a token like others, listed and revocable, and
// worth nothing once it has ended.
func (a *target) attackCookies(t *testing.T) {
	admin := a.d.Administrator()
	begin := func() (cookie string) {
		t.Helper()
		e := a.send(t, post("/login", fmt.Sprintf(`{"User":"ann","Password":%q,"Cookie":true}`, a.annPassword), jsonBody))
		cookie, _, _ = strings.Cut(e.header.Get("Set-Cookie"), ";")
		if e.status != 200 || !strings.HasPrefix(cookie, "domovoi=dmv_") || strings.Contains(e.body, "dmv_") {
			t.Fatalf("login: got %d %s %v", e.status, e.body, e.header)
		}
		return "Cookie: " + cookie
	}
	ask := func(cookie string, headers ...string) int {
		return a.send(t, post("/slnet", whoAmI, append(headers, cookie, jsonBody)...)).status
	}
	sessions := func() (logins []slnet.Token) {
		for _, token := range daemontest.Send[*slnet.TokensResponse](t, admin, &slnet.GetTokensMessage{User: "ann"}).Tokens {
			if token.Name == "login" || token.Name == "session" {
				logins = append(logins, token)
			}
		}
		return logins
	}
	cookie := begin()
	if got := ask(cookie, "Sec-Fetch-Site: same-origin"); got != 200 {
		t.Errorf("the cookie: got %d, want 200", got)
	}
	if got := ask(cookie, "Sec-Fetch-Site: cross-site"); got != 403 {
		t.Errorf("the cookie from another site: got %d, want 403", got)
	}
	e := a.send(t, post("/logout", "{}", cookie, jsonBody))
	if e.status != 200 || !strings.Contains(e.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("logout: got %d %v", e.status, e.header)
	}
	if got := ask(cookie); got != 401 || len(sessions()) != 0 {
		t.Errorf("after the logout: got %d, want 401, and no session: %v", got, sessions())
	}
	cookie = begin()
	listed := sessions()
	if len(listed) != 1 {
		t.Fatalf("the sessions are %v, want one", listed)
	}
	daemontest.Send[*slnet.Empty](t, admin, &slnet.RevokeTokenMessage{ID: listed[0].ID})
	if got := ask(cookie); got != 401 {
		t.Errorf("after the session was revoked: got %d, want 401", got)
	}
}

// attackPasswords guesses until the daemon has had enough, and learns nothing
// about who exists.
func (a *target) attackPasswords(t *testing.T) {
	guess := func(user string) exchange {
		return a.send(t, post("/login", fmt.Sprintf(`{"User":%q,"Password":"wrong password"}`, user), jsonBody, "X-Forwarded-For: 192.0.2.1"))
	}
	known, unknown := guess("ann"), guess("nobody")
	if known.status != 401 || known.body != unknown.body {
		t.Errorf("got %d %s for a user and %d %s for nobody, want the same", known.status, known.body, unknown.status, unknown.body)
	}
	for range 20 {
		if e := guess("ann"); e.status == 429 {
			if e.header.Get("Retry-After") == "" || !strings.Contains(e.body, `"Kind":"RateLimited"`) {
				t.Errorf("got %v %s", e.header, e.body)
			}
			a.check(t, e)
			return
		}
	}
	t.Error("20 guesses were looked at")
}
