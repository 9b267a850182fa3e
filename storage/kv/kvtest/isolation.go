package kvtest

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"domovoi.dev/storage/kv"
)

func testViewIsSnapshot(t *testing.T, s kv.Store) {
	before := set(t, s, "a", "1", "b", "2")
	view(t, s, func(r kv.Reader) error {
		open := r.Scan(kv.Range{})
		defer open.Close()
		open.Next()
		var after kv.Version
		for i := range 3 {
			after = update(t, s, func(tx kv.Tx) error {
				if err := tx.Add([]byte("n"), 1); err != nil {
					return err
				}
				if err := tx.DeleteRange([]byte("a"), []byte("c")); err != nil {
					return err
				}
				return setAll(tx, "aa", strconv.Itoa(i))
			})
		}
		mustEqual(t, "version", r.Version(), before)
		if after <= before {
			t.Errorf("version %d after %d", after, before)
		}
		found, err := scan(r, kv.Range{})
		mustEqual(t, "scan", found, []string{"a=1", "b=2"})
		if err != nil {
			return err
		}
		if !open.Next() || string(open.Key()) != "b" || open.Next() {
			t.Error("an open iterator saw later commits")
		}
		n, err := r.GetCounter([]byte("n"))
		mustEqual(t, "counter", n, 0)
		return err
	})
	view(t, s, func(r kv.Reader) error {
		found, err := scan(r, rangeOf("a", "c"))
		mustEqual(t, "a later scan", found, []string{"aa=2"})
		return err
	})
}

// rerun runs a transaction that reads and then writes, and has other commit
// between the two when it runs first. It returns how often it ran: twice when
// what it read conflicts with what other wrote.
func rerun(t *testing.T, s kv.Store, read func(tx kv.Tx) error, other func(tx kv.Tx) error) (runs int) {
	t.Helper()
	update(t, s, func(tx kv.Tx) error {
		runs++
		if err := read(tx); err != nil {
			return err
		}
		if runs == 1 {
			update(t, s, other)
		}
		return tx.Set([]byte("result"), []byte(strconv.Itoa(runs)))
	})
	return runs
}

func testConflicts(t *testing.T, s kv.Store) {
	getting := func(key string) func(kv.Tx) error {
		return func(tx kv.Tx) error {
			_, _, err := get(tx, key)
			return err
		}
	}
	knowing := func(key string) func(kv.Tx) error {
		return func(tx kv.Tx) error { return tx.AddReadConflictKey([]byte(key)) }
	}
	counting := func(tx kv.Tx) error {
		_, err := tx.GetCounter([]byte("n"))
		return err
	}
	scanning := func(rng kv.Range) func(kv.Tx) error {
		return func(tx kv.Tx) error {
			_, err := scan(tx, rng)
			return err
		}
	}
	// stepping walks and seeks and leaves the iterator open while others commit.
	stepping := func(rng kv.Range, steps string) func(kv.Tx) error {
		return func(tx kv.Tx) error {
			walk(tx, rng, steps)
			return nil
		}
	}
	setting := func(key string) func(kv.Tx) error {
		return func(tx kv.Tx) error { return tx.Set([]byte(key), []byte("other")) }
	}
	deleting := func(key string) func(kv.Tx) error {
		return func(tx kv.Tx) error { return tx.Delete([]byte(key)) }
	}
	deletingRange := func(begin, end string) func(kv.Tx) error {
		return func(tx kv.Tx) error { return tx.DeleteRange([]byte(begin), []byte(end)) }
	}
	adding := func(tx kv.Tx) error { return tx.Add([]byte("n"), 1) }
	versioning := func(tx kv.Tx) error { return tx.SetVersioned([]byte("feed/"), nil, nil) }
	for _, c := range []struct {
		name  string
		read  func(kv.Tx) error
		other func(kv.Tx) error
	}{
		{"get, set", getting("d"), setting("d")},
		{"get, delete", getting("d"), deleting("d")},
		{"get, delete range", getting("d"), deletingRange("c", "e")},
		{"get nothing, set", getting("x"), setting("x")},
		{"added read conflict, set", knowing("d"), setting("d")},
		{"added read conflict on nothing, set", knowing("x"), setting("x")},
		{"get counter, add", counting, adding},
		{"get counter after own add, add", func(tx kv.Tx) error {
			if err := adding(tx); err != nil {
				return err
			}
			return counting(tx)
		}, adding},
		{"get counter, delete", counting, deleting("n")},
		{"scan, insert", scanning(rangeOf("a", "z")), setting("dd")},
		{"scan in reverse, insert", scanning(reverse(rangeOf("a", "z"))), setting("dd")},
		{"scan, overwrite", scanning(rangeOf("a", "z")), setting("d")},
		{"scan, delete", scanning(rangeOf("a", "z")), deleting("d")},
		{"scan, delete range", scanning(rangeOf("a", "z")), deletingRange("dd", "ddd")},
		{"scan, insert at the begin", scanning(rangeOf("a", "z")), setting("a")},
		{"scan, insert before the end", scanning(rangeOf("a", "z")), setting("y\xff")},
		{"scan nothing, insert", scanning(rangeOf("p", "q")), setting("p")},
		{"scan without end, insert", scanning(kv.Range{Begin: []byte("x")}), setting("\xff\xff")},
		{"scan in reverse without end, insert", scanning(reverse(kv.Range{Begin: []byte("x")})), setting("\xff\xff")},
		{"scan, versioned key", scanning(kv.PrefixRange([]byte("feed/"))), versioning},
		{"part of a scan, insert", stepping(rangeOf("a", "z"), "++"), setting("c")},
		{"part of a scan, its last key", stepping(rangeOf("a", "z"), "++"), setting("d")},
		{"part of a scan in reverse, insert", stepping(reverse(rangeOf("a", "z")), "+"), setting("y")},
		{"seek, insert between", stepping(rangeOf("a", "z"), "c"), setting("cc")},
		{"seek in reverse, insert between", stepping(reverse(rangeOf("a", "z")), "e"), setting("dd")},
		{"before a seek, insert", stepping(rangeOf("a", "z"), "+f"), setting("a")},
		{"scan over own writes, insert", func(tx kv.Tx) error {
			if err := setAll(tx, "d", "own", "e", "own"); err != nil {
				return err
			}
			return scanning(rangeOf("a", "z"))(tx)
		}, setting("dd")},
		{"scan over own deletes, overwrite", func(tx kv.Tx) error {
			if err := tx.DeleteRange([]byte("a"), []byte("z")); err != nil {
				return err
			}
			return scanning(rangeOf("a", "z"))(tx)
		}, setting("m")},
	} {
		t.Run(c.name, func(t *testing.T) {
			update(t, s, func(tx kv.Tx) error {
				if err := tx.DeleteRange(nil, nil); err != nil {
					return err
				}
				return setAll(tx, "b", "1", "d", "2", "f", "3")
			})
			if runs := rerun(t, s, c.read, c.other); runs != 2 {
				t.Errorf("the function ran %d times, want 2", runs)
			}
		})
	}
}

func testNoConflicts(t *testing.T, s kv.Store) {
	adding := func(tx kv.Tx) error { return tx.Add([]byte("n"), 1) }
	for _, c := range []struct {
		name  string
		read  func(kv.Tx) error
		other func(kv.Tx) error
	}{
		{"add, add", adding, adding},
		{"blind set, set", func(tx kv.Tx) error { return setAll(tx, "x", "1") }, func(tx kv.Tx) error { return setAll(tx, "x", "2") }},
		{"versioned, versioned", func(tx kv.Tx) error { return tx.SetVersioned([]byte("feed/"), nil, nil) },
			func(tx kv.Tx) error { return tx.SetVersioned([]byte("feed/"), nil, nil) }},
		{"added read conflict, set of another", func(tx kv.Tx) error { return tx.AddReadConflictKey([]byte("x")) },
			func(tx kv.Tx) error { return setAll(tx, "y", "1") }},
		{"get, set of another", func(tx kv.Tx) error { _, _, err := get(tx, "x"); return err },
			func(tx kv.Tx) error { return setAll(tx, "y", "2") }},
	} {
		if runs := rerun(t, s, c.read, c.other); runs != 1 {
			t.Errorf("%s: the function ran %d times, want 1", c.name, runs)
		}
	}
	view(t, s, func(r kv.Reader) error {
		n, err := r.GetCounter([]byte("n"))
		mustEqual(t, "counter", n, 2)
		x, _, _ := get(r, "x")
		mustEqual(t, "last blind set", x, "1")
		return err
	})
}

// testWriteSkew has two doctors on call of which at least one must stay; both
// ask and both want to leave.
func testWriteSkew(t *testing.T, s kv.Store) {
	leave := func(doctor string, between func()) func(tx kv.Tx) error {
		return func(tx kv.Tx) error {
			onCall, err := scan(tx, kv.PrefixRange([]byte("call/")))
			if err != nil {
				return err
			}
			between()
			if len(onCall) < 2 {
				return nil
			}
			return tx.Delete([]byte("call/" + doctor))
		}
	}
	for range 10 {
		set(t, s, "call/alice", "", "call/bob", "")
		var once sync.Once
		update(t, s, leave("alice", func() {
			once.Do(func() { update(t, s, leave("bob", func() {})) })
		}))
		if left := all(t, s); len(left) != 1 {
			t.Fatalf("on call: %q", left)
		}
	}
}

// concurrently runs f on n goroutines and returns the first error.
func concurrently(n int, f func(worker int) error) error {
	errs := make(chan error, n)
	for worker := range n {
		go func() { errs <- f(worker) }()
	}
	var first error
	for range n {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func testLostUpdate(t *testing.T, s kv.Store) {
	const workers, increments = 8, 40
	err := concurrently(workers, func(int) error {
		for range increments {
			_, err := s.Update(background(), func(tx kv.Tx) error {
				value, _, err := get(tx, "n")
				if err != nil {
					return err
				}
				n, _ := strconv.Atoi(value)
				return setAll(tx, "n", strconv.Itoa(n+1))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "sum", all(t, s), []string{fmt.Sprintf("n=%d", workers*increments)})
}

func testAddConcurrently(t *testing.T, s kv.Store) {
	const workers, additions = 8, 50
	err := concurrently(workers, func(worker int) error {
		for i := range additions {
			_, err := s.Update(background(), func(tx kv.Tx) error {
				if err := tx.Add([]byte("sum"), int64(i)); err != nil {
					return err
				}
				return tx.Add([]byte("difference"), int64(1-2*(worker%2)))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	view(t, s, func(r kv.Reader) error {
		sum, err := r.GetCounter([]byte("sum"))
		if err != nil {
			return err
		}
		mustEqual(t, "sum", sum, workers*additions*(additions-1)/2)
		difference, err := r.GetCounter([]byte("difference"))
		mustEqual(t, "difference", difference, 0)
		return err
	})
}

func testVersionedKeys(t *testing.T, s kv.Store) {
	const workers, commits = 8, 25
	var mu sync.Mutex
	returned := map[string]kv.Version{}
	stop := make(chan struct{})
	followed := make(chan error, 1)
	go func() { followed <- follow(s, stop) }()
	err := concurrently(workers, func(worker int) error {
		for i := range commits {
			id := fmt.Sprintf("%d.%d", worker, i)
			v, err := s.Update(background(), func(tx kv.Tx) error {
				if err := tx.SetVersioned([]byte("feed/"), []byte("/a"), []byte(id)); err != nil {
					return err
				}
				return tx.SetVersioned([]byte("feed/"), []byte("/b"), []byte(id))
			})
			if err != nil {
				return err
			}
			mu.Lock()
			returned[id] = v
			mu.Unlock()
		}
		return nil
	})
	close(stop)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-followed; err != nil {
		t.Error(err)
	}
	n := 0
	view(t, s, func(r kv.Reader) error {
		it := r.Scan(kv.PrefixRange([]byte("feed/")))
		defer it.Close()
		for ; it.Next(); n++ {
			v := versionIn(it.Key())
			if v != returned[string(it.Value())] {
				t.Errorf("%s was returned version %d and has key %q", it.Value(), returned[string(it.Value())], it.Key())
			}
		}
		return it.Err()
	})
	mustEqual(t, "keys", n, 2*workers*commits)
}

func versionIn(key []byte) kv.Version {
	return kv.Version(binary.BigEndian.Uint64(key[len("feed/"):]))
}

// follow reads a feed from where it last stopped until stop is closed, and
// checks that nothing appears in what it has already read.
func follow(s kv.Store, stop chan struct{}) error {
	var last kv.Version
	seen := 0
	for {
		var ended bool
		select {
		case <-stop:
			ended = true
		default:
		}
		err := s.View(background(), func(r kv.Reader) error {
			begin := binary.BigEndian.AppendUint64([]byte("feed/"), uint64(last)+1)
			it := r.Scan(kv.Range{Begin: begin, End: kv.PrefixEnd([]byte("feed/"))})
			defer it.Close()
			for it.Next() {
				seen++
				last = versionIn(it.Key())
			}
			if last > r.Version() {
				return fmt.Errorf("key of version %d in a snapshot of version %d", last, r.Version())
			}
			total, err := scan(r, kv.PrefixRange([]byte("feed/")))
			if err == nil && len(total) != seen {
				err = fmt.Errorf("the feed holds %d rows, following it showed %d", len(total), seen)
			}
			return err
		})
		if err != nil || ended {
			return err
		}
	}
}

func testVersions(t *testing.T, s kv.Store) {
	mustEqual(t, "version of an empty store", s.Version(), 0)
	var last kv.Version
	for i := range 20 {
		v := set(t, s, "k", strconv.Itoa(i))
		if v <= last {
			t.Errorf("version %d after %d", v, last)
		}
		last = v
		mustEqual(t, "Store.Version", s.Version(), v)
	}
	view(t, s, func(r kv.Reader) error {
		mustEqual(t, "Reader.Version", r.Version(), last)
		return nil
	})
	v := update(t, s, func(tx kv.Tx) error {
		mustEqual(t, "Tx.Version", tx.Version(), last)
		return nil
	})
	mustEqual(t, "version of an update that wrote nothing", v, last)
	mustEqual(t, "Store.Version after it", s.Version(), last)

	var mu sync.Mutex
	taken := map[kv.Version]bool{}
	err := concurrently(8, func(worker int) error {
		var last kv.Version
		for range 25 {
			v, err := s.Update(background(), func(tx kv.Tx) error {
				return tx.Set([]byte{byte(worker)}, nil)
			})
			if err != nil {
				return err
			}
			mu.Lock()
			again := taken[v]
			taken[v] = true
			mu.Unlock()
			if v <= last || again || s.Version() < v {
				return fmt.Errorf("version %d after %d, given before: %t, the store's: %d", v, last, again, s.Version())
			}
			last = v
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
