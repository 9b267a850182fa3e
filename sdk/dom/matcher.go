package dom

import (
	"regexp"
	"strings"
)

// Matcher is a filter made ready to be applied to many objects: regular
// expressions are compiled, texts folded, and an Or of many equalities of one
// property is one look-up. It selects what Filter.Matches selects. It does not
// change, and may be used by several goroutines.
type Matcher struct {
	operator Operator
	operands []*Matcher
	leaf     Filter
	// comparer is that of the leaf without its negation.
	comparer   Comparer
	negative   bool
	folded     string
	expression *regexp.Regexp
	oneOf      *oneOf
}

// NewMatcher returns the matcher of a checked filter.
func NewMatcher(f Filter) *Matcher {
	m := &Matcher{operator: f.Operator, leaf: f}
	switch f.Operator {
	case OperatorOr:
		m.operands = orMatchers(f.Operands)
	case OperatorAnd, OperatorNot:
		for _, operand := range f.Operands {
			m.operands = append(m.operands, NewMatcher(operand))
		}
	case OperatorCompare:
		m.comparer = f.Comparer
		if positive, ok := negated[f.Comparer]; ok {
			m.comparer, m.negative = positive, true
		}
		m.folded = fold(f.Value.str)
		if m.comparer == Regex {
			m.expression, _ = regexp.Compile(f.Value.str) // Check has compiled it
		}
	}
	return m
}

// Matches reports whether the filter selects an object. When it cannot be read,
// o.Err says so and the answer counts for nothing.
func (m *Matcher) Matches(o *RawObject) bool { return m.matches(o) }

// MatchesObject reports whether the filter selects an object.
func (m *Matcher) MatchesObject(o Object) bool { return m.matches(o) }

func (m *Matcher) matches(o exposing) bool {
	switch m.operator {
	case OperatorTrue:
		return true
	case OperatorAnd:
		for _, operand := range m.operands {
			if !operand.matches(o) {
				return false
			}
		}
		return true
	case OperatorOr:
		for _, operand := range m.operands {
			if operand.matches(o) {
				return true
			}
		}
		return false
	case OperatorNot:
		return len(m.operands) == 1 && !m.operands[0].matches(o)
	case OperatorCompare:
		return m.matchesAny(o)
	}
	return false
}

func (m *Matcher) matchesAny(o exposing) bool {
	for _, v := range o.expose(m.leaf.Exposer) {
		if m.matchesScalar(v) {
			return !m.negative
		}
	}
	return m.negative
}

func (m *Matcher) matchesScalar(v Value) bool {
	want := m.leaf.Value
	switch {
	case m.oneOf != nil:
		return m.oneOf.has(v)
	case m.comparer == Regex:
		return v.kind == KindString && m.expression != nil && m.expression.MatchString(v.str)
	case v.kind == KindString && want.kind == KindString && !m.leaf.IsOrdinal:
		if m.comparer == Contains {
			return strings.Contains(fold(v.str), m.folded)
		}
		return holds(strings.Compare(fold(v.str), m.folded), m.comparer)
	}
	return matchesScalar(v, m.comparer, want, m.leaf.IsOrdinal, nil)
}

// manyEqualities is from how many equalities of one property on they are looked
// up together.
const manyEqualities = 8

// orMatchers are the matchers of the operands of an Or.
func orMatchers(operands []Filter) []*Matcher {
	counts := make(map[Exposer]int)
	for _, f := range operands {
		if isPlainEquality(f) {
			counts[f.Exposer]++
		}
	}
	var matchers []*Matcher
	together := make(map[Exposer]*oneOf)
	for _, f := range operands {
		if !isPlainEquality(f) || counts[f.Exposer] < manyEqualities {
			matchers = append(matchers, NewMatcher(f))
			continue
		}
		set := together[f.Exposer]
		if set == nil {
			set = &oneOf{folded: make(map[string]bool), exact: make(map[string]bool), guids: make(map[string]bool)}
			together[f.Exposer] = set
			matchers = append(matchers, &Matcher{operator: OperatorCompare, leaf: f, oneOf: set})
		}
		set.add(f.Value)
	}
	return matchers
}

func isPlainEquality(f Filter) bool {
	return f.Operator == OperatorCompare && f.Comparer == Equals && !f.IsOrdinal &&
		(f.Value.kind == KindString || f.Value.kind == KindGuid)
}

// oneOf holds the values of many equalities without regard to case.
type oneOf struct{ folded, exact, guids map[string]bool }

func (s *oneOf) add(want Value) {
	if want.kind == KindString {
		s.folded[fold(want.str)] = true
	} else if text, ok := want.coerce(KindString); ok {
		s.exact[text.str] = true
	}
	if id, ok := want.coerce(KindGuid); ok {
		s.guids[id.str] = true
	}
}

func (s *oneOf) has(v Value) bool {
	switch v.kind {
	case KindString:
		return s.exact[v.str] || s.folded[fold(v.str)]
	case KindGuid:
		return s.guids[v.str]
	}
	return false
}
