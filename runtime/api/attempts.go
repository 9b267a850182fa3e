package api

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"domovoi.dev/runtime/pace"
)

// Bounds on guessing passwords. Each is a burst of failed attempts, then one in
// a while. That on a user name from one address is the tight one. That on an
// address catches who tries one password on many names, and leaves room for the
// people behind one proxy. That on a user name catches who comes from many
// addresses; since with it a stranger could lock the user out, it does not count
// for addresses from which that user has logged in before.
var (
	perPair    = pace.Pace{Burst: 10, Every: 10 * time.Second}
	perAddress = pace.Pace{Burst: 50, Every: 2 * time.Second}
	perUser    = pace.Pace{Burst: 100, Every: 10 * time.Second}
)

const (
	maxKnown = 10_000 // pairs remembered that have logged in
	maxName  = 256    // bytes of a user name that count
)

// attempts remembers who failed to log in as whom.
type attempts struct {
	mu        sync.Mutex
	pairs     pace.Ledger[attempt]      // guarded by mu
	addresses pace.Ledger[netip.Prefix] // guarded by mu
	users     pace.Ledger[string]       // guarded by mu
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
	wait := max(a.pairs.Wait(at, perPair, now), a.addresses.Wait(at.from, perAddress, now))
	if !a.known[at] {
		wait = max(wait, a.users.Wait(user, perUser, now))
	}
	if wait == 0 {
		a.pairs.Take(at, perPair, now)
		a.addresses.Take(at.from, perAddress, now)
		a.users.Take(user, perUser, now)
	}
	return at, wait
}

// succeed takes an attempt back, and those of the pair before it.
func (a *attempts) succeed(at attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pairs, at)
	a.addresses.GiveBack(at.from, perAddress)
	a.users.GiveBack(at.user, perUser)
	if len(a.known) >= maxKnown {
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
