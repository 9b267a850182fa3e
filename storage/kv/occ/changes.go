package occ

import (
	"hash/maphash"
	"sync"

	"domovoi.dev/storage/kv"
)

// Changes is what a transaction function left behind: what it read, and what it
// wants to write. It belongs to one goroutine at a time.
type Changes struct {
	snapshot  kv.Version
	points    []pointRead
	ranges    []span
	writes    buffer
	versioned []versionedWrite
	size      int
	err       error
	arena     arena
	// committed is the version that was given to the changes by a Window.
	committed kv.Version
}

// pointRead is a key whose value the transaction depends on.
type pointRead struct {
	hash uint64
	key  []byte
}

type versionedWrite struct {
	prefix, suffix, value []byte
}

var changesPool = sync.Pool{New: func() any {
	c := new(Changes)
	c.writes.init(&c.arena)
	return c
}}

func newChanges(snapshot kv.Version) *Changes {
	c := changesPool.Get().(*Changes)
	c.snapshot = snapshot
	return c
}

// Release returns the memory of c for reuse. Changes that were passed to
// Window.Add belong to the window and are released by it.
func (c *Changes) Release() {
	clear(c.points)
	clear(c.ranges)
	clear(c.versioned)
	c.points, c.ranges, c.versioned = c.points[:0], c.ranges[:0], c.versioned[:0]
	c.writes.reset()
	c.arena.reset()
	c.size, c.err, c.committed = 0, nil, 0
	changesPool.Put(c)
}

// Empty reports whether there is nothing to write.
func (c *Changes) Empty() bool { return c.writes.empty() && len(c.versioned) == 0 }

// Size is the sum of the key and value bytes that were written.
func (c *Changes) Size() int { return c.size }

// OpKind says what an Op does.
type OpKind uint8

// The kinds of Op.
const (
	OpSet         OpKind = iota // Key gets Value
	OpDelete                    // Key is deleted
	OpDeleteRange               // Key up to but not including End is deleted; a nil End is the end of the key space
	OpAdd                       // Delta is added to the counter under Key
)

// Op is one write. Its slices are valid during the call it is passed to.
type Op struct {
	Kind       OpKind
	Key, Value []byte
	End        []byte
	Delta      int64
}

// Ops yields the writes in the order in which they are to be applied when the
// transaction commits as version v: ranges, then single keys in key order, then
// versioned keys.
func (c *Changes) Ops(v kv.Version, yield func(Op)) {
	for _, gone := range c.writes.deleted {
		yield(Op{Kind: OpDeleteRange, Key: gone.begin, End: gone.end})
	}
	var counter [counterSize]byte
	for n := c.writes.first(); n != nil; n = n.next[0] {
		switch w := n.newest; w.kind {
		case wroteValue:
			yield(Op{Kind: OpSet, Key: n.key, Value: w.value})
		case wroteCounter:
			yield(Op{Kind: OpSet, Key: n.key, Value: AppendCounter(counter[:0], w.delta)})
		case wroteDelta:
			yield(Op{Kind: OpAdd, Key: n.key, Delta: w.delta})
		case wroteDelete:
			if _, gone := c.writes.deleted.find(n.key); !gone {
				yield(Op{Kind: OpDelete, Key: n.key})
			}
		}
	}
	var key []byte
	for _, w := range c.versioned {
		key = VersionedKey(key[:0], w.prefix, v, w.suffix)
		yield(Op{Kind: OpSet, Key: key, Value: w.value})
	}
}

// seed makes the hashes of keys unguessable, for keys come from users.
var seed = maphash.MakeSeed()

func hashKey(key []byte) uint64 { return maphash.Bytes(seed, key) }

// readPoint records that the transaction depends on the value under key.
func (c *Changes) readPoint(key []byte) {
	c.points = append(c.points, pointRead{hash: hashKey(key), key: c.arena.clone(key, 0)})
}

// readRange records that the transaction depends on which keys s holds. The
// slices of s must stay as they are.
func (c *Changes) readRange(s span) {
	if !s.empty() {
		c.ranges = append(c.ranges, s)
	}
}
