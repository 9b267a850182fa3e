package memkv

import (
	"bytes"
	"errors"
	"fmt"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/occ"
)

// reader reads a state. It implements kv.Reader.
type reader struct {
	state state
	// reads collects what was read; nil for View.
	reads *[]kv.Range
	ended bool
}

func (r *reader) end() { r.ended = true }

func (r *reader) read(rng kv.Range) {
	if r.reads != nil {
		*r.reads = append(*r.reads, rng)
	}
}

// Get implements kv.Reader.
func (r *reader) Get(key []byte) ([]byte, error) {
	if r.ended {
		return nil, errEnded
	}
	r.read(point(key))
	value, ok := r.state.keys.get(clone(key))
	if !ok {
		return nil, kv.ErrNotFound
	}
	return clone(value), nil
}

// GetCounter implements kv.Reader.
func (r *reader) GetCounter(key []byte) (int64, error) {
	value, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return occ.Counter(value)
}

// Version implements kv.Reader.
func (r *reader) Version() kv.Version { return r.state.version }

// Scan implements kv.Reader.
func (r *reader) Scan(rng kv.Range) kv.Iterator {
	if r.ended {
		return &iterator{err: errEnded, closed: true}
	}
	rng.Begin = clone(rng.Begin)
	rng.End = bytes.Clone(rng.End)
	return &iterator{reader: r, keys: r.state.keys, rng: rng}
}

// iterator implements kv.Iterator by a search from the root for every step.
type iterator struct {
	reader *reader
	keys   *tree
	rng    kv.Range
	at     *tree
	moved  bool
	closed bool
	err    error
}

func (it *iterator) usable() bool {
	if it.err == nil && (it.closed || it.reader.ended) {
		it.err = errEnded
	}
	return it.err == nil
}

// Next implements kv.Iterator.
func (it *iterator) Next() bool {
	switch {
	case !it.usable():
		return false
	case !it.moved && it.rng.Reverse:
		return it.move(it.rng.End)
	case !it.moved:
		return it.move(it.rng.Begin)
	case it.at == nil:
		return false
	case it.rng.Reverse:
		return it.move(it.at.key)
	default:
		return it.move(after(it.at.key))
	}
}

// Seek implements kv.Iterator.
func (it *iterator) Seek(key []byte) bool {
	switch {
	case !it.usable():
		return false
	case !it.rng.Reverse:
		if bytes.Compare(key, it.rng.Begin) < 0 {
			key = it.rng.Begin
		}
		return it.move(clone(key))
	case !before(key, it.rng.End):
		return it.move(it.rng.End)
	default:
		return it.move(after(key))
	}
}

// move goes to the first key at or after from, or in reverse to the last before
// it, and records that there was nothing between.
func (it *iterator) move(from []byte) bool {
	it.moved = true
	if it.rng.Reverse {
		it.at = it.keys.seekLT(from)
		if it.at != nil && before(it.at.key, it.rng.Begin) {
			it.at = nil
		}
		seen := kv.Range{Begin: it.rng.Begin, End: from}
		if it.at != nil {
			seen.Begin = it.at.key
		}
		it.reader.read(seen)
		return it.at != nil
	}
	it.at = it.keys.seekGE(from)
	if it.at != nil && !before(it.at.key, it.rng.End) {
		it.at = nil
	}
	seen := kv.Range{Begin: from, End: it.rng.End}
	if it.at != nil {
		seen.End = after(it.at.key)
	}
	it.reader.read(seen)
	return it.at != nil
}

// Key implements kv.Iterator.
func (it *iterator) Key() []byte {
	if it.at == nil || it.closed {
		return nil
	}
	return it.at.key
}

// Value implements kv.Iterator.
func (it *iterator) Value() []byte {
	if it.at == nil || it.closed {
		return nil
	}
	return it.at.value
}

// Err implements kv.Iterator.
func (it *iterator) Err() error { return it.err }

// Close implements kv.Iterator.
func (it *iterator) Close() error {
	it.closed = true
	return it.err
}

// write is a write to be made again on the newest state at the commit. It
// returns the new state and what was written.
type write func(keys *tree, v kv.Version) (*tree, kv.Range)

// tx is a transaction: a state of its own, in which it sees its writes at once,
// and the list of the writes. It implements kv.Tx.
type tx struct {
	reader
	writes []write
	// versioned is made after writes.
	versioned []write
	size      int
	err       error
}

// apply makes w in the transaction's own state and notes it for the commit.
func (t *tx) apply(w write) {
	t.state.keys, _ = w(t.state.keys, 0)
	t.writes = append(t.writes, w)
}

// AddReadConflictKey implements kv.Tx.
func (t *tx) AddReadConflictKey(key []byte) error {
	if t.ended {
		return errEnded
	}
	t.read(point(clone(key)))
	return nil
}

// Set implements kv.Tx.
func (t *tx) Set(key, value []byte) error {
	if err := t.grow(len(key), len(value)); err != nil {
		return err
	}
	key, value = clone(key), clone(value)
	t.apply(func(keys *tree, _ kv.Version) (*tree, kv.Range) { return keys.set(key, value), point(key) })
	return nil
}

// Delete implements kv.Tx.
func (t *tx) Delete(key []byte) error {
	if err := t.grow(len(key), 0); err != nil {
		return err
	}
	rng := point(key)
	t.apply(func(keys *tree, _ kv.Version) (*tree, kv.Range) { return keys.deleteRange(rng.Begin, rng.End), rng })
	return nil
}

// DeleteRange implements kv.Tx.
func (t *tx) DeleteRange(begin, end []byte) error {
	if err := t.grow(max(len(begin), len(end)), min(len(begin), len(end))); err != nil {
		return err
	}
	rng := kv.Range{Begin: clone(begin), End: bytes.Clone(end)}
	if !before(rng.Begin, rng.End) {
		return nil
	}
	t.apply(func(keys *tree, _ kv.Version) (*tree, kv.Range) { return keys.deleteRange(rng.Begin, rng.End), rng })
	return nil
}

// Add implements kv.Tx.
func (t *tx) Add(key []byte, delta int64) error {
	if err := t.grow(len(key), 8); err != nil {
		return err
	}
	key = clone(key)
	t.apply(func(keys *tree, _ kv.Version) (*tree, kv.Range) {
		value, _ := keys.get(key)
		return keys.set(key, occ.AppendCounter(nil, occ.LenientCounter(value)+delta)), point(key)
	})
	return nil
}

// SetVersioned implements kv.Tx.
func (t *tx) SetVersioned(prefix, suffix, value []byte) error {
	if err := t.grow(len(prefix)+8+len(suffix), len(value)); err != nil {
		return err
	}
	prefix, suffix, value = clone(prefix), clone(suffix), clone(value)
	t.versioned = append(t.versioned, func(keys *tree, v kv.Version) (*tree, kv.Range) {
		key := occ.VersionedKey(nil, prefix, v, suffix)
		return keys.set(key, value), point(key)
	})
	return nil
}

func (t *tx) grow(key, value int) error {
	switch {
	case t.ended:
		return errEnded
	case key > kv.MaxKeySize, value > kv.MaxValueSize, t.size+key+value > kv.MaxTxSize:
		t.err = fmt.Errorf("write of a key of %d bytes and a value of %d bytes: %w", key, value, kv.ErrTooLarge)
		return t.err
	}
	t.size += key + value
	return nil
}
