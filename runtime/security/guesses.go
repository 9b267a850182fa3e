package security

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// Whoever has a login of somebody else must not find the password with it: of a
// user's password, so many guesses are free, then one in a while.
const (
	guessBurst = 5
	guessEvery = 10 * time.Second
)

// guesses counts guesses of passwords by user. There are as many as users who
// tried lately.
type guesses struct {
	mu sync.Mutex
	// next is when all guesses of a user are free again. guarded by mu
	next map[uuid.UUID]time.Time
}

// allow counts a guess and reports whether it may be made.
func (g *guesses) allow(user uuid.UUID, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for other, next := range g.next {
		if !next.After(now) {
			delete(g.next, other)
		}
	}
	next, ok := g.next[user]
	if !ok {
		next = now
	}
	if next.Sub(now) > (guessBurst-1)*guessEvery {
		return false
	}
	if g.next == nil {
		g.next = make(map[uuid.UUID]time.Time)
	}
	g.next[user] = next.Add(guessEvery)
	return true
}
