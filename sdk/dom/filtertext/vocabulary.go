package filtertext

import (
	"slices"
	"strings"

	"domovoi.dev/sdk/dom"
)

// term is a name that stands for a value: the display name of an enumeration's
// entry, the name of a definition.
type term struct {
	name  string
	value dom.Value
}

func (t term) text() string { return t.name }

// vocabulary are the terms for the values of one property or field. The nil
// vocabulary has none.
type vocabulary struct {
	what  string // what the terms name, for messages
	terms directory[term]
	names map[string]string // by the text of the value, the first name of it
	// closed: values are texts too, and only those of terms are ever stored.
	closed bool
}

func newVocabulary(what string, terms []term) *vocabulary {
	v := &vocabulary{what: what, terms: newDirectory(terms, term.text), names: make(map[string]string, len(terms))}
	for _, t := range terms {
		if _, ok := v.names[t.value.String()]; !ok {
			v.names[t.value.String()] = t.name
		}
	}
	return v
}

// find returns the value a name stands for; none when it is no term. A term in
// exactly that case goes before others.
func (v *vocabulary) find(name string, at int) (value dom.Value, found bool, err error) {
	if v == nil {
		return value, false, nil
	}
	terms := narrow(v.terms.find(name), term.text, name)
	if len(terms) == 0 {
		return value, false, nil
	}
	value = terms[0].value
	var all []string
	for _, t := range terms {
		all = append(all, t.value.String())
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) > 1 {
		return value, false, fail(at, "several %s are called %s; give the value of one without quotes: %s", v.what, quote(name), strings.Join(all, ", "))
	}
	return value, true, nil
}

// has reports whether a value is that of a term.
func (v *vocabulary) has(value dom.Value) bool {
	_, ok := v.names[value.String()]
	return ok
}

// nameOf returns the name that stands for a value.
func (v *vocabulary) nameOf(value dom.Value) (string, bool) {
	if v == nil {
		return "", false
	}
	name, ok := v.names[value.String()]
	return name, ok
}

// unknown is the message about a text that is no term.
func (v *vocabulary) unknown(text string) string {
	return quote(text) + " is none of the " + v.what + suggest(text, v.what, v.terms.names())
}
