package interchange

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
)

// valueClasses are the types of scalar values.
var valueClasses = []struct {
	kind  dom.ValueKind
	class class
}{
	{dom.KindString, system("String")},
	{dom.KindInt, system("Int32")},
	{dom.KindLong, system("Int64")},
	{dom.KindDouble, system("Double")},
	{dom.KindBool, system("Boolean")},
	{dom.KindDateTime, system("DateTime")},
	{dom.KindTimeSpan, system("TimeSpan")},
	{dom.KindGuid, system("Guid")},
}

// fieldTypeClasses are the types of fields.
var fieldTypeClasses = []struct {
	fieldType dom.FieldType
	class     class
}{
	{dom.TypeString, system("String")},
	{dom.TypeDouble, system("Double")},
	{dom.TypeLong, system("Int64")},
	{dom.TypeDateTime, system("DateTime")},
	{dom.TypeTimeSpan, system("TimeSpan")},
	{dom.TypeBool, system("Boolean")},
	{dom.TypeListString, listClass(system("String"))},
	{dom.TypeGuid, system("Guid")},
	{dom.TypeListGuid, listClass(system("Guid"))},
	{dom.TypeEnumInt, enumClass(system("Int32"))},
	{dom.TypeEnumString, enumClass(system("String"))},
	{dom.TypeListEnumInt, listClass(enumClass(system("Int32")))},
	{dom.TypeListEnumString, listClass(enumClass(system("String")))},
}

// fieldType is the type of a field by the full name of a .NET type. A name that
// Domovoi does not know stays as it is, for the server to refuse.
func (r *record) fieldType(t *dom.FieldType) {
	name := string(*t)
	if r.c.mode == writing {
		for _, known := range fieldTypeClasses {
			if known.fieldType == *t {
				name = known.class.format(true)
			}
		}
	}
	r.textOrNull("FieldType", &name)
	if !r.reading() {
		return
	}
	*t = dom.FieldType(name)
	if c, ok := parseClass(name); ok {
		for _, known := range fieldTypeClasses {
			if known.class.key() == c.key() {
				*t = known.fieldType
			}
		}
	}
}

// The types of wrapped values.
const (
	valueWrapper     = nsSections + "ValueWrapper`1"
	listValueWrapper = nsSections + "ListValueWrapper`1"
)

// defaultValue is a wrapped value or null.
func (r *record) defaultValue(p **dom.Value, fieldType dom.FieldType) {
	if !r.reading() {
		if *p == nil {
			r.put("DefaultValue", nil)
			return
		}
		r.wrapped("DefaultValue", *p, fieldType)
		return
	}
	v, ok := r.take("DefaultValue")
	if !ok {
		return
	}
	var value dom.Value
	if !r.c.unwrap(r.at.member("DefaultValue"), v, &value, fieldType) {
		r.c.keep(r.at.member("DefaultValue"), v)
		return
	}
	*p = &value
}

// wrapped is a value with its type. It returns false for one of a type that
// Domovoi does not have. fieldType is the type of the field, "" when it is not
// known.
func (r *record) wrapped(name string, v *dom.Value, fieldType dom.FieldType) bool {
	switch r.c.mode {
	case reading:
		in, ok := r.take(name)
		if !ok {
			r.c.fail(r.at, "%s is missing", name)
			return true
		}
		return r.c.unwrap(r.at.member(name), in, v, fieldType)
	case comparing:
		r.put(name, r.c.plainValue(r.at.member(name), *v))
	default:
		r.put(name, r.c.wrapValue(r.at.member(name), *v, fieldType))
	}
	return true
}

// plainValue is the form of a value for people.
func (c *codec) plainValue(at *path, v dom.Value) tree {
	raw, err := v.MarshalJSON()
	if err != nil {
		c.fail(at, "%v", err)
		return nil
	}
	out, err := parseTree(raw)
	if err != nil {
		c.fail(at, "%v", err)
	}
	return out
}

func (c *codec) wrapValue(at *path, v dom.Value, fieldType dom.FieldType) tree {
	kind, name, member := v.Kind(), valueWrapper, "Value"
	if kind == dom.KindList {
		name, member = listValueWrapper, "Values"
		if kind = v.ElementKind(); kind == dom.KindInvalid {
			kind = fieldType.ElementKind()
		}
		if kind == dom.KindInvalid {
			kind = dom.KindString
		}
	}
	of := valueClass(kind)
	if of.name == "" {
		c.fail(at, "the value cannot be written: %v", v.Err())
		return nil
	}
	o := new(object)
	o.set("$type", slnetClass(name, of).String())
	if v.Kind() != dom.KindList {
		o.set(member, writeScalar(v))
		return o
	}
	items := new(array)
	for _, item := range v.Values() {
		items.items = append(items.items, writeScalar(item))
	}
	o.set(member, c.wrap(of, items))
	return o
}

func valueClass(kind dom.ValueKind) class {
	for _, known := range valueClasses {
		if known.kind == kind {
			return known.class
		}
	}
	return class{}
}

// unwrap reads a wrapped value. It returns false for one of a type that Domovoi
// does not have.
func (c *codec) unwrap(at *path, v tree, value *dom.Value, fieldType dom.FieldType) bool {
	before := len(c.unknown)
	r := c.open(at, v)
	if r == nil {
		return true
	}
	kind, isList, ok := wrapperOf(r.class, fieldType)
	if !ok {
		c.unknown = c.unknown[:before]
		return false
	}
	if isList {
		items := []dom.Value{}
		scalars(r, "Values", class{}, &items, "a "+kind.String(), func(v tree) (dom.Value, bool) { return readScalar(v, kind) }, nil)
		*value = dom.ValueOf(items)
	} else if in, ok := r.take("Value"); !ok {
		c.fail(at, "Value is missing")
	} else if *value, ok = readScalar(in, kind); !ok {
		c.want(at.member("Value"), "a "+kind.String(), in)
	}
	r.close()
	return true
}

// wrapperOf says what a wrapper of a type holds; without a type it is what the
// field holds.
func wrapperOf(key string, fieldType dom.FieldType) (kind dom.ValueKind, isList, ok bool) {
	if key == "" {
		kind = fieldType.ElementKind()
		return kind, fieldType.IsList(), kind != dom.KindInvalid
	}
	for _, known := range valueClasses {
		of := known.class.key()
		switch key {
		case "ValueWrapper<" + of + ">":
			return known.kind, false, true
		case "ListValueWrapper<" + of + ">":
			return known.kind, true, true
		}
	}
	return dom.KindInvalid, false, false
}

// enumValue is the value of an entry of an enumeration.
func (r *record) enumValue(name string, v *dom.Value) {
	if !r.reading() {
		if v.Kind() != dom.KindInt && v.Kind() != dom.KindString {
			r.c.fail(r.at.member(name), "the value of an entry is a string or an int, not %s", v.Kind())
			return
		}
		r.put(name, writeScalar(*v))
		return
	}
	in, ok := r.take(name)
	if !ok {
		r.c.fail(r.at, "%s is missing", name)
		return
	}
	kind := dom.KindInt
	if _, isText := in.(string); isText {
		kind = dom.KindString
	}
	if *v, ok = readScalar(in, kind); !ok {
		r.c.want(r.at.member(name), "a string or a number of 32 bits", in)
	}
}

func writeScalar(v dom.Value) tree {
	switch v.Kind() {
	case dom.KindInt, dom.KindLong:
		return number(v.Long())
	case dom.KindBool:
		return v.Bool()
	case dom.KindDouble:
		return writeDouble(v.Double())
	case dom.KindDateTime:
		return v.Time().Format(timeFormat)
	}
	return v.String()
}

// writeDouble writes a double with a decimal point; NaN and infinities are
// text.
func writeDouble(f float64) tree {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return json.Number(s)
}

func readDouble(v tree) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		if slices.Contains([]string{"NaN", "Infinity", "-Infinity"}, v) {
			f, err := strconv.ParseFloat(v, 64)
			return f, err == nil
		}
	}
	return 0, false
}

func readScalar(in tree, kind dom.ValueKind) (v dom.Value, ok bool) {
	switch kind {
	case dom.KindString:
		var s string
		if s, ok = in.(string); ok {
			v = dom.ValueOf(s)
		}
	case dom.KindInt:
		var n int64
		if n, ok = wholeNumber(in); ok {
			v, ok = dom.ValueOf(int32(n)), n == int64(int32(n))
		}
	case dom.KindLong:
		var n int64
		if n, ok = wholeNumber(in); ok {
			v = dom.ValueOf(n)
		}
	case dom.KindDouble:
		var f float64
		if f, ok = readDouble(in); ok {
			v = dom.ValueOf(f)
		}
	case dom.KindBool:
		var b bool
		if b, ok = in.(bool); ok {
			v = dom.ValueOf(b)
		}
	case dom.KindDateTime:
		t, valid := parseTime(in)
		v, ok = dom.ValueOf(t), valid
	case dom.KindTimeSpan:
		return parseTimeSpan(in)
	case dom.KindGuid:
		s, _ := in.(string)
		id, err := uuid.Parse(s)
		v, ok = dom.ValueOf(id), err == nil
	}
	return v, ok && v.Err() == nil
}
