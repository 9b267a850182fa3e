package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/internal/measure"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// reads is the group of P4 and P5: instances of 13 KB in the store, the same bytes in
// the bare Pebble, both compacted, so that both come from table files that are
// in memory.
type reads struct {
	*measure.House
	module *module
	ids    []dom.InstanceID
	keys   [][]byte // of the bare Pebble, by the order of ids
	bytes  int      // of one instance
}

const storedInstances = 1000

func readsGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	r := &reads{House: h}
	var err error
	if r.module, err = newModule(ctx, h.User.SendSLNetMessages, "large", 50, 256, 0); err != nil {
		return nil, err
	}
	if err := r.fill(ctx); err != nil {
		return nil, err
	}
	if err := r.compact(ctx); err != nil {
		return nil, err
	}
	decoded := r.readDecoded()
	return []*measure.Measure{decoded, r.readEncoded(*decoded), r.readMany()}, nil
}

// fill stores the instances, several at a time so that they share syncs, and
// then each one's bytes in the bare Pebble.
func (r *reads) fill(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.ids = make([]dom.InstanceID, storedInstances)
	var working sync.WaitGroup
	for worker := range clients {
		working.Go(func() {
			for i := worker; i < len(r.ids) && ctx.Err() == nil; i += clients {
				instance, err := r.module.create(ctx, r.module.helper)
				if err != nil {
					cancel(err)
					return
				}
				r.ids[i] = instance.ID
			}
		})
	}
	working.Wait()
	batch := r.Raw.NewBatch()
	defer batch.Close()
	for _, id := range r.ids {
		stored, err := r.read(ctx, id)
		if err != nil {
			return err
		}
		key := append([]byte("o/large/"), id[:]...)
		r.keys, r.bytes = append(r.keys, key), len(stored)
		if err := batch.Set(key, stored, nil); err != nil {
			return err
		}
	}
	return batch.Commit(pebble.Sync)
}

func (r *reads) compact(ctx context.Context) error {
	if err := r.Store.Compact(ctx); err != nil {
		return err
	}
	return r.Raw.Compact(ctx, []byte{0}, []byte{255}, false)
}

// read reads an instance as it is sent: the bytes of the store.
func (r *reads) read(ctx context.Context, id dom.InstanceID) (slnet.Raw, error) {
	answer, err := slnet.Send1(ctx, r.User.SendSLNetMessages, &dom.ManagerStoreReadRequest{
		ModuleID: r.module.helper.ModuleID, Kind: dom.KindInstance,
		Query: dom.NewQuery(dom.InstanceExposers.ID.Equal(id)),
	})
	if err != nil {
		return nil, err
	}
	crud, ok := answer.(*dom.ManagerStoreCrudResponse)
	if !ok || len(crud.Objects) != 1 {
		return nil, fmt.Errorf("instance %s was asked for, %T is the answer", id, answer)
	}
	return crud.Objects[0], nil
}

// readsAtATime is how many reads are timed together.
const readsAtATime = 20

// readDecoded is P4 as a script meets it.
func (r *reads) readDecoded() *measure.Measure {
	return &measure.Measure{
		ID:      "P4",
		Work:    fmt.Sprintf("read an instance (%d B stored) by id, in process, to its decoded fields", r.bytes),
		Counted: "making the query, router, DOM manager, read, decoding the answer; random ids, all data in the block cache",
		Floor:   fmt.Sprintf("Pebble Get of %d B, not copied", r.bytes),
		Bound:   measure.AtMost(2),
		Unit:    measure.Latency,
		Ours: measure.LatencyOf(readsAtATime, func(ctx context.Context) error {
			id := r.ids[rand.IntN(len(r.ids))]
			found, err := r.module.helper.DomInstances.Read(ctx, dom.InstanceExposers.ID.Equal(id))
			if err == nil && len(found) != 1 {
				err = fmt.Errorf("found %d instances %s", len(found), id)
			}
			return err
		}),
		Bare: measure.LatencyOf(readsAtATime, func(context.Context) error {
			value, closer, err := r.Raw.Get(r.keys[rand.IntN(len(r.keys))])
			if err != nil {
				return err
			}
			if len(value) != r.bytes {
				return fmt.Errorf("read %d bytes, stored %d", len(value), r.bytes)
			}
			return closer.Close()
		}),
	}
}

// readEncoded is P4 without what the caller does with the answer.
func (r *reads) readEncoded(m measure.Measure) *measure.Measure {
	m.ID += " encoded"
	m.Work = "the same, to the encoded answer"
	m.Counted = "as P4, without decoding the answer"
	m.Ours = measure.LatencyOf(readsAtATime, func(ctx context.Context) error {
		_, err := r.read(ctx, r.ids[rand.IntN(len(r.ids))])
		return err
	})
	return &m
}

// readMany is P5.
func (r *reads) readMany() *measure.Measure {
	query := dom.NewQuery(dom.InstanceExposers.DomDefinitionID.Equal(r.module.definition))
	return &measure.Measure{
		ID:      "P5",
		Work:    fmt.Sprintf("read %d instances of %d B by a filter, in process, to the encoded answer", len(r.ids), r.bytes),
		Counted: "router, DOM manager, planning, reading, a copy of the bytes for the answer",
		Floor:   fmt.Sprintf("Pebble scan of %d values of %d B, each copied", len(r.ids), r.bytes),
		Bound:   measure.AtMost(2),
		Unit:    measure.Latency,
		Ours: measure.LatencyOf(1, func(ctx context.Context) error {
			answer, err := slnet.Send1(ctx, r.User.SendSLNetMessages, &dom.ManagerStoreReadRequest{
				ModuleID: r.module.helper.ModuleID, Kind: dom.KindInstance, Query: query,
			})
			if err != nil {
				return err
			}
			if crud, ok := answer.(*dom.ManagerStoreCrudResponse); !ok || len(crud.Objects) != len(r.ids) {
				return fmt.Errorf("%d instances were asked for, %T is the answer", len(r.ids), answer)
			}
			return nil
		}),
		Bare: measure.LatencyOf(1, func(context.Context) error { return r.rawScan() }),
	}
}

func (r *reads) rawScan() error {
	it, err := r.Raw.NewIter(&pebble.IterOptions{LowerBound: []byte("o/large/"), UpperBound: []byte("o/large0")})
	if err != nil {
		return err
	}
	var all [][]byte
	for ok := it.First(); ok; ok = it.Next() {
		all = append(all, append([]byte(nil), it.Value()...))
	}
	if len(all) != len(r.ids) {
		err = fmt.Errorf("scanned %d of %d values", len(all), len(r.ids))
	}
	return errors.Join(err, it.Close())
}
