package storage

import (
	"bytes"
	"slices"
	"strings"

	"domovoi.dev/sdk/dom"
)

// indexID names an index in keys. It is on disk and never changes.
type indexID byte

// indexField is the index of the values of the fields of instances; the id of
// the field follows it in keys.
const indexField indexID = 20

// property is a property of a kind of objects that has an index.
type property struct {
	index   indexID
	exposer dom.Exposer
	kind    dom.ValueKind // of its values
	// always is set where every object has a value, single where none has several.
	always, single bool
}

func textProperty(index indexID, e dom.Exposer, always bool) property {
	return property{index, e, dom.KindString, always, true}
}

func timeProperty(index indexID, e dom.Exposer) property {
	return property{index, e, dom.KindDateTime, true, true}
}

func guidProperty(index indexID, e dom.Exposer) property {
	return property{index, e, dom.KindGuid, false, true}
}

// several says that objects may have several values of a property.
func several(p property) property {
	p.single = false
	return p
}

// properties are the indexed properties of each kind. Ids have none, for objects
// are kept in their order; nor have module settings, which are few.
var properties = map[dom.ObjectKind][]property{
	dom.KindInstance: withTracking(
		textProperty(1, dom.InstanceExposers.Name, true),
		guidProperty(2, dom.InstanceExposers.DomDefinitionID),
		textProperty(3, dom.InstanceExposers.StatusID, false),
		several(guidProperty(4, dom.InstanceExposers.SectionIDs)),
		several(guidProperty(5, dom.InstanceExposers.SectionDefinitionIDs))),
	dom.KindSectionDefinition: withTracking(
		textProperty(1, dom.SectionDefinitionExposers.Name, true),
		several(guidProperty(10, dom.SectionDefinitionExposers.FieldDescriptorIDs)),
		several(textProperty(11, dom.SectionDefinitionExposers.FieldDescriptorNames, false))),
	dom.KindDefinition: withTracking(
		textProperty(1, dom.DefinitionExposers.Name, true),
		several(guidProperty(5, dom.DefinitionExposers.SectionDefinitionIDs)),
		guidProperty(12, dom.DefinitionExposers.DomBehaviorDefinitionID)),
	dom.KindBehaviorDefinition: withTracking(
		textProperty(1, dom.BehaviorDefinitionExposers.Name, true),
		guidProperty(13, dom.BehaviorDefinitionExposers.ParentID)),
	dom.KindTemplate: withTracking(textProperty(1, dom.TemplateExposers.Name, true)),
}

func withTracking(list ...property) []property {
	return append(list,
		timeProperty(6, dom.InstanceExposers.CreatedAt), textProperty(7, dom.InstanceExposers.CreatedBy, true),
		timeProperty(8, dom.InstanceExposers.LastModified), textProperty(9, dom.InstanceExposers.LastModifiedBy, true))
}

// maxIndexedText bounds the bytes of a text in an index key; longer texts are
// cut, and who looks one up compares the object itself too. 64 bytes tell nearly
// all names, numbers and codes apart. Of an instance of 50 long texts the
// entries then have half the bytes of the instance; at 256 they would have more
// than the instance.
const maxIndexedText = 64

// foldText is the form in which texts are compared without regard to case. Most
// texts are plain lower case already, which is quickly seen.
func foldText(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.ToLower(s)
}

// isPlain reports whether a text is ASCII without capitals, looking at eight bytes
// at a time.
func isPlain(s string) bool {
	const (
		each   = 0x0101010101010101
		top    = 0x80 * each         // set in bytes beyond ASCII
		fromA  = (0x80 - 'A') * each // added, sets the top bit from 'A' on
		aboveZ = (0x7f - 'Z') * each // and this one above 'Z'
	)
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		if (w|(w+fromA)&^(w+aboveZ))&top != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i] >= 0x80 || 'A' <= s[i] && s[i] <= 'Z' {
			return false
		}
	}
	return true
}

// A text stands in an index by its folded form, for comparisons without regard to
// case, and by itself, for exact ones and for the order of queries. For a text
// without capitals both are one entry; another has two, in areas of their own.

// appendScalar appends a value that is no text as it stands in an index key:
// numbers of all kinds in one order.
func appendScalar(b []byte, v dom.Value) []byte {
	switch v.Kind() {
	case dom.KindInt, dom.KindLong, dom.KindDouble:
		return appendNumber(b, v)
	case dom.KindBool:
		if v.Bool() {
			return append(b, tupleTrue)
		}
		return append(b, tupleFalse)
	case dom.KindDateTime:
		return appendOrdered(b, tupleDateTime, v.Ticks())
	case dom.KindTimeSpan:
		return appendOrdered(b, tupleTimeSpan, v.Ticks())
	}
	return appendGuid(b, v.Guid())
}

// appendExact appends a value as it stands in the entry that the order of queries
// goes by.
func appendExact(b []byte, v dom.Value) []byte {
	if v.Kind() != dom.KindString {
		return appendScalar(b, v)
	}
	return appendText(b, exactArea(v.Text()), v.Text())
}

// exactArea is where the exact form of a text stands.
func exactArea(text string) byte {
	if foldText(text) == text {
		return tupleString
	}
	return tupleExact
}

// appendText appends a text to an area. It is cut at a number of bytes, not at a
// character: only so the cut texts are in the order of the texts.
func appendText(b []byte, area byte, text string) []byte {
	at, end := len(b), byte(endWhole)
	if len(text) > maxIndexedText {
		text, end = text[:maxIndexedText], endCut
	}
	b = appendString(b, text)
	b[at], b[len(b)-1] = area, end
	return b
}

func indexPrefix(kind dom.ObjectKind, moduleID string, index indexID) []byte {
	return append(kindPrefix(spaceIndex, kind, moduleID), byte(index))
}

func fieldIndexPrefix(moduleID string, field dom.FieldDescriptorID) []byte {
	return fieldPrefix(moduleID, indexField, field)
}

func fieldPrefix(moduleID string, index indexID, field dom.FieldDescriptorID) []byte {
	return append(indexPrefix(dom.KindInstance, moduleID, index), field[:]...)
}

// entries gathers the index entries of an object, their keys in one piece of
// memory.
type entries struct {
	start, id []byte // of every key, and the end of every key
	keys      []byte
	ends      []int
}

func (e *entries) add(index indexID, field []byte, v dom.Value) {
	if v.Kind() != dom.KindString {
		e.end(appendScalar(e.begin(index, field), v))
		return
	}
	text, area := v.Text(), byte(tupleString)
	if folded := foldText(text); folded != text {
		e.end(appendText(e.begin(index, field), tupleFolded, folded))
		area = tupleExact
	}
	e.end(appendText(e.begin(index, field), area, text))
}

func (e *entries) begin(index indexID, field []byte) []byte {
	return append(append(append(e.keys, e.start...), byte(index)), field...)
}

func (e *entries) end(keys []byte) {
	e.keys = append(keys, e.id...)
	e.ends = append(e.ends, len(e.keys))
}

// list returns the keys, sorted, each once.
func (e *entries) list() [][]byte {
	keys := make([][]byte, len(e.ends))
	begin := 0
	for i, end := range e.ends {
		keys[i] = e.keys[begin:end:end]
		begin = end
	}
	slices.SortFunc(keys, bytes.Compare)
	return slices.CompactFunc(keys, bytes.Equal)
}

// indexKeys returns the index entries an object has, sorted, with those of the
// indexes of fields that are in the set.
func indexKeys(moduleID string, o dom.Object, fields fieldSet) [][]byte {
	list := properties[o.Kind()]
	if len(list) == 0 {
		return nil
	}
	size := 1 << 10
	instance, isInstance := o.(*dom.Instance)
	if isInstance {
		for _, section := range instance.Sections {
			size += 2 * maxIndexedText * len(section.FieldValues)
		}
	}
	e := entries{start: kindPrefix(spaceIndex, o.Kind(), moduleID), keys: make([]byte, 0, size), ends: make([]int, 0, 64)}
	e.id, _ = appendObjectID(nil, o.Kind(), o.Key())
	exposers := make([]dom.Exposer, len(list))
	for i, p := range list {
		exposers[i] = p.exposer
	}
	for i, values := range dom.SelectValues(o, exposers).Values {
		for _, v := range values {
			e.add(list[i].index, nil, v)
		}
	}
	if isInstance {
		e.addFields(instance, fields)
	}
	return e.list()
}

// addFields adds the values of the fields. Of a field that stands in a section
// twice the first counts, as everywhere.
func (e *entries) addFields(o *dom.Instance, fields fieldSet) {
	for _, section := range o.Sections {
		for i := range section.FieldValues {
			fv := &section.FieldValues[i]
			hasValues, hasTexts := fields.has(fv.FieldDescriptorID), fields.hasTexts(fv.FieldDescriptorID)
			same := func(other dom.FieldValue) bool { return other.FieldDescriptorID == fv.FieldDescriptorID }
			if !hasValues && !hasTexts || slices.ContainsFunc(section.FieldValues[:i], same) {
				continue
			}
			for _, v := range fv.Value.Values() {
				if hasValues {
					e.add(indexField, fv.FieldDescriptorID[:], v)
				}
				if hasTexts {
					e.addGrams(fv.FieldDescriptorID, v)
				}
			}
		}
	}
}

// severalFields returns the fields of which there are several among the index
// entries of an instance, for comparisons with and without regard to case. A text
// with capitals has an entry for each of these.
func severalFields(moduleID string, keys [][]byte) (list []dom.FieldDescriptorID) {
	prefix := indexPrefix(dom.KindInstance, moduleID, indexField)
	size := len(prefix) + len(dom.FieldDescriptorID{})
	begin, _ := slices.BinarySearchFunc(keys, prefix, bytes.Compare)
	for begin < len(keys) && bytes.HasPrefix(keys[begin], prefix) {
		end := begin + 1
		for end < len(keys) && bytes.HasPrefix(keys[end], keys[begin][:size]) {
			end++
		}
		isText := end-begin == 2 && keys[begin][size] == tupleFolded && keys[begin+1][size] == tupleExact
		if end-begin > 1 && !isText {
			list = append(list, dom.FieldDescriptorID(keys[begin][len(prefix):]))
		}
		begin = end
	}
	return list
}

// updateIndexes writes the difference between the entries of two versions of an
// object; either may be nil.
func (tx *Tx) updateIndexes(moduleID string, old, updated dom.Object) error {
	state, err := tx.indexState(moduleID)
	if err != nil {
		return err
	}
	var have, want [][]byte
	if old != nil {
		have = indexKeys(moduleID, old, state.want)
	}
	if updated != nil {
		want = indexKeys(moduleID, updated, state.want)
	}
	for _, key := range have {
		if _, kept := slices.BinarySearchFunc(want, key, bytes.Compare); !kept {
			if err := tx.kv.Delete(key); err != nil {
				return err
			}
		}
	}
	for _, key := range want {
		if _, had := slices.BinarySearchFunc(have, key, bytes.Compare); !had {
			if err := tx.kv.Set(key, nil); err != nil {
				return err
			}
		}
	}
	several := slices.DeleteFunc(severalFields(moduleID, want), func(id dom.FieldDescriptorID) bool { return among(state.several, id) })
	return tx.addSeveral(moduleID, several)
}
