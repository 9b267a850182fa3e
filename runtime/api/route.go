package api

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"domovoi.dev/runtime/openapi"
	"domovoi.dev/sdk/slnet"
)

// A route is what the daemon has at a path.
type route struct {
	methods []string // those it takes; with GET also HEAD; nil where handle looks at it
	policy  string   // its Content-Security-Policy
	// handle answers. The caller is nil on a public route, and on one that
	// authenticates its callers itself.
	handle func(w http.ResponseWriter, r *http.Request, c *caller)
}

// public lists the routes that answer whoever asks. Every other path, also one
// where there is nothing, answers only those who are signed in.
var public = []string{"/", "/login", "/healthz", "/readyz", "/console/", openapi.DocumentPath, openapi.PagePath, openapi.StylePath}

// ownTokens lists the routes with tokens of their own, which handle asks for.
var ownTokens = []string{customPath}

// Methods that several routes take.
var (
	got    = []string{http.MethodGet}
	posted = []string{http.MethodPost}
)

// table returns the routes by path. A path that ends in a slash stands for all
// paths below it, but for the root, which stands for itself.
func (e *edge) table() map[string]*route {
	routes := map[string]*route{
		"/slnet":        {posted, apiPolicy, e.call},
		"/slnet/events": {got, apiPolicy, e.events},
		"/healthz":      {got, apiPolicy, e.health},
		"/readyz":       {got, apiPolicy, e.ready},
		"/metrics":      {got, apiPolicy, e.metrics},
		attachmentsPath: {[]string{http.MethodGet, http.MethodPut}, apiPolicy, e.attachment},
	}
	if e.Custom != nil {
		routes[customPath] = &route{nil, apiPolicy, e.custom}
	}
	if e.Login != nil {
		routes["/login"] = &route{posted, apiPolicy, e.login}
	}
	if e.Logout != nil {
		routes["/logout"] = &route{posted, apiPolicy, e.logout}
	}
	if e.Console != nil {
		routes["/"] = &route{got, consolePolicy, e.console}
		routes["/console/"] = &route{got, consolePolicy, e.console}
	}
	about := e.reference()
	for _, path := range []string{openapi.DocumentPath, openapi.PagePath, openapi.StylePath} {
		routes[path] = &route{got, referencePolicy, about}
	}
	return routes
}

// find returns the route of a request and its path in the table, nil where
// there is nothing. A path counts only in its one plain form: with escapes that
// need not be, dots or double slashes it leads nowhere, so there is nothing to
// redirect, and a proxy in front cannot take it for another one. Names may be
// escaped as clients do it below /console/, where all is public, below
// /attachments/, and below /api/custom/, where customRoute looks at them.
func (e *edge) find(r *http.Request) (*route, string) {
	p := r.URL.Path
	if custom := e.routes[customPath]; custom != nil && strings.HasPrefix(p, customPath) {
		return custom, customPath
	}
	if r.URL.RawPath != "" && !mayEscape(r.URL) || !strings.HasPrefix(p, "/") || strings.ContainsFunc(p, unprintable) {
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

// mayEscape reports whether the names of a path may be escaped where they need not
// be. A slash of a name may not be escaped: a proxy could take it for one.
func mayEscape(u *url.URL) bool {
	if strings.HasPrefix(u.RawPath, attachmentsPath) {
		return !strings.Contains(strings.ToLower(u.RawPath), "%2f")
	}
	return strings.HasPrefix(u.RawPath, "/console/")
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
	if found.methods == nil {
		return nil
	}
	allowed := found.methods
	if at := slices.Index(allowed, http.MethodGet); at >= 0 {
		allowed = slices.Insert(slices.Clone(allowed), at+1, http.MethodHead)
	}
	if !slices.Contains(allowed, r.Method) {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return &refusal{http.StatusMethodNotAllowed, slnet.Errorf(slnet.KindInvalid,
			"%s does not take the method %.20q, only %s", r.URL.Path, r.Method, strings.Join(allowed, " and "))}
	}
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.ContentLength != 0 {
		return &refusal{http.StatusBadRequest, slnet.Errorf(slnet.KindInvalid, "a %s of %s takes no body", r.Method, r.URL.Path)}
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

// reference serves the description of what is here, which is the same for all.
func (e *edge) reference() func(http.ResponseWriter, *http.Request, *caller) {
	files := openapi.Handler()
	return func(w http.ResponseWriter, r *http.Request, _ *caller) {
		w.Header().Set("Cache-Control", "no-cache")
		extendWrite(w, 0)
		files.ServeHTTP(w, r)
	}
}

// console serves the files of the console. They may be kept by a browser that
// asks whether they are still the newest, unless the console says more.
func (e *edge) console(w http.ResponseWriter, r *http.Request, _ *caller) {
	w.Header().Set("Cache-Control", "no-cache")
	extendWrite(w, 0)
	e.Console.ServeHTTP(w, r)
}
