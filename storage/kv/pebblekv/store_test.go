package pebblekv_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

func put(t testing.TB, s kv.Store, key, value string) kv.Version {
	t.Helper()
	v, err := s.Update(t.Context(), func(tx kv.Tx) error { return tx.Set([]byte(key), []byte(value)) })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func value(t testing.TB, s kv.Store, key string) string {
	t.Helper()
	var value []byte
	err := s.View(t.Context(), func(r kv.Reader) (err error) {
		value, err = r.Get([]byte(key))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(value)
}

func closeStore(t testing.TB, s kv.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	opts := pebblekv.Options{Logger: quiet}
	var last kv.Version
	for i := range 3 {
		s, err := pebblekv.Open(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		if v := s.Version(); v != last {
			t.Errorf("version after reopening: %d, before: %d", v, last)
		}
		if i > 0 && value(t, s, "k") != fmt.Sprint(i-1) {
			t.Errorf("value after reopening: %q", value(t, s, "k"))
		}
		v := put(t, s, "k", fmt.Sprint(i))
		if v != last+1 {
			t.Errorf("version %d after %d", v, last)
		}
		last = v
		closeStore(t, s)
	}
}

// TestLocked opens a store that this process, and then one that another
// process has open.
func TestLocked(t *testing.T) {
	if dir := os.Getenv("PEBBLEKV_TEST_DIR"); dir != "" {
		_, err := pebblekv.Open(dir, pebblekv.Options{Logger: quiet})
		fmt.Println(errors.Is(err, kv.ErrLocked), err)
		return
	}
	dir := t.TempDir()
	opts := pebblekv.Options{Logger: quiet}
	s, err := pebblekv.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pebblekv.Open(dir, opts); !errors.Is(err, kv.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Open of a store this process has open: %v", err)
	}
	other := exec.Command(os.Args[0], "-test.run=^TestLocked$")
	other.Env = append(os.Environ(), "PEBBLEKV_TEST_DIR="+dir)
	out, err := other.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "true ") || !strings.Contains(string(out), dir) {
		t.Errorf("Open in another process: %v, %s", err, out)
	}
	put(t, s, "k", "still works")
	closeStore(t, s)
	s, err = pebblekv.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)

	// In memory, too.
	memory := pebblekv.MemFS()
	s = open(t, pebblekv.Options{FS: memory})
	if _, err := pebblekv.Open("store", pebblekv.Options{FS: memory, Logger: quiet}); !errors.Is(err, kv.ErrLocked) {
		t.Errorf("Open of a store in memory that is open: %v", err)
	}
	closeStore(t, s)
}

func TestOpenFails(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := pebblekv.Open(file, pebblekv.Options{Logger: quiet})
	if err == nil || errors.Is(err, kv.ErrFailed) || errors.Is(err, kv.ErrLocked) || !strings.Contains(err.Error(), file) {
		t.Errorf("Open of a file: %v", err)
	}
}

func TestNewerFormat(t *testing.T) {
	fs := pebblekv.MemFS()
	s := open(t, pebblekv.Options{FS: fs})
	put(t, s, "k", "v")
	closeStore(t, s)
	if err := pebblekv.SetStoreFormat(fs, "store", pebblekv.StoreFormat+1); err != nil {
		t.Fatal(err)
	}
	_, err := pebblekv.Open("store", pebblekv.Options{FS: fs, Logger: quiet})
	if !errors.Is(err, kv.ErrNewerFormat) || !strings.Contains(err.Error(), fmt.Sprintf("is %d", pebblekv.StoreFormat+1)) ||
		!strings.Contains(err.Error(), fmt.Sprintf("up to %d", pebblekv.StoreFormat)) {
		t.Errorf("Open of a newer store: %v", err)
	}
	if err := pebblekv.SetStoreFormat(fs, "store", pebblekv.StoreFormat); err != nil {
		t.Fatal(err)
	}
	s = open(t, pebblekv.Options{FS: fs})
	if got := value(t, s, "k"); got != "v" {
		t.Errorf("value: %q", got)
	}
	closeStore(t, s)
}

// TestNewerPebble opens a store whose files a newer Pebble has written.
func TestNewerPebble(t *testing.T) {
	dir := t.TempDir()
	s, err := pebblekv.Open(dir, pebblekv.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if err := os.WriteFile(dir+"/marker.format-version.000999.999", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = pebblekv.Open(dir, pebblekv.Options{Logger: quiet})
	if !errors.Is(err, kv.ErrNewerFormat) || !strings.Contains(err.Error(), "999") {
		t.Errorf("Open: %v", err)
	}
}

// TestCountersMerge adds in many commits, so that sums are made by compactions
// as well as by reads, and lets a wrong program store something else under a
// counter.
func TestCountersMerge(t *testing.T) {
	s := open(t, pebblekv.Options{FS: pebblekv.MemFS(), MemTableSize: 8 << 10})
	put(t, s, "mixed", "no counter")
	for range 200 {
		_, err := s.Update(t.Context(), func(tx kv.Tx) error {
			return errors.Join(tx.Add([]byte("n"), 3), tx.Add([]byte("mixed"), 1), tx.Set([]byte("fill"), make([]byte, 500)))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		err := s.View(t.Context(), func(r kv.Reader) error {
			for key, want := range map[string]int64{"n": 600, "mixed": 200} {
				if n, err := r.GetCounter([]byte(key)); err != nil || n != want {
					t.Errorf("counter %s: %d, %v; want %d", key, n, err, want)
				}
			}
			if _, err := r.GetCounter([]byte("fill")); err == nil {
				t.Error("GetCounter of a value that is no counter succeeds")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)
}

func TestLeaks(t *testing.T) {
	s := open(t, pebblekv.Options{FS: pebblekv.MemFS()})
	put(t, s, "k", "v")
	var it kv.Iterator
	err := s.View(t.Context(), func(r kv.Reader) error {
		it = r.Scan(kv.Range{})
		it.Next()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if it.Next() || it.Key() != nil || it.Err() == nil {
		t.Error("an iterator outlives its function")
	}
	_, err = s.Update(t.Context(), func(tx kv.Tx) error {
		for range 3 {
			closed := tx.Scan(kv.Range{})
			tx.Scan(kv.Range{}).Next()
			closed.Close()
		}
		return tx.Set([]byte("k"), []byte("w"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "4 iterators") {
		t.Errorf("Close after leaving 4 iterators open: %v", err)
	}
}

// TestSnapshotsAreClosed holds snapshots of several versions at once and sees
// them gone afterwards.
func TestSnapshotsAreClosed(t *testing.T) {
	s := open(t, pebblekv.Options{FS: pebblekv.MemFS()})
	var nest func(depth int) error
	nest = func(depth int) error {
		put(t, s, "k", fmt.Sprint(depth))
		return s.View(t.Context(), func(r kv.Reader) error {
			if depth > 0 {
				if err := nest(depth - 1); err != nil {
					return err
				}
			} else if n := s.Metrics().Snapshots; n != 10 {
				t.Errorf("%d snapshots are open, want 10", n)
			}
			it := r.Scan(kv.Range{})
			defer it.Close()
			it.Next()
			if n := s.Metrics().Iterators; n != 1 {
				t.Errorf("%d iterators are open, want 1", n)
			}
			got, err := r.Get([]byte("k"))
			if string(got) != fmt.Sprint(depth) {
				t.Errorf("the snapshot of %d shows %s", depth, got)
			}
			return err
		})
	}
	if err := nest(9); err != nil {
		t.Fatal(err)
	}
	// A commit makes the committer clear up, at the latest before the one after.
	put(t, s, "k", "")
	put(t, s, "k", "")
	if n := s.Metrics().Iterators; n != 0 {
		t.Errorf("%d iterators are open, want none", n)
	}
	if n := s.Metrics().Snapshots; n > 2 {
		t.Errorf("%d snapshots are open, want 1, or 2 for a moment", n)
	}
	closeStore(t, s)
}

// TestGroups commits many transactions at once, each larger than what Pebble
// takes into a memtable.
func TestGroups(t *testing.T) {
	s := open(t, pebblekv.Options{FS: pebblekv.MemFS(), MemTableSize: 128 << 10})
	const workers = 32
	errs := make(chan error, workers)
	for w := range workers {
		go func() {
			_, err := s.Update(context.Background(), func(tx kv.Tx) error {
				return tx.Set(fmt.Append(nil, w), make([]byte, 300<<10))
			})
			errs <- err
		}()
	}
	for range workers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	m := s.Metrics()
	if m.Commits != workers || m.CommitGroups < 1 || m.CommitGroups > workers || m.Conflicts != 0 {
		t.Errorf("%+v", m)
	}
	closeStore(t, s)
}

func TestCheckpoint(t *testing.T) {
	for name, dirs := range map[string][2]string{
		"memory": {"store", "checkpoint"},
		"disk":   {t.TempDir() + "/store", t.TempDir() + "/sub/checkpoint"},
		"inside": {"store", "store/checkpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			opts := pebblekv.Options{Logger: quiet, MemTableSize: 32 << 10}
			if name != "disk" {
				opts.FS = pebblekv.MemFS()
			}
			s, err := pebblekv.Open(dirs[0], opts)
			if err != nil {
				t.Fatal(err)
			}
			var v kv.Version
			for i := range 100 {
				v = put(t, s, fmt.Sprint("k", i), strings.Repeat("x", 1000))
			}
			if err := s.Checkpoint(dirs[1]); err != nil {
				t.Fatal(err)
			}
			put(t, s, "k0", "later")
			if err := s.Checkpoint(dirs[1]); err == nil {
				t.Error("a second checkpoint in the same directory succeeds")
			}
			put(t, s, "k1", "after the failed checkpoint")
			copied, err := pebblekv.Open(dirs[1], opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := copied.Version(); got != v {
				t.Errorf("version %d, want %d", got, v)
			}
			if got := value(t, copied, "k0"); got != strings.Repeat("x", 1000) {
				t.Errorf("the checkpoint shows %.20q", got)
			}
			closeStore(t, copied)
			closeStore(t, s)
			if err := s.Checkpoint("late"); !errors.Is(err, kv.ErrClosed) {
				t.Errorf("Checkpoint of a closed store: %v", err)
			}
		})
	}
}

// TestCompactSteps compacts a store in steps, as large as the space allows.
func TestCompactSteps(t *testing.T) {
	g := openGauge(t, pebblekv.MemFS(), 1<<30)
	random := rand.NewChaCha8([32]byte{})
	for i := range 24 {
		_, err := g.Update(t.Context(), func(tx kv.Tx) error {
			row := make([]byte, 1<<20)
			_, _ = random.Read(row) // never fails
			return tx.Set(fmt.Appendf(nil, "k%02d", i), row)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.set(8 << 20); err != nil { // so that steps are small
		t.Fatal(err)
	}
	steps := 0
	last := uint64(math.MaxUint64)
	for from := []byte(nil); ; steps++ {
		next, remaining, err := g.CompactFrom(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		if remaining > last || next != nil && bytes.Compare(next, from) <= 0 {
			t.Errorf("%d bytes remain after %d, at %q after %q", remaining, last, next, from)
		}
		if next == nil {
			break
		}
		from, last = next, remaining
	}
	if steps < 3 {
		t.Errorf("%d steps", steps)
	}
	if next, _, err := g.CompactFrom(t.Context(), []byte{0xff}); err != nil || next != nil {
		t.Errorf("a step behind the end: %q, %v", next, err)
	}

	// A store that is read-only gives up its ballast.
	if g.set(testMinFree-1) == nil || !g.hasBallast() {
		t.Error("the store is not read-only, or has no ballast")
	}
	if err := g.Compact(t.Context()); err != nil || g.hasBallast() {
		t.Errorf("Compact of a store that is read-only: %v", err)
	}
	closeStore(t, g)
}

func TestCompactAndMetrics(t *testing.T) {
	s := open(t, pebblekv.Options{FS: pebblekv.MemFS(), MemTableSize: 64 << 10})
	for i := range 200 {
		put(t, s, fmt.Sprint(i), strings.Repeat(fmt.Sprint(i), 1000))
	}
	full := s.Metrics()
	if full.DiskBytes < full.LiveBytes || full.LiveBytes == 0 || len(full.Levels) != 7 || full.MemTableBytes == 0 || full.Flushes == 0 || full.Commits != 200 {
		t.Errorf("%+v", full)
	}
	_, err := s.Update(t.Context(), func(tx kv.Tx) error { return tx.DeleteRange(nil, nil) })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if empty := s.Metrics(); empty.Compactions == 0 || empty.ReadAmplification > full.ReadAmplification {
		t.Errorf("%+v", empty)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Compact(ended); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Compact with an ended context: %v", err)
	}
	put(t, s, "still", "works")
	closeStore(t, s)
	if m := s.Metrics(); m.Commits != 202 || m.DiskBytes != 0 {
		t.Errorf("metrics of a closed store: %+v", m)
	}
	if err := s.Compact(t.Context()); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("Compact of a closed store: %v", err)
	}
}
