package filtertext

import (
	"strings"

	"domovoi.dev/sdk/dom"
)

// Format writes a filter so that Parse with the same names reads it again, with
// names in place of ids where a name means one thing only. Of the objects and
// values that dom knows only the bits of a NaN are lost, and IsOrdinal where
// nothing is compared. What passes no Check for names.Kind and its fields, such
// as the zero Filter, stands in <>, or as something else that Parse refuses.
func Format(filter dom.Filter, names Names) string {
	w := writer{names: names}
	w.filter(filter, inNothing)
	return w.String()
}

// writer writes a filter.
type writer struct {
	strings.Builder
	names Names
}

// surrounding says what a filter stands in, which decides about parentheses.
type surrounding int

const (
	inNothing surrounding = iota
	inOr
	inAnd
	inNot
)

func (w *writer) filter(f dom.Filter, in surrounding) {
	switch f.Operator {
	case dom.OperatorTrue, dom.OperatorFalse:
		w.WriteString(string(f.Operator))
	case dom.OperatorNot:
		w.not(f)
	case dom.OperatorAnd:
		w.chain(f, in >= inAnd, inAnd)
	case dom.OperatorOr:
		if !w.membership(f, false) {
			w.chain(f, in >= inOr, inOr)
		}
	case dom.OperatorCompare:
		w.comparison(f, in == inNot)
	case "":
		w.WriteString("<no filter>")
	default:
		w.WriteString("<unknown operator " + quote(string(f.Operator)) + ">")
	}
}

func (w *writer) not(f dom.Filter) {
	if len(f.Operands) != 1 {
		w.WriteString("<not of several>")
		return
	}
	operand := f.Operands[0]
	if operand.Operator == dom.OperatorOr && w.membership(operand, true) {
		return
	}
	w.WriteString("not ")
	w.filter(operand, inNot)
}

// chain writes the operands of and, or. Fewer than two stand behind the word.
func (w *writer) chain(f dom.Filter, parentheses bool, inside surrounding) {
	word := string(f.Operator)
	if len(f.Operands) < 2 {
		w.WriteString(word + "(")
		for _, operand := range f.Operands {
			w.filter(operand, inNothing)
		}
		w.WriteString(")")
		return
	}
	if parentheses {
		w.WriteString("(")
	}
	for i, operand := range f.Operands {
		if i > 0 {
			w.WriteString(" " + word + " ")
		}
		w.filter(operand, inside)
	}
	if parentheses {
		w.WriteString(")")
	}
}

// membership writes an or of equalities of one thing with in, and reports
// whether the filter is one.
func (w *writer) membership(f dom.Filter, negated bool) bool {
	if len(f.Operands) == 0 {
		return false
	}
	first := f.Operands[0]
	for _, o := range f.Operands {
		if o.Operator != dom.OperatorCompare || o.Comparer != dom.Equals || o.Exposer != first.Exposer || o.IsOrdinal != first.IsOrdinal || o.Value.Kind() == dom.KindList {
			return false
		}
	}
	w.WriteString(w.names.exposerText(first.Exposer))
	if negated {
		w.WriteString(" not")
	}
	w.WriteString(" in (")
	for i, o := range f.Operands {
		if i > 0 {
			w.WriteString(", ")
		}
		w.WriteString(w.names.valueText(o))
	}
	w.WriteString(")")
	w.ordinal(first)
	return true
}

func (w *writer) ordinal(f dom.Filter) {
	if f.IsOrdinal {
		w.WriteString(" ordinal")
	}
}

// comparison writes one comparison. Behind not the short form of exists would
// be read as its opposite.
func (w *writer) comparison(f dom.Filter, negated bool) {
	text := w.names.exposerText(f.Exposer)
	isExists := f.Exposer == dom.InstanceExposers.KeyExists(f.Exposer.FieldID)
	if isExists && !negated && f.Comparer == dom.Equals && !f.IsOrdinal && f.Value.Kind() == dom.KindBool {
		if !f.Value.Bool() {
			text = "not " + text
		}
		w.WriteString(text)
		return
	}
	w.WriteString(text + " " + comparerText(f.Comparer) + " " + w.names.valueText(f))
	w.ordinal(f)
}

func comparerText(c dom.Comparer) string {
	switch c {
	case dom.Contains, dom.NotContains, dom.Regex, dom.NotRegex:
		return string(c)
	}
	for _, s := range symbols {
		if s.comparer == c {
			return s.text
		}
	}
	return "<unknown comparer " + quote(string(c)) + ">"
}

// exposerText is how a property or field is written.
func (n Names) exposerText(e dom.Exposer) string {
	t, ok := n.target(e)
	if !ok {
		return "<unknown exposer " + quote(e.String()) + ">"
	}
	return t.label
}

// valueText is how the value of a comparison is written: in the first form
// that is read as exactly that value there.
func (n Names) valueText(f dom.Filter) string {
	t, ok := n.target(f.Exposer)
	if !ok || f.Value.Err() != nil {
		return "<no value>"
	}
	if f.Value.Kind() == dom.KindList {
		return listText(f.Value)
	}
	if name, ok := t.terms.nameOf(f.Value); ok {
		if v, err := n.targetValue(t, f.Comparer, literal{form: quoted, text: name}); err == nil && v.Equal(f.Value) {
			return quote(name)
		}
	}
	return scalarText(f.Value, func(l literal) bool {
		v, err := n.targetValue(t, f.Comparer, l)
		return err == nil && v.Equal(f.Value)
	})
}

func listText(list dom.Value) string {
	var none Names
	var texts []string
	for _, item := range list.Values() {
		texts = append(texts, scalarText(item, func(l literal) bool {
			v, err := none.value(l, dom.KindInvalid)
			return err == nil && v.Equal(item)
		}))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// scalarText writes a value without a tag where reads says that this is read as
// the value.
func scalarText(v dom.Value, reads func(literal) bool) string {
	text := v.String()
	switch v.Kind() {
	case dom.KindString:
		if reads(literal{form: quoted, text: text}) {
			return quote(text)
		}
		return textTag + "(" + quote(text) + ")"
	case dom.KindBool:
		return strings.ToLower(text)
	case dom.KindDateTime:
		return v.Time().Format("2006-01-02T15:04:05.9999999Z")
	case dom.KindInt, dom.KindLong, dom.KindDouble:
		for _, plain := range []string{text, text + ".0"} {
			if reads(literal{form: bare, text: plain}) {
				return plain
			}
		}
		return v.Kind().String() + "(" + text + ")"
	}
	return text
}
