package api

import (
	"fmt"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"domovoi.dev/sdk/slnet"
)

// A route is what the daemon has at a path.
type route struct {
	method string // the one it takes; with GET also HEAD; empty where handle looks at it
	policy string // its Content-Security-Policy
	// handle answers. The caller is nil on a public route, and on one that
	// authenticates its callers itself.
	handle func(w http.ResponseWriter, r *http.Request, c *caller)
}

// public lists the routes that answer whoever asks. Every other path, also one
// where there is nothing, answers only those who are signed in.
var public = []string{"/", "/login", "/healthz", "/readyz", "/console/"}

// ownTokens lists the routes with tokens of their own, which handle asks for.
var ownTokens = []string{customPath}

// table returns the routes by path. A path that ends in a slash stands for all
// paths below it, but for the root, which stands for itself.
func (e *edge) table() map[string]*route {
	routes := map[string]*route{
		"/slnet":        {http.MethodPost, apiPolicy, e.call},
		"/slnet/events": {http.MethodGet, apiPolicy, e.events},
		"/healthz":      {http.MethodGet, apiPolicy, e.health},
		"/readyz":       {http.MethodGet, apiPolicy, e.ready},
		"/metrics":      {http.MethodGet, apiPolicy, e.metrics},
	}
	if e.Custom != nil {
		routes[customPath] = &route{"", apiPolicy, e.custom}
	}
	if e.Login != nil {
		routes["/login"] = &route{http.MethodPost, apiPolicy, e.login}
	}
	if e.Logout != nil {
		routes["/logout"] = &route{http.MethodPost, apiPolicy, e.logout}
	}
	if e.Console != nil {
		routes["/"] = &route{http.MethodGet, consolePolicy, e.console}
		routes["/console/"] = &route{http.MethodGet, consolePolicy, e.console}
	}
	return routes
}

// find returns the route of a request and its path in the table, nil where
// there is nothing. A path counts only in its one plain form: with escapes that
// need not be, dots or double slashes it leads nowhere, so there is nothing to
// redirect, and a proxy in front cannot take it for another one. Names may be
// escaped as clients do it below /console/, where all is public, and below
// /api/custom/, where customRoute looks at them.
func (e *edge) find(r *http.Request) (*route, string) {
	p := r.URL.Path
	if custom := e.routes[customPath]; custom != nil && strings.HasPrefix(p, customPath) {
		return custom, customPath
	}
	if r.URL.RawPath != "" && !strings.HasPrefix(r.URL.RawPath, "/console/") || !strings.HasPrefix(p, "/") || strings.ContainsFunc(p, unprintable) {
		return nil, ""
	}
	if clean := path.Clean(p); p != clean && p != clean+"/" {
		return nil, ""
	}
	if found := e.routes[p]; found != nil {
		return found, p
	}
	folder := ""
	for at := range e.routes {
		if at != "/" && strings.HasSuffix(at, "/") && strings.HasPrefix(p, at) && len(at) > len(folder) {
			folder = at
		}
	}
	return e.routes[folder], folder
}

func unprintable(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, at := e.find(r)
	policy := apiPolicy
	if found != nil {
		policy = found.policy
	}
	counted := &countedWriter{ResponseWriter: w, edge: e, route: at, began: time.Now()}
	defer counted.served()
	w = counted
	e.secure(w, r, policy)
	defer e.guard(w, r, at)
	if r.ContentLength != 0 {
		// The server waits for the end of a body before it answers, also when no
		// handler reads it.
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(strayTimeout))
	}
	if len(r.TransferEncoding) > 0 {
		// The request may have had a Content-Length too, and a proxy in front have
		// gone by that. What follows on this connection is then nobody's request.
		w.Header().Set("Connection", "close")
	}
	var c *caller
	if !slices.Contains(public, at) && !slices.Contains(ownTokens, at) {
		var err error
		if c, err = e.authenticate(r); err != nil {
			e.reply(w, r, nil, err)
			return
		}
	}
	if err := e.acceptable(w, r, found); err != nil {
		e.fail(w, r, err.status, err.err)
		return
	}
	found.handle(w, r, c)
}

// refusal is an error with a status that is HTTP's own.
type refusal struct {
	status int
	err    *slnet.Error
}

// acceptable refuses what no handler wants to see.
func (e *edge) acceptable(w http.ResponseWriter, r *http.Request, found *route) *refusal {
	if found == nil {
		return &refusal{http.StatusNotFound, slnet.Errorf(slnet.KindNotFound, "there is nothing at %.200q", r.URL.Path)}
	}
	if found.method == "" {
		return nil
	}
	allowed := []string{found.method}
	if found.method == http.MethodGet {
		allowed = append(allowed, http.MethodHead)
	}
	if !slices.Contains(allowed, r.Method) {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return &refusal{http.StatusMethodNotAllowed, slnet.Errorf(slnet.KindInvalid,
			"%s does not take the method %.20q, only %s", r.URL.Path, r.Method, strings.Join(allowed, " and "))}
	}
	if found.method == http.MethodGet && r.ContentLength != 0 {
		return &refusal{http.StatusBadRequest, slnet.Errorf(slnet.KindInvalid, "%s takes no body", r.URL.Path)}
	}
	return nil
}

// guard turns a panic into an answer, so that one broken request leaves a trace
// and harms no other. It is to be deferred.
func (e *edge) guard(w http.ResponseWriter, r *http.Request, at string) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	err := e.internal(r, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()), false)
	if w.Header().Get("Content-Type") != "" { // the answer has begun
		panic(http.ErrAbortHandler)
	}
	if at == customPath {
		e.failCustom(w, r, err.WithReason(slnet.ErrApiUnexpected))
		return
	}
	e.reply(w, r, nil, err)
}

// console serves the files of the console. They may be kept by a browser that
// asks whether they are still the newest, unless the console says more.
func (e *edge) console(w http.ResponseWriter, r *http.Request, _ *caller) {
	w.Header().Set("Cache-Control", "no-cache")
	extendWrite(w, 0)
	e.Console.ServeHTTP(w, r)
}
