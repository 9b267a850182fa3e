package storage

import (
	"encoding/binary"
	"math"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// What work costs, in steps of walking one index entry. They were measured with
// small instances; only their ratios matter.
const (
	costEntry  = 1 // the next entry of an index
	costSort   = 1 // putting an entry in the order of ids
	costSeek   = 6 // going to an entry elsewhere
	costScan   = 3 // the next object, with the filter applied
	costObject = 8 // an object by id, with the filter applied
)

// What is read at most to estimate how much there is.
const (
	sampleSize    = 64   // entries of one value or range
	lookUpSample  = 4096 // entries of many values; they are the answer when there are no more
	sampleObjects = 24   // objects a filter is tried on
)

// openCost is what it costs before the first id comes.
func (p *path) openCost() int64 {
	switch {
	case p.op == pathSpans && p.test != nil:
		return costSeek + p.estimate*testedPerHit*costEntry
	case p.op == pathSpans && !p.inOrder:
		return costSeek*int64(len(p.spans)) + p.estimate*(costEntry+costSort)
	}
	cost := int64(costSeek)
	for _, part := range p.parts {
		cost += part.openCost()
		if p.op == pathOr {
			cost += part.estimate * (costEntry + costSort)
		}
	}
	return cost
}

// isOrdered reports whether ids come in order without being gathered.
func (p *path) isOrdered() bool {
	switch p.op {
	case pathIDs:
		return true
	case pathSpans:
		return p.inOrder
	}
	return p.op == pathAnd && !slices.ContainsFunc(p.parts, func(part *path) bool { return !part.isOrdered() })
}

// testedPerHit is how many texts are assumed to be tested for one that contains
// another.
const testedPerHit = 20

// guess is how many objects a comparison without an index, or all of several, are
// assumed to select.
func (q *search) guess(f dom.Filter) int64 {
	n := q.total
	leaves := []dom.Filter{f}
	if f.Operator == dom.OperatorAnd {
		leaves = f.Operands
	}
	for _, leaf := range leaves {
		if leaf.Comparer == dom.Equals {
			n /= 20
		} else {
			n /= 3
		}
	}
	return max(n, 1)
}

// measure estimates how many entries a path of spans has, from the first few.
// When that are all, they are the path.
func (q *search) measure(p *path, size int, f *dom.Filter) (*path, error) {
	if p.test != nil {
		p.estimate = max(q.total/testedPerHit, 1)
		return p, nil
	}
	if definition, ok := q.definitionPath(p, f); ok && !q.r.isTx() {
		n, err := q.r.kv.GetCounter(definition)
		p.estimate = n
		if n > int64(size) || err != nil {
			return p, err
		}
	}
	ids, whole, spans, err := q.gatherSome(p, size)
	if err != nil {
		return nil, err
	}
	if whole {
		ids = sortedIDs(ids)
		return &path{op: pathIDs, exact: p.exact, ids: ids, estimate: int64(len(ids)), index: p.index, spans: p.spans, isTwoEnded: p.isTwoEnded && !p.inOrder}, nil
	}
	switch {
	case p.inOrder:
		p.estimate = byDensity(ids)
	case len(p.spans) > 1:
		p.estimate = int64(len(ids)) * int64(len(p.spans)) / int64(max(spans, 1))
	case f != nil && q.r.isTx():
		p.estimate = q.guess(*f)
	case f != nil:
		if p.estimate, err = q.tryObjects(*f); err != nil {
			return nil, err
		}
	}
	p.estimate = max(min(p.estimate, q.total), int64(len(ids)))
	return p, nil
}

// definitionPath returns the counter that knows how many entries a path has.
func (q *search) definitionPath(p *path, f *dom.Filter) (counter []byte, ok bool) {
	if f == nil || q.kind != dom.KindInstance || f.Exposer != dom.InstanceExposers.DomDefinitionID || !p.inOrder {
		return nil, false
	}
	id, ok := guidOf(f.Value)
	return definitionCounterKey(q.moduleID, dom.DefinitionID(id)), ok
}

// byDensity estimates how many ids there are from the first ones: ids are random,
// so they lie evenly between the smallest and the largest possible.
func byDensity(ids []objectID) int64 {
	last := ids[len(ids)-1]
	part := float64(binary.BigEndian.Uint64(last[:8])) / math.MaxUint64
	return int64(min(float64(len(ids))/max(part, 1e-12), math.MaxInt32))
}

// gatherSome reads the first ids of a path of spans, and says whether these are
// all, and how many spans they came from.
func (q *search) gatherSome(p *path, size int) (ids []objectID, whole bool, spans int, err error) {
	it := q.r.kv.Scan(kv.Range{Begin: p.spans[0].Begin, End: p.spans[len(p.spans)-1].End})
	defer it.Close()
	for _, span := range p.spans {
		ok := false
		if spans == 0 {
			ok = it.Next()
		} else {
			ok = it.Seek(span.Begin)
		}
		for ; ok && string(it.Key()) < string(span.End); ok = it.Next() {
			if len(ids) == size {
				return ids, false, spans, nil
			}
			q.work.Entries++
			id, err := entryID(it.Key())
			if err != nil {
				return nil, false, 0, err
			}
			ids = append(ids, id)
		}
		spans++
	}
	return ids, true, spans, it.Err()
}

// tryObjects estimates how many objects a filter selects by applying it to some,
// which lie evenly among all ids.
func (q *search) tryObjects(f dom.Filter) (int64, error) {
	matcher := dom.NewMatcher(f)
	prefix := kindPrefix(spaceObject, q.kind, q.moduleID)
	it := q.r.kv.Scan(kv.PrefixRange(prefix))
	defer it.Close()
	var o dom.RawObject
	tried, matched := int64(0), int64(0)
	for i := range uint64(sampleObjects) {
		var id objectID
		binary.BigEndian.PutUint64(id[:], math.MaxUint64/sampleObjects*i)
		if !it.Seek(appendGuid(prefix[:len(prefix):len(prefix)], id)) {
			break
		}
		q.work.Objects++
		o.Reset(q.kind, it.Value())
		if tried++; matcher.Matches(&o) {
			matched++
		}
		if err := o.Err(); err != nil {
			return 0, err
		}
	}
	// One more of each keeps a small sample from saying none or all.
	return q.total * (matched + 1) / (tried + 2), it.Err()
}
