package runtime

import (
	"context"
	"errors"
	"slices"
	"sync"

	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/security"
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
	filter       dom.Filter
	closed       context.Context
	close        context.CancelFunc

	mu      sync.Mutex    // one Next at a time
	after   slnet.Cursor  // guarded by mu
	pending []slnet.Event // guarded by mu
	// lost are objects whose change was looked at when they had been deleted;
	// true for those that may have been selected before, and may have left the
	// filter with that change. guarded by mu
	lost map[object]bool
}

// object names an object.
type object struct {
	kind     dom.ObjectKind
	moduleID string
	id       string
}

// Subscribe implements slnet.Connection.
func (c *connection) Subscribe(ctx context.Context, subscription slnet.Subscription) (*slnet.EventStream, error) {
	r := c.runtime
	if _, err := r.accounts.Rights(c.caller); err != nil {
		return nil, err
	}
	for _, name := range subscription.Events {
		if !eventNames[name] {
			return nil, slnet.Errorf(slnet.KindInvalid, "there is no event %q", name)
		}
	}
	filter, _, err := dom.DecodeSubscriptionFilter(subscription)
	if err != nil {
		return nil, err
	}
	s := &stream{
		runtime: r, conn: c, subscription: subscription, filter: filter, after: r.store.Version(), lost: make(map[object]bool),
	}
	if after := subscription.After; after != nil && *after > s.after {
		return nil, slnet.Errorf(slnet.KindInvalid,
			"the cursor %d is ahead of the store, which is at %d; it comes from another daemon, or from before a backup was restored", *after, s.after)
	} else if after != nil {
		s.after = *after
	}
	s.closed, s.close = context.WithCancel(ctx)
	stopped := context.AfterFunc(r.stopping, s.close)
	r.streams.Add(1)
	return slnet.NewEventStream(s.next, func() {
		r.streams.Add(-1)
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
	for _, kind := range append(dom.ObjectKinds(), dom.KindStatusChange) {
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
	if _, err := s.runtime.accounts.Rights(s.conn.caller); err != nil {
		return slnet.Event{}, err
	}
	event := s.pending[0]
	s.pending = s.pending[1:]
	return event, nil
}

func (s *stream) ended() error {
	if s.runtime.stopping.Err() != nil {
		return slnet.Errorf(slnet.KindUnavailable, "the daemon is stopping")
	}
	return slnet.Errorf(slnet.KindCanceled, "the subscription was closed")
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
			events, err := s.events(ctx, r, row)
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
func (s *stream) events(ctx context.Context, r *storage.Reader, row *storage.FeedRow) ([]slnet.Message, error) {
	access := s.runtime.accessesOf(s.conn.caller)
	changes, err := s.changes(ctx, r, row, access)
	if err != nil {
		return nil, err
	}
	messages := make([]slnet.Message, 0, len(changes)+len(row.Events))
	for _, message := range changes {
		messages = append(messages, message)
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
		may, err := s.mayReceive(ctx, r, row, access, message)
		if err != nil {
			return nil, err
		}
		if may {
			messages = append(messages, message)
		}
	}
	return messages, nil
}

// changes are the wanted events about changed objects. An event whose objects
// were all deleted later is there without them, so that the number of events of
// a commit stays the same for those who resume in the middle of it.
func (s *stream) changes(ctx context.Context, r *storage.Reader, row *storage.FeedRow, access *accesses) ([]*dom.ObjectsChangedEventMessage, error) {
	type group struct {
		kind     dom.ObjectKind
		moduleID string
	}
	var messages []*dom.ObjectsChangedEventMessage
	groups := make(map[group]*dom.ObjectsChangedEventMessage)
	for i := range row.Changes {
		change := &row.Changes[i]
		if !s.subscription.Wants(dom.ChangedEventName(change.Kind), change.ModuleID) || !s.mayView(change.Kind, change.ModuleID) {
			continue
		}
		may := moduleAccess{Access: security.FullAccess()}
		if change.Kind == dom.KindInstance {
			var err error
			if may, err = access.to(ctx, change.ModuleID); err != nil {
				return nil, err
			}
		}
		selected, err := s.selects(r, change, may)
		if err != nil {
			return nil, err
		}
		if selected == nil {
			continue
		}
		at := group{change.Kind, change.ModuleID}
		message := groups[at]
		if message == nil {
			message = &dom.ObjectsChangedEventMessage{
				Kind: change.Kind, ModuleID: change.ModuleID, FromSecurityEnabledModule: may.IsRestricted(),
			}
			groups[at] = message
			messages = append(messages, message)
		}
		selected.add(message, change.Type)
	}
	return messages, nil
}

// selected is a changed object that the filter of a subscription selects.
type selected struct {
	raw  slnet.Raw // nil when the object was deleted later
	left bool      // the filter selected only the version before
	// isUnknown: nobody can tell whether the subscriber has access to it, or had.
	isUnknown bool
}

func (o *selected) add(message *dom.ObjectsChangedEventMessage, t storage.ChangeType) {
	switch {
	case o.isUnknown:
		message.SecurityEnabledModuleNotAvailable = true
	case o.raw == nil:
	case o.left:
		message.LeftFilter = append(message.LeftFilter, o.raw)
	case t == storage.Created:
		message.Created = append(message.Created, o.raw)
	case t == storage.Updated:
		message.Updated = append(message.Updated, o.raw)
	case t == storage.Deleted:
		message.Deleted = append(message.Deleted, o.raw)
	}
}

// selects applies the filter of the subscription, and what the subscriber has
// access to, to a change. It returns nil when the change is not for the subscriber.
func (s *stream) selects(r *storage.Reader, change *storage.Change, may moduleAccess) (*selected, error) {
	if may.isUnknown {
		return &selected{isUnknown: true}, nil
	}
	everything := s.filter.Operator == dom.OperatorTrue && may.IsFull()
	raw, err := r.ChangedObject(change)
	at := object{change.Kind, change.ModuleID, change.ObjectID}
	if errors.Is(err, storage.ErrNotFound) { // deleted since; its deletion follows
		if everything {
			return &selected{}, nil
		}
		if _, known := s.lost[at]; !known {
			s.lost[at] = change.Type == storage.Updated // a lost creation was never delivered
		}
		return nil, nil
	}
	if err != nil || everything {
		return &selected{raw: raw}, err
	}
	o, err := dom.DecodeObject(change.Kind, raw)
	if err != nil {
		return nil, err
	}
	wasLost := s.lost[at]
	delete(s.lost, at)
	switch {
	case s.filter.Matches(o) && may.reads(o):
		return &selected{raw: raw}, nil
	case change.Type == storage.Deleted && wasLost:
		return may.lost(o, raw), nil
	case change.Type != storage.Updated:
		return nil, nil
	}
	before, err := r.VersionBefore(change)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !s.filter.Matches(before) || !may.reads(before) {
		return nil, nil
	}
	if !may.reads(o) {
		raw, err = tombstone(before.(*dom.Instance))
	}
	return &selected{raw: raw, left: true}, err
}

// mayView reports whether the settings of a module let the subscriber see
// objects of a kind.
func (s *stream) mayView(kind dom.ObjectKind, moduleID string) bool {
	return s.runtime.managers.MayView(s.closed, kind, moduleID, func(p dom.Permission) bool {
		return s.runtime.accounts.Has(s.conn.caller, p)
	})
}

// mayReceive applies the filter of the subscription to an event that is not
// about changed objects, and keeps the runs of others, and what is about instances
// without access, from those who may not see them.
func (s *stream) mayReceive(ctx context.Context, r *storage.Reader, row *storage.FeedRow, access *accesses, message slnet.Message) (bool, error) {
	switch message := message.(type) {
	case *slnet.RunChangedEventMessage:
		return automation.Own(s.conn.caller, &message.Run) || s.runtime.seesAllRuns(s.conn.caller), nil
	case *slnet.InformationEventMessage:
		return access.seesInformation(ctx, r, message)
	case *dom.DomInstanceStatusChangedEventMessage:
		if !s.mayView(dom.KindInstance, message.ModuleID) {
			return false, nil
		}
		var failed error
		message.Changes = slices.DeleteFunc(message.Changes, func(c dom.InstanceStatusChange) bool {
			if !c.Matches(s.filter) {
				return true
			}
			sees, err := access.seesTransition(ctx, r, row, message.ModuleID, c.DomInstanceID)
			failed = errors.Join(failed, err)
			return !sees
		})
		return len(message.Changes) > 0, failed
	}
	return true, nil
}
