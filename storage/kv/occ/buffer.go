package occ

import "bytes"

// writeKind is what a transaction last did to a key.
type writeKind uint8

const (
	wroteValue   writeKind = iota // the key has this value
	wroteDelete                   // the key is gone
	wroteDelta                    // delta is added to whatever the base holds
	wroteCounter                  // the counter began at 0 in this transaction
)

// write is one write of a key, linked to the one before, so that an iterator
// sees the transaction as it was when the iterator was opened.
type write struct {
	seq   int
	kind  writeKind
	value []byte
	delta int64
	older *write
}

// maxHeight suits a million keys at a branching of four.
const maxHeight = 10

// node is a key in the skip list. Nodes are never removed or moved while the
// transaction lives.
type node struct {
	key    []byte
	hash   uint64
	newest *write
	next   []*node
}

// at returns the newest write of the node up to seq, nil when it has none.
func (n *node) at(seq int) *write {
	w := n.newest
	for w != nil && w.seq > seq {
		w = w.older
	}
	return w
}

// buffer holds the writes of a transaction: the written keys in a skip list,
// and the deleted ranges as a list, which says what became of the base's keys
// that are not in the skip list.
type buffer struct {
	arena   *arena
	head    node
	tower   [maxHeight]*node
	height  int
	random  uint64
	seq     int // of the newest write
	count   int // nodes
	deleted spans

	nodes  []node
	links  []*node
	writes []write
}

func (b *buffer) init(a *arena) {
	b.arena = a
	b.head.next = b.tower[:]
	b.height = 1
	b.random = 0x9e3779b97f4a7c15
}

// reset empties the buffer and keeps the newest slabs.
func (b *buffer) reset() {
	clear(b.tower[:])
	b.height, b.seq, b.count, b.deleted = 1, 0, 0, nil
	clear(b.nodes)
	clear(b.links)
	clear(b.writes)
	b.nodes, b.links, b.writes = b.nodes[:0], b.links[:0], b.writes[:0]
}

func (b *buffer) empty() bool { return b.tower[0] == nil && b.deleted == nil }

// first is the lowest node, nil when there is none.
func (b *buffer) first() *node { return b.tower[0] }

// seek returns the first node at or after key and, in path, the last node
// before it on every level.
func (b *buffer) seek(key []byte, path *[maxHeight]*node) *node {
	at := &b.head
	for level := b.height - 1; level >= 0; level-- {
		for next := at.next[level]; next != nil && bytes.Compare(next.key, key) < 0; next = at.next[level] {
			at = next
		}
		if path != nil {
			path[level] = at
		}
	}
	return at.next[0]
}

// seekLT returns the last node before key, nil when there is none. A nil key is
// the end of the key space.
func (b *buffer) seekLT(key []byte) *node {
	at := &b.head
	for level := b.height - 1; level >= 0; level-- {
		for next := at.next[level]; next != nil && before(next.key, key); next = at.next[level] {
			at = next
		}
	}
	if at == &b.head {
		return nil
	}
	return at
}

// find returns the node of key, nil when the transaction did not write it.
func (b *buffer) find(key []byte) *node {
	if b.tower[0] == nil {
		return nil
	}
	n := b.seek(key, nil)
	if n == nil || !bytes.Equal(n.key, key) {
		return nil
	}
	return n
}

// nodeOf returns the node of key and makes it when it does not exist. A new
// node has no write.
func (b *buffer) nodeOf(key []byte) *node {
	var path [maxHeight]*node
	n := b.seek(key, &path)
	if n != nil && bytes.Equal(n.key, key) {
		return n
	}
	height := b.randomHeight()
	for ; b.height < height; b.height++ {
		path[b.height] = &b.head
	}
	b.count++
	n = take(&b.nodes)
	n.key = b.arena.clone(key, 0)
	n.hash = hashKey(key)
	n.next = takeN(&b.links, height)
	for level := range n.next {
		n.next[level] = path[level].next[level]
		path[level].next[level] = n
	}
	return n
}

func (b *buffer) randomHeight() int {
	b.random ^= b.random << 13
	b.random ^= b.random >> 7
	b.random ^= b.random << 17
	height := 1
	for bits := b.random; height < maxHeight && bits&3 == 0; bits >>= 2 {
		height++
	}
	return height
}

// push makes w the newest write of n.
func (b *buffer) push(n *node, w write) {
	b.seq++
	w.seq, w.older = b.seq, n.newest
	slot := take(&b.writes)
	*slot = w
	n.newest = slot
}

func (b *buffer) set(key, value []byte) {
	b.push(b.nodeOf(key), write{kind: wroteValue, value: b.arena.clone(value, 0)})
}

func (b *buffer) delete(key []byte) {
	b.push(b.nodeOf(key), write{kind: wroteDelete})
}

func (b *buffer) add(key []byte, delta int64) {
	n := b.nodeOf(key)
	w := write{kind: wroteCounter, delta: delta}
	switch last := n.newest; {
	case last == nil:
		if _, gone := b.deleted.find(key); !gone {
			w.kind = wroteDelta
		}
	case last.kind == wroteDelta:
		w.kind = wroteDelta
		w.delta += last.delta
	case last.kind == wroteCounter:
		w.delta += last.delta
	case last.kind == wroteValue:
		w.delta += LenientCounter(last.value)
	}
	b.push(n, w)
}

func (b *buffer) deleteRange(begin, end []byte) {
	gone := span{begin: b.arena.clone(begin, 0)}
	if end != nil {
		gone.end = b.arena.clone(end, 0)
	}
	for n := b.seek(begin, nil); n != nil && before(n.key, end); n = n.next[0] {
		b.push(n, write{kind: wroteDelete})
	}
	b.deleted = b.deleted.with(gone)
}

// slabSize is how many elements are allocated at once.
const slabSize = 64

// take returns a zero element of the slab. A full slab is left to the elements
// handed out of it and a new one begun.
func take[T any](slab *[]T) *T { return &takeN(slab, 1)[0] }

func takeN[T any](slab *[]T, n int) []T {
	if cap(*slab)-len(*slab) < n {
		*slab = make([]T, 0, min(max(2*cap(*slab), slabSize), 16*slabSize))
	}
	at := len(*slab)
	*slab = (*slab)[:at+n]
	return (*slab)[at : at+n : at+n]
}
