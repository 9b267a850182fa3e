package storage

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// indexTexts is the index of the texts of fields that ask for it: their grams,
// which are the three characters in a row of their folded form. The id of the
// field follows it in keys. An object has one entry for each different gram.
const indexTexts indexID = 21

// gramRunes is the number of characters of a gram. It is on disk and never
// changes.
const gramRunes = 3

// eachGram calls fn with the grams of a folded text.
func eachGram(folded string, fn func(gram string)) {
	var starts [gramRunes]int // of the last characters
	n := 0
	for at := range folded {
		if n >= gramRunes {
			fn(folded[starts[n%gramRunes]:at])
		}
		starts[n%gramRunes] = at
		n++
	}
	if n >= gramRunes {
		fn(folded[starts[n%gramRunes]:])
	}
}

func gramPrefix(moduleID string, field dom.FieldDescriptorID, gram string) []byte {
	return appendString(fieldPrefix(moduleID, indexTexts, field), gram)
}

func (e *entries) addGrams(field dom.FieldDescriptorID, v dom.Value) {
	if v.Kind() != dom.KindString {
		return
	}
	eachGram(foldText(v.Text()), func(gram string) {
		e.end(appendString(e.begin(indexTexts, field[:]), gram))
	})
}

// What the plan of one contains looks at and uses.
const (
	maxGramsMeasured = 16
	maxGramsUsed     = 4
)

// planContains is the path of the texts that contain another by the text index
// of their field, nil where that has no such index, the text is too short for
// it, or so many objects may contain it that values, when these have an
// index, are looked at in less time.
func (q *search) planContains(f dom.Filter, hasValues bool) (*path, error) {
	if f.Exposer != dom.InstanceExposers.FieldValue(f.Exposer.FieldID) || f.Value.Kind() != dom.KindString || !q.indexes.ready.hasTexts(f.Exposer.FieldID) {
		return nil, nil
	}
	grams := chosenGrams(foldText(f.Value.Text()))
	if len(grams) == 0 {
		return nil, nil
	}
	// One gram is all there is to a text of its length.
	exact := !f.IsOrdinal && foldText(f.Value.Text()) == grams[0]
	var parts []*path
	for _, gram := range grams {
		prefix := gramPrefix(q.moduleID, f.Exposer.FieldID, gram)
		p, err := q.measure(&path{
			op: pathSpans, exact: exact, inOrder: true, prefix: prefix, spans: []kv.Range{kv.PrefixRange(prefix)},
			index: "of the texts of " + f.Exposer.String(),
		}, sampleSize, nil)
		if err != nil || p.op == pathIDs && len(p.ids) == 0 {
			return p, err
		}
		parts = append(parts, p)
	}
	slices.SortStableFunc(parts, byEstimate)
	if hasValues && parts[0].estimate*costObject > q.total*(costEntry+costSort) {
		return nil, nil
	}
	return q.intersect(parts[:min(len(parts), maxGramsUsed)], true), nil
}

// chosenGrams are the grams of a folded text to look for, each once, from all
// over it when it has many.
func chosenGrams(folded string) []string {
	var all []string
	eachGram(folded, func(gram string) { all = append(all, gram) })
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) <= maxGramsMeasured {
		return all
	}
	chosen := all[:0]
	for i := range maxGramsMeasured {
		chosen = append(chosen, all[i*len(all)/maxGramsMeasured])
	}
	return chosen
}

// hasGram reports whether an object has the entry of a text index with a key. It
// does so without making all entries of the object, which may be as many as its
// texts have characters.
func hasGram(moduleID string, o *dom.Instance, key []byte) bool {
	at := len(indexPrefix(dom.KindInstance, moduleID, indexTexts))
	field := dom.FieldDescriptorID(key[at:])
	gram, _, err := readString(key[at+len(field):])
	if err != nil || !bytes.Equal(key, appendGuid(gramPrefix(moduleID, field, gram), o.ID)) {
		return false
	}
	hasText := func(v dom.Value) bool {
		return v.Kind() == dom.KindString && strings.Contains(foldText(v.Text()), gram)
	}
	return utf8.RuneCountInString(gram) == gramRunes && slices.ContainsFunc(o.Sections, func(s *dom.Section) bool {
		v, _ := s.GetFieldValueByID(field)
		return slices.ContainsFunc(v.Values(), hasText)
	})
}
