package runtime

import (
	"context"
	"errors"
	"io"
	"sync"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// feedBatch is how many rows of the feed a stream reads at a time.
const feedBatch = 256

// stream follows the feed for one subscription. It reads the durable feed and
// nothing else, so that a slow subscriber holds nobody up and misses nothing.
type stream struct {
	runtime      *Runtime
	conn         *connection
	subscription slnet.Subscription
	closed       context.Context
	close        context.CancelFunc

	mu      sync.Mutex    // one Next at a time
	after   slnet.Cursor  // guarded by mu
	pending []slnet.Event // guarded by mu
}

// Subscribe implements slnet.Connection.
func (c *connection) Subscribe(ctx context.Context, subscription slnet.Subscription) (*slnet.EventStream, error) {
	r := c.runtime
	if !r.accounts.Enabled(c.caller.User) {
		return nil, slnet.Errorf(slnet.KindUnauthenticated, "user %s is disabled or does not exist", c.caller.User)
	}
	for _, name := range subscription.Events {
		if !eventNames[name] {
			return nil, slnet.Errorf(slnet.KindInvalid, "there is no event %q", name)
		}
	}
	s := &stream{runtime: r, conn: c, subscription: subscription, after: r.store.Version()}
	if subscription.After != nil {
		s.after = *subscription.After
	}
	s.closed, s.close = context.WithCancel(ctx)
	stopped := context.AfterFunc(r.stopping, s.close)
	return slnet.NewEventStream(s.next, func() {
		stopped()
		s.close()
	}), nil
}

// eventNames are the events that can be subscribed to.
var eventNames = func() map[string]bool {
	names := map[string]bool{
		(*slnet.InformationEventMessage)(nil).MessageName(): true,
		(*slnet.RunChangedEventMessage)(nil).MessageName():  true,
	}
	for _, kind := range dom.ObjectKinds() {
		names[dom.ChangedEventName(kind)] = true
	}
	return names
}()

func (s *stream) next(ctx context.Context) (slnet.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closed, cancel)()
	for len(s.pending) == 0 {
		if s.closed.Err() != nil {
			return slnet.Event{}, s.ended()
		}
		before := s.after
		if err := s.fill(ctx); err != nil {
			return slnet.Event{}, s.failed(ctx, err)
		}
		if len(s.pending) > 0 || s.after != before {
			continue
		}
		if _, err := s.runtime.store.Wait(ctx, s.after); err != nil {
			return slnet.Event{}, s.failed(ctx, err)
		}
	}
	// What the user may see can change while the stream is open.
	if !s.runtime.accounts.Enabled(s.conn.caller.User) {
		return slnet.Event{}, slnet.Errorf(slnet.KindUnauthenticated, "user %s is disabled or does not exist", s.conn.caller.User)
	}
	event := s.pending[0]
	s.pending = s.pending[1:]
	return event, nil
}

func (s *stream) ended() error {
	if s.runtime.stopping.Err() != nil {
		return slnet.Errorf(slnet.KindUnavailable, "the daemon is stopping")
	}
	return io.EOF
}

func (s *stream) failed(ctx context.Context, err error) error {
	switch {
	case s.closed.Err() != nil:
		return s.ended()
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

// fill reads the next rows of the feed and keeps the events that are wanted.
func (s *stream) fill(ctx context.Context) error {
	return s.runtime.store.View(ctx, func(r *storage.Reader) error {
		rows := 0
		after, err := r.Feed(s.after, func(cursor slnet.Cursor, row *storage.FeedRow) (bool, error) {
			events, err := s.events(r, row)
			for _, message := range events {
				s.pending = append(s.pending, slnet.Event{SetID: s.subscription.SetID, Cursor: cursor, Message: message})
			}
			rows++
			return rows < feedBatch && len(s.pending) == 0, err
		})
		if err == nil {
			s.after = after
		}
		return err
	})
}

// events are the wanted events of one commit: for each kind and module one with
// all changed objects, then the others in their order.
func (s *stream) events(r *storage.Reader, row *storage.FeedRow) ([]slnet.Message, error) {
	type group struct {
		kind     dom.ObjectKind
		moduleID string
	}
	var messages []slnet.Message
	groups := make(map[group]*dom.ObjectsChangedEventMessage)
	for i := range row.Changes {
		change := &row.Changes[i]
		if !s.subscription.Wants(dom.ChangedEventName(change.Kind), change.ModuleID) {
			continue
		}
		raw, err := r.ChangedObject(change)
		if errors.Is(err, storage.ErrNotFound) {
			continue // deleted since; its deletion follows
		}
		if err != nil {
			return nil, err
		}
		at := group{change.Kind, change.ModuleID}
		message := groups[at]
		if message == nil {
			message = &dom.ObjectsChangedEventMessage{Kind: change.Kind, ModuleID: change.ModuleID}
			groups[at] = message
			messages = append(messages, message)
		}
		switch change.Type {
		case storage.Created:
			message.Created = append(message.Created, raw)
		case storage.Updated:
			message.Updated = append(message.Updated, raw)
		case storage.Deleted:
			message.Deleted = append(message.Deleted, raw)
		}
	}
	for _, event := range row.Events {
		if !s.subscription.Wants(event.Name, event.ModuleID) {
			continue
		}
		message, err := s.runtime.registry.New(event.Name)
		if err != nil {
			return nil, err
		}
		if _, err := message.UnmarshalMsg(event.Message); err != nil {
			return nil, err
		}
		if s.mayReceive(message) {
			messages = append(messages, message)
		}
	}
	return messages, nil
}

// mayReceive keeps the runs of others from those who may not see them.
func (s *stream) mayReceive(message slnet.Message) bool {
	run, ok := message.(*slnet.RunChangedEventMessage)
	return !ok || run.Run.RunsAs == s.conn.caller.User || s.runtime.seesAllRuns(s.conn.caller)
}
