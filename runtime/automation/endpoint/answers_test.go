package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/automation/endpoint"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv/memkv"
)

var ann = security.Caller{User: "ann"}

// room is APIs on a store in memory, whose runs are what the test says. The clock
// is that of the test's bubble.
type room struct {
	*endpoint.APIs
	t     *testing.T
	store *storage.Store
	calls int
	// run makes the outcome of a run.
	run func() (slnet.RunState, string)
	// hold keeps runs from ending until it is closed.
	hold chan struct{}

	definition slnet.ApiDefinition
	secret     string
}

func newRoom(t *testing.T, definition slnet.ApiDefinition) *room {
	t.Helper()
	store, err := storage.Open(t.Context(), memkv.New(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if result, err := store.Check(context.Background()); err != nil || len(result.Problems) > 0 {
			t.Errorf("check: %v %v", result.Problems, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &room{t: t, store: store}
	r.run = func() (slnet.RunState, string) { return slnet.RunSucceeded, fmt.Sprint("answer ", r.calls) }
	r.restart()
	definition.Name, definition.Route, definition.Script, definition.Methods = "api", "a", "script", []string{"POST"}
	response, err := r.CreateDefinition(t.Context(), ann, &slnet.CreateApiDefinitionMessage{Definition: definition})
	if err != nil {
		t.Fatal(err)
	}
	r.definition = response.Definition
	r.secret = r.token("token")
	return r
}

func (r *room) token(name string) string {
	r.t.Helper()
	token, err := r.CreateToken(r.t.Context(), ann, &slnet.CreateApiTokenMessage{Token: slnet.ApiToken{Name: name, Definitions: []uuid.UUID{r.definition.ID}}})
	if err != nil {
		r.t.Fatal(err)
	}
	return token.Secret
}

// restart opens the APIs of the store again, as another daemon would.
func (r *room) restart() {
	r.t.Helper()
	var err error
	r.APIs, err = endpoint.Open(r.t.Context(), endpoint.Options{
		Store: r.store, Now: time.Now, Call: r.call, Logger: slog.New(slog.DiscardHandler),
		Script: func(context.Context, *slnet.GetScriptMessage) (*slnet.ScriptResponse, error) {
			return &slnet.ScriptResponse{Script: slnet.Script{Name: "script", EntryPoints: []string{slnet.EntryPointOnApiTrigger}}}, nil
		},
		ActAs:      func(caller, user security.Caller) (security.Caller, error) { return user, nil },
		Enabled:    func(security.Caller) bool { return true },
		MayExecute: func(security.Caller, string) error { return nil },
		Ready:      func() error { return nil },
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) call(ctx context.Context, _ security.Caller, c automation.Call) (automation.Outcome, error) {
	r.calls++
	run := slnet.Run{ID: uuid.New()}
	if c.Also != nil {
		if _, err := r.store.Update(ctx, storage.Origin{}, func(tx *storage.Tx) error { return c.Also(tx, &run) }); err != nil {
			return automation.Outcome{}, err
		}
	}
	if r.hold != nil {
		<-r.hold
	}
	state, body := r.run()
	run.State = state
	output := slnet.ApiTriggerOutput{StatusCode: 201, Headers: map[string]string{"X-A": "1"}, Body: []byte(body)}
	result, err := output.MarshalMsg(nil)
	return automation.Outcome{Run: run, Result: result}, err
}

// send sends a request with a key.
func (r *room) send(ctx context.Context, secret, key, body string) (*api.CustomAnswer, error) {
	call, err := r.Open(ctx, api.CustomRequest{Secret: secret, Method: "POST", Route: "a"})
	if err != nil {
		return nil, err
	}
	return call.Answer(ctx, &slnet.ApiTriggerInput{Method: "POST", Route: "a", Body: []byte(body)}, key)
}

// sends checks what a request is answered with: a body, or the reason of an error.
func (r *room) sends(secret, key, body, want string) {
	r.t.Helper()
	answer, err := r.send(r.t.Context(), secret, key, body)
	got := ""
	if err != nil {
		known, _ := slnet.AsError(err)
		got = string(known.Reason)
	} else {
		got = string(answer.Body)
	}
	if got != want {
		r.t.Errorf("key %q, body %q: got %q (%v), want %q", key, body, got, err, want)
	}
}

// TestRequestsWithAKeyAreCarriedOutOnce: the same request gets the same answer for
// a day, also from another daemon, another request with the key none.
func TestRequestsWithAKeyAreCarriedOutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, slnet.ApiDefinition{})
		other := r.token("other")
		r.sends(r.secret, "k", "b", "answer 1")
		r.sends(r.secret, "k", "b", "answer 1")
		r.sends(r.secret, "k", "c", "IdempotencyKeyReused")
		r.sends(r.secret, "l", "b", "answer 2")
		r.sends(other, "k", "b", "answer 3") // a key is the token's own
		r.sends(r.secret, "", "b", "answer 4")
		r.sends(r.secret, "", "b", "answer 5")
		r.run = func() (slnet.RunState, string) { return slnet.RunFailed, "" }
		r.sends(r.secret, "f", "b", "AutomationActionError")
		r.run = func() (slnet.RunState, string) { return slnet.RunSucceeded, strings.Repeat("x", 1<<20+1) }
		if answer, err := r.send(t.Context(), r.secret, "large", "b"); err != nil || len(answer.Body) != 1<<20+1 || answer.Kept {
			t.Errorf("got %v", err)
		}
		calls := r.calls
		r.restart()
		r.sends(r.secret, "k", "b", "answer 1")
		r.sends(r.secret, "f", "b", "AutomationActionError")
		r.sends(r.secret, "large", "b", "AnswerNotKept")
		answer, err := r.send(t.Context(), r.secret, "k", "b")
		if err != nil || !answer.Kept || answer.StatusCode != 201 || answer.Headers["X-A"] != "1" || answer.Run == "" {
			t.Errorf("got %+v (%v)", answer, err)
		}
		if r.calls != calls {
			t.Errorf("%d runs were started again", r.calls-calls)
		}

		time.Sleep(23 * time.Hour)
		if err := r.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.sends(r.secret, "k", "b", "answer 1")
		time.Sleep(time.Hour)
		r.run = func() (slnet.RunState, string) { return slnet.RunSucceeded, "new" }
		r.sends(r.secret, "l", "b", "new") // not swept yet, and over
		if err := r.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.sends(r.secret, "k", "b", "new")
		r.run = func() (slnet.RunState, string) { return slnet.RunSucceeded, "newer" }
		r.sends(r.secret, "l", "b", "new")
	})
}

// TestTheOldestAnswersGo: of each token so many answers are kept, and so many bytes
// of their bodies.
func TestTheOldestAnswersGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, slnet.ApiDefinition{})
		other := r.token("other")
		sends := func(secret, key, want string) {
			t.Helper()
			time.Sleep(time.Second) // of the bubble: the next one is newer
			r.sends(secret, key, "b", want)
		}
		sweep := func(count int, bytes int64) {
			t.Helper()
			r.BoundAnswers(count, bytes)
			if err := r.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		sends(r.secret, "1", "answer 1")
		sends(other, "1", "answer 2")
		sends(r.secret, "2", "answer 3")
		sends(r.secret, "3", "answer 4")
		sweep(3, 24) // all there are
		r.sends(r.secret, "1", "b", "answer 1")
		sweep(2, 24)
		r.sends(r.secret, "2", "b", "answer 3")
		r.sends(r.secret, "3", "b", "answer 4")
		r.sends(other, "1", "b", "answer 2") // each token has its own
		sends(r.secret, "1", "answer 5")
		sweep(3, 23) // three would have 24 bytes
		r.sends(r.secret, "1", "b", "answer 5")
		r.sends(r.secret, "3", "b", "answer 4")
		sends(r.secret, "2", "answer 6")
	})
}

// TestARequestWithAKeyGoesOnWithoutItsCaller, who is told so when asking again, and
// finds the answer afterwards.
func TestARequestWithAKeyGoesOnWithoutItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, slnet.ApiDefinition{})
		r.hold = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		var sending sync.WaitGroup
		sending.Go(func() { r.send(ctx, r.secret, "k", "b") })
		synctest.Wait()
		cancel()
		synctest.Wait()
		r.sends(r.secret, "k", "b", "RequestInProgress")
		r.sends(r.secret, "k", "c", "IdempotencyKeyReused")

		// A daemon that took over does not know how the run will end.
		before := r.APIs
		r.restart()
		r.sends(r.secret, "k", "b", "AnswerNotKept")
		r.APIs = before

		close(r.hold)
		sending.Wait()
		r.sends(r.secret, "k", "b", "answer 1")
	})
}

// TestRateLimits: each token has its own count for each definition, and who waits
// as told is answered.
func TestRateLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, slnet.ApiDefinition{RateLimit: slnet.RateLimit{Requests: 3, Per: time.Minute}})
		other := r.token("other")
		for range 3 {
			if _, err := r.send(t.Context(), r.secret, "", ""); err != nil {
				t.Fatal(err)
			}
		}
		_, err := r.send(t.Context(), r.secret, "", "")
		var refused *api.CustomError
		if !errors.As(err, &refused) || !errors.Is(err, slnet.ErrApiRateLimitExceeded) || refused.RetryAfter != 20*time.Second {
			t.Fatalf("got %v, %+v", err, refused)
		}
		r.sends(other, "", "", "answer 4")
		time.Sleep(refused.RetryAfter - time.Second)
		r.sends(r.secret, "", "", "RateLimitExceeded")
		time.Sleep(time.Second)
		r.sends(r.secret, "", "", "answer 5")
		r.sends(r.secret, "", "", "RateLimitExceeded")
	})
}

// TestTokensExpire, and the last use of one is stored.
func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, slnet.ApiDefinition{})
		created, err := r.CreateToken(t.Context(), ann, &slnet.CreateApiTokenMessage{
			Token: slnet.ApiToken{Name: "short", Definitions: []uuid.UUID{r.definition.ID}, ExpiresAt: time.Now().Add(time.Hour)},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - time.Second)
		r.sends(created.Secret, "", "", "answer 1")
		used := time.Now()
		time.Sleep(time.Second)
		r.sends(created.Secret, "", "", "AuthenticationFailed")
		if err := r.StoreUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.restart()
		found, err := r.Token(t.Context(), &slnet.GetApiTokenMessage{Name: "short"})
		if err != nil || !found.Token.LastUsedAt.Equal(used) {
			t.Errorf("got %+v (%v), want the last use at %v", found, err, used)
		}
	})
}
