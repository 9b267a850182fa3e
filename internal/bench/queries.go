package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
)

// queries is the group of P6 to P8: many small instances of one definition, the
// same bytes in the bare Pebble under their ids, and there also the entries of
// one index.
type queries struct {
	*house
	module *module
	count  int
	objs   [][]byte // keys of the bare Pebble
}

const (
	// hits is how many instances have the same value in field 0.
	hits = 10
	// firstOf is how many instances are read in order.
	firstOf = 500
)

func queriesGroup(instances int) func(ctx context.Context, h *house) ([]*measure, error) {
	return func(ctx context.Context, h *house) ([]*measure, error) {
		q := &queries{house: h, count: instances}
		var err error
		if q.module, err = newModule(ctx, h.user.SendSLNetMessages, "many", 5, 24); err != nil {
			return nil, err
		}
		if err := q.fill(ctx); err != nil {
			return nil, err
		}
		if err := q.store.Compact(ctx); err != nil {
			return nil, err
		}
		if err := q.raw.Compact(ctx, []byte{0}, []byte{255}, false); err != nil {
			return nil, err
		}
		return []*measure{q.equality(), q.countAll(), q.ordered(false), q.ordered(true)}, nil
	}
}

// value is the value of field 0 of the n-th instance: each stands in hits
// instances.
func (q *queries) value(n int) string { return fmt.Sprintf("value %07d", n%(q.count/hits)) }

// fill stores the instances past the DOM manager, a thousand in a commit.
func (q *queries) fill(ctx context.Context) error {
	store, err := storage.Open(ctx, shared{q.house.store}, nil)
	if err != nil {
		return err
	}
	for begin := 0; begin < q.count; begin += 1000 {
		var raws []slnet.Raw
		var ids []dom.InstanceID
		_, err := store.Update(ctx, storage.Origin{User: "bench"}, func(tx *storage.Tx) error {
			raws, ids = raws[:0], ids[:0]
			for n := begin; n < min(begin+1000, q.count); n++ {
				i := q.module.instance()
				i.AddOrUpdateFieldValue(q.module.section, q.module.fields[0], q.value(n))
				i.AddOrUpdateFieldValue(q.module.section, q.module.fields[1], text(12))
				i.Name, i.CreatedAt, i.LastModified = q.value(n), tx.Now(), tx.Now()
				raw, err := tx.Insert(q.module.helper.ModuleID, i)
				if err != nil {
					return err
				}
				raws, ids = append(raws, raw), append(ids, i.ID)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := q.fillRaw(raws, ids); err != nil {
			return err
		}
	}
	return nil
}

func (q *queries) fillRaw(raws []slnet.Raw, ids []dom.InstanceID) error {
	batch := q.raw.NewBatch()
	defer batch.Close()
	for i, id := range ids {
		key := append([]byte("o/many/"), id[:]...)
		q.objs = append(q.objs, key)
		entry := append([]byte("i/many/field/"+text(12)+"/"), id[:]...)
		if err := batch.Set(key, raws[i], nil); err != nil {
			return err
		}
		if err := batch.Set(entry, nil, nil); err != nil {
			return err
		}
	}
	return batch.Commit(pebble.NoSync)
}

// shared is the engine of a daemon, lent to a second typed store that must not
// close it.
type shared struct{ kv.Store }

func (shared) Close() error { return nil }

// search carries a query out in process, to the encoded answer.
func (q *queries) search(ctx context.Context, query dom.Query, want int) error {
	answer, err := slnet.Send1(ctx, q.user.SendSLNetMessages, &dom.ManagerStoreReadRequest{
		ModuleID: q.module.helper.ModuleID, Kind: dom.KindInstance, Query: query,
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
	_, closer, err := q.raw.Get(q.objs[rand.IntN(len(q.objs))])
	if err != nil {
		return err
	}
	return closer.Close()
}

// ofDefinition is the filter of the shape that scripts use most.
func (q *queries) ofDefinition() dom.Filter {
	return dom.InstanceExposers.DomDefinitionID.Equal(q.module.definition)
}

// equality is P6.
func (q *queries) equality() *measure {
	return &measure{
		id:      "P6",
		work:    fmt.Sprintf("definition and field equality, %d hits among %d instances, in process", hits, q.count),
		counted: "router, DOM manager, planning, index, reading, to the encoded answer; random values",
		floor:   fmt.Sprintf("%d Pebble Gets of the instances' bytes", hits+1),
		bound:   atMost(5),
		unit:    latency,
		ours: latencyOf(5, func(ctx context.Context) error {
			value := q.value(rand.IntN(q.count))
			filter := q.ofDefinition().And(dom.InstanceExposers.FieldValue(q.module.fields[0]).Equal(value))
			return q.search(ctx, dom.NewQuery(filter), hits)
		}),
		bare: latencyOf(5, func(context.Context) error {
			for range hits + 1 {
				if err := q.rawGet(); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// countAll is P7.
func (q *queries) countAll() *measure {
	return &measure{
		id:      "P7",
		work:    fmt.Sprintf("count the instances of a definition with %d, in process", q.count),
		counted: "router, DOM manager, reading the counter",
		floor:   "a Pebble Get of an instance's bytes",
		bound:   atMost(5),
		unit:    latency,
		ours: latencyOf(20, func(ctx context.Context) error {
			n, err := q.module.helper.DomInstances.Count(ctx, q.ofDefinition())
			if err == nil && n < int64(q.count) {
				err = fmt.Errorf("counted %d of %d instances", n, q.count)
			}
			return err
		}),
		bare: latencyOf(20, func(context.Context) error { return q.rawGet() }),
	}
}

// ordered is P8.
func (q *queries) ordered(descending bool) *measure {
	m := &measure{
		id:      "P8",
		work:    fmt.Sprintf("the first %d of %d instances of a definition by a field, in process", firstOf, q.count),
		counted: "router, DOM manager, planning, index, reading, to the encoded answer",
		floor:   fmt.Sprintf("scan of %d index keys of a bare Pebble and %d Gets", firstOf, firstOf),
		bound:   atMost(3),
		unit:    latency,
	}
	exposer := dom.InstanceExposers.FieldValue(q.module.fields[1])
	query := dom.NewQuery(q.ofDefinition()).OrderBy(exposer)
	if descending {
		m.id, m.work = "P8 descending", "the same, from the largest value on"
		query = dom.NewQuery(q.ofDefinition()).OrderByDescending(exposer)
	}
	query = query.Limit(firstOf)
	m.ours = latencyOf(1, func(ctx context.Context) error { return q.search(ctx, query, firstOf) })
	m.bare = latencyOf(1, func(context.Context) error { return q.rawOrdered() })
	return m
}

func (q *queries) rawOrdered() (err error) {
	it, err := q.raw.NewIter(&pebble.IterOptions{LowerBound: []byte("i/"), UpperBound: []byte("i0")})
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
		_, closer, err := q.raw.Get(append([]byte("o/many/"), id[:]...))
		if err != nil {
			return err
		}
		if err := closer.Close(); err != nil {
			return err
		}
	}
	return it.Error()
}
