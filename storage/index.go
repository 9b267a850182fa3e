package storage

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"domovoi.dev/sdk/dom"
)

// indexID names an index in keys. It is on disk and never changes.
type indexID byte

// The base indexes.
const (
	indexName       indexID = 1 // folded name, cut
	indexDefinition indexID = 2 // definition of an instance
	indexStatus     indexID = 3 // folded status of an instance
)

// maxIndexedText bounds the bytes of a text in an index key. Longer texts are
// cut; who looks one up compares the object itself too.
const maxIndexedText = 256

// foldText is the form of a text in an index: without case, cut at a bound.
func foldText(s string) string {
	s = strings.ToLower(s)
	if len(s) <= maxIndexedText {
		return s
	}
	end := maxIndexedText
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func indexPrefix(kind dom.ObjectKind, moduleID string, index indexID) []byte {
	return append(kindPrefix(spaceIndex, kind, moduleID), byte(index))
}

// indexKeys returns the index entries an object has, sorted. A nil object has
// none.
func indexKeys(moduleID string, o dom.Object) [][]byte {
	var keys [][]byte
	add := func(index indexID, v dom.Value) {
		key := appendValue(indexPrefix(o.Kind(), moduleID, index), v)
		key, _ = appendObjectID(key, o.Kind(), o.Key())
		keys = append(keys, key)
	}
	text := func(s string) dom.Value { return dom.ValueOf(foldText(s)) }
	switch o := o.(type) {
	case *dom.SectionDefinition:
		add(indexName, text(o.Name))
	case *dom.Definition:
		add(indexName, text(o.Name))
	case *dom.BehaviorDefinition:
		add(indexName, text(o.Name))
	case *dom.Template:
		add(indexName, text(o.Name))
	case *dom.Instance:
		add(indexName, text(o.Name))
		add(indexDefinition, dom.ValueOf(o.DomDefinitionID))
		if o.StatusID != "" {
			add(indexStatus, text(o.StatusID))
		}
	}
	slices.SortFunc(keys, bytes.Compare)
	return keys
}

// updateIndexes writes the difference between the entries of two versions of an
// object; either may be nil.
func (tx *Tx) updateIndexes(moduleID string, old, updated dom.Object) error {
	var have, want [][]byte
	if old != nil {
		have = indexKeys(moduleID, old)
	}
	if updated != nil {
		want = indexKeys(moduleID, updated)
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
	return nil
}
