package occ

import "bytes"

// overlay walks the keys of a cursor and the writes of a transaction as one,
// as they were when it was made.
type overlay struct {
	cursor  Cursor
	writes  *buffer
	bounds  span
	rev     bool
	seq     int
	deleted spans

	// inBase and node are the candidates: whether the cursor stands at a key,
	// and the next written key.
	inBase bool
	node   *node
	// What the overlay stands at: the cursor's key, the node's, or both.
	atBase  bool
	written *write
	counter [counterSize]byte
}

func newOverlay(cursor Cursor, writes *buffer, bounds span, rev bool) *overlay {
	return &overlay{cursor: cursor, writes: writes, bounds: bounds, rev: rev, seq: writes.seq, deleted: writes.deleted}
}

func (o *overlay) first() bool {
	if o.rev {
		return o.seek(o.bounds.end)
	}
	return o.seek(o.bounds.begin)
}

// seek moves to the first key at or after key, or for reverse to the last
// before key, where nil is the end of the key space.
func (o *overlay) seek(key []byte) bool {
	switch {
	case !o.rev:
		o.inBase = o.cursor.SeekGE(key)
		o.node = o.inBounds(o.writes.seek(key, nil))
	case key == nil:
		o.inBase = o.cursor.Last()
		o.node = o.inBounds(o.writes.seekLT(nil))
	default:
		o.inBase = o.cursor.SeekLT(key)
		o.node = o.inBounds(o.writes.seekLT(key))
	}
	return o.settle()
}

func (o *overlay) next() bool {
	if o.written != nil {
		o.stepNode()
	}
	if o.atBase {
		o.stepBase()
	}
	return o.settle()
}

func (o *overlay) stepBase() {
	if o.rev {
		o.inBase = o.cursor.Prev()
	} else {
		o.inBase = o.cursor.Next()
	}
}

func (o *overlay) stepNode() {
	if o.rev {
		o.node = o.inBounds(o.writes.seekLT(o.node.key))
	} else {
		o.node = o.inBounds(o.node.next[0])
	}
}

func (o *overlay) inBounds(n *node) *node {
	if n == nil || !o.bounds.contains(n.key) {
		return nil
	}
	return n
}

// settle moves the candidates forward to the first key that exists.
func (o *overlay) settle() bool {
	o.atBase, o.written = false, nil
	for o.inBase || o.node != nil {
		order := o.compare()
		if order < 0 {
			gone, deleted := o.deleted.find(o.cursor.Key())
			if !deleted {
				o.atBase = true
				return true
			}
			o.skip(gone)
			continue
		}
		w := o.node.at(o.seq)
		if w == nil { // written after the overlay was made
			o.stepNode()
			continue
		}
		if w.kind == wroteDelete {
			o.stepNode()
			if order == 0 {
				o.stepBase()
			}
			continue
		}
		o.atBase, o.written = order == 0, w
		return true
	}
	return false
}

// compare orders the candidates in the direction of the walk: below 0 when the
// base's key comes first.
func (o *overlay) compare() int {
	switch {
	case !o.inBase:
		return 1
	case o.node == nil:
		return -1
	case o.rev:
		return bytes.Compare(o.node.key, o.cursor.Key())
	default:
		return bytes.Compare(o.cursor.Key(), o.node.key)
	}
}

// skip moves the cursor past a deleted range.
func (o *overlay) skip(gone span) {
	switch {
	case o.rev:
		o.inBase = o.cursor.SeekLT(gone.begin)
	case gone.end == nil:
		o.inBase = false
	default:
		o.inBase = o.cursor.SeekGE(gone.end)
	}
}

func (o *overlay) key() []byte {
	if o.written != nil {
		return o.node.key
	}
	return o.cursor.Key()
}

func (o *overlay) value() []byte {
	if o.written == nil {
		return o.cursor.Value()
	}
	switch w := o.written; w.kind {
	case wroteValue:
		return w.value
	case wroteDelta:
		sum := w.delta
		if o.atBase {
			sum += LenientCounter(o.cursor.Value())
		}
		return AppendCounter(o.counter[:0], sum)
	default:
		return AppendCounter(o.counter[:0], w.delta)
	}
}
