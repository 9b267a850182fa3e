package plugins

import (
	"context"
	"fmt"
	"sync"

	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// subscription sends events to the script as long as it has credit, so that a
// script that does not take them blocks nothing else.
type subscription struct {
	cancel context.CancelFunc
	more   chan struct{} // has an element when credit was given

	mu     sync.Mutex
	credit uint64 // guarded by mu: events that may be sent
}

// subscribe begins a subscription. It ends with exactly one SubscriptionEnded.
func (s *runSession) subscribe(m *session.Subscribe) error {
	ctx, cancel := context.WithCancel(s.ctx)
	sub := &subscription{cancel: cancel, more: make(chan struct{}, 1), credit: uint64(m.GetWindow())}
	s.mu.Lock()
	_, twice := s.subscriptions[m.GetId()]
	full := len(s.subscriptions) >= session.MaxSubscriptions
	if !twice && !full {
		s.subscriptions[m.GetId()] = sub
	}
	s.mu.Unlock()
	switch {
	case twice:
		cancel()
		return fmt.Errorf("two subscriptions at a time have the id %d", m.GetId())
	case full:
		cancel()
		s.unsubscribed(ctx, m.GetId(), slnet.Errorf(slnet.KindRateLimited,
			"a run has at most %d subscriptions at a time", session.MaxSubscriptions))
		return nil
	}
	s.working.Go(func() {
		defer cancel()
		err := s.events(ctx, m, sub)
		s.mu.Lock()
		delete(s.subscriptions, m.GetId())
		s.mu.Unlock()
		s.unsubscribed(ctx, m.GetId(), err)
	})
	return nil
}

// events carries out a subscription until it ends, and says why it did.
func (s *runSession) events(ctx context.Context, m *session.Subscribe, sub *subscription) error {
	stream, err := s.run.Connection.Subscribe(ctx, session.ToSubscription(m))
	if err != nil {
		return err
	}
	defer stream.Close()
	s.send(&session.HostMessage{Message: &session.HostMessage_Subscribed{Subscribed: &session.Subscribed{Id: m.GetId()}}})
	for {
		if err := sub.take(ctx); err != nil {
			return err
		}
		event, err := stream.Next(ctx)
		if err != nil {
			return err
		}
		payload, err := slnet.AppendMessages(nil, []slnet.Message{event.Message})
		if err != nil {
			return err
		}
		if len(payload) > session.MaxPayloadBytes {
			return slnet.Errorf(slnet.KindTooLarge, "an event of %d bytes; at most %d are allowed", len(payload), session.MaxPayloadBytes)
		}
		s.send(&session.HostMessage{Message: &session.HostMessage_Event{
			Event: &session.Event{Id: m.GetId(), Cursor: uint64(event.Cursor), Payload: payload},
		}})
	}
}

func (s *runSession) unsubscribed(ctx context.Context, id uint64, err error) {
	s.send(&session.HostMessage{Message: &session.HostMessage_SubscriptionEnded{
		SubscriptionEnded: &session.SubscriptionEnded{Id: id, Error: s.wireError(ctx, err)},
	}})
}

func (s *runSession) unsubscribe(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := s.subscriptions[id]; sub != nil {
		sub.cancel()
	}
}

func (s *runSession) credit(m *session.Credit) {
	s.mu.Lock()
	sub := s.subscriptions[m.GetId()]
	s.mu.Unlock()
	if sub == nil {
		return
	}
	sub.mu.Lock()
	sub.credit += uint64(m.GetEvents())
	sub.mu.Unlock()
	select {
	case sub.more <- struct{}{}:
	default:
	}
}

// take waits for credit and takes one.
func (sub *subscription) take(ctx context.Context) error {
	for {
		sub.mu.Lock()
		ok := sub.credit > 0
		if ok {
			sub.credit--
		}
		sub.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-sub.more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
