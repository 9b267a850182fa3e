package pebblekv

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/occ"
)

// The first byte of a key in Pebble. Users' keys follow userSpace; the store's
// own are in ownSpace, which users cannot reach.
const (
	ownSpace  = 0x00
	userSpace = 0x01
	userEnd   = 0x02
)

// base reads a snapshot for package occ. It implements occ.Base.
type base struct {
	snapshot *snapshot
	open     *atomic.Int64 // counts iterators
	update   bool          // counted in snapshot.updates
	key, end []byte
}

var _ occ.Base = (*base)(nil)

func (b *base) Version() kv.Version { return b.snapshot.version }

func (b *base) Get(key []byte) ([]byte, error) {
	b.key = appendUserKey(b.key[:0], key)
	value, closer, err := b.snapshot.reader.Get(b.key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, kv.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	owned := append(make([]byte, 0, len(value)), value...)
	if err := closer.Close(); err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	return owned, nil
}

func (b *base) Cursor(begin, end []byte) (occ.Cursor, error) {
	b.key = appendUserKey(b.key[:0], begin)
	b.end = appendUserEnd(b.end[:0], end)
	it, err := b.snapshot.reader.NewIter(&pebble.IterOptions{LowerBound: b.key, UpperBound: b.end})
	if err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	b.open.Add(1)
	return &cursor{Iterator: it, open: b.open}, nil
}

func appendUserKey(dst, key []byte) []byte {
	return append(append(dst, userSpace), key...)
}

// appendUserEnd is appendUserKey for the end of a range, where nil is the end
// of the key space.
func appendUserEnd(dst, end []byte) []byte {
	if end == nil {
		return append(dst, userEnd)
	}
	return appendUserKey(dst, end)
}

// cursor implements occ.Cursor.
type cursor struct {
	*pebble.Iterator
	open   *atomic.Int64
	target []byte
}

func (c *cursor) SeekGE(key []byte) bool {
	c.target = appendUserKey(c.target[:0], key)
	return c.Iterator.SeekGE(c.target)
}

func (c *cursor) SeekLT(key []byte) bool {
	c.target = appendUserKey(c.target[:0], key)
	return c.Iterator.SeekLT(c.target)
}

func (c *cursor) Key() []byte { return c.Iterator.Key()[1:] }

func (c *cursor) Err() error {
	if err := c.Iterator.Error(); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	return nil
}

func (c *cursor) Close() error {
	c.open.Add(-1)
	if err := c.Iterator.Close(); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	return nil
}
