// Package memkv is an engine of package kv in memory, written to be plainly
// right: it is the model other engines are compared with, and serves tests that
// need no disk. Nothing survives Close.
package memkv

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"domovoi.dev/storage/kv"
)

const (
	// maxAttempts is how often a transaction is tried before Update gives up.
	maxAttempts = 10_000
	// maxCommits is how many commits are remembered. A transaction that began
	// before them conflicts.
	maxCommits = 10_000
)

// Store is a store in memory. It implements kv.Store.
type Store struct {
	mu      sync.Mutex
	changed *sync.Cond // on mu: active has fallen
	active  int
	closed  bool
	state   state
	commits []commit      // newest last
	news    chan struct{} // closed at the next commit and at Close
}

var _ kv.Store = (*Store)(nil)

// state is what the store holds after a commit.
type state struct {
	version kv.Version
	keys    *tree
}

// commit is what a commit wrote.
type commit struct {
	version kv.Version
	wrote   []kv.Range
}

// New returns an empty store.
func New() *Store {
	s := &Store{news: make(chan struct{})}
	s.changed = sync.NewCond(&s.mu)
	return s
}

var errClosed = fmt.Errorf("memory store: %w", kv.ErrClosed)

func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
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

func (s *Store) snapshot() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
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
	r := &reader{state: s.snapshot()}
	defer r.end()
	return fn(r)
}

// Update implements kv.Store.
func (s *Store) Update(ctx context.Context, fn func(tx kv.Tx) error) (kv.Version, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	for range maxAttempts {
		t, err := s.execute(ctx, fn)
		if err != nil {
			return 0, err
		}
		if len(t.writes)+len(t.versioned) == 0 {
			return t.state.version, nil
		}
		if v, ok := s.commit(t); ok {
			return v, nil
		}
	}
	return 0, fmt.Errorf("update failed %d times: %w", maxAttempts, kv.ErrConflict)
}

func (s *Store) execute(ctx context.Context, fn func(tx kv.Tx) error) (*tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &tx{reader: reader{state: s.snapshot(), reads: new([]kv.Range)}}
	defer t.end()
	if err := fn(t); err != nil {
		return nil, err
	}
	if t.err != nil {
		return nil, t.err
	}
	return t, ctx.Err()
}

// commit applies the writes of t to the newest state, unless something t read
// was written since its snapshot.
func (s *Store) commit(t *tx) (kv.Version, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*t.reads) > 0 && s.conflicts(*t.reads, t.state.version) {
		return 0, false
	}
	next := state{version: s.state.version + 1, keys: s.state.keys}
	c := commit{version: next.version}
	for _, w := range append(t.writes, t.versioned...) {
		var wrote kv.Range
		next.keys, wrote = w(next.keys, next.version)
		c.wrote = append(c.wrote, wrote)
	}
	s.state = next
	s.commits = append(s.commits, c)
	if len(s.commits) > maxCommits {
		s.commits = append([]commit(nil), s.commits[maxCommits/2:]...)
	}
	close(s.news)
	s.news = make(chan struct{})
	return next.version, true
}

func (s *Store) conflicts(reads []kv.Range, snapshot kv.Version) bool {
	known := s.state.version - kv.Version(len(s.commits))
	if snapshot < known {
		return true
	}
	for _, c := range s.commits[snapshot-known:] {
		for _, w := range c.wrote {
			for _, r := range reads {
				if before(w.Begin, r.End) && before(r.Begin, w.End) {
					return true
				}
			}
		}
	}
	return false
}

// Version implements kv.Store.
func (s *Store) Version() kv.Version { return s.snapshot().version }

// Wait implements kv.Store.
func (s *Store) Wait(ctx context.Context, after kv.Version) (kv.Version, error) {
	for {
		s.mu.Lock()
		v, closed, news := s.state.version, s.closed, s.news
		s.mu.Unlock()
		switch {
		case closed:
			return 0, errClosed
		case v > after:
			return v, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Close implements kv.Store. It must not be called from within a transaction.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.closed = true
	close(s.news)
	s.news = make(chan struct{})
	for s.active > 0 {
		s.changed.Wait()
	}
	s.state.keys, s.commits = nil, nil
	return nil
}

// errEnded is returned by what is used after its end.
var errEnded = errors.New("used after its end")

// point is the range that holds only key.
func point(key []byte) kv.Range {
	return kv.Range{Begin: clone(key), End: after(key)}
}
