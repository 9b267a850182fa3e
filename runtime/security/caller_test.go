package security_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/storage"
)

func TestContextCarriesTheCaller(t *testing.T) {
	if _, ok := security.FromContext(context.Background()); ok {
		t.Error("an empty context has a caller")
	}
	caller := security.Caller{User: "Ann", RunID: uuid.New(), Parents: []uuid.UUID{uuid.New()}}
	ctx, cancel := context.WithCancel(security.NewContext(context.Background(), caller))
	defer cancel()
	got, ok := security.FromContext(ctx)
	if !ok || got.User != caller.User || got.RunID != caller.RunID || len(got.Parents) != 1 || got.Parents[0] != caller.Parents[0] {
		t.Errorf("got %+v, %v, want %+v", got, ok, caller)
	}
	if got, want := caller.Origin(), (storage.Origin{User: "Ann", RunID: caller.RunID}); got != want {
		t.Errorf("administrator %+v, want %+v", got, want)
	}
	inner := security.NewContext(ctx, security.Caller{User: "Bob"})
	if got, _ := security.FromContext(inner); got.User != "Bob" {
		t.Errorf("the inner caller is %q", got.User)
	}
}
