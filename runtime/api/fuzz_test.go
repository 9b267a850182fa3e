package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// headerNames are all headers an answer of the edge can have. A name that is not
// here was put there by the request.
var headerNames = []string{
	"Allow", "Cache-Control", "Connection", "Content-Length", "Content-Security-Policy", "Content-Type",
	"Cross-Origin-Resource-Policy", "Date", "Referrer-Policy", "Retry-After", "Set-Cookie", "Strict-Transport-Security",
	"Transfer-Encoding", "Www-Authenticate", "X-Content-Type-Options",
}

// FuzzRequest hands the edge whatever net/http takes for a request. Its corpus
// is in testdata/fuzz/FuzzRequest.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("POST /slnet HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + apitest.Secret +
		"\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n" + whoAmI))
	f.Fuzz(func(t *testing.T, request []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
		if err != nil {
			return
		}
		// Nobody waits for the answer, so what would last for ever ends.
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r = r.WithContext(ctx)
		r.RemoteAddr = "192.0.2.1:1"
		var log bytes.Buffer
		options := apitest.NewHouse().Options()
		options.Logger = slog.New(slog.NewTextHandler(&log, nil))
		options.MaxBody = 1 << 16
		w := httptest.NewRecorder()
		api.New(options).ServeHTTP(w, r)
		checkAnswer(t, r, w)
		if text := log.String(); strings.Contains(text, "panic") && !strings.Contains(text, "the store is upside down") {
			t.Errorf("the handler panicked:\n%s", text)
		} else if strings.Contains(text, apitest.Secret) {
			t.Errorf("the log has the secret:\n%s", text)
		}
	})
}

// checkAnswer checks what holds for every answer.
func checkAnswer(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	for name, values := range w.Header() {
		if !slices.Contains(headerNames, name) || strings.ContainsAny(strings.Join(values, ""), "\r\n") {
			t.Errorf("the answer has the header %q: %q", name, values)
		}
	}
	if w.Header().Get("Content-Security-Policy") == "" {
		t.Error("the answer has no security headers")
	}
	carries := func(header string) bool { return strings.Contains(strings.Join(r.Header[header], ";"), apitest.Secret) }
	if w.Code != 401 && !slices.Contains(publicRoutes, r.URL.Path) && !carries("Authorization") && !carries("Cookie") {
		t.Errorf("status %d for a stranger at %q", w.Code, r.URL.Path)
	}
	if w.Code < 400 {
		return
	}
	var failure *slnet.Error
	if w.Header().Get("Content-Type") == msgpackType {
		if _, err := sdk.Registry().DecodeReply(w.Body.Bytes()); !errors.As(err, &failure) {
			t.Fatalf("status %d without an error: %q", w.Code, w.Body)
		}
	} else {
		var reply struct {
			Error *slnet.Error `json:"error"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || reply.Error == nil {
			t.Fatalf("status %d without an error: %q", w.Code, w.Body)
		}
		failure = reply.Error
	}
	if failure.Kind == slnet.KindInternal && w.Code != 500 || failure.Message == "" {
		t.Errorf("status %d with %+v", w.Code, failure)
	}
}
