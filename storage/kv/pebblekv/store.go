package pebblekv

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/occ"
)

// maxAttempts is how often a transaction is tried before Update gives up. Among
// those that wait the one that lost most often goes first, so a transaction
// loses about as often as there are others that want the same keys, at worst.
const maxAttempts = 1000

// Store is an open store. It implements kv.Store.
type Store struct {
	dir   string
	db    *pebble.DB
	guard *guard
	space *space // nil when nobody watches it

	current   atomic.Pointer[snapshot]
	committer committer

	// active counts the calls that use db. Close waits until there are none.
	active  atomic.Int64
	closed  atomic.Bool
	closing chan struct{} // closed by Close
	drained chan struct{} // may be sent to when active has become 0 while closing

	watching  sync.WaitGroup // the goroutine that watches the space
	leaked    atomic.Int64
	iterators atomic.Int64 // open ones

	mu        sync.Mutex
	published chan struct{} // closed at the next commit; nil when nobody waits; guarded by mu
}

var _ kv.Store = (*Store)(nil)

// enter begins a call that uses db; leave ends it.
func (s *Store) enter() error {
	s.active.Add(1)
	if s.closed.Load() {
		s.leave()
		return fmt.Errorf("store %s: %w", s.dir, kv.ErrClosed)
	}
	if err := s.guard.failure(); err != nil {
		s.leave()
		return err
	}
	return nil
}

func (s *Store) leave() {
	if s.active.Add(-1) == 0 && s.closed.Load() {
		select {
		case s.drained <- struct{}{}:
		default:
		}
	}
}

// View implements kv.Store.
func (s *Store) View(ctx context.Context, fn func(r kv.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	b := s.acquire(false)
	defer s.release(b)
	r := occ.NewReader(b)
	defer func() { s.countLeaks(r.End()) }()
	return fn(r)
}

// Update implements kv.Store.
func (s *Store) Update(ctx context.Context, fn func(tx kv.Tx) error) (kv.Version, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	for losses := range maxAttempts {
		v, done, err := s.attempt(ctx, fn, losses)
		if done || err != nil {
			return v, err
		}
	}
	return 0, fmt.Errorf("update failed %d times: %w", maxAttempts, kv.ErrConflict)
}

// attempt runs fn once and commits what it wrote. It is not done when it
// conflicted. The snapshot is held until the commit, so that the window keeps
// the commits made meanwhile.
func (s *Store) attempt(ctx context.Context, fn func(tx kv.Tx) error, losses int) (v kv.Version, done bool, err error) {
	b := s.acquire(true)
	defer s.release(b)
	changes, err := s.execute(ctx, b, fn)
	switch {
	case err != nil:
		changes.Release()
		return 0, false, err
	case changes.Empty():
		changes.Release()
		return b.Version(), true, nil
	}
	size := int64(changes.Size())
	if err := s.space.admit(size); err != nil {
		changes.Release()
		return 0, false, err
	}
	defer s.space.settle(size)
	return s.commit(changes, losses)
}

// execute runs fn on b and returns what it left, also with an error.
func (s *Store) execute(ctx context.Context, b *base, fn func(tx kv.Tx) error) (changes *occ.Changes, err error) {
	tx := occ.Begin(b)
	defer func() {
		c, leaked, failed := tx.End()
		s.countLeaks(leaked)
		changes = c
		if err == nil {
			err = failed
		}
		if err == nil {
			err = ctx.Err()
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, fn(tx)
}

// countLeaks notes iterators that were left open. They have been closed since,
// but whoever leaves one open may hold it for long, so Close reports them.
func (s *Store) countLeaks(n int) {
	if n > 0 {
		s.leaked.Add(int64(n))
	}
}

// Version implements kv.Store.
func (s *Store) Version() kv.Version { return s.current.Load().version }

// Wait implements kv.Store.
func (s *Store) Wait(ctx context.Context, after kv.Version) (kv.Version, error) {
	for {
		if s.closed.Load() {
			return 0, fmt.Errorf("store %s: %w", s.dir, kv.ErrClosed)
		}
		if err := s.guard.failure(); err != nil {
			return 0, err
		}
		s.mu.Lock()
		if s.published == nil {
			s.published = make(chan struct{})
		}
		published := s.published
		s.mu.Unlock()
		if v := s.Version(); v > after {
			return v, nil
		}
		select {
		case <-published:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-s.closing:
		case <-s.guard.failed:
		}
	}
}

// announce wakes those who wait for a new version.
func (s *Store) announce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.published != nil {
		close(s.published)
		s.published = nil
	}
}
