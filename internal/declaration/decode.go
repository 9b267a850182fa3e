package declaration

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"domovoi.dev/sdk/slnet"
)

// Types that are written as texts for people, beside the numbers of their JSON.
var (
	durationType   = reflect.TypeFor[time.Duration]()
	permissionType = reflect.TypeFor[slnet.PermissionFlag]()
)

// Types that read themselves.
var (
	jsonType = reflect.TypeFor[json.Unmarshaler]()
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// decoder puts the nodes of a document into Go values and collects what does not
// fit.
type decoder struct {
	file     string
	problems Problems
}

func (d *decoder) errorf(n *yaml.Node, format string, args ...any) {
	d.problems = append(d.problems, Problem{d.file, n.Line, fmt.Sprintf(format, args...)})
}

// want says that a node is not what belongs at a path.
func (d *decoder) want(n *yaml.Node, path, what string) {
	d.errorf(n, "%s must be %s, and is %s", path, what, kindOf(n))
}

func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "an object"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	}
	return strconv.Quote(shorten(n.Value))
}

func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// fieldsOf are the fields of a struct by the names of their JSON, those of embedded
// structs included.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	fields := make(map[string]reflect.Value)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			maps.Copy(fields, fieldsOf(v.Field(i)))
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = v.Field(i)
		}
	}
	return fields
}

// value puts a node into v, which can be set.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	n = resolve(n)
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		v.SetZero()
	case v.Type() == durationType:
		d.duration(n, v, path)
	case v.Type() == permissionType:
		d.permission(n, v, path)
	case reflect.PointerTo(v.Type()).Implements(jsonType) || reflect.PointerTo(v.Type()).Implements(textType):
		d.self(n, v, path)
	default:
		d.plain(n, v, path)
	}
}

func (d *decoder) plain(n *yaml.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Struct:
		d.object(n, v, path)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.want(n, path, "a list")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, item := range n.Content {
			d.value(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		d.mapping(n, v, path)
	case reflect.String:
		if n.Kind != yaml.ScalarNode {
			d.want(n, path, "a text")
		} else if n.Tag != "!!str" && n.Tag != "!!timestamp" {
			d.errorf(n, "%s must be a text; write %q in quotes", path, n.Value)
		} else {
			v.SetString(n.Value)
		}
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	what := "a whole number"
	if v.Kind() == reflect.Bool {
		what = "true or false"
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!str" || n.Decode(v.Addr().Interface()) != nil {
		d.want(n, path, what)
	}
}

// members calls do for each member of an object, whose names must differ.
func (d *decoder) members(n *yaml.Node, path string, do func(name, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.want(n, path, "an object")
		return
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := resolve(n.Content[i])
		switch line := seen[name.Value]; {
		case name.Kind != yaml.ScalarNode:
			d.errorf(name, "%s: the name of a member must be a text", path)
			continue
		case line > 0:
			d.errorf(name, "%s has the member %q twice, first in line %d", path, name.Value, line)
			continue
		}
		seen[name.Value] = name.Line
		do(name, n.Content[i+1])
	}
}

func (d *decoder) object(n *yaml.Node, v reflect.Value, path string) {
	fields := fieldsOf(v)
	d.members(n, path, func(name, value *yaml.Node) {
		if field, ok := fields[name.Value]; ok {
			d.value(value, field, path+"."+name.Value)
			return
		}
		d.unknown(name, path, slices.Sorted(maps.Keys(fields)))
	})
}

// unknown refuses a member; known are those there are.
func (d *decoder) unknown(name *yaml.Node, path string, known []string) {
	for _, k := range known {
		if strings.EqualFold(k, name.Value) {
			d.errorf(name, "%s has no member %q; it is written %s", path, name.Value, k)
			return
		}
	}
	d.errorf(name, "%s has no member %q; there are %s", path, name.Value, strings.Join(known, ", "))
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.members(n, path, func(name, value *yaml.Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(value, item, path+"."+name.Value)
		v.SetMapIndex(reflect.ValueOf(name.Value).Convert(v.Type().Key()), item)
	})
}

// duration reads nanoseconds, as the JSON of messages has them, or 1h30m.
func (d *decoder) duration(n *yaml.Node, v reflect.Value, path string) {
	var ns int64
	if n.Kind == yaml.ScalarNode && n.Tag == "!!int" && n.Decode(&ns) == nil {
		v.SetInt(ns)
		return
	}
	parsed, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		d.want(n, path, "a duration such as 90s or 1h30m, or nanoseconds")
		return
	}
	v.SetInt(int64(parsed))
}

// permission reads a name, or a number as the JSON of messages has it.
func (d *decoder) permission(n *yaml.Node, v reflect.Value, path string) {
	var number int64
	if n.Kind == yaml.ScalarNode && n.Tag == "!!int" && n.Decode(&number) == nil {
		v.SetInt(number)
		return
	}
	if n.Kind != yaml.ScalarNode {
		d.want(n, path, "the name of a permission")
		return
	}
	p, err := slnet.ParsePermission(n.Value)
	if err != nil {
		d.errorf(n, "%s: %v", path, err)
		return
	}
	v.SetInt(int64(p))
}

// self lets a value read its JSON.
func (d *decoder) self(n *yaml.Node, v reflect.Value, path string) {
	raw, ok := d.json(n, path)
	if !ok {
		return
	}
	decode := json.NewDecoder(bytes.NewReader(raw))
	decode.DisallowUnknownFields()
	if err := decode.Decode(v.Addr().Interface()); err != nil {
		d.errorf(n, "%s cannot be read: %s", path, strings.TrimPrefix(err.Error(), "json: "))
	}
}

// json is a node as JSON. Numbers stay as they are written.
func (d *decoder) json(n *yaml.Node, path string) (raw []byte, ok bool) {
	before := len(d.problems)
	raw = d.appendJSON(nil, n, path)
	return raw, len(d.problems) == before
}

func (d *decoder) appendJSON(b []byte, n *yaml.Node, path string) []byte {
	n = resolve(n)
	switch n.Kind {
	case yaml.MappingNode:
		b = append(b, '{')
		first := true
		d.members(n, path, func(name, value *yaml.Node) {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(appendText(b, name.Value), ':')
			b = d.appendJSON(b, value, path+"."+name.Value)
		})
		return append(b, '}')
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, item := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			b = d.appendJSON(b, item, fmt.Sprintf("%s[%d]", path, i))
		}
		return append(b, ']')
	}
	switch n.Tag {
	case "!!null":
		return append(b, "null"...)
	case "!!bool", "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return append(b, n.Value...)
		}
		var value any
		if err := n.Decode(&value); err == nil {
			if raw, err := json.Marshal(value); err == nil {
				return append(b, raw...)
			}
		}
		d.errorf(n, "%s: %q is not in JSON; write it in quotes if it is a text", path, n.Value)
		return append(b, "null"...)
	}
	return appendText(b, n.Value)
}

func appendText(b []byte, s string) []byte {
	raw, _ := json.Marshal(s)
	return append(b, raw...)
}
