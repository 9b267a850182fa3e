package pebblekv_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// Every benchmark does its work twice: on the store, which is what b reports,
// and on Pebble itself with the same settings, which is the floor. It reports
// the throughput of the store as a share of the floor's.

const (
	benchKeys  = 100_000
	benchValue = 400
)

func benchKey(buf []byte, i int) []byte {
	return binary.BigEndian.AppendUint64(append(buf[:0], "k/"...), uint64(i))
}

// openBoth opens a store and a raw Pebble database in directories of their own.
func openBoth(b *testing.B) (*pebblekv.Store, *pebble.DB) {
	b.Helper()
	s, err := pebblekv.Open(b.TempDir(), pebblekv.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	db, err := pebble.Open(b.TempDir(), pebblekv.RawOptions(pebblekv.Options{Logger: quiet}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(s.Close(), db.Close()); err != nil {
			b.Error(err)
		}
	})
	return s, db
}

// fill stores the same keys in both.
func fill(b *testing.B, s *pebblekv.Store, db *pebble.DB) {
	b.Helper()
	value := make([]byte, benchValue)
	for at := 0; at < benchKeys; at += 10_000 {
		batch := db.NewBatch()
		_, err := s.Update(b.Context(), func(tx kv.Tx) error {
			var key []byte
			for i := at; i < at+10_000; i++ {
				key = benchKey(key, i)
				if err := errors.Join(tx.Set(key, value), batch.Set(key, value, nil)); err != nil {
					return err
				}
			}
			return nil
		})
		if err := errors.Join(err, batch.Commit(pebble.Sync)); err != nil {
			b.Fatal(err)
		}
	}
	if err := errors.Join(s.Compact(b.Context()), db.Compact(b.Context(), []byte{0}, []byte{0xff}, false)); err != nil {
		b.Fatal(err)
	}
}

// versus runs work on the store, timed by b, and floor, and reports the ratio.
// The two take turns, so that a slow moment of the disk meets both.
func versus(b *testing.B, work, floor func(n int) error) {
	b.Helper()
	const turns = 8
	var ours, theirs time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for turn := range turns {
		n := b.N/turns + min(1, max(0, b.N%turns-turn))
		if n == 0 {
			continue
		}
		began := time.Now()
		err := work(n)
		ours += time.Since(began)
		b.StopTimer()
		began = time.Now()
		err = errors.Join(err, floor(n))
		theirs += time.Since(began)
		b.StartTimer()
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(theirs)/float64(ours), "of-floor")
	b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "floor-ns/op")
}

// spread runs f n times on the given number of goroutines.
func spread(n, goroutines int, f func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, goroutines)
	for g := range goroutines {
		wg.Go(func() {
			for i := g; i < n && errs[g] == nil; i += goroutines {
				errs[g] = f(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func benchmarkUpdate(b *testing.B, goroutines int) {
	s, db := openBoth(b)
	value := make([]byte, benchValue)
	ctx := context.Background()
	versus(b, func(n int) error {
		return spread(n, goroutines, func(i int) error {
			_, err := s.Update(ctx, func(tx kv.Tx) error { return tx.Set(benchKey(nil, i%benchKeys), value) })
			return err
		})
	}, func(n int) error {
		return spread(n, goroutines, func(i int) error {
			return db.Set(benchKey(nil, i%benchKeys), value, pebble.Sync)
		})
	})
}

func BenchmarkUpdateSequential(b *testing.B) { benchmarkUpdate(b, 1) }

func BenchmarkUpdate32(b *testing.B) { benchmarkUpdate(b, 32) }

func BenchmarkGet(b *testing.B) {
	s, db := openBoth(b)
	fill(b, s, db)
	ctx := context.Background()
	const stride = 7919 // visits the keys out of order
	at := func(i int) []byte { return benchKey(nil, i*stride%benchKeys) }
	versus(b, func(n int) error {
		for i := range n {
			err := s.View(ctx, func(r kv.Reader) error {
				_, err := r.Get(at(i))
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}, func(n int) error {
		for i := range n {
			value, closer, err := db.Get(at(i))
			if err != nil {
				return err
			}
			_ = append([]byte(nil), value...)
			if err := closer.Close(); err != nil {
				return err
			}
		}
		return nil
	})
}

func BenchmarkScan(b *testing.B) {
	const rows = 1000
	s, db := openBoth(b)
	fill(b, s, db)
	ctx := context.Background()
	bounds := func(i int) (begin, end []byte) {
		at := i * rows % benchKeys
		return benchKey(nil, at), benchKey(nil, at+rows)
	}
	errShort := errors.New("too few rows")
	versus(b, func(n int) error {
		for i := range n {
			begin, end := bounds(i)
			seen := 0
			err := s.View(ctx, func(r kv.Reader) error {
				it := r.Scan(kv.Range{Begin: begin, End: end})
				defer it.Close()
				for it.Next() {
					if len(it.Key()) > 0 && len(it.Value()) == benchValue {
						seen++
					}
				}
				return it.Err()
			})
			if err != nil {
				return err
			}
			if seen != rows {
				return errShort
			}
		}
		return nil
	}, func(n int) error {
		for i := range n {
			begin, end := bounds(i)
			it, err := db.NewIter(&pebble.IterOptions{LowerBound: begin, UpperBound: end})
			if err != nil {
				return err
			}
			seen := 0
			for ok := it.First(); ok; ok = it.Next() {
				if len(it.Key()) > 0 && len(it.Value()) == benchValue {
					seen++
				}
			}
			if err := it.Close(); err != nil {
				return err
			}
			if seen != rows {
				return errShort
			}
		}
		return nil
	})
}
