package slnet

import (
	"context"
	"sync"
)

// Cursor is a position in the change feed: the version of the last commit seen.
// 0 stands before the first commit.
type Cursor uint64

// Subscription says which events a stream delivers.
type Subscription struct {
	// SetID tells several subscriptions of one connection apart; events carry
	// it back.
	SetID string `json:"SetId,omitempty"`
	// Events are the names of the event messages, all when empty.
	Events []string `json:"Events,omitempty"`
	// ModuleID limits the stream to one module; empty means all.
	ModuleID string `json:"ModuleId,omitempty"`
	// Filter limits the stream to objects it selects: the MessagePack form of a
	// dom.Filter, which needs exactly one name in Events. Empty means all. Package
	// dom makes such subscriptions.
	Filter Raw `json:"Filter,omitempty"`
	// After resumes behind a cursor. Nil begins with what happens from now on.
	After *Cursor `json:"After,omitempty"`
}

// Wants reports whether the subscription asks for an event of this name about
// this module.
func (s Subscription) Wants(event, moduleID string) bool {
	if s.ModuleID != "" && s.ModuleID != moduleID {
		return false
	}
	if len(s.Events) == 0 {
		return true
	}
	for _, name := range s.Events {
		if name == event {
			return true
		}
	}
	return false
}

// Event is one thing that happened.
type Event struct {
	SetID string
	// Cursor is where to resume behind this event. All events of one commit
	// carry the same cursor; it is safe to resume from it once the last of them
	// was handled.
	Cursor  Cursor
	Message Message
}

// EventStream delivers events in commit order.
type EventStream struct {
	next  func(ctx context.Context) (Event, error)
	close func()
	once  sync.Once
}

// NewEventStream makes a stream of its two functions. It is for those who
// implement Connection.
func NewEventStream(next func(ctx context.Context) (Event, error), close func()) *EventStream {
	return &EventStream{next: next, close: close}
}

// Next waits for the next event. It returns the error of ctx when that ends
// first, and the reason when the stream has ended.
func (s *EventStream) Next(ctx context.Context) (Event, error) { return s.next(ctx) }

// Close ends the stream. A second call does nothing.
func (s *EventStream) Close() { s.once.Do(s.close) }
