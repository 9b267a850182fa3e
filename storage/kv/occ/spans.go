package occ

import (
	"bytes"
	"slices"
	"sort"
)

// spans is a sorted list of spans that neither overlap nor touch. It is never
// changed in place, so an iterator may keep the list it started with.
type spans []span

// find returns the span that holds key.
func (s spans) find(key []byte) (span, bool) {
	// The last span that begins at or before key.
	i := sort.Search(len(s), func(i int) bool { return bytes.Compare(s[i].begin, key) > 0 }) - 1
	if i < 0 || !before(key, s[i].end) {
		return span{}, false
	}
	return s[i], true
}

// with returns the list with add merged in.
func (s spans) with(add span) spans {
	first := sort.Search(len(s), func(i int) bool { return s[i].end == nil || bytes.Compare(s[i].end, add.begin) >= 0 })
	last := first
	for ; last < len(s) && (add.end == nil || bytes.Compare(s[last].begin, add.end) <= 0); last++ {
		if bytes.Compare(s[last].begin, add.begin) < 0 {
			add.begin = s[last].begin
		}
		if add.end != nil && (s[last].end == nil || bytes.Compare(s[last].end, add.end) > 0) {
			add.end = s[last].end
		}
	}
	return slices.Concat(s[:first], spans{add}, s[last:])
}
