package outbound_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"domovoi.dev/runtime/outbound"
	"domovoi.dev/sdk/slnet"
)

// server serves HTTP on a loopback port and returns its URL and host:port.
func server(t *testing.T, handler http.HandlerFunc) (url, address string) {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL, strings.TrimPrefix(s.URL, "http://")
}

func newClient(t *testing.T) *outbound.Client {
	c := outbound.New()
	t.Cleanup(c.Close)
	return c
}

func get(t *testing.T, url string, servers ...string) (*slnet.HTTPResponse, error) {
	t.Helper()
	return newClient(t).Do(t.Context(), "mailer", servers, &slnet.SendHTTPRequestMessage{URL: url})
}

// wants fails unless an error has a kind and says all of the texts.
func wants(t *testing.T, what string, err error, kind slnet.Kind, texts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: %v, want an error of kind %s", what, err, kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want it to say %q", what, err, text)
		}
	}
}

func TestRequestAndResponse(t *testing.T) {
	url, address := server(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header()["X-Many"] = []string{"1", "2"}
		w.WriteHeader(http.StatusTeapot)
		w.Write([]byte(r.Method + " " + r.URL.Path + " " + r.Header.Get("X-Key") + " " + string(body)))
	})
	response, err := newClient(t).Do(t.Context(), "s", []string{address}, &slnet.SendHTTPRequestMessage{
		Method: "PUT", URL: url + "/a", Headers: map[string][]string{"x-key": {"k"}}, Body: []byte("hello"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusTeapot || string(response.Body) != "PUT /a k hello" || len(response.Headers["X-Many"]) != 2 || response.URL != url+"/a" {
		t.Errorf("%+v", response)
	}
}

// A script reaches the servers it is granted, by exact host and port, and no
// others, whatever the environment says of proxies.
func TestOnlyGrantedServers(t *testing.T) {
	asked := 0
	url, address := server(t, func(http.ResponseWriter, *http.Request) { asked++ })
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	_, err = get(t, url)
	wants(t, "nothing granted", err, slnet.KindPermissionDenied, `script "mailer"`, address, "nor any other")
	for _, other := range []string{host + ":1", "127.0.0.2:" + port, "localhost:" + port, "*:" + port} {
		_, err = get(t, url, other)
		wants(t, other, err, slnet.KindPermissionDenied, address, "has "+other)
	}
	if _, err := get(t, "http://localhost:"+port, "LOCALHOST:"+port); err != nil {
		t.Errorf("localhost, granted: %v", err)
	}
	if _, err := get(t, url, "example.com:443", address); err != nil || asked != 2 {
		t.Errorf("granted: %v, %d requests", err, asked)
	}
	_, err = get(t, "http://[::ffff:7f00:1]:"+port, address)
	wants(t, "another form of the address", err, slnet.KindPermissionDenied)
	for _, bad := range []string{"", "ftp://" + address, "/path", "http://", "unix:///x", "http://a b/"} {
		_, err = get(t, bad, address)
		wants(t, bad, err, slnet.KindInvalid)
	}
}

func TestRedirects(t *testing.T) {
	reached := false
	outside, _ := server(t, func(http.ResponseWriter, *http.Request) { reached = true })
	var granted string
	granted, address := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/out":
			http.Redirect(w, r, outside+"/", http.StatusFound)
		case "/twice":
			http.Redirect(w, r, "/out", http.StatusFound)
		case "/in":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/hostname", http.StatusFound)
		}
	})
	for _, path := range []string{"/out", "/twice"} {
		_, err := get(t, granted+path, address)
		wants(t, path, err, slnet.KindPermissionDenied, "redirects", strings.TrimPrefix(outside, "http://"), address)
	}
	if reached {
		t.Error("a server that is not granted got a request")
	}
	_, err := get(t, granted+"/loop", address)
	wants(t, "/loop", err, slnet.KindUnavailable, "more than 10 times")
	if _, err = get(t, granted+"/file", address); err == nil {
		t.Error("a redirect to a file was followed")
	}
	if response, err := get(t, granted+"/in", address); err != nil || response.URL != granted+"/end" {
		t.Errorf("within: %+v %v", response, err)
	}
}

// A name that stands for an address of this machine is not connected to, so who
// answers for a granted name cannot open what listens here only.
func TestNamesOfOwnAddresses(t *testing.T) {
	_, address := server(t, func(http.ResponseWriter, *http.Request) {})
	_, err := outbound.Dialer("rebind.example").DialContext(t.Context(), "tcp", address)
	wants(t, "a name of a loopback address", err, slnet.KindPermissionDenied, "rebind.example", "127.0.0.1")
	for _, at := range []string{"169.254.169.254:80", "0.0.0.0:80", "[::]:80", "[fe80::1%1]:80", "[::ffff:127.0.0.1]:80"} {
		_, err := outbound.Dialer("rebind.example").DialContext(t.Context(), "tcp", at)
		wants(t, at, err, slnet.KindPermissionDenied, "rebind.example")
	}
	for _, host := range []string{"127.0.0.1", "localhost", "Localhost."} {
		conn, err := outbound.Dialer(host).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		conn.Close()
	}
}

func TestBounds(t *testing.T) {
	url, address := server(t, func(w http.ResponseWriter, _ *http.Request) {
		piece := bytes.Repeat([]byte("x"), 1<<20)
		for {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	_, err := get(t, url, address)
	wants(t, "an endless body", err, slnet.KindTooLarge, address, "16777216 bytes")
	c := newClient(t)
	for kind, m := range map[slnet.Kind]*slnet.SendHTTPRequestMessage{
		slnet.KindTooLarge: {URL: url, Body: make([]byte, slnet.MaxHTTPBody+1)},
		slnet.KindInvalid:  {URL: url, Timeout: -1},
	} {
		_, err := c.Do(t.Context(), "s", []string{address}, m)
		wants(t, string(kind), err, kind)
	}
	for _, name := range []string{"host", "Content-Length", "a b"} {
		_, err := c.Do(t.Context(), "s", []string{address}, &slnet.SendHTTPRequestMessage{URL: url, Headers: map[string][]string{name: {"1"}}})
		if err == nil {
			t.Errorf("the header %q was sent", name)
		}
	}
}

// A server that does not answer, or not wholly, is given up after the timeout, or
// when the caller goes away.
func TestSlowServers(t *testing.T) {
	asked := make(chan struct{}, 10)
	url, address := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.Write([]byte("begun"))
			w.(http.Flusher).Flush()
		}
		asked <- struct{}{}
		<-r.Context().Done()
	})
	c := newClient(t)
	for _, path := range []string{"/", "/body"} {
		_, err := c.Do(t.Context(), "s", []string{address}, &slnet.SendHTTPRequestMessage{URL: url + path, Timeout: 30 * time.Millisecond})
		wants(t, path, err, slnet.KindTimeout, address, "30ms")
		<-asked
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := c.Do(ctx, "s", []string{address}, &slnet.SendHTTPRequestMessage{URL: url}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A certificate that the system does not trust is refused, and an error names the
// server but not what else is in the URL.
func TestCertificatesAreVerified(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of the refusal
	s.StartTLS()
	t.Cleanup(s.Close)
	address := strings.TrimPrefix(s.URL, "https://")
	_, err := get(t, s.URL+"/?key=swordfish", address)
	wants(t, "a certificate nobody signed", err, slnet.KindUnavailable, "GET "+address, "certificate")
	if strings.Contains(err.Error(), "swordfish") {
		t.Errorf("the error has the query: %v", err)
	}
}
