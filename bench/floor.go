package main

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/internal/measure"
)

// floor is the least the same work could cost: a bare Pebble with the bytes of the
// records under their numbers, and the entries of two indexes.
type floor struct {
	*measure.House
	value []byte // of a record
	count int
}

// The first bytes of keys of the bare Pebble.
const (
	recordKey = 'r'
	valueKey  = 'v'
	countKey  = 'c'
)

func newFloor(h *measure.House, bytes, records int) (*floor, error) {
	f := &floor{House: h, value: make([]byte, bytes), count: records}
	batch := h.Raw.NewBatch()
	defer batch.Close()
	for n := range records {
		r := readingOf(n, records)
		if err := batch.Set(key(recordKey, uint64(n)), f.value, nil); err != nil {
			return nil, err
		}
		if err := batch.Set(key(valueKey, uint64(r.value*4), uint64(n)), nil, nil); err != nil {
			return nil, err
		}
		if err := batch.Set(key(countKey, uint64(r.count), uint64(n)), nil, nil); err != nil {
			return nil, err
		}
	}
	return f, batch.Commit(pebble.Sync)
}

// key is a key of a kind and numbers.
func key(kind byte, numbers ...uint64) []byte {
	k := append(make([]byte, 0, 17), kind)
	for _, n := range numbers {
		k = binary.BigEndian.AppendUint64(k, n)
	}
	return k
}

func (f *floor) create(context.Context, reading) error { return f.Set(f.value) }

func (f *floor) read(_ context.Context, n int) error { return f.get(uint64(n)) }

func (f *floor) get(n uint64) error {
	_, closer, err := f.Raw.Get(key(recordKey, n))
	if err != nil {
		return err
	}
	return closer.Close()
}

func (f *floor) equal(_ context.Context, value float64) (int, error) {
	return f.scan(key(valueKey, uint64(value*4)), key(valueKey, uint64(value*4)+1), f.get)
}

func (f *floor) between(_ context.Context, from, to int64) (int, error) {
	return f.scan(key(countKey, uint64(from)), key(countKey, uint64(to)), f.get)
}

func (f *floor) all(context.Context) (int, error) { return f.count, f.get(0) }

func (f *floor) countBetween(_ context.Context, from, to int64) (int, error) {
	return f.scan(key(countKey, uint64(from)), key(countKey, uint64(to)), func(uint64) error { return nil })
}

// scan goes through entries of an index with the number of each one's record.
func (f *floor) scan(from, to []byte, do func(n uint64) error) (found int, err error) {
	it, err := f.Raw.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return 0, err
	}
	defer func() {
		if closing := it.Close(); err == nil {
			err = closing
		}
	}()
	for ok := it.First(); ok; ok = it.Next() {
		entry := it.Key()
		if len(entry) != 17 {
			return 0, fmt.Errorf("an entry of %d bytes", len(entry))
		}
		if err := do(binary.BigEndian.Uint64(entry[9:])); err != nil {
			return 0, err
		}
		found++
	}
	return found, it.Error()
}
