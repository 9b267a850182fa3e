package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// subject names an object. tail is the part of a key that does so: behind its
// space, up to the id. The keys of an object, its earlier versions and its
// history have the same.
type subject struct {
	tail     []byte
	kind     dom.ObjectKind
	moduleID string
	id       string
}

func (s *subject) String() string { return fmt.Sprintf("%s %s/%s", s.kind, s.moduleID, s.id) }

// subjectOf reads the subject of a key, and what follows it there.
func subjectOf(key []byte) (s subject, rest []byte, err error) {
	if s.kind, s.moduleID, rest, err = parseKind(key); err == nil {
		s.id, rest, err = readObjectID(s.kind, rest)
	}
	if err == nil {
		s.tail = key[1 : len(key)-len(rest)]
	}
	return s, rest, err
}

// stream is a space of the key space in which keys begin with a subject.
type stream struct {
	c       *checker
	it      kv.Iterator
	what    string // is kept there
	rows    *int64 // counts them
	subject        // of the key it stands at, without a tail at the end
	rest    []byte // of that key, behind the subject
}

// stream returns the stream of a space, at its first key. The caller closes it.
func (c *checker) stream(space byte, what string, rows *int64) *stream {
	s := &stream{c: c, it: c.r.kv.Scan(kv.PrefixRange([]byte{space})), what: what, rows: rows}
	s.next()
	return s
}

// next goes to the next key that has a subject.
func (s *stream) next() {
	for s.it.Next() {
		s.c.row()
		*s.rows++
		var err error
		if s.subject, s.rest, err = subjectOf(s.it.Key()); err == nil {
			return
		}
		s.c.problem("%s key %x: %v", s.what, s.it.Key(), err)
	}
	s.subject = subject{}
}

// stands reports whether the stream stands at a key of a subject.
func (s *stream) stands(at *subject) bool { return s.tail != nil && bytes.Equal(s.tail, at.tail) }

// lowest is the lowest subject at which a stream stands, without a tail when all
// are at their ends.
func lowest(streams ...*stream) (at subject) {
	for _, s := range streams {
		if at.tail == nil || s.tail != nil && bytes.Compare(s.tail, at.tail) < 0 {
			at = s.subject
		}
	}
	at.tail = bytes.Clone(at.tail)
	return at
}

// objects looks at every object, earlier version and history record. It walks
// over the three spaces side by side.
func (c *checker) objects() error {
	objects := c.stream(spaceObject, "object", &c.result.Objects)
	defer objects.it.Close()
	versions := c.stream(spaceVersion, "version", &c.result.Versions)
	defer versions.it.Close()
	history := c.stream(spaceHistory, "history", &c.result.HistoryRows)
	defer history.it.Close()
	for n := 0; ; n++ {
		if n%cancelEvery == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		at := keptOf{subject: lowest(objects, versions, history), err: ErrNotFound}
		if at.tail == nil {
			break
		}
		for ; objects.stands(&at.subject); objects.next() {
			c.object(&at, objects.rest, objects.it.Value())
		}
		// The versions of a deleted instance stay as long as its history.
		outlived := errors.Is(at.err, ErrNotFound) && history.stands(&at.subject)
		for ; versions.stands(&at.subject); versions.next() {
			c.version(&at, versions.rest, versions.it.Value(), outlived)
		}
		for ; history.stands(&at.subject); history.next() {
			c.historyRow(&at, history.rest, history.it.Value())
		}
	}
	return errors.Join(objects.it.Err(), versions.it.Err(), history.it.Err())
}

// keptOf is what objects has found of a subject.
type keptOf struct {
	subject
	revision int64   // of the object
	err      error   // why it cannot be read, nil when it can
	versions []int64 // revisions of the earlier versions that can be read, rising
}

// object looks at an object by itself, and notes what others have to hold for
// it: index entries, counters and the feed.
func (c *checker) object(at *keptOf, rest, value []byte) {
	if len(rest) > 0 {
		c.problem("object key %x%x%x: malformed id", spaceObject, at.tail, rest)
		return
	}
	var o dom.Object
	if o, at.err = dom.DecodeObject(at.kind, value); at.err != nil {
		c.problem("%v: %v", &at.subject, at.err)
		return
	}
	at.revision = o.GetTracking().Revision
	if o.Key() != at.id {
		c.problem("%v holds the object %s", &at.subject, o.Key())
	}
	if again, err := dom.EncodeObject(o); err != nil || !bytes.Equal(again, value) {
		c.problem("%v is not in canonical form", &at.subject)
	}
	if at.revision < 1 {
		c.problem("%v has revision %d", &at.subject, at.revision)
	}
	c.expectEntries(at.moduleID, o)
	c.revisions.add(c.hash.revision(at.tail, at.revision))
	c.counts[string(counterKey(at.kind, at.moduleID))]++
	if instance, ok := o.(*dom.Instance); ok {
		c.counts[string(definitionCounterKey(at.moduleID, instance.DomDefinitionID))]++
	}
}

// version looks whether an earlier version is older than its object.
func (c *checker) version(at *keptOf, rest, value []byte, outlived bool) {
	old, err := dom.DecodeObject(at.kind, value)
	if err != nil {
		c.problem("earlier version of %v: %v", &at.subject, err)
		return
	}
	revision := old.GetTracking().Revision
	if bytes.Equal(rest, appendInt(nil, revision)) {
		at.versions = append(at.versions, revision)
	} else {
		c.problem("earlier version %d of %v is kept under another revision", revision, &at.subject)
	}
	switch {
	case outlived:
	case at.err != nil:
		c.problem("earlier version %d of %v: the object: %v", revision, &at.subject, at.err)
	case at.revision <= revision:
		c.problem("earlier version %d of %v: the object has revision %d", revision, &at.subject, at.revision)
	}
}

// historyRow looks whether the versions a history record compares are kept.
func (c *checker) historyRow(at *keptOf, rest, value []byte) {
	row := new(HistoryRow)
	if more, err := row.UnmarshalMsg(value); err != nil || len(more) > 0 {
		c.problem("history of %v: a record is damaged: %v", &at.subject, errors.Join(err, errTuple))
		return
	}
	if !bytes.Equal(rest, appendInt(nil, row.Revision)) {
		c.problem("history of %v: revision %d is kept under another", &at.subject, row.Revision)
	}
	for revision := max(row.Revision-1, 1); revision <= row.Revision; revision++ {
		if _, kept := slices.BinarySearch(at.versions, revision); !kept && (at.err != nil || at.revision != revision) {
			c.problem("history of %v: revision %d is missing", &at.subject, revision)
		}
	}
}

// revision is the hash of a revision of a subject.
func (h *hasher) revision(tail []byte, revision int64) [2]uint64 {
	var key [128]byte
	return h.of(binary.BigEndian.AppendUint64(append(key[:0], tail...), uint64(revision)))
}
