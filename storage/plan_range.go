package storage

import (
	"bytes"
	"errors"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// conjunction is an And taken apart: what it asks of properties of which objects
// have one value at most, and the rest. What is always true is left out.
type conjunction struct {
	ranges []*valueRange
	rest   []dom.Filter
}

// valueRange is where all comparisons with the one value of a property are true:
// those are one range of its index, where an object with several values may meet
// each comparison by another.
type valueRange struct {
	exposer dom.Exposer
	index   index
	leaves  []dom.Filter
	// paths are those of the range, not measured, one for each area of the index.
	paths []*path
	// measured is the path they make, nil until it is asked for.
	measured *path
}

// takeApart takes an And apart, with those among its operands.
func (q *search) takeApart(operands []dom.Filter) (*conjunction, error) {
	c := new(conjunction)
	return c, q.takeInto(c, operands)
}

func (q *search) takeInto(c *conjunction, operands []dom.Filter) error {
	for _, f := range operands {
		if f.Operator == dom.OperatorAnd {
			if err := q.takeInto(c, f.Operands); err != nil {
				return err
			}
			continue
		}
		isAll, err := q.selectsAll(f)
		if err != nil {
			return err
		}
		if !isAll && !c.narrow(q, f) {
			c.rest = append(c.rest, f)
		}
	}
	return nil
}

// selectsAll reports whether a filter is known to select every object: those of
// the only definition there are instances of.
func (q *search) selectsAll(f dom.Filter) (bool, error) {
	if f.Operator != dom.OperatorCompare || f.Comparer != dom.Equals || f.Exposer != dom.InstanceExposers.DomDefinitionID ||
		q.kind != dom.KindInstance || q.r.isTx() {
		return f.Operator == dom.OperatorTrue, nil
	}
	id, ok := guidOf(f.Value)
	if !ok {
		return false, nil
	}
	n, err := q.r.kv.GetCounter(definitionCounterKey(q.moduleID, dom.DefinitionID(id)))
	return n == q.total, err
}

// narrow adds a comparison to the range of its property, if it can be part of one.
func (c *conjunction) narrow(q *search, f dom.Filter) bool {
	if f.Operator != dom.OperatorCompare {
		return false
	}
	switch f.Comparer {
	case dom.Equals, dom.GreaterThan, dom.GreaterThanOrEqual, dom.LessThan, dom.LessThanOrEqual:
	default:
		return false
	}
	ix, ok := q.indexOf(f.Exposer)
	if !ok || !ix.single {
		return false
	}
	for _, r := range c.ranges {
		if r.exposer == f.Exposer && isExact(r.leaves[0]) == isExact(f) {
			r.leaves = append(r.leaves, f)
			r.paths = ix.meet(r.paths, ix.paths(f))
			return true
		}
	}
	c.ranges = append(c.ranges, &valueRange{exposer: f.Exposer, index: ix, leaves: []dom.Filter{f}, paths: ix.paths(f)})
	return true
}

// isExact reports whether a comparison looks at the exact forms of texts. Ranges of
// these and of folded ones have nothing in common.
func isExact(f dom.Filter) bool {
	return f.Value.Kind() == dom.KindGuid || f.Value.Kind() == dom.KindString && f.IsOrdinal
}

// meet returns what paths of two comparisons with one value have in common. A
// span of one value is within another span or beside it.
func (ix index) meet(some, others []*path) []*path {
	var both []*path
	for _, a := range some {
		for _, b := range others {
			span := a.spans[0]
			if bytes.Compare(b.spans[0].Begin, span.Begin) > 0 {
				span.Begin = b.spans[0].Begin
			}
			if bytes.Compare(b.spans[0].End, span.End) < 0 {
				span.End = b.spans[0].End
			}
			if bytes.Compare(span.Begin, span.End) >= 0 {
				continue
			}
			area := ix.area(span.Begin)
			both = append(both, &path{
				op: pathSpans, exact: a.exact && b.exact, inOrder: a.inOrder || b.inOrder, index: a.index, prefix: a.prefix, spans: []kv.Range{span},
				isTwoEnded: bytes.Compare(area.Begin, span.Begin) < 0 && bytes.Compare(span.End, area.End) < 0,
			})
		}
	}
	return both
}

// pathsOf returns the paths of the parts of a conjunction, which ends with the
// first part that selects nothing.
func (q *search) pathsOf(c *conjunction) ([]*path, error) {
	var paths []*path
	for _, r := range c.ranges {
		p, err := q.planRange(r)
		if err != nil {
			return nil, err
		}
		if paths = append(paths, p); p.op == pathIDs && len(p.ids) == 0 {
			return paths, nil
		}
	}
	for _, f := range c.rest {
		p, err := q.plan(f)
		if err != nil {
			return nil, err
		}
		if paths = append(paths, p); p.op == pathIDs && len(p.ids) == 0 {
			return paths, nil
		}
	}
	return paths, nil
}

// planRange is the path of a range. One with two ends is likely to be short, so
// more of it is read than of others to know all that it has.
func (q *search) planRange(r *valueRange) (*path, error) {
	if r.measured != nil {
		return r.measured, nil
	}
	f, size := r.leaves[0], sampleSize
	if len(r.leaves) > 1 {
		f, size = dom.And(r.leaves...), lookUpSample
	}
	var err error
	r.measured, err = q.measureAll(r.paths, nil, size, &f)
	return r.measured, err
}

// filterParts is the filter of the search, taken apart once.
func (q *search) filterParts() (*conjunction, error) {
	var err error
	if q.parts == nil {
		q.parts, err = q.takeApart([]dom.Filter{q.query.Filter})
	}
	return q.parts, err
}

// wholeRange returns the range that the filter is and nothing else, nil when it is
// not one that its index decides alone.
func (q *search) wholeRange() (*valueRange, error) {
	c, err := q.filterParts()
	if err != nil || len(c.ranges) != 1 || len(c.rest) > 0 || slices.ContainsFunc(c.ranges[0].paths, func(p *path) bool { return !p.exact }) {
		return nil, err
	}
	return c.ranges[0], nil
}

// rangeOf returns the range that the filter asks of a property, nil when there is none
// in whose order objects come: that of texts without regard to case is none.
// isWhole: the filter is nothing else.
func (q *search) rangeOf(e dom.Exposer) (r *valueRange, isWhole bool, err error) {
	c, err := q.filterParts()
	if err != nil {
		return nil, false, err
	}
	for _, r := range c.ranges {
		if r.exposer == e && !slices.ContainsFunc(r.paths, (*path).hasTexts) {
			return r, len(c.ranges) == 1 && len(c.rest) == 0, nil
		}
	}
	return nil, false, nil
}

// hasTexts reports whether a span has entries of texts.
func (p *path) hasTexts() bool { return p.spans[0].Begin[len(p.prefix)] <= tupleExact }

// countEntries counts the index entries in a range, of which each object in it has
// one.
func (q *search) countEntries(r *valueRange) (n int64, err error) {
	for _, p := range r.paths {
		it := q.r.kv.Scan(p.spans[0])
		for err = q.step(); err == nil && it.Next(); err = q.step() {
			n++
		}
		if err = errors.Join(err, it.Err(), it.Close()); err != nil {
			return 0, err
		}
	}
	q.work.Entries += n
	return n, nil
}
