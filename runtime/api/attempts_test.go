package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
	"domovoi.dev/sdk/slnet"
)

// guesser logs in from any address, without a network and in no time.
type guesser struct {
	t       *testing.T
	handler http.Handler
	hashes  int // passwords that were looked at
}

func newGuesser(t *testing.T, proxies ...string) *guesser {
	g := &guesser{t: t}
	options := full()
	login := options.Login
	options.Login = func(ctx context.Context, user, password, address string, browser bool) (slnet.CreateTokenResponse, error) {
		g.hashes++
		return login(ctx, user, password, address, browser)
	}
	for _, proxy := range proxies {
		options.TrustedProxies = append(options.TrustedProxies, netip.MustParsePrefix(proxy))
	}
	g.handler = api.New(options)
	return g
}

// try logs in and returns the status, and after 429 how long to wait.
func (g *guesser) try(from, user, password string, headers ...string) (int, time.Duration) {
	g.t.Helper()
	r := httptest.NewRequest("POST", "/login", strings.NewReader(fmt.Sprintf(`{"User":%q,"Password":%q}`, user, password)))
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(from), 1234).String()
	r.Header.Set("Content-Type", jsonType)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	seconds, err := strconv.Atoi(w.Header().Get("Retry-After"))
	if (w.Code == 429) != (err == nil) {
		g.t.Errorf("status %d with Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	return w.Code, time.Duration(seconds) * time.Second
}

// fails makes wrong guesses until one is refused unseen, and returns how many
// were looked at.
func (g *guesser) fails(from, user string, most int) int {
	g.t.Helper()
	for n := range most {
		if status, _ := g.try(from, user, "wrong"); status == 429 {
			return n
		}
	}
	return most
}

// TestWhoWaitsAsToldMayTryAgain: Retry-After is the truth, and what was refused
// unseen costs no hash.
func TestWhoWaitsAsToldMayTryAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuesser(t)
		if got := g.fails("192.0.2.1", "ann", 100); got != 10 {
			t.Errorf("%d guesses on one name from one address, want 10", got)
		}
		_, wait := g.try("192.0.2.1", "ann", apitest.Password)
		if wait <= 0 || wait > 10*time.Second {
			t.Errorf("told to wait %s, want at most 10 s", wait)
		}
		if g.hashes != 10 {
			t.Errorf("%d passwords were looked at, want 10", g.hashes)
		}
		<-time.After(wait)
		if status, _ := g.try("192.0.2.1", "ANN", apitest.Password); status != 401 {
			t.Errorf("after the wait: got %d for a name of another case, want the login of the house to refuse it", status)
		}
		<-time.After(10 * time.Second)
		if status, _ := g.try("192.0.2.1", "ann", apitest.Password); status != 200 {
			t.Errorf("after the wait: got %d, want 200", status)
		}
		if got := g.fails("192.0.2.1", "ann", 100); got != 10 {
			t.Errorf("%d guesses after a login, want 10 again", got)
		}
	})
}

func TestOneAddressCannotTryManyNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuesser(t)
		n := 0
		for n < 200 {
			if status, _ := g.try("192.0.2.1", fmt.Sprint("user", n), "wrong"); status == 429 {
				break
			}
			n++
		}
		if n != 50 {
			t.Errorf("%d names from one address, want 50", n)
		}
		if status, _ := g.try("192.0.2.2", "ann", apitest.Password); status != 200 {
			t.Errorf("another address: got %d, want 200", status)
		}
	})
}

// TestManyAddressesCannotTryOneName, and do not lock out whom they go for.
func TestManyAddressesCannotTryOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuesser(t)
		if status, _ := g.try("198.51.100.1", "ann", apitest.Password); status != 200 {
			t.Fatal("the login fails")
		}
		n := 0
		for address := range 250 {
			n += g.fails(fmt.Sprint("192.0.2.", address), "ann", 2)
		}
		if n != 100 {
			t.Errorf("%d guesses on one name from many addresses, want 100", n)
		}
		if status, _ := g.try("198.51.100.1", "ann", apitest.Password); status != 200 {
			t.Errorf("the user where she was before: got %d, want 200", status)
		}
		if status, _ := g.try("203.0.113.1", "bob", "wrong"); status != 401 {
			t.Errorf("another user: got %d, want 401", status)
		}
	})
}

// TestAnIPv6NetworkIsOneAddress: a host of IPv6 has as many addresses as it
// likes.
func TestAnIPv6NetworkIsOneAddress(t *testing.T) {
	g := newGuesser(t)
	n := 0
	for i := range 20 {
		n += g.fails(fmt.Sprintf("2001:db8:1:2::%x", i+1), "ann", 1)
	}
	if n != 10 {
		t.Errorf("%d guesses from one network, want 10", n)
	}
	if status, _ := g.try("2001:db8:1:3::1", "ann", "wrong"); status != 401 {
		t.Errorf("another network: got %d, want 401", status)
	}
}

// TestForwardedAddresses: a trusted proxy says who is in front of it; what
// stands in front of that, and what others say, is ignored.
func TestForwardedAddresses(t *testing.T) {
	const proxy, stranger = "10.0.0.1", "192.0.2.1"
	for _, test := range []struct {
		name, from string
		lines      []string // with %d: another address for each guess
		same       bool     // all guesses count as one address
	}{
		{"stranger invents addresses", stranger, []string{"198.51.100.%d"}, true},
		{"proxy passes on", proxy, []string{"198.51.100.%d"}, false},
		{"invented in front of the real one", proxy, []string{"198.51.100.%d, 192.0.2.7"}, true},
		{"invented line in front of the real one", proxy, []string{"198.51.100.%d", "192.0.2.7"}, true},
		{"two proxies", proxy, []string{"198.51.100.%d, 10.0.0.2"}, false},
		{"nonsense in front of a proxy", proxy, []string{"198.51.100.%d, unknown, 10.0.0.2"}, true},
		{"proxy says nothing", proxy, nil, true},
		{"proxy in IPv6 form", "::ffff:10.0.0.1", []string{"198.51.100.%d"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newGuesser(t, "10.0.0.0/8")
			refused := false
			for n := range 12 {
				var headers []string
				for _, line := range test.lines {
					headers = append(headers, "X-Forwarded-For", strings.ReplaceAll(line, "%d", strconv.Itoa(n+1)))
				}
				status, _ := g.try(test.from, "ann", "wrong", headers...)
				refused = refused || status == 429
			}
			if refused != test.same {
				t.Errorf("refused %t, want %t", refused, test.same)
			}
		})
	}
}

// TestForwardedProto: only a trusted proxy can say that a request came over TLS.
func TestForwardedProto(t *testing.T) {
	g := newGuesser(t, "10.0.0.0/8")
	for from, secure := range map[string]bool{"10.0.0.1": true, "192.0.2.1": false} {
		r := httptest.NewRequest("POST", "/login", strings.NewReader(cookieLogin))
		r.RemoteAddr = from + ":1"
		r.Header.Set("Content-Type", jsonType)
		r.Header.Set("X-Forwarded-Proto", "https")
		w := httptest.NewRecorder()
		g.handler.ServeHTTP(w, r)
		if got := strings.HasPrefix(w.Header().Get("Set-Cookie"), "__Host-"); w.Code != 200 || got != secure {
			t.Errorf("from %s: got %d with %q", from, w.Code, w.Header().Get("Set-Cookie"))
		}
	}
}

// TestAttemptsAreForgottenInOrder: however many names somebody tries, those with
// the most failures are remembered.
func TestAttemptsAreForgottenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuesser(t)
		g.fails("192.0.2.1", "ann", 10)
		for i := range 10_100 {
			from := netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})
			g.try(from.String(), fmt.Sprint("user", i), "wrong")
		}
		if status, _ := g.try("192.0.2.1", "ann", apitest.Password); status != 429 {
			t.Errorf("got %d, want 429: the failures are forgotten", status)
		}
	})
}
