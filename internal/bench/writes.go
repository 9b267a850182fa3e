package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
)

// writes is the group of P1 to P3. A later measure of writing is one more
// method and one more line in writesGroup.
type writes struct {
	*house
	keys    atomic.Uint64 // used in the bare Pebble
	clients []*client.Client
}

const (
	clients = 32
	// smallBytes is what the floor of P3 writes, as goals.md has it.
	smallBytes = 400
	// searched is how many fields a module has indexes of that limits them.
	searched = 2
)

func writesGroup(ctx context.Context, h *house) ([]*measure, error) {
	w := &writes{house: h}
	if err := w.listen(); err != nil {
		return nil, err
	}
	large, err := w.createLarge(ctx, "large", 0)
	if err != nil {
		return nil, err
	}
	many, err := w.createOverHTTP(ctx)
	return append(large, many), err
}

// limitedGroup is P1 and P2 with indexes of a few fields only. It has a daemon of
// its own, for the other one has still work to do after its writes.
func limitedGroup(ctx context.Context, h *house) ([]*measure, error) {
	w := &writes{house: h}
	limited, err := w.createLarge(ctx, "limited", searched)
	for _, m := range limited {
		m.id += " limited"
		m.work += fmt.Sprintf(", in a module with indexes of %d fields only", searched)
	}
	return limited, err
}

// createLarge is P1 and P2 in a module of its own, with an index of a number of
// fields, 0 for all.
func (w *writes) createLarge(ctx context.Context, moduleID string, indexed int) ([]*measure, error) {
	m, err := newModule(ctx, w.user.SendSLNetMessages, moduleID, 50, 256, indexed)
	if err != nil {
		return nil, err
	}
	bytes, err := m.size(ctx)
	if err != nil {
		return nil, err
	}
	one := w.createOne(m, bytes)
	bulk, each := w.createBulk(m, bytes, one)
	return []*measure{one, bulk, each}, nil
}

// listen puts the daemon behind HTTP and makes the clients, each with
// connections of its own.
func (w *writes) listen() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: w.daemon.Handler()}
	go server.Serve(listener) // its error is that of Close
	w.closers = append(w.closers, server.Close)
	for range clients {
		c, err := client.Dial(client.Options{Address: listener.Addr().String(), Token: w.token})
		if err != nil {
			return err
		}
		w.clients, w.closers = append(w.clients, c), append(w.closers, c.Close)
	}
	return nil
}

// createOne is P1.
func (w *writes) createOne(m *module, bytes int) *measure {
	instance := m.instance()
	value := []byte(text(bytes))
	return &measure{
		id:      "P1",
		work:    fmt.Sprintf("create an instance of 50 fields x 256 characters (%d B stored), in process, synced", bytes),
		counted: "encoding the instance, router, DOM manager, commit, decoding the answer; not making the instance",
		floor:   fmt.Sprintf("Pebble Set of %d B, synced", bytes),
		bound:   atMost(1.5),
		unit:    latency,
		ours: latencyOf(1, func(ctx context.Context) error {
			instance.ID = dom.NewInstanceID()
			_, err := m.helper.DomInstances.Create(ctx, instance)
			return err
		}),
		bare: latencyOf(1, func(context.Context) error { return w.set(value) }),
	}
}

// createBulk is P2: against a batch of the bare Pebble, and for one instance
// against P1.
func (w *writes) createBulk(m *module, bytes int, one *measure) (bulk, each *measure) {
	const items = dom.MaxAmountBulkOperation
	instances := make([]*dom.Instance, items)
	for i := range instances {
		instances[i] = m.instance()
	}
	value := []byte(text(bytes))
	create := func(ctx context.Context) error {
		for _, instance := range instances {
			instance.ID = dom.NewInstanceID()
		}
		_, err := m.helper.DomInstances.CreateOrUpdate(ctx, instances)
		return err
	}
	bulk = &measure{
		id:      "P2",
		work:    fmt.Sprintf("create %d such instances in one bulk request, in process, synced", items),
		counted: "what P1 counts",
		floor:   fmt.Sprintf("Pebble batch of %d values of %d B, synced", items, bytes),
		bound:   atMost(4),
		unit:    latency,
		ours:    latencyOf(1, create),
		bare:    latencyOf(1, func(context.Context) error { return w.setMany(value, items) }),
	}
	perItem := func(ctx context.Context, slot time.Duration) (float64, error) {
		took, err := bulk.ours(ctx, slot)
		return took / items, err
	}
	each = &measure{
		id:      "P2 each",
		work:    "one instance of such a bulk request",
		counted: "what P1 counts",
		floor:   "P1 itself: one instance alone",
		bound:   atMost(0.1),
		unit:    latency,
		ours:    perItem,
		bare:    one.ours,
	}
	return bulk, each
}

// createOverHTTP is P3.
func (w *writes) createOverHTTP(ctx context.Context) (*measure, error) {
	m, err := newModule(ctx, w.user.SendSLNetMessages, "small", 5, 24, 0)
	if err != nil {
		return nil, err
	}
	bytes, err := m.size(ctx)
	if err != nil {
		return nil, err
	}
	helpers := make([]*dom.DomHelper, clients)
	for i, c := range w.clients {
		helpers[i] = dom.NewDomHelper(c.SendSLNetMessages, m.helper.ModuleID)
	}
	value := []byte(text(smallBytes))
	return &measure{
		id:      "P3",
		work:    fmt.Sprintf("%d clients create instances of 5 fields (%d B stored) over HTTP, synced", clients, bytes),
		counted: "all the clients do, in the process of the server and on its cores; each client has a connection of its own",
		floor:   fmt.Sprintf("%d goroutines, Pebble Set of %d B, synced", clients, smallBytes),
		bound:   atLeast(0.35),
		unit:    throughput,
		ours: throughputOf(clients, func(ctx context.Context, worker int) error {
			_, err := m.create(ctx, helpers[worker])
			return err
		}),
		bare: throughputOf(clients, func(context.Context, int) error { return w.set(value) }),
	}, nil
}

// set writes a value under a new key of the bare Pebble, synced.
func (w *writes) set(value []byte) error {
	return w.raw.Set(w.newKey(), value, pebble.Sync)
}

// setMany writes a value under several new keys in one batch, synced.
func (w *writes) setMany(value []byte, n int) error {
	batch := w.raw.NewBatch()
	for range n {
		if err := batch.Set(w.newKey(), value, nil); err != nil {
			return err
		}
	}
	return batch.Commit(pebble.Sync)
}

// newKey is a key that was not used before. The keys rise in no order, as ids
// do.
func (w *writes) newKey() []byte {
	key := append(make([]byte, 0, 17), 'o')
	return binary.BigEndian.AppendUint64(key, w.keys.Add(1)*0x9e3779b97f4a7c15)
}
