package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/internal/load"
	"domovoi.dev/internal/measure"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// queries are P6 to P8: many small instances of one definition, the same bytes in
// the bare Pebble under their ids, and there also the entries of one index.
type queries struct {
	*measure.House
	module *load.Module
	count  int
	objs   [][]byte // keys of the bare Pebble
	// values of the field Value that hits instances have.
	values []float64
	hits   int
}

const (
	// mostHits is how many hits P6 asks for.
	mostHits = 10
	// firstOf is how many instances are read in order.
	firstOf = 500
)

// newQueries prepares the queries in a house in which the instances are.
func newQueries(ctx context.Context, h *measure.House, instances int) (*queries, error) {
	q := &queries{House: h, count: instances}
	var err error
	if q.module, err = load.Prepare(ctx, h.User.SendSLNetMessages, loadedModule); err != nil {
		return nil, err
	}
	q.chooseValues()
	if err := q.fillRaw(ctx); err != nil {
		return nil, err
	}
	if err := q.Store.Compact(ctx); err != nil {
		return nil, err
	}
	return q, q.Raw.Compact(ctx, []byte{0}, []byte{255}, false)
}

// chooseValues finds the values with as many hits as asked for, or, where there
// are too few instances, with as many as there are.
func (q *queries) chooseValues() {
	counts := make(map[float64]int)
	for n := range q.count {
		counts[load.ValueOf(n)]++
	}
	q.hits = min(mostHits, slices.Max(slices.Collect(maps.Values(counts))))
	for value, n := range counts {
		if n == q.hits {
			q.values = append(q.values, value)
		}
	}
}

// fillRaw copies the instances to the bare Pebble.
func (q *queries) fillRaw(ctx context.Context) error {
	request := &dom.ManagerStorePagingRequest{
		ModuleID: loadedModule, Kind: dom.KindInstance, Query: dom.NewQuery(dom.True()), PageSize: dom.MaxPageSize,
	}
	for {
		answer, err := slnet.Send1(ctx, q.User.SendSLNetMessages, request)
		if err != nil {
			return err
		}
		page, ok := answer.(*dom.ManagerStorePagingResponse)
		if !ok {
			return fmt.Errorf("a page was asked for, %T is the answer", answer)
		}
		if err := q.copyRaw(page.Objects); err != nil {
			return err
		}
		if request.Cursor = page.Cursor; request.Cursor == "" {
			break
		}
	}
	if len(q.objs) != q.count {
		return fmt.Errorf("%d of %d instances were found", len(q.objs), q.count)
	}
	return nil
}

func (q *queries) copyRaw(raws []slnet.Raw) error {
	batch := q.Raw.NewBatch()
	defer batch.Close()
	for _, raw := range raws {
		o, err := dom.DecodeObject(dom.KindInstance, raw)
		if err != nil {
			return err
		}
		id := o.(*dom.Instance).ID
		key := append([]byte("o/many/"), id[:]...)
		q.objs = append(q.objs, key)
		entry := append([]byte("i/many/field/"+text(12)+"/"), id[:]...)
		if err := batch.Set(key, raw, nil); err != nil {
			return err
		}
		if err := batch.Set(entry, nil, nil); err != nil {
			return err
		}
	}
	return batch.Commit(pebble.NoSync)
}

// search carries a query out in process, to the encoded answer.
func (q *queries) search(ctx context.Context, query dom.Query, want int) error {
	answer, err := slnet.Send1(ctx, q.User.SendSLNetMessages, &dom.ManagerStoreReadRequest{
		ModuleID: loadedModule, Kind: dom.KindInstance, Query: query,
	})
	if err != nil {
		return err
	}
	crud, ok := answer.(*dom.ManagerStoreCrudResponse)
	if !ok || len(crud.Objects) != want {
		return fmt.Errorf("%d instances were expected, %T is the answer", want, answer)
	}
	return nil
}

func (q *queries) rawGet() error {
	_, closer, err := q.Raw.Get(q.objs[rand.IntN(len(q.objs))])
	if err != nil {
		return err
	}
	return closer.Close()
}

// equality is P6.
func (q *queries) equality() *measure.Measure {
	return &measure.Measure{
		ID:      "P6",
		Work:    fmt.Sprintf("definition and field equality, %d hits among %d instances, in process", q.hits, q.count),
		Counted: "router, DOM manager, planning, index, reading, to the encoded answer; random values",
		Floor:   fmt.Sprintf("%d Pebble Gets of the instances' bytes", q.hits+1),
		Bound:   measure.AtMost(5),
		Unit:    measure.Latency,
		Ours: measure.LatencyOf(5, func(ctx context.Context) error {
			value := q.values[rand.IntN(len(q.values))]
			filter := q.module.OfDefinition().And(dom.InstanceExposers.FieldValue(q.module.FieldID(load.Value)).Equal(value))
			return q.search(ctx, dom.NewQuery(filter), q.hits)
		}),
		Bare: measure.LatencyOf(5, func(context.Context) error {
			for range q.hits + 1 {
				if err := q.rawGet(); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// countAll is P7.
func (q *queries) countAll() *measure.Measure {
	return &measure.Measure{
		ID:      "P7",
		Work:    fmt.Sprintf("count the instances of a definition with %d, in process", q.count),
		Counted: "router, DOM manager, reading the counter",
		Floor:   "a Pebble Get of an instance's bytes",
		Bound:   measure.AtMost(5),
		Unit:    measure.Latency,
		Ours: measure.LatencyOf(20, func(ctx context.Context) error {
			n, err := q.module.Helper.DomInstances.Count(ctx, q.module.OfDefinition())
			if err == nil && n < int64(q.count) {
				err = fmt.Errorf("counted %d of %d instances", n, q.count)
			}
			return err
		}),
		Bare: measure.LatencyOf(20, func(context.Context) error { return q.rawGet() }),
	}
}

// ordered is P8.
func (q *queries) ordered(descending bool) *measure.Measure {
	m := &measure.Measure{
		ID:      "P8",
		Work:    fmt.Sprintf("the first %d of %d instances of a definition by a field, in process", firstOf, q.count),
		Counted: "router, DOM manager, planning, index, reading, to the encoded answer",
		Floor:   fmt.Sprintf("scan of %d index keys of a bare Pebble and %d Gets", firstOf, firstOf),
		Bound:   measure.AtMost(3),
		Unit:    measure.Latency,
	}
	exposer := dom.InstanceExposers.FieldValue(q.module.FieldID(load.Count))
	query := dom.NewQuery(q.module.OfDefinition()).OrderBy(exposer)
	if descending {
		m.ID, m.Work = "P8 descending", "the same, from the largest value on"
		query = dom.NewQuery(q.module.OfDefinition()).OrderByDescending(exposer)
	}
	query = query.Limit(firstOf)
	m.Ours = measure.LatencyOf(1, func(ctx context.Context) error { return q.search(ctx, query, firstOf) })
	m.Bare = measure.LatencyOf(1, func(context.Context) error { return q.rawOrdered() })
	return m
}

func (q *queries) rawOrdered() (err error) {
	it, err := q.Raw.NewIter(&pebble.IterOptions{LowerBound: []byte("i/"), UpperBound: []byte("i0")})
	if err != nil {
		return err
	}
	defer func() {
		if closing := it.Close(); err == nil {
			err = closing
		}
	}()
	for n, ok := 0, it.First(); ok && n < firstOf; n, ok = n+1, it.Next() {
		entry := it.Key()
		id := dom.InstanceID(entry[len(entry)-16:])
		_, closer, err := q.Raw.Get(append([]byte("o/many/"), id[:]...))
		if err != nil {
			return err
		}
		if err := closer.Close(); err != nil {
			return err
		}
	}
	return it.Error()
}
