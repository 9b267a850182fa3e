package filtertext

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
)

// literal is a value as it stands in a text.
type literal struct {
	at   int
	form form
	// text is the content of quoted, the characters of bare, and those between
	// the parentheses of tagged.
	text  string
	tag   string    // the word before the parentheses of tagged
	items []literal // those of listed
}

// form says how a value is written.
type form int

const (
	bare   form = iota // 100, 2024-05-01, true
	quoted             // "acme"
	tagged             // long(100)
	listed             // [1, 2]
)

// tags are the kinds a value can be tagged with, as dom names them in its JSON.
var tags = map[string]string{"int": "Int", "long": "Long", "double": "Double"}

// textTag is the tag of a text that is no name.
const textTag = "string"

// literal reads a value.
func (s *scanner) literal() (literal, error) {
	l := literal{at: s.skip()}
	var err error
	switch {
	case strings.HasPrefix(s.text[s.pos:], `"`):
		l.form = quoted
		l.text, err = s.escaped()
	case strings.HasPrefix(s.text[s.pos:], "'"):
		l.form = quoted
		l.text, err = s.doubled('\'')
	case s.symbol("["):
		l.form = listed
		l.items, err = s.literals("]")
	default:
		l.text = s.bare()
		switch {
		case l.text == "":
			err = s.unexpected("expected a value, such as \"a text\", 100, true, 2024-05-01 or 1h30m")
		case s.symbol("("):
			return s.tagged(l)
		}
	}
	return l, err
}

// tagged reads a value after its tag and the parenthesis.
func (s *scanner) tagged(l literal) (literal, error) {
	l.form, l.tag = tagged, fold(l.text)
	if l.tag != textTag && tags[l.tag] == "" {
		return l, fail(l.at, "expected a value, found %s(; only string, int, long and double stand before a parenthesis", shorten(l.text))
	}
	content := literal{form: bare}
	var err error
	if s.skip(); l.tag == textTag {
		content, err = s.literal()
	} else {
		content.text = s.bare()
	}
	switch {
	case err != nil:
		return l, err
	case l.tag == textTag && content.form != quoted:
		return l, fail(content.at, "expected a text in quotes")
	}
	l.text = content.text
	return l, s.expect(")")
}

// literals reads values with commas between them up to a closing symbol.
func (s *scanner) literals(end string) ([]literal, error) {
	var items []literal
	if s.symbol(end) {
		return nil, nil
	}
	for {
		item, err := s.literal()
		if err != nil {
			return nil, err
		}
		if item.form == listed {
			return nil, fail(item.at, "expected a single value, found a list")
		}
		items = append(items, item)
		if s.symbol(end) {
			return items, nil
		}
		if !s.symbol(",") {
			return nil, s.unexpected("expected , or " + end)
		}
	}
}

// value returns what a literal stands for. Whole numbers become of the wanted
// kind where that loses nothing; all else is of the kind its form says.
func (n Names) value(l literal, want dom.ValueKind) (dom.Value, error) {
	switch l.form {
	case quoted:
		return dom.ValueOf(l.text), nil
	case tagged:
		return l.taggedValue()
	case listed:
		return n.list(l)
	}
	switch {
	case strings.EqualFold(l.text, "true"):
		return dom.ValueOf(true), nil
	case strings.EqualFold(l.text, "false"):
		return dom.ValueOf(false), nil
	case isRelative(l.text):
		return n.relative(l)
	case isDate(l.text):
		return n.dateTime(l)
	case isGuid(l.text):
		id, err := uuid.Parse(l.text)
		if err != nil {
			return dom.Value{}, fail(l.at, "%s is no Guid", l.text)
		}
		return dom.ValueOf(id), nil
	case isNumber(l.text):
		return l.number(want)
	case startsNumber(l.text):
		return l.timeSpan()
	}
	return dom.Value{}, fail(l.at, "expected a value, found %s; a text stands in quotes: %s", shorten(l.text), quote(shorten(l.text)))
}

func (n Names) list(l literal) (dom.Value, error) {
	values := make([]dom.Value, len(l.items))
	for i, item := range l.items {
		var err error
		if values[i], err = n.value(item, dom.KindInvalid); err != nil {
			return dom.Value{}, err
		}
	}
	return checked(dom.ValueOf(values), l.at)
}

// checked turns an invalid value into an error.
func checked(v dom.Value, at int) (dom.Value, error) {
	if err := v.Err(); err != nil {
		return v, fail(at, "%v", err)
	}
	return v, nil
}

func (l literal) taggedValue() (dom.Value, error) {
	if l.tag == textTag {
		return dom.ValueOf(l.text), nil
	}
	return l.parsed(tags[l.tag])
}

// parsed reads the text as dom reads values of a kind in JSON.
func (l literal) parsed(kind string) (dom.Value, error) {
	var v dom.Value
	b, err := json.Marshal(map[string]string{kind: l.text})
	if err == nil {
		err = v.UnmarshalJSON(b)
	}
	if err != nil {
		return v, fail(l.at, "%v", err)
	}
	return v, nil
}

func startsNumber(s string) bool {
	s = strings.TrimLeft(s, "+-.")
	return s != "" && s[0] >= '0' && s[0] <= '9'
}

func isNumber(s string) bool {
	return startsNumber(s) && strings.Trim(s, "0123456789+-.eE") == ""
}

// number reads a whole number as the wanted kind where that loses nothing, else
// as a long; any other number is a double.
func (l literal) number(want dom.ValueKind) (dom.Value, error) {
	n, err := strconv.ParseInt(l.text, 10, 64)
	switch {
	case err != nil:
		f, err := strconv.ParseFloat(l.text, 64)
		if err != nil {
			return dom.Value{}, fail(l.at, "%s is no number, or too large for one", shorten(l.text))
		}
		return dom.ValueOf(f), nil
	case want == dom.KindInt && n == int64(int32(n)):
		return dom.ValueOf(int32(n)), nil
	case want == dom.KindDouble && isExact(n):
		return dom.ValueOf(float64(n)), nil
	}
	return dom.ValueOf(n), nil
}

// isExact reports whether a double holds a long exactly.
func isExact(n int64) bool {
	f := float64(n)
	return f < math.MaxInt64 && int64(f) == n
}

// timeSpan reads 1h30m, 7d, or [-][d.]hh:mm:ss[.fffffff].
func (l literal) timeSpan() (dom.Value, error) {
	if strings.Contains(l.text, ":") {
		return l.parsed("TimeSpan")
	}
	text, negative := strings.CutPrefix(l.text, "-")
	days, rest, ok := splitDuration(text)
	restTicks := int64(rest / tick)
	if !ok || days > (math.MaxInt64-restTicks)/ticksPerDay {
		return dom.Value{}, fail(l.at, "%s is no value: a length of time is written like 1h30m, 7d or 01:30:00, a text in quotes", shorten(l.text))
	}
	ticks := days*ticksPerDay + restTicks
	if negative {
		ticks = -ticks
	}
	return dom.TimeSpanTicks(ticks), nil
}

const (
	tick        = 100 * time.Nanosecond
	ticksPerDay = int64(24 * time.Hour / tick)
)

// splitDuration reads a length of time such as 1d12h, 90s or 1.5h, in steps of
// 100 ns and not negative: whole days apart from the rest.
func splitDuration(text string) (days int64, rest time.Duration, ok bool) {
	after := text
	if count, behind, found := strings.Cut(text, "d"); found {
		n, err := strconv.ParseUint(count, 10, 31)
		if err != nil {
			return 0, 0, false
		}
		days, after = int64(n), behind
		if after == "" {
			return days, 0, true
		}
	}
	if strings.HasPrefix(after, "-") || strings.HasPrefix(after, "+") || strings.Trim(after[max(len(after)-1, 0):], "0123456789.") == "" {
		return 0, 0, false
	}
	rest, err := time.ParseDuration(after)
	return days, rest, err == nil && rest%tick == 0
}

const guidShape = "00000000-0000-0000-0000-000000000000"

func isGuid(s string) bool {
	if len(s) != len(guidShape) {
		return false
	}
	for i := range len(s) {
		if (s[i] == '-') != (guidShape[i] == '-') {
			return false
		}
	}
	return true
}
