package storage

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// NamedTable keeps records by an id, each with a name that no other one has. Names
// are compared without regard to case.
type NamedTable[T any, P Record[T]] struct {
	what    string
	records Table[T, P]
	names   Table[Reference, *Reference]
	key     func(P) (id uuid.UUID, name string)
}

// Reference leads to a record by its id.
type Reference struct {
	ID uuid.UUID `json:"Id"`
}

// MaxListed is how many records one answer has at most, and defaultListed how many
// it has when nobody says how many.
const (
	MaxListed     = 1000
	defaultListed = 100
)

// Limit is how many records an answer has for the Limit of a request: 0 means 100,
// and more than MaxListed is an error of slnet.KindInvalid.
func Limit(given int64) (int, error) {
	if given < 0 || given > MaxListed {
		return 0, slnet.Errorf(slnet.KindInvalid, "Limit is %d, it must be 0 to %d", given, MaxListed)
	}
	return int(cmp.Or(given, defaultListed)), nil
}

// NewNamedTable returns the table of what errors call what, such as "trigger". The
// names of its tables are on disk and never change: that of the records, and that
// of what leads from their names to them. key returns the id and name of a record.
func NewNamedTable[T any, P Record[T]](what, records, names string, key func(P) (uuid.UUID, string)) NamedTable[T, P] {
	return NamedTable[T, P]{what, NewTable[T, P](records), NewTable[Reference](names), key}
}

// FoldName is the form names are compared in.
func FoldName(name string) string { return strings.ToLower(name) }

// Get returns a record, or an error of slnet.KindNotFound.
func (t NamedTable[T, P]) Get(r *Reader, id uuid.UUID) (P, error) {
	record, err := t.records.Get(r, id.String())
	if errors.Is(err, ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no %s %s", t.what, id)
	}
	return record, err
}

// Find is Get by the id or, where that is zero, by the name.
func (t NamedTable[T, P]) Find(r *Reader, id uuid.UUID, name string) (P, error) {
	if id != uuid.Nil {
		return t.Get(r, id)
	}
	named, err := t.names.Get(r, FoldName(name))
	if errors.Is(err, ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no %s %q", t.what, name)
	}
	if err != nil {
		return nil, err
	}
	return t.Get(r, named.ID)
}

// Scan calls fn with records by id until fn returns false.
func (t NamedTable[T, P]) Scan(r *Reader, walk Walk, fn func(record P) (bool, error)) error {
	return t.records.Scan(r, walk, fn)
}

// List returns the records behind a name, by name, that selects wants: as many as
// Limit makes of limit.
func (t NamedTable[T, P]) List(ctx context.Context, r *Reader, after string, limit int64, selects func(P) bool) ([]T, error) {
	most, err := Limit(limit)
	if err != nil {
		return nil, err
	}
	walk := Walk{}
	if after != "" {
		walk.After = []string{FoldName(after)}
	}
	list := []T{}
	err = t.names.Scan(r, walk, func(named *Reference) (bool, error) {
		record, err := t.Get(r, named.ID)
		if err != nil {
			return false, err
		}
		if selects(record) {
			list = append(list, *record)
		}
		return len(list) < most, ctx.Err()
	})
	return list, err
}

// Put stores a record in place of old, nil for a new one. The error is of
// slnet.KindAlreadyExists when another one has the name, or a new one's id.
func (t NamedTable[T, P]) Put(tx *Tx, old, record P) error {
	id, name := t.key(record)
	former := ""
	if old == nil {
		_, err := t.records.Get(&tx.Reader, id.String())
		if err := free(err, "there is a %s with the ID %s already", t.what, id); err != nil {
			return err
		}
	} else {
		_, former = t.key(old)
	}
	if FoldName(former) != FoldName(name) {
		_, err := t.names.Get(&tx.Reader, FoldName(name))
		if err := free(err, "there is a %s %q already", t.what, name); err != nil {
			return err
		}
		if err := errors.Join(t.names.Delete(tx, FoldName(former)), t.names.Put(tx, &Reference{id}, FoldName(name))); err != nil {
			return err
		}
	}
	return t.records.Put(tx, record, id.String())
}

// free is nil when looking something up said that it is not there, and says that
// it is taken when it is.
func free(err error, taken string, args ...any) error {
	switch {
	case err == nil:
		return slnet.Errorf(slnet.KindAlreadyExists, taken, args...)
	case errors.Is(err, ErrNotFound):
		return nil
	}
	return err
}

// Delete removes a record and its name.
func (t NamedTable[T, P]) Delete(tx *Tx, record P) error {
	id, name := t.key(record)
	return errors.Join(t.names.Delete(tx, FoldName(name)), t.records.Delete(tx, id.String()))
}
