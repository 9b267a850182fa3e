package storage

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// listOrdered returns the first objects in the order of the query behind a mark:
// along the index of what is ordered by first, or by sorting what the filter
// selects, whatever is cheaper.
func (q *search) listOrdered(limit int, after *Mark) ([]candidate, error) {
	first := q.query.Orders[0]
	if after != nil && isAbsent(after.Key) && q.isThenByID() {
		w := &orderWalk{q: q, limit: limit, after: after}
		err := w.absent()
		return w.result, err
	}
	if q.kind != dom.KindModuleSettings {
		w, err := q.walkFor(limit)
		if err != nil {
			return nil, err
		}
		if w != nil {
			w.after, w.descending = after, first.Descending
			list, err := w.list()
			if !errors.Is(err, errBudget) {
				return list, err
			}
		}
	}
	return q.listSorted(limit, after, nil)
}

// walkFor returns the walk along the index of the first order, nil when sorting is
// better.
func (q *search) walkFor(limit int) (*orderWalk, error) {
	ix, ok := q.indexOf(q.query.Orders[0].Exposer)
	if !ok {
		return nil, nil
	}
	r, isWhole, err := q.rangeOf(q.query.Orders[0].Exposer)
	if err != nil || r != nil && len(r.paths) == 0 {
		return nil, err
	}
	w := &orderWalk{q: q, index: ix, limit: limit}
	switch {
	case r != nil && isWhole:
		return w.all(r.paths[0])
	case limit < 0:
		return nil, nil
	}
	along := q.total
	if r != nil {
		p, err := q.planRange(r)
		if err != nil {
			return nil, err
		}
		w.span, along = &r.paths[0].spans[0], p.estimate
	}
	p, err := q.planned()
	if err != nil {
		return nil, err
	}
	if w.budget = q.walkBudget(p, limit, along); w.budget == 0 {
		return nil, nil
	}
	return w, nil
}

// all makes it the walk of all objects in a range, nil when they are better read
// by id: without a limit, when they are many.
func (w *orderWalk) all(p *path) (*orderWalk, error) {
	w.span, w.isWhole, w.budget = &p.spans[0], true, math.MaxInt64
	if w.limit >= 0 {
		return w, nil
	}
	w.limit = lookUpSample
	_, few, _, err := w.q.gatherSome(p, lookUpSample)
	if err != nil || !few {
		return nil, err
	}
	return w, nil
}

// walkBudget is how many objects may be looked at along the index of the order,
// which has a number of entries, before sorting would have been better, 0 when it
// is better from the start.
func (q *search) walkBudget(p *path, limit int, along int64) int64 {
	hits := max(min(p.estimate, along), 1)
	looked := min(int64(float64(limit)*float64(along)/float64(hits)), along)
	sorted := q.total * costScan
	if p.op != pathAll {
		sorted = min(sorted, p.openCost()+hits*costObject)
	}
	if looked*(costEntry+costObject) > sorted {
		return 0
	}
	return 4*looked + 1000
}

// errBudget: the objects along an index are not those the filter selects.
var errBudget = errors.New("too many objects looked at")

// listSorted sorts what the filter selects and keeps the first. When only is not
// nil, objects it is false of are left out.
func (q *search) listSorted(limit int, after *Mark, only func(key []dom.Value) bool) ([]candidate, error) {
	q.work.how = append(q.work.how, "sort by "+describeOrder(q.query.Orders))
	top := topList{query: &q.query, limit: limit}
	err := q.each(-1, "", func(f *found) (bool, error) {
		key := q.query.SortKey(f.object)
		if err := f.object.Err(); err != nil || only != nil && !only(key) {
			return true, err
		}
		if ok, err := q.isNext(after, f, key); err != nil || !ok || !top.wants(f.id, key) {
			return true, err
		}
		return true, top.add(q.take(f, key))
	})
	return top.sorted(), err
}

// isNext reports whether an object belongs behind a mark and has not come before.
func (q *search) isNext(after *Mark, f *found, key []dom.Value) (bool, error) {
	if after == nil {
		return true, nil
	}
	if !q.isBehind(after, key, f.id) {
		return false, nil
	}
	came, err := q.wasBefore(after, f)
	return !came, err
}

// topList keeps the first candidates in the order of a query: at most limit when
// that is not negative, and no more than one answer can hold and one.
type topList struct {
	query *dom.Query
	limit int
	list  []candidate
	size  int // of the list in bytes
	// isFull: no candidate behind bound belongs to the list.
	isFull bool
	bound  candidate
}

func (t *topList) compare(a, b candidate) int {
	return cmp.Or(t.query.CompareKeys(a.key, b.key), strings.Compare(a.id, b.id))
}

// wants reports whether a candidate may belong to the list.
func (t *topList) wants(id string, key []dom.Value) bool {
	return !t.isFull || t.compare(candidate{id: id, key: key}, t.bound) <= 0
}

func (t *topList) add(c candidate) error {
	t.list = append(t.list, c)
	t.size += c.size()
	if t.limit < 0 {
		if t.size > MaxAnswerBytes {
			return errAnswerTooLarge(len(t.list) - 1)
		}
	} else if len(t.list) >= 2*t.limit+64 || t.size > 2*MaxAnswerBytes {
		t.sorted()
	}
	return nil
}

// sorted sorts and cuts the list. What an answer cannot hold goes, for others
// can only come before it; one more stays to tell that there is more.
func (t *topList) sorted() []candidate {
	slices.SortFunc(t.list, t.compare)
	if t.limit <= 0 {
		return t.list
	}
	n := min(t.limit, fitting(t.list)+1)
	if len(t.list) < n {
		return t.list
	}
	clear(t.list[n:])
	t.list, t.size = t.list[:n], 0
	for i := range t.list {
		t.size += t.list[i].size()
	}
	t.isFull, t.bound = true, t.list[n-1]
	return t.list
}

// orderWalk finds objects along the index of the first order. The entries of one
// value are a group: their objects are in the order of their ids, or, when there
// are more orders or the text of the group was cut, have to be sorted.
type orderWalk struct {
	q          *search
	index      index
	limit      int
	after      *Mark
	budget     int64
	descending bool
	// span is the part of the index in which all objects are, nil when there is
	// none. isWhole: all objects in it are asked for.
	span    *kv.Range
	isWhole bool

	result  []candidate
	size    int // of the result in bytes
	objects *objects
	// resume is the group that the mark is in, nil when there is no mark.
	resume []byte
	// forward walks the entries of large groups when the index is walked
	// backwards.
	forward *places
}

func (w *orderWalk) list() (list []candidate, err error) {
	w.q.work.how = append(w.q.work.how, w.describe())
	w.objects = w.q.newObjects(0)
	if w.after == nil || !isAbsent(w.after.Key) {
		if err := w.walk(); err != nil || len(w.result) >= w.limit {
			return w.result, err
		}
	}
	if !w.index.always && w.span == nil {
		err = w.absent()
	}
	return w.result, err
}

// isAbsent reports whether an object has no value of what is ordered by first.
func isAbsent(key []dom.Value) bool { return key[0].Kind() == dom.KindInvalid }

// isThenByID reports whether objects that are equal in the first order come by
// id.
func (q *search) isThenByID() bool {
	return len(q.query.Orders) == 1 || q.query.Orders[1] == dom.Order{Exposer: dom.InstanceExposers.ID}
}

// absent adds the objects without a value of what is ordered by, which come last.
// No index knows them, so the objects are looked at: by id, from where the page
// before ended, so that all such pages together are one pass; or, when there are
// more orders, all of them for each page.
func (w *orderWalk) absent() error {
	if !w.q.isThenByID() {
		list, err := w.q.listSorted(w.limit-len(w.result), w.after, isAbsent)
		w.result = append(w.result, list...)
		return err
	}
	from := ""
	if w.after != nil && isAbsent(w.after.Key) {
		from = w.after.ID
	}
	w.q.work.how = append(w.q.work.how, "then those without a value, by id")
	return w.q.each(-1, from, func(f *found) (bool, error) {
		key := w.q.query.SortKey(f.object)
		if err := f.object.Err(); err != nil || !isAbsent(key) {
			return true, err
		}
		if ok, err := w.q.isNext(w.after, f, key); err != nil || !ok {
			return true, err
		}
		return w.add(w.q.take(f, key))
	})
}

// add adds the next object to the result and reports whether more are wanted.
func (w *orderWalk) add(c candidate) (more bool, err error) {
	w.result = append(w.result, c)
	if w.size += c.size(); w.size > MaxAnswerBytes {
		if !w.q.isPaged {
			return false, errAnswerTooLarge(len(w.result) - 1)
		}
		w.limit = len(w.result) // page cuts it
	}
	return len(w.result) < w.limit, nil
}

func (w *orderWalk) walk() (err error) {
	rng := kv.PrefixRange(w.index.prefix)
	if w.span != nil {
		rng = *w.span
	}
	rng.Reverse = w.descending
	if w.after != nil {
		w.resume = appendPlace(bytes.Clone(w.index.prefix), w.after.Key[0])
		if from := w.firstKey(w.resume); !w.descending && bytes.Compare(from, rng.Begin) > 0 {
			rng.Begin = from
		}
		if end := kv.PrefixEnd(w.resume); w.descending && bytes.Compare(end, rng.End) < 0 {
			rng.End = end
		}
	}
	it := w.q.r.scanPlaces(len(w.index.prefix), rng)
	defer func() {
		err = errors.Join(err, it.close())
		if w.forward != nil {
			err = errors.Join(err, w.forward.close())
		}
	}()
	for ok := it.next(); ok && len(w.result) < w.limit; {
		if len(it.key()) < len(w.index.prefix)+idSize {
			return errEntry(it.key())
		}
		value := bytes.Clone(it.key()[:len(it.key())-idSize])
		if w.descending {
			ok, err = w.groupBackwards(it, value)
		} else {
			ok, err = w.group(it, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isSorted reports whether the entries of a group are in the order of the query.
func (w *orderWalk) isSorted(value []byte) bool {
	isCut := value[len(w.index.prefix)] == tupleString && value[len(value)-1] == endCut
	return w.q.isThenByID() && !isCut
}

// firstKey is the key in a group from which on entries are of interest.
func (w *orderWalk) firstKey(value []byte) []byte {
	if !bytes.Equal(value, w.resume) || !w.isSorted(value) {
		return value
	}
	key, _ := appendObjectID(bytes.Clone(value), w.q.kind, w.after.ID)
	return append(key, 0)
}

func inGroup(key, value []byte) bool {
	return len(key) == len(value)+idSize && bytes.HasPrefix(key, value)
}

// group adds the objects of the group that it stands at the beginning of, and
// moves behind it.
func (w *orderWalk) group(it *places, value []byte) (ok bool, err error) {
	add, finish := w.adder(value)
	for ok = true; ok && inGroup(it.key(), value); ok = it.next() {
		id, err := entryID(it.key())
		if err != nil {
			return false, err
		}
		if more, err := add(id); err != nil || !more {
			return false, err
		}
	}
	return ok, finish()
}

// smallGroup is how many entries of a group are read backwards before they are
// walked forwards instead.
const smallGroup = 64

// groupBackwards is group for an iterator that moves backwards.
func (w *orderWalk) groupBackwards(it *places, value []byte) (ok bool, err error) {
	var ids []objectID
	for ok = true; ok && inGroup(it.key(), value) && len(ids) < smallGroup; ok = it.next() {
		id, err := entryID(it.key())
		if err != nil {
			return false, err
		}
		ids = append(ids, id)
	}
	if ok && inGroup(it.key(), value) {
		if w.forward == nil {
			w.forward = w.q.r.scanPlaces(len(w.index.prefix), kv.PrefixRange(w.index.prefix))
		}
		if w.forward.seek(w.firstKey(value)) && inGroup(w.forward.key(), value) {
			if _, err := w.group(w.forward, value); err != nil {
				return false, err
			}
		}
		return it.seek(value), nil
	}
	add, finish := w.adder(value)
	for _, id := range slices.Backward(ids) {
		if more, err := add(id); err != nil || !more {
			return false, err
		}
	}
	return ok, finish()
}

// adder returns what adds the entries of a group, until it returns false, and
// what is called behind the last.
func (w *orderWalk) adder(value []byte) (add func(id objectID) (bool, error), finish func() error) {
	if w.isSorted(value) {
		add = func(id objectID) (bool, error) {
			if bytes.Equal(value, w.resume) && uuid.UUID(id).String() <= w.after.ID {
				return true, nil
			}
			f, key, err := w.get(id, value)
			if err != nil || f == nil {
				return true, err
			}
			return w.add(w.q.take(f, key))
		}
		return add, func() error { return nil }
	}
	top := topList{query: &w.q.query, limit: w.limit - len(w.result)}
	var before *objectID
	add = func(id objectID) (bool, error) {
		if before != nil && *before == id {
			return true, nil // two of its texts are the same when they are cut
		}
		before = &id
		f, key, err := w.get(id, value)
		if err == nil && f != nil && top.wants(f.id, key) {
			err = top.add(w.q.take(f, key))
		}
		return true, err
	}
	return add, func() error {
		for _, c := range top.sorted() {
			if more, err := w.add(c); err != nil || !more {
				return err
			}
		}
		return nil
	}
}

// get returns the object of an entry when it belongs to the result here: of an
// object with several values only one entry decides where it stands.
func (w *orderWalk) get(id objectID, value []byte) (*found, []dom.Value, error) {
	w.q.work.Entries++
	if w.budget--; w.budget < 0 {
		return nil, nil, errBudget
	}
	f, err := w.objects.get(id)
	if err != nil {
		return nil, nil, errors.Join(err, errEntry(value))
	}
	matches := w.q.selects(f.object, w.isWhole)
	key := w.q.query.SortKey(f.object)
	if err := f.object.Err(); err != nil || !matches {
		return nil, nil, err
	}
	if at := appendPlace(bytes.Clone(w.index.prefix), key[0]); !bytes.Equal(at, value) {
		return nil, nil, nil
	}
	if ok, err := w.q.isNext(w.after, f, key); err != nil || !ok {
		return nil, nil, err
	}
	return f, key, nil
}
