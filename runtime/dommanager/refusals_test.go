package dommanager_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// refusedQuietly is refused for a request that must not raise an event either.
func refusedQuietly(t testing.TB, conn slnet.Connection, h *dom.DomHelper, errorType slnet.ErrorType, reason slnet.Reason, request func() error) slnet.ErrorData {
	t.Helper()
	stream := subscribe(t, conn, h.ModuleID)
	e := refused(t, h, errorType, reason, request)
	// The event of a template must be the first.
	if _, err := h.DomTemplates.Create(t.Context(), dom.NewTemplate("marker", nil)); err != nil {
		t.Fatal(err)
	}
	event := nextEvent(t, stream)
	if changed, ok := event.(*dom.ObjectsChangedEventMessage); !ok || changed.Kind != dom.KindTemplate {
		t.Errorf("the refused request raised the event %s", event.MessageName())
	}
	return e
}

// subscribe subscribes to all events of a module.
func subscribe(t testing.TB, conn slnet.Connection, moduleID string) *slnet.EventStream {
	t.Helper()
	stream, err := conn.Subscribe(t.Context(), slnet.Subscription{ModuleID: moduleID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stream.Close)
	return stream
}

func nextEvent(t testing.TB, stream *slnet.EventStream) slnet.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	event, err := stream.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return event.Message
}

// wantIDs compares the ids an error lists.
func wantIDs(t testing.TB, e slnet.ErrorData, want ...string) {
	t.Helper()
	if !slices.Equal(e.Properties.IDs, want) {
		t.Errorf("%s lists the ids %q, want %q", e.Reason, e.Properties.IDs, want)
	}
}

// wantGuids compares a list of an error's properties.
func wantGuids[T ~[16]byte](t testing.TB, what string, got []uuid.UUID, want ...T) {
	t.Helper()
	ids := make([]uuid.UUID, len(want))
	for i, id := range want {
		ids[i] = uuid.UUID(id)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("the error lists the %s %v, want %v", what, got, ids)
	}
}
