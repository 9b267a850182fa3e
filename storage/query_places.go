package storage

import (
	"bytes"
	"errors"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// The place of an object in the order of an index is its entry there, with all
// texts in one area: appendPlace is appendExact but for that.
func appendPlace(b []byte, v dom.Value) []byte {
	at := len(b)
	b = appendExact(b, v)
	if b[at] == tupleExact {
		b[at] = tupleString
	}
	return b
}

// places walks the places of an index in their order: the areas of exact texts,
// merged, and those of other values.
type places struct {
	typeAt  int // where the type of the value stands in a key
	reverse bool
	parts   []place
	current int // of parts, negative at the end
	started bool
	buffer  []byte
}

// place is where a part stands.
type place struct {
	it   kv.Iterator
	area byte // the type of its keys, 0 for others than texts
	ok   bool
}

// scanPlaces walks the places in a range. Keys of the range have the types of
// places; the index's prefix has typeAt bytes.
func (r *Reader) scanPlaces(typeAt int, rng kv.Range) *places {
	p := &places{typeAt: typeAt, reverse: rng.Reverse, current: -1}
	prefix := rng.Begin[:typeAt:typeAt]
	for _, area := range []byte{tupleString, tupleExact, 0} {
		part := kv.PrefixRange(append(prefix, area))
		if area == 0 {
			part = kv.Range{Begin: append(prefix, tupleExact+1), End: kv.PrefixEnd(prefix)}
		}
		if begin := p.inArea(rng.Begin, area); bytes.Compare(begin, part.Begin) > 0 {
			part.Begin = begin
		}
		if end := p.inArea(rng.End, area); bytes.Compare(end, part.End) < 0 {
			part.End = end
		}
		if bytes.Compare(part.Begin, part.End) < 0 {
			part.Reverse = rng.Reverse
			p.parts = append(p.parts, place{it: r.kv.Scan(part), area: area})
		}
	}
	return p
}

// inArea is the key with the type of an area in the stead of that of places.
func (p *places) inArea(key []byte, area byte) []byte {
	if area != tupleExact || len(key) <= p.typeAt || key[p.typeAt] != tupleString {
		return key
	}
	key = bytes.Clone(key)
	key[p.typeAt] = area
	return key
}

func (p *places) next() bool {
	for i := range p.parts {
		if part := &p.parts[i]; !p.started || i == p.current {
			part.ok = part.it.Next()
		}
	}
	p.started = true
	return p.choose()
}

// seek moves to the first place at or behind a key.
func (p *places) seek(key []byte) bool {
	for i := range p.parts {
		part := &p.parts[i]
		part.ok = part.it.Seek(p.inArea(key, part.area))
	}
	p.started = true
	return p.choose()
}

// choose makes the part with the first place the current one.
func (p *places) choose() bool {
	p.current = -1
	for i := range p.parts {
		if p.parts[i].ok && (p.current < 0 || p.isBefore(i, p.current)) {
			p.current = i
		}
	}
	if p.current < 0 {
		return false
	}
	p.buffer = append(p.buffer[:0], p.parts[p.current].it.Key()...)
	if p.parts[p.current].area == tupleExact {
		p.buffer[p.typeAt] = tupleString
	}
	return true
}

func (p *places) isBefore(i, j int) bool {
	a, b := &p.parts[i], &p.parts[j]
	c := 0
	if a.area == 0 || b.area == 0 {
		c = bytes.Compare(a.it.Key(), b.it.Key())
	} else {
		c = bytes.Compare(a.it.Key()[p.typeAt+1:], b.it.Key()[p.typeAt+1:])
	}
	return c < 0 != p.reverse && c != 0
}

// key is the key of the current place, valid until the next move.
func (p *places) key() []byte { return p.buffer }

// close closes the iterators and returns what ended the walk early.
func (p *places) close() error {
	var errs []error
	for i := range p.parts {
		errs = append(errs, p.parts[i].it.Err(), p.parts[i].it.Close())
	}
	return errors.Join(errs...)
}
