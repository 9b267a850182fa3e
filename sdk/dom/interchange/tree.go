package interchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// A tree is a JSON value whose objects keep the order of their members: nil,
// bool, json.Number, string, *array or *object.
type tree = any

type array struct{ items []tree }

type object struct{ members []member }

type member struct {
	name  string
	value tree
}

// find returns the position of a member, -1 when there is none. The case of
// the name does not count, as in the reader of the original.
func (o *object) find(name string) int {
	return slices.IndexFunc(o.members, func(m member) bool { return strings.EqualFold(m.name, name) })
}

// set replaces a member, or adds it at the end.
func (o *object) set(name string, v tree) {
	if i := o.find(name); i >= 0 {
		o.members[i].value = v
		return
	}
	o.members = append(o.members, member{name, v})
}

// maxDepth bounds the nesting of values. The objects need less than twenty
// levels.
const maxDepth = 64

var (
	errDepth   = errors.New("the values are nested deeper than 64 levels")
	errUTF8    = errors.New("the text is not valid UTF-8")
	errNothing = errors.New("there is no value")
)

// parseTree reads one JSON value. Objects with two members of one name are
// refused.
func parseTree(raw []byte) (tree, error) {
	if !utf8.Valid(raw) {
		return nil, errUTF8
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	v, err := readTree(dec, 0)
	if err != nil {
		switch {
		case len(bytes.TrimSpace(raw)) == 0:
			err = errNothing
		case errors.Is(err, io.EOF):
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return v, nil
}

func readTree(dec *json.Decoder, depth int) (tree, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		a := new(array)
		for dec.More() {
			v, err := readTree(dec, depth+1)
			if err != nil {
				return nil, err
			}
			a.items = append(a.items, v)
		}
		_, err = dec.Token()
		return a, err
	case json.Delim('{'):
		o, err := readObject(dec, depth)
		if err != nil {
			return nil, err
		}
		_, err = dec.Token()
		return o, err
	}
	return token, nil
}

func readObject(dec *json.Decoder, depth int) (*object, error) {
	o := new(object)
	seen := make(map[string]bool)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string)
		if seen[name] {
			return nil, errors.New("an object has the member " + quote(name) + " twice")
		}
		seen[name] = true
		v, err := readTree(dec, depth+1)
		if err != nil {
			return nil, err
		}
		o.members = append(o.members, member{name, v})
	}
	return o, nil
}

// appendTree writes a value, in one line when indent is negative, otherwise
// with two spaces for each level.
func appendTree(b []byte, v tree, indent int) []byte {
	switch v := v.(type) {
	case bool:
		if v {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case json.Number:
		return append(b, v...)
	case string:
		return appendString(b, v)
	case *array:
		return appendGroup(b, '[', ']', len(v.items), indent, func(b []byte, i, indent int) []byte {
			return appendTree(b, v.items[i], indent)
		})
	case *object:
		return appendGroup(b, '{', '}', len(v.members), indent, func(b []byte, i, indent int) []byte {
			b = append(appendString(b, v.members[i].name), ':')
			if indent >= 0 {
				b = append(b, ' ')
			}
			return appendTree(b, v.members[i].value, indent)
		})
	}
	return append(b, "null"...)
}

func appendGroup(b []byte, open, end byte, n, indent int, each func(b []byte, i, indent int) []byte) []byte {
	b = append(b, open)
	inner := indent
	if indent >= 0 {
		inner++
	}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(appendLine(b, inner), i, inner)
	}
	if n > 0 {
		b = appendLine(b, indent)
	}
	return append(b, end)
}

func appendLine(b []byte, indent int) []byte {
	if indent < 0 {
		return b
	}
	b = append(b, '\n')
	for range indent {
		b = append(b, "  "...)
	}
	return b
}

// appendString writes a string with only the escapes that JSON asks for.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func quote(s string) string { return string(appendString(nil, s)) }

// text is a value in one line.
func text(v tree) string { return string(appendTree(nil, v, -1)) }

// isEmpty reports whether a value says nothing: null, false, 0, "", the empty
// Guid, a list without items, an object of such members. $type does not count.
func isEmpty(v tree) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case json.Number:
		f, err := v.Float64()
		return err == nil && f == 0
	case string:
		return v == "" || v == emptyGUID
	case *array:
		return len(v.items) == 0
	case *object:
		for _, m := range v.members {
			if m.name != "$type" && !isEmpty(m.value) {
				return false
			}
		}
		return true
	}
	return false
}

const emptyGUID = "00000000-0000-0000-0000-000000000000"
