// Package client is the slnet.Connection of programs outside the daemon: it
// carries messages and events over HTTP. On it work the same helpers as in scripts.
//
//	connection, err := client.Dial(client.Options{Address: "127.0.0.1:7411", Token: token})
//	if err != nil {
//		return err
//	}
//	defer connection.Close()
//	helper := dom.NewDomHelper(connection.SendSLNetMessages, "my_module")
package client

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// DefaultAddress is where a daemon listens when nobody says otherwise.
const DefaultAddress = "127.0.0.1:7411"

// Options say which daemon to talk to, and as whom.
type Options struct {
	// Address is host:port or an http or https URL; empty means DefaultAddress.
	// Without https the token and all data travel unencrypted.
	Address string
	// Token is the token of the user to act as. It may be empty for a client
	// that only logs in.
	Token string
	// RootCAs are the authorities whose certificates of a daemon are accepted;
	// nil means those of the system.
	RootCAs *x509.CertPool
	// ServerName is the name to expect in the certificate of the daemon; empty
	// means the host of Address.
	ServerName string
	// RetryFor is how long a call is tried again that the daemon has surely not
	// carried out, or that changes nothing: where nobody answers, where the daemon or
	// a proxy says when to come again, and of calls that only read also where the
	// connection broke. 0 means that every failure is told at once. The context of
	// the call may end it earlier.
	RetryFor time.Duration
}

// Client is a slnet.Connection to a daemon over HTTP. Its methods may be called
// from several goroutines. All errors of its methods are *slnet.Error; a daemon
// that cannot be reached is one of slnet.KindUnavailable.
type Client struct {
	base     string // scheme and host, without a slash at the end
	token    string
	registry *slnet.Registry
	retryFor time.Duration
	http     *http.Client
}

var _ slnet.Connection = (*Client)(nil)

// Dial returns a client for the daemon at the address. It checks the options
// and sends nothing: connections are made when they are first needed, and
// reused. Close releases them.
func Dial(o Options) (*Client, error) {
	base, err := baseURL(o.Address)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, slnet.Errorf(slnet.KindUnauthenticated, "the token has characters that no token has; was it cut or quoted wrongly?")
	}
	return &Client{
		base:     base,
		token:    o.Token,
		registry: sdk.Registry(),
		retryFor: o.RetryFor,
		http: &http.Client{
			Transport: newTransport(o),
			// A redirect would carry the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// newTransport keeps a connection for each of many callers. It gives idle ones
// up before the daemon does, for a request on a connection that is just being
// closed fails, and a call must not be sent twice.
func newTransport(o Options) *http.Transport {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs, ServerName: o.ServerName},
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true,
		ReadBufferSize:        16 << 10,
		WriteBufferSize:       16 << 10,
	}
}

// Address is the URL of the daemon.
func (c *Client) Address() string { return c.base }

// Close releases idle connections. Calls in flight and open streams go on.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

func baseURL(address string) (string, error) {
	if address == "" {
		address = DefaultAddress
	}
	text := address
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.User != nil,
		u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
	default:
		return u.Scheme + "://" + u.Host, nil
	}
	return "", slnet.Errorf(slnet.KindInvalid, "the address %q is not host:port or an http URL", address)
}
