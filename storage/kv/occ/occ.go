// Package occ is optimistic concurrency control for engines of package kv: a
// transaction reads one snapshot, keeps its writes in memory, remembers what it
// read, and is checked at its commit against the commits made since its
// snapshot was taken.
//
// An engine supplies snapshots (Base), runs the caller's function on a Tx,
// passes the Changes the function left to a Window one after the other, and
// applies those that do not conflict in that same order.
package occ

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"domovoi.dev/storage/kv"
)

// ErrEnded is returned by a reader, transaction or iterator that is used after
// the function it was passed to has returned, or after its Close.
var ErrEnded = errors.New("used after its end")

// Base is the snapshot a transaction reads. It is used by one goroutine at a
// time.
type Base interface {
	// Get returns the value under key in a slice the caller owns, or
	// kv.ErrNotFound.
	Get(key []byte) ([]byte, error)
	// Cursor walks the keys from begin up to but not including end; a nil end
	// is the end of the key space. The slices are not kept.
	Cursor(begin, end []byte) (Cursor, error)
	// Version is that of the snapshot.
	Version() kv.Version
}

// Cursor walks a range of a Base in both directions. The positioning methods
// report whether there is a key; they stay within the range the cursor was
// opened on.
type Cursor interface {
	First() bool
	Last() bool
	// SeekGE moves to the first key at or after key, SeekLT to the last before.
	SeekGE(key []byte) bool
	SeekLT(key []byte) bool
	Next() bool
	Prev() bool
	// Key and Value are valid until the next move.
	Key() []byte
	Value() []byte
	Err() error
	Close() error
}

// counterSize is the length of a stored counter.
const counterSize = 8

// AppendCounter appends the stored form of a counter, which all engines share:
// 8 bytes, big endian.
func AppendCounter(dst []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(n))
}

// Counter reads the stored form of a counter.
func Counter(value []byte) (int64, error) {
	if len(value) != counterSize {
		return 0, fmt.Errorf("value of %d bytes is not a counter", len(value))
	}
	return int64(binary.BigEndian.Uint64(value)), nil
}

// LenientCounter reads a counter that a wrong program may have overwritten:
// what is no counter counts as 0. Adding must not fail, for it happens where
// nobody can be told.
func LenientCounter(value []byte) int64 {
	n, err := Counter(value)
	if err != nil {
		return 0
	}
	return n
}

// VersionedKey appends the key that kv.Tx.SetVersioned writes in the commit v.
func VersionedKey(dst, prefix []byte, v kv.Version, suffix []byte) []byte {
	dst = append(dst, prefix...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(v))
	return append(dst, suffix...)
}

// span is the keys k with begin <= k < end; a nil end is the end of the key
// space.
type span struct {
	begin, end []byte
}

func (s span) contains(key []byte) bool {
	return bytes.Compare(s.begin, key) <= 0 && before(key, s.end)
}

// before reports whether key < end, where a nil end is the end of the key space.
func before(key, end []byte) bool {
	return end == nil || bytes.Compare(key, end) < 0
}

// overlaps reports whether s and t have a key in common.
func (s span) overlaps(t span) bool {
	return before(s.begin, t.end) && before(t.begin, s.end)
}

func (s span) empty() bool {
	return s.end != nil && bytes.Compare(s.begin, s.end) >= 0
}
