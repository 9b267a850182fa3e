package schema

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Type is a Go type that a schema can be made of.
type Type interface {
	// String is how people write it.
	String() string
	// Name returns import path and name of a declared type, and nothing for
	// others.
	Name() (path, name string)
	// Kind is that of the underlying type.
	Kind() reflect.Kind
	// Elem is the type of what a pointer, slice, array or map holds.
	Elem() Type
	// Key is the type of the keys of a map.
	Key() Type
	// Fields are those of a struct.
	Fields() []Field
	// HasMethod reports whether the type or a pointer to it has a method.
	HasMethod(name string) bool
}

// Field is a field of a struct.
type Field struct {
	Name     string
	Type     Type
	Tag      reflect.StructTag
	Exported bool
	Embedded bool
	// Pos is where it is declared, for whoever made the Field.
	Pos int
}

// Of makes a schema of a type. Its error is Problems, with all that cannot be
// described.
func Of(t Type) (*Schema, error) {
	b := new(builder)
	s := b.schema(t)
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	return s, nil
}

// builder makes a schema. path, pos and within say which part is being made.
type builder struct {
	problems Problems
	path     string
	pos      int
	within   []string // the declared structs
	fields   int
}

// maxFields bounds a schema: types that hold each other twice make one of any
// size.
const maxFields = 1000

func (b *builder) problem(format string, args ...any) {
	b.problems = append(b.problems, Problem{Path: b.path, Message: fmt.Sprintf(format, args...), Pos: b.pos})
}

const domPath = "domovoi.dev/sdk/dom"

// known returns the schema of the declared types that have one of their own.
func known(t Type) *Schema {
	path, name := t.Name()
	switch {
	case path == "time" && name == "Time":
		return &Schema{Type: TypeString, Format: FormatTime}
	case path == "time" && name == "Duration":
		return &Schema{Type: TypeString, Format: FormatDuration}
	case path == "github.com/google/uuid" && name == "UUID", path == domPath && t.Kind() == reflect.Array:
		return &Schema{Type: TypeString, Format: FormatUUID}
	}
	return nil
}

var numbers = map[reflect.Kind]Schema{
	reflect.Int: {Type: TypeInteger, Format: "int64"}, reflect.Int64: {Type: TypeInteger, Format: "int64"},
	reflect.Int8: {Type: TypeInteger, Format: "int8"}, reflect.Int16: {Type: TypeInteger, Format: "int16"},
	reflect.Int32: {Type: TypeInteger, Format: "int32"},
	reflect.Uint:  {Type: TypeInteger, Format: "uint64"}, reflect.Uint64: {Type: TypeInteger, Format: "uint64"},
	reflect.Uint8: {Type: TypeInteger, Format: "uint8"}, reflect.Uint16: {Type: TypeInteger, Format: "uint16"},
	reflect.Uint32:  {Type: TypeInteger, Format: "uint32"},
	reflect.Float32: {Type: TypeNumber, Format: "float"}, reflect.Float64: {Type: TypeNumber, Format: "double"},
}

// schema returns a schema also of what it has noted a problem of.
func (b *builder) schema(t Type) *Schema {
	if s := known(t); s != nil {
		return s
	}
	if t.Kind() != reflect.Pointer {
		for _, method := range []string{"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText"} {
			if t.HasMethod(method) {
				b.problem("%s cannot be described: it has a method %s, which makes its own JSON", t, method)
				return new(Schema)
			}
		}
	}
	if s, ok := numbers[t.Kind()]; ok {
		return &s
	}
	switch t.Kind() {
	case reflect.Bool:
		return &Schema{Type: TypeBoolean}
	case reflect.String:
		return &Schema{Type: TypeString}
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Pointer {
			b.problem("%s cannot be described: it points to a pointer", t)
			return new(Schema)
		}
		s := b.schema(t.Elem())
		s.Nullable = true
		return s
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &Schema{Type: TypeString, ContentEncoding: encodingBase64}
		}
		return &Schema{Type: TypeArray, Items: b.schema(t.Elem())}
	case reflect.Map:
		if t.Key().Kind() != reflect.String || known(t.Key()) != nil {
			b.problem("%s cannot be described: the keys of a map must be strings", t)
		}
		return &Schema{Type: TypeObject, Values: b.schema(t.Elem())}
	case reflect.Struct:
		return b.object(t)
	}
	b.problem("%s cannot be described: there is no JSON for a %s", t, t.Kind())
	return new(Schema)
}

func (b *builder) object(t Type) *Schema {
	s := &Schema{Type: TypeObject}
	if path, name := t.Name(); name != "" {
		if slices.Contains(b.within, path+"."+name) {
			b.problem("%s cannot be described: it contains itself", t)
			return s
		}
		b.within = append(b.within, path+"."+name)
		defer func() { b.within = b.within[:len(b.within)-1] }()
	}
	outer, pos := b.path, b.pos
	defer func() { b.path, b.pos = outer, pos }()
	for _, f := range t.Fields() {
		b.path, b.pos = f.Name, cmp.Or(f.Pos, pos)
		if outer != "" {
			b.path = outer + "." + f.Name
		}
		b.fields++
		switch {
		case b.fields == maxFields+1:
			b.problem("there are more than %d fields in all", maxFields)
		case b.fields > maxFields:
		case f.Embedded:
			b.problem("an embedded field cannot be described; give it a name")
		case f.Exported:
			b.property(s, f)
		}
	}
	return s
}

func (b *builder) property(s *Schema, f Field) {
	tags, ok := readTags(f.Tag)
	if !ok {
		b.problem("the tag `%s` is not of the form key:\"value\"", f.Tag)
		return
	}
	p := Property{Name: f.Name, field: f.Name}
	name, options, _ := strings.Cut(tags["json"], ",")
	switch {
	case name == "-" && options == "":
		return
	case options == "omitempty":
		p.omitEmpty = true
	case options != "":
		b.problem("the option %q of its json tag is not supported", options)
	}
	if name != "" {
		p.Name = name
	}
	if s.Property(p.Name) != nil {
		b.problem("two fields have the name %s", p.Name)
	}
	before := len(b.problems)
	p.Schema = b.schema(f.Type)
	if len(b.problems) == before {
		b.describe(&p, tags)
	}
	s.Properties = append(s.Properties, p)
}

// describe adds what the tags say.
func (b *builder) describe(p *Property, tags map[string]string) {
	s := p.Schema
	s.Description = tags["doc"]
	if text, ok := tags["required"]; ok {
		required, err := strconv.ParseBool(text)
		if err != nil {
			b.problem("required is %q; want true or false", text)
		}
		p.Required = required
	}
	numeric := s.Type == TypeInteger || s.Type == TypeNumber
	bound := func(tag string) any {
		text, ok := tags[tag]
		if !ok {
			return nil
		}
		if !numeric {
			b.problem("%s is for numbers", tag)
			return nil
		}
		return b.tagValue(s, tag, text)
	}
	s.Minimum, s.Maximum = bound("min"), bound("max")
	if s.Minimum != nil && s.Maximum != nil && compare(s.Minimum, s.Maximum) > 0 {
		b.problem("min %v is above max %v", s.Minimum, s.Maximum)
	}
	if text, ok := tags["enum"]; ok {
		if !numeric && (s.Type != TypeString || s.Format != "" || s.ContentEncoding != "") {
			b.problem("enum is for text and numbers")
			return
		}
		for _, item := range strings.Split(text, ",") {
			s.Enum = append(s.Enum, b.tagValue(s, "enum", strings.TrimSpace(item)))
		}
	}
	text, ok := tags["default"]
	switch {
	case !ok:
	case p.Required:
		b.problem("a required field has no default")
	case s.Type == TypeObject || s.Type == TypeArray:
		b.problem("there are no defaults for lists and objects")
	default:
		if s.Default = b.tagValue(s, "default", text); s.Default != nil {
			if problem := s.narrowed(s.Default); problem != "" {
				b.problem("default %q: %s", text, problem)
			}
		}
	}
}

// tagValue reads a value in a tag, nil when it is wrong.
func (b *builder) tagValue(s *Schema, tag, text string) any {
	v, err := s.FromText(text)
	if err != nil {
		b.problem("%s %q: %v", tag, text, err)
		return nil
	}
	exact, problem := s.scalar(v)
	if problem != "" {
		b.problem("%s %q: %s", tag, text, problem)
		return nil
	}
	return exact
}

// readTags reads all keys of a tag, and reports whether it has the form it must
// have: what has not is ignored by Go without a word.
func readTags(tag reflect.StructTag) (map[string]string, bool) {
	tags := make(map[string]string)
	rest := strings.TrimSpace(string(tag))
	for rest != "" {
		key, after, ok := strings.Cut(rest, ":")
		if !ok || key == "" || strings.ContainsAny(key, " \"") {
			return nil, false
		}
		quoted, err := strconv.QuotedPrefix(after)
		if err != nil || quoted[0] != '"' {
			return nil, false
		}
		if tags[key], err = strconv.Unquote(quoted); err != nil {
			return nil, false
		}
		rest = strings.TrimLeft(after[len(quoted):], " ")
	}
	return tags, true
}
