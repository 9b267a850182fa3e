package api

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Bounds on guessing passwords. Each is a burst of failed attempts, then one in
// a while. That on a user name from one address is the tight one. That on an
// address catches who tries one password on many names, and leaves room for the
// people behind one proxy. That on a user name catches who comes from many
// addresses; since with it a stranger could lock the user out, it does not count
// for addresses from which that user has logged in before.
var (
	perPair    = pace{burst: 10, every: 10 * time.Second}
	perAddress = pace{burst: 50, every: 2 * time.Second}
	perUser    = pace{burst: 100, every: 10 * time.Second}
)

const (
	maxAttempts = 10_000 // entries remembered of each kind
	maxName     = 256    // bytes of a user name that count
)

// A pace is how often something may happen.
type pace struct {
	burst int
	every time.Duration
}

// attempts remembers who failed to log in as whom.
type attempts struct {
	mu        sync.Mutex
	pairs     ledger[attempt]      // guarded by mu
	addresses ledger[netip.Prefix] // guarded by mu
	users     ledger[string]       // guarded by mu
	// known are pairs that have logged in. guarded by mu
	known map[attempt]bool
}

// attempt is one of a user, by folded name, from a network.
type attempt struct {
	from netip.Prefix
	user string
}

// begin counts an attempt as failed and returns how long to wait with it; 0
// means that it may go on. What is to wait is not counted.
func (a *attempts) begin(from netip.Addr, user string, now time.Time) (attempt, time.Duration) {
	user = strings.ToLower(user[:min(len(user), maxName)])
	at := attempt{network(from), user}
	a.mu.Lock()
	defer a.mu.Unlock()
	wait := max(a.pairs.wait(at, perPair, now), a.addresses.wait(at.from, perAddress, now))
	if !a.known[at] {
		wait = max(wait, a.users.wait(user, perUser, now))
	}
	if wait == 0 {
		a.pairs.take(at, perPair, now)
		a.addresses.take(at.from, perAddress, now)
		a.users.take(user, perUser, now)
	}
	return at, wait
}

// succeed takes an attempt back, and those of the pair before it.
func (a *attempts) succeed(at attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pairs, at)
	a.addresses.giveBack(at.from, perAddress)
	a.users.giveBack(at.user, perUser)
	if len(a.known) >= maxAttempts {
		clear(a.known)
	}
	if a.known == nil {
		a.known = make(map[attempt]bool)
	}
	a.known[at] = true
}

// network is what counts as one address: whoever has one of IPv6 has 2^64 of
// them.
func network(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // the zero one where there is no address
	return prefix
}

// A ledger has for each key the time at which all is forgiven: each thing taken
// moves it by the pace, and no more may be taken while it is further ahead than
// a burst.
type ledger[K comparable] map[K]time.Time

// wait says how long to wait before the next can be taken.
func (l ledger[K]) wait(key K, p pace, now time.Time) time.Duration {
	forgiven := l[key]
	if forgiven.Before(now) {
		return 0
	}
	return max(0, forgiven.Add(p.every).Sub(now)-time.Duration(p.burst)*p.every)
}

func (l *ledger[K]) take(key K, p pace, now time.Time) {
	if *l == nil {
		*l = make(ledger[K])
	}
	forgiven, known := (*l)[key]
	if !known && len(*l) >= maxAttempts {
		l.forget(now)
	}
	if forgiven.Before(now) {
		forgiven = now
	}
	(*l)[key] = forgiven.Add(p.every)
}

func (l ledger[K]) giveBack(key K, p pace) {
	if forgiven, ok := l[key]; ok {
		l[key] = forgiven.Add(-p.every)
	}
}

// forget makes room for one: all that is forgiven goes, or else what would be
// next. Those who did the most stay the longest.
func (l ledger[K]) forget(now time.Time) {
	var first K
	var soonest time.Time
	for key, forgiven := range l {
		if forgiven.Before(now) {
			delete(l, key)
		} else if soonest.IsZero() || forgiven.Before(soonest) {
			first, soonest = key, forgiven
		}
	}
	if len(l) >= maxAttempts {
		delete(l, first)
	}
}
