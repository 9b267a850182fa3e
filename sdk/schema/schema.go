// Package schema describes what a script takes and returns. A Schema is made of
// Go types, of a compiled program or of source that was only type-checked, and is
// written as JSON Schema (draft 2020-12). It checks JSON values and turns them
// into Go values and back.
//
// A struct is an object with the names of its exported fields, or those in their
// json tags. Further tags describe a field:
//
//	doc:"payment term in days"  what it is, for people
//	required:"true"             it must be given
//	default:"30"                what it is when it is not given
//	enum:"low,normal,high"      the values it may have, separated by commas
//	min:"0" max:"365"           bounds of a number, themselves included
//
// A pointer is a value that may be missing or null. Besides structs there are
// bool, integers, floats, strings, slices, maps with string keys, []byte as
// base64, time.Time as RFC 3339, time.Duration as Go writes it ("1h30m"),
// uuid.UUID and the ids of package dom.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Dialect is the identifier of the JSON Schema draft.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// The types of JSON Schema.
const (
	TypeObject  = "object"
	TypeArray   = "array"
	TypeString  = "string"
	TypeInteger = "integer"
	TypeNumber  = "number"
	TypeBoolean = "boolean"
)

// The formats of strings. Those of numbers are int8 to int64, uint8 to uint64,
// float and double.
const (
	FormatTime     = "date-time"
	FormatDuration = "go-duration" // as time.ParseDuration reads it
	FormatUUID     = "uuid"
)

// encodingBase64 is the content encoding of a string that stands for bytes.
const encodingBase64 = "base64"

// Schema describes a value. The values in it are of the types string, bool,
// int64, uint64 and float64.
type Schema struct {
	Description string
	Type        string
	// Nullable values may be null.
	Nullable bool
	// Format narrows strings and numbers.
	Format string
	// ContentEncoding is "base64" for a string that stands for bytes.
	ContentEncoding string
	Enum            []any
	Default         any
	// Minimum and Maximum bound a number, nil where they do not.
	Minimum, Maximum any
	// Properties are those of an object that stands for a struct, in the order
	// of the struct.
	Properties []Property
	// Items describes the elements of an array.
	Items *Schema
	// Values describes the values of an object that stands for a map, and is nil
	// for one that stands for a struct.
	Values *Schema
}

// Property is one property of an object.
type Property struct {
	Name     string
	Required bool
	Schema   *Schema

	field     string // of the struct; empty in a schema that was read
	omitEmpty bool
}

// Property returns the property of a name, nil when there is none.
func (s *Schema) Property(name string) *Property {
	for i := range s.Properties {
		if s.Properties[i].Name == name {
			return &s.Properties[i]
		}
	}
	return nil
}

// document is the JSON form of a Schema.
type document struct {
	Dialect              string            `json:"$schema,omitempty"`
	Description          string            `json:"description,omitempty"`
	Type                 any               `json:"type"`
	Format               string            `json:"format,omitempty"`
	ContentEncoding      string            `json:"contentEncoding,omitempty"`
	Enum                 []any             `json:"enum,omitempty"`
	Default              any               `json:"default,omitempty"`
	Minimum              any               `json:"minimum,omitempty"`
	Maximum              any               `json:"maximum,omitempty"`
	Properties           orderedProperties `json:"properties,omitempty"`
	Required             []string          `json:"required,omitempty"`
	AdditionalProperties json.RawMessage   `json:"additionalProperties,omitempty"`
	Items                *document         `json:"items,omitempty"`
}

// orderedProperties is a JSON object that keeps its order.
type orderedProperties []orderedProperty

type orderedProperty struct {
	name     string
	document *document
}

// MarshalJSON implements json.Marshaler.
func (p orderedProperties) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, property := range p {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(property.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(property.document)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *orderedProperties) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return errors.Join(err, errors.New("the properties are no object"))
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		property := orderedProperty{document: new(document)}
		property.name, _ = token.(string)
		if err := d.Decode(property.document); err != nil {
			return err
		}
		*p = append(*p, property)
	}
	return nil
}

// MarshalJSON implements json.Marshaler: the JSON Schema.
func (s *Schema) MarshalJSON() ([]byte, error) {
	d := s.document()
	d.Dialect = Dialect
	return json.Marshal(d)
}

func (s *Schema) document() *document {
	d := &document{
		Description: s.Description, Type: s.Type, Format: s.Format, ContentEncoding: s.ContentEncoding,
		Enum: s.Enum, Default: s.Default, Minimum: s.Minimum, Maximum: s.Maximum,
	}
	if s.Nullable {
		d.Type = []string{s.Type, "null"}
	}
	if s.Items != nil {
		d.Items = s.Items.document()
	}
	if s.Type != TypeObject {
		return d
	}
	d.AdditionalProperties = json.RawMessage("false")
	if s.Values != nil {
		d.AdditionalProperties, _ = json.Marshal(s.Values.document()) // it holds nothing that JSON does not have
	}
	for _, p := range s.Properties {
		d.Properties = append(d.Properties, orderedProperty{p.Name, p.Schema.document()})
		if p.Required {
			d.Required = append(d.Required, p.Name)
		}
	}
	return d
}

// maxNesting bounds the brackets within brackets of a schema that is read, since
// reading takes time with their depth.
const maxNesting = 200

// Read reads the JSON form of a schema. It refuses what MarshalJSON does not
// write, so that a schema from elsewhere does no harm when it is used.
func Read(b []byte) (*Schema, error) {
	if nesting(b) > maxNesting {
		return nil, fmt.Errorf("the JSON Schema nests more than %d levels deep", maxNesting)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var doc document
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("the JSON Schema: %w", err)
	}
	return doc.schema()
}

// nesting is how deep brackets stand within brackets.
func nesting(b []byte) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

func (d *document) schema() (*Schema, error) {
	s := &Schema{Description: d.Description, Format: d.Format, ContentEncoding: d.ContentEncoding}
	switch t := d.Type.(type) {
	case string:
		s.Type = t
	case []any:
		if len(t) > 0 {
			s.Type, _ = t[0].(string)
		}
		s.Nullable = true
	}
	var errs []error
	exact := func(v any) any {
		if v == nil {
			return nil
		}
		exact, problem := s.scalar(v)
		if problem != "" {
			errs = append(errs, fmt.Errorf("the JSON Schema: %v %s", v, problem))
		}
		return exact
	}
	for _, v := range d.Enum {
		s.Enum = append(s.Enum, exact(v))
	}
	s.Default, s.Minimum, s.Maximum = exact(d.Default), exact(d.Minimum), exact(d.Maximum)
	read := func(d *document) *Schema {
		inner, err := d.schema()
		errs = append(errs, err)
		return inner
	}
	if d.Items != nil {
		s.Items = read(d.Items)
	}
	if text := string(d.AdditionalProperties); text != "" && text != "false" {
		inner, err := Read(d.AdditionalProperties)
		errs = append(errs, err)
		s.Values = inner
	}
	for _, p := range d.Properties {
		property := Property{Name: p.name, Schema: read(p.document)}
		for _, name := range d.Required {
			property.Required = property.Required || name == p.name
		}
		s.Properties = append(s.Properties, property)
	}
	switch {
	case s.Type == TypeArray && s.Items == nil:
		errs = append(errs, errors.New("the JSON Schema: an array has no items"))
	case s.Type == TypeObject, s.Type == TypeArray, s.Type == TypeString, s.Type == TypeInteger, s.Type == TypeNumber, s.Type == TypeBoolean:
	default:
		errs = append(errs, fmt.Errorf("the JSON Schema: %v is no type that is supported", d.Type))
	}
	if len(s.Properties) > maxFields {
		errs = append(errs, fmt.Errorf("the JSON Schema: an object has more than %d properties", maxFields))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// Parse reads one JSON value, with numbers as json.Number.
func Parse(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more behind the JSON value")
	}
	return v, nil
}
