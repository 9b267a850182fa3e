package security_test

import (
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/storage"
)

func TestOrigin(t *testing.T) {
	caller := security.Caller{User: "Ann", RunID: uuid.New(), Parents: []uuid.UUID{uuid.New()}}
	if got, want := caller.Origin(), (storage.Origin{User: "Ann", RunID: caller.RunID}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
