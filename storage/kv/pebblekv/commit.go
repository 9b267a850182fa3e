package pebblekv

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/occ"
)

// maxGroupBytes bounds the batch of one group, so that a few large transactions
// do not hold up all others at once.
const maxGroupBytes = 16 << 20

// committer is the state of the one goroutine that commits.
type committer struct {
	wake chan struct{} // sent to when there may be work
	stop chan struct{} // closed when there will be no more transactions
	done chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	waiting []*request // guarded by mu

	// The rest belongs to the goroutine.
	group  []*request
	window *occ.Window
	older  []*snapshot // published before the current one and not yet closed

	groups, commits, conflicts atomic.Int64

	took  atomic.Int64              // nanoseconds that the synced writes took
	began atomic.Pointer[time.Time] // when the one under way did, nil for none
}

// request is a transaction that wants to commit.
type request struct {
	changes *occ.Changes
	losses  int // how often it has conflicted before

	// The outcome, to be read after done.
	version kv.Version // 0 when it conflicted
	done    chan struct{}
}

var requestPool = sync.Pool{New: func() any { return &request{done: make(chan struct{}, 1)} }}

// commit hands changes to the committer and waits for the outcome. It is not
// committed when it conflicted. The changes must not be used afterwards.
func (s *Store) commit(changes *occ.Changes, losses int) (v kv.Version, committed bool, err error) {
	r := requestPool.Get().(*request)
	r.changes, r.losses, r.version = changes, losses, 0
	c := &s.committer
	c.mu.Lock()
	c.waiting = append(c.waiting, r)
	c.mu.Unlock()
	c.nudge()
	select {
	case <-r.done:
	case <-s.guard.failed:
		select {
		case <-r.done: // it was committed before the failure
		default:
			return 0, false, s.guard.failure() // the committer may still hold r
		}
	}
	if v = r.version; v == 0 {
		changes.Release()
	}
	r.changes = nil
	requestPool.Put(r)
	return v, v != 0, nil
}

func (c *committer) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take returns the transactions that wait, those that have lost most often
// first.
func (c *committer) take() []*request {
	if len(c.group) > 1 {
		// Those just answered are about to come back; a group taken before they
		// do would sync for the first of them alone. Nobody else is delayed.
		runtime.Gosched()
	}
	clear(c.group)
	c.mu.Lock()
	c.group, c.waiting = c.waiting, c.group[:0]
	c.mu.Unlock()
	slices.SortStableFunc(c.group, func(a, b *request) int { return cmp.Compare(b.losses, a.losses) })
	return c.group
}

// runCommitter commits until the store is closed. After a failure it may be
// blocked in Pebble for ever.
func (s *Store) runCommitter() {
	c := &s.committer
	defer close(c.done)
	for {
		group := c.take()
		s.closeSnapshots()
		if len(group) == 0 {
			select {
			case <-c.wake:
				continue
			case <-c.stop:
				return
			}
		}
		for len(group) > 0 {
			n, err := s.commitGroup(group)
			if err != nil {
				s.guard.fail(err)
				return
			}
			group = group[n:]
		}
	}
}

// commitGroup commits a number of requests from the front of group together and
// returns how many it dealt with.
func (s *Store) commitGroup(group []*request) (int, error) {
	c := &s.committer
	batch := s.db.NewBatch()
	defer batch.Close()
	v := s.current.Load().version
	first := v
	n := 0
	for n < len(group) && (n == 0 || batch.Len()+group[n].changes.Size() < maxGroupBytes) {
		r := group[n]
		n++
		if c.window.Conflicts(r.changes) {
			c.conflicts.Add(1)
			continue
		}
		v++
		r.version = v
		if err := appendOps(batch, r.changes, v); err != nil {
			return 0, fmt.Errorf("build batch: %w", err)
		}
		c.window.Add(r.changes, v)
	}
	if v > first {
		began := time.Now()
		c.began.Store(&began)
		if err := s.writeGroup(batch, v); err != nil {
			return 0, err
		}
		c.began.Store(nil)
		c.took.Add(int64(time.Since(began)))
		c.groups.Add(1)
		c.commits.Add(int64(v - first))
	}
	for _, r := range group[:n] {
		r.done <- struct{}{}
	}
	return n, nil
}

// writeGroup makes batch durable as the commits up to v, and visible.
func (s *Store) writeGroup(batch *pebble.Batch, v kv.Version) error {
	if err := setVersion(batch, v); err != nil {
		return fmt.Errorf("build batch: %w", err)
	}
	if err := s.db.Apply(batch, pebble.Sync); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.publish(v)
	s.announce()
	return nil
}

// publish makes the newest state the one that is read, as version v.
func (s *Store) publish(v kv.Version) {
	p := &snapshot{version: v, reader: s.db.NewSnapshot()}
	p.refs.Store(1)
	if old := s.current.Swap(p); old != nil {
		s.committer.older = append(s.committer.older, old)
		old.refs.Add(-1)
	}
}

// closeSnapshots closes the snapshots nobody reads any more and lets the window
// forget what only they needed.
func (s *Store) closeSnapshots() {
	c := &s.committer
	oldest := s.current.Load().version
	c.older = slices.DeleteFunc(c.older, func(p *snapshot) bool {
		if p.updates.Load() > 0 {
			oldest = min(oldest, p.version)
		}
		if p.refs.Load() > 0 {
			return false
		}
		_ = p.reader.Close() // never fails
		return true
	})
	c.window.Trim(oldest)
}

// appendOps adds the writes of a transaction to batch.
func appendOps(batch *pebble.Batch, changes *occ.Changes, v kv.Version) (err error) {
	changes.Ops(v, func(op occ.Op) {
		var d *pebble.DeferredBatchOp
		switch op.Kind {
		case occ.OpSet:
			d = batch.SetDeferred(1+len(op.Key), len(op.Value))
			copy(d.Value, op.Value)
		case occ.OpDelete:
			d = batch.DeleteDeferred(1 + len(op.Key))
		case occ.OpAdd:
			d = batch.MergeDeferred(1+len(op.Key), 8)
			occ.AppendCounter(d.Value[:0], op.Delta)
		case occ.OpDeleteRange:
			end := appendUserEnd(nil, op.End)
			d = batch.DeleteRangeDeferred(1+len(op.Key), len(end))
			copy(d.Value, end)
		}
		d.Key[0] = userSpace
		copy(d.Key[1:], op.Key)
		if e := d.Finish(); e != nil && err == nil {
			err = e
		}
	})
	return err
}
