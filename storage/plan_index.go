package storage

import (
	"bytes"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// index is an index that holds every object with a value.
type index struct {
	name   string // for people
	prefix []byte
	// kind is that of all its values, KindInvalid for a field, which may have
	// values of several kinds.
	kind   dom.ValueKind
	always bool // every object has a value
	// single: no object has several entries that one comparison looks at.
	single bool
}

// indexOf returns the index of a property, when it has one that is complete.
func (q *search) indexOf(e dom.Exposer) (index, bool) {
	if e.Name == dom.InstanceExposers.FieldValue(e.FieldID).Name && q.kind == dom.KindInstance {
		ix := index{name: e.String(), prefix: fieldIndexPrefix(q.moduleID, e.FieldID), single: q.indexes.isSingle(e.FieldID)}
		return ix, q.indexes.ready.has(e.FieldID)
	}
	for _, p := range properties[q.kind] {
		if p.exposer == e {
			return index{e.String(), indexPrefix(q.kind, q.moduleID, p.index), p.kind, p.always, p.single}, q.indexes.propertiesReady
		}
	}
	return index{}, false
}

// has reports whether the index may hold values of a kind.
func (ix index) has(kind dom.ValueKind) bool { return ix.kind == dom.KindInvalid || ix.kind == kind }

// paths are where the entries of the objects are that a positive comparison
// other than Regex selects: one path for each area of the index it can be true in.
func (ix index) paths(f dom.Filter) []*path {
	want := f.Value
	paths := []*path{}
	switch want.Kind() {
	case dom.KindString:
		if ix.has(dom.KindString) {
			paths = append(paths, ix.textPaths(f.Comparer, want.Text(), f.IsOrdinal)...)
		}
		if id, ok := guidOf(want); ok && ix.has(dom.KindGuid) {
			paths = append(paths, ix.scalarPath(f.Comparer, dom.ValueOf(dom.InstanceID(id))))
		}
	case dom.KindGuid:
		if ix.has(dom.KindString) {
			// A text is compared with the Guid's text exactly, as a whole.
			comparer := f.Comparer
			if comparer == dom.Contains {
				comparer = dom.Equals
			}
			paths = append(paths, ix.textPaths(comparer, want.String(), true)...)
		}
		if ix.has(dom.KindGuid) {
			paths = append(paths, ix.scalarPath(f.Comparer, want))
		}
	case dom.KindList, dom.KindInvalid: // equal to no scalar
	default:
		paths = append(paths, ix.scalarPath(f.Comparer, want))
	}
	return paths
}

// area is the range of all entries of values of the type that the encoded value
// has.
func (ix index) area(encoded []byte) kv.Range {
	begin := encoded[: len(ix.prefix)+1 : len(ix.prefix)+1]
	switch begin[len(ix.prefix)] {
	case tupleFalse, tupleTrue:
		return kv.Range{Begin: append(bytes.Clone(ix.prefix), tupleFalse), End: append(bytes.Clone(ix.prefix), tupleTrue+1)}
	}
	return kv.PrefixRange(begin)
}

func (ix index) scalarPath(comparer dom.Comparer, want dom.Value) *path {
	encoded := appendScalar(bytes.Clone(ix.prefix), want)
	return ix.comparison(comparer, encoded, true)
}

// comparison is the path of a comparison with an encoded value. isWhole is false
// for a text that was cut: then the entries equal to it have to be asked.
func (ix index) comparison(comparer dom.Comparer, encoded []byte, isWhole bool) *path {
	p := &path{op: pathSpans, exact: isWhole, index: ix.name, prefix: ix.prefix}
	span, area, behind := kv.PrefixRange(encoded), ix.area(encoded), kv.PrefixEnd(encoded)
	switch comparer {
	case dom.Equals, dom.Contains:
		p.inOrder = true
	case dom.GreaterThan, dom.GreaterThanOrEqual:
		if span = area; comparer == dom.GreaterThan && isWhole {
			span.Begin = behind
		} else {
			span.Begin = encoded
		}
	case dom.LessThan, dom.LessThanOrEqual:
		if span = area; comparer == dom.LessThan && isWhole {
			span.End = encoded
		} else {
			span.End = behind
		}
	}
	p.spans = []kv.Range{span}
	return p
}

// textPaths are the paths of a comparison of texts: in the areas of folded texts,
// or when it is an ordinal one in those of exact texts.
func (ix index) textPaths(comparer dom.Comparer, want string, isOrdinal bool) []*path {
	if comparer == dom.Contains {
		// The areas of folded texts lie side by side.
		area := kv.Range{Begin: append(bytes.Clone(ix.prefix), tupleString), End: append(bytes.Clone(ix.prefix), tupleFolded+1)}
		return []*path{{
			op: pathSpans, exact: !isOrdinal, index: ix.name, prefix: ix.prefix, spans: []kv.Range{area}, test: containsTest(foldText(want)),
		}}
	}
	areas := []byte{tupleString, tupleFolded}
	switch {
	case isOrdinal && comparer == dom.Equals:
		areas = []byte{exactArea(want)}
	case isOrdinal:
		areas = []byte{tupleString, tupleExact}
	default:
		want = foldText(want)
	}
	paths := make([]*path, len(areas))
	for i, area := range areas {
		paths[i] = ix.comparison(comparer, appendText(bytes.Clone(ix.prefix), area, want), len(want) <= maxIndexedText)
	}
	return paths
}

// containsTest looks for a folded text in the texts of entries. What a cut text
// does not contain, the rest of it may.
func containsTest(folded string) func(text []byte, isCut bool) verdict {
	want := []byte(folded)
	return func(text []byte, isCut bool) verdict {
		switch {
		case bytes.Contains(text, want):
			return isIn
		case isCut:
			return isUnclear
		}
		return isOut
	}
}
