package storage

import (
	"context"
	"errors"
	"slices"
	"time"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// Search says what to look for among the objects of a kind in a module. The
// query must be a checked one.
type Search struct {
	Kind     dom.ObjectKind
	ModuleID string
	Query    dom.Query
	// Select, when there are any, asks for the values behind these exposers
	// instead of objects.
	Select []dom.Exposer
	// PageSize, when it is not 0, is the most objects the answer has; Next of the
	// answer then is where the next page begins, given back as Cursor.
	PageSize int
	Cursor   string
	// Visible, when it is not nil, says of each object the filter selects whether
	// it counts as there: those it is false of are neither in the answer nor in a
	// limit or page. It belongs to this search alone.
	Visible func(o *dom.RawObject) bool
	// IsPrivate keeps figures out of the explanation that could tell how many
	// objects there are that the filter does not select.
	IsPrivate bool
}

// Answer is what a search found, in the order of its query; without an order by
// id.
type Answer struct {
	// Objects are in their canonical form.
	Objects []slnet.Raw
	// Rows are there instead of Objects when values were selected.
	Rows []dom.SelectedRow
	// Next is empty when nothing follows the page.
	Next        string
	Explanation Explanation
}

// Search carries out a search and says how it was done.
func (r *Reader) Search(ctx context.Context, s Search) (Answer, error) {
	began := time.Now()
	q, err := r.newSearch(ctx, s.Kind, s.ModuleID, s.Query)
	if err != nil {
		return Answer{}, err
	}
	q.selected, q.visible, q.isPrivate = s.Select, s.Visible, s.IsPrivate
	answer, err := q.answer(s)
	answer.Explanation = q.explain(len(answer.Objects)+len(answer.Rows), time.Since(began))
	return answer, err
}

// Query returns the objects of a kind that a checked query selects, in its
// order, in their canonical form. Without an order they come by id.
func (r *Reader) Query(ctx context.Context, kind dom.ObjectKind, moduleID string, query dom.Query) ([]slnet.Raw, error) {
	answer, err := r.Search(ctx, Search{Kind: kind, ModuleID: moduleID, Query: query})
	return answer.Objects, err
}

// Count returns how many objects of a kind a checked filter selects. It asks a
// counter where the filter is a whole kind or definition, and the indexes alone
// where these decide.
func (r *Reader) Count(ctx context.Context, kind dom.ObjectKind, moduleID string, filter dom.Filter) (int64, error) {
	if kind == dom.KindHistoryChange {
		return r.countHistory(ctx, moduleID, filter)
	}
	if filter.Operator == dom.OperatorTrue {
		return r.kv.GetCounter(counterKey(kind, moduleID))
	}
	if kind == dom.KindInstance && filter.Operator == dom.OperatorCompare &&
		filter.Exposer == dom.InstanceExposers.DomDefinitionID && filter.Comparer == dom.Equals {
		if id, ok := guidOf(filter.Value); ok {
			return r.kv.GetCounter(definitionCounterKey(moduleID, dom.DefinitionID(id)))
		}
	}
	q, err := r.newSearch(ctx, kind, moduleID, dom.NewQuery(filter))
	if err != nil {
		return 0, err
	}
	return q.count()
}

// IDs returns the ids of the first objects a checked filter selects, at most
// limit.
func (r *Reader) IDs(ctx context.Context, kind dom.ObjectKind, moduleID string, filter dom.Filter, limit int) ([]string, error) {
	q, err := r.newSearch(ctx, kind, moduleID, dom.NewQuery(filter).Limit(int64(limit)))
	if err != nil {
		return nil, err
	}
	var ids []string
	err = q.each(limit, "", func(f *found) (bool, error) {
		ids = append(ids, f.id)
		return len(ids) < limit, nil
	})
	return ids, err
}

// search is a search being carried out.
type search struct {
	r        *Reader
	ctx      context.Context
	kind     dom.ObjectKind
	moduleID string
	query    dom.Query
	selected []dom.Exposer
	matcher  *dom.Matcher
	// visible is nil when every object that matches counts.
	visible   func(o *dom.RawObject) bool
	isPrivate bool
	indexes   indexes
	// total is the number of objects of the kind, for estimates.
	total int64
	// countOnly: the objects themselves are not asked for.
	countOnly bool
	// isPaged: an answer that is too large is cut, for the rest comes with the next
	// page.
	isPaged bool
	// parts are those of the filter, nil until they are asked for.
	parts *conjunction
	path  *path
	work  work
	steps int
}

// work counts what a search did.
type work struct {
	// Entries of indexes and Objects that were looked at.
	Entries, Objects int64
	// how says it in words.
	how []string
	// isScan: objects were looked at one after the other for want of an index.
	isScan bool
}

func (r *Reader) newSearch(ctx context.Context, kind dom.ObjectKind, moduleID string, query dom.Query) (*search, error) {
	q := &search{r: r, ctx: ctx, kind: kind, moduleID: moduleID, query: query, matcher: dom.NewMatcher(query.Filter)}
	if onlyIDs(query.Filter) && kind != dom.KindModuleSettings {
		// Neither indexes nor statistics can help.
		q.total = assumedTotal
		var err error
		q.path, err = q.plan(query.Filter)
		return q, err
	}
	var err error
	if q.total = assumedTotal; !r.isTx() {
		if q.total, err = r.kv.GetCounter(counterKey(kind, moduleID)); err != nil {
			return nil, err
		}
	}
	q.indexes, err = r.indexState(moduleID)
	return q, err
}

// assumedTotal is how many objects there are assumed to be where they are not
// counted: in a transaction, which would have to run again with every object that
// others store.
const assumedTotal = 1 << 30

// onlyIDs reports whether a filter is made of equalities with ids.
func onlyIDs(f dom.Filter) bool {
	switch f.Operator {
	case dom.OperatorCompare:
		return f.Exposer == dom.InstanceExposers.ID && f.Comparer == dom.Equals
	case dom.OperatorOr:
		return !slices.ContainsFunc(f.Operands, func(f dom.Filter) bool { return !onlyIDs(f) })
	}
	return false
}

// limit is the most objects the query wants, negative for all.
func (q *search) limit() int {
	if q.query.Max == nil {
		return -1
	}
	return int(max(*q.query.Max, 0))
}

func (q *search) answer(s Search) (Answer, error) {
	if s.PageSize > 0 || s.Cursor != "" {
		return q.page(s)
	}
	list, err := q.list(q.limit(), nil)
	if err != nil {
		return Answer{}, err
	}
	return q.answerOf(list)
}

// MaxAnswerBytes bounds the objects of one answer: what a session with a script
// can carry, so that every way to the store ends at the same place.
const MaxAnswerBytes = 31 << 20

// errAnswerTooLarge says what to do about an answer that is too large.
func errAnswerTooLarge(objects int) error {
	return slnet.Errorf(slnet.KindTooLarge,
		"the answer has more than %d MiB after %d objects; read it in pages, in smaller ones, or select what is needed of each object", MaxAnswerBytes>>20, objects)
}

// fitting is how many of the first objects one answer can hold.
func fitting(list []candidate) int {
	size := 0
	for i := range list {
		if size += list[i].size(); size > MaxAnswerBytes {
			return i
		}
	}
	return len(list)
}

func (q *search) answerOf(list []candidate) (Answer, error) {
	var a Answer
	if n := fitting(list); n < len(list) {
		return a, errAnswerTooLarge(n)
	}
	if len(q.selected) > 0 {
		a.Rows = make([]dom.SelectedRow, len(list))
		for i := range list {
			a.Rows[i] = list[i].row
		}
		return a, nil
	}
	a.Objects = make([]slnet.Raw, len(list))
	for i := range list {
		a.Objects[i] = list[i].raw
	}
	return a, nil
}

// candidate is an object that may belong to the answer.
type candidate struct {
	raw slnet.Raw
	row dom.SelectedRow
	id  string
	// key is what the query orders by.
	key []dom.Value
}

// size is about how many bytes of an answer it takes.
func (c *candidate) size() int {
	if c.row.Values != nil {
		return c.row.Msgsize()
	}
	return len(c.raw)
}

// list returns the first objects of the query behind a cursor, at most limit
// when that is not negative.
func (q *search) list(limit int, after *Mark) ([]candidate, error) {
	if limit == 0 {
		return nil, nil
	}
	switch {
	case q.kind == dom.KindHistoryChange:
		return q.listHistory(limit, after)
	case len(q.query.Orders) > 0 && q.query.Orders[0] != (dom.Order{Exposer: dom.InstanceExposers.ID}):
		return q.listOrdered(limit, after)
	}
	var list []candidate
	from := ""
	if after != nil {
		from = after.ID
	}
	size := 0
	err := q.each(limit, from, func(f *found) (bool, error) {
		c := q.take(f, nil)
		if size += c.size(); size > MaxAnswerBytes && !q.isPaged {
			return false, errAnswerTooLarge(len(list))
		}
		list = append(list, c)
		if size > MaxAnswerBytes {
			return false, nil // page cuts it
		}
		return len(list) != limit, f.object.Err()
	})
	return list, err
}

// take keeps what the answer needs of an object.
func (q *search) take(f *found, key []dom.Value) candidate {
	c := candidate{id: f.id, key: key}
	if len(q.selected) > 0 {
		c.row = f.object.Select(f.id, q.selected)
	} else if c.raw = f.raw; !f.isOwned {
		c.raw = slices.Clone(f.raw)
	}
	return c
}

// found is an object on its way to who asked for it. It is valid during the
// visit only.
type found struct {
	id      string
	raw     slnet.Raw
	isOwned bool // raw outlives the visit
	object  *dom.RawObject
}

// cancelEvery is after how many steps a walk looks whether its caller still
// waits.
const cancelEvery = 256

// step counts a step of a walk, and fails when the caller is gone.
func (q *search) step() error {
	if q.steps++; q.steps%cancelEvery == 0 {
		return q.ctx.Err()
	}
	return nil
}

// planned plans the filter once.
func (q *search) planned() (*path, error) {
	var err error
	if q.path == nil && q.kind == dom.KindModuleSettings {
		q.path = &path{op: pathAll, estimate: q.total}
	} else if q.path == nil && q.query.Filter.Operator == dom.OperatorAnd {
		var c *conjunction
		if c, err = q.filterParts(); err == nil {
			q.path, err = q.planConjunction(c)
		}
	} else if q.path == nil {
		q.path, err = q.plan(q.query.Filter)
	}
	return q.path, err
}

// each calls fn with the objects the filter selects, by id, behind the id after
// when it is not empty, until fn returns false. wanted is how many the
// caller is going to take, negative for all; it decides only how they are found.
func (q *search) each(wanted int, after string, fn func(f *found) (bool, error)) error {
	p, err := q.planned()
	if err != nil {
		return err
	}
	if p.op != pathAll && !q.scanIsCheaper(p, wanted) {
		called := false
		err := q.eachOf(p, after, func(f *found) (bool, error) {
			called = true
			return fn(f)
		})
		if called || !errors.Is(err, errTooMany) {
			return err
		}
	}
	return q.scan(p, after, fn)
}

// scanIsCheaper compares looking at objects one after the other with the way
// through indexes.
func (q *search) scanIsCheaper(p *path, wanted int) bool {
	hits := max(min(p.estimate, q.total), 1)
	scanned, taken := q.total, hits
	if wanted >= 0 && int64(wanted) < hits {
		taken = int64(wanted)
		scanned = int64(float64(q.total) / float64(hits) * float64(wanted))
	}
	return scanned*costScan < p.openCost()+taken*costObject
}

// scan looks at every object behind an id.
func (q *search) scan(p *path, after string, fn func(f *found) (bool, error)) error {
	q.work.isScan = q.work.isScan || !p.exact || p.op != pathAll
	q.work.how = append(q.work.how, "look at every "+string(q.kind)+" by id")
	prefix := kindPrefix(spaceObject, q.kind, q.moduleID)
	rng := kv.PrefixRange(prefix)
	if q.kind == dom.KindModuleSettings {
		if id, ok := settingsID(q.query.Filter); ok {
			rng = kv.PrefixRange(appendString(slices.Clone(prefix), id))
		}
	}
	if after != "" {
		key, _ := appendObjectID(slices.Clone(prefix), q.kind, after)
		rng.Begin = append(key, 0)
	}
	it := q.r.kv.Scan(rng)
	defer it.Close()
	var o dom.RawObject
	for it.Next() {
		if err := q.step(); err != nil {
			return err
		}
		q.work.Objects++
		raw := it.Value()
		o.Reset(q.kind, raw)
		if selected := q.selects(&o, p.op == pathAll && p.exact); !selected && o.Err() == nil {
			continue
		}
		if err := o.Err(); err != nil {
			return err
		}
		id, _, err := readObjectID(q.kind, it.Key()[len(prefix):])
		if err != nil {
			return err
		}
		if more, err := fn(&found{id: id, raw: raw, object: &o}); err != nil || !more {
			return err
		}
	}
	return it.Err()
}

// selects reports whether an object belongs to what is searched. matches says
// that the filter is known to select it.
func (q *search) selects(o *dom.RawObject, matches bool) bool {
	return (matches || q.matcher.Matches(o)) && (q.visible == nil || q.visible(o))
}

// settingsID is the module id that a filter on module settings is limited to.
func settingsID(f dom.Filter) (string, bool) {
	if f.Operator == dom.OperatorCompare && f.Exposer == dom.ModuleSettingsExposers.ModuleID && f.Comparer == dom.Equals {
		// Module ids are lowercase, so an equality without regard to case is one
		// with the folded text.
		if f.IsOrdinal {
			return f.Value.String(), true
		}
		return foldText(f.Value.String()), true
	}
	if f.Operator == dom.OperatorAnd {
		for _, operand := range f.Operands {
			if id, ok := settingsID(operand); ok {
				return id, true
			}
		}
	}
	return "", false
}

// count counts what the filter selects, by indexes alone where they decide.
func (q *search) count() (int64, error) {
	q.countOnly = true
	if r, err := q.wholeRange(); err != nil {
		return 0, err
	} else if r != nil {
		return q.countEntries(r)
	}
	p, err := q.planned()
	if err != nil {
		return 0, err
	}
	if p.op == pathAll && p.exact {
		return q.r.kv.GetCounter(counterKey(q.kind, q.moduleID))
	}
	if p.complement != nil {
		n, err := q.countIDs(p.complement)
		if err == nil {
			total, err := q.r.kv.GetCounter(counterKey(q.kind, q.moduleID))
			return total - n, err
		}
		if !errors.Is(err, errUndecided) && !errors.Is(err, errTooMany) {
			return 0, err
		}
	} else if p.op != pathAll && p.exact {
		n, err := q.countIDs(p)
		if err == nil || !errors.Is(err, errUndecided) && !errors.Is(err, errTooMany) {
			return n, err
		}
	}
	var n int64
	err = q.each(-1, "", func(*found) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}

// errUndecided: the indexes do not decide.
var errUndecided = errors.New("undecided")

// countIDs counts the ids of an exact path. Whether a listed id is that of an
// object is looked up.
func (q *search) countIDs(p *path) (n int64, err error) {
	if p.isLoose {
		return 0, errUndecided
	}
	stream, err := q.open(p)
	if err != nil {
		return 0, err
	}
	id, ok, err := stream.seek(objectID{})
	for ; ok && err == nil; id, ok, err = stream.seek(id) {
		n++
		if id, ok = id.next(); !ok {
			break
		}
	}
	if err == nil && !p.isExact() {
		err = errUndecided
	}
	return n, errors.Join(err, stream.close())
}

// isExact reports whether a path is exact after its ids were gathered, which may
// have met texts that were cut.
func (p *path) isExact() bool {
	return p.exact && !slices.ContainsFunc(p.parts, func(part *path) bool { return !part.isExact() })
}
