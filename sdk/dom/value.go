package dom

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// ValueKind is the type of a Value.
type ValueKind uint8

// The kinds of values.
const (
	// KindInvalid is that of the zero Value and of one made of something that is
	// no value; see Value.Err.
	KindInvalid ValueKind = iota
	KindString
	KindInt    // 32-bit integer, the value of an enumeration
	KindLong   // 64-bit integer
	KindDouble // 64-bit floating point number
	KindBool
	KindDateTime // an instant, in steps of 100 ns, from year 1 to 9999
	KindTimeSpan // a length of time, in steps of 100 ns
	KindGuid
	KindList // values of one of the kinds above
)

var kindNames = [...]string{"invalid", "string", "int", "long", "double", "bool", "DateTime", "TimeSpan", "Guid", "list"}

func (k ValueKind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// Value is what a field of an instance holds: a scalar or a list of scalars of
// one kind. A Value does not change. The zero Value is invalid and stands for
// "no value".
type Value struct {
	kind ValueKind
	// num holds int, long, the bits of a double, 1 for true, and the ticks of
	// DateTime (since year 1) and TimeSpan.
	num int64
	// str holds a string, the 16 bytes of a Guid, or why the value is invalid.
	str  string
	list []Value
}

const (
	tick           = 100 * time.Nanosecond
	ticksPerSecond = int64(time.Second / tick)
	// unixEpochTicks is 1970-01-01 counted from 0001-01-01.
	unixEpochTicks = 621_355_968_000_000_000
)

// ValueOf makes a Value of a Go value:
//
//	string                       string
//	int, int64                   long
//	int32                        int
//	float64                      double
//	bool                         bool
//	time.Time                    DateTime, rounded down to 100 ns
//	time.Duration                TimeSpan, rounded down to 100 ns
//	uuid.UUID and the ids of     Guid
//	this package
//	slices of these, []any       list
//	Value                        itself
//
// Anything else makes an invalid value. It is refused, with the reason, by the
// request that carries it.
func ValueOf(v any) Value {
	switch v := v.(type) {
	case Value:
		return v
	case string:
		return stringValue(v)
	case int:
		return Value{kind: KindLong, num: int64(v)}
	case int64:
		return Value{kind: KindLong, num: v}
	case int32:
		return Value{kind: KindInt, num: int64(v)}
	case float64:
		return Value{kind: KindDouble, num: int64(math.Float64bits(v))}
	case bool:
		if v {
			return Value{kind: KindBool, num: 1}
		}
		return Value{kind: KindBool}
	case time.Time:
		return dateTimeValue(v)
	case time.Duration:
		return Value{kind: KindTimeSpan, num: floorDiv(int64(v), int64(tick))}
	case uuid.UUID:
		return guidValue(v)
	case InstanceID:
		return guidValue(v)
	case DefinitionID:
		return guidValue(v)
	case SectionDefinitionID:
		return guidValue(v)
	case SectionID:
		return guidValue(v)
	case FieldDescriptorID:
		return guidValue(v)
	case BehaviorDefinitionID:
		return guidValue(v)
	case TemplateID:
		return guidValue(v)
	case HistoryChangeID:
		return guidValue(v)
	case []string:
		return listOf(v)
	case []int:
		return listOf(v)
	case []int64:
		return listOf(v)
	case []int32:
		return listOf(v)
	case []float64:
		return listOf(v)
	case []bool:
		return listOf(v)
	case []time.Time:
		return listOf(v)
	case []time.Duration:
		return listOf(v)
	case []uuid.UUID:
		return listOf(v)
	case []InstanceID:
		return listOf(v)
	case []Value:
		return listOf(v)
	case []any:
		return listOf(v)
	case nil:
		return invalid("nil is no value; remove the field value instead")
	}
	return invalid("a value of type %T is not supported: use string, int, int64, int32, float64, bool, time.Time, time.Duration, uuid.UUID or a slice of these", v)
}

// TimeSpanTicks makes a TimeSpan of a number of 100 ns steps, for lengths that
// time.Duration cannot hold.
func TimeSpanTicks(ticks int64) Value { return Value{kind: KindTimeSpan, num: ticks} }

func invalid(format string, args ...any) Value {
	return Value{str: fmt.Sprintf(format, args...)}
}

func stringValue(s string) Value {
	if !utf8.ValidString(s) {
		return invalid("a string must be valid UTF-8, %q is not", s)
	}
	return Value{kind: KindString, str: s}
}

func guidValue[T ~[16]byte](id T) Value { return Value{kind: KindGuid, str: string(id[:])} }

func dateTimeValue(t time.Time) Value {
	ticks := t.Unix()*ticksPerSecond + int64(t.Nanosecond())/int64(tick) + unixEpochTicks
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return invalid("the time %v is not between the years 1 and 9999", t)
	}
	return Value{kind: KindDateTime, num: ticks}
}

func listOf[T any](items []T) Value {
	list := make([]Value, len(items))
	for i, item := range items {
		v := ValueOf(item)
		switch {
		case v.kind == KindInvalid:
			return invalid("item %d of the list: %s", i+1, v.str)
		case v.kind == KindList:
			return invalid("item %d of the list is a list; lists hold scalars", i+1)
		case i > 0 && v.kind != list[0].kind:
			return invalid("item %d of the list is %s, the ones before are %s", i+1, v.kind, list[0].kind)
		}
		list[i] = v
	}
	return Value{kind: KindList, list: list}
}

// Kind is the type of the value.
func (v Value) Kind() ValueKind { return v.kind }

// ElementKind is the kind of a list's items, KindInvalid for an empty list.
func (v Value) ElementKind() ValueKind {
	if v.kind != KindList || len(v.list) == 0 {
		return KindInvalid
	}
	return v.list[0].kind
}

// Err says why the value is invalid, nil when it is valid.
func (v Value) Err() error {
	switch {
	case v.kind != KindInvalid:
		return nil
	case v.str == "":
		return slnet.Errorf(slnet.KindInvalid, "there is no value")
	}
	return slnet.Errorf(slnet.KindInvalid, "%s", v.str)
}

// Any returns the value as a Go value: string, int32, int64, float64, bool,
// time.Time in UTC, time.Duration, uuid.UUID, []any for a list, nil when
// invalid. A TimeSpan beyond what time.Duration holds is cut to its limit.
func (v Value) Any() any {
	switch v.kind {
	case KindString:
		return v.str
	case KindInt:
		return int32(v.num)
	case KindLong:
		return v.num
	case KindDouble:
		return v.Double()
	case KindBool:
		return v.num != 0
	case KindDateTime:
		return v.Time()
	case KindTimeSpan:
		return v.Duration()
	case KindGuid:
		return v.Guid()
	case KindList:
		list := make([]any, len(v.list))
		for i, item := range v.list {
			list[i] = item.Any()
		}
		return list
	}
	return nil
}

// Text is the content of a string, "" for other kinds.
func (v Value) Text() string {
	if v.kind == KindString {
		return v.str
	}
	return ""
}

// Long is the content of a long or an int, 0 for other kinds.
func (v Value) Long() int64 {
	if v.kind == KindLong || v.kind == KindInt {
		return v.num
	}
	return 0
}

// Double is the content of a double, a long or an int, 0 for other kinds.
func (v Value) Double() float64 {
	switch v.kind {
	case KindDouble:
		return math.Float64frombits(uint64(v.num))
	case KindLong, KindInt:
		return float64(v.num)
	}
	return 0
}

// Bool is the content of a bool, false for other kinds.
func (v Value) Bool() bool { return v.kind == KindBool && v.num != 0 }

// Time is the content of a DateTime in UTC, the zero time for other kinds.
func (v Value) Time() time.Time {
	if v.kind != KindDateTime {
		return time.Time{}
	}
	since := v.num - unixEpochTicks
	return time.Unix(floorDiv(since, ticksPerSecond), (since-floorDiv(since, ticksPerSecond)*ticksPerSecond)*int64(tick)).UTC()
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Duration is the content of a TimeSpan, 0 for other kinds. One beyond what
// time.Duration holds is cut to its limit.
func (v Value) Duration() time.Duration {
	if v.kind != KindTimeSpan {
		return 0
	}
	limit := int64(math.MaxInt64) / int64(tick)
	return time.Duration(max(min(v.num, limit), -limit)) * tick
}

// Ticks is the content of a TimeSpan in steps of 100 ns, and of a DateTime in
// such steps since the beginning of year 1; 0 for other kinds.
func (v Value) Ticks() int64 {
	if v.kind == KindTimeSpan || v.kind == KindDateTime {
		return v.num
	}
	return 0
}

// Guid is the content of a Guid, the zero Guid for other kinds.
func (v Value) Guid() uuid.UUID {
	var id uuid.UUID
	if v.kind == KindGuid {
		copy(id[:], v.str)
	}
	return id
}

// Values are the items of a list, or the value itself when it is a scalar; none
// when it is invalid.
func (v Value) Values() []Value {
	switch v.kind {
	case KindInvalid:
		return nil
	case KindList:
		return slices.Clone(v.list)
	}
	return []Value{v}
}

// Len is the number of items of a list, 1 for a scalar.
func (v Value) Len() int {
	switch v.kind {
	case KindInvalid:
		return 0
	case KindList:
		return len(v.list)
	}
	return 1
}

// Equal reports whether both are of the same kind and content. Strings are
// compared exactly.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.num == w.num && v.str == w.str && slices.EqualFunc(v.list, w.list, Value.Equal)
}

// compare orders two scalars of the same kind. NaN comes before all other
// doubles. Strings are compared by bytes.
func (v Value) compare(w Value) int {
	switch v.kind {
	case KindString, KindGuid:
		return strings.Compare(v.str, w.str)
	case KindDouble:
		return cmp.Compare(v.Double(), w.Double())
	}
	return cmp.Compare(v.num, w.num)
}

// String is the value as text, in the form names of instances use: numbers
// without culture, DateTime as 1997-04-10T14:40:14.0000000Z, TimeSpan as
// [-][d.]hh:mm:ss[.fffffff], the items of a list joined by semicolons
// (rows NAM-04 to NAM-09).
func (v Value) String() string {
	switch v.kind {
	case KindString:
		return v.str
	case KindInt, KindLong:
		return strconv.FormatInt(v.num, 10)
	case KindDouble:
		return formatDouble(v.Double())
	case KindBool:
		if v.num != 0 {
			return "True"
		}
		return "False"
	case KindDateTime:
		return v.Time().Format("2006-01-02T15:04:05.0000000Z")
	case KindTimeSpan:
		return formatTimeSpan(v.num)
	case KindGuid:
		return v.Guid().String()
	case KindList:
		texts := make([]string, len(v.list))
		for i, item := range v.list {
			texts[i] = item.String()
		}
		return strings.Join(texts, ";")
	}
	return ""
}

func formatDouble(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0 && math.Signbit(f):
		return "-0"
	case f == 0 || math.Abs(f) >= 1e-5 && math.Abs(f) < 1e15:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	// The exponent has a sign and at least two digits, as in E+15.
	return strings.Replace(strconv.FormatFloat(f, 'e', -1, 64), "e", "E", 1)
}

func formatTimeSpan(ticks int64) string {
	var b strings.Builder
	rest := uint64(ticks)
	if ticks < 0 {
		b.WriteByte('-')
		rest = -rest
	}
	fraction := rest % uint64(ticksPerSecond)
	seconds := rest / uint64(ticksPerSecond)
	if days := seconds / 86_400; days > 0 {
		fmt.Fprintf(&b, "%d.", days)
	}
	fmt.Fprintf(&b, "%02d:%02d:%02d", seconds/3600%24, seconds/60%60, seconds%60)
	if fraction > 0 {
		fmt.Fprintf(&b, ".%07d", fraction)
	}
	return b.String()
}

// parseTimeSpan reads [-][d.]hh:mm:ss[.fffffff].
func parseTimeSpan(s string) (int64, error) {
	bad := slnet.Errorf(slnet.KindInvalid, "%q is no TimeSpan: want [-][d.]hh:mm:ss[.fffffff]", s)
	rest, negative := strings.CutPrefix(s, "-")
	clock, fraction, hasFraction := rest, "", false
	if colon := strings.LastIndexByte(rest, ':'); colon >= 0 {
		if dot := strings.IndexByte(rest[colon:], '.'); dot >= 0 {
			clock, fraction, hasFraction = rest[:colon+dot], rest[colon+dot+1:], true
		}
	}
	var days uint64
	if d, c, ok := strings.Cut(clock, "."); ok {
		n, err := strconv.ParseUint(d, 10, 32)
		if err != nil {
			return 0, bad
		}
		days, clock = n, c
	}
	parts := strings.Split(clock, ":")
	if len(parts) != 3 {
		return 0, bad
	}
	var hms [3]uint64
	for i, limit := range [3]uint64{24, 60, 60} {
		n, err := strconv.ParseUint(parts[i], 10, 8)
		if err != nil || n >= limit {
			return 0, bad
		}
		hms[i] = n
	}
	var ticks uint64
	if hasFraction {
		n, err := strconv.ParseUint((fraction + "0000000")[:7], 10, 32)
		if err != nil || len(fraction) == 0 || len(fraction) > 7 {
			return 0, bad
		}
		ticks = n
	}
	if days > math.MaxInt64/(86_400*uint64(ticksPerSecond)) {
		return 0, bad
	}
	total := (days*86_400+hms[0]*3600+hms[1]*60+hms[2])*uint64(ticksPerSecond) + ticks
	switch {
	case negative && total <= 1<<63:
		return -int64(total), nil
	case !negative && total <= math.MaxInt64:
		return int64(total), nil
	}
	return 0, bad
}

// MarshalJSON writes the form for people: strings, bools and longs as they are,
// a list as an array, other kinds as an object that names the kind, such as
// {"Double": 1.5} or {"DateTime": "2024-05-01T00:00:00Z"}. The zero Value is
// null.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case KindString:
		return json.Marshal(v.str)
	case KindBool:
		return json.Marshal(v.num != 0)
	case KindLong:
		return json.Marshal(v.num)
	case KindList:
		return json.Marshal(v.list)
	case KindInt:
		return json.Marshal(map[string]int64{"Int": v.num})
	case KindDouble:
		f := v.Double()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return json.Marshal(map[string]string{"Double": formatDouble(f)})
		}
		return json.Marshal(map[string]float64{"Double": f})
	case KindDateTime:
		return json.Marshal(map[string]string{"DateTime": v.Time().Format(time.RFC3339Nano)})
	case KindTimeSpan:
		return json.Marshal(map[string]string{"TimeSpan": formatTimeSpan(v.num)})
	case KindGuid:
		return json.Marshal(map[string]string{"Guid": v.Guid().String()})
	}
	if v.str != "" {
		return nil, v.Err()
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON wrote. A bare number is a long when it
// is an integer, otherwise a double.
func (v *Value) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	var raw any
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	if raw == nil {
		*v = Value{}
		return nil
	}
	value, err := valueOfJSON(raw)
	if err != nil {
		return err
	}
	*v = value
	return nil
}

func valueOfJSON(raw any) (Value, error) {
	switch raw := raw.(type) {
	case string, bool:
		v := ValueOf(raw)
		return v, invalidOnly(v)
	case json.Number:
		if n, err := strconv.ParseInt(raw.String(), 10, 64); err == nil {
			return ValueOf(n), nil
		}
		f, err := raw.Float64()
		if err != nil {
			return Value{}, slnet.Errorf(slnet.KindInvalid, "the number %s is too large", raw)
		}
		return ValueOf(f), nil
	case []any:
		list := make([]Value, len(raw))
		for i, item := range raw {
			var err error
			if list[i], err = valueOfJSON(item); err != nil {
				return Value{}, err
			}
		}
		v := ValueOf(list)
		return v, invalidOnly(v)
	case map[string]any:
		if len(raw) == 1 {
			for kind, content := range raw {
				return taggedValue(kind, content)
			}
		}
	}
	return Value{}, slnet.Errorf(slnet.KindInvalid, `no value: want a string, a bool, a number, a list, or an object such as {"DateTime": "2024-05-01T00:00:00Z"}`)
}

func invalidOnly(v Value) error {
	if v.kind == KindInvalid {
		return v.Err()
	}
	return nil
}

func taggedValue(kind string, content any) (Value, error) {
	text := fmt.Sprint(content)
	bad := slnet.Errorf(slnet.KindInvalid, "%q is no %s", text, kind)
	switch kind {
	case "Int":
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return Value{}, bad
		}
		return ValueOf(int32(n)), nil
	case "Long":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return Value{}, bad
		}
		return ValueOf(n), nil
	case "Double":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return Value{}, bad
		}
		return ValueOf(f), nil
	case "DateTime":
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return Value{}, bad
		}
		v := ValueOf(t)
		return v, invalidOnly(v)
	case "TimeSpan":
		ticks, err := parseTimeSpan(text)
		if err != nil {
			return Value{}, err
		}
		return TimeSpanTicks(ticks), nil
	case "Guid":
		id, err := uuid.Parse(text)
		if err != nil {
			return Value{}, bad
		}
		return ValueOf(id), nil
	}
	return Value{}, slnet.Errorf(slnet.KindInvalid, "%q is no kind of value: want Int, Long, Double, DateTime, TimeSpan or Guid", kind)
}
