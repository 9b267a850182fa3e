package occ_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/occ"
)

// base is a snapshot that holds some keys, each its own value.
type base struct {
	version kv.Version
	keys    []string // sorted
}

func (b *base) Version() kv.Version { return b.version }

func (b *base) Get(key []byte) ([]byte, error) {
	if _, ok := slices.BinarySearch(b.keys, string(key)); !ok {
		return nil, kv.ErrNotFound
	}
	return bytes.Clone(key), nil
}

func (b *base) Cursor(begin, end []byte) (occ.Cursor, error) {
	first, _ := slices.BinarySearch(b.keys, string(begin))
	last := len(b.keys)
	if end != nil {
		last, _ = slices.BinarySearch(b.keys, string(end))
	}
	return &cursor{keys: b.keys[first:last]}, nil
}

type cursor struct {
	keys []string
	at   int
}

func (c *cursor) to(i int) bool {
	c.at = i
	return i >= 0 && i < len(c.keys)
}

func (c *cursor) find(key []byte) int {
	i, _ := slices.BinarySearch(c.keys, string(key))
	return i
}

func (c *cursor) First() bool            { return c.to(0) }
func (c *cursor) Last() bool             { return c.to(len(c.keys) - 1) }
func (c *cursor) SeekGE(key []byte) bool { return c.to(c.find(key)) }
func (c *cursor) SeekLT(key []byte) bool { return c.to(c.find(key) - 1) }
func (c *cursor) Next() bool             { return c.to(c.at + 1) }
func (c *cursor) Prev() bool             { return c.to(c.at - 1) }
func (c *cursor) Key() []byte            { return []byte(c.keys[c.at]) }
func (c *cursor) Value() []byte          { return []byte(c.keys[c.at]) }
func (c *cursor) Err() error             { return nil }
func (c *cursor) Close() error           { return nil }

// run returns what fn leaves when it runs on the keys a to z of version v.
func run(t *testing.T, v kv.Version, fn func(tx kv.Tx)) *occ.Changes {
	t.Helper()
	b := &base{version: v}
	for c := 'a'; c <= 'z'; c++ {
		b.keys = append(b.keys, string(c))
	}
	tx := occ.Begin(b)
	fn(tx)
	changes, leaked, err := tx.End()
	if leaked > 0 || err != nil {
		t.Fatalf("%d iterators left open, %v", leaked, err)
	}
	return changes
}

func setting(key string) func(tx kv.Tx) {
	return func(tx kv.Tx) { tx.Set([]byte(key), nil) }
}

// walking scans rng: a letter seeks it, a + is a Next.
func walking(rng kv.Range, steps string) func(tx kv.Tx) {
	return func(tx kv.Tx) {
		it := tx.Scan(rng)
		defer it.Close()
		for _, step := range steps {
			if step == '+' {
				it.Next()
			} else {
				it.Seek([]byte(string(step)))
			}
		}
	}
}

// TestConflictsOnlyWithWhatWasRead checks both sides of every border.
func TestConflictsOnlyWithWhatWasRead(t *testing.T) {
	getting := func(key string) func(tx kv.Tx) { return func(tx kv.Tx) { tx.Get([]byte(key)) } }
	cToK := kv.Range{Begin: []byte("c"), End: []byte("k")}
	kToC := kv.Range{Begin: []byte("c"), End: []byte("k"), Reverse: true}
	own := func(do func(tx kv.Tx), then func(tx kv.Tx)) func(tx kv.Tx) {
		return func(tx kv.Tx) { do(tx); then(tx) }
	}
	for _, c := range []struct {
		name    string
		read    func(tx kv.Tx)
		hit     string // keys whose write conflicts, separated by spaces
		missing string // keys whose write does not
	}{
		{"nothing", func(kv.Tx) {}, "", "a z"},
		{"get", getting("d"), "d", "c d\x00 e"},
		{"get of own value", own(setting("d"), getting("d")), "", "d"},
		{"get of own delete", own(func(tx kv.Tx) { tx.Delete([]byte("d")) }, getting("d")), "", "d"},
		{"get of own deleted range", own(func(tx kv.Tx) { tx.DeleteRange([]byte("c"), []byte("f")) }, getting("d")), "", "d"},
		{"add", func(tx kv.Tx) { tx.Add([]byte("n"), 1) }, "", "n"},
		{"counter after add", own(func(tx kv.Tx) { tx.Add([]byte("n"), 1) }, func(tx kv.Tx) { tx.GetCounter([]byte("n")) }), "n", "m o"},
		{"scan not begun", walking(cToK, ""), "", "c d"},
		{"first key", walking(cToK, "+"), "c", "b c\x00 d k"},
		{"three keys", walking(cToK, "+++"), "c cc d dd e", "b e\x00 f"},
		{"to the end", walking(cToK, "+++++++++"), "c d jj", "bb k"},
		{"empty range", walking(kv.Range{Begin: []byte("k"), End: []byte("c")}, "+"), "", "c d k"},
		{"gap", walking(kv.Range{Begin: []byte("cc"), End: []byte("d")}, "+"), "cc ccc", "c d"},
		{"without end", walking(kv.Range{Begin: []byte("y")}, "+++"), "y z zz \xff", "x"},
		{"last key", walking(kToC, "+"), "j jj", "ii k"},
		{"last two keys", walking(kToC, "++"), "i ii j", "hh k"},
		{"back to the begin", walking(kToC, "+++++++++"), "c d jj", "bb k"},
		{"seek", walking(cToK, "f"), "f", "c ee f\x00 g"},
		{"seek between keys", walking(kv.Range{}, "f+"), "f ff g", "e g\x00"},
		{"seek twice", walking(cToK, "dh"), "d h", "c e g i"},
		{"seek before the begin", walking(cToK, "a"), "c", "a b d"},
		{"seek behind the end", walking(cToK, "x"), "", "c j k x"},
		{"seek in reverse", walking(kToC, "f+"), "e ee f", "dd f\x00 g"},
		{"seek in reverse behind the end", walking(kToC, "x"), "j jj", "i k"},
		{"own key ends the scan", own(setting("cc"), walking(cToK, "++")), "c cb cc", "cc\x00 d"},
		{"over own deletes", own(func(tx kv.Tx) { tx.DeleteRange([]byte("d"), []byte("g")) }, walking(cToK, "++")), "c e g", "b h"},
		{"left open at a key", func(tx kv.Tx) { tx.Scan(cToK).Next() }, "c", "d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := func(keys string, want bool) {
				for key := range bytes.FieldsSeq([]byte(keys)) {
					w := occ.NewWindow(7)
					w.Add(run(t, 7, setting(string(key))), 8)
					changes := func() *occ.Changes {
						tx := occ.Begin(&base{version: 7, keys: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "y", "z"}})
						c.read(tx)
						changes, _, _ := tx.End()
						return changes
					}()
					if got := w.Conflicts(changes); got != want {
						t.Errorf("conflicts with a write of %q: %t", key, got)
					}
				}
			}
			check(c.hit, true)
			check(c.missing, false)
		})
	}
}

func TestWindow(t *testing.T) {
	reading := func(v kv.Version) *occ.Changes {
		return run(t, v, func(tx kv.Tx) { tx.Get([]byte("a")); walking(kv.Range{}, "+")(tx) })
	}
	w := occ.NewWindow(10)
	if w.Conflicts(reading(10)) {
		t.Error("conflict where nothing was committed")
	}
	if !w.Conflicts(reading(9)) {
		t.Error("no conflict with a snapshot older than the window")
	}
	if w.Conflicts(run(t, 9, setting("a"))) {
		t.Error("a transaction that reads nothing conflicts")
	}
	for v := kv.Version(11); v <= 20; v++ {
		w.Add(run(t, v-1, setting(fmt.Sprint("a", v))), v)
	}
	w.Add(run(t, 20, setting("a")), 21)
	for v := kv.Version(10); v <= 21; v++ {
		if got, want := w.Conflicts(reading(v)), v < 21; got != want {
			t.Errorf("snapshot %d conflicts: %t", v, got)
		}
	}
	w.Trim(15)
	other := func(v kv.Version) *occ.Changes { return run(t, v, func(tx kv.Tx) { tx.Get([]byte("b")) }) }
	for v := kv.Version(10); v <= 21; v++ {
		if got, want := w.Conflicts(other(v)), v < 15; got != want {
			t.Errorf("after Trim(15) a snapshot of %d conflicts: %t", v, got)
		}
	}
	w.Trim(21)
	if w.Conflicts(reading(21)) {
		t.Error("conflict after everything was trimmed")
	}
}

// TestWindowIsBounded commits more beside a long transaction than a window
// holds.
func TestWindowIsBounded(t *testing.T) {
	w := occ.NewWindow(0)
	large := make([]byte, 20<<20)
	for v := kv.Version(1); v <= 5; v++ {
		w.Add(run(t, v-1, func(tx kv.Tx) { tx.Set([]byte("b"), large) }), v)
	}
	old := func(v kv.Version) *occ.Changes { return run(t, v, func(tx kv.Tx) { tx.Get([]byte("a")) }) }
	if !w.Conflicts(old(0)) {
		t.Error("100 MiB after its snapshot a transaction does not conflict")
	}
	if w.Conflicts(old(4)) {
		t.Error("one commit after its snapshot a transaction conflicts with what it has not read")
	}
}

// TestManyWrites checks order and completeness of a large write buffer, also
// when its memory is used a second time.
func TestManyWrites(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 3 {
		want := map[string]string{}
		changes := run(t, 0, func(tx kv.Tx) {
			for i := range 5000 {
				key := fmt.Sprint(random.IntN(4000))
				value := fmt.Sprint(round, i)
				if err := tx.Set([]byte(key), []byte(value)); err != nil {
					t.Fatal(err)
				}
				want[key] = value
			}
		})
		last := ""
		changes.Ops(1, func(op occ.Op) {
			key := string(op.Key)
			if op.Kind != occ.OpSet || key <= last || string(op.Value) != want[key] {
				t.Fatalf("%d %q = %q after %q", op.Kind, key, op.Value, last)
			}
			last = key
			delete(want, key)
		})
		if len(want) > 0 {
			t.Errorf("%d writes are missing", len(want))
		}
		changes.Release()
	}
}

func TestOps(t *testing.T) {
	changes := run(t, 0, func(tx kv.Tx) {
		tx.SetVersioned([]byte("f/"), []byte("/s"), []byte("row"))
		tx.Add([]byte("gone"), 5)
		tx.Set([]byte("gone too"), nil)
		tx.Delete([]byte("x"))
		tx.DeleteRange([]byte("g"), []byte("h"))
		tx.DeleteRange([]byte("h"), []byte("k"))
		tx.Set([]byte("hh"), []byte("new"))
		tx.Add([]byte("i"), 1)
		tx.Add([]byte("i"), 1)
		tx.Add([]byte("n"), 2)
		tx.Add([]byte("n"), -3)
		tx.Delete([]byte("gone"))
	})
	var got []string
	changes.Ops(258, func(op occ.Op) {
		got = append(got, fmt.Sprintf("%d %q %q %q %d", op.Kind, op.Key, op.End, op.Value, op.Delta))
	})
	want := []string{
		fmt.Sprintf(`%d "g" "k" "" 0`, occ.OpDeleteRange),
		fmt.Sprintf(`%d "hh" "" "new" 0`, occ.OpSet),
		fmt.Sprintf(`%d "i" "" "\x00\x00\x00\x00\x00\x00\x00\x02" 0`, occ.OpSet),
		fmt.Sprintf(`%d "n" "" "" -1`, occ.OpAdd),
		fmt.Sprintf(`%d "x" "" "" 0`, occ.OpDelete),
		fmt.Sprintf(`%d "f/\x00\x00\x00\x00\x00\x00\x01\x02/s" "" "row" 0`, occ.OpSet),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
