package overlay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/kvtest"
	"domovoi.dev/storage/kv/memkv"
	"domovoi.dev/storage/kv/overlay"
	"domovoi.dev/storage/kv/pebblekv"
)

const large = 1 << 30

func openPebble(t testing.TB) *pebblekv.Store {
	t.Helper()
	s, err := pebblekv.Open("store", pebblekv.Options{FS: pebblekv.MemFS(), MemTableSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func over(t testing.TB, base kv.Store, max int) *overlay.Store {
	t.Helper()
	s, err := overlay.Open(base, max)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closing is an overlay that closes its base with itself.
type closing struct {
	kv.Store
	base kv.Store
}

func (c closing) Close() error {
	err := c.Store.Close()
	if errors.Is(err, kv.ErrClosed) {
		return err
	}
	return errors.Join(err, c.base.Close())
}

func TestConformance(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) kv.Store{
		"memkv":    func(*testing.T) kv.Store { return memkv.New() },
		"pebblekv": func(t *testing.T) kv.Store { return openPebble(t) },
		"overlay": func(t *testing.T) kv.Store {
			base := memkv.New()
			return closing{over(t, base, large), base}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kvtest.Run(t, func(t *testing.T) kv.Store {
				base := open(t)
				return closing{over(t, base, large), base}
			})
		})
	}
}

var (
	drawKey   = rapid.Map(rapid.IntRange(0, 30), func(n int) []byte { return fmt.Appendf(nil, "%02d", n) })
	drawCount = rapid.Map(rapid.IntRange(0, 3), func(n int) []byte { return fmt.Appendf(nil, "n%d", n) })
)

// drawWrites is a transaction of random writes.
func drawWrites(t *rapid.T) func(tx kv.Tx) error {
	var writes []func(tx kv.Tx) error
	for range rapid.IntRange(1, 6).Draw(t, "writes") {
		key, value := drawKey.Draw(t, "key"), []byte(rapid.StringN(0, 3, -1).Draw(t, "value"))
		end, counter, delta := drawKey.Draw(t, "end"), drawCount.Draw(t, "counter"), rapid.Int64Range(-3, 3).Draw(t, "delta")
		writes = append(writes, rapid.SampledFrom([]func(tx kv.Tx) error{
			func(tx kv.Tx) error { return tx.Set(key, value) },
			func(tx kv.Tx) error { return tx.Set(key, value) },
			func(tx kv.Tx) error { return tx.Delete(key) },
			func(tx kv.Tx) error { return tx.DeleteRange(key, end) },
			func(tx kv.Tx) error { return tx.Add(counter, delta) },
			func(tx kv.Tx) error { return tx.Delete(counter) },
			func(tx kv.Tx) error { return tx.SetVersioned([]byte("v"), key[:1], value) },
		}).Draw(t, "write"))
	}
	return func(tx kv.Tx) error {
		for _, write := range writes {
			if err := write(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

// contents is what a reader shows, in both directions and by key.
func contents(t rapid.TB, r kv.Reader) string {
	t.Helper()
	walk := func(rng kv.Range) (pairs []string) {
		it := r.Scan(rng)
		defer it.Close()
		for it.Next() {
			pairs = append(pairs, fmt.Sprintf("%s=%x", it.Key(), it.Value()))
			got, err := r.Get(it.Key())
			if err != nil || !bytes.Equal(got, it.Value()) {
				t.Fatalf("Get(%s) = %x, %v; the walk shows %x", it.Key(), got, err, it.Value())
			}
		}
		if it.Err() != nil {
			t.Fatal(it.Err())
		}
		return pairs
	}
	ahead, back := walk(kv.Range{}), walk(kv.Range{Reverse: true})
	slices.Reverse(back)
	if !slices.Equal(ahead, back) {
		t.Fatalf("ahead %s\nback %s", ahead, back)
	}
	part := walk(kv.Range{Begin: []byte("05"), End: []byte("n2")})
	for i := range 32 {
		it := r.Scan(kv.Range{Begin: []byte("05"), End: []byte("25")})
		if it.Seek(fmt.Appendf(nil, "%02d", i)) {
			part = append(part, string(it.Key()))
		}
		it.Close()
		it = r.Scan(kv.Range{Begin: []byte("05"), End: []byte("25"), Reverse: true})
		if it.Seek(fmt.Appendf(nil, "%02d", i)) {
			part = append(part, string(it.Key()))
		}
		it.Close()
	}
	return fmt.Sprint(ahead, part)
}

func contentsOf(t rapid.TB, s kv.Store) (text string) {
	t.Helper()
	if err := s.View(context.Background(), func(r kv.Reader) error { text = contents(t, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestOverlayEqualsACopy makes the same random transactions on an overlay of a
// store and on a copy of the store: both show the same after each, an earlier
// snapshot goes on showing what it did, and the store below never changes.
func TestOverlayEqualsACopy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { compareWithCopy(t, memkv.New()) })
	on := rapid.Custom(func(r *rapid.T) bool { compareWithCopy(r, openPebble(t)); return true })
	for seed := range 8 { // opening it takes longer than all the rest
		on.Example(seed)
	}
}

func compareWithCopy(t *rapid.T, base kv.Store) {
	update := func(s kv.Store, fn func(tx kv.Tx) error) kv.Version {
		t.Helper()
		v, err := s.Update(context.Background(), fn)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	same := memkv.New()
	for range rapid.IntRange(0, 5).Draw(t, "before") {
		writes := drawWrites(t)
		update(base, writes)
		update(same, writes)
	}
	s, err := overlay.Open(base, large)
	if err != nil {
		t.Fatal(err)
	}
	before := contentsOf(t, base)
	for range rapid.IntRange(1, 5).Draw(t, "transactions") {
		writes, earlier := drawWrites(t), contentsOf(t, s)
		err := s.View(context.Background(), func(r kv.Reader) error {
			if v, want := update(s, writes), update(same, writes); v != want {
				t.Fatalf("version %d, want %d", v, want)
			}
			if got := contents(t, r); got != earlier {
				t.Fatalf("an earlier snapshot shows\n%s, and showed\n%s", got, earlier)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := contentsOf(t, s), contentsOf(t, same); got != want {
			t.Fatalf("the overlay shows\n%s\na copy\n%s", got, want)
		}
	}
	if got := contentsOf(t, base); got != before {
		t.Fatalf("the store below has changed to\n%s\nfrom\n%s", got, before)
	}
	err = s.ViewBase(context.Background(), func(r kv.Reader) error {
		if got := contents(t, r); got != before || r.Version() != base.Version() {
			t.Fatalf("ViewBase shows\n%s\nwant\n%s", got, before)
		}
		return nil
	})
	if err := errors.Join(err, s.Close(), base.Close(), same.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestBound writes more than an overlay keeps: that commit fails as a whole, and
// the overlay goes on.
func TestBound(t *testing.T) {
	base := memkv.New()
	s := over(t, base, 1<<20)
	for i := 0; ; i++ {
		_, err := s.Update(t.Context(), func(tx kv.Tx) error { return tx.Set(fmt.Append(nil, i), make([]byte, 100<<10)) })
		if err == nil && i < 11 {
			continue
		}
		if i < 5 || !errors.Is(err, kv.ErrFull) {
			t.Fatalf("write %d: %v", i, err)
		}
		if err := s.View(t.Context(), func(r kv.Reader) error { _, err := r.Get(fmt.Append(nil, i)); return err }); !errors.Is(err, kv.ErrNotFound) {
			t.Errorf("what was refused is there: %v", err)
		}
		break
	}
	if _, err := s.Update(t.Context(), func(tx kv.Tx) error { return tx.Set([]byte("a"), nil) }); err != nil {
		t.Errorf("a small write after one that was refused: %v", err)
	}
	// Many small writes of one key count too: their versions are all kept.
	var err error
	for i := 0; err == nil && i < 1<<20; i++ {
		_, err = s.Update(t.Context(), func(tx kv.Tx) error { return tx.Set([]byte("a"), nil) })
	}
	if !errors.Is(err, kv.ErrFull) {
		t.Error(err)
	}
	if err := errors.Join(s.Close(), base.Close()); err != nil {
		t.Error(err)
	}
}

// TestSnapshotIsReleased holds the base's snapshot while it is open, not longer.
func TestSnapshotIsReleased(t *testing.T) {
	base := openPebble(t)
	write := func() {
		t.Helper()
		if _, err := base.Update(t.Context(), func(tx kv.Tx) error { return tx.Set([]byte("a"), []byte("1")) }); err != nil {
			t.Fatal(err)
		}
	}
	write()
	s := over(t, base, large)
	// settled is the number of snapshots when the committer, which closes those
	// nobody uses any more, has come so far.
	settled := func(want int) bool {
		for range 1000 {
			write()
			if base.Metrics().Snapshots == want {
				return true
			}
		}
		return false
	}
	write()
	held := base.Metrics().Snapshots
	if !settled(held) || held < 2 {
		t.Errorf("%d snapshots with an overlay", held)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if !settled(held - 1) {
		t.Errorf("%d snapshots after the overlay was closed, %d before", base.Metrics().Snapshots, held)
	}
	if err := base.Close(); err != nil {
		t.Error(err)
	}
	if _, err := overlay.Open(base, large); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("an overlay of a closed store: %v", err)
	}
}
