package api

import (
	"net/http"
	"strings"
	"time"

	"domovoi.dev/sdk/slnet"
)

// caller is who a request comes from.
type caller struct {
	slnet.Connection
	secret  string
	cookie  bool   // the secret came in a cookie
	address string // where the request comes from
}

// maxSecret bounds what is looked at as a token.
const maxSecret = 4096

// authenticate finds out who the request comes from. The Authorization header
// counts before the cookie. A browser sends the cookie without being asked, also
// for a page of somebody else; so what comes with it must be of this origin.
func (e *edge) authenticate(r *http.Request) (*caller, error) {
	c := &caller{address: e.address(r)}
	var err error
	if value := r.Header.Get("Authorization"); value != "" {
		c.secret, err = bearer(value)
	} else {
		c.secret, err = e.cookieSecret(r)
		c.cookie = true
	}
	if err != nil {
		return nil, err
	}
	if c.Connection, err = e.Connect(r.Context(), c.secret, c.address); err != nil {
		return nil, err
	}
	if c.cookie {
		err = e.checkOrigin(r)
	}
	return c, err
}

// bearer returns the token of an Authorization header.
func bearer(value string) (string, error) {
	scheme, secret, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") || !isSecret(secret) {
		return "", slnet.Errorf(slnet.KindUnauthenticated, `the Authorization header is malformed; want "Bearer <token>"`)
	}
	return secret, nil
}

func isSecret(text string) bool {
	return text != "" && len(text) <= maxSecret && !strings.ContainsFunc(text, notVisible)
}

func notVisible(r rune) bool { return r <= ' ' || r > '~' }

// Names of the session cookie. A browser takes one with the prefix only from
// this very host over TLS, so nobody beside it in the domain can plant one.
const (
	cookieName       = "domovoi"
	secureCookieName = "__Host-domovoi"
)

func (e *edge) cookieName(r *http.Request) string {
	if e.encrypted(r) {
		return secureCookieName
	}
	return cookieName
}

// cookieSecret returns the token in the session cookie. Two cookies of the name
// are none: one of them is not ours.
func (e *edge) cookieSecret(r *http.Request) (string, error) {
	cookies := r.CookiesNamed(e.cookieName(r))
	switch {
	case len(cookies) == 0:
		return "", slnet.Errorf(slnet.KindUnauthenticated, `no token; send one in the header "Authorization: Bearer <token>", or log in`)
	case len(cookies) > 1 || !isSecret(cookies[0].Value):
		return "", slnet.Errorf(slnet.KindUnauthenticated, "the session cookie is malformed; log in again")
	}
	return cookies[0].Value, nil
}

// setCookie hands a token to a browser, for as long as it works. Scripts of a
// page cannot read it.
func (e *edge) setCookie(w http.ResponseWriter, r *http.Request, token slnet.CreateTokenResponse) {
	cookie := e.newCookie(r, token.Secret)
	cookie.Expires = token.Token.ExpiresAt
	http.SetCookie(w, cookie)
}

// clearCookie takes the token back from the browser.
func (e *edge) clearCookie(w http.ResponseWriter, r *http.Request) {
	cookie := e.newCookie(r, "")
	cookie.Expires, cookie.MaxAge = time.Unix(1, 0), -1
	http.SetCookie(w, cookie)
}

func (e *edge) newCookie(r *http.Request, value string) *http.Cookie {
	return &http.Cookie{
		Name: e.cookieName(r), Value: value, Path: "/",
		HttpOnly: true, Secure: e.encrypted(r), SameSite: http.SameSiteStrictMode,
	}
}

// checkOrigin refuses what a browser sends for a page of another origin. Reading
// is refused too where the browser says so: nobody else has a use for it.
func (e *edge) checkOrigin(r *http.Request) error {
	err := e.crossOrigin.Check(r)
	if err == nil {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "same-origin", "none":
			return nil
		}
	}
	return slnet.Errorf(slnet.KindPermissionDenied, "the request comes from a page of another origin; a proxy in front of the daemon must pass the Host header on")
}
