package dom

import (
	"regexp"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// Operator says what a Filter is made of.
type Operator string

// The operators.
const (
	OperatorTrue    Operator = "true"
	OperatorFalse   Operator = "false"
	OperatorAnd     Operator = "and"
	OperatorOr      Operator = "or"
	OperatorNot     Operator = "not"
	OperatorCompare Operator = "compare"
)

// Comparer is how a leaf of a filter compares.
type Comparer string

// The comparers.
const (
	Equals             Comparer = "=="
	NotEquals          Comparer = "!="
	GreaterThan        Comparer = ">"
	GreaterThanOrEqual Comparer = ">="
	LessThan           Comparer = "<"
	LessThanOrEqual    Comparer = "<="
	Contains           Comparer = "contains"
	NotContains        Comparer = "not contains"
	Regex              Comparer = "matches"
	NotRegex           Comparer = "not matches"
)

// negated maps the negative comparers to what they negate.
var negated = map[Comparer]Comparer{NotEquals: Equals, NotContains: Contains, NotRegex: Regex}

// Filter selects objects. The zero Filter is no filter: requests refuse it, so
// that a forgotten filter does not select everything; use True. Filters are made
// from exposers, such as InstanceExposers.Name.Equal("x"), and combined with
// And, Or and Not. A Filter does not change.
type Filter struct {
	// Operator says what the filter is made of.
	Operator Operator `json:"Operator"`
	// Operands are the parts of and, or, not.
	Operands []Filter `json:"Operands,omitempty"`
	// Exposer, Comparer and Value are the parts of compare.
	Exposer  Exposer  `json:"Exposer,omitempty"`
	Comparer Comparer `json:"Comparer,omitempty"`
	// Value is what is compared with.
	Value Value `json:"Value,omitempty"`
	// IsOrdinal makes the comparison of strings exact.
	IsOrdinal bool `json:"IsOrdinal,omitempty"`
}

// True selects everything.
func True() Filter { return Filter{Operator: OperatorTrue} }

// False selects nothing.
func False() Filter { return Filter{Operator: OperatorFalse} }

// And selects what all filters select, everything when there is none.
func And(filters ...Filter) Filter { return Filter{Operator: OperatorAnd, Operands: filters} }

// Or selects what any of the filters selects, nothing when there is none.
func Or(filters ...Filter) Filter { return Filter{Operator: OperatorOr, Operands: filters} }

// Not selects what filter does not select.
func Not(filter Filter) Filter { return Filter{Operator: OperatorNot, Operands: []Filter{filter}} }

// And selects what this and all other filters select.
func (f Filter) And(filters ...Filter) Filter { return And(append([]Filter{f}, filters...)...) }

// Or selects what this or any other filter selects.
func (f Filter) Or(filters ...Filter) Filter { return Or(append([]Filter{f}, filters...)...) }

// Ordinal returns the comparison with strings compared exactly, by case too
// (row FIL-14).
func (f Filter) Ordinal() Filter {
	f.IsOrdinal = true
	return f
}

// IsEmpty reports whether the filter is an And or Or without operands, or no
// filter at all.
func (f Filter) IsEmpty() bool {
	switch f.Operator {
	case OperatorAnd, OperatorOr, "":
		return len(f.Operands) == 0
	}
	return false
}

// NamesFields reports whether the filter asks for the value of a field.
func (f Filter) NamesFields() bool {
	if f.Exposer.Name == exposeFieldValue {
		return true
	}
	for _, operand := range f.Operands {
		if operand.NamesFields() {
			return true
		}
	}
	return false
}

// maxFilterDepth bounds the nesting of filters, so that no filter can exhaust
// the stack.
const maxFilterDepth = 1000

// FieldTypes tells the types of fields, for checking the values of a filter. It
// returns "" for a field it does not know.
type FieldTypes func(id FieldDescriptorID) FieldType

// Check returns an error when the filter cannot be applied to objects of a
// kind: an unknown operator, comparer or exposer, a value of the wrong type
// (dom.md part 5, 11), a malformed regular expression. types may be nil.
func (f Filter) Check(kind ObjectKind, types FieldTypes) error { return f.check(kind, types, 0) }

func (f Filter) check(kind ObjectKind, types FieldTypes, depth int) error {
	if depth > maxFilterDepth {
		return slnet.Errorf(slnet.KindInvalid, "the filter is nested deeper than %d levels", maxFilterDepth)
	}
	switch f.Operator {
	case OperatorTrue, OperatorFalse:
		return nil
	case OperatorNot:
		if len(f.Operands) != 1 {
			return slnet.Errorf(slnet.KindInvalid, "not takes one filter, got %d", len(f.Operands))
		}
		fallthrough
	case OperatorAnd, OperatorOr:
		for _, operand := range f.Operands {
			if err := operand.check(kind, types, depth+1); err != nil {
				return err
			}
		}
		return nil
	case OperatorCompare:
		return f.checkLeaf(kind, types)
	case "":
		return slnet.Errorf(slnet.KindInvalid, "no filter is given; use dom.True() to select everything")
	}
	return slnet.Errorf(slnet.KindInvalid, "unknown filter operator %q", f.Operator)
}

func (f Filter) checkLeaf(kind ObjectKind, types FieldTypes) error {
	if err := checkExposer(kind, f.Exposer); err != nil {
		return err
	}
	if err := f.Value.Err(); err != nil {
		return slnet.Errorf(slnet.KindInvalid, "filter on %s: %v", f.Exposer, err)
	}
	comparer := f.Comparer
	if positive, ok := negated[comparer]; ok {
		comparer = positive
	}
	switch comparer {
	case Equals, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual, Contains:
	case Regex:
		if f.Value.kind != KindString {
			return slnet.Errorf(slnet.KindInvalid, "filter on %s: a regular expression is a string, not %s", f.Exposer, f.Value.kind)
		}
		if _, err := regexp.Compile(f.Value.str); err != nil {
			return slnet.Errorf(slnet.KindInvalid, "filter on %s: %v", f.Exposer, err)
		}
	default:
		return slnet.Errorf(slnet.KindInvalid, "filter on %s: unknown comparer %q", f.Exposer, f.Comparer)
	}
	want, _ := f.Exposer.valueKind(kind)
	if f.Exposer.Name == exposeFieldValue && types != nil {
		want = types(f.Exposer.FieldID).ElementKind()
	}
	if want == KindInvalid {
		return nil
	}
	if _, ok := f.Value.coerce(want); !ok {
		return slnet.Errorf(slnet.KindInvalid, "filter on %s: its values are %s, the filter's value %q is %s", f.Exposer, want, f.Value.String(), f.Value.kind)
	}
	return nil
}

// coerce turns a filter's value into the kind of the stored values where that
// loses nothing: numbers into each other, a Guid's text into a Guid and back
// (rows FIL-01, FIL-27).
func (v Value) coerce(kind ValueKind) (Value, bool) {
	switch {
	case v.kind == kind:
		return v, true
	case v.kind == KindGuid && kind == KindString:
		return ValueOf(v.String()), true
	case v.kind == KindString && kind == KindGuid:
		id, err := parseID(v.str, "")
		return guidValue(id), err == nil
	case isNumber(v.kind) && isNumber(kind):
		return v, true
	}
	return v, false
}

func isNumber(k ValueKind) bool { return k == KindInt || k == KindLong || k == KindDouble }

// compareScalars orders two scalars, numbers of different kinds by their
// value. comparable is false when the kinds have no common order.
func compareScalars(v, w Value) (order int, comparable bool) {
	if v.kind == w.kind {
		return v.compare(w), true
	}
	if isNumber(v.kind) && isNumber(w.kind) {
		return compareNumbers(v, w), true
	}
	if c, ok := w.coerce(v.kind); ok {
		return v.compare(c), true
	}
	return 0, false
}

// compareNumbers compares exactly, also a long beyond 2^53 with a double.
func compareNumbers(v, w Value) int {
	if v.kind != KindDouble && w.kind != KindDouble {
		return Value{kind: KindLong, num: v.num}.compare(Value{kind: KindLong, num: w.num})
	}
	if w.kind != KindDouble {
		return -compareNumbers(w, v)
	}
	if v.kind == KindDouble {
		return v.compare(w)
	}
	d := w.Double()
	switch {
	case d != d || d < -(1<<63):
		return 1
	case d >= 1<<63:
		return -1
	}
	whole := int64(d)
	if order := (Value{kind: KindLong, num: v.num}).compare(Value{kind: KindLong, num: whole}); order != 0 {
		return order
	}
	return Value{kind: KindDouble}.compare(ValueOf(d - float64(whole)))
}

// Matches reports whether the filter selects an object. The filter must have
// passed Check for objects of the kind.
func (f Filter) Matches(o Object) bool { return f.matches(o) }

// exposing is what a filter can look at.
type exposing interface{ expose(e Exposer) []Value }

func (f Filter) matches(o exposing) bool {
	switch f.Operator {
	case OperatorTrue:
		return true
	case OperatorAnd:
		for _, operand := range f.Operands {
			if !operand.matches(o) {
				return false
			}
		}
		return true
	case OperatorOr:
		for _, operand := range f.Operands {
			if operand.matches(o) {
				return true
			}
		}
		return false
	case OperatorNot:
		return len(f.Operands) == 1 && !f.Operands[0].matches(o)
	case OperatorCompare:
		return f.matchesAny(o.expose(f.Exposer))
	}
	return false
}

// matchesAny applies a comparison to the list of exposed values.
func (f Filter) matchesAny(values []Value) bool {
	comparer := f.Comparer
	positive, isNegative := negated[comparer]
	if isNegative {
		comparer = positive
	}
	var expression *regexp.Regexp
	if comparer == Regex {
		var err error
		if expression, err = regexp.Compile(f.Value.str); err != nil {
			return false
		}
	}
	for _, v := range values {
		if matchesScalar(v, comparer, f.Value, f.IsOrdinal, expression) {
			return !isNegative
		}
	}
	return isNegative
}

func matchesScalar(v Value, comparer Comparer, want Value, ordinal bool, expression *regexp.Regexp) bool {
	if comparer == Regex {
		return v.kind == KindString && expression.MatchString(v.str)
	}
	if v.kind == KindString && want.kind == KindString {
		a, b := v.str, want.str
		if !ordinal {
			a, b = fold(a), fold(b)
		}
		if comparer == Contains {
			return strings.Contains(a, b)
		}
		return holds(strings.Compare(a, b), comparer)
	}
	order, ok := compareScalars(v, want)
	return ok && holds(order, comparer)
}

// fold is the form in which strings are compared without regard to case.
func fold(s string) string { return strings.ToLower(s) }

func holds(order int, comparer Comparer) bool {
	switch comparer {
	case Equals, Contains:
		return order == 0
	case GreaterThan:
		return order > 0
	case GreaterThanOrEqual:
		return order >= 0
	case LessThan:
		return order < 0
	case LessThanOrEqual:
		return order <= 0
	}
	return false
}
