// Package kvtest is the conformance suite of package kv: what every engine does
// alike.
package kvtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"domovoi.dev/storage/kv"
)

// Run tests the engine that open opens, a new and empty store for each call. It
// closes the stores and expects no error from that.
//
// An engine must let one goroutine run a transaction while it is inside
// another: the tests bring about conflicts in that way.
func Run(t *testing.T, open func(t *testing.T) kv.Store) {
	tests := []struct {
		name string
		test func(t *testing.T, s kv.Store)
	}{
		{"ReadYourWrites", testReadYourWrites},
		{"ReadYourCounters", testReadYourCounters},
		{"ScanDirections", testScanDirections},
		{"ScanStartsAtItsCall", testScanStartsAtItsCall},
		{"PrefixRange", testPrefixRange},
		{"EmptyKeyAndValue", testEmptyKeyAndValue},
		{"OwnedSlices", testOwnedSlices},
		{"UseAfterEnd", testUseAfterEnd},
		{"Model", testModel},

		{"ViewIsSnapshot", testViewIsSnapshot},
		{"WriteSkew", testWriteSkew},
		{"Conflicts", testConflicts},
		{"NoConflicts", testNoConflicts},
		{"LostUpdate", testLostUpdate},
		{"AddConcurrently", testAddConcurrently},
		{"VersionedKeys", testVersionedKeys},
		{"Versions", testVersions},

		{"ContextEnded", testContextEnded},
		{"FunctionFails", testFunctionFails},
		{"Limits", testLimits},
		{"Wait", testWait},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			test.test(t, s)
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	t.Run("Close", func(t *testing.T) { testClose(t, open(t)) })
	t.Run("CloseWaits", func(t *testing.T) { testCloseWaits(t, open(t)) })
}

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

func update(t testing.TB, s kv.Store, fn func(tx kv.Tx) error) kv.Version {
	t.Helper()
	v, err := s.Update(t.Context(), fn)
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	return v
}

// set stores pairs of keys and values.
func set(t testing.TB, s kv.Store, pairs ...string) kv.Version {
	t.Helper()
	return update(t, s, func(tx kv.Tx) error { return setAll(tx, pairs...) })
}

func setAll(tx kv.Tx, pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if err := tx.Set([]byte(pairs[i]), []byte(pairs[i+1])); err != nil {
			return err
		}
	}
	return nil
}

func view(t testing.TB, s kv.Store, fn func(r kv.Reader) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// get returns the value under key and whether there is one.
func get(r kv.Reader, key string) (string, bool, error) {
	value, err := r.Get([]byte(key))
	if errors.Is(err, kv.ErrNotFound) {
		return "", false, nil
	}
	return string(value), err == nil, err
}

// scan returns the keys and values of rng as k=v.
func scan(r kv.Reader, rng kv.Range) ([]string, error) {
	it := r.Scan(rng)
	defer it.Close()
	var found []string
	for it.Next() {
		found = append(found, fmt.Sprintf("%s=%s", it.Key(), it.Value()))
	}
	return found, it.Err()
}

// all returns what the store holds.
func all(t testing.TB, s kv.Store) (found []string) {
	t.Helper()
	view(t, s, func(r kv.Reader) (err error) {
		found, err = scan(r, kv.Range{})
		return err
	})
	return found
}

func rangeOf(begin, end string) kv.Range {
	return kv.Range{Begin: []byte(begin), End: []byte(end)}
}

func reverse(r kv.Range) kv.Range {
	r.Reverse = true
	return r
}

// within runs f and fails the test when it takes unreasonably long.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s does not end", what)
	}
}

var errTest = errors.New("error of the test")

// mustEqual is for errors and values that compare by their text.
func mustEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func mustBe(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// background is for calls that outlast the test's own context.
func background() context.Context { return context.Background() }

func repeat(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
