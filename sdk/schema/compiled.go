package schema

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Compiled returns a compiled type as a Type.
func Compiled(t reflect.Type) Type { return compiled{t} }

type compiled struct{ reflect.Type }

func (c compiled) Name() (path, name string) { return c.PkgPath(), c.Type.Name() }
func (c compiled) Elem() Type                { return compiled{c.Type.Elem()} }
func (c compiled) Key() Type                 { return compiled{c.Type.Key()} }

func (c compiled) HasMethod(name string) bool {
	_, ok := reflect.PointerTo(c.Type).MethodByName(name)
	if c.Kind() == reflect.Interface {
		_, ok = c.MethodByName(name)
	}
	return ok
}

func (c compiled) Fields() []Field {
	fields := make([]Field, c.NumField())
	for i := range fields {
		f := c.Field(i)
		fields[i] = Field{Name: f.Name, Type: compiled{f.Type}, Tag: f.Tag, Exported: f.IsExported(), Embedded: f.Anonymous}
	}
	return fields
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

// Decode sets v to a value that Check returned. The schema must be one that Of
// made, of a type that looks like that of v.
func (s *Schema) Decode(v reflect.Value, value any) error {
	if value == nil {
		v.SetZero()
		return nil
	}
	if s.Nullable {
		p := reflect.New(v.Type().Elem())
		if err := s.decode(p.Elem(), value); err != nil {
			return err
		}
		v.Set(p)
		return nil
	}
	return s.decode(v, value)
}

func (s *Schema) decode(v reflect.Value, value any) error {
	switch value := value.(type) {
	case bool:
		v.SetBool(value)
	case int64:
		v.SetInt(value)
	case uint64:
		v.SetUint(value)
	case float64:
		v.SetFloat(value)
	case string:
		return s.decodeText(v, value)
	case []any:
		list := reflect.MakeSlice(v.Type(), len(value), len(value))
		for i, item := range value {
			if err := s.Items.Decode(list.Index(i), item); err != nil {
				return err
			}
		}
		v.Set(list)
	case map[string]any:
		return s.decodeObject(v, value)
	default:
		return fmt.Errorf("a value of the type %T was not checked", value)
	}
	return nil
}

func (s *Schema) decodeText(v reflect.Value, text string) error {
	switch {
	case s.Format == FormatTime:
		t, err := time.Parse(time.RFC3339Nano, text)
		v.Set(reflect.ValueOf(t))
		return err
	case s.Format == FormatDuration:
		d, err := time.ParseDuration(text)
		v.SetInt(int64(d))
		return err
	case s.Format == FormatUUID:
		id, err := uuid.Parse(text)
		v.Set(reflect.ValueOf(id).Convert(v.Type()))
		return err
	case s.ContentEncoding == encodingBase64:
		b, err := base64.StdEncoding.DecodeString(text)
		v.SetBytes(b)
		return err
	}
	v.SetString(text)
	return nil
}

func (s *Schema) decodeObject(v reflect.Value, object map[string]any) error {
	if s.Values == nil {
		for _, p := range s.Properties {
			if value, ok := object[p.Name]; ok {
				if err := p.Schema.Decode(v.FieldByName(p.field), value); err != nil {
					return err
				}
			}
		}
		return nil
	}
	m := reflect.MakeMapWithSize(v.Type(), len(object))
	for key, value := range object {
		element := reflect.New(v.Type().Elem()).Elem()
		if err := s.Values.Decode(element, value); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), element)
	}
	v.Set(m)
	return nil
}

// Encode returns a Go value as encoding/json writes it. The schema must be one
// that Of made, of a type that looks like that of v.
func (s *Schema) Encode(v reflect.Value) (any, error) { return s.encode(v, "") }

func (s *Schema) encode(v reflect.Value, path string) (any, error) {
	if s.Nullable {
		if v.IsNil() {
			return nil, nil
		}
		v = v.Elem()
	}
	switch s.Type {
	case TypeBoolean:
		return v.Bool(), nil
	case TypeInteger:
		if v.CanUint() {
			return v.Uint(), nil
		}
		return v.Int(), nil
	case TypeNumber:
		f := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, Problems{{Path: path, Message: fmt.Sprintf("%v is no number in JSON", f)}}
		}
		return shortest(f, v.Type().Bits()), nil
	case TypeString:
		return s.encodeText(v), nil
	case TypeArray:
		list := make([]any, v.Len())
		for i := range list {
			var err error
			if list[i], err = s.Items.encode(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return s.encodeObject(v, path)
}

func (s *Schema) encodeText(v reflect.Value) string {
	switch {
	case s.Format == FormatTime:
		return v.Convert(timeType).Interface().(time.Time).Format(time.RFC3339Nano)
	case s.Format == FormatDuration:
		return v.Convert(durationType).Interface().(time.Duration).String()
	case s.Format == FormatUUID:
		return v.Convert(reflect.TypeFor[uuid.UUID]()).Interface().(uuid.UUID).String()
	case s.ContentEncoding == encodingBase64:
		return base64.StdEncoding.EncodeToString(v.Bytes())
	}
	return v.String()
}

func (s *Schema) encodeObject(v reflect.Value, path string) (any, error) {
	object := make(map[string]any)
	var err error
	if s.Values != nil {
		for key, value := range v.Seq2() {
			at := path + "[" + strconv.Quote(key.String()) + "]"
			if object[key.String()], err = s.Values.encode(value, at); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	for _, p := range s.Properties {
		field := v.FieldByName(p.field)
		if p.omitEmpty && field.IsZero() {
			continue
		}
		at := p.Name
		if path != "" {
			at = path + "." + at
		}
		if object[p.Name], err = p.Schema.encode(field, at); err != nil {
			return nil, err
		}
	}
	return object, nil
}
