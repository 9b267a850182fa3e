package storage

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// A path is a way to the objects a filter selects: their ids, from indexes. The
// objects of a path are all that the filter selects, and when it is exact no
// others; otherwise the filter is applied to each object too.
type path struct {
	op    pathOp
	exact bool
	// isLoose: there may be ids of no object among those of the path.
	isLoose bool
	// estimate is about how many ids there are.
	estimate int64

	ids   []objectID // pathIDs: sorted, each once
	parts []*path    // pathAnd, pathOr

	// pathSpans: the entries of an index in some ranges. inOrder means that they
	// come by id: one range, of one value.
	index   string
	prefix  []byte // of the index
	spans   []kv.Range
	inOrder bool
	// isTwoEnded: the span ends on both sides by a comparison.
	isTwoEnded bool
	// test, when there is one, decides about entries by their text.
	test func(text []byte, isCut bool) verdict

	// complement is what a pathAll leaves out, when that is known: the path of
	// what was negated.
	complement *path
}

type pathOp uint8

const (
	pathAll   pathOp = iota // every object: a scan
	pathIDs                 // listed ids; with none of them, no object
	pathSpans               // ranges of an index
	pathAnd                 // what all parts have
	pathOr                  // what any part has
)

// verdict is what an index entry alone says about its object.
type verdict uint8

const (
	isOut verdict = iota
	isIn
	isUnclear // the object itself has to be asked
)

// objectID is the id of an object that is no module settings.
type objectID [16]byte

func (id objectID) compare(other objectID) int { return bytes.Compare(id[:], other[:]) }

// next is the id behind id; ok is false when there is none.
func (id objectID) next() (_ objectID, ok bool) {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			return id, true
		}
	}
	return id, false
}

func nothing() *path { return &path{op: pathIDs, exact: true} }

// plan returns the path of a filter.
func (q *search) plan(f dom.Filter) (*path, error) {
	switch f.Operator {
	case dom.OperatorTrue:
		return &path{op: pathAll, exact: true, estimate: q.total}, nil
	case dom.OperatorAnd:
		return q.planAnd(f.Operands)
	case dom.OperatorOr:
		return q.planOr(f.Operands)
	case dom.OperatorNot:
		inner, err := q.plan(f.Operands[0])
		return q.without(inner), err
	case dom.OperatorCompare:
		return q.planLeaf(f)
	}
	return nothing(), nil
}

// without is the path of what another leaves out.
func (q *search) without(p *path) *path {
	if p == nil {
		return nil
	}
	if p.op == pathAll && p.exact {
		return nothing()
	}
	all := &path{op: pathAll, estimate: max(q.total-p.estimate, 1)}
	if p.exact && p.op != pathAll {
		all.complement = p
	}
	return all
}

// planAnd intersects the paths of the operands as far as that is cheaper than
// looking at the objects.
func (q *search) planAnd(operands []dom.Filter) (*path, error) {
	c, err := q.takeApart(operands)
	if err != nil {
		return nil, err
	}
	return q.planConjunction(c)
}

func (q *search) planConjunction(c *conjunction) (*path, error) {
	exact := true
	estimate := q.total
	paths, err := q.pathsOf(c)
	if err != nil {
		return nil, err
	}
	var parts []*path
	for _, p := range paths {
		estimate = min(estimate, p.estimate)
		switch {
		case p.op == pathIDs && len(p.ids) == 0:
			return p, nil
		case p.op == pathAll:
			exact = exact && p.exact
		default:
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return &path{op: pathAll, exact: exact, estimate: estimate}, nil
	}
	slices.SortStableFunc(parts, byEstimate)
	return q.intersect(parts, exact), nil
}

func byEstimate(a, b *path) int { return cmp.Compare(a.estimate, b.estimate) }

// intersect takes the smallest path and those others that keep more objects from
// being read than they cost.
func (q *search) intersect(parts []*path, exact bool) *path {
	first := parts[0]
	chosen := []*path{first}
	allExact := exact && !slices.ContainsFunc(parts, func(p *path) bool { return !p.exact })
	for _, p := range parts[1:] {
		left := float64(p.estimate) / float64(max(q.total, 1))
		if allExact && q.countOnly {
			left = 0
		}
		saved := float64(first.estimate) * (1 - left) * costObject
		price := float64(min(first.estimate*costSeek, p.estimate*costEntry))
		if !p.isOrdered() {
			price = float64(p.openCost())
		}
		if saved > price {
			chosen = append(chosen, p)
		}
	}
	exact = allExact && len(chosen) == len(parts)
	if len(chosen) == 1 {
		single := *first
		single.exact = exact
		return &single
	}
	and := &path{op: pathAnd, exact: exact, isLoose: true, estimate: first.estimate, parts: chosen}
	for _, p := range chosen {
		and.isLoose = and.isLoose && p.isLoose
	}
	return and
}

// planOr joins the paths of the operands; one without a path makes it a scan.
func (q *search) planOr(operands []dom.Filter) (*path, error) {
	parts, rest, err := q.planEqualities(operands)
	if err != nil {
		return nil, err
	}
	or := &path{op: pathOr, exact: true}
	var ids []objectID
	for _, operand := range rest {
		p, err := q.plan(operand)
		if err != nil {
			return nil, err
		}
		if p.op == pathAll {
			return &path{op: pathAll, exact: p.exact, estimate: q.total}, nil
		}
		parts = append(parts, p)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	for _, p := range parts {
		or.exact, or.isLoose = or.exact && p.exact, or.isLoose || p.isLoose
		or.estimate = min(or.estimate+p.estimate, q.total)
		if p.op == pathIDs {
			ids = append(ids, p.ids...)
		} else {
			or.parts = append(or.parts, p)
		}
	}
	ids = sortedIDs(ids)
	if len(or.parts) == 0 {
		return &path{op: pathIDs, exact: or.exact, isLoose: or.isLoose, ids: ids, estimate: int64(len(ids))}, nil
	}
	if len(ids) > 0 {
		or.parts = append(or.parts, &path{op: pathIDs, exact: or.exact, ids: ids, estimate: int64(len(ids))})
	}
	return or, nil
}

func sortedIDs(ids []objectID) []objectID {
	slices.SortFunc(ids, objectID.compare)
	return slices.Compact(ids)
}

// manyEqualities is from how many equalities of one property on they are looked
// up together.
const manyEqualities = 8

// planEqualities takes from the operands of an Or those of which many ask for
// values of the same property: they become one path, looked up in one go.
func (q *search) planEqualities(operands []dom.Filter) (parts []*path, rest []dom.Filter, err error) {
	byExposer := make(map[dom.Exposer][]dom.Filter)
	for _, f := range operands {
		if f.Operator == dom.OperatorCompare && f.Comparer == dom.Equals {
			byExposer[f.Exposer] = append(byExposer[f.Exposer], f)
		}
	}
	done := make(map[dom.Exposer]bool)
	for _, f := range operands {
		same := byExposer[f.Exposer]
		if f.Operator != dom.OperatorCompare || f.Comparer != dom.Equals || len(same) < manyEqualities {
			rest = append(rest, f)
			continue
		}
		ix, ok := q.indexOf(f.Exposer)
		if !ok {
			rest = append(rest, f)
			continue
		}
		if !done[f.Exposer] {
			done[f.Exposer] = true
			p, err := q.lookUp(ix, same)
			if err != nil {
				return nil, nil, err
			}
			parts = append(parts, p)
		}
	}
	return parts, rest, nil
}

// lookUp is the path of the objects that have any of many values.
func (q *search) lookUp(ix index, leaves []dom.Filter) (*path, error) {
	p := &path{op: pathSpans, exact: true, index: ix.name, prefix: ix.prefix}
	for _, f := range leaves {
		for _, part := range ix.paths(f) {
			p.spans = append(p.spans, part.spans...)
			p.exact = p.exact && part.exact
		}
	}
	slices.SortFunc(p.spans, func(a, b kv.Range) int { return bytes.Compare(a.Begin, b.Begin) })
	p.spans = slices.CompactFunc(p.spans, func(a, b kv.Range) bool { return bytes.Equal(a.Begin, b.Begin) })
	return q.measure(p, lookUpSample, nil)
}

// planLeaf is the path of one comparison.
func (q *search) planLeaf(f dom.Filter) (*path, error) {
	if positive, ok := positiveOf[f.Comparer]; ok {
		f.Comparer = positive
		p, err := q.planLeaf(f)
		return q.without(p), err
	}
	all := &path{op: pathAll, estimate: q.guess(f)}
	switch {
	case f.Exposer == dom.InstanceExposers.ID && f.Value.Kind() != dom.KindInvalid:
		return planID(f, all), nil
	case f.Exposer == dom.InstanceExposers.KeyExists(f.Exposer.FieldID):
		return q.planKeyExists(f)
	case f.Comparer == dom.Regex:
		return all, nil
	}
	ix, ok := q.indexOf(f.Exposer)
	var texts *path
	if f.Comparer == dom.Contains {
		var err error
		if texts, err = q.planContains(f, ok); err != nil {
			return nil, err
		}
	}
	if !ok {
		if _, isGuid := guidOf(f.Value); texts != nil && !isGuid {
			return texts, nil
		}
		return all, nil
	}
	return q.measureAll(ix.paths(f), texts, sampleSize, &f)
}

// measureAll measures the paths that a filter has in an index, and joins them. Those
// that test texts are replaced by texts when that is not nil.
func (q *search) measureAll(parts []*path, texts *path, size int, f *dom.Filter) (*path, error) {
	or := &path{op: pathOr, exact: true}
	for _, part := range parts {
		p, err := texts, error(nil)
		if texts == nil || part.test == nil {
			p, err = q.measure(part, size, f)
		}
		if err != nil {
			return nil, err
		}
		if p.op == pathIDs && len(p.ids) == 0 {
			continue
		}
		or.parts, or.exact, or.estimate = append(or.parts, p), or.exact && p.exact, or.estimate+p.estimate
	}
	switch len(or.parts) {
	case 0:
		return nothing(), nil
	case 1:
		return or.parts[0], nil
	}
	return or, nil
}

// positiveOf maps the negative comparers to what they negate.
var positiveOf = map[dom.Comparer]dom.Comparer{dom.NotEquals: dom.Equals, dom.NotContains: dom.Contains, dom.NotRegex: dom.Regex}

func planID(f dom.Filter, all *path) *path {
	if f.Comparer != dom.Equals && f.Comparer != dom.Contains {
		return all
	}
	id, ok := guidOf(f.Value)
	if !ok {
		return nothing()
	}
	return &path{op: pathIDs, exact: true, isLoose: true, ids: []objectID{id}, estimate: 1}
}

// guidOf is the Guid that a value is or spells.
func guidOf(v dom.Value) (objectID, bool) {
	switch v.Kind() {
	case dom.KindGuid:
		return objectID(v.Guid()), true
	case dom.KindString:
		id, err := uuid.Parse(v.Text())
		return objectID(id), err == nil
	}
	return objectID{}, false
}

// planKeyExists finds the objects with a field by the entries of its index.
func (q *search) planKeyExists(f dom.Filter) (*path, error) {
	onTrue, onFalse := holdsBool(true, f), holdsBool(false, f)
	ix, ok := q.indexOf(dom.InstanceExposers.FieldValue(f.Exposer.FieldID))
	switch {
	case onTrue && onFalse:
		return &path{op: pathAll, exact: true, estimate: q.total}, nil
	case !onTrue && !onFalse:
		return nothing(), nil
	case !ok:
		return &path{op: pathAll, estimate: q.guess(f)}, nil
	}
	exists := dom.InstanceExposers.KeyExists(f.Exposer.FieldID).Equal(true)
	p, err := q.measure(&path{op: pathSpans, exact: true, index: ix.name, prefix: ix.prefix, spans: []kv.Range{kv.PrefixRange(ix.prefix)}}, sampleSize, &exists)
	if err == nil && onFalse {
		p = q.without(p)
	}
	return p, err
}

// holdsBool compares a bool as the filter does.
func holdsBool(b bool, f dom.Filter) bool {
	if f.Value.Kind() != dom.KindBool {
		return false
	}
	want := f.Value.Bool()
	switch f.Comparer {
	case dom.Equals, dom.Contains:
		return b == want
	case dom.GreaterThan:
		return b && !want
	case dom.GreaterThanOrEqual:
		return b || !want
	case dom.LessThan:
		return !b && want
	case dom.LessThanOrEqual:
		return !b || want
	}
	return false
}
