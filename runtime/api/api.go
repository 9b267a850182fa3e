// Package api is the HTTP edge of the daemon. It carries the two calls of the
// waist, sending messages and subscribing, and knows nothing of what the
// messages mean:
//
//	POST /slnet         messages in, their responses out; MessagePack or JSON
//	GET  /slnet/events  the change feed as server-sent events
//	POST /login         a user name and a password for a token
//	GET  /healthz       the process answers
//	GET  /readyz        the daemon can do its work
//
// Every request to /slnet carries a token in its Authorization header. The edge
// exchanges it for a Connection that is bound to the token's user; what that
// user may do is decided behind the Connection, never here.
package api

import (
	"context"
	"log/slog"
	"net/http"
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
	bodyTimeout  = time.Minute      // for a request body to arrive
	writeTimeout = 30 * time.Second // for a piece of an answer to be taken
	heartbeat    = 15 * time.Second // between signs of life on an event stream
)

// Options say what the edge stands on.
type Options struct {
	// Connect authenticates a token and returns a connection bound to its user.
	// It is called for every request, so that a revoked token ends at once.
	// Required.
	Connect func(ctx context.Context, secret string) (slnet.Connection, error)
	// Login exchanges a user name and a password for a token. Nil means that
	// the daemon has no /login.
	Login func(ctx context.Context, user, password string) (slnet.CreateTokenResponse, error)
	// Registry knows the messages; nil means all of the platform.
	Registry *slnet.Registry
	// Ready says why the daemon cannot do its work. Nil means it always can.
	Ready func() error
	// Logger receives internal errors, each once. Nil means slog.Default.
	Logger *slog.Logger
	// MaxBody is the most bytes a request body may have; 0 means
	// DefaultMaxBody.
	MaxBody int64
}

// edge is the handler's state.
type edge struct {
	Options
	heartbeat time.Duration
	attempts  attempts
	// draining has a channel for each *http.Server that carries event streams;
	// it is closed when that server begins to shut down.
	draining sync.Map
}

// New returns the handler of the edge.
func New(o Options) http.Handler { return newEdge(o).handler() }

func newEdge(o Options) *edge {
	if o.Registry == nil {
		o.Registry = sdk.Registry()
	}
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	return &edge{Options: o, heartbeat: heartbeat}
}

func (e *edge) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/slnet", e.only(http.MethodPost, e.call))
	mux.Handle("/slnet/events", e.only(http.MethodGet, e.events))
	if e.Login != nil {
		mux.Handle("/login", e.only(http.MethodPost, e.login))
	}
	mux.Handle("/healthz", e.only(http.MethodGet, e.health))
	mux.Handle("/readyz", e.only(http.MethodGet, e.ready))
	mux.HandleFunc("/", e.notFound)
	return e.guard(mux)
}

// only lets one method through; with GET also HEAD.
func (e *edge) only(method string, handle http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method || method == http.MethodGet && r.Method == http.MethodHead {
			handle(w, r)
			return
		}
		w.Header().Set("Allow", method)
		e.fail(w, r, http.StatusMethodNotAllowed, slnet.Errorf(slnet.KindInvalid,
			"%s does not take the method %s, only %s", r.URL.Path, r.Method, method))
	})
}

func (e *edge) notFound(w http.ResponseWriter, r *http.Request) {
	e.reply(w, r, nil, slnet.Errorf(slnet.KindNotFound, "there is nothing at %s", r.URL.Path))
}
