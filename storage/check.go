package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// maxProblems bounds how many contradictions a check lists.
const maxProblems = 100

// checker compares everything in a store with everything else, at one
// snapshot.
type checker struct {
	r      *Reader
	blobs  *blobs // nil when the store has no folder for them
	ctx    context.Context
	result slnet.CheckStoreResponse
	rows   int64            // looked at so far, as Checked tells
	counts map[string]int64 // by counter key, counted from the objects
	// outlived are the instances that were deleted and whose history was kept, by
	// their version prefix.
	outlived map[string]bool
	// states are which indexes the modules have.
	states map[string]indexes
}

// Check compares objects, earlier versions, indexes, counters, the feed and
// attachments with each other at one snapshot, while the store is in use, and
// the contents of attachments with their files. A file that no record refers to
// is no contradiction: a crash may leave one. The error is one of
// reading; contradictions stand in the result.
func (s *Store) Check(ctx context.Context) (slnet.CheckStoreResponse, error) {
	var c checker
	defer func() { s.checked.Add(-c.rows) }()
	err := s.View(ctx, func(r *Reader) error {
		c = checker{r: r, blobs: s.blobs, ctx: ctx, counts: make(map[string]int64), outlived: make(map[string]bool), states: make(map[string]indexes)}
		for _, step := range []func() error{c.objects, c.indexes, c.history, c.versions, c.counters, c.feed, c.attachments, c.references, c.information, c.audit, c.records} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	return c.result, err
}

func (c *checker) problem(format string, args ...any) {
	switch n := len(c.result.Problems); {
	case n < maxProblems:
		c.result.Problems = append(c.result.Problems, fmt.Sprintf(format, args...))
	case n == maxProblems:
		c.result.Problems = append(c.result.Problems, "and more")
	}
}

// each walks over a space of the key space.
func (c *checker) each(space byte, fn func(key, value []byte)) error {
	it := c.r.kv.Scan(kv.PrefixRange([]byte{space}))
	defer it.Close()
	for n := 0; it.Next(); n++ {
		if n%cancelEvery == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		c.row()
		fn(it.Key(), it.Value())
	}
	return it.Err()
}

// parseKind reads space, kind and module id of a key.
func parseKind(key []byte) (kind dom.ObjectKind, moduleID string, rest []byte, err error) {
	if len(key) < 2 || kindOf[key[1]] == "" {
		return "", "", nil, errTuple
	}
	moduleID, rest, err = readString(key[2:])
	return kindOf[key[1]], moduleID, rest, err
}

// objects decodes every object, and looks for each of its index entries.
func (c *checker) objects() error {
	return c.each(spaceObject, func(key, value []byte) {
		c.result.Objects++
		kind, moduleID, rest, err := parseKind(key)
		if err != nil {
			c.problem("object key %x: %v", key, err)
			return
		}
		id, rest, err := readObjectID(kind, rest)
		if err != nil || len(rest) > 0 {
			c.problem("object key %x: malformed id", key)
			return
		}
		o, err := dom.DecodeObject(kind, value)
		if err != nil {
			c.problem("%s %s/%s: %v", kind, moduleID, id, err)
			return
		}
		if o.Key() != id {
			c.problem("%s %s/%s holds the object %s", kind, moduleID, id, o.Key())
		}
		if again, err := dom.EncodeObject(o); err != nil || !bytes.Equal(again, value) {
			c.problem("%s %s/%s is not in canonical form", kind, moduleID, id)
		}
		if o.GetTracking().Revision < 1 {
			c.problem("%s %s/%s has revision %d", kind, moduleID, id, o.GetTracking().Revision)
		}
		for _, entry := range c.readyKeys(moduleID, o) {
			if _, err := c.r.kv.Get(entry); err != nil {
				c.problem("%s %s/%s: index entry %x: %v", kind, moduleID, id, entry, err)
			}
		}
		c.counts[string(counterKey(kind, moduleID))]++
		if instance, ok := o.(*dom.Instance); ok {
			c.counts[string(definitionCounterKey(moduleID, instance.DomDefinitionID))]++
		}
	})
}

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

// skipIndexed returns the part of an index key behind the value: the id.
func skipIndexed(b []byte) ([]byte, error) {
	skipped := 1
	if indexID(b[0]) == indexField {
		skipped += len(dom.FieldDescriptorID{})
	}
	if len(b) < skipped {
		return nil, errTuple
	}
	return skipElement(b[skipped:])
}

// indexes looks for the object of every index entry, and for the entry among
// those the object has.
func (c *checker) indexes() error {
	return c.each(spaceIndex, func(key, _ []byte) {
		c.result.IndexEntries++
		kind, moduleID, rest, err := parseKind(key)
		if err == nil && len(rest) > 0 {
			rest, err = skipIndexed(rest)
		}
		if err != nil {
			c.problem("index key %x: %v", key, err)
			return
		}
		id, _, err := readObjectID(kind, rest)
		if err != nil {
			c.problem("index key %x: %v", key, err)
			return
		}
		o, err := c.r.Object(kind, moduleID, id)
		if err != nil {
			c.problem("index entry %x of %s %s/%s: %v", key, kind, moduleID, id, err)
			return
		}
		for _, entry := range indexKeys(moduleID, o, c.state(moduleID).want) {
			if bytes.Equal(entry, key) {
				return
			}
		}
		c.problem("index entry %x does not belong to %s %s/%s", key, kind, moduleID, id)
	})
}

// history looks whether the versions a history record compares are kept.
func (c *checker) history() error {
	return c.r.eachHistoryRow(c.ctx, kv.PrefixRange([]byte{spaceHistory}), func(key []byte, id dom.InstanceID, row *HistoryRow) error {
		c.row()
		c.result.HistoryRows++
		_, moduleID, _, err := parseKind(key)
		if err != nil {
			c.problem("history key %x: %v", key, err)
			return nil
		}
		if !bytes.Equal(key, appendInt(historyPrefix(moduleID, id), row.Revision)) {
			c.problem("history of instance %s/%s: revision %d is kept under another", moduleID, id, row.Revision)
		}
		for revision := max(row.Revision-1, 1); revision <= row.Revision; revision++ {
			if version, err := c.r.version(moduleID, id.String(), revision); err != nil || version == nil {
				c.problem("history of instance %s/%s: revision %d is missing (%v)", moduleID, id, revision, err)
			}
		}
		if _, err := c.r.Raw(dom.KindInstance, moduleID, id.String()); errors.Is(err, ErrNotFound) {
			c.outlived[string(versionPrefix(dom.KindInstance, moduleID, id.String()))] = true
		}
		return nil
	})
}

// versions looks whether every earlier version is older than its object.
func (c *checker) versions() error {
	return c.each(spaceVersion, func(key, value []byte) {
		c.result.Versions++
		kind, moduleID, rest, err := parseKind(key)
		if err != nil {
			c.problem("version key %x: %v", key, err)
			return
		}
		id, _, err := readObjectID(kind, rest)
		if err != nil {
			c.problem("version key %x: %v", key, err)
			return
		}
		old, err := dom.DecodeObject(kind, value)
		if err != nil {
			c.problem("earlier version of %s %s/%s: %v", kind, moduleID, id, err)
			return
		}
		revision := old.GetTracking().Revision
		if !bytes.Equal(key, versionKey(kind, moduleID, id, revision)) {
			c.problem("earlier version %d of %s %s/%s is kept under another revision", revision, kind, moduleID, id)
		}
		current, err := c.r.Object(kind, moduleID, id)
		if errors.Is(err, ErrNotFound) && c.outlived[string(versionPrefix(kind, moduleID, id))] {
			return
		}
		if err != nil {
			c.problem("earlier version %d of %s %s/%s: the object: %v", revision, kind, moduleID, id, err)
		} else if current.GetTracking().Revision <= revision {
			c.problem("earlier version %d of %s %s/%s: the object has revision %d", revision, kind, moduleID, id, current.GetTracking().Revision)
		}
	})
}

// counters compares the counters with what was counted.
func (c *checker) counters() error {
	err := c.each(spaceCounter, func(key, _ []byte) {
		c.result.Counters++
		if _, ok := c.counts[string(key)]; !ok {
			c.counts[string(key)] = 0
		}
	})
	if err != nil {
		return err
	}
	for key, want := range c.counts {
		got, err := c.r.kv.GetCounter([]byte(key))
		if err != nil {
			return err
		}
		if got != want {
			c.problem("counter %x says %d, there are %d", key, got, want)
		}
	}
	return nil
}

// feed decodes every row, and follows the last change of every object to what
// is stored.
func (c *checker) feed() error {
	type object struct {
		kind     dom.ObjectKind
		moduleID string
		id       string
	}
	last := make(map[object]Change)
	err := c.each(spaceFeed, func(key, value []byte) {
		c.result.FeedRows++
		cursor, row, err := decodeFeed(key, value)
		if err != nil {
			c.problem("%v", err)
			return
		}
		if cursor > c.r.Version() {
			c.problem("feed row %d is newer than the store", cursor)
		}
		for _, change := range row.Changes {
			at := object{change.Kind, change.ModuleID, change.ObjectID}
			if before, ok := last[at]; ok && change.Type != Created && change.Revision < before.Revision {
				c.problem("feed row %d: %s %s/%s goes back from revision %d to %d", cursor, at.kind, at.moduleID, at.id, before.Revision, change.Revision)
			}
			last[at] = change
		}
	})
	if err != nil {
		return err
	}
	for at, change := range last {
		o, err := c.r.Object(at.kind, at.moduleID, at.id)
		switch {
		case change.Type == Deleted && errors.Is(err, ErrNotFound):
		case change.Type == Deleted:
			c.problem("%s %s/%s exists, the feed says it was deleted (%v)", at.kind, at.moduleID, at.id, err)
		case err != nil:
			c.problem("%s %s/%s: the feed has revision %d: %v", at.kind, at.moduleID, at.id, change.Revision, err)
		case o.GetTracking().Revision != change.Revision:
			c.problem("%s %s/%s has revision %d, the feed says %d", at.kind, at.moduleID, at.id, o.GetTracking().Revision, change.Revision)
		}
	}
	return nil
}
