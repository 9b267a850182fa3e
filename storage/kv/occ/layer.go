package occ

import (
	"bytes"
	"errors"

	"domovoi.dev/storage/kv"
)

// Layer holds the writes of committed transactions over a base that does not
// change, and shows the two as one, as they were after any of the commits. It is
// for one goroutine at a time, its cursors included.
type Layer struct {
	base   Base
	arena  arena
	writes buffer
	size   int
	newest LayerState
}

// LayerState is what a Layer holds after a commit.
type LayerState struct {
	version kv.Version
	seq     int
	deleted spans
}

// NewLayer returns a layer without writes, whose version is that of the base.
func NewLayer(base Base) *Layer {
	l := &Layer{base: base, newest: LayerState{version: base.Version()}}
	l.writes.init(&l.arena)
	return l
}

// Newest is the state after the last commit.
func (l *Layer) Newest() LayerState { return l.newest }

// Version is that of the commit that led to the state.
func (s LayerState) Version() kv.Version { return s.version }

// Before is the state without any of the layer's writes: the base.
func (l *Layer) Before() LayerState { return LayerState{version: l.base.Version()} }

// Size is about what the layer takes in memory, in bytes. Nothing is ever taken
// out of it, for a state may be read at any time.
func (l *Layer) Size() int { return l.size + nodeBytes*l.writes.seq }

// Growth is about what the layer would grow by with c.
func (l *Layer) Growth(c *Changes) int { return c.memory() + nodeBytes*len(c.versioned) }

// Apply commits c as version v, which is greater than all before.
func (l *Layer) Apply(c *Changes, v kv.Version) {
	c.Ops(v, func(op Op) {
		l.size += len(op.Key) + len(op.Value) + len(op.End)
		switch op.Kind {
		case OpSet:
			l.writes.set(op.Key, op.Value)
		case OpDelete:
			l.writes.delete(op.Key)
		case OpDeleteRange:
			l.writes.deleteRange(op.Key, op.End)
		case OpAdd:
			l.writes.add(op.Key, op.Delta)
		}
	})
	l.newest = LayerState{version: v, seq: l.writes.seq, deleted: l.writes.deleted}
}

// Get returns the value under key at a state in a slice the caller owns, or
// kv.ErrNotFound.
func (l *Layer) Get(at LayerState, key []byte) ([]byte, error) {
	var w *write
	if n := l.writes.find(key); n != nil {
		w = n.at(at.seq)
	}
	switch {
	case w == nil:
		if _, gone := at.deleted.find(key); gone {
			return nil, kv.ErrNotFound
		}
		return l.base.Get(key)
	case w.kind == wroteValue:
		return append([]byte{}, w.value...), nil
	case w.kind == wroteCounter:
		return AppendCounter(nil, w.delta), nil
	case w.kind == wroteDelta:
		value, err := l.base.Get(key)
		if err != nil && !errors.Is(err, kv.ErrNotFound) {
			return nil, err
		}
		return AppendCounter(nil, LenientCounter(value)+w.delta), nil
	default:
		return nil, kv.ErrNotFound
	}
}

// Written calls fn with the keys from begin up to but not including end that were
// written by themselves, in their order, until fn returns false. Those that were
// only deleted with a range are not among them.
func (l *Layer) Written(begin, end []byte, fn func(key []byte) bool) {
	for n := l.writes.seek(begin, nil); n != nil && before(n.key, end) && fn(n.key); {
		n = n.next[0]
	}
}

// Cursor walks a state as Base.Cursor does.
func (l *Layer) Cursor(at LayerState, begin, end []byte) (Cursor, error) {
	c := &layerCursor{layer: l, state: at}
	c.bounds.begin = append([]byte{}, begin...)
	if end != nil {
		c.bounds.end = append([]byte{}, end...)
	}
	return c, nil
}

// layerCursor implements Cursor by a walk for each direction, which is opened
// when it is needed. Who reads in one direction, as nearly everybody does, has
// one.
type layerCursor struct {
	layer  *Layer
	state  LayerState
	bounds span
	ahead  *overlay
	back   *overlay
	at     *overlay // the one that stands at the key; nil at none
	err    error
}

// walk opens the walk of a direction.
func (c *layerCursor) walk(o **overlay, rev bool) *overlay {
	if *o == nil && c.err == nil {
		cursor, err := c.layer.base.Cursor(c.bounds.begin, c.bounds.end)
		if err != nil {
			c.err = err
			return nil
		}
		*o = &overlay{cursor: cursor, writes: &c.layer.writes, bounds: c.bounds, rev: rev, seq: c.state.seq, deleted: c.state.deleted}
	}
	return *o
}

// move notes the outcome of a move of o, which is nil after an error.
func (c *layerCursor) move(o *overlay, to func() bool) bool {
	c.at = nil
	if o == nil || !to() {
		return false
	}
	c.at = o
	return true
}

func (c *layerCursor) First() bool { return c.SeekGE(c.bounds.begin) }

func (c *layerCursor) Last() bool {
	o := c.walk(&c.back, true)
	return c.move(o, func() bool { return o.first() })
}

func (c *layerCursor) SeekGE(key []byte) bool {
	if bytes.Compare(key, c.bounds.begin) < 0 {
		key = c.bounds.begin
	}
	o := c.walk(&c.ahead, false)
	return c.move(o, func() bool { return o.seek(key) })
}

func (c *layerCursor) SeekLT(key []byte) bool {
	if !before(key, c.bounds.end) {
		key = c.bounds.end
	}
	o := c.walk(&c.back, true)
	return c.move(o, func() bool { return o.seek(key) })
}

func (c *layerCursor) Next() bool {
	switch c.at {
	case nil:
		return false
	case c.back:
		return c.SeekGE(append(append([]byte{}, c.Key()...), 0))
	}
	return c.move(c.ahead, c.ahead.next)
}

func (c *layerCursor) Prev() bool {
	switch c.at {
	case nil:
		return false
	case c.ahead:
		return c.SeekLT(append([]byte{}, c.Key()...))
	}
	return c.move(c.back, c.back.next)
}

func (c *layerCursor) Key() []byte {
	if c.at == nil {
		return nil
	}
	return c.at.key()
}

func (c *layerCursor) Value() []byte {
	if c.at == nil {
		return nil
	}
	return c.at.value()
}

func (c *layerCursor) Err() error {
	err := c.err
	for _, o := range []*overlay{c.ahead, c.back} {
		if o != nil && err == nil {
			err = o.cursor.Err()
		}
	}
	return err
}

func (c *layerCursor) Close() error {
	var errs []error
	for _, o := range []*overlay{c.ahead, c.back} {
		if o != nil {
			errs = append(errs, o.cursor.Close())
		}
	}
	return errors.Join(errs...)
}
