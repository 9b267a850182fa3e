package filtertext

import (
	"regexp"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
)

// target is what a comparison looks at.
type target struct {
	exposer dom.Exposer
	// label is how people call it.
	label string
	// kind is the kind of its values, KindInvalid when unknown.
	kind dom.ValueKind
	// terms are the names that stand for its values, nil for none.
	terms *vocabulary
}

func (n Names) propertyTarget(p property) target {
	t := target{exposer: p.exposer, label: p.word, kind: p.kind}
	switch p.exposer {
	case dom.InstanceExposers.DomDefinitionID:
		t.terms = n.definitions
	case dom.InstanceExposers.SectionDefinitionIDs:
		t.terms = n.sections
	}
	return t
}

func (n Names) fieldTarget(id dom.FieldDescriptorID, label string) target {
	return target{dom.InstanceExposers.FieldValue(id), label, n.fieldType(id).ElementKind(), n.entries(id)}
}

func (n Names) existsTarget(id dom.FieldDescriptorID, label string) target {
	return target{dom.InstanceExposers.KeyExists(id), "exists " + label, dom.KindBool, nil}
}

// target returns the target of a filter's exposer. ok is false when objects of
// the kind have no such exposer.
func (n Names) target(e dom.Exposer) (t target, ok bool) {
	if n.kind() == dom.KindInstance {
		switch e {
		case dom.InstanceExposers.FieldValue(e.FieldID):
			return n.fieldTarget(e.FieldID, n.fieldText(e.FieldID)), true
		case dom.InstanceExposers.KeyExists(e.FieldID):
			return n.existsTarget(e.FieldID, n.fieldText(e.FieldID)), true
		}
	}
	p, ok := findProperty(n.kind(), func(p property) bool { return p.exposer.Name == e.Name })
	return n.propertyTarget(p), ok
}

// compare builds a comparison, when what stands in the text can be compared so.
func (n Names) compare(t target, comparer dom.Comparer, l literal) (dom.Filter, error) {
	value, err := n.targetValue(t, comparer, l)
	if err != nil {
		return dom.Filter{}, err
	}
	leaf := dom.Filter{Operator: dom.OperatorCompare, Exposer: t.exposer, Comparer: comparer, Value: value}
	if err := leaf.Check(n.kind(), n.fieldType); err != nil {
		return leaf, t.misfit(leaf, l, err)
	}
	return leaf, nil
}

// targetValue returns the value that a literal stands for where it is compared
// with a target: a text that is the name of a value stands for that value.
func (n Names) targetValue(t target, comparer dom.Comparer, l literal) (dom.Value, error) {
	if l.form == quoted && t.terms != nil && !isRegex(comparer) {
		value, found, err := t.terms.find(l.text, l.at)
		if found || err != nil {
			return value, err
		}
		value = dom.ValueOf(l.text)
		if t.terms.closed && isEquality(comparer) && !t.terms.has(value) {
			return value, fail(l.at, "%s", t.terms.unknown(l.text))
		}
	}
	return n.value(l, t.kind)
}

func isRegex(c dom.Comparer) bool    { return c == dom.Regex || c == dom.NotRegex }
func isEquality(c dom.Comparer) bool { return c == dom.Equals || c == dom.NotEquals }

// misfit explains why a value cannot be compared with a target.
func (t target) misfit(leaf dom.Filter, l literal, cause error) error {
	value := leaf.Value
	isText := value.Kind() == dom.KindString
	switch {
	case isRegex(leaf.Comparer) && !isText:
		return fail(l.at, "expected a regular expression in quotes after %s, found %s", leaf.Comparer, kindText(value.Kind()))
	case isRegex(leaf.Comparer) && t.kind != dom.KindString && t.kind != dom.KindInvalid:
		return fail(l.at, "%s holds %s; only texts match a regular expression", t.label, kindsText(t.kind))
	case isRegex(leaf.Comparer):
		_, err := regexp.Compile(value.Text())
		return fail(l.at, "%v", err)
	case t.terms != nil && l.form == quoted:
		return fail(l.at, "%s", t.terms.unknown(l.text))
	case isText && t.kind == dom.KindGuid:
		return fail(l.at, "%s holds Guids, and %s is none: expected one such as %s", t.label, quote(value.Text()), uuid.Max)
	case isText && l.form == quoted:
		return fail(l.at, "%s holds %s; expected %s, without quotes", t.label, kindsText(t.kind), examples[t.kind])
	case t.kind == dom.KindString:
		return fail(l.at, "%s holds texts, which stand in quotes; found %s", t.label, kindText(value.Kind()))
	case examples[t.kind] != "":
		return fail(l.at, "%s holds %s; expected %s, found %s", t.label, kindsText(t.kind), examples[t.kind], kindText(value.Kind()))
	}
	return fail(l.at, "%v", cause)
}

// kindTexts are the kinds of values in words: one and several of them.
var kindTexts = map[dom.ValueKind][2]string{
	dom.KindString:   {"a text", "texts"},
	dom.KindInt:      {"a number", "numbers"},
	dom.KindLong:     {"a number", "whole numbers"},
	dom.KindDouble:   {"a number", "numbers"},
	dom.KindBool:     {"true or false", "true or false"},
	dom.KindDateTime: {"a time", "times"},
	dom.KindTimeSpan: {"a length of time", "lengths of time"},
	dom.KindGuid:     {"a Guid", "Guids"},
	dom.KindList:     {"a list", "lists"},
}

func kindText(k dom.ValueKind) string  { return kindTexts[k][0] }
func kindsText(k dom.ValueKind) string { return kindTexts[k][1] }

// examples are values of the kinds that stand without quotes.
var examples = map[dom.ValueKind]string{
	dom.KindInt:      "100",
	dom.KindLong:     "100",
	dom.KindDouble:   "100 or 1.5",
	dom.KindBool:     "true or false",
	dom.KindDateTime: "2024-05-01 or 2024-05-01T15:04:05Z",
	dom.KindTimeSpan: "1h30m or 01:30:00",
	dom.KindGuid:     uuid.Max.String(),
}
