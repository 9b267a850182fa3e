package api_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
	"domovoi.dev/sdk/slnet"
)

// publicRoutes is what strangers may use. Who adds to it has thought about it.
var publicRoutes = []string{"/", "/console/", "/docs", "/docs/style.css", "/healthz", "/login", "/openapi.json", "/readyz"}

// full are the options of an edge with all its routes.
func full() api.Options {
	options := apitest.NewHouse().Options()
	options.Console = http.FileServerFS(fstest.MapFS{"console/app.js": {Data: []byte("start()")}})
	options.Logger = slog.New(slog.DiscardHandler)
	options.Custom = func(context.Context, api.CustomRequest) (*api.CustomCall, error) {
		return nil, slnet.Errorf(slnet.KindUnauthenticated, "nobody has a token here").WithReason(slnet.ErrApiAuthenticationFailed)
	}
	return options
}

// answer asks a handler without a network; headers are pairs.
func answer(handler http.Handler, method, target, body string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

// TestOnlyListedRoutesArePublic walks all routes there are: one that is not in
// the list above is refused to strangers, whatever else is wrong with the
// request.
func TestOnlyListedRoutesArePublic(t *testing.T) {
	routes := api.Routes(full())
	for path, method := range routes {
		t.Run(path, func(t *testing.T) {
			for _, method := range []string{method, http.MethodDelete, http.MethodOptions} {
				response := answer(api.New(full()), method, path, "{}", "Content-Type", "text/plain")
				if got, want := response.StatusCode == http.StatusUnauthorized, !slices.Contains(publicRoutes, path); got != want {
					t.Errorf("%s of a stranger: got status %d; want 401: %t", method, response.StatusCode, want)
				}
			}
		})
	}
	for _, path := range publicRoutes {
		if routes[path] == "" {
			t.Errorf("%s is listed as public, and there is no such route", path)
		}
	}
}

func TestMethodsAndUnknownPaths(t *testing.T) {
	handler := api.New(full())
	const token = "Bearer " + apitest.Secret
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/slnet", 405, "POST"},
		{"OPTIONS", "/slnet", 405, "POST"},
		{"POST", "/slnet/events", 405, "GET, HEAD"},
		{"PUT", "/console/app.js", 405, "GET, HEAD"},
		{"DELETE", "/healthz", 405, "GET, HEAD"},
		{"HEAD", "/healthz", 200, ""},
		{"GET", "/console/app.js", 200, ""},
		{"GET", "/console/other.js", 404, ""},
		{"POST", "/slnet/", 404, ""},
		{"GET", "/", 200, ""},
		{"POST", "/", 405, "GET, HEAD"},
		{"GET", "/%2e/", 404, ""},
		{"GET", "/console/(a)%20b/..%2f..%2fslnet", 404, ""},
		{"OPTIONS", "*", 404, ""},
		{"GET", "/docs", 200, ""},
		{"GET", "/docs/style.css", 200, ""},
		{"GET", "/docs/other.css", 404, ""},
		{"GET", "/openapi.json", 200, ""},
		{"PUT", "/openapi.json", 405, "GET, HEAD"},
		{"DELETE", "/attachments/m/i/n", 405, "GET, HEAD, PUT"},
		{"GET", "/attachments/m/i/n%2fo", 404, ""},
	} {
		response := answer(handler, test.method, test.path, "", "Authorization", token)
		if response.StatusCode != test.status || response.Header.Get("Allow") != test.allow {
			t.Errorf("%s %s: got %d with Allow %q, want %d with %q",
				test.method, test.path, response.StatusCode, response.Header.Get("Allow"), test.status, test.allow)
		}
	}
}

// TestEveryAnswerHasTheSecurityHeaders asks for answers of all sorts.
func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	handler := api.New(full())
	for _, test := range []struct{ method, path string }{
		{"GET", "/healthz"}, {"GET", "/nothing"}, {"POST", "/slnet"}, {"GET", "/slnet"}, {"POST", "/login"}, {"GET", "/%2e%2e/x"},
		{"GET", "/"}, {"GET", "/console/app.js"}, {"GET", "/console/other.js"}, {"OPTIONS", "*"},
		{"GET", "/docs"}, {"GET", "/docs/style.css"}, {"GET", "/docs/other.css"}, {"GET", "/openapi.json"},
	} {
		response := answer(handler, test.method, test.path, "")
		header := response.Header
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s %s: the policy is %q", test.method, test.path, policy)
		}
		console := test.path == "/" || strings.HasPrefix(test.path, "/console/")
		if strings.Contains(policy, "script-src 'self'") != console {
			t.Errorf("%s %s: the policy is %q", test.method, test.path, policy)
		}
		cache := "no-store"
		reference := strings.HasPrefix(test.path, "/docs") || test.path == "/openapi.json"
		if (console || reference) && response.StatusCode == 200 {
			cache = "no-cache"
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s %s: %s is %q, want %q", test.method, test.path, name, got, want)
			}
		}
		if got := header.Get("Cache-Control"); got != cache && !((console || reference) && got == "") {
			t.Errorf("%s %s: Cache-Control is %q, want %q", test.method, test.path, got, cache)
		}
	}
}

// TestStrictTransportSecurityUnderTLS: only who came encrypted is told to come
// back so, and nobody is told that about all of localhost.
func TestStrictTransportSecurityUnderTLS(t *testing.T) {
	handler := api.New(full())
	for _, test := range []struct {
		host string
		tls  *tls.ConnectionState
		want string
	}{
		{"domovoi.example.com", &tls.ConnectionState{}, "max-age=31536000"},
		{"domovoi.example.com:7411", &tls.ConnectionState{}, "max-age=31536000"},
		{"domovoi.example.com", nil, ""},
		{"localhost:7411", &tls.ConnectionState{}, ""},
	} {
		r := httptest.NewRequest("GET", "/healthz", nil)
		r.Host, r.TLS = test.host, test.tls
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security"); got != test.want {
			t.Errorf("%s, TLS %t: got %q, want %q", test.host, test.tls != nil, got, test.want)
		}
	}
}

// bodyOf reads an answer.
func bodyOf(t *testing.T, response *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestLongPathsCostNoMore: a stranger's path of any depth is looked at once.
func TestLongPathsCostNoMore(t *testing.T) {
	handler := api.New(full())
	cost := func(path string) float64 {
		r := httptest.NewRequest("GET", path, nil)
		return testing.AllocsPerRun(20, func() { handler.ServeHTTP(httptest.NewRecorder(), r) })
	}
	if short, long := cost("/a"), cost("/"+strings.Repeat("a/", 10_000)); long > short+10 {
		t.Errorf("%v allocations for a long path, %v for a short one", long, short)
	}
}
