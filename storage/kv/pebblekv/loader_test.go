package pebblekv_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

func loadOptions(fs pebblekv.FS) pebblekv.Options {
	return pebblekv.Options{FS: fs, MemTableSize: 1 << 20, Logger: slog.New(slog.DiscardHandler)}
}

// TestLoader fills a store from another one, and goes on where that was.
func TestLoader(t *testing.T) {
	fs := pebblekv.MemFS()
	source, err := pebblekv.Open("source", loadOptions(fs))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	update := func(s kv.Store, fn func(tx kv.Tx) error) kv.Version {
		t.Helper()
		v, err := s.Update(t.Context(), fn)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for i := range 3 {
		update(source, func(tx kv.Tx) error {
			for j := range 100 {
				if err := tx.Set(fmt.Appendf(nil, "key %03d %d", j, i), []byte(strings.Repeat("x", j))); err != nil {
					return err
				}
			}
			return errors.Join(tx.Add([]byte("counter"), 5), tx.SetVersioned([]byte("feed"), nil, []byte("row")))
		})
	}
	loader, err := pebblekv.NewLoader("copy", loadOptions(fs))
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	err = source.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.Range{})
		defer it.Close()
		for it.Next() {
			want[string(it.Key())] = string(it.Value())
			if err := loader.Add(it.Key(), it.Value()); err != nil {
				return err
			}
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := loader.Finish(source.Version()); err != nil {
		t.Fatal(err)
	}

	loaded, err := pebblekv.Open("copy", loadOptions(fs))
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	if got := loaded.Version(); got != source.Version() {
		t.Errorf("version %d, want %d", got, source.Version())
	}
	if got := content(t, loaded); len(got) != len(want) {
		t.Errorf("%d pairs, want %d", len(got), len(want))
	} else {
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%q is %q, want %q", key, got[key], value)
			}
		}
	}
	// A counter counts on, and a new commit comes behind those there are.
	v := update(loaded, func(tx kv.Tx) error {
		return errors.Join(tx.Add([]byte("counter"), 2), tx.SetVersioned([]byte("feed"), nil, []byte("row")), tx.Delete([]byte("key 000 0")))
	})
	got := content(t, loaded)
	if n := binary.BigEndian.Uint64([]byte(got["counter"])); n != 17 || v != 4 || len(got) != len(want) {
		t.Errorf("after a commit of version %d the counter is %d, and there are %d pairs", v, n, len(got))
	}
}

func content(t *testing.T, s kv.Store) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := s.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.Range{})
		defer it.Close()
		for it.Next() {
			all[string(it.Key())] = string(it.Value())
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLoaderRefuses(t *testing.T) {
	fs := pebblekv.MemFS()
	l, err := pebblekv.NewLoader("store", loadOptions(fs))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Add([]byte("b"), nil); err != nil {
		t.Fatal(err)
	}
	if err := l.Add([]byte("b"), nil); err == nil {
		t.Error("a key that does not ascend was taken")
	}
	if err := l.Add([]byte("c"), make([]byte, kv.MaxValueSize+1)); !errors.Is(err, kv.ErrTooLarge) {
		t.Errorf("a value too large: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	names, err := fs.List("store")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "load") {
			t.Errorf("%s was left", name)
		}
	}
	if _, err := pebblekv.NewLoader("store", loadOptions(fs)); err == nil {
		t.Error("a store was loaded where there is one")
	}
}

// TestLoaderFaults has every operation of the file system fail once: the loader
// says so, and never that a store is whole that is not.
func TestLoaderFaults(t *testing.T) {
	for i := 0; ; i++ {
		mem := pebblekv.MemFS()
		fs := pebblekv.InjectErrors(mem, i)
		err := func() error {
			l, err := pebblekv.NewLoader("store", loadOptions(fs))
			if err != nil {
				return err
			}
			for j := range 10 {
				if err := l.Add(fmt.Appendf(nil, "key %d", j), []byte("value")); err != nil {
					return errors.Join(err, l.Close())
				}
			}
			return l.Finish(7)
		}()
		if !fs.Fired() {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		if err != nil {
			continue
		}
		s, err := pebblekv.Open("store", loadOptions(mem))
		if err != nil {
			t.Fatalf("operation %d failed, and nobody was told: %v", i, err)
		}
		if got := content(t, s); len(got) != 10 || s.Version() != 7 {
			t.Errorf("operation %d failed: %d pairs at version %d", i, len(got), s.Version())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if i > 10_000 {
			t.Fatal("no end")
		}
	}
}
