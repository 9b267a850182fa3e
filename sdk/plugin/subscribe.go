package plugin

import (
	"context"
	"sync"

	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// subscription is the script's end of a stream of events. The host sends no
// more events than it has credit for, so they always fit into the channel.
type subscription struct {
	c     *connection
	id    uint64
	setID string

	events chan *session.Event
	begun  chan struct{} // closed when the host accepted
	ended  chan struct{} // closed when no more events come
	err    error         // why it ended; set before ended is closed
	closed chan struct{} // closed when the script wants no more events
	once   sync.Once     // closes closed

	mu    sync.Mutex
	taken uint32 // guarded by mu: events taken since the last credit
}

// Subscribe implements slnet.Connection.
func (c *connection) Subscribe(ctx context.Context, s slnet.Subscription) (*slnet.EventStream, error) {
	sub := &subscription{
		c:      c,
		setID:  s.SetID,
		events: make(chan *session.Event, session.EventWindow),
		begun:  make(chan struct{}),
		ended:  make(chan struct{}),
		closed: make(chan struct{}),
	}
	c.mu.Lock()
	c.lastID++
	sub.id = c.lastID
	c.subscriptions[sub.id] = sub
	c.mu.Unlock()
	err := c.send(&session.ScriptMessage{Message: &session.ScriptMessage_Subscribe{
		Subscribe: session.FromSubscription(sub.id, s),
	}})
	if err != nil {
		return nil, err
	}
	select {
	case <-sub.begun:
	case <-sub.ended:
		return nil, sub.err
	case <-ctx.Done():
		sub.close()
		return nil, contextError(ctx)
	case <-c.over:
		return nil, errOver
	}
	stop := context.AfterFunc(ctx, sub.close)
	return slnet.NewEventStream(sub.next, func() {
		stop()
		sub.close()
	}), nil
}

// subscription returns the subscription of an id, nil when it is over.
func (c *connection) subscription(id uint64) *subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.subscriptions[id]
}

// endSubscription says to a subscription that no more events come.
func (c *connection) endSubscription(id uint64, reason error) {
	c.mu.Lock()
	s := c.subscriptions[id]
	delete(c.subscriptions, id)
	c.mu.Unlock()
	if s == nil {
		return
	}
	if reason == nil {
		reason = slnet.Errorf(slnet.KindUnavailable, "the subscription has ended")
	}
	s.err = reason
	close(s.ended)
}

func (s *subscription) begin() {
	if s != nil {
		close(s.begun)
	}
}

func (s *subscription) deliver(e *session.Event) {
	if s == nil {
		return
	}
	select {
	case s.events <- e:
	default:
		s.close()
		s.c.endSubscription(s.id, slnet.Errorf(slnet.KindInternal,
			"the daemon sent more than %d events that were not taken yet", cap(s.events)))
	}
}

func (s *subscription) next(ctx context.Context) (slnet.Event, error) {
	select {
	case <-s.closed:
		return slnet.Event{}, errUnsubscribed
	default:
	}
	select {
	case e := <-s.events:
		return s.take(e)
	case <-s.closed:
		return slnet.Event{}, errUnsubscribed
	case <-s.ended:
	case <-ctx.Done():
		return slnet.Event{}, contextError(ctx)
	case <-s.c.over:
		return slnet.Event{}, errOver
	}
	select {
	case e := <-s.events: // it came before the end
		return s.take(e)
	default:
		return slnet.Event{}, s.err
	}
}

// take gives the host credit for the events taken, half a window at a time.
func (s *subscription) take(e *session.Event) (slnet.Event, error) {
	s.mu.Lock()
	s.taken++
	credit := s.taken
	if credit >= session.EventWindow/2 {
		s.taken = 0
	}
	s.mu.Unlock()
	if credit >= session.EventWindow/2 {
		// An error means that the session is over; Next says so.
		_ = s.c.send(&session.ScriptMessage{Message: &session.ScriptMessage_Credit{
			Credit: &session.Credit{Id: s.id, Events: credit},
		}})
	}
	messages, err := s.c.registry.DecodeMessages(e.GetPayload())
	if err != nil {
		return slnet.Event{}, slnet.Errorf(slnet.KindInternal, "an event of the daemon: %v", err)
	}
	if len(messages) != 1 {
		return slnet.Event{}, slnet.Errorf(slnet.KindInternal, "an event of the daemon carries %d messages", len(messages))
	}
	return slnet.Event{SetID: s.setID, Cursor: slnet.Cursor(e.GetCursor()), Message: messages[0]}, nil
}

// close drops the events that were not taken.
func (s *subscription) close() {
	s.once.Do(func() {
		close(s.closed)
		// An error means that the session is over, and the subscription with it.
		_ = s.c.send(&session.ScriptMessage{Message: &session.ScriptMessage_Unsubscribe{
			Unsubscribe: &session.Unsubscribe{Id: s.id},
		}})
	})
}

var errUnsubscribed = slnet.Errorf(slnet.KindCanceled, "the subscription was closed")
