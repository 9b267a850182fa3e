package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

const (
	msgpackType = "application/msgpack"
	jsonType    = "application/json"
)

// serve starts an edge on a fresh house.
func serve(t *testing.T, change func(*api.Options)) (*apitest.House, *httptest.Server) {
	t.Helper()
	house := apitest.NewHouse()
	options := house.Options()
	options.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	if change != nil {
		change(&options)
	}
	server := httptest.NewServer(api.New(options))
	t.Cleanup(server.Close)
	return house, server
}

// request sends one request; headers are pairs.
func request(t *testing.T, method, url, body string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, b
}

// errorOf reads the error of a JSON reply.
func errorOf(t *testing.T, body []byte) *slnet.Error {
	t.Helper()
	var reply struct {
		Error *slnet.Error `json:"error"`
	}
	if err := json.Unmarshal(body, &reply); err != nil || reply.Error == nil {
		t.Fatalf("%q is not an error in JSON: %v", body, err)
	}
	return reply.Error
}

func TestCallAnswersInTheFormOfTheCall(t *testing.T) {
	_, server := serve(t, nil)

	response, body := request(t, "POST", server.URL+"/slnet", `[{"type":"WhoAmIMessage"}]`,
		"Authorization", "Bearer "+apitest.Secret, "Content-Type", jsonType+"; charset=utf-8")
	if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || got != jsonType {
		t.Errorf("got status %d and type %s, want 200 and %s", response.StatusCode, got, jsonType)
	}
	want := `{"responses":[{"type":"WhoAmIResponse","message":{"User":{"Id":"00000000-0000-0000-0000-000000000000","Name":"ann"}}}]}`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}

	call, err := slnet.AppendMessages(nil, []slnet.Message{&slnet.WhoAmIMessage{}, &slnet.GetScriptMessage{Name: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	response, body = request(t, "POST", server.URL+"/slnet", string(call),
		"Authorization", "bearer "+apitest.Secret, "Content-Type", msgpackType)
	if got := response.Header.Get("Content-Type"); response.StatusCode != 404 || got != msgpackType {
		t.Errorf("got status %d and type %s, want 404 and %s", response.StatusCode, got, msgpackType)
	}
	responses, err := sdk.Registry().DecodeReply(body)
	if len(responses) != 1 || responses[0].(*slnet.WhoAmIResponse).User.Name != "ann" {
		t.Errorf("got %v, want the response of the message before the one that failed", responses)
	}
	if !errors.Is(err, slnet.KindNotFound) || !errors.Is(err, slnet.Reason("ScriptNotFound")) {
		t.Errorf("got %v, want NotFound with its reason", err)
	}
}

func TestRefusedRequests(t *testing.T) {
	const token = "Bearer " + apitest.Secret
	who := `[{"type":"WhoAmIMessage"}]`
	bomb := "\x91\x92\xaeGroupsResponse\x81\xa6Groups\xdd\xff\xff\xff\xff" // a list that says it has 4 billion groups
	deep := strings.Repeat("\x91", 5000) + "\x90"
	tests := []struct {
		name, method, path, contentType, token, body string
		status                                       int
		says                                         string
	}{
		{"nothing there", "GET", "/nothing", "", token, "", 404, "/nothing"},
		{"root", "GET", "/", "", token, "", 404, ""},
		{"nothing there for strangers", "GET", "/nothing", "", "", "", 401, "no token"},
		{"GET on a call", "GET", "/slnet", "", token, "", 405, "POST"},
		{"DELETE on events", "DELETE", "/slnet/events", "", token, "", 405, "GET"},
		{"GET on login", "GET", "/login", "", "", "", 405, "POST"},
		{"no content type", "POST", "/slnet", "", token, who, 415, "application/msgpack or application/json"},
		{"wrong content type", "POST", "/slnet", "text/plain", token, who, 415, "text/plain"},
		{"form content type", "POST", "/login", "application/x-www-form-urlencoded", "", "User=ann", 415, "application/json"},
		{"no token and nothing else right", "DELETE", "/slnet", "text/plain", "", who, 401, "Authorization: Bearer"},
		{"body on a GET", "GET", "/slnet/events", jsonType, token, who, 400, "no body"},
		{"compressed body", "POST", "/slnet", jsonType, token, who, 415, "gzip"},
		{"no token", "POST", "/slnet", jsonType, "", who, 401, "Authorization: Bearer"},
		{"wrong token", "POST", "/slnet", jsonType, "Bearer other", who, 401, "not valid"},
		{"wrong scheme", "POST", "/slnet", jsonType, "Basic YW5uOng=", who, 401, "malformed"},
		{"empty token", "POST", "/slnet", jsonType, "Bearer ", who, 401, "malformed"},
		{"token with a space", "POST", "/slnet", jsonType, "Bearer a b", who, 401, "malformed"},
		{"endless token", "POST", "/slnet", jsonType, "Bearer " + strings.Repeat("x", 5000), who, 401, "malformed"},
		{"no token for events", "GET", "/slnet/events", "", "", "", 401, "Authorization"},
		{"body too large", "POST", "/slnet", jsonType, token, `[` + strings.Repeat(" ", 2000) + `]`, 413, "1000 bytes"},
		{"empty body", "POST", "/slnet", jsonType, token, "", 400, "malformed JSON"},
		{"cut JSON", "POST", "/slnet", jsonType, token, who[:9], 400, "malformed JSON"},
		{"two values", "POST", "/slnet", jsonType, token, who + who, 400, "more follows"},
		{"unknown message", "POST", "/slnet", jsonType, token, `[{"type":"whoamimessage"}]`, 400, "did you mean WhoAmIMessage?"},
		{"unknown field", "POST", "/slnet", jsonType, token, `[{"type":"GetScriptMessage","message":{"Nmae":"x"}}]`, 400, "Nmae"},
		{"wrong field type", "POST", "/slnet", jsonType, token, `[{"type":"GetScriptMessage","message":{"Name":7}}]`, 400, "Name"},
		{"empty MessagePack", "POST", "/slnet", msgpackType, token, "", 400, "MessagePack"},
		{"garbage", "POST", "/slnet", msgpackType, token, "\xc1garbage", 400, "MessagePack"},
		{"a list longer than the body", "POST", "/slnet", msgpackType, token, bomb, 400, "cut short"},
		{"nested too deep", "POST", "/slnet", msgpackType, token, deep, 413, ""},
		{"unknown parameter", "GET", "/slnet/events?modul=x", "", token, "", 400, "modul"},
		{"unknown event", "GET", "/slnet/events?event=Nothing", "", token, "", 400, "Nothing"},
		{"module twice", "GET", "/slnet/events?module=a&module=b", "", token, "", 400, "more than once"},
		{"bad cursor", "GET", "/slnet/events?after=-1", "", token, "", 400, "-1"},
		{"bad position", "GET", "/slnet/events?after=0.1", "", token, "", 400, "0.1"},
		{"bad format", "GET", "/slnet/events?format=xml", "", token, "", 400, "xml"},
		{"bad query", "GET", "/slnet/events?%zz", "", token, "", 400, "malformed query"},
		{"denied subscription", "GET", "/slnet/events?module=forbidden", "", token, "", 403, "may not listen"},
		{"login without a password", "POST", "/login", jsonType, "", `{"User":"ann"}`, 401, "wrong user name or password"},
		{"login with nonsense", "POST", "/login", jsonType, "", `{"User":"ann","Pin":1}`, 400, "Pin"},
		{"login too large", "POST", "/login", jsonType, "", `{"User":"` + strings.Repeat("x", 20_000) + `"}`, 413, "bytes"},
	}
	_, server := serve(t, func(o *api.Options) { o.MaxBody = 1000 })
	_, roomy := serve(t, nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url := server.URL
			if test.name == "nested too deep" {
				url = roomy.URL
			}
			headers := []string{"Content-Type", test.contentType}
			if test.contentType == "" {
				headers = nil
			}
			if test.name == "compressed body" {
				headers = append(headers, "Content-Encoding", "gzip")
			}
			if test.token != "" {
				headers = append(headers, "Authorization", test.token)
			}
			response, body := request(t, test.method, url+test.path, test.body, headers...)
			if response.StatusCode != test.status {
				t.Fatalf("got status %d, want %d: %s", response.StatusCode, test.status, body)
			}
			var failure *slnet.Error
			if test.contentType == msgpackType {
				_, err := sdk.Registry().DecodeReply(body)
				if !errors.As(err, &failure) {
					t.Fatalf("%q is not an error in MessagePack: %v", body, err)
				}
			} else {
				failure = errorOf(t, body)
			}
			if !strings.Contains(failure.Message, test.says) {
				t.Errorf("the message %q does not say %q", failure.Message, test.says)
			}
			if test.status == 401 && response.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
			if test.status == 405 && response.Header.Get("Allow") == "" {
				t.Error("no Allow")
			}
		})
	}
}

func TestBodyOfUnknownLengthIsBounded(t *testing.T) {
	_, server := serve(t, func(o *api.Options) { o.MaxBody = 1000 })
	r, err := http.NewRequest("POST", server.URL+"/slnet", io.MultiReader(strings.NewReader(strings.Repeat(" ", 2000))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apitest.Secret)
	r.Header.Set("Content-Type", jsonType)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got status %d, want 413", response.StatusCode)
	}
}

// TestInternalErrorsStayInside: the caller gets an id, the log the cause under
// the same id, once.
func TestInternalErrorsStayInside(t *testing.T) {
	for _, test := range []struct{ name, call, cause string }{
		{"error from elsewhere", `[{"type":"DeleteUserMessage","message":{"Name":"x"}}]`, "the cellar is flooded"},
		{"panic", `[{"type":"CheckStoreMessage"}]`, "the store is upside down"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			_, server := serve(t, func(o *api.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
			response, body := request(t, "POST", server.URL+"/slnet", test.call,
				"Authorization", "Bearer "+apitest.Secret, "Content-Type", jsonType)
			failure := errorOf(t, body)
			if response.StatusCode != 500 || failure.Kind != slnet.KindInternal {
				t.Errorf("got status %d and %+v, want an internal error", response.StatusCode, failure)
			}
			if strings.Contains(string(body), test.cause) {
				t.Errorf("the cause is shown to the caller: %s", body)
			}
			id := failure.Message[strings.LastIndex(failure.Message, " ")+1:]
			if !strings.Contains(log.String(), "id="+id) || strings.Count(log.String(), test.cause) != 1 {
				t.Errorf("the log does not have the cause once under %s:\n%s", id, log.String())
			}
		})
	}
}

func TestCallerThatGoesAwayCancelsTheCall(t *testing.T) {
	house, server := serve(t, nil)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	body := `[{"type":"ExecuteScriptMessage","message":{"ScriptName":"slow"}}]`
	_, err = io.WriteString(conn, "POST /slnet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer "+
		apitest.Secret+"\r\nContent-Length: 65\r\n\r\n"+body)
	if err != nil || len(body) != 65 {
		t.Fatal(err, len(body))
	}
	conn.Close()
	select {
	case <-house.Ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the call goes on although the caller is gone")
	}
}

func TestLogin(t *testing.T) {
	_, server := serve(t, nil)
	response, body := request(t, "POST", server.URL+"/login",
		`{"User":"ann","Password":"`+apitest.Password+`"}`, "Content-Type", jsonType)
	var token slnet.CreateTokenResponse
	if err := json.Unmarshal(body, &token); err != nil || response.StatusCode != 200 || token.Secret != apitest.Secret {
		t.Errorf("got %d %s, want a token: %v", response.StatusCode, body, err)
	}
}

// TestGuessingPasswordsIsSlow: after a burst of wrong passwords a user name is
// closed to the peer for a while, other users are not, and a right password
// in time makes the earlier ones forgotten.
func TestGuessingPasswordsIsSlow(t *testing.T) {
	_, server := serve(t, nil)
	login := func(user, password string) *http.Response {
		response, _ := request(t, "POST", server.URL+"/login", `{"User":"`+user+`","Password":"`+password+`"}`, "Content-Type", jsonType)
		return response
	}
	for range 3 {
		for range 9 {
			if got := login("ann", "wrong").StatusCode; got != 401 {
				t.Fatalf("got status %d within the burst, want 401", got)
			}
		}
		if got := login("ann", apitest.Password).StatusCode; got != 200 {
			t.Fatalf("got status %d for the right password, want 200", got)
		}
	}
	for range 10 {
		login("ann", "wrong")
	}
	refused := login("Ann", apitest.Password)
	if refused.StatusCode != 429 || refused.Header.Get("Retry-After") == "" {
		t.Errorf("got status %d, want 429 with Retry-After", refused.StatusCode)
	}
	if got := login("bob", "wrong").StatusCode; got != 401 {
		t.Errorf("got status %d for another user, want 401", got)
	}
}

func TestHealth(t *testing.T) {
	var notReady error
	_, server := serve(t, func(o *api.Options) { o.Ready = func() error { return notReady } })
	for _, path := range []string{"/healthz", "/readyz"} {
		if response, body := request(t, "GET", server.URL+path, ""); response.StatusCode != 200 {
			t.Errorf("%s: got %d %s, want 200", path, response.StatusCode, body)
		}
	}
	notReady = slnet.Errorf(slnet.KindUnavailable, "the store is read-only: no space left")
	response, body := request(t, "GET", server.URL+"/readyz", "")
	if response.StatusCode != 503 || errorOf(t, body).Message != notReady.Error() {
		t.Errorf("got %d %s, want 503 and the reason", response.StatusCode, body)
	}
	if got := response.Header.Get("Retry-After"); got != "5" {
		t.Errorf("Retry-After is %q for what passes by itself, want 5", got)
	}
	if response, _ := request(t, "GET", server.URL+"/healthz", ""); response.StatusCode != 200 {
		t.Errorf("healthz: got %d, want 200 although the daemon is not ready", response.StatusCode)
	}
}

func BenchmarkCall(b *testing.B) {
	house := apitest.NewHouse()
	server := httptest.NewServer(api.New(house.Options()))
	defer server.Close()
	call, err := slnet.AppendMessages(nil, []slnet.Message{&slnet.UploadMessage{Data: make([]byte, 400)}})
	if err != nil {
		b.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, _ := http.NewRequest("POST", server.URL+"/slnet", bytes.NewReader(call))
			r.Header.Set("Authorization", "Bearer "+apitest.Secret)
			r.Header.Set("Content-Type", msgpackType)
			response, err := transport.RoundTrip(r)
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	})
}
