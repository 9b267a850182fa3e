package main

import (
	"context"
	"fmt"
	"time"

	"domovoi.dev/internal/measure"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
)

// writes is the group of P1 to P3. A later measure of writing is one more
// method and one more line in writesGroup.
type writes struct {
	*measure.House
	clients []*client.Client
}

const (
	clients = 32
	// smallBytes is what the floor of P3 writes, as goals.md has it.
	smallBytes = 400
	// searched is how many fields a module has indexes of that limits them.
	searched = 2
)

func writesGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	w := &writes{House: h}
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
func limitedGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	w := &writes{House: h}
	limited, err := w.createLarge(ctx, "limited", searched)
	for _, m := range limited {
		m.ID += " limited"
		m.Work += fmt.Sprintf(", in a module with indexes of %d fields only", searched)
	}
	return limited, err
}

// createLarge is P1 and P2 in a module of its own, with an index of a number of
// fields, 0 for all.
func (w *writes) createLarge(ctx context.Context, moduleID string, indexed int) ([]*measure.Measure, error) {
	m, err := newModule(ctx, w.User.SendSLNetMessages, moduleID, 50, 256, indexed)
	if err != nil {
		return nil, err
	}
	bytes, err := m.size(ctx)
	if err != nil {
		return nil, err
	}
	one := w.createOne(m, bytes)
	bulk, each := w.createBulk(m, bytes, one)
	return []*measure.Measure{one, bulk, each}, nil
}

// listen puts the daemon behind HTTP and makes the clients, each with
// connections of its own.
func (w *writes) listen() error {
	address, err := w.Listen()
	if err != nil {
		return err
	}
	for range clients {
		c, err := client.Dial(client.Options{Address: address, Token: w.Token})
		if err != nil {
			return err
		}
		w.clients, w.Closers = append(w.clients, c), append(w.Closers, c.Close)
	}
	return nil
}

// createOne is P1.
func (w *writes) createOne(m *module, bytes int) *measure.Measure {
	instance := m.instance()
	value := []byte(text(bytes))
	return &measure.Measure{
		ID:      "P1",
		Work:    fmt.Sprintf("create an instance of 50 fields x 256 characters (%d B stored), in process, synced", bytes),
		Counted: "encoding the instance, router, DOM manager, commit, decoding the answer; not making the instance",
		Floor:   fmt.Sprintf("Pebble Set of %d B, synced", bytes),
		Bound:   measure.AtMost(1.5),
		Unit:    measure.Latency,
		Ours: measure.LatencyOf(1, func(ctx context.Context) error {
			instance.ID = dom.NewInstanceID()
			_, err := m.helper.DomInstances.Create(ctx, instance)
			return err
		}),
		Bare: measure.LatencyOf(1, func(context.Context) error { return w.Set(value) }),
	}
}

// createBulk is P2: against a batch of the bare Pebble, and for one instance
// against P1.
func (w *writes) createBulk(m *module, bytes int, one *measure.Measure) (bulk, each *measure.Measure) {
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
	bulk = &measure.Measure{
		ID:      "P2",
		Work:    fmt.Sprintf("create %d such instances in one bulk request, in process, synced", items),
		Counted: "what P1 counts",
		Floor:   fmt.Sprintf("Pebble batch of %d values of %d B, synced", items, bytes),
		Bound:   measure.AtMost(4),
		Unit:    measure.Latency,
		Ours:    measure.LatencyOf(1, create),
		Bare:    measure.LatencyOf(1, func(context.Context) error { return w.SetMany(value, items) }),
	}
	perItem := func(ctx context.Context, slot time.Duration) (float64, error) {
		took, err := bulk.Ours(ctx, slot)
		return took / items, err
	}
	each = &measure.Measure{
		ID:      "P2 each",
		Work:    "one instance of such a bulk request",
		Counted: "what P1 counts",
		Floor:   "P1 itself: one instance alone",
		Bound:   measure.AtMost(0.1),
		Unit:    measure.Latency,
		Ours:    perItem,
		Bare:    one.Ours,
	}
	return bulk, each
}

// createOverHTTP is P3.
func (w *writes) createOverHTTP(ctx context.Context) (*measure.Measure, error) {
	m, err := newModule(ctx, w.User.SendSLNetMessages, "small", 5, 24, 0)
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
	return &measure.Measure{
		ID:      "P3",
		Work:    fmt.Sprintf("%d clients create instances of 5 fields (%d B stored) over HTTP, synced", clients, bytes),
		Counted: "all the clients do, in the process of the server and on its cores; each client has a connection of its own",
		Floor:   fmt.Sprintf("%d goroutines, Pebble Set of %d B, synced", clients, smallBytes),
		Bound:   measure.AtLeast(0.35),
		Unit:    measure.Throughput,
		Ours: measure.ThroughputOf(clients, func(ctx context.Context, worker int) error {
			_, err := m.create(ctx, helpers[worker])
			return err
		}),
		Bare: measure.ThroughputOf(clients, func(context.Context, int) error { return w.Set(value) }),
	}, nil
}
