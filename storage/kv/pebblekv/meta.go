package pebblekv

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/storage/kv"
)

// storeFormat is the version of what this package writes: how keys are
// prefixed, how counters and the records below are encoded.
const storeFormat = 1

// The store's own records, each 8 bytes, big endian.
var (
	formatKey  = []byte{ownSpace, 'f'} // storeFormat
	versionKey = []byte{ownSpace, 'v'} // the version of the newest commit
)

func setNumber(batch *pebble.Batch, key []byte, n uint64) error {
	var value [8]byte
	binary.BigEndian.PutUint64(value[:], n)
	return batch.Set(key, value[:], nil)
}

func setVersion(batch *pebble.Batch, v kv.Version) error {
	return setNumber(batch, versionKey, uint64(v))
}

// number reads one of the store's own records.
func number(db *pebble.DB, key []byte) (n uint64, found bool, err error) {
	value, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if len(value) != 8 {
		err = fmt.Errorf("record %q of %d bytes", key[1:], len(value))
	} else {
		n = binary.BigEndian.Uint64(value)
	}
	return n, true, errors.Join(err, closer.Close())
}

// loadMeta checks the format of the store, writes it when the store is new, and
// returns the version of the newest commit.
func loadMeta(db *pebble.DB) (kv.Version, error) {
	format, found, err := number(db, formatKey)
	if err != nil {
		return 0, fmt.Errorf("read format: %w", err)
	}
	if !found {
		batch := db.NewBatch()
		defer batch.Close()
		if err := errors.Join(setNumber(batch, formatKey, storeFormat), setVersion(batch, 0)); err != nil {
			return 0, fmt.Errorf("write format: %w", err)
		}
		if err := db.Apply(batch, pebble.Sync); err != nil {
			return 0, fmt.Errorf("write format: %w", err)
		}
		return 0, nil
	}
	if format > storeFormat {
		return 0, fmt.Errorf("store format is %d, this program knows up to %d: %w", format, storeFormat, kv.ErrNewerFormat)
	}
	v, found, err := number(db, versionKey)
	if err != nil {
		return 0, fmt.Errorf("read version: %w", err)
	}
	if !found {
		return 0, errors.New("read version: the record is missing")
	}
	return kv.Version(v), nil
}
