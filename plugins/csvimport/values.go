package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"domovoi.dev/sdk/dom"
)

// parser reads values as people write them.
type parser struct {
	comma bool   // numbers have a decimal comma
	dates string // the layout of dates
}

// listSeparator stands between the items of a list.
const listSeparator = "|"

// value reads a text as the field wants it.
func (p parser) value(f *dom.FieldDescriptor, text string) (dom.Value, error) {
	if !utf8.ValidString(text) {
		return dom.Value{}, errors.New("the text is not UTF-8")
	}
	if !f.FieldType.IsList() {
		return p.scalar(f, text)
	}
	var list []dom.Value
	for _, item := range strings.Split(text, listSeparator) {
		v, err := p.scalar(f, strings.TrimSpace(item))
		if err != nil {
			return dom.Value{}, err
		}
		list = append(list, v)
	}
	return dom.ValueOf(list), nil
}

// scalar reads a value, or an item of a list.
func (p parser) scalar(f *dom.FieldDescriptor, text string) (dom.Value, error) {
	if f.GenericEnum != nil {
		return entry(f.GenericEnum, text)
	}
	switch f.FieldType.ElementKind() {
	case dom.KindString:
		return dom.ValueOf(text), nil
	case dom.KindLong:
		n, err := strconv.ParseInt(text, 10, 64)
		return result(n, err, text, "a whole number")
	case dom.KindDouble:
		n, err := p.number(text)
		return result(n, err, text, "a number such as "+map[bool]string{false: "1234.5", true: "1234,5"}[p.comma])
	case dom.KindBool:
		b, ok := booleans[strings.ToLower(text)]
		if !ok {
			return result(b, strconv.ErrSyntax, text, "true or false, yes or no, 1 or 0")
		}
		return dom.ValueOf(b), nil
	case dom.KindDateTime:
		t, err := time.Parse(p.dates, text)
		return result(t, err, text, "a date such as "+p.dates)
	case dom.KindTimeSpan:
		d, err := time.ParseDuration(text)
		return result(d, err, text, "a length of time such as 1h30m")
	case dom.KindGuid:
		id, err := dom.ParseInstanceID(text) // a GUID, of whatever
		return result(id, err, text, "a GUID")
	}
	return dom.Value{}, fmt.Errorf("fields of type %s cannot be imported", f.FieldType)
}

// result is a value, or says what is wanted instead of the text.
func result(v any, err error, text, want string) (dom.Value, error) {
	switch {
	case errors.Is(err, strconv.ErrRange):
		return dom.Value{}, fmt.Errorf("%q is too large", text)
	case err != nil:
		return dom.Value{}, fmt.Errorf("%q is not %s", text, want)
	}
	value := dom.ValueOf(v)
	return value, value.Err()
}

// number reads a number in decimal digits. Nothing else that strconv knows is one:
// a file that says NaN or 0x10 has something else in mind.
func (p parser) number(text string) (float64, error) {
	if p.comma {
		if strings.Contains(text, ".") {
			return 0, strconv.ErrSyntax
		}
		text = strings.Replace(text, ",", ".", 1)
	}
	if strings.Trim(text, "+-.0123456789eE") != "" {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseFloat(text, 64)
	if math.IsInf(n, 0) {
		return 0, strconv.ErrRange
	}
	return n, err
}

var booleans = map[string]bool{"true": true, "yes": true, "1": true, "false": false, "no": false, "0": false}

// entry finds an entry of an enumeration by its display name or its value.
func entry(enum *dom.GenericEnum, text string) (dom.Value, error) {
	names := make([]string, len(enum.Entries))
	for i, e := range enum.Entries {
		if strings.EqualFold(e.DisplayName, text) || e.Value.String() == text {
			return e.Value, nil
		}
		names[i] = e.DisplayName
	}
	return dom.Value{}, fmt.Errorf("%q is none of %s", text, strings.Join(names, ", "))
}
