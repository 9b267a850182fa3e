package occ

import (
	"bytes"

	"domovoi.dev/storage/kv"
)

const (
	stampBits = 15
	// Bounds of what a window holds. A transaction that began before the oldest
	// commit held conflicts, so they bound how much may be committed beside a
	// long transaction, not how much can be committed.
	maxWindowBytes   = 64 << 20
	maxWindowCommits = 1 << 16
	// nodeBytes is about what a write takes in memory besides its key and value.
	nodeBytes = 160
)

// Window holds the recent commits, against which transactions that began
// before them are checked. It belongs to the one goroutine that commits.
type Window struct {
	// stamps holds, by hash of key, the version of the last commit that wrote a
	// key with that hash. It answers nearly every point read at once; where it
	// says yes the commits are searched.
	stamps [1 << stampBits]kv.Version
	// commits is in the order of their versions.
	commits []*Changes
	bytes   int
	// floor is the version of the newest commit no longer held.
	floor kv.Version
}

// NewWindow returns a window for a store whose last commit was v.
func NewWindow(v kv.Version) *Window { return &Window{floor: v} }

// Conflicts reports whether something c read was written after its snapshot.
func (w *Window) Conflicts(c *Changes) bool {
	if len(c.points) == 0 && len(c.ranges) == 0 {
		return false
	}
	if c.snapshot < w.floor {
		return true
	}
	since := w.since(c.snapshot)
	if len(since) == 0 {
		return false
	}
	for _, p := range c.points {
		if w.stamps[stamp(p.hash)] > c.snapshot && anyWrote(since, p.key) {
			return true
		}
	}
	for _, commit := range since {
		if commit.erasedPoint(c.points) || commit.wroteIn(c.ranges) {
			return true
		}
	}
	return false
}

// Add records that c, which does not conflict, commits as version v, which is
// greater than all before. The window owns c from here on.
func (w *Window) Add(c *Changes, v kv.Version) {
	c.committed = v
	for n := c.writes.first(); n != nil; n = n.next[0] {
		w.stamps[stamp(n.hash)] = v
	}
	for _, sw := range c.versioned {
		w.stamps[stamp(hashKey(VersionedKey(nil, sw.prefix, v, sw.suffix)))] = v
	}
	w.commits = append(w.commits, c)
	w.bytes += c.memory()
	excess := 0
	for left := w.bytes; left > maxWindowBytes || len(w.commits)-excess > maxWindowCommits; excess++ {
		left -= w.commits[excess].memory()
	}
	w.drop(excess)
}

// memory is about what c takes while a window holds it.
func (c *Changes) memory() int { return c.size + nodeBytes*c.writes.count }

// Trim forgets the commits no running transaction needs: those up to oldest,
// the version of the oldest snapshot in use.
func (w *Window) Trim(oldest kv.Version) {
	w.drop(len(w.commits) - len(w.since(oldest)))
}

func (w *Window) drop(n int) {
	if n == 0 {
		return
	}
	for _, c := range w.commits[:n] {
		w.floor = c.committed
		w.bytes -= c.memory()
		c.Release()
	}
	left := copy(w.commits, w.commits[n:])
	clear(w.commits[left:])
	w.commits = w.commits[:left]
}

// since returns the commits held that are newer than v.
func (w *Window) since(v kv.Version) []*Changes {
	i := len(w.commits)
	for i > 0 && w.commits[i-1].committed > v {
		i--
	}
	return w.commits[i:]
}

func stamp(hash uint64) uint64 { return hash >> (64 - stampBits) }

func anyWrote(commits []*Changes, key []byte) bool {
	for _, c := range commits {
		if c.writes.find(key) != nil {
			return true
		}
		for _, w := range c.versioned {
			if bytes.Equal(key, VersionedKey(nil, w.prefix, c.committed, w.suffix)) {
				return true
			}
		}
	}
	return false
}

// erasedPoint reports whether c deleted a range that holds one of the points.
func (c *Changes) erasedPoint(points []pointRead) bool {
	if len(c.writes.deleted) == 0 {
		return false
	}
	for _, p := range points {
		if _, gone := c.writes.deleted.find(p.key); gone {
			return true
		}
	}
	return false
}

// wroteIn reports whether c wrote a key in one of the ranges.
func (c *Changes) wroteIn(ranges []span) bool {
	for _, r := range ranges {
		if n := c.writes.seek(r.begin, nil); n != nil && before(n.key, r.end) {
			return true
		}
		for _, gone := range c.writes.deleted {
			if gone.overlaps(r) {
				return true
			}
		}
		for _, w := range c.versioned {
			if r.contains(VersionedKey(nil, w.prefix, c.committed, w.suffix)) {
				return true
			}
		}
	}
	return false
}
