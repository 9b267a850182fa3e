package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/sdk/slnet"
)

// TestAdminPortIsForThisMachine: a page in a browser of this machine that has the
// port under a name of its own gets nothing, and only loopback addresses are
// listened on.
func TestAdminPortIsForThisMachine(t *testing.T) {
	handler := api.NewAdmin(func(context.Context) (string, error) { return "up 1\n", nil })
	for host, want := range map[string]int{
		"127.0.0.1:9000": 200, "localhost:9000": 200, "[::1]:9000": 200, "127.9.9.9": 200,
		"evil.example:9000": 403, "192.0.2.1": 403, "": 403, "localhost.evil.example": 403,
	} {
		for _, path := range []string{"/metrics", "/debug/pprof/cmdline"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s with host %q: got %d, want %d", path, host, w.Code, want)
			}
		}
	}
	for text, ok := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:0": true, "localhost:0": true,
		":0": false, "0.0.0.0:0": false, "192.0.2.1:80": false, "127.0.0.1": false,
	} {
		if _, err := api.AdminAddress(text); (err == nil) != ok || err != nil && !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// TestServedIsTold: each request is told once, with the route of the table and
// the status it was answered with.
func TestServedIsTold(t *testing.T) {
	o := full()
	type told struct {
		route  string
		status int
	}
	var got []told
	o.Served = func(route string, status int, took time.Duration) {
		got = append(got, told{route, status})
		if took <= 0 {
			t.Errorf("%s took %v", route, took)
		}
	}
	handler := api.New(o)
	answer(handler, "GET", "/healthz", "")
	answer(handler, "GET", "/console/app.js", "")
	answer(handler, "GET", "/a/b/"+strings.Repeat("c", 100), "")
	answer(handler, "GET", "/metrics", "")
	if want := []told{{"/healthz", 200}, {"/console/", 200}, {"", 401}, {"/metrics", 401}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
