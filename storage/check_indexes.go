package storage

import (
	"bytes"
	"errors"
	"maps"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// state is which indexes a module has.
func (c *checker) state(moduleID string) indexes {
	state, ok := c.states[moduleID]
	if !ok {
		var err error
		if state, err = c.r.indexState(moduleID); err != nil {
			c.problem("%v", err)
		}
		c.states[moduleID] = state
	}
	return state
}

// readyKeys are the entries that an object must have: those of indexes that are
// not being filled.
func (c *checker) readyKeys(moduleID string, o dom.Object) [][]byte {
	state := c.state(moduleID)
	if !state.propertiesReady {
		return nil
	}
	return indexKeys(moduleID, o, state.ready)
}

// expectEntries notes the entries that an object must have.
func (c *checker) expectEntries(moduleID string, o dom.Object) {
	var at indexAt
	keys := c.readyKeys(moduleID, o)
	state := c.state(moduleID)
	for _, id := range severalFields(moduleID, keys) {
		if state.isSingle(id) {
			c.problem("%s %s/%s has several index entries of field %s, which its index does not know of", o.Kind(), moduleID, o.Key(), id)
		}
	}
	for _, key := range keys {
		if c.goTo(&at, key) == nil { // what indexKeys makes has an index
			at.entries.add(c.hash.of(key))
		}
	}
}

// indexAt is the index of the key last looked at, since the next key is likely to
// be in it too.
type indexAt struct {
	prefix  []byte
	entries *fingerprint
}

// goTo goes to the index of a key.
func (c *checker) goTo(at *indexAt, key []byte) error {
	if at.entries != nil && bytes.HasPrefix(key, at.prefix) {
		return nil
	}
	prefix, err := indexOf(key)
	if err != nil {
		return err
	}
	at.prefix, at.entries = append(at.prefix[:0], prefix...), c.indexed[string(prefix)]
	if at.entries == nil {
		at.entries = new(fingerprint)
		c.indexed[string(prefix)] = at.entries
	}
	return nil
}

// indexOf is the part of an index key that all keys of its index begin with.
func indexOf(key []byte) ([]byte, error) {
	_, _, rest, err := parseKind(key)
	if err == nil {
		rest, err = skipIndex(rest)
	}
	return key[:len(key)-len(rest)], err
}

// skipIndex returns the part of an index key behind the name of the index: value
// and id.
func skipIndex(b []byte) ([]byte, error) {
	size := 1
	if len(b) > 0 && (indexID(b[0]) == indexField || indexID(b[0]) == indexTexts) {
		size += len(dom.FieldDescriptorID{})
	}
	if len(b) < size {
		return nil, errTuple
	}
	return b[size:], nil
}

// indexes takes the entries there are from those the objects must have, and
// compares the indexes one by one in which something remains.
func (c *checker) indexes() error {
	var at indexAt
	err := c.each(spaceIndex, func(key, _ []byte) {
		c.result.IndexEntries++
		if err := c.goTo(&at, key); err != nil {
			c.problem("index key %x: %v", key, err)
			return
		}
		at.entries.remove(c.hash.of(key))
	})
	if err != nil {
		return err
	}
	for _, prefix := range slices.Sorted(maps.Keys(c.indexed)) {
		if *c.indexed[prefix] == (fingerprint{}) || c.full() {
			continue
		}
		if err := errors.Join(c.missingEntries([]byte(prefix)), c.wrongEntries([]byte(prefix))); err != nil {
			return err
		}
	}
	return nil
}

// missingEntries looks up the entries that the objects must have in an index.
func (c *checker) missingEntries(prefix []byte) error {
	kind, moduleID, _, err := parseKind(prefix)
	if err != nil || !c.state(moduleID).propertiesReady {
		return err // nothing must be there as long as it is being filled
	}
	return c.again(kv.PrefixRange(kindPrefix(spaceObject, kind, moduleID)), func(_, value []byte) {
		o, err := dom.DecodeObject(kind, value)
		if err != nil || c.full() {
			return // of an object that cannot be read objects has said so
		}
		for _, entry := range c.readyKeys(moduleID, o) {
			if !bytes.HasPrefix(entry, prefix) {
				continue
			}
			if _, err := c.r.kv.Get(entry); err != nil {
				c.problem("%s %s/%s: index entry %x: %v", kind, moduleID, o.Key(), entry, err)
			}
		}
	})
}

// wrongEntries looks up the object of every entry of an index, and the entry
// among those the object has.
func (c *checker) wrongEntries(prefix []byte) error {
	return c.again(kv.PrefixRange(prefix), func(key, _ []byte) {
		if c.full() {
			return
		}
		kind, moduleID, rest, err := parseKind(key)
		if err == nil {
			rest, err = skipIndex(rest)
		}
		if err == nil {
			rest, err = skipElement(rest)
		}
		var id string
		if err == nil {
			id, _, err = readObjectID(kind, rest)
		}
		if err != nil {
			c.problem("index key %x: %v", key, err)
			return
		}
		o, err := c.r.Object(kind, moduleID, id)
		if err != nil {
			c.problem("index entry %x of %s %s/%s: %v", key, kind, moduleID, id, err)
			return
		}
		if !c.isEntryOf(moduleID, o, key) {
			c.problem("index entry %x does not belong to %s %s/%s", key, kind, moduleID, id)
		}
	})
}

// isEntryOf reports whether an object has an index entry with a key.
func (c *checker) isEntryOf(moduleID string, o dom.Object, key []byte) bool {
	want := c.state(moduleID).want
	prefix := indexPrefix(dom.KindInstance, moduleID, indexTexts)
	if instance, ok := o.(*dom.Instance); ok && bytes.HasPrefix(key, prefix) {
		return want.hasTexts(dom.FieldDescriptorID(key[len(prefix):])) && hasGram(moduleID, instance, key)
	}
	_, found := slices.BinarySearchFunc(indexKeys(moduleID, o, want), key, bytes.Compare)
	return found
}
