package occ

import (
	"bytes"

	"domovoi.dev/storage/kv"
)

// position of an iterator relative to its range.
type position uint8

const (
	beforeFirst position = iota
	atKey
	afterLast
)

// iterator walks a range of a base, with the writes of a transaction laid over
// it and the part it walked recorded as read, when there is a transaction.
type iterator struct {
	reader *Reader // nil once closed
	slot   int     // index in reader.open
	cursor Cursor
	rev    bool
	pos    position
	err    error

	changes *Changes // nil for View
	bounds  span     // copies, when there is a transaction
	// from is where the part now walked begins: its first key, or for reverse
	// the first key behind it, nil for the end of the key space.
	from []byte

	overlay *overlay // nil when the transaction had written nothing
}

func newIterator(r *Reader, rng kv.Range, c *Changes) (*iterator, error) {
	var cursor Cursor = noKeys{}
	if !(span{rng.Begin, rng.End}).empty() {
		var err error
		if cursor, err = r.base.Cursor(rng.Begin, rng.End); err != nil {
			if c != nil {
				c.fail(err)
			}
			return nil, err
		}
	}
	it := &iterator{reader: r, slot: len(r.open), cursor: cursor, rev: rng.Reverse, changes: c}
	r.open = append(r.open, it)
	if c != nil {
		it.bounds.begin = c.arena.clone(rng.Begin, 0)
		if rng.End != nil {
			it.bounds.end = c.arena.clone(rng.End, 0)
		}
		it.from = it.start()
		if !c.writes.empty() {
			it.overlay = newOverlay(cursor, &c.writes, it.bounds, it.rev)
		}
	}
	return it, nil
}

// start is where a walk from the first key begins.
func (it *iterator) start() []byte {
	if it.rev {
		return it.bounds.end
	}
	return it.bounds.begin
}

// Next implements kv.Iterator.
func (it *iterator) Next() bool {
	if !it.usable() || it.pos == afterLast {
		return false
	}
	first := it.pos == beforeFirst
	switch {
	case it.overlay != nil && first:
		return it.moved(it.overlay.first())
	case it.overlay != nil:
		return it.moved(it.overlay.next())
	case first && it.rev:
		return it.moved(it.cursor.Last())
	case first:
		return it.moved(it.cursor.First())
	case it.rev:
		return it.moved(it.cursor.Prev())
	default:
		return it.moved(it.cursor.Next())
	}
}

// Seek implements kv.Iterator.
func (it *iterator) Seek(key []byte) bool {
	if !it.usable() {
		return false
	}
	if it.rev {
		key = append(append(make([]byte, 0, len(key)+1), key...), 0) // the first key after it
	}
	if it.changes != nil {
		it.record()
		it.from = it.clamp(key)
		key = it.from
	}
	switch {
	case it.overlay != nil:
		return it.moved(it.overlay.seek(key))
	case it.rev:
		return it.moved(it.cursor.SeekLT(key))
	default:
		return it.moved(it.cursor.SeekGE(key))
	}
}

// clamp returns a lasting copy of key, moved into the bounds.
func (it *iterator) clamp(key []byte) []byte {
	if bytes.Compare(key, it.bounds.begin) < 0 {
		return it.bounds.begin
	}
	if !before(key, it.bounds.end) {
		return it.bounds.end
	}
	return it.changes.arena.clone(key, 0)
}

func (it *iterator) usable() bool {
	if it.reader == nil && it.err == nil {
		it.err = ErrEnded
	}
	return it.err == nil
}

// moved notes the outcome of a move.
func (it *iterator) moved(ok bool) bool {
	if ok {
		it.pos = atKey
		return true
	}
	it.pos = afterLast
	it.check()
	return false
}

func (it *iterator) check() {
	if err := it.cursor.Err(); err != nil && it.err == nil {
		it.err = err
		if it.changes != nil {
			it.changes.fail(err)
		}
	}
}

// record adds the part walked since the start or the last Seek to the reads of
// the transaction: up to and including the key it stands at.
func (it *iterator) record() {
	part := span{begin: it.from, end: it.bounds.end}
	if it.rev {
		part = span{begin: it.bounds.begin, end: it.from}
	}
	switch it.pos {
	case beforeFirst:
		return
	case atKey:
		if it.rev {
			part.begin = it.changes.arena.clone(it.Key(), 0)
		} else {
			part.end = append(it.changes.arena.clone(it.Key(), 1), 0)
		}
	}
	it.changes.readRange(part)
}

// Key implements kv.Iterator.
func (it *iterator) Key() []byte {
	switch {
	case it.reader == nil || it.pos != atKey:
		return nil
	case it.overlay != nil:
		return it.overlay.key()
	default:
		return it.cursor.Key()
	}
}

// Value implements kv.Iterator.
func (it *iterator) Value() []byte {
	if it.reader == nil || it.pos != atKey {
		return nil
	}
	var value []byte
	if it.overlay != nil {
		value = it.overlay.value()
	} else {
		value = it.cursor.Value()
	}
	if value == nil {
		it.check() // reading a value may fail by itself
	}
	return value
}

// Err implements kv.Iterator.
func (it *iterator) Err() error { return it.err }

// Close implements kv.Iterator.
func (it *iterator) Close() error {
	if it.reader == nil {
		return nil
	}
	open := it.reader.open
	last := len(open) - 1
	open[it.slot] = open[last]
	open[it.slot].slot = it.slot
	open[last] = nil
	it.reader.open = open[:last]
	it.release()
	return it.err
}

// release records what was read and closes the cursor.
func (it *iterator) release() {
	if it.changes != nil && it.err == nil {
		it.record()
	}
	it.reader = nil
	err := it.cursor.Close()
	if it.err == nil && err != nil {
		it.err = err
		if it.changes != nil {
			it.changes.fail(err)
		}
	}
}

// noKeys is the cursor of an empty range, which engines are not asked for.
type noKeys struct{}

func (noKeys) First() bool        { return false }
func (noKeys) Last() bool         { return false }
func (noKeys) SeekGE([]byte) bool { return false }
func (noKeys) SeekLT([]byte) bool { return false }
func (noKeys) Next() bool         { return false }
func (noKeys) Prev() bool         { return false }
func (noKeys) Key() []byte        { return nil }
func (noKeys) Value() []byte      { return nil }
func (noKeys) Err() error         { return nil }
func (noKeys) Close() error       { return nil }
