// Package overlay is an engine of package kv that lies over a snapshot of
// another: it shows what the other held at one moment, and keeps what is written
// to it in memory. The other store never learns of it, and nothing is left when
// it is closed.
package overlay

import (
	"context"
	"fmt"
	"sync"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/occ"
)

// maxAttempts is how often a transaction is tried before Update gives up. In
// every round somebody commits.
const maxAttempts = 10_000

// Store is an open overlay. It implements kv.Store. Its versions go on from that
// of the snapshot.
//
// The snapshot belongs to one goroutine at a time, as every kv.Reader does, so
// each single read, and not only each commit, takes mu.
type Store struct {
	max    int
	closed chan struct{} // closed by Close
	ended  chan error    // gets what the base's View returned

	mu      sync.Mutex
	changed *sync.Cond // on mu: active has fallen
	layer   *occ.Layer
	window  *occ.Window
	active  int                // calls that use the snapshot
	updates map[kv.Version]int // transactions under way, by their snapshot
	leaked  int
	closing bool
	news    chan struct{} // closed at the next commit
}

var _ kv.Store = (*Store)(nil)

// Open returns a store over the newest snapshot of base, that keeps at most
// about max bytes of writes; more is kv.ErrFull. The snapshot is held until
// Close, which must come before that of the base.
func Open(base kv.Store, max int) (*Store, error) {
	s := &Store{
		max: max, closed: make(chan struct{}), ended: make(chan error, 1),
		updates: make(map[kv.Version]int), news: make(chan struct{}),
	}
	s.changed = sync.NewCond(&s.mu)
	opened := make(chan kv.Reader)
	go func() {
		s.ended <- base.View(context.Background(), func(r kv.Reader) error {
			opened <- r
			<-s.closed
			return nil
		})
	}()
	select {
	case r := <-opened:
		s.layer = occ.NewLayer(&snapshot{reader: r})
		s.window = occ.NewWindow(r.Version())
		return s, nil
	case err := <-s.ended:
		return nil, fmt.Errorf("open an overlay: %w", err)
	}
}

var errClosed = fmt.Errorf("overlay: %w", kv.ErrClosed)

func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return errClosed
	}
	s.active++
	return nil
}

func (s *Store) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	s.changed.Broadcast()
}

func (s *Store) newest() occ.LayerState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.layer.Newest()
}

// View implements kv.Store.
func (s *Store) View(ctx context.Context, fn func(r kv.Reader) error) error {
	return s.view(ctx, s.newest, fn)
}

// ViewBase runs fn on the snapshot without what was written since.
func (s *Store) ViewBase(ctx context.Context, fn func(r kv.Reader) error) error {
	return s.view(ctx, s.layer.Before, fn)
}

func (s *Store) view(ctx context.Context, state func() occ.LayerState, fn func(r kv.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	r := occ.NewReader(&view{s, state()})
	defer func() { s.countLeaks(r.End()) }()
	return fn(r)
}

// countLeaks notes iterators that were left open, for Close to report.
func (s *Store) countLeaks(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaked += n
}

// Update implements kv.Store.
func (s *Store) Update(ctx context.Context, fn func(tx kv.Tx) error) (kv.Version, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	for range maxAttempts {
		v, done, err := s.attempt(ctx, fn)
		if done || err != nil {
			return v, err
		}
	}
	return 0, fmt.Errorf("update failed %d times: %w", maxAttempts, kv.ErrConflict)
}

// attempt runs fn once and commits what it wrote. It is not done when it
// conflicted.
func (s *Store) attempt(ctx context.Context, fn func(tx kv.Tx) error) (v kv.Version, done bool, err error) {
	state := s.begin()
	defer s.end(state)
	changes, err := s.execute(ctx, state, fn)
	switch {
	case err != nil:
		changes.Release()
		return 0, false, err
	case changes.Empty():
		changes.Release()
		return state.Version(), true, nil
	}
	return s.commit(changes)
}

// begin notes a transaction, so that the window keeps what is committed while it
// runs; end forgets it.
func (s *Store) begin() occ.LayerState {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.layer.Newest()
	s.updates[state.Version()]++
	return state
}

func (s *Store) end(state occ.LayerState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.updates[state.Version()]--; s.updates[state.Version()] == 0 {
		delete(s.updates, state.Version())
	}
	oldest := s.layer.Newest().Version()
	for v := range s.updates {
		oldest = min(oldest, v)
	}
	s.window.Trim(oldest)
}

// execute runs fn on a state and returns what it left, also with an error.
func (s *Store) execute(ctx context.Context, state occ.LayerState, fn func(tx kv.Tx) error) (changes *occ.Changes, err error) {
	tx := occ.Begin(&view{s, state})
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

func (s *Store) commit(changes *occ.Changes) (v kv.Version, done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.window.Conflicts(changes) {
		changes.Release()
		return 0, false, nil
	}
	if s.layer.Size()+s.layer.Growth(changes) > s.max {
		changes.Release()
		return 0, false, fmt.Errorf("an overlay keeps at most %d MiB of writes: %w", s.max>>20, kv.ErrFull)
	}
	v = s.layer.Newest().Version() + 1
	s.layer.Apply(changes, v)
	s.window.Add(changes, v)
	close(s.news)
	s.news = make(chan struct{})
	return v, true, nil
}

// Version implements kv.Store.
func (s *Store) Version() kv.Version { return s.newest().Version() }

// BaseVersion is the version of the snapshot.
func (s *Store) BaseVersion() kv.Version { return s.layer.Before().Version() }

// Written returns the keys of a range that were written by themselves since the
// snapshot, in their order. Those that were only deleted with a range are not
// among them.
func (s *Store) Written(rng kv.Range) (keys [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layer.Written(rng.Begin, rng.End, func(key []byte) bool {
		keys = append(keys, key)
		return true
	})
	return keys
}

// Wait implements kv.Store.
func (s *Store) Wait(ctx context.Context, after kv.Version) (kv.Version, error) {
	for {
		s.mu.Lock()
		v, closing, news := s.layer.Newest().Version(), s.closing, s.news
		s.mu.Unlock()
		switch {
		case closing:
			return 0, errClosed
		case v > after:
			return v, nil
		}
		select {
		case <-news:
		case <-s.closed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Close implements kv.Store. It lets go of the snapshot, and of what was
// written.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return errClosed
	}
	s.closing = true
	close(s.news) // for those who wait; nobody commits any more but who is inside
	s.news = make(chan struct{})
	for s.active > 0 {
		s.changed.Wait()
	}
	leaked := s.leaked
	s.mu.Unlock()
	close(s.closed)
	if err := <-s.ended; err != nil {
		return fmt.Errorf("close an overlay: %w", err)
	}
	if leaked > 0 {
		return fmt.Errorf("close an overlay: %d iterators were left open", leaked)
	}
	return nil
}
