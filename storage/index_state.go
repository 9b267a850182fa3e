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
}

// fieldSet is a set of fields.
type fieldSet struct {
	all  bool
	some []uuid.UUID // sorted
}

func (s fieldSet) has(id dom.FieldDescriptorID) bool {
	if s.all {
		return true
	}
	_, found := slices.BinarySearchFunc(s.some, uuid.UUID(id), compareIDs)
	return found
}

func (s fieldSet) equal(other fieldSet) bool {
	return s.all == other.all && slices.Equal(s.some, other.some)
}

// within reports whether all fields of s are in other.
func (s fieldSet) within(other fieldSet) bool {
	return other.all || !s.all && !slices.ContainsFunc(s.some, func(id uuid.UUID) bool { return !other.has(dom.FieldDescriptorID(id)) })
}

func compareIDs(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }

// indexes is an IndexState as it is used.
type indexes struct {
	want, ready     fieldSet
	propertiesReady bool
}

func (s *IndexState) indexes() indexes {
	i := indexes{want: fieldSet{all: !s.Limited, some: s.Fields}, ready: fieldSet{some: s.Ready}, propertiesReady: s.PropertiesReady}
	if !s.Filling {
		i.ready, i.propertiesReady = i.want, true
	}
	return i
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
