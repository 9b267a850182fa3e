package interchange

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// path is a place inside a value: a member or an item of what the parent leads
// to; nil is the value itself. The $values of a list is not a step of its own.
type path struct {
	parent *path
	name   string // "" for an item
	index  int
}

func (p *path) member(name string) *path { return &path{parent: p, name: name} }
func (p *path) item(i int) *path         { return &path{parent: p, index: i} }

// steps are the steps from the value to the place.
func (p *path) steps() []path {
	var steps []path
	for ; p != nil; p = p.parent {
		steps = append(steps, *p)
	}
	slices.Reverse(steps)
	return steps
}

// String is the text form, such as FieldDescriptors[2].Name. Unusual names are
// quoted: ["a.b"].
func (p *path) String() string {
	var b strings.Builder
	for _, s := range p.steps() {
		switch {
		case s.name == "":
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case !isPlainName(s.name):
			b.WriteString("[" + strconv.Quote(s.name) + "]")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.name)
		}
	}
	return b.String()
}

func isPlainName(name string) bool {
	for i, r := range name {
		isLetter := r == '_' || r == '$' || 'a' <= r|0x20 && r|0x20 <= 'z'
		if !isLetter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// parsePath reads what String wrote. ok is false for anything else.
func parsePath(s string) (p *path, ok bool) {
	for s != "" {
		switch {
		case strings.HasPrefix(s, `["`):
			quoted, err := strconv.QuotedPrefix(s[1:])
			if err != nil {
				return nil, false
			}
			name, err := strconv.Unquote(quoted)
			rest, closed := strings.CutPrefix(s[1+len(quoted):], "]")
			if err != nil || !closed || isPlainName(name) || name == "" {
				return nil, false
			}
			p, s = p.member(name), rest
		case s[0] == '[':
			digits, rest, closed := strings.Cut(s[1:], "]")
			i, err := strconv.Atoi(digits)
			if err != nil || !closed || i < 0 || strconv.Itoa(i) != digits {
				return nil, false
			}
			p, s = p.item(i), rest
		default:
			if p != nil {
				if s[0] != '.' {
					return nil, false
				}
				s = s[1:]
			}
			end := strings.IndexAny(s, ".[")
			if end < 0 {
				end = len(s)
			}
			if !isPlainName(s[:end]) {
				return nil, false
			}
			p, s = p.member(s[:end]), s[end:]
		}
	}
	return p, p != nil
}

// comparePaths orders places as they come in a value with its items in order,
// a place before those inside it.
func comparePaths(a, b []path) int {
	return slices.CompareFunc(a, b, func(s, t path) int {
		return cmp.Or(cmp.Compare(s.name, t.name), cmp.Compare(s.index, t.index))
	})
}

// insert puts a value into a tree: a member replaces the one of its name, an
// item moves those from its place on, null on the way becomes an object. It
// reports whether the place exists.
func insert(root tree, steps []path, v tree) bool {
	at := root
	for i, s := range steps {
		last := i == len(steps)-1
		if s.name == "" {
			list, ok := listOf(at)
			switch {
			case !ok:
				return false
			case last:
				return insertItem(list, s.index, v)
			case s.index >= len(list.items):
				return false
			}
			at = list.items[s.index]
			continue
		}
		o, ok := at.(*object)
		if !ok {
			return false
		}
		if last {
			o.set(s.name, v)
			return true
		}
		m := o.find(s.name)
		if m < 0 {
			return false
		}
		if o.members[m].value == nil {
			o.members[m].value = new(object)
		}
		at = o.members[m].value
	}
	return false
}

func insertItem(a *array, i int, v tree) bool {
	if i > len(a.items) {
		return false
	}
	a.items = slices.Insert(a.items, i, v)
	return true
}

// listOf returns the items of a list, plain or as $values.
func listOf(v tree) (*array, bool) {
	switch v := v.(type) {
	case *array:
		return v, true
	case *object:
		var list *array
		for _, m := range v.members {
			switch m.name {
			case "$type":
			case "$values":
				a, ok := m.value.(*array)
				if !ok {
					return nil, false
				}
				list = a
			default:
				return nil, false
			}
		}
		return list, list != nil
	}
	return nil, false
}
