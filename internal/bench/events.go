package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"domovoi.dev/internal/measure"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// events is the group of P15: changes over one connection, and a subscriber to
// them over another.
type events struct {
	*measure.House
	module *module
	helper *dom.DomHelper // over HTTP

	mu sync.Mutex
	// waiting are the instances whose events have not come.
	waiting map[dom.InstanceID]chan struct{}
	// ended is why no more events come.
	ended error
}

// changeRate is how many changes there are in a second.
const changeRate = 400

func eventsGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	e := &events{House: h, waiting: make(map[dom.InstanceID]chan struct{})}
	var err error
	if e.module, err = newModule(ctx, h.User.SendSLNetMessages, "changes", 5, 24, 0); err != nil {
		return nil, err
	}
	if err := e.subscribe(ctx); err != nil {
		return nil, err
	}
	const counted = "the request for the change over HTTP, the commit, the event to a subscriber over SSE, decoding it"
	const floor = "the same change at the same rate, to its answer"
	work := fmt.Sprintf("create an instance until the subscriber has its event, %d a second", changeRate)
	return []*measure.Measure{
		{ID: "P15 p50", Work: work + ", median", Counted: counted, Floor: floor, Bound: measure.AtMostMore(2 * time.Millisecond), Unit: measure.Latency,
			Ours: measure.Paced(changeRate, 50, e.toEvent), Bare: measure.Paced(changeRate, 50, e.toAnswer)},
		{ID: "P15 p99", Work: work + ", 99 of 100", Counted: counted, Floor: floor, Bound: measure.AtMostMore(20 * time.Millisecond), Unit: measure.Latency,
			Ours: measure.Paced(changeRate, 99, e.toEvent), Bare: measure.Paced(changeRate, 99, e.toAnswer)},
	}, nil
}

// subscribe makes the two connections, and takes events from the second one until
// the group ends.
func (e *events) subscribe(ctx context.Context) error {
	address, err := e.Listen()
	if err != nil {
		return err
	}
	var both [2]*client.Client
	for i := range both {
		if both[i], err = client.Dial(client.Options{Address: address, Token: e.Token}); err != nil {
			return err
		}
		e.Closers = append(e.Closers, both[i].Close)
	}
	e.helper = dom.NewDomHelper(both[0].SendSLNetMessages, e.module.helper.ModuleID)
	stream, err := both[1].Subscribe(ctx, slnet.Subscription{
		Events: []string{dom.ChangedEventName(dom.KindInstance)}, ModuleID: e.module.helper.ModuleID,
	})
	if err != nil {
		return err
	}
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		e.take(ctx, stream)
	}()
	e.Closers = append([]func() error{func() error {
		stream.Close()
		<-taken
		return nil
	}}, e.Closers...)
	return nil
}

// take wakes whoever waits for an event, and when no more events come, all.
func (e *events) take(ctx context.Context, stream *slnet.EventStream) {
	for {
		event, err := stream.Next(ctx)
		if err == nil {
			err = e.changed(event.Message.(*dom.ObjectsChangedEventMessage))
		}
		if err != nil {
			e.end(err)
			return
		}
	}
}

func (e *events) changed(m *dom.ObjectsChangedEventMessage) error {
	for _, raw := range m.Created {
		created, err := dom.DecodeObject(dom.KindInstance, raw)
		if err != nil {
			return err
		}
		e.mu.Lock()
		id := created.(*dom.Instance).ID
		if came := e.waiting[id]; came != nil {
			close(came)
			delete(e.waiting, id)
		}
		e.mu.Unlock()
	}
	return nil
}

func (e *events) end(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = fmt.Errorf("the subscriber gets no more events: %w", err)
	for _, came := range e.waiting {
		close(came)
	}
	clear(e.waiting)
}

// toAnswer is a change.
func (e *events) toAnswer(ctx context.Context) error {
	_, err := e.module.create(ctx, e.helper)
	return err
}

// toEvent is a change, and waits for its event as well.
func (e *events) toEvent(ctx context.Context) error {
	instance, came := e.module.instance(), make(chan struct{})
	e.mu.Lock()
	err := e.ended
	if err == nil {
		e.waiting[instance.ID] = came
	}
	e.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := e.helper.DomInstances.Create(ctx, instance); err != nil {
		return err
	}
	select {
	case <-came:
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.ended
	case <-ctx.Done():
		return ctx.Err()
	}
}
