package rows

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"domovoi.dev/sdk/dom"
)

// Style says how values are written. The zero Style is that of Text.
type Style struct {
	// Comma says that numbers have a decimal comma.
	Comma bool
	// Dates is the layout of dates, in the form of package time. Empty means that
	// of RFC 3339, or a day alone such as 2006-01-02.
	Dates string
}

// listSeparator stands between the items of a list.
const listSeparator = "|"

// Value reads a text as the field wants it. The items of a list stand between
// vertical bars, or in a JSON array of texts. An entry of an enumeration is given
// by its display name or its value.
func (p Style) Value(f *dom.FieldDescriptor, text string) (dom.Value, error) {
	if !utf8.ValidString(text) {
		return dom.Value{}, errors.New("the text is not UTF-8")
	}
	if !f.FieldType.IsList() {
		return p.scalar(f, text)
	}
	var items []string
	if !strings.HasPrefix(text, "[") || json.Unmarshal([]byte(text), &items) != nil {
		items = strings.Split(text, listSeparator)
		for i := range items {
			items[i] = strings.TrimSpace(items[i])
		}
	}
	return p.List(f, items)
}

// List reads the items of a list.
func (p Style) List(f *dom.FieldDescriptor, items []string) (dom.Value, error) {
	list := []dom.Value{}
	for _, item := range items {
		v, err := p.scalar(f, item)
		if err != nil {
			return dom.Value{}, err
		}
		list = append(list, v)
	}
	return dom.ValueOf(list), nil
}

// Text is a value of a field as text, which the zero Style reads as that value.
func Text(f *dom.FieldDescriptor, v dom.Value) string {
	if v.Kind() != dom.KindList {
		return scalarText(f, v)
	}
	items := Items(f, v)
	text := strings.Join(items, listSeparator)
	if text == "" || strings.HasPrefix(text, "[") || slices.ContainsFunc(items, func(item string) bool {
		return item == "" || item != strings.TrimSpace(item) || strings.Contains(item, listSeparator)
	}) {
		array, _ := json.Marshal(items) // texts have a JSON form
		return string(array)
	}
	return text
}

// Items are the items of a list as texts.
func Items(f *dom.FieldDescriptor, v dom.Value) []string {
	items := make([]string, 0, v.Len())
	for _, item := range v.Values() {
		items = append(items, scalarText(f, item))
	}
	return items
}

func scalarText(f *dom.FieldDescriptor, v dom.Value) string {
	if f.GenericEnum != nil {
		for _, e := range f.GenericEnum.Entries {
			if found, err := entry(f.GenericEnum, e.DisplayName); e.Value.Equal(v) && err == nil && found.Equal(v) {
				return e.DisplayName
			}
		}
	}
	switch v.Kind() {
	case dom.KindBool:
		return strconv.FormatBool(v.Bool())
	case dom.KindDouble:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	case dom.KindDateTime:
		return v.Time().Format(time.RFC3339Nano)
	}
	return v.String()
}

// scalar reads a value, or an item of a list.
func (p Style) scalar(f *dom.FieldDescriptor, text string) (dom.Value, error) {
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
		return result(n, err, text, "a number such as "+map[bool]string{false: "1234.5", true: "1234,5"}[p.Comma])
	case dom.KindBool:
		b, ok := booleans[strings.ToLower(text)]
		if !ok {
			return result(b, strconv.ErrSyntax, text, "true or false, yes or no, 1 or 0")
		}
		return dom.ValueOf(b), nil
	case dom.KindDateTime:
		return p.date(text)
	case dom.KindTimeSpan:
		return timeSpan(text)
	case dom.KindGuid:
		id, err := dom.ParseInstanceID(text) // a GUID, of whatever
		return result(id, err, text, "a GUID")
	}
	return dom.Value{}, fmt.Errorf("fields of type %s cannot be imported", f.FieldType)
}

// date reads a date, and a time of the day where the layout has one.
func (p Style) date(text string) (dom.Value, error) {
	if p.Dates != "" {
		t, err := time.Parse(p.Dates, text)
		return result(t, err, text, "a date such as "+p.Dates)
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t, err = time.Parse(time.DateOnly, text)
	}
	return result(t, err, text, "a date such as 2006-01-02 or 2006-01-02T15:04:05Z")
}

// timeSpan reads a length of time as Go and as .NET write it.
func timeSpan(text string) (dom.Value, error) {
	d, err := time.ParseDuration(text)
	if err == nil {
		return dom.ValueOf(d), nil
	}
	tagged, _ := json.Marshal(map[string]string{"TimeSpan": text}) // a text has a JSON form
	var v dom.Value
	if v.UnmarshalJSON(tagged) == nil {
		return v, nil
	}
	return result(d, err, text, "a length of time such as 1h30m")
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
func (p Style) number(text string) (float64, error) {
	if p.Comma {
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
	for _, is := range []func(e dom.GenericEnumEntry) bool{
		func(e dom.GenericEnumEntry) bool { return e.DisplayName == text },
		func(e dom.GenericEnumEntry) bool { return e.Value.String() == text },
		func(e dom.GenericEnumEntry) bool { return strings.EqualFold(e.DisplayName, text) },
	} {
		if at := slices.IndexFunc(enum.Entries, is); at >= 0 {
			return enum.Entries[at].Value, nil
		}
	}
	names := make([]string, len(enum.Entries))
	for i, e := range enum.Entries {
		names[i] = e.DisplayName
	}
	return dom.Value{}, fmt.Errorf("%q is none of %s", text, strings.Join(names, ", "))
}
