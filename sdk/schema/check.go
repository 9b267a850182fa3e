package schema

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// maxProblems bounds what is told of one value.
const maxProblems = 50

// Problem is something wrong with a value, or with a type.
type Problem struct {
	// Path is where in the value it is, such as "Lines[2].Amount", or empty for
	// the value as a whole.
	Path    string
	Message string
	// Pos is where the field is declared, as the Type has it.
	Pos int
}

func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// Problems are all problems found.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Check checks a value as Parse reads it, and returns it with defaults filled in
// and numbers as int64, uint64 or float64. Its error is Problems, with all that
// is wrong.
func (s *Schema) Check(value any) (any, error) {
	c := new(check)
	value = c.value(s, value, "")
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return value, nil
}

type check struct{ problems Problems }

func (c *check) problem(path, format string, args ...any) {
	switch len(c.problems) {
	case maxProblems:
		c.problems = append(c.problems, Problem{Message: "and more"})
	case maxProblems + 1:
	default:
		c.problems = append(c.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
}

func (c *check) value(s *Schema, v any, path string) any {
	if v == nil {
		if !s.Nullable {
			c.problem(path, "must not be null")
		}
		return nil
	}
	switch s.Type {
	case TypeObject:
		return c.object(s, v, path)
	case TypeArray:
		list, ok := v.([]any)
		if !ok {
			c.problem(path, "must be a list, not %s", kindOf(v))
			return nil
		}
		out := make([]any, len(list))
		for i, item := range list {
			out[i] = c.value(s.Items, item, fmt.Sprintf("%s[%d]", path, i))
		}
		return out
	}
	v, problem := s.scalar(v)
	if problem == "" {
		problem = s.narrowed(v)
	}
	if problem != "" {
		c.problem(path, "%s", problem)
	}
	return v
}

func (c *check) object(s *Schema, v any, path string) any {
	m, ok := v.(map[string]any)
	if !ok {
		c.problem(path, "must be an object, not %s", kindOf(v))
		return nil
	}
	out := make(map[string]any, len(m))
	if s.Values != nil {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			out[key] = c.value(s.Values, m[key], path+"["+strconv.Quote(key)+"]")
		}
		return out
	}
	for i := range s.Properties {
		p := &s.Properties[i]
		at := p.Name
		if path != "" {
			at = path + "." + at
		}
		if value, ok := m[p.Name]; ok {
			out[p.Name] = c.value(p.Schema, value, at)
		} else if p.Required {
			c.problem(at, "is required")
		} else if value, ok := p.missing(); ok {
			out[p.Name] = value
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if s.Property(key) == nil {
			c.problem(path, "there is no %q; there are %s", key, s.names())
		}
	}
	return out
}

// missing is the value of a property that was not given, if it has one: its
// default, or an object of defaults.
func (p *Property) missing() (any, bool) {
	if p.Schema.Default != nil {
		return p.Schema.Default, true
	}
	if p.Schema.Type != TypeObject || p.Schema.Values != nil || p.Schema.Nullable {
		return nil, false
	}
	value, err := p.Schema.Check(map[string]any{})
	m, _ := value.(map[string]any)
	return m, err == nil && len(m) > 0
}

func (s *Schema) names() string {
	if len(s.Properties) == 0 {
		return "none"
	}
	names := make([]string, len(s.Properties))
	for i, p := range s.Properties {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

// scalar returns a value in its exact form, or says what it must be instead. It
// does not look at Enum, Minimum and Maximum.
func (s *Schema) scalar(v any) (exact any, problem string) {
	switch s.Type {
	case TypeBoolean:
		if b, ok := v.(bool); ok {
			return b, ""
		}
		return nil, "must be true or false, not " + kindOf(v)
	case TypeInteger, TypeNumber:
		n, ok := v.(json.Number)
		if !ok {
			return nil, "must be a number, not " + kindOf(v)
		}
		return s.number(n.String())
	case TypeString:
		text, ok := v.(string)
		if !ok {
			return nil, "must be text, not " + kindOf(v)
		}
		return text, s.text(text)
	}
	return nil, "cannot be " + kindOf(v)
}

// kindOf names the kind of a JSON value.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("the number %v", v)
}

// text says what is wrong with a string, by its format.
func (s *Schema) text(text string) (problem string) {
	var err error
	switch s.Format {
	case FormatTime:
		if _, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return fmt.Sprintf("%q is no time; want one like 2026-01-31T12:00:00Z", text)
		}
	case FormatDuration:
		if _, err = time.ParseDuration(text); err != nil {
			return fmt.Sprintf("%q is no duration; want one like 1h30m or 20s", text)
		}
	case FormatUUID:
		if _, err = uuid.Parse(text); err != nil || len(text) != 36 {
			return fmt.Sprintf("%q is no GUID; want one like 6c5d2f0e-8f5b-4b0c-9d4e-0f5a1b2c3d4e", text)
		}
	}
	if s.ContentEncoding == encodingBase64 {
		if _, err = base64.StdEncoding.DecodeString(text); err != nil {
			return "is not base64"
		}
	}
	return ""
}

// number reads the text of a number by the schema's format.
func (s *Schema) number(text string) (exact any, problem string) {
	if !json.Valid([]byte(text)) { // NaN, 0x10
		return nil, "must be a number, not " + text
	}
	var err error
	switch bits := formatBits(s.Format); {
	case s.Type == TypeNumber:
		var f float64
		f, err = strconv.ParseFloat(text, bits)
		exact = shortest(f, bits)
	case strings.HasPrefix(s.Format, "uint"):
		exact, err = strconv.ParseUint(text, 10, bits)
	default:
		exact, err = strconv.ParseInt(text, 10, bits)
	}
	switch {
	case err == nil:
		return exact, ""
	case s.Type == TypeNumber:
		return nil, fmt.Sprintf("%s is no number of the format %s", text, s.Format)
	}
	return nil, fmt.Sprintf("%s is no whole number of the format %s", text, s.Format)
}

// shortest returns the number whose text is the shortest that means f in so many
// bits.
func shortest(f float64, bits int) float64 {
	if bits == 32 {
		f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	}
	return f
}

func formatBits(format string) int {
	switch format {
	case "float":
		return 32
	case "int8", "uint8":
		return 8
	case "int16", "uint16":
		return 16
	case "int32", "uint32":
		return 32
	}
	return 64
}

// narrowed says what is wrong with a scalar in its exact form by Enum, Minimum
// and Maximum.
func (s *Schema) narrowed(v any) (problem string) {
	switch {
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, v):
		var values []string
		for _, e := range s.Enum {
			values = append(values, fmt.Sprint(e))
		}
		return fmt.Sprintf("%v is not one of %s", v, strings.Join(values, ", "))
	case s.Minimum != nil && compare(v, s.Minimum) < 0:
		return fmt.Sprintf("must be at least %v", s.Minimum)
	case s.Maximum != nil && compare(v, s.Maximum) > 0:
		return fmt.Sprintf("must be at most %v", s.Maximum)
	}
	return ""
}

// compare compares two numbers of one type.
func compare(a, b any) int {
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case uint64:
		return cmp.Compare(a, b.(uint64))
	case float64:
		return cmp.Compare(a, b.(float64))
	}
	return 0
}

// FromText returns the value that a text stands for, as Check takes it: the text
// itself, a number, true or false. What is none of these is written as JSON.
func (s *Schema) FromText(text string) (any, error) {
	switch s.Type {
	case TypeString:
		return text, nil
	case TypeInteger, TypeNumber:
		return json.Number(text), nil
	case TypeBoolean:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("must be true or false, not %q", text)
		}
		return b, nil
	}
	v, err := Parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("is written as JSON: %w", err)
	}
	return v, nil
}
