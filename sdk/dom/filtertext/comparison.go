package filtertext

import (
	"slices"
	"strings"

	"domovoi.dev/sdk/dom"
)

// symbols are the comparers written as symbols, longer ones first.
var symbols = []struct {
	text     string
	comparer dom.Comparer
}{
	{"!=", dom.NotEquals}, {">=", dom.GreaterThanOrEqual}, {"<=", dom.LessThanOrEqual},
	{"=", dom.Equals}, {">", dom.GreaterThan}, {"<", dom.LessThan},
}

// expectedComparer is what is expected after a property or field.
const expectedComparer = "expected =, !=, >, >=, <, <=, contains, matches, in, is, or not before one of these words"

// atComparer reports whether a comparison follows.
func (p parser) atComparer() bool {
	rest := p.text[p.skip():]
	return rest != "" && strings.IndexByte("=!<>", rest[0]) >= 0 ||
		slices.Contains([]string{"contains", "matches", "in", "is", "not"}, fold(p.peek()))
}

// comparison reads what follows a target: how it is compared, and with what.
func (p parser) comparison(t target) (dom.Filter, error) {
	at := p.skip()
	not := p.keyword("not")
	if p.keyword("in") {
		filter, err := p.membership(t)
		if not {
			filter = dom.Not(filter)
		}
		return filter, err
	}
	comparer, err := p.comparer(at, not)
	if err != nil {
		return dom.Filter{}, err
	}
	l, err := p.literal()
	if err != nil {
		return dom.Filter{}, err
	}
	filter, err := p.names.compare(t, comparer, l)
	filter.IsOrdinal = p.keyword("ordinal")
	return filter, err
}

// comparer reads a symbol or a word; not before it was read already.
func (p parser) comparer(at int, not bool) (dom.Comparer, error) {
	switch {
	case p.keyword("contains"):
		return either(not, dom.NotContains, dom.Contains), nil
	case p.keyword("matches"):
		return either(not, dom.NotRegex, dom.Regex), nil
	case not:
		return "", p.unexpected("expected contains, matches or in after not")
	case p.keyword("is"):
		return either(p.keyword("not"), dom.NotEquals, dom.Equals), nil
	case p.symbol("=="):
		return "", fail(at, "expected one =; to compare texts by case too, write ordinal after the value")
	}
	for _, s := range symbols {
		if p.symbol(s.text) {
			return s.comparer, nil
		}
	}
	return "", p.unexpected(expectedComparer)
}

func either(condition bool, yes, no dom.Comparer) dom.Comparer {
	if condition {
		return yes
	}
	return no
}

// membership reads the values after in, any of which may be equal.
func (p parser) membership(t target) (dom.Filter, error) {
	if err := p.expect("("); err != nil {
		return dom.Filter{}, err
	}
	at := p.skip()
	literals, err := p.literals(")")
	if err != nil {
		return dom.Filter{}, err
	}
	if len(literals) == 0 {
		return dom.Filter{}, fail(at, "expected at least one value; false selects nothing")
	}
	operands := make([]dom.Filter, len(literals))
	for i, l := range literals {
		if operands[i], err = p.names.compare(t, dom.Equals, l); err != nil {
			return dom.Filter{}, err
		}
	}
	if p.keyword("ordinal") {
		for i := range operands {
			operands[i].IsOrdinal = true
		}
	}
	return dom.Or(operands...), nil
}
