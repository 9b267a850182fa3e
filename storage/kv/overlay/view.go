package overlay

import (
	"bytes"
	"errors"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/occ"
)

// view shows a state of a store to package occ, one read at a time. It implements
// occ.Base.
type view struct {
	store *Store
	state occ.LayerState
}

func (v *view) Version() kv.Version { return v.state.Version() }

func (v *view) Get(key []byte) ([]byte, error) {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	return v.store.layer.Get(v.state, key)
}

func (v *view) Cursor(begin, end []byte) (occ.Cursor, error) {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	c, err := v.store.layer.Cursor(v.state, begin, end)
	if err != nil {
		return nil, err
	}
	return &cursor{v.store, c}, nil
}

// cursor makes each step of a cursor under the mutex of its store.
type cursor struct {
	store *Store
	of    occ.Cursor
}

func (c *cursor) First() bool            { return c.locked(c.of.First) }
func (c *cursor) Last() bool             { return c.locked(c.of.Last) }
func (c *cursor) Next() bool             { return c.locked(c.of.Next) }
func (c *cursor) Prev() bool             { return c.locked(c.of.Prev) }
func (c *cursor) SeekGE(key []byte) bool { return c.locked(func() bool { return c.of.SeekGE(key) }) }
func (c *cursor) SeekLT(key []byte) bool { return c.locked(func() bool { return c.of.SeekLT(key) }) }

func (c *cursor) locked(move func() bool) bool {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return move()
}

func (c *cursor) Key() []byte {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return c.of.Key()
}

func (c *cursor) Value() []byte {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return c.of.Value()
}

func (c *cursor) Err() error {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return c.of.Err()
}

func (c *cursor) Close() error {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return c.of.Close()
}

// snapshot shows the snapshot of the store below to package occ. It implements
// occ.Base.
type snapshot struct {
	reader kv.Reader
}

func (s *snapshot) Version() kv.Version            { return s.reader.Version() }
func (s *snapshot) Get(key []byte) ([]byte, error) { return s.reader.Get(key) }

func (s *snapshot) Cursor(begin, end []byte) (occ.Cursor, error) {
	return &walk{reader: s.reader, bounds: kv.Range{Begin: begin, End: end}}, nil
}

// walk implements occ.Cursor by an iterator for each direction, opened when it is
// needed.
type walk struct {
	reader      kv.Reader
	bounds      kv.Range
	ahead, back kv.Iterator
	at          kv.Iterator // the one that stands at the key; nil at none
}

func (w *walk) move(it kv.Iterator, ok bool) bool {
	w.at = nil
	if ok {
		w.at = it
	}
	return ok
}

func (w *walk) First() bool { return w.SeekGE(w.bounds.Begin) }

func (w *walk) Last() bool {
	if w.back != nil {
		w.back.Close() // an error it had was told when it ended
		w.back = nil
	}
	w.openBack()
	return w.move(w.back, w.back.Next())
}

func (w *walk) openBack() {
	if w.back == nil {
		rng := w.bounds
		rng.Reverse = true
		w.back = w.reader.Scan(rng)
	}
}

func (w *walk) SeekGE(key []byte) bool {
	if w.ahead == nil {
		w.ahead = w.reader.Scan(w.bounds)
	}
	return w.move(w.ahead, w.ahead.Seek(key))
}

func (w *walk) SeekLT(key []byte) bool {
	w.openBack()
	ok := w.back.Seek(key)
	if ok && bytes.Equal(w.back.Key(), key) {
		ok = w.back.Next()
	}
	return w.move(w.back, ok)
}

func (w *walk) Next() bool {
	switch w.at {
	case nil:
		return false
	case w.back:
		return w.SeekGE(append(append([]byte{}, w.at.Key()...), 0))
	}
	return w.move(w.ahead, w.ahead.Next())
}

func (w *walk) Prev() bool {
	switch w.at {
	case nil:
		return false
	case w.ahead:
		return w.SeekLT(append([]byte{}, w.at.Key()...))
	}
	return w.move(w.back, w.back.Next())
}

func (w *walk) Key() []byte {
	if w.at == nil {
		return nil
	}
	return w.at.Key()
}

func (w *walk) Value() []byte {
	if w.at == nil {
		return nil
	}
	return w.at.Value()
}

func (w *walk) Err() error {
	return errors.Join(w.each(kv.Iterator.Err)...)
}

func (w *walk) Close() error {
	return errors.Join(w.each(kv.Iterator.Close)...)
}

func (w *walk) each(do func(kv.Iterator) error) (errs []error) {
	for _, it := range []kv.Iterator{w.ahead, w.back} {
		if it != nil {
			errs = append(errs, do(it))
		}
	}
	return errs
}
