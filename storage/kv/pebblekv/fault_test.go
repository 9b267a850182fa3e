package pebblekv_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// TestEveryFault lets every single operation on the file system fail, one in
// each run. The store may refuse to open, fail, or carry on; it must not lose
// what it has acknowledged, nor hang, nor panic.
func TestEveryFault(t *testing.T) {
	t.Run("NewStore", func(t *testing.T) {
		testEveryFault(t, pebblekv.NewCrashFS(), &journal{states: map[string]kv.Version{}})
	})
	t.Run("OldStore", func(t *testing.T) {
		fs := pebblekv.NewCrashFS()
		j := &journal{states: map[string]kv.Version{}}
		s := open(t, pebblekv.Options{FS: fs, MemTableSize: 8 << 10})
		for i := range 6 {
			if err := j.write(t, s, fmt.Sprint("old.", i), 1<<10); err != nil {
				t.Fatal(err)
			}
		}
		crashed := fs.Clone(0) // so that there is a log to replay
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		testEveryFault(t, crashed, j)
	})
}

func testEveryFault(t *testing.T, begin *pebblekv.CrashFS, old *journal) {
	failures := 0
	for index := 0; ; index += faultStep {
		memory := begin.Clone(0)
		faulty := pebblekv.InjectErrors(memory, index)
		j := &journal{states: maps.Clone(old.states)}
		if faultyRun(t, faulty, j) {
			failures++
		}
		sure := j.acknowledged()
		// The power fails, or the program opens the store again. (A power
		// failure that keeps some unsynced directory entries and loses others,
		// in no order, can leave Pebble's marker without its manifest. The file
		// systems in use keep the order.)
		for _, fs := range []pebblekv.FS{memory.Clone(0), memory} {
			s := open(t, pebblekv.Options{FS: fs})
			j.check(t, s, sure)
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
		if t.Failed() {
			t.Fatalf("after the fault of operation %d", index)
		}
		if !faulty.Fired() {
			t.Logf("%d operations, %d of them fatal to the store", index, failures)
			if failures == 0 {
				t.Error("no fault made the store fail")
			}
			return
		}
	}
}

// faultyRun works on a store until it fails, and reports whether it did.
func faultyRun(t *testing.T, fs pebblekv.FS, j *journal) (failed bool) {
	told := make(chan error, 2)
	opts := pebblekv.Options{
		FS: fs, MemTableSize: 8 << 10, CacheSize: 16 << 10,
		Logger: quiet, OnFailure: func(err error) { told <- err },
		MinFree: 1 << 20, Ballast: 4 << 10, FreeSpace: func() (uint64, error) { return 1 << 30, nil },
	}
	s, err := pebblekv.Open("store", opts)
	if err != nil {
		if len(told) > 0 {
			t.Error("OnFailure was called for a store that did not open")
		}
		return false
	}
	for i := range 8 {
		err := j.write(t, s, fmt.Sprint(i), 1<<10)
		if errors.Is(err, kv.ErrFailed) {
			failed = true
		} else if err != nil {
			t.Errorf("write: %v", err)
		}
		// A read may fail, or the store fail meanwhile.
		err = s.View(t.Context(), func(r kv.Reader) error {
			it := r.Scan(kv.Range{Reverse: i%2 == 0})
			defer it.Close()
			for it.Next() {
			}
			return it.Err()
		})
		if err == nil && failed {
			t.Error("a failed store can be read")
		}
	}
	_ = s.Compact(t.Context())
	if failed {
		checkFailed(t, s, told)
		return true
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err = <-closed:
	case <-time.After(patience):
		t.Fatal("Close hangs")
	}
	// It may yet fail while it compacts and closes.
	return errors.Is(err, kv.ErrFailed)
}

const patience = 20 * time.Second

// checkFailed checks how a failed store behaves.
func checkFailed(t *testing.T, s *pebblekv.Store, told chan error) {
	t.Helper()
	mustBe := func(what string, err error, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	select {
	case err := <-told:
		mustBe("OnFailure", err, kv.ErrFailed)
	case <-time.After(patience):
		t.Fatal("OnFailure was not called")
	}
	mustBe("View", s.View(t.Context(), func(kv.Reader) error { return nil }), kv.ErrFailed)
	_, err := s.Update(t.Context(), func(tx kv.Tx) error { return nil })
	mustBe("Update", err, kv.ErrFailed)
	_, err = s.Wait(t.Context(), s.Version())
	mustBe("Wait", err, kv.ErrFailed)
	mustBe("Compact", s.Compact(t.Context()), kv.ErrFailed)
	s.Metrics()
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		mustBe("Close", err, kv.ErrFailed)
	case <-time.After(patience):
		t.Fatal("Close of a failed store hangs")
	}
	mustBe("second Close", s.Close(), kv.ErrClosed)
	if len(told) > 0 {
		t.Error("OnFailure was called twice")
	}
}

// TestFatal lets Pebble give up while transactions run.
func TestFatal(t *testing.T) {
	told := make(chan error, 2)
	s := open(t, pebblekv.Options{FS: pebblekv.MemFS(), OnFailure: func(err error) { told <- err }})
	put(t, s, "k", "v")
	waited := make(chan error, 1)
	go func() {
		_, err := s.Wait(t.Context(), s.Version())
		waited <- err
	}()
	_, err := s.Update(t.Context(), func(tx kv.Tx) error {
		go s.Fatalf("the disk is on %s", "fire")
		if err := <-waited; !errors.Is(err, kv.ErrFailed) || !strings.Contains(err.Error(), "on fire") {
			t.Errorf("Wait: %v", err)
		}
		if _, err := tx.Get([]byte("k")); err != nil {
			t.Errorf("a transaction that runs can no longer read: %v", err)
		}
		return tx.Set([]byte("k"), []byte("w"))
	})
	// The commit may still have been made, but then it was durable.
	if err != nil && !errors.Is(err, kv.ErrFailed) {
		t.Errorf("Update: %v", err)
	}
	checkFailed(t, s, told)
}
