package pebblekv

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// RawOptions are the settings a store with o gives Pebble, for a Pebble of the
// test's own. It has no guard.
func RawOptions(o Options) *pebble.Options {
	o = o.withDefaults()
	p := o.pebbleOptions(newGuard("", o, nil))
	p.FS = o.FS
	return p
}

// StoreFormat is the version a store is written in.
const StoreFormat = storeFormat

// SetStoreFormat changes the version a closed store says it was written in.
func SetStoreFormat(fs FS, dir string, format uint64) error {
	p := RawOptions(Options{FS: fs})
	db, err := pebble.Open(dir, p)
	if err != nil {
		return err
	}
	batch := db.NewBatch()
	return errors.Join(setNumber(batch, formatKey, format), batch.Commit(pebble.Sync), db.Close())
}

// Fatalf is what Pebble calls when it wants to end the process. It does not
// return.
func (s *Store) Fatalf(format string, args ...any) {
	pebbleLogger{g: s.guard, log: s.guard.log}.Fatalf(format, args...)
}

// Watch watches the free space of a directory without a store until stop is
// closed.
func Watch(dir string, o Options, stop <-chan struct{}) (refusal func() error) {
	w := newSpace(dir, o, stop)
	w.begin()
	w.measure = func() int64 { return 0 }
	go w.run()
	return w.refusal
}
