package storage

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// IndexState says which indexes of a module writes keep, and which of these hold
// every object. The zero value is the state of a module that has none stored:
// all indexes are kept and complete, for they were from its first object on.
//
// Every write reads it, so that a write and a change of the state conflict: no
// object is ever stored under a state it was not indexed by.
type IndexState struct {
	// Limited keeps only the indexes of Fields.
	Limited bool
	Fields  []uuid.UUID // sorted
	// Filling is set while objects stored before are being indexed. Queries then
	// use only the indexes of Ready, and those of properties when these are.
	Filling         bool
	Ready           []uuid.UUID // sorted
	PropertiesReady bool
	// AllReady: of the fields, all are ready, not only those of Ready.
	AllReady bool
	// Texts are the fields with a text index, and ReadyTexts those of them whose
	// index is complete while Filling.
	Texts, ReadyTexts []uuid.UUID // sorted
	// Several are the indexed fields of which an instance has had several entries:
	// as soon as one has, and until the index is removed. Of any other field each
	// instance has one value at most, as far as its index tells values apart. While
	// SeveralUnknown that is said of no field.
	Several        []uuid.UUID // sorted
	SeveralUnknown bool
}

// fieldSet says which indexes of fields there are: of the values of all fields or
// some, and of the texts of some.
type fieldSet struct {
	all         bool
	some, texts []uuid.UUID // sorted
}

// newFieldSet is the set of the indexes that are asked for; no values means those
// of all fields.
func newFieldSet(values, texts []dom.FieldDescriptorID) fieldSet {
	return fieldSet{all: len(values) == 0, some: sortedFields(values), texts: sortedFields(texts)}
}

func sortedFields(fields []dom.FieldDescriptorID) []uuid.UUID {
	var list []uuid.UUID
	for _, id := range fields {
		list = append(list, uuid.UUID(id))
	}
	slices.SortFunc(list, compareIDs)
	return slices.Compact(list)
}

// has reports whether the values of a field have an index.
func (s fieldSet) has(id dom.FieldDescriptorID) bool { return s.all || among(s.some, id) }

// hasTexts reports whether the texts of a field have an index.
func (s fieldSet) hasTexts(id dom.FieldDescriptorID) bool { return among(s.texts, id) }

func among(sorted []uuid.UUID, id dom.FieldDescriptorID) bool {
	_, found := slices.BinarySearchFunc(sorted, uuid.UUID(id), compareIDs)
	return found
}

func (s fieldSet) equal(other fieldSet) bool {
	return s.all == other.all && slices.Equal(s.some, other.some) && slices.Equal(s.texts, other.texts)
}

// common are the indexes that both have.
func (s fieldSet) common(other fieldSet) fieldSet {
	both := fieldSet{all: s.all && other.all, texts: those(s.texts, other.hasTexts)}
	switch {
	case s.all:
		both.some = other.some
	default:
		both.some = those(s.some, other.has)
	}
	return both
}

func those(fields []uuid.UUID, has func(dom.FieldDescriptorID) bool) (list []uuid.UUID) {
	for _, id := range fields {
		if has(dom.FieldDescriptorID(id)) {
			list = append(list, id)
		}
	}
	return list
}

// within reports whether all indexes of s are in other.
func (s fieldSet) within(other fieldSet) bool { return s.common(other).equal(s) }

func compareIDs(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }

// indexes is an IndexState as it is used.
type indexes struct {
	want, ready     fieldSet
	propertiesReady bool
	several         []uuid.UUID // sorted
	severalUnknown  bool
}

func (s *IndexState) indexes() indexes {
	i := indexes{
		want:            fieldSet{all: !s.Limited, some: s.Fields, texts: s.Texts},
		ready:           fieldSet{all: s.AllReady, some: s.Ready, texts: s.ReadyTexts},
		propertiesReady: s.PropertiesReady,
		several:         s.Several,
		severalUnknown:  s.SeveralUnknown,
	}
	if !s.Filling {
		i.ready, i.propertiesReady = i.want, true
	}
	return i
}

// isSingle reports whether no instance has several entries in the index of a
// field, each area of texts taken for itself.
func (i *indexes) isSingle(id dom.FieldDescriptorID) bool {
	return !i.severalUnknown && !among(i.several, id)
}

// addSeveral notes fields of which an instance has several entries. Who planned a
// query by their not being noted conflicts with it.
func (tx *Tx) addSeveral(moduleID string, fields []dom.FieldDescriptorID) error {
	if len(fields) == 0 {
		return nil
	}
	state, err := tx.storedIndexState(moduleID)
	if err != nil {
		return err
	}
	known := len(state.Several)
	for _, id := range fields {
		if at, found := slices.BinarySearchFunc(state.Several, uuid.UUID(id), compareIDs); !found {
			state.Several = slices.Insert(state.Several, at, uuid.UUID(id))
		}
	}
	if len(state.Several) == known {
		return nil
	}
	return tx.putIndexState(moduleID, state)
}

func indexStateKey(moduleID string) []byte { return appendString([]byte{spaceIndexState}, moduleID) }

// fillKey is where the filling of a module's indexes stands: the key of the
// object that was indexed last.
func fillKey(moduleID string) []byte { return append(indexStateKey(moduleID), 'f') }

func (r *Reader) storedIndexState(moduleID string) (*IndexState, error) {
	b, err := r.kv.Get(indexStateKey(moduleID))
	if errors.Is(err, kv.ErrNotFound) {
		return new(IndexState), nil
	}
	if err != nil {
		return nil, err
	}
	state := new(IndexState)
	if rest, err := state.UnmarshalMsg(b); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("the index state of module %q is damaged: %w", moduleID, errors.Join(err, errTuple))
	}
	return state, nil
}

func (r *Reader) indexState(moduleID string) (indexes, error) {
	state, err := r.storedIndexState(moduleID)
	if err != nil {
		return indexes{}, err
	}
	return state.indexes(), nil
}

func (tx *Tx) putIndexState(moduleID string, state *IndexState) error {
	b, err := state.MarshalMsg(nil)
	if err != nil {
		return err
	}
	return tx.kv.Set(indexStateKey(moduleID), b)
}
