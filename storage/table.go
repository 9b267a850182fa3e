package storage

import (
	"errors"
	"fmt"

	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/storage/kv"
)

// Record is a pointer to a struct that can be kept in a Table.
type Record[T any] interface {
	*T
	msgp.Marshaler
	msgp.Unmarshaler
}

// Table keeps records of the daemon's own: users, scripts, runs. A record's key
// is a tuple of texts. Tables are not part of the feed.
type Table[T any, P Record[T]] struct{ name string }

// NewTable returns the table of a name. The name is on disk and never changes.
func NewTable[T any, P Record[T]](name string) Table[T, P] { return Table[T, P]{name} }

func (t Table[T, P]) key(parts []string) []byte {
	const around = 3 // a text, see appendString
	n := 1 + len(t.name) + around
	for _, part := range parts {
		n += len(part) + around
	}
	key := appendString(append(make([]byte, 0, n), spaceTable), t.name)
	for _, part := range parts {
		key = appendString(key, part)
	}
	return key
}

// Get returns a record, or ErrNotFound.
func (t Table[T, P]) Get(r *Reader, key ...string) (P, error) {
	b, err := t.read(r, t.key(key))
	if err != nil {
		return nil, err
	}
	return t.decode(b)
}

func (t Table[T, P]) read(r *Reader, key []byte) ([]byte, error) {
	b, err := r.kv.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, ErrNotFound
	}
	return b, err
}

func (t Table[T, P]) decode(b []byte) (P, error) {
	record := P(new(T))
	if rest, err := record.UnmarshalMsg(b); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("a record of table %s is damaged: %w", t.name, errors.Join(err, errTuple))
	}
	return record, nil
}

// Put stores a record.
func (t Table[T, P]) Put(tx *Tx, record P, key ...string) error {
	b, err := tx.encode(record)
	if err != nil {
		return err
	}
	return tx.kv.Set(t.key(key), b)
}

// Delete removes a record; it need not exist.
func (t Table[T, P]) Delete(tx *Tx, key ...string) error { return tx.kv.Delete(t.key(key)) }

// Walk says which records Scan visits.
type Walk struct {
	// Prefix is the beginning of the keys.
	Prefix []string
	// Reverse begins with the last key.
	Reverse bool
	// After begins behind a key, in the direction of the walk.
	After []string
}

// Scan calls fn with records by key until fn returns false.
func (t Table[T, P]) Scan(r *Reader, walk Walk, fn func(record P) (bool, error)) error {
	return t.walk(r, walk, func(it kv.Iterator) (bool, error) {
		record, err := t.decode(append([]byte(nil), it.Value()...))
		if err != nil {
			return false, err
		}
		return fn(record)
	})
}

// Keys calls fn with the keys of records until fn returns false. It does not read
// the records.
func (t Table[T, P]) Keys(r *Reader, walk Walk, fn func(key []string) (bool, error)) error {
	prefix := len(t.key(nil))
	return t.walk(r, walk, func(it kv.Iterator) (bool, error) {
		var key []string
		for rest := it.Key()[prefix:]; len(rest) > 0; {
			part, more, err := readString(rest)
			if err != nil {
				return false, fmt.Errorf("a key of table %s is damaged: %w", t.name, err)
			}
			key, rest = append(key, part), more
		}
		return fn(key)
	})
}

func (t Table[T, P]) walk(r *Reader, walk Walk, fn func(it kv.Iterator) (bool, error)) error {
	rng := kv.PrefixRange(t.key(walk.Prefix))
	rng.Reverse = walk.Reverse
	if walk.After != nil {
		if after := t.key(walk.After); walk.Reverse {
			rng.End = after
		} else {
			rng.Begin = kv.PrefixEnd(after)
		}
	}
	it := r.kv.Scan(rng)
	defer it.Close()
	for it.Next() {
		if more, err := fn(it); err != nil || !more {
			return err
		}
	}
	return it.Err()
}
