package api

import (
	"net/http"
	"net/netip"
	"strings"
)

// What a browser may do with an answer. An answer of the API is no page, so
// nothing; the console's pages use what comes from their own daemon. Neither
// runs scripts or styles that stand in a page itself, and neither can be shown
// in a frame.
const (
	apiPolicy     = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	referencePolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// strictTransport makes browsers come back encrypted for a year.
const strictTransport = "max-age=31536000"

// secure sets the headers that every answer has.
func (e *edge) secure(w http.ResponseWriter, r *http.Request, policy string) {
	header := w.Header()
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = noSniff
	header["Referrer-Policy"] = noReferrer
	header["Cross-Origin-Resource-Policy"] = sameOrigin
	header.Set("Content-Security-Policy", policy)
	// A browser would remember it for all that runs on this machine.
	if e.encrypted(r) && !isLocalhost(r.Host) {
		header.Set("Strict-Transport-Security", strictTransport)
	}
}

// Values that many answers share; nobody changes them.
var (
	noStore    = []string{"no-store"}
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	sameOrigin = []string{"same-origin"}
)

func isLocalhost(host string) bool {
	host, _, _ = strings.Cut(strings.ToLower(host), ":")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// encrypted reports whether the request came over TLS, here or at a trusted
// proxy.
func (e *edge) encrypted(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if peer, ok := peerAddr(r); !ok || !e.trusts(peer) {
		return false
	}
	protocols := list(r.Header["X-Forwarded-Proto"])
	return len(protocols) > 0 && strings.EqualFold(protocols[len(protocols)-1], "https")
}

// client returns the address of who sent the request: the peer, or when that is
// a trusted proxy, the last address in X-Forwarded-For that is not one. What
// stands in front of that address could be anybody's invention.
func (e *edge) client(r *http.Request) netip.Addr {
	addr, ok := peerAddr(r)
	if !ok {
		return netip.Addr{}
	}
	hops := list(r.Header["X-Forwarded-For"])
	for i := len(hops) - 1; i >= 0 && e.trusts(addr); i-- {
		before, err := netip.ParseAddr(hops[i])
		if err != nil {
			break
		}
		addr = before.Unmap().WithZone("")
	}
	return addr
}

// address is client as text, empty where that is not known.
func (e *edge) address(r *http.Request) string {
	if addr := e.client(r); addr.IsValid() {
		return addr.String()
	}
	return ""
}

func (e *edge) trusts(addr netip.Addr) bool {
	for _, prefix := range e.TrustedProxies {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// peerAddr returns the address at the other end of the connection; ok is false
// where that is none of the Internet.
func peerAddr(r *http.Request) (addr netip.Addr, ok bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr().Unmap().WithZone(""), err == nil
}

// list splits a header that may be given several times into its elements.
func list(lines []string) []string {
	var elements []string
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			elements = append(elements, strings.TrimSpace(element))
		}
	}
	return elements
}
