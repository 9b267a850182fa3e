// Package outbound carries out the requests over HTTP that runs of scripts send
// to servers their script is granted. Scripts have no sockets; this is their only
// way out, and it leads to these servers only.
package outbound

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"domovoi.dev/sdk/slnet"
)

const (
	// maxRedirects is how many redirects of a request are followed.
	maxRedirects = 10
	// maxHeaders bounds the headers of a response, in bytes.
	maxHeaders = 1 << 20
	// maxConnections bounds the connections to one server.
	maxConnections = 32
	dialTimeout    = 30 * time.Second
	idleTimeout    = 90 * time.Second
)

// ownHeaders are headers that follow from the request itself.
var ownHeaders = []string{"Host", "Connection", "Content-Length", "Transfer-Encoding", "Trailer", "Te", "Upgrade", "Proxy-Connection", "Proxy-Authorization"}

// Client sends requests. Connections are kept and used again; requests that end
// up on the same one have nothing in common but the server.
type Client struct{ transport *http.Transport }

// New returns a client. Close it.
func New() *Client {
	return &Client{&http.Transport{
		Proxy:                  nil, // not the one of the daemon's environment either
		DialContext:            dial,
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeaders,
		MaxConnsPerHost:        maxConnections,
		MaxIdleConnsPerHost:    2,
		MaxIdleConns:           maxConnections,
		IdleConnTimeout:        idleTimeout,
	}}
}

// Close closes the connections that no request uses.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Do sends a request of a script that is granted servers, each as host:port, and
// returns the response with its whole body. It ends with ctx.
func (c *Client) Do(ctx context.Context, script string, servers []string, m *slnet.SendHTTPRequestMessage) (*slnet.HTTPResponse, error) {
	if err := check(m); err != nil {
		return nil, err
	}
	timeout := cmp.Or(m.Timeout, slnet.DefaultHTTPTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, slnet.Errorf(slnet.KindTimeout, "there was no whole response within %v", timeout))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, cmp.Or(m.Method, http.MethodGet), m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the request is not valid: %v", bare(err))
	}
	request.Header.Set("User-Agent", "domovoi")
	for name, values := range m.Headers {
		request.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	g := grants{script, servers}
	if err := g.check(request.URL); err != nil {
		return nil, err
	}
	client := http.Client{Transport: c.transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return slnet.Errorf(slnet.KindUnavailable, "it redirects more than %d times", maxRedirects)
		}
		if err := g.check(next.URL); err != nil {
			return slnet.Errorf(slnet.KindPermissionDenied, "it redirects to another server: %v", err)
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil, failed(ctx, request, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, slnet.MaxHTTPBody+1))
	if err == nil && len(body) > slnet.MaxHTTPBody {
		err = slnet.Errorf(slnet.KindTooLarge, "the body of the response has more than the %d bytes that are allowed", slnet.MaxHTTPBody)
	}
	if err != nil {
		return nil, failed(ctx, response.Request, err)
	}
	return &slnet.HTTPResponse{
		StatusCode: int64(response.StatusCode), Headers: response.Header, Body: body, URL: response.Request.URL.String(),
	}, nil
}

func check(m *slnet.SendHTTPRequestMessage) error {
	switch {
	case len(m.Body) > slnet.MaxHTTPBody:
		return slnet.Errorf(slnet.KindTooLarge, "the body of the request has %d bytes; at most %d are allowed", len(m.Body), slnet.MaxHTTPBody)
	case m.Timeout < 0 || m.Timeout > slnet.MaxHTTPTimeout:
		return slnet.Errorf(slnet.KindInvalid, "Timeout is %v; it must be 0 to %v", m.Timeout, slnet.MaxHTTPTimeout)
	case strings.EqualFold(m.Method, http.MethodConnect):
		return slnet.Errorf(slnet.KindInvalid, "Method is %s, which is for proxies", m.Method)
	}
	for name := range m.Headers {
		if slices.Contains(ownHeaders, http.CanonicalHeaderKey(name)) {
			return slnet.Errorf(slnet.KindInvalid, "the header %s cannot be set; it follows from the request", http.CanonicalHeaderKey(name))
		}
	}
	return nil
}

// failed is the error of a request that was sent, or could not be. It names the
// server and not the rest of the URL, which may be confidential.
func failed(ctx context.Context, request *http.Request, err error) error {
	server := serverOf(request.URL)
	if known, ok := slnet.AsError(err); ok {
		return slnet.Errorf(known.Kind, "%s %s: %s", request.Method, server, known.Message)
	}
	if cause := context.Cause(ctx); cause != nil {
		known, ok := slnet.AsError(cause)
		if !ok {
			return cause // the caller went away
		}
		return slnet.Errorf(known.Kind, "%s %s: %s", request.Method, server, known.Message)
	}
	return slnet.Errorf(slnet.KindUnavailable, "%s %s: %v", request.Method, server, bare(err))
}

// bare is an error without the URL of the request.
func bare(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// grants are the servers a script may reach.
type grants struct {
	script  string
	servers []string
}

// check returns an error when a URL does not lead to a granted server.
func (g grants) check(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return slnet.Errorf(slnet.KindInvalid, "a URL begins with http:// or https:// and a host; this one does not")
	}
	server := serverOf(u)
	if slices.ContainsFunc(g.servers, func(granted string) bool {
		host, port, err := net.SplitHostPort(granted)
		return err == nil && join(host, port) == server
	}) {
		return nil
	}
	if len(g.servers) == 0 {
		return slnet.Errorf(slnet.KindPermissionDenied, "script %q is not granted the server %s, nor any other; its script.yaml can grant it: grants: {network: [%q]}", g.script, server, server)
	}
	return slnet.Errorf(slnet.KindPermissionDenied, "script %q is not granted the server %s; grants.network of its script.yaml has %s", g.script, server, strings.Join(g.servers, ", "))
}

// serverOf is the server a URL leads to, as host:port.
func serverOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return join(u.Hostname(), port)
}

// join writes a server in the only form in which servers are compared.
func join(host, port string) string {
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.String()
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(host), "."), port)
}

// dial connects to a granted server.
func dial(ctx context.Context, network, server string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		return nil, err
	}
	return dialer(host).DialContext(ctx, network, server)
}

// dialer connects to a host. Whoever answers for a name could answer with an
// address of this machine, and so reach what listens here only; so a name is
// never connected to such an address, except localhost.
func dialer(host string) *net.Dialer {
	d := &net.Dialer{Timeout: dialTimeout}
	if _, err := netip.ParseAddr(host); err != nil && !strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return checkAddress(host, address)
		}
	}
	return d
}

// checkAddress returns an error when a name must not stand for an address.
func checkAddress(host, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("the address %s of %s: %w", address, host, err)
	}
	switch addr := at.Addr().Unmap(); {
	case addr.IsLoopback(), addr.IsLinkLocalUnicast(), addr.IsLinkLocalMulticast(), addr.IsInterfaceLocalMulticast(), addr.IsUnspecified():
		return slnet.Errorf(slnet.KindPermissionDenied, "the name %s stands for %s, an address of this machine or its link; only a grant of the address itself allows that", host, addr)
	}
	return nil
}
