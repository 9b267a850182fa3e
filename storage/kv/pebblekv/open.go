package pebblekv

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/occ"
)

// Open opens the store in dir and makes it when it does not exist. The caller
// closes it. The error is kv.ErrLocked when another process, or this one, has
// it open, and kv.ErrNewerFormat when a newer program has written it.
func Open(dir string, opts Options) (*Store, error) {
	s, err := open(dir, opts.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return s, nil
}

func open(dir string, opts Options) (*Store, error) {
	closing := make(chan struct{})
	watch := newSpace(dir, opts, closing)
	s := &Store{
		dir:     dir,
		space:   watch,
		guard:   newGuard(dir, opts, watch),
		closing: closing,
		drained: make(chan struct{}, 1),
		committer: committer{
			wake: make(chan struct{}, 1),
			stop: make(chan struct{}),
			done: make(chan struct{}),
		},
	}
	var version kv.Version
	err := s.guard.run(func() (err error) {
		s.db, version, err = openPebble(dir, opts.pebbleOptions(s.guard))
		return err
	})
	if err == nil {
		s.committer.window = occ.NewWindow(version)
		s.publish(version)
		go s.runCommitter()
		s.watchSpace()
		s.guard.opened.Store(true)
		err = s.guard.failure() // of background work, before anybody would be told
	}
	if errors.Is(err, kv.ErrFailed) {
		err = s.guard.cause // the store is not open, so it need not be reopened
	}
	if err != nil {
		return nil, errors.Join(err, s.guard.unlock())
	}
	return s, nil
}

func openPebble(dir string, opts *pebble.Options) (*pebble.DB, kv.Version, error) {
	db, err := pebble.Open(dir, opts)
	if err != nil {
		// Pebble has no error value for this.
		if strings.Contains(err.Error(), "unknown format major version") {
			err = fmt.Errorf("%w: %w, this program knows up to %d", kv.ErrNewerFormat, err, pebble.FormatNewest)
		}
		return nil, 0, err
	}
	version, err := loadMeta(db)
	if err != nil {
		return nil, 0, errors.Join(err, db.Close())
	}
	return db, version, nil
}

// watchSpace begins to watch the free space, which ends with Close.
func (s *Store) watchSpace() {
	if s.space.watches() {
		s.space.measure = func() int64 { return s.db.Metrics().Levels[0].TablesSize }
		s.space.owed.Store(s.space.measure())
		s.space.look()
		s.watching.Go(func() { s.space.run() })
	}
}

// Close implements kv.Store. It must not be called from within a transaction.
// Of a store that has failed it returns the failure, without waiting for
// running transactions.
func (s *Store) Close() error {
	if !s.closed.CompareAndSwap(false, true) {
		return fmt.Errorf("store %s: %w", s.dir, kv.ErrClosed)
	}
	close(s.closing)
	if err := s.guard.run(s.shutDown); err != nil {
		return fmt.Errorf("close store %s: %w", s.dir, errors.Join(err, s.guard.unlock()))
	}
	if n := s.leaked.Load(); n > 0 {
		return fmt.Errorf("close store %s: %d iterators were not closed before their functions ended", s.dir, n)
	}
	return nil
}

// shutDown waits for the running calls and the committer and closes Pebble.
func (s *Store) shutDown() error {
	s.watching.Wait()
	for s.active.Load() > 0 {
		<-s.drained
	}
	close(s.committer.stop)
	<-s.committer.done
	if err := s.guard.failure(); err != nil {
		return err // Pebble is no longer to be touched
	}
	s.current.Load().refs.Add(-1)
	s.committer.older = append(s.committer.older, s.current.Load())
	s.closeSnapshots()
	return s.db.Close()
}
