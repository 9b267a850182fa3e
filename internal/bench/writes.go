package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
)

// writes is the group of P1 and P3. A later measure of writing is one more
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
)

func writesGroup(ctx context.Context, h *house) ([]*measure, error) {
	w := &writes{house: h}
	if err := w.listen(); err != nil {
		return nil, err
	}
	one, err := w.createOne(ctx)
	if err != nil {
		return nil, err
	}
	many, err := w.createOverHTTP(ctx)
	return []*measure{one, many}, err
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
func (w *writes) createOne(ctx context.Context) (*measure, error) {
	m, err := newModule(ctx, w.user.SendSLNetMessages, "large", 50, 256)
	if err != nil {
		return nil, err
	}
	bytes, err := m.size(ctx)
	if err != nil {
		return nil, err
	}
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
	}, nil
}

// createOverHTTP is P3.
func (w *writes) createOverHTTP(ctx context.Context) (*measure, error) {
	m, err := newModule(ctx, w.user.SendSLNetMessages, "small", 5, 24)
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

// set writes a value under a new key of the bare Pebble, synced. The keys rise
// in no order, as ids do.
func (w *writes) set(value []byte) error {
	var key [17]byte
	key[0] = 'o'
	binary.BigEndian.PutUint64(key[1:], w.keys.Add(1)*0x9e3779b97f4a7c15)
	return w.raw.Set(key[:], value, pebble.Sync)
}
