// Package kv is the contract between the typed store and an ordered,
// transactional key-value engine. It is shaped like FoundationDB: reads at one
// snapshot, serializable optimistic transactions whose function may run more
// than once, conflict-free counters, and a commit version that orders the
// change feed. Nothing in it names an engine, so that an engine shared by
// several daemons can stand in later.
//
// Every engine passes the suite in package kvtest.
package kv

import (
	"context"
	"errors"
)

// Limits every engine holds to, so that what works on one works on all.
const (
	// MaxKeySize is the longest key in bytes.
	MaxKeySize = 8 << 10
	// MaxValueSize is the longest value in bytes.
	MaxValueSize = 32 << 20
	// MaxTxSize bounds the sum of key and value bytes one transaction writes.
	MaxTxSize = 64 << 20
)

// Errors of the contract. An engine wraps them with what it was doing; match
// them with errors.Is.
var (
	// ErrNotFound: Get found no value under the key.
	ErrNotFound = errors.New("key not found")
	// ErrConflict: a transaction lost against others more often than the
	// engine retries. Nothing was written.
	ErrConflict = errors.New("transaction conflict")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
	// ErrFailed: an earlier write or sync failed, what is on disk is no longer
	// known, and the engine refuses all further work until it is opened again.
	ErrFailed = errors.New("store has failed and must be reopened")
	// ErrReadOnly: the store takes no writes now, for want of space.
	ErrReadOnly = errors.New("store is read-only")
	// ErrTooLarge: a key, a value or a transaction exceeds its limit.
	ErrTooLarge = errors.New("too large")
	// ErrFull: the store keeps what is written in memory and holds as much as it
	// may.
	ErrFull = errors.New("store is full")
	// ErrNewerFormat: the data was written by a newer program.
	ErrNewerFormat = errors.New("data was written by a newer version")
	// ErrLocked: another process has the store open.
	ErrLocked = errors.New("store is in use by another process")
)

// Version numbers commits. It grows with every commit that wrote something and
// is never reused, also not after a crash. 0 is the state before the first.
type Version uint64

// Store is an open key-value store. All methods may be called from any
// goroutine.
type Store interface {
	// View runs fn on one consistent snapshot of durable data: what fn sees
	// survives a crash at any later moment. It returns what fn returned.
	View(ctx context.Context, fn func(r Reader) error) error

	// Update runs fn in a serializable transaction and commits it durably: when
	// Update returns nil, the writes survive a crash. fn sees its own writes.
	// fn may run several times when it conflicts with other transactions, so it
	// must have no effects outside tx. When fn returns an error nothing is
	// written and Update returns that error. The version is that of the commit,
	// or of the snapshot when fn wrote nothing.
	//
	// An engine that is short of space returns ErrReadOnly for what would be
	// written, and takes it again when there is space; a transaction that wrote
	// nothing succeeds all the same.
	//
	// When ctx ends before the commit is handed to the engine, nothing is
	// written. Afterwards Update waits for the outcome, which is known within
	// one disk sync.
	Update(ctx context.Context, fn func(tx Tx) error) (Version, error)

	// Version returns the version of the newest durable commit.
	Version() Version

	// Wait blocks until a commit newer than after is durable and returns the
	// newest version, or the error of ctx, or ErrClosed or ErrFailed.
	Wait(ctx context.Context, after Version) (Version, error)

	// Close waits for running transactions, releases the store and reports what
	// was left open. It must not be called inside a transaction. A second call
	// returns ErrClosed, as does every other call from then on.
	Close() error
}

// Reader reads one snapshot. It and its iterators end with the function they
// were passed to and are for one goroutine at a time.
type Reader interface {
	// Get returns the value under key in a slice the caller owns, or
	// ErrNotFound.
	Get(key []byte) ([]byte, error)

	// GetCounter returns the value of the counter under key, 0 when Add was
	// never called on it.
	GetCounter(key []byte) (int64, error)

	// Scan returns an iterator over the keys of r in byte order. It stands
	// before the first key, and shows the transaction as it was at the call. The
	// caller closes it.
	Scan(r Range) Iterator

	// Version is that of the snapshot.
	Version() Version
}

// Range is the keys k with Begin <= k < End, by bytes. A nil End is the end of
// the key space.
type Range struct {
	Begin, End []byte
	// Reverse iterates from the last key to the first.
	Reverse bool
}

// Iterator walks a Range. The usual loop:
//
//	it := r.Scan(rng)
//	defer it.Close()
//	for it.Next() {
//		use(it.Key(), it.Value())
//	}
//	return it.Err()
type Iterator interface {
	// Next moves to the next key and reports whether there is one.
	Next() bool
	// Seek moves to the first key at or after key in the direction of the
	// range, within its bounds, and reports whether there is one. It may be
	// called instead of Next, and in either direction.
	Seek(key []byte) bool
	// Key and Value are valid until the next call of Next, Seek or Close.
	Key() []byte
	Value() []byte
	// Err is the error that ended the walk, nil at its regular end.
	Err() error
	// Close releases the iterator. A second call does nothing.
	Close() error
}

// Tx is a transaction. Writes are kept in memory until the commit; slices
// passed in are copied.
type Tx interface {
	Reader

	// AddReadConflictKey makes the transaction conflict with changes of key as if
	// it had read it, for those who know the value by other means.
	AddReadConflictKey(key []byte) error
	// Set stores value under key.
	Set(key, value []byte) error
	// Delete removes key; it need not exist.
	Delete(key []byte) error
	// DeleteRange removes the keys k with begin <= k < end. A nil end is the end
	// of the key space.
	DeleteRange(begin, end []byte) error
	// Add adds delta to the counter under key. Adds do not conflict with each
	// other; reading the counter in a transaction that others add to does. Set
	// and Add must not be mixed on one key; Delete resets a counter to 0. Get and
	// Scan show a counter as 8 bytes, big endian.
	Add(key []byte, delta int64) error
	// SetVersioned stores value under prefix + version + suffix, where version
	// is the commit's own, 8 bytes big endian, known only at the commit: the
	// keys of a feed, in commit order. The key cannot be read in this
	// transaction, and is written after all its other writes.
	SetVersioned(prefix, suffix, value []byte) error
}

// PrefixRange is the range of all keys that begin with prefix.
func PrefixRange(prefix []byte) Range {
	return Range{Begin: prefix, End: PrefixEnd(prefix)}
}

// PrefixEnd is the first key after all keys that begin with prefix, nil when
// there is none.
func PrefixEnd(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] != 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}
