// Package pace bounds how often things may happen: so many at once, then one in a
// while, counted for each of a bounded number of keys.
package pace

import "time"

// Pace is how often something may happen: Burst at once, then one in Every.
type Pace struct {
	Burst int
	Every time.Duration
}

// maxKeys is how many keys a Ledger remembers.
const maxKeys = 10_000

// Ledger has for each key the time at which all is forgiven: each thing taken
// moves it by the pace, and no more may be taken while it is further ahead than
// a burst. The zero Ledger is empty. It is not safe for use by several goroutines
// at a time.
type Ledger[K comparable] map[K]time.Time

// Wait says how long to wait before the next can be taken.
func (l Ledger[K]) Wait(key K, p Pace, now time.Time) time.Duration {
	forgiven := l[key]
	if forgiven.Before(now) {
		return 0
	}
	return max(0, forgiven.Add(p.Every).Sub(now)-time.Duration(p.Burst)*p.Every)
}

// Take counts one.
func (l *Ledger[K]) Take(key K, p Pace, now time.Time) {
	if *l == nil {
		*l = make(Ledger[K])
	}
	forgiven, known := (*l)[key]
	if !known && len(*l) >= maxKeys {
		l.forget(now)
	}
	if forgiven.Before(now) {
		forgiven = now
	}
	(*l)[key] = forgiven.Add(p.Every)
}

// GiveBack takes back what was counted last.
func (l Ledger[K]) GiveBack(key K, p Pace) {
	if forgiven, ok := l[key]; ok {
		l[key] = forgiven.Add(-p.Every)
	}
}

// forget makes room for one: all that is forgiven goes, or else what would be
// next. Those who did the most stay the longest.
func (l Ledger[K]) forget(now time.Time) {
	var first K
	var soonest time.Time
	for key, forgiven := range l {
		if forgiven.Before(now) {
			delete(l, key)
		} else if soonest.IsZero() || forgiven.Before(soonest) {
			first, soonest = key, forgiven
		}
	}
	if len(l) >= maxKeys {
		delete(l, first)
	}
}
