package filtertext

import (
	"strings"

	"domovoi.dev/sdk/dom"
)

// maxDepth bounds how deep parentheses and not may be nested, to what dom
// accepts.
const maxDepth = 1000

// Parse reads a filter on objects of names.Kind. The filter passes Check for
// that kind and the types of the fields. The error is an *Error.
func Parse(text string, names Names) (dom.Filter, error) {
	filter, err := parse(text, names)
	if err != nil {
		return dom.Filter{}, locate(err, text)
	}
	return filter, nil
}

func parse(text string, names Names) (dom.Filter, error) {
	s, err := newScanner(text)
	if err != nil {
		return dom.Filter{}, err
	}
	p := parser{s, names}
	if p.skip() == len(text) {
		return dom.Filter{}, fail(p.pos, "expected a filter, found nothing; true selects everything")
	}
	filter, err := p.any(0)
	if err != nil {
		return filter, err
	}
	if p.skip() < len(text) {
		return filter, p.unexpected("expected and, or, or the end of the text")
	}
	if err := filter.Check(names.kind(), names.fieldType); err != nil {
		return filter, fail(0, "%v", err)
	}
	return filter, nil
}

// parser reads filters by recursive descent, a method for each rule of the
// grammar in docs/filters.md.
type parser struct {
	*scanner
	names Names
}

// any reads filters with or between them.
func (p parser) any(depth int) (dom.Filter, error) {
	return p.chain("or", dom.Or, func() (dom.Filter, error) {
		return p.chain("and", dom.And, func() (dom.Filter, error) { return p.single(depth) })
	})
}

// chain reads filters with a keyword between them, and combines two or more.
func (p parser) chain(keyword string, combine func(...dom.Filter) dom.Filter, operand func() (dom.Filter, error)) (dom.Filter, error) {
	first, err := operand()
	if err != nil || !p.isNext(keyword) {
		return first, err
	}
	operands := []dom.Filter{first}
	for p.keyword(keyword) {
		next, err := operand()
		if err != nil {
			return next, err
		}
		operands = append(operands, next)
	}
	return combine(operands...), nil
}

// single reads one filter that nothing combines.
func (p parser) single(depth int) (dom.Filter, error) {
	if depth > maxDepth {
		return dom.Filter{}, fail(p.skip(), "the filter is nested deeper than %d levels", maxDepth)
	}
	switch {
	case p.keyword("not"):
		return p.negation(depth)
	case p.symbol("("):
		filter, err := p.any(depth + 1)
		if err == nil {
			err = p.expect(")")
		}
		return filter, err
	case p.keyword("true"):
		return dom.True(), nil
	case p.keyword("false"):
		return dom.False(), nil
	case p.keyword("and"):
		operands, err := p.operands(depth)
		return dom.And(operands...), err
	case p.keyword("or"):
		operands, err := p.operands(depth)
		return dom.Or(operands...), err
	case p.keyword("exists"):
		filter, _, err := p.existence()
		return filter, err
	}
	target, err := p.target()
	if err != nil {
		return dom.Filter{}, err
	}
	return p.comparison(target)
}

// negation reads what follows not. Of exists without a comparison it is a
// comparison itself.
func (p parser) negation(depth int) (dom.Filter, error) {
	if p.keyword("exists") {
		filter, compared, err := p.existence()
		if err != nil || compared {
			return dom.Not(filter), err
		}
		filter.Value = dom.ValueOf(false)
		return filter, nil
	}
	operand, err := p.single(depth + 1)
	return dom.Not(operand), err
}

// operands reads the filters in parentheses after and, or, for any number of
// them.
func (p parser) operands(depth int) ([]dom.Filter, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var operands []dom.Filter
	if p.symbol(")") {
		return nil, nil
	}
	for {
		operand, err := p.any(depth + 1)
		if err != nil {
			return nil, err
		}
		operands = append(operands, operand)
		if p.symbol(")") {
			return operands, nil
		}
		if !p.symbol(",") {
			return nil, p.unexpected("expected and, or, a comma or )")
		}
	}
}

// existence reads what follows exists: a field, and maybe a comparison with
// true or false.
func (p parser) existence() (filter dom.Filter, compared bool, err error) {
	target, err := p.existsTarget()
	if err != nil {
		return dom.Filter{}, false, err
	}
	if !p.atComparer() {
		return target.exposer.Equal(true), false, nil
	}
	filter, err = p.comparison(target)
	return filter, true, err
}

// existsTarget reads a field, in parentheses or not.
func (p parser) existsTarget() (target, error) {
	parenthesis := p.symbol("(")
	at := p.skip()
	if p.names.kind() != dom.KindInstance {
		return target{}, fail(at, "only instances have fields")
	}
	id, label, err := p.field(nil)
	if err == nil && parenthesis {
		err = p.expect(")")
	}
	return p.names.existsTarget(id, label), err
}

// target reads a base property or a field.
func (p parser) target() (target, error) {
	at, word := p.skip(), p.peek()
	is := func(property property) bool { return property.word == fold(word) }
	if property, ok := findProperty(p.names.kind(), is); ok && !strings.HasPrefix(p.text[at+len(word):], ".") {
		p.pos += len(word)
		return p.names.propertyTarget(property), nil
	}
	if p.names.kind() != dom.KindInstance {
		if word == "" {
			return target{}, p.unexpected("expected a property")
		}
		return target{}, fail(at, "there is no property %s%s", shorten(word), p.names.suggestProperty(word))
	}
	id, label, err := p.field(properties[p.names.kind()])
	return p.names.fieldTarget(id, label), err
}

// field reads a field: its name, Section.Name, or field(id). words are those
// that could stand in its place.
func (p parser) field(words []property) (id dom.FieldDescriptorID, label string, err error) {
	at := p.skip()
	if p.keyword("field") {
		if p.symbol("(") {
			return p.fieldID()
		}
		p.pos = at
	}
	var name fieldName
	if name.name, err = p.name(); err != nil {
		return id, "", err
	}
	if strings.HasPrefix(p.text[p.pos:], ".") {
		p.pos++
		name.section, name.inSection = name.name, true
		if name.name, err = p.name(); err != nil {
			return id, "", err
		}
	}
	id, err = p.names.resolveField(name, at, words)
	return id, shorten(name.String()), err
}

// fieldID reads an id and the closing parenthesis.
func (p parser) fieldID() (id dom.FieldDescriptorID, label string, err error) {
	at, text := p.skip(), p.bare()
	if !isGuid(text) || id.UnmarshalText([]byte(text)) != nil {
		return id, "", fail(at, "expected the id of a field, such as %s", dom.FieldDescriptorID{15: 1})
	}
	return id, fieldByID(id), p.expect(")")
}

// name reads one plain or quoted name.
func (p parser) name() (string, error) {
	at := p.skip()
	if strings.HasPrefix(p.text[at:], "`") {
		return p.doubled('`')
	}
	word := p.peek()
	switch {
	case word == "" && (strings.HasPrefix(p.text[at:], `"`) || strings.HasPrefix(p.text[at:], "'")):
		return "", fail(at, "expected a property or a field, found a text; quotes are for values, a field's name stands in `backquotes`")
	case word == "":
		return "", p.unexpected("expected a property or a field")
	case !isPlain(word):
		return "", fail(at, "expected a property or a field, found the word %s; if a field is called that, write `%s`", word, word)
	}
	p.pos += len(word)
	return word, nil
}
