package occ

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestSpans compares lists of spans with a set of the single-byte keys in them.
func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list spans
		var in [20]bool
		for range rapid.IntRange(0, 10).Draw(t, "spans") {
			begin := rapid.IntRange(0, 18).Draw(t, "begin")
			end := rapid.IntRange(begin+1, 20).Draw(t, "end")
			add := span{begin: []byte{byte(begin)}, end: []byte{byte(end)}}
			if end == 20 {
				add.end = nil
			}
			before := append(spans(nil), list...)
			next := list.with(add)
			for i := range list {
				if !bytes.Equal(list[i].begin, before[i].begin) || !bytes.Equal(list[i].end, before[i].end) {
					t.Fatal("the old list has changed")
				}
			}
			list = next
			for key := begin; key < end; key++ {
				in[key] = true
			}
			for i, s := range list {
				if i > 0 && bytes.Compare(list[i-1].end, s.begin) >= 0 {
					t.Fatalf("spans touch: %v", list)
				}
			}
			for key, want := range in {
				s, got := list.find([]byte{byte(key)})
				if got != want || got && !s.contains([]byte{byte(key)}) {
					t.Fatalf("%d is in %v: %t, want %t", key, list, got, want)
				}
			}
		}
	})
}
