package interchange

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
)

// mode is what the description of an object is used for.
type mode int

const (
	reading   mode = iota
	writing        // the form of files
	comparing      // the form objects are compared in: ids are plain, what a server sets is left out
)

// A codec carries one object between its Go and its JSON form. Each kind of
// object is described once, by a function that names the members in their order
// and says what each holds; the mode decides in which direction it runs. So what
// is written can be read.
type codec struct {
	mode mode
	// typed says that every object and list has its $type.
	typed bool
	// module is the module whose ids the object holds.
	module string
	// fieldTypes are the types of the module's fields, for lists without items.
	fieldTypes map[dom.FieldDescriptorID]dom.FieldType

	unknown []Unknown // what reading found and has no place for
	err     error     // the first problem
}

func (c *codec) fail(at *path, format string, args ...any) {
	if c.err == nil {
		c.err = errorAt("", at.String(), format, args...)
	}
}

// want reports content of the wrong type.
func (c *codec) want(at *path, what string, got tree) {
	shown := text(got)
	if len(shown) > 60 {
		shown = strings.ToValidUTF8(shown[:60], "") + "..."
	}
	c.fail(at, "want %s, got %s", what, shown)
}

// keep notes content that has no place in the object.
func (c *codec) keep(at *path, v tree) {
	c.unknown = append(c.unknown, Unknown{Path: at.String(), Value: appendTree(nil, v, -1)})
}

// record is one JSON object on its way.
type record struct {
	c  *codec
	at *path

	in    *object // when reading
	taken []bool  // the members of in that the description named
	class string  // the key of its $type

	out *object // otherwise
}

// open returns the record of a value that was read; nil when it is no object.
func (c *codec) open(at *path, v tree) *record {
	o, ok := v.(*object)
	if !ok {
		c.want(at, "an object", v)
		return nil
	}
	r := &record{c: c, at: at, in: o, taken: make([]bool, len(o.members))}
	if v, ok := r.take("$type"); ok {
		s, _ := v.(string)
		name, ok := parseClass(s)
		if !ok {
			c.want(at.member("$type"), "the name of a .NET type", v)
		}
		r.class = name.key()
	}
	return r
}

func (c *codec) create(at *path) *record { return &record{c: c, at: at, out: new(object)} }

// close keeps the members that the description did not name.
func (r *record) close() {
	for i, m := range r.in.members {
		if !r.taken[i] {
			r.c.keep(r.at.member(m.name), m.value)
		}
	}
}

func (r *record) reading() bool { return r.c.mode == reading }

// take returns a member that was read; ok is false when it is absent or null.
func (r *record) take(name string) (v tree, ok bool) {
	for i, m := range r.in.members {
		if !strings.EqualFold(m.name, name) {
			continue
		}
		if ok {
			r.c.fail(r.at.member(m.name), "the object has the member %s in another case too", name)
			break
		}
		r.taken[i] = true
		v, ok = m.value, true
	}
	return v, ok && v != nil
}

func (r *record) put(name string, v tree) { r.out.members = append(r.out.members, member{name, v}) }

// is says of which type the object is, where every object says so.
func (r *record) is(c class) {
	if !r.reading() && r.c.typed && r.c.mode == writing {
		r.put("$type", c.String())
	}
}

// variant is the position of the object's type among those it may be of: it is
// current when writing. When reading it is -1 for a type that is not among them.
func (r *record) variant(current int, classes ...class) int {
	if !r.reading() {
		switch {
		case current < 0:
		case r.c.mode == comparing:
			r.put("$type", classes[current].key())
		default:
			r.put("$type", classes[current].String())
		}
		return current
	}
	if r.class == "" {
		names := make([]string, len(classes))
		for i, c := range classes {
			names[i] = c.key()
		}
		r.c.fail(r.at, "want a $type, such as %s", strings.Join(names, " or "))
	}
	return slices.IndexFunc(classes, func(c class) bool { return c.key() == r.class })
}

// The members of simple types.

func (r *record) text(name string, s *string) {
	if !r.reading() {
		r.put(name, strings.ToValidUTF8(*s, "\uFFFD"))
		return
	}
	if v, ok := r.take(name); ok {
		if *s, ok = v.(string); !ok {
			r.c.want(r.at.member(name), "a string", v)
		}
	}
}

// textOrNull writes an empty text as null.
func (r *record) textOrNull(name string, s *string) {
	if !r.reading() && *s == "" {
		r.put(name, nil)
		return
	}
	r.text(name, s)
}

func (r *record) flag(name string, b *bool) {
	if !r.reading() {
		r.put(name, *b)
		return
	}
	if v, ok := r.take(name); ok {
		if *b, ok = v.(bool); !ok {
			r.c.want(r.at.member(name), "true or false", v)
		}
	}
}

func (r *record) integer(name string, n *int64) {
	if !r.reading() {
		r.put(name, number(*n))
		return
	}
	if v, ok := r.take(name); ok {
		if *n, ok = wholeNumber(v); !ok {
			r.c.want(r.at.member(name), "a whole number", v)
		}
	}
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

func wholeNumber(v tree) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

// enum is a member that is the number of a value: its position among values.
// Numbers of other values are kept.
func enum[E ~string](r *record, name string, e *E, values ...E) {
	if !r.reading() {
		i := slices.Index(values, *e)
		if i < 0 {
			r.c.fail(r.at.member(name), "%q is none of the values %q", *e, values)
		}
		r.put(name, number(int64(i)))
		return
	}
	v, ok := r.take(name)
	if !ok {
		return
	}
	if s, isText := v.(string); isText {
		if i := slices.IndexFunc(values, func(e E) bool { return s != "" && strings.EqualFold(string(e), s) }); i >= 0 {
			*e = values[i]
			return
		}
	}
	n, ok := wholeNumber(v)
	if !ok {
		r.c.want(r.at.member(name), "the number of a value", v)
		return
	}
	if n < 0 || n >= int64(len(values)) {
		r.c.keep(r.at.member(name), v)
		return
	}
	*e = values[n]
}

// guid is a plain Guid.
func (r *record) guid(name string, id *[16]byte) {
	if !r.reading() {
		r.put(name, uuid.UUID(*id).String())
		return
	}
	if v, ok := r.take(name); ok {
		r.c.parseGUID(r.at.member(name), v, id)
	}
}

func (c *codec) parseGUID(at *path, v tree, id *[16]byte) {
	s, ok := v.(string)
	parsed, err := uuid.Parse(s)
	if !ok || err != nil {
		c.want(at, "a Guid", v)
		return
	}
	*id = parsed
}

// time is a point in time, absent when it is zero.
func (r *record) time(name string, t *time.Time) {
	if !r.reading() {
		if !t.IsZero() {
			r.put(name, t.UTC().Format(timeFormat))
		}
		return
	}
	if v, ok := r.take(name); ok {
		if *t, ok = parseTime(v); !ok {
			r.c.want(r.at.member(name), "a time such as 2024-05-01T08:30:00Z", v)
		}
	}
}

// timeFormat is how times are written: with the decimals that there are.
const timeFormat = "2006-01-02T15:04:05.9999999Z07:00"

func parseTime(v tree) (time.Time, bool) {
	s, _ := v.(string)
	for _, format := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(format, s); err == nil && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// span is a TimeSpan.
func (r *record) span(name string, d *time.Duration) {
	if !r.reading() {
		r.put(name, dom.ValueOf(*d).String())
		return
	}
	v, ok := r.take(name)
	if !ok {
		return
	}
	value, ok := parseTimeSpan(v)
	if *d = value.Duration(); !ok || dom.ValueOf(*d).Ticks() != value.Ticks() {
		r.c.want(r.at.member(name), "a TimeSpan such as 30.00:00:00 of at most 292 years", v)
	}
}

func parseTimeSpan(v tree) (dom.Value, bool) {
	var value dom.Value
	s, ok := v.(string)
	if !ok {
		return value, false
	}
	err := value.UnmarshalJSON([]byte(`{"TimeSpan":` + quote(s) + `}`))
	return value, err == nil
}

// fixed is a member that Domovoi has no place for. It is written as the value
// that says nothing, and kept when it says something.
func (r *record) fixed(name string, empty tree) {
	if !r.reading() {
		if r.c.mode == writing {
			r.put(name, empty)
		}
		return
	}
	if v, ok := r.take(name); ok && !isEmpty(v) {
		r.c.keep(r.at.member(name), v)
	}
}

// object is a member that is an object, described by describe. It is always
// written; when it is absent or null, describe does not run.
func (r *record) object(name string, describe func(*record)) {
	if !r.reading() {
		inner := r.c.create(r.at.member(name))
		describe(inner)
		r.put(name, inner.out)
		return
	}
	v, ok := r.take(name)
	if !ok {
		return
	}
	if inner := r.c.open(r.at.member(name), v); inner != nil {
		describe(inner)
		inner.close()
	}
}

// optional is a member that is an object or null.
func optional[T any](r *record, name string, p **T, describe func(*record, *T) bool) {
	if !r.reading() {
		if *p == nil {
			r.put(name, nil)
			return
		}
		r.object(name, func(inner *record) { describe(inner, *p) })
		return
	}
	v, ok := r.take(name)
	if !ok {
		return
	}
	at, before := r.at.member(name), len(r.c.unknown)
	inner := r.c.open(at, v)
	if inner == nil {
		return
	}
	value := new(T)
	if !describe(inner, value) {
		r.c.unknown = r.c.unknown[:before]
		r.c.keep(at, v)
		return
	}
	inner.close()
	*p = value
}

// list is a member that is a list of objects of a type. describe returns false
// for an item that cannot be read; it is kept.
func list[T any](r *record, name string, of class, items *[]T, describe func(*record, *T) bool) {
	if !r.reading() {
		out := new(array)
		for i := range *items {
			inner := r.c.create(r.at.member(name).item(i))
			describe(inner, &(*items)[i])
			out.items = append(out.items, inner.out)
		}
		r.put(name, r.c.wrap(of, out))
		return
	}
	r.each(name, func(at *path, v tree) {
		inner := r.c.open(at, v)
		if inner == nil {
			return
		}
		var item T
		before := len(r.c.unknown)
		if !describe(inner, &item) {
			r.c.unknown = r.c.unknown[:before]
			r.c.keep(at, v)
			return
		}
		inner.close()
		*items = append(*items, item)
	})
}

// scalars is a member that is a list of values, which parse and format carry
// over; what names one in errors.
func scalars[T any](r *record, name string, of class, items *[]T, what string, parse func(tree) (T, bool), format func(T) tree) {
	if !r.reading() {
		out := new(array)
		for _, item := range *items {
			out.items = append(out.items, format(item))
		}
		r.put(name, r.c.wrap(of, out))
		return
	}
	r.each(name, func(at *path, v tree) {
		item, ok := parse(v)
		if !ok {
			r.c.want(at, what, v)
			return
		}
		*items = append(*items, item)
	})
}

func (r *record) texts(name string, items *[]string) {
	scalars(r, name, system("String"), items, "a string",
		func(v tree) (string, bool) { s, ok := v.(string); return s, ok },
		func(s string) tree { return strings.ToValidUTF8(s, "\uFFFD") })
}

func (r *record) integers(name string, items *[]int64) {
	scalars(r, name, system("Int32"), items, "a whole number", wholeNumber, func(n int64) tree { return number(n) })
}

func (r *record) guids(name string, items *[]uuid.UUID) {
	scalars(r, name, system("Guid"), items, "a Guid",
		func(v tree) (uuid.UUID, bool) {
			s, _ := v.(string)
			id, err := uuid.Parse(s)
			return id, err == nil
		},
		func(id uuid.UUID) tree { return id.String() })
}

// each calls do for the items of a list that was read.
func (r *record) each(name string, do func(at *path, v tree)) {
	v, ok := r.take(name)
	if !ok {
		return
	}
	items, ok := listOf(v)
	if !ok {
		r.c.want(r.at.member(name), "a list", v)
		return
	}
	for i, item := range items.items {
		if r.c.err != nil {
			return
		}
		do(r.at.member(name).item(i), item)
	}
}

// wrap gives a list that is written its type.
func (c *codec) wrap(of class, items *array) tree {
	if !c.typed || c.mode != writing {
		return items
	}
	return &object{[]member{{"$type", listClass(of).String()}, {"$values", items}}}
}
