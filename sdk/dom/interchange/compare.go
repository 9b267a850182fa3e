package interchange

import (
	"encoding/json"
	"strings"

	"domovoi.dev/sdk/dom"
)

// ChangeKind says what became of a member.
type ChangeKind string

// The kinds of changes.
const (
	Added     ChangeKind = "added"
	Removed   ChangeKind = "removed"
	Changed   ChangeKind = "changed"
	Reordered ChangeKind = "reordered" // the items of a list stand in another order
)

// Change is one member that differs between two versions of an object.
type Change struct {
	// Path leads to the member; items of lists go by their names, such as
	// FieldDescriptors[Amount].Tooltip.
	Path string     `json:"Path"`
	Kind ChangeKind `json:"Kind"`
	// Before and After are the values of what is Changed.
	Before json.RawMessage `json:"Before,omitempty"`
	After  json.RawMessage `json:"After,omitempty"`
}

// String is the change in one line.
func (c Change) String() string {
	if c.Kind != Changed {
		return c.Path + " " + string(c.Kind)
	}
	return c.Path + " " + cut(c.Before) + " -> " + cut(c.After)
}

// cut shortens a value for people.
func cut(raw json.RawMessage) string {
	const most = 60
	runes := []rune(string(raw))
	if len(runes) <= most {
		return string(raw)
	}
	return string(runes[:most-1]) + "…"
}

// Compare returns what differs between two objects of one kind. What a server
// sets does not count: tracking, revisions, names of instances; nor does the
// module they are in, nor whether an empty list is absent. The error says which
// value cannot be compared.
func Compare(before, after dom.Object) ([]Change, error) {
	was, err := formOf(before)
	if err != nil {
		return nil, err
	}
	is, err := formOf(after)
	if err != nil {
		return nil, err
	}
	var d difference
	d.values("", was, is)
	return d.changes, nil
}

// formOf is the form in which an object is compared.
func formOf(o dom.Object) (tree, error) {
	c := &codec{mode: comparing}
	if module := moduleOf(o); module != nil {
		c.module = *module
	}
	r := c.create(nil)
	r.describe(o)
	if c.err != nil {
		return nil, c.err
	}
	return r.out, nil
}

// difference collects changes.
type difference struct{ changes []Change }

func (d *difference) add(path string, kind ChangeKind, before, after tree) {
	c := Change{Path: path, Kind: kind}
	if kind == Changed {
		c.Before, c.After = appendTree(nil, before, -1), appendTree(nil, after, -1)
	}
	d.changes = append(d.changes, c)
}

func (d *difference) values(path string, before, after tree) {
	if a, ok := before.(*object); ok {
		if b, ok := after.(*object); ok {
			d.objects(path, a, b)
			return
		}
	}
	if a, ok := before.(*array); ok {
		if b, ok := after.(*array); ok {
			d.arrays(path, a, b)
			return
		}
	}
	if text(before) != text(after) {
		d.add(path, Changed, before, after)
	}
}

// objects compares the members. Both have those of their type, in its order; a
// type can have members that another one has not.
func (d *difference) objects(path string, before, after *object) {
	join := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	for _, m := range before.members {
		if i := after.find(m.name); i >= 0 {
			d.values(join(m.name), m.value, after.members[i].value)
		} else {
			d.add(join(m.name), Removed, m.value, nil)
		}
	}
	for _, m := range after.members {
		if before.find(m.name) < 0 {
			d.add(join(m.name), Added, nil, m.value)
		}
	}
}

// arrays compares lists: of things with ids by these, of others as a whole.
func (d *difference) arrays(path string, before, after *array) {
	was, wasKeyed := keysOf(before)
	is, isKeyed := keysOf(after)
	if !wasKeyed || !isKeyed {
		if text(before) != text(after) {
			d.add(path, Changed, before, after)
		}
		return
	}
	item := func(a *array, i int) string { return path + "[" + label(a.items[i]) + "]" }
	last, ordered := -1, true
	for i, m := range before.items {
		j, ok := is[key(m)]
		if !ok {
			d.add(item(before, i), Removed, m, nil)
			continue
		}
		d.values(item(after, j), m, after.items[j])
		last, ordered = j, ordered && j > last
	}
	for j, m := range after.items {
		if _, ok := was[key(m)]; !ok {
			d.add(item(after, j), Added, nil, m)
		}
	}
	if !ordered {
		d.add(path, Reordered, nil, nil)
	}
}

// keyMembers tell the items of a list apart, labelMembers name them for people.
var (
	keyMembers   = []string{"Id", "SectionDefinitionID", "FieldDescriptorID", "Value"}
	labelMembers = []string{"Name", "DisplayName", "Id", "SectionDefinitionID", "FieldDescriptorID", "Value"}
)

// keysOf are the places of a list's items by their keys. ok is false when one
// has none, or two have the same.
func keysOf(a *array) (keys map[string]int, ok bool) {
	keys = make(map[string]int, len(a.items))
	for i, item := range a.items {
		k := key(item)
		if _, twice := keys[k]; k == "" || twice {
			return nil, false
		}
		keys[k] = i
	}
	return keys, true
}

// key is what tells an item apart, "" when it has nothing of the kind.
func key(item tree) string {
	if o, ok := item.(*object); ok {
		for _, name := range keyMembers {
			if i := o.find(name); i >= 0 {
				return text(o.members[i].value)
			}
		}
	}
	return ""
}

func label(item tree) string {
	o := item.(*object)
	for _, name := range labelMembers {
		i := o.find(name)
		if i < 0 {
			continue
		}
		switch v := o.members[i].value.(type) {
		case string:
			if v != "" {
				return v
			}
		case *object: // the status and section of a link
			parts := make([]string, len(v.members))
			for i, m := range v.members {
				parts[i], _ = m.value.(string)
			}
			return strings.Join(parts, " ")
		}
	}
	return "?"
}
