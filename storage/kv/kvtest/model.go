package kvtest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/occ"
)

// model is what a store should hold: a map, searched by brute force.
type model map[string]string

// testModel compares random transactions and the reads within and between them
// with a map.
func testModel(t *testing.T, s kv.Store) {
	rapid.Check(t, func(t *rapid.T) {
		m := model{}
		commit(t, s, func(tx kv.Tx) error { return tx.DeleteRange(nil, nil) })
		for range rapid.IntRange(1, 6).Draw(t, "transactions") {
			if rapid.Bool().Draw(t, "in a view") {
				checkView(t, s, m, func() { m = m.transact(t, s) })
			} else {
				m = m.transact(t, s)
			}
			checkView(t, s, m, func() {})
		}
	})
}

func commit(t *rapid.T, s kv.Store, fn func(tx kv.Tx) error) kv.Version {
	v, err := s.Update(background(), fn)
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	return v
}

// checkView compares a view with m, also after meanwhile has run.
func checkView(t *rapid.T, s kv.Store, m model, meanwhile func()) {
	err := s.View(background(), func(r kv.Reader) error {
		m.checkReads(t, r)
		meanwhile()
		m.checkReads(t, r)
		return nil
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
}

var (
	drawKey = rapid.Custom(func(t *rapid.T) string {
		return rapid.StringOfN(rapid.RuneFrom([]rune("\x00ab")), 0, 3, -1).Draw(t, "k")
	})
	drawValue = rapid.StringN(0, 4, -1)
	drawDelta = rapid.Int64Range(-3, 3)
)

// keySpaces keep counters apart from values, as the contract asks.
const (
	values    = "v"
	counters  = "n"
	versioned = "w"
)

func drawBound(t *rapid.T) []byte {
	if rapid.IntRange(0, 4).Draw(t, "unbounded") == 0 {
		return nil
	}
	return []byte(rapid.SampledFrom([]string{values, counters}).Draw(t, "space") + drawKey.Draw(t, "bound"))
}

// transact runs a random transaction and returns what the store holds then.
func (m model) transact(t *rapid.T, s kv.Store) model {
	var next model
	var rows [][2]string
	fails := rapid.IntRange(0, 4).Draw(t, "fails") == 0
	v, err := s.Update(background(), func(tx kv.Tx) error {
		next, rows = maps.Clone(m), nil
		for range rapid.IntRange(0, 12).Draw(t, "operations") {
			if err := next.operate(t, tx, &rows); err != nil {
				return err
			}
		}
		if fails {
			return errTest
		}
		return nil
	})
	switch {
	case fails && err == errTest:
		return m
	case err != nil || fails:
		t.Fatalf("Update: %v", err)
	}
	for _, row := range rows {
		next[string(occ.VersionedKey(nil, []byte(versioned), v, []byte(row[0])))] = row[1]
	}
	return next
}

// operate does one random thing in the transaction and in m.
func (m model) operate(t *rapid.T, tx kv.Tx, rows *[][2]string) error {
	switch rapid.SampledFrom([]string{"set", "set", "set", "delete", "delete", "range", "add", "add", "versioned", "read", "read"}).Draw(t, "do") {
	case "set":
		key, value := values+drawKey.Draw(t, "key"), drawValue.Draw(t, "value")
		m[key] = value
		return tx.Set([]byte(key), []byte(value))
	case "delete":
		key := rapid.SampledFrom([]string{values, counters}).Draw(t, "space") + drawKey.Draw(t, "key")
		delete(m, key)
		return tx.Delete([]byte(key))
	case "range":
		rng := kv.Range{Begin: drawBound(t), End: drawBound(t)}
		for _, key := range m.keys(rng) {
			delete(m, key)
		}
		return tx.DeleteRange(rng.Begin, rng.End)
	case "add":
		key, delta := counters+drawKey.Draw(t, "key"), drawDelta.Draw(t, "delta")
		m[key] = string(occ.AppendCounter(nil, occ.LenientCounter([]byte(m[key]))+delta))
		return tx.Add([]byte(key), delta)
	case "versioned":
		row := [2]string{drawKey.Draw(t, "suffix"), drawValue.Draw(t, "value")}
		*rows = append(*rows, row)
		return tx.SetVersioned([]byte(versioned), []byte(row[0]), []byte(row[1]))
	default:
		m.checkReads(t, tx)
		return nil
	}
}

// keys returns the keys of rng in the order of a scan.
func (m model) keys(rng kv.Range) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if key >= string(rng.Begin) && (rng.End == nil || key < string(rng.End)) {
			keys = append(keys, key)
		}
	}
	if rng.Reverse {
		slices.Reverse(keys)
	}
	return keys
}

// checkReads compares some reads with m.
func (m model) checkReads(t *rapid.T, r kv.Reader) {
	key := values + drawKey.Draw(t, "get")
	got, ok, err := get(r, key)
	if want, wantOK := m[key]; err != nil || got != want || ok != wantOK {
		t.Fatalf("Get(%q) = %q, %t, %v; want %q, %t", key, got, ok, err, want, wantOK)
	}
	key = counters + drawKey.Draw(t, "get counter")
	n, err := r.GetCounter([]byte(key))
	if want := occ.LenientCounter([]byte(m[key])); err != nil || n != want {
		t.Fatalf("GetCounter(%q) = %d, %v; want %d", key, n, err, want)
	}
	m.checkScan(t, r)
}

// checkScan walks a random range with random steps.
func (m model) checkScan(t *rapid.T, r kv.Reader) {
	rng := kv.Range{Begin: drawBound(t), End: drawBound(t), Reverse: rapid.Bool().Draw(t, "reverse")}
	keys := m.keys(rng)
	it := r.Scan(rng)
	defer it.Close()
	at := -1
	for range len(keys) + 2 {
		step, ok := "Next", false
		if rapid.IntRange(0, 3).Draw(t, "seek") == 0 {
			target := string(drawBound(t))
			step = fmt.Sprintf("Seek(%q)", target)
			at = slices.IndexFunc(keys, func(key string) bool {
				if rng.Reverse {
					return key <= target
				}
				return key >= target
			})
			if at < 0 {
				at = len(keys)
			}
			ok = it.Seek([]byte(target))
		} else {
			at = min(at+1, len(keys))
			ok = it.Next()
		}
		if ok != (at < len(keys)) {
			t.Fatalf("%s in %s = %t at %d of %q", step, show(rng), ok, at, keys)
		}
		if ok && (string(it.Key()) != keys[at] || string(it.Value()) != m[keys[at]]) {
			t.Fatalf("%s in %s: at %q = %q, want %q = %q", step, show(rng), it.Key(), it.Value(), keys[at], m[keys[at]])
		}
	}
	if err := it.Err(); err != nil {
		t.Fatalf("scan of %s: %v", show(rng), err)
	}
}

func show(r kv.Range) string {
	return fmt.Sprintf("[%q, %q) reverse %t", r.Begin, r.End, r.Reverse)
}
