// Package api is the HTTP edge of the daemon. It carries the two calls of the
// waist, sending messages and subscribing, and knows nothing of what the
// messages mean:
//
//	POST /slnet         messages in, their responses out; MessagePack or JSON
//	GET  /slnet/events  the change feed as server-sent events
//	POST /login         a user name and a password for a token or a cookie
//	POST /logout        ends the login it is sent with
//	GET  /healthz       the process answers
//	GET  /readyz        the daemon can do its work
//	GET  /metrics       the metrics, for Prometheus
//	GET  /attachments/  attached files; PUT attaches one
//	GET  /console/      the files of the console, where there is one
//	GET  /              the console's first page
//	GET  /openapi.json  what is here, for programs
//	GET  /docs          the same for people
//	     /api/custom/   user-defined APIs, with tokens and errors of their own
//
// Every other request but those for the public routes carries a token, in its
// Authorization header or in the cookie that /login has set; without one it is
// refused before anything else of it is looked at. The edge exchanges the token
// for a Connection that is bound to its user; what that user may do is decided
// behind the Connection, never here.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// DefaultMaxBody is the most bytes a request body may have when Options does
// not say otherwise.
const DefaultMaxBody = 16 << 20

// Times that keep a peer that stalls from holding a connection for ever.
const (
	bodyTimeout  = 30 * time.Second // for a request body to arrive, and more for a large one
	strayTimeout = 5 * time.Second  // for a body that nobody wants to read
	writeTimeout = 30 * time.Second // for a piece of an answer to be taken, and more for a large one
	heartbeat    = 15 * time.Second // between signs of life on an event stream

	// slowest is how many bytes a second a peer must send or take at least.
	slowest = 64 << 10
)

// Options say what the edge stands on.
type Options struct {
	// Connect authenticates a token and returns a connection bound to its user.
	// It is called for every request, so that a revoked token ends at once. The
	// address is where the request comes from. Required.
	Connect func(ctx context.Context, secret, address string) (slnet.Connection, error)
	// Login exchanges a user name and a password for a token, which goes into a
	// cookie when it is for a browser. Nil means that the daemon has no /login.
	Login func(ctx context.Context, user, password, address string, browser bool) (slnet.CreateTokenResponse, error)
	// Logout ends the login that a token stands for: from then on the token is
	// refused. Nil means that the daemon has no /logout.
	Logout func(ctx context.Context, secret string) error
	// Console serves / and the files below /console/ to anybody, signed in or not:
	// they hold nothing but the program. Nil means that there is no console.
	Console http.Handler
	// Custom looks at a request to a user-defined API before its body is read, and
	// says how it goes on. Nil means that the daemon has no such APIs.
	Custom func(ctx context.Context, request CustomRequest) (*CustomCall, error)
	// TrustedProxies are the proxies whose X-Forwarded-For and X-Forwarded-Proto
	// are believed. From everybody else these headers are ignored.
	TrustedProxies []netip.Prefix
	// Registry knows the messages; nil means all of the platform.
	Registry *slnet.Registry
	// Ready says why the daemon cannot do its work. Nil means it always can.
	Ready func() error
	// Alive says why nothing but a new start will help the daemon. Nil means that
	// it is alive as long as it answers.
	Alive func() error
	// Served is told of each request that was answered: its route, as the table of
	// routes has it, empty where there is none, the status, and the time it took. Nil
	// means nobody is told.
	Served func(route string, status int, took time.Duration)
	// Logger receives internal errors, each once. Nil means slog.Default.
	Logger *slog.Logger
	// MaxBody is the most bytes a request body may have; 0 means
	// DefaultMaxBody.
	MaxBody int64
}

// edge is the handler's state.
type edge struct {
	Options
	heartbeat   time.Duration
	routes      map[string]*route
	crossOrigin *http.CrossOriginProtection
	attempts    attempts
	// draining has a channel for each *http.Server that carries event streams;
	// it is closed when that server begins to shut down.
	draining sync.Map
}

// New returns the handler of the edge. Serve it with NewServer.
func New(o Options) http.Handler { return newEdge(o) }

func newEdge(o Options) *edge {
	if o.Registry == nil {
		o.Registry = sdk.Registry()
	}
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	if o.Alive == nil {
		o.Alive = func() error { return nil }
	}
	if o.Served == nil {
		o.Served = func(string, int, time.Duration) {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	e := &edge{Options: o, heartbeat: heartbeat, crossOrigin: http.NewCrossOriginProtection()}
	e.routes = e.table()
	return e
}
