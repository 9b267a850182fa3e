package api

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Bounds on guessing passwords: a burst of attempts, then one in a while. They
// count for a user name from one peer, so that nobody can lock a user out from
// elsewhere.
const (
	attemptBurst = 10
	attemptEvery = 10 * time.Second
	maxAttempts  = 10_000 // pairs of peer and user remembered
	maxName      = 256    // bytes of a user name that count
)

// attempts remembers who tried to log in as whom.
type attempts struct {
	mu       sync.Mutex
	limiters map[string]*rate.Limiter // guarded by mu
}

// begin counts an attempt and reports whether it may go on. The key is for
// succeed.
func (a *attempts) begin(r *http.Request, user string, now time.Time) (key string, ok bool) {
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		peer = r.RemoteAddr
	}
	user = strings.ToLower(user)
	key = peer + " " + user[:min(len(user), maxName)]
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.limiters == nil {
		a.limiters = make(map[string]*rate.Limiter)
	}
	limiter := a.limiters[key]
	if limiter == nil {
		if len(a.limiters) >= maxAttempts {
			a.forget(now)
		}
		limiter = rate.NewLimiter(rate.Every(attemptEvery), attemptBurst)
		a.limiters[key] = limiter
	}
	return key, limiter.AllowN(now, 1)
}

// succeed takes the attempts back.
func (a *attempts) succeed(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.limiters, key)
}

// forget makes room: those who may try as often as a newcomer go, and when that
// is not enough, all. The caller holds mu.
func (a *attempts) forget(now time.Time) {
	for key, limiter := range a.limiters {
		if limiter.TokensAt(now) >= attemptBurst {
			delete(a.limiters, key)
		}
	}
	if len(a.limiters) >= maxAttempts {
		clear(a.limiters)
	}
}
