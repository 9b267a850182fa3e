package storage

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"domovoi.dev/storage/kv"
)

// idStream gives ids in their order, each once. It is closed by who opened it.
type idStream interface {
	// seek returns the first id at or behind min; ok is false when there is none.
	// min does not go back.
	seek(min objectID) (id objectID, ok bool, err error)
	close() error
}

// maxGathered bounds the ids a query holds in memory, 32 MiB of them. A query
// that would need more looks at every object instead.
const maxGathered = 2 << 20

var errTooMany = errors.New("more ids than are kept in memory")

// open returns the ids of a path that is no scan.
func (q *search) open(p *path) (idStream, error) {
	switch p.op {
	case pathIDs:
		return &listStream{ids: p.ids}, nil
	case pathSpans:
		if p.inOrder {
			return &entryStream{q: q, it: q.r.kv.Scan(p.spans[0]), prefix: p.spans[0].Begin}, nil
		}
		ids, err := q.gather(nil, p)
		return &listStream{ids: sortedIDs(ids)}, err
	case pathOr:
		return q.openOr(p)
	}
	all := new(commonStream)
	for _, part := range p.parts {
		stream, err := q.open(part)
		if err != nil {
			return nil, errors.Join(err, all.close())
		}
		all.parts = append(all.parts, stream)
	}
	return all, nil
}

// openOr joins few ordered paths as they come, and gathers the ids of others.
func (q *search) openOr(p *path) (idStream, error) {
	const few = 4
	any := new(joinedStream)
	var ids []objectID
	for _, part := range p.parts {
		if part.isOrdered() && len(p.parts) <= few {
			stream, err := q.open(part)
			if err != nil {
				return nil, errors.Join(err, any.close())
			}
			any.parts = append(any.parts, stream)
			continue
		}
		var err error
		if ids, err = q.gather(ids, part); err != nil {
			return nil, errors.Join(err, any.close())
		}
	}
	any.parts = append(any.parts, &listStream{ids: sortedIDs(ids)})
	return any, nil
}

// gather appends all ids of a path, in any order and maybe several times.
func (q *search) gather(ids []objectID, p *path) ([]objectID, error) {
	if p.op == pathSpans {
		return q.gatherSpans(ids, p)
	}
	stream, err := q.open(p)
	if err != nil {
		return nil, err
	}
	id, ok, err := stream.seek(objectID{})
	for ; ok && err == nil; id, ok, err = stream.seek(id) {
		if len(ids) >= maxGathered {
			err = errTooMany
			break
		}
		ids = append(ids, id)
		if id, ok = id.next(); !ok {
			break
		}
	}
	return ids, errors.Join(err, stream.close())
}

func (q *search) gatherSpans(ids []objectID, p *path) ([]objectID, error) {
	it := q.r.kv.Scan(kv.Range{Begin: p.spans[0].Begin, End: p.spans[len(p.spans)-1].End})
	defer it.Close()
	for i, span := range p.spans {
		ok := false
		if i == 0 {
			ok = it.Next()
		} else {
			ok = it.Seek(span.Begin)
		}
		for ; ok && bytes.Compare(it.Key(), span.End) < 0; ok = it.Next() {
			if err := q.step(); err != nil {
				return nil, err
			}
			q.work.Entries++
			if p.test != nil {
				v, err := p.try(it.Key())
				if err != nil {
					return nil, err
				}
				if v == isOut {
					continue
				}
				p.exact = p.exact && v == isIn
			}
			id, err := entryID(it.Key())
			if err != nil {
				return nil, err
			}
			if len(ids) >= maxGathered {
				return nil, errTooMany
			}
			ids = append(ids, id)
		}
	}
	return ids, it.Err()
}

// try applies the test of a path to an entry.
func (p *path) try(key []byte) (verdict, error) {
	text, isCut, _, err := readText(key[len(p.prefix):])
	if err != nil {
		return isOut, errEntry(key)
	}
	return p.test(text, isCut), nil
}

// idSize is the length of an id in a key.
const idSize = 1 + len(objectID{})

// entryID is the id an index entry ends with.
func entryID(key []byte) (objectID, error) {
	if at := len(key) - idSize; at > 0 && key[at] == tupleGuid {
		return objectID(key[at+1:]), nil
	}
	return objectID{}, errEntry(key)
}

func errEntry(key []byte) error {
	return fmt.Errorf("index entry %x: %w; run domovoi check", key, errTuple)
}

// listStream gives listed ids.
type listStream struct{ ids []objectID }

func (s *listStream) seek(min objectID) (objectID, bool, error) {
	at, _ := slices.BinarySearchFunc(s.ids, min, objectID.compare)
	if s.ids = s.ids[at:]; len(s.ids) == 0 {
		return objectID{}, false, nil
	}
	return s.ids[0], true, nil
}

func (s *listStream) close() error { return nil }

// entryStream gives the ids of the index entries of one value.
type entryStream struct {
	q       *search
	it      kv.Iterator
	prefix  []byte
	current objectID
	state   position
	key     []byte
}

// position is where a stream stands.
type position uint8

const (
	beforeFirst position = iota
	atID
	afterLast
)

// nearby is how many entries are walked before a seek is cheaper.
const nearby = 4

func (s *entryStream) seek(min objectID) (objectID, bool, error) {
	for steps := 0; s.state != afterLast; steps++ {
		if s.state == atID && s.current.compare(min) >= 0 {
			return s.current, true, nil
		}
		if err := s.q.step(); err != nil {
			return objectID{}, false, err
		}
		s.q.work.Entries++
		var ok bool
		if steps < nearby && (s.state == atID || min == objectID{}) {
			ok = s.it.Next()
		} else {
			s.key = appendGuid(append(s.key[:0], s.prefix...), min)
			ok = s.it.Seek(s.key)
		}
		if !ok {
			s.state = afterLast
			break
		}
		var err error
		if s.current, err = entryID(s.it.Key()); err != nil {
			return objectID{}, false, err
		}
		s.state = atID
	}
	return objectID{}, false, s.it.Err()
}

func (s *entryStream) close() error { return s.it.Close() }

// commonStream gives the ids that all its parts have.
type commonStream struct{ parts []idStream }

func (s *commonStream) seek(min objectID) (objectID, bool, error) {
	for agreed := 0; ; {
		for _, part := range s.parts {
			id, ok, err := part.seek(min)
			if !ok || err != nil {
				return objectID{}, false, err
			}
			if id == min {
				agreed++
			} else {
				min, agreed = id, 1
			}
			if agreed >= len(s.parts) {
				return min, true, nil
			}
		}
	}
}

func (s *commonStream) close() error { return closeAll(s.parts) }

// joinedStream gives the ids that any of its parts has.
type joinedStream struct{ parts []idStream }

func (s *joinedStream) seek(min objectID) (first objectID, found bool, err error) {
	for _, part := range s.parts {
		id, ok, err := part.seek(min)
		if err != nil {
			return objectID{}, false, err
		}
		if ok && (!found || id.compare(first) < 0) {
			first, found = id, true
		}
	}
	return first, found, nil
}

func (s *joinedStream) close() error { return closeAll(s.parts) }

func closeAll(streams []idStream) error {
	var errs []error
	for _, s := range streams {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}
