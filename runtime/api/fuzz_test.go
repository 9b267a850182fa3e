package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
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
	"Accept-Ranges", "Allow", "Cache-Control", "Connection", "Content-Disposition", "Content-Length", "Content-Range",
	"Content-Security-Policy", "Content-Type", "Cross-Origin-Resource-Policy", "Date", "Etag", "Idempotency-Replayed", "Referrer-Policy", "Retry-After", "Set-Cookie", "Strict-Transport-Security",
	"Transfer-Encoding", "Www-Authenticate", "X-Content-Type-Options",
}

// FuzzRequest hands the edge whatever net/http takes for a request. Its corpus
// is in testdata/fuzz/FuzzRequest.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("POST /slnet HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + apitest.Secret +
		"\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n" + whoAmI))
	for _, route := range []string{"echo", "stream", "file", "a/%2e/b?x=1"} {
		f.Add([]byte("POST /api/custom/" + route + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + apitest.Secret +
			"\r\nRange: bytes=1-2\r\nIdempotency-Key: k\r\nContent-Length: 4\r\n\r\nbody"))
	}
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
		options.Custom = echoes
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

// echoes answers requests to user-defined APIs with their body: as it is, streamed,
// or as a file.
func echoes(_ context.Context, request api.CustomRequest) (*api.CustomCall, error) {
	if request.Secret != apitest.Secret {
		return nil, slnet.Errorf(slnet.KindUnauthenticated, "the token is unknown").WithReason(slnet.ErrApiAuthenticationFailed)
	}
	var streamed []byte
	call := &api.CustomCall{MaxBody: 1 << 10}
	if request.Route == "stream" {
		call.Stream = func(body io.Reader) (_ *slnet.StreamedBody, release func(), err error) {
			streamed, err = io.ReadAll(body)
			return &slnet.StreamedBody{Size: int64(len(streamed))}, func() {}, err
		}
	}
	call.Answer = func(_ context.Context, input *slnet.ApiTriggerInput, key string) (*api.CustomAnswer, error) {
		answer := &api.CustomAnswer{Kept: key != "", ApiTriggerOutput: slnet.ApiTriggerOutput{ContentType: http.Header(input.Headers).Get("Content-Type")}}
		body := append(input.Body, streamed...)
		if request.Route == "file" {
			answer.File = &api.File{ReadSeekCloser: memoryFile{bytes.NewReader(body)}, Name: http.Header(input.Headers).Get("X-Name"), Size: int64(len(body)), SHA256: "00"}
		} else {
			answer.Body = body
		}
		return answer, nil
	}
	return call, nil
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

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
	if strings.HasPrefix(r.URL.Path, "/api/custom/") {
		if w.Code == http.StatusRequestedRangeNotSatisfiable || w.Code == http.StatusPreconditionFailed {
			return // of a file, as net/http says it
		}
		var reply struct {
			Errors []struct{ Title, Detail string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || len(reply.Errors) != 1 || reply.Errors[0].Title == "" || reply.Errors[0].Detail == "" {
			t.Errorf("status %d without an error: %q", w.Code, w.Body)
		}
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
