package kvtest

import (
	"testing"

	"domovoi.dev/storage/kv"
)

func testReadYourWrites(t *testing.T, s kv.Store) {
	set(t, s, "a", "1", "b", "2", "c", "3", "d", "4", "e", "5")
	update(t, s, func(tx kv.Tx) error {
		steps := []struct {
			name string
			do   func() error
			want []string
		}{
			{"untouched", func() error { return nil }, []string{"a=1", "b=2", "c=3", "d=4", "e=5"}},
			{"overwrite", func() error { return setAll(tx, "b", "two") }, []string{"a=1", "b=two", "c=3", "d=4", "e=5"}},
			{"insert", func() error { return setAll(tx, "bb", "new") }, []string{"a=1", "b=two", "bb=new", "c=3", "d=4", "e=5"}},
			{"delete", func() error { return tx.Delete([]byte("e")) }, []string{"a=1", "b=two", "bb=new", "c=3", "d=4"}},
			{"delete nothing", func() error { return tx.Delete([]byte("zz")) }, []string{"a=1", "b=two", "bb=new", "c=3", "d=4"}},
			{"delete range", func() error { return tx.DeleteRange([]byte("b"), []byte("d")) }, []string{"a=1", "d=4"}},
			{"set in deleted range", func() error { return setAll(tx, "c", "again") }, []string{"a=1", "c=again", "d=4"}},
			{"delete overlapping range", func() error { return tx.DeleteRange([]byte("c"), []byte("cc")) }, []string{"a=1", "d=4"}},
			{"delete empty range", func() error { return tx.DeleteRange([]byte("d"), []byte("a")) }, []string{"a=1", "d=4"}},
			{"delete to the end", func() error { return tx.DeleteRange([]byte("b"), nil) }, []string{"a=1"}},
			{"set behind", func() error { return setAll(tx, "z", "26") }, []string{"a=1", "z=26"}},
		}
		for _, step := range steps {
			if err := step.do(); err != nil {
				return err
			}
			found, err := scan(tx, kv.Range{})
			if err != nil {
				return err
			}
			mustEqual(t, step.name, found, step.want)
			if err := getAgrees(t, tx, found); err != nil {
				return err
			}
		}
		return nil
	})
	mustEqual(t, "after the commit", all(t, s), []string{"a=1", "z=26"})
}

// getAgrees checks Get on single letters against what a scan found.
func getAgrees(t *testing.T, r kv.Reader, found []string) error {
	held := map[string]string{}
	for _, pair := range found {
		if pair[1] == '=' {
			held[pair[:1]] = pair[2:]
		}
	}
	for c := 'a'; c <= 'z'; c++ {
		got, ok, err := get(r, string(c))
		if err != nil {
			return err
		}
		want, wantOK := held[string(c)]
		if got != want || ok != wantOK {
			t.Errorf("Get(%c) = %q, %t; scan shows %q, %t", c, got, ok, want, wantOK)
		}
	}
	return nil
}

func testReadYourCounters(t *testing.T, s kv.Store) {
	update(t, s, func(tx kv.Tx) error { return tx.Add([]byte("n"), 5) })
	update(t, s, func(tx kv.Tx) error {
		counter := func(what, key string, want int64) {
			t.Helper()
			got, err := tx.GetCounter([]byte(key))
			if err != nil || got != want {
				t.Errorf("%s: counter %s = %d, %v; want %d", what, key, got, err, want)
			}
		}
		add := func(key string, delta int64) {
			t.Helper()
			if err := tx.Add([]byte(key), delta); err != nil {
				t.Errorf("Add: %v", err)
			}
		}
		counter("committed", "n", 5)
		counter("never added to", "m", 0)
		add("n", -7)
		counter("added", "n", -2)
		add("n", 1)
		counter("added twice", "n", -1)
		add("m", 3)
		counter("new", "m", 3)
		if err := tx.Delete([]byte("n")); err != nil {
			return err
		}
		counter("deleted", "n", 0)
		add("n", 2)
		counter("added after the delete", "n", 2)
		if err := tx.DeleteRange([]byte("m"), []byte("n")); err != nil {
			return err
		}
		counter("range deleted", "m", 0)
		add("m", 4)
		counter("added after the range", "m", 4)
		return nil
	})
	view(t, s, func(r kv.Reader) error {
		for key, want := range map[string]int64{"n": 2, "m": 4, "other": 0} {
			got, err := r.GetCounter([]byte(key))
			if err != nil || got != want {
				t.Errorf("after the commit: counter %s = %d, %v; want %d", key, got, err, want)
			}
		}
		return nil
	})
}

func testScanDirections(t *testing.T, s kv.Store) {
	set(t, s, "b", "1", "d", "2", "f", "3", "h", "4")
	check := func(r kv.Reader) error {
		scans := []struct {
			name string
			rng  kv.Range
			want string
		}{
			{"all", kv.Range{}, "bdfh"},
			{"all in reverse", reverse(kv.Range{}), "hfdb"},
			{"bounds on keys", rangeOf("d", "h"), "df"},
			{"bounds on keys in reverse", reverse(rangeOf("d", "h")), "fd"},
			{"bounds between keys", rangeOf("c", "g"), "df"},
			{"bounds between keys in reverse", reverse(rangeOf("c", "g")), "fd"},
			{"no end", kv.Range{Begin: []byte("e")}, "fh"},
			{"no begin", kv.Range{End: []byte("e")}, "bd"},
			{"empty", rangeOf("d", "d"), ""},
			{"empty end", kv.Range{End: []byte{}}, ""},
			{"inverted", rangeOf("h", "b"), ""},
			{"inverted in reverse", reverse(rangeOf("h", "b")), ""},
			{"between keys", rangeOf("e", "ee"), ""},
		}
		for _, c := range scans {
			mustEqual(t, c.name, keysOf(r, c.rng), c.want)
		}
		seeks := []struct {
			name string
			rng  kv.Range
			do   string // each letter seeks it, each + is a Next
			want string // what each step finds, . for nothing
		}{
			{"seek", kv.Range{}, "dceahzb", "ddfbh.b"},
			{"seek in reverse", reverse(kv.Range{}), "dceahzb", "dbd.hhb"},
			{"seek and next", kv.Range{}, "+c+++c+", "bdfh.df"},
			{"seek and next in reverse", reverse(kv.Range{}), "+g+++g+", "hfdb.fd"},
			{"seek within bounds", rangeOf("c", "g"), "ad+f+h+", "ddff..."},
			{"seek within bounds in reverse", reverse(rangeOf("c", "g")), "zd+f+a+", "fd.fd.."},
			{"next after the end", rangeOf("g", "z"), "+++h+", "h..h."},
			{"seek in an empty range", rangeOf("d", "d"), "d+", ".."},
		}
		for _, c := range seeks {
			mustEqual(t, c.name, walk(r, c.rng, c.do), c.want)
		}
		return nil
	}
	view(t, s, check)
	update(t, s, func(tx kv.Tx) error { return check(tx) })
	// The same keys, half of them from the transaction.
	set(t, s, "c", "gone", "d", "old", "e", "gone", "g", "gone", "gg", "gone")
	update(t, s, func(tx kv.Tx) error { return tx.Delete([]byte("f")) })
	update(t, s, func(tx kv.Tx) error {
		if err := setAll(tx, "d", "2", "f", "3"); err != nil {
			return err
		}
		for _, key := range []string{"c", "e"} {
			if err := tx.Delete([]byte(key)); err != nil {
				return err
			}
		}
		if err := tx.DeleteRange([]byte("g"), []byte("h")); err != nil {
			return err
		}
		return check(tx)
	})
}

// keysOf returns the keys of rng, one letter each.
func keysOf(r kv.Reader, rng kv.Range) string {
	it := r.Scan(rng)
	defer it.Close()
	var keys string
	for it.Next() {
		keys += string(it.Key())
	}
	if err := it.Err(); err != nil {
		return err.Error()
	}
	return keys
}

func walk(r kv.Reader, rng kv.Range, steps string) string {
	it := r.Scan(rng)
	defer it.Close()
	var found string
	for _, step := range steps {
		ok := false
		if step == '+' {
			ok = it.Next()
		} else {
			ok = it.Seek([]byte(string(step)))
		}
		switch {
		case ok:
			found += string(it.Key())
		case it.Key() != nil || it.Value() != nil:
			return "a key or value where there is none"
		default:
			found += "."
		}
	}
	if err := it.Err(); err != nil {
		return err.Error()
	}
	return found
}

func testScanStartsAtItsCall(t *testing.T, s kv.Store) {
	set(t, s, "b", "1", "d", "2", "f", "3")
	for _, dir := range []struct {
		name string
		rng  kv.Range
		want string
	}{{"forward", kv.Range{}, "bdef"}, {"reverse", reverse(kv.Range{}), "fedb"}} {
		_, err := s.Update(t.Context(), func(tx kv.Tx) error {
			if err := setAll(tx, "e", "own"); err != nil {
				return err
			}
			it := tx.Scan(dir.rng)
			defer it.Close()
			var keys string
			for it.Next() {
				keys += string(it.Key())
				for _, key := range []string{"a", "c", "d", "e", "ee", "g"} {
					if err := tx.Set([]byte(key), []byte("later")); err != nil {
						return err
					}
				}
				if err := tx.DeleteRange([]byte("b"), []byte("c")); err != nil {
					return err
				}
				if string(it.Key()) == "e" {
					mustEqual(t, "own value", string(it.Value()), "own")
				}
				if string(it.Key()) == "d" {
					mustEqual(t, "stored value", string(it.Value()), "2")
				}
			}
			mustEqual(t, dir.name, keys, dir.want)
			mustEqual(t, dir.name+", a new scan", keysOf(tx, rangeOf("a", "d")), "ac")
			return errTest
		})
		mustBe(t, "Update", err, errTest)
	}
}

func testPrefixRange(t *testing.T, s kv.Store) {
	set(t, s, "", "0", "a", "1", "a\x00", "2", "a\xff", "3", "a\xff\xff", "4", "b", "5", "\xff", "6", "\xff\xffz", "7")
	view(t, s, func(r kv.Reader) error {
		for prefix, want := range map[string]int{"": 8, "a": 4, "a\xff": 2, "a\xff\xff": 1, "b": 1, "c": 0, "\xff": 2, "\xff\xff": 1} {
			for _, rng := range []kv.Range{kv.PrefixRange([]byte(prefix)), reverse(kv.PrefixRange([]byte(prefix)))} {
				found, err := scan(r, rng)
				if err != nil {
					return err
				}
				if len(found) != want {
					t.Errorf("prefix %q: found %q, want %d", prefix, found, want)
				}
			}
		}
		return nil
	})
	update(t, s, func(tx kv.Tx) error {
		return tx.DeleteRange([]byte("\xff"), kv.PrefixEnd([]byte("\xff")))
	})
	if found := all(t, s); len(found) != 6 {
		t.Errorf("after deleting the last prefix: %q", found)
	}
}

func testEmptyKeyAndValue(t *testing.T, s kv.Store) {
	for _, key := range [][]byte{nil, {}} {
		update(t, s, func(tx kv.Tx) error {
			if err := tx.Set(key, nil); err != nil {
				return err
			}
			value, err := tx.Get(key)
			if err != nil || value == nil || len(value) > 0 {
				t.Errorf("Get in the transaction = %v, %v; want an empty value", value, err)
			}
			return nil
		})
		view(t, s, func(r kv.Reader) error {
			value, err := r.Get(key)
			if err != nil || value == nil || len(value) > 0 {
				t.Errorf("Get = %v, %v; want an empty value", value, err)
			}
			return nil
		})
		mustEqual(t, "scan", all(t, s), []string{"="})
		update(t, s, func(tx kv.Tx) error { return tx.Delete(key) })
		mustEqual(t, "scan after delete", all(t, s), []string{})
	}
}

func testOwnedSlices(t *testing.T, s kv.Store) {
	scribble := func(slices ...[]byte) {
		for _, b := range slices {
			for i := range b {
				b[i] = '#'
			}
		}
	}
	update(t, s, func(tx kv.Tx) error {
		key, value := []byte("k"), []byte("value")
		if err := tx.Set(key, value); err != nil {
			return err
		}
		scribble(key, value)
		key = []byte("gone")
		if err := tx.Set(key, nil); err != nil {
			return err
		}
		if err := tx.Delete(key); err != nil {
			return err
		}
		scribble(key)
		key = []byte("n")
		if err := tx.Add(key, 1); err != nil {
			return err
		}
		scribble(key)
		prefix, suffix, value := []byte("v/"), []byte("/s"), []byte("versioned")
		if err := tx.SetVersioned(prefix, suffix, value); err != nil {
			return err
		}
		scribble(prefix, suffix, value)
		begin, end := []byte("o"), []byte("p")
		if err := tx.DeleteRange(begin, end); err != nil {
			return err
		}
		scribble(begin, end)
		got, err := tx.Get([]byte("k"))
		if err != nil {
			return err
		}
		scribble(got)
		return nil
	})
	var kept []byte
	view(t, s, func(r kv.Reader) (err error) {
		kept, err = r.Get([]byte("k"))
		return err
	})
	found := all(t, s)
	if len(found) != 3 {
		t.Fatalf("the store holds %q", found)
	}
	mustEqual(t, "value", found[0], "k=value")
	mustEqual(t, "versioned", found[2], "v/\x00\x00\x00\x00\x00\x00\x00\x01/s=versioned")
	for i := range 100 {
		set(t, s, "k", string(repeat(byte(i), 5)))
	}
	mustEqual(t, "value read before", string(kept), "value")
	// A range may be changed after it was passed to Scan.
	view(t, s, func(r kv.Reader) error {
		begin, end := []byte("k"), []byte("l")
		it := r.Scan(kv.Range{Begin: begin, End: end})
		defer it.Close()
		scribble(begin, end)
		if !it.Next() || string(it.Key()) != "k" || it.Next() {
			t.Error("the bounds of an iterator changed")
		}
		return it.Err()
	})
}

func testUseAfterEnd(t *testing.T, s kv.Store) {
	set(t, s, "a", "1", "b", "2")
	var reader kv.Reader
	var tx kv.Tx
	var iterators []kv.Iterator
	keep := func(r kv.Reader) error {
		reader = r
		for _, rng := range []kv.Range{{}, reverse(kv.Range{})} {
			it := r.Scan(rng)
			it.Next()
			if err := it.Close(); err != nil {
				t.Errorf("Close of an iterator: %v", err)
			}
			if err := it.Close(); err != nil {
				t.Errorf("second Close of an iterator: %v", err)
			}
			if err := it.Err(); err != nil {
				t.Errorf("Err of a closed iterator: %v", err)
			}
			iterators = append(iterators, it)
		}
		return nil
	}
	check := func() {
		t.Helper()
		if _, err := reader.Get([]byte("a")); err == nil {
			t.Error("Get on an ended reader succeeds")
		}
		if _, err := reader.GetCounter([]byte("n")); err == nil {
			t.Error("GetCounter on an ended reader succeeds")
		}
		reader.Version()
		late := reader.Scan(kv.Range{})
		if late.Next() || late.Seek(nil) || late.Err() == nil {
			t.Error("Scan on an ended reader succeeds")
		}
		late.Close()
		for _, it := range iterators {
			if it.Next() || it.Seek([]byte("a")) || it.Err() == nil || it.Key() != nil || it.Value() != nil {
				t.Error("a closed iterator goes on")
			}
			it.Close()
		}
	}
	view(t, s, keep)
	check()
	iterators = nil
	update(t, s, func(t kv.Tx) error {
		tx = t
		return keep(t)
	})
	check()
	for name, err := range map[string]error{
		"Set":          tx.Set([]byte("a"), nil),
		"Delete":       tx.Delete([]byte("a")),
		"DeleteRange":  tx.DeleteRange([]byte("a"), nil),
		"Add":          tx.Add([]byte("n"), 1),
		"SetVersioned": tx.SetVersioned(nil, nil, nil),
	} {
		if err == nil {
			t.Errorf("%s on an ended transaction succeeds", name)
		}
	}
	mustEqual(t, "the store", all(t, s), []string{"a=1", "b=2"})
}
