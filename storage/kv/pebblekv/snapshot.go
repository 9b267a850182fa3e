package pebblekv

import (
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/storage/kv"
)

// snapshot is the state after a durable commit. Readers share it: taking one is
// an increment. The store holds a reference to the newest, so only older ones
// come to 0, and they never rise again.
//
// The committer closes snapshots, not the reader that leaves one last: Pebble
// takes its mutex for that, which a failed Pebble may hold for ever.
type snapshot struct {
	version kv.Version
	reader  *pebble.Snapshot
	refs    atomic.Int64
	// updates is how many of the references may yet commit, and so need the
	// window back to this version. It may be short of one that has just been
	// taken, which then conflicts and is tried again.
	updates atomic.Int64
}

// tryRef takes a reference unless the last one is gone.
func (p *snapshot) tryRef() bool {
	for {
		n := p.refs.Load()
		if n == 0 {
			return false
		}
		if p.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

var basePool = sync.Pool{New: func() any { return new(base) }}

// acquire returns a base on the newest snapshot; release gives it back.
func (s *Store) acquire(update bool) *base {
	for {
		p := s.current.Load()
		if !p.tryRef() {
			continue
		}
		if update {
			p.updates.Add(1)
		}
		b := basePool.Get().(*base)
		b.snapshot, b.open, b.update = p, &s.iterators, update
		return b
	}
}

func (s *Store) release(b *base) {
	p := b.snapshot
	if b.update {
		p.updates.Add(-1)
	}
	b.snapshot = nil
	basePool.Put(b)
	if p.refs.Add(-1) == 0 {
		s.committer.nudge()
	}
}
