package filtertext

import (
	"cmp"
	"slices"
	"strings"
)

// directory finds things by name, without regard to case.
type directory[T any] struct {
	things []T
	nameOf func(T) string
	folded map[string][]int // the places in things
}

func newDirectory[T any](things []T, nameOf func(T) string) directory[T] {
	d := directory[T]{things, nameOf, make(map[string][]int, len(things))}
	for i, thing := range things {
		key := fold(nameOf(thing))
		d.folded[key] = append(d.folded[key], i)
	}
	return d
}

// find returns all things of a name, without regard to case.
func (d directory[T]) find(name string) []T {
	var found []T
	for _, i := range d.folded[fold(name)] {
		found = append(found, d.things[i])
	}
	return found
}

// names are the names of all things.
func (d directory[T]) names() []string {
	names := make([]string, len(d.things))
	for i, thing := range d.things {
		names[i] = d.nameOf(thing)
	}
	return names
}

// narrow keeps the things whose name is exactly that, if there are any.
func narrow[T any](things []T, nameOf func(T) string, name string) []T {
	exact := slices.DeleteFunc(slices.Clone(things), func(t T) bool { return nameOf(t) != name })
	if len(exact) > 0 {
		return exact
	}
	return things
}

// fold is the form in which names are compared without regard to case.
func fold(s string) string { return strings.ToLower(s) }

// The bounds of suggestions: how many are made, how long a name may be to be
// compared, and how many names an error lists.
const (
	maxNear       = 3
	maxNearLength = 64
	maxListed     = 20
)

// suggest is the end of a message about an unknown name: the names near to it,
// else all names when they are few.
func suggest(name, what string, names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(s string) bool { return s == "" })
	if near := nearest(name, names); len(near) > 0 {
		return didYouMean(near)
	}
	switch {
	case len(names) == 0:
		return "; there are no " + what
	case len(names) > maxListed:
		return "; there are " + what + " such as " + strings.Join(names[:maxListed], ", ")
	}
	return "; the " + what + " are " + strings.Join(names, ", ")
}

// nearest returns the names that differ from one by few characters, backquotes
// not counted.
func nearest(name string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	plain := func(s string) []rune { return []rune(fold(strings.ReplaceAll(s, "`", ""))) }
	wanted := plain(name)
	if len(wanted) > maxNearLength {
		return nil
	}
	limit := 1 + len(wanted)/4
	var near []candidate
	for _, n := range names {
		if len(n) > maxNearLength {
			continue
		}
		if d := distance(wanted, plain(n)); d <= limit && d < len(wanted) {
			near = append(near, candidate{n, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	best := make([]string, len(near))
	for i, c := range near {
		best[i] = c.name
	}
	return best
}

func didYouMean(names []string) string {
	return "; did you mean " + strings.Join(names[:min(len(names), maxNear)], " or ") + "?"
}

// distance counts the characters to insert, remove, replace or swap with their
// neighbour to make b of a.
func distance(a, b []rune) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
