package occ

import (
	"errors"
	"fmt"

	"domovoi.dev/storage/kv"
)

// Reader reads a Base for View. It implements kv.Reader.
type Reader struct {
	base  Base
	open  []*iterator
	ended bool
}

var _ kv.Reader = (*Reader)(nil)

// NewReader returns a reader of base.
func NewReader(base Base) *Reader { return &Reader{base: base} }

// End ends the reader: later calls fail with ErrEnded. It closes the iterators
// that were left open and returns how many there were.
func (r *Reader) End() (leaked int) {
	leaked = len(r.open)
	for _, it := range r.open {
		it.release()
	}
	r.open, r.ended, r.base = nil, true, nil
	return leaked
}

// Get implements kv.Reader.
func (r *Reader) Get(key []byte) ([]byte, error) {
	if r.ended {
		return nil, ErrEnded
	}
	return r.base.Get(key)
}

// GetCounter implements kv.Reader.
func (r *Reader) GetCounter(key []byte) (int64, error) {
	if r.ended {
		return 0, ErrEnded
	}
	return baseCounter(r.base, key)
}

func baseCounter(base Base, key []byte) (int64, error) {
	value, err := base.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return Counter(value)
}

// Scan implements kv.Reader.
func (r *Reader) Scan(rng kv.Range) kv.Iterator {
	return r.scan(rng, nil)
}

func (r *Reader) scan(rng kv.Range, c *Changes) kv.Iterator {
	if r.ended {
		return &iterator{err: ErrEnded}
	}
	it, err := newIterator(r, rng, c)
	if err != nil {
		return &iterator{err: err}
	}
	return it
}

// Version implements kv.Reader.
func (r *Reader) Version() kv.Version {
	if r.ended {
		return 0
	}
	return r.base.Version()
}

// Tx is a transaction on a Base. It implements kv.Tx.
type Tx struct {
	Reader
	changes *Changes
}

var _ kv.Tx = (*Tx)(nil)

// Begin returns a transaction on base.
func Begin(base Base) *Tx {
	return &Tx{Reader: Reader{base: base}, changes: newChanges(base.Version())}
}

// End ends the transaction, as Reader.End does, and hands its changes to the
// caller. The error is that of the first write or read that failed: such a
// transaction must not commit, whatever its function made of the error.
func (t *Tx) End() (changes *Changes, leaked int, err error) {
	leaked = t.Reader.End()
	changes, t.changes = t.changes, nil
	return changes, leaked, changes.err
}

// fail remembers the first error.
func (c *Changes) fail(err error) error {
	if c.err == nil {
		c.err = err
	}
	return err
}

// Get implements kv.Reader.
func (t *Tx) Get(key []byte) ([]byte, error) {
	if t.ended {
		return nil, ErrEnded
	}
	c := t.changes
	if n := c.writes.find(key); n != nil {
		switch w := n.newest; w.kind {
		case wroteValue:
			return append([]byte{}, w.value...), nil
		case wroteCounter:
			return AppendCounter(nil, w.delta), nil
		case wroteDelta:
			value, err := t.getBase(key)
			if err != nil && !errors.Is(err, kv.ErrNotFound) {
				return nil, err
			}
			return AppendCounter(nil, LenientCounter(value)+w.delta), nil
		default:
			return nil, kv.ErrNotFound
		}
	}
	if _, gone := c.writes.deleted.find(key); gone {
		return nil, kv.ErrNotFound
	}
	return t.getBase(key)
}

// AddReadConflictKey implements kv.Tx.
func (t *Tx) AddReadConflictKey(key []byte) error {
	if t.ended {
		return ErrEnded
	}
	t.changes.readPoint(key)
	return nil
}

func (t *Tx) getBase(key []byte) ([]byte, error) {
	t.changes.readPoint(key)
	value, err := t.base.Get(key)
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return nil, t.changes.fail(err)
	}
	return value, err
}

// GetCounter implements kv.Reader.
func (t *Tx) GetCounter(key []byte) (int64, error) {
	value, err := t.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return Counter(value)
}

// Scan implements kv.Reader. The iterator shows the transaction as it is now:
// later writes do not appear in it.
func (t *Tx) Scan(rng kv.Range) kv.Iterator {
	return t.scan(rng, t.changes)
}

// Set implements kv.Tx.
func (t *Tx) Set(key, value []byte) error {
	if err := t.grow("set", len(key), len(value)); err != nil {
		return err
	}
	t.changes.writes.set(key, value)
	return nil
}

// Delete implements kv.Tx.
func (t *Tx) Delete(key []byte) error {
	if err := t.grow("delete", len(key), 0); err != nil {
		return err
	}
	t.changes.writes.delete(key)
	return nil
}

// DeleteRange implements kv.Tx. A nil end is the end of the key space.
func (t *Tx) DeleteRange(begin, end []byte) error {
	if err := t.grow("delete range", max(len(begin), len(end)), min(len(begin), len(end))); err != nil {
		return err
	}
	if !(span{begin, end}).empty() {
		t.changes.writes.deleteRange(begin, end)
	}
	return nil
}

// Add implements kv.Tx.
func (t *Tx) Add(key []byte, delta int64) error {
	if err := t.grow("add", len(key), counterSize); err != nil {
		return err
	}
	t.changes.writes.add(key, delta)
	return nil
}

// SetVersioned implements kv.Tx.
func (t *Tx) SetVersioned(prefix, suffix, value []byte) error {
	const versionSize = 8
	if err := t.grow("set versioned", len(prefix)+versionSize+len(suffix), len(value)); err != nil {
		return err
	}
	c := t.changes
	c.versioned = append(c.versioned, versionedWrite{
		prefix: c.arena.clone(prefix, 0),
		suffix: c.arena.clone(suffix, 0),
		value:  c.arena.clone(value, 0),
	})
	return nil
}

// grow checks a write against the limits and counts its bytes.
func (t *Tx) grow(op string, key, value int) error {
	if t.ended {
		return ErrEnded
	}
	c := t.changes
	switch {
	case key > kv.MaxKeySize:
		return c.fail(fmt.Errorf("%s: key of %d bytes, limit %d: %w", op, key, kv.MaxKeySize, kv.ErrTooLarge))
	case value > kv.MaxValueSize:
		return c.fail(fmt.Errorf("%s: value of %d bytes, limit %d: %w", op, value, kv.MaxValueSize, kv.ErrTooLarge))
	case c.size+key+value > kv.MaxTxSize:
		return c.fail(fmt.Errorf("%s: transaction of more than %d bytes: %w", op, kv.MaxTxSize, kv.ErrTooLarge))
	}
	c.size += key + value
	return nil
}
