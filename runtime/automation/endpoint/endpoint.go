// Package endpoint lets scripts answer HTTP requests: API definitions say which,
// API tokens who may send them and whose rights the runs have. Both are kept in
// memory as one immutable directory, which each change replaces after its commit,
// so that a request is let in or refused without reading the store.
package endpoint

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/pace"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

//go:generate go -C ../../../tools run ./msgpgen -package ../runtime/automation/endpoint -files records.go -unexported

// Options say what APIs work with.
type Options struct {
	Store *storage.Store
	// Now is the clock. Its readings may jump.
	Now func() time.Time
	// Script returns a script in a version, the newest for 0.
	Script func(ctx context.Context, m *slnet.GetScriptMessage) (*slnet.ScriptResponse, error)
	// Call carries out a run. Its errors are of kinds that can be shown.
	Call func(ctx context.Context, caller security.Caller, c automation.Call) (automation.Outcome, error)
	// ActAs returns the user of a token, given by id or name, when the caller may
	// give runs the rights of that user.
	ActAs func(caller, user security.Caller) (security.Caller, error)
	// Enabled reports whether a user exists and may act.
	Enabled func(user security.Caller) bool
	// MayExecute returns why the user of a token may not execute a script.
	MayExecute func(user security.Caller, script string) error
	// Ready says why no request can be answered now.
	Ready func() error
	// Stream writes a body to the files of attachments, and release lets go of it.
	Stream func(body io.Reader) (streamed *slnet.StreamedBody, release func(), err error)
	// MaxAttachment is the most bytes of such a body.
	MaxAttachment int64
	// Attachment opens an attached file for a caller who may read it.
	Attachment func(ctx context.Context, caller security.Caller, name *slnet.AttachmentName) (*api.File, error)
	Logger     *slog.Logger
}

// APIs is the home of the API definitions and tokens of a store.
type APIs struct {
	Options
	directory atomic.Pointer[directory]
	// changing is held while a change is planned on the newest directory,
	// committed, and made the next one.
	changing sync.Mutex

	mu     sync.Mutex
	paces  pace.Ledger[limited] // guarded by mu
	claims map[claim][32]byte   // requests with a key that are being carried out, by what they are; guarded by mu
	// streams is how many bodies of a token's requests are streamed and not released;
	// guarded by mu
	streams map[uuid.UUID]int
	answers answerBounds

	stop context.CancelFunc
	loop sync.WaitGroup
}

// limited is what a rate limit counts for.
type limited struct{ token, definition uuid.UUID }

// Open returns the APIs of a store.
func Open(ctx context.Context, o Options) (*APIs, error) {
	a := &APIs{Options: o, claims: make(map[claim][32]byte), streams: make(map[uuid.UUID]int), answers: mostAnswers}
	d, err := load(ctx, o.Store)
	if err != nil {
		return nil, err
	}
	a.directory.Store(d)
	return a, nil
}

// sweepEvery is how often uses of tokens are stored and old answers removed.
const sweepEvery = time.Minute

// Start begins to store when tokens were used, and to remove old answers. Stop
// ends it.
func (a *APIs) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	a.stop = cancel
	a.loop.Go(func() {
		ticker := time.NewTicker(sweepEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			err := errors.Join(a.StoreUses(ctx), a.Sweep(ctx))
			if err != nil && ctx.Err() == nil && !errors.Is(err, storage.ErrReadOnly) {
				a.Logger.Error("uses of API tokens and old answers could not be brought up to date; it is tried again", "op", "endpoint.Start", "err", err)
			}
		}
	})
}

// Stop ends what Start began, and stores when tokens were used.
func (a *APIs) Stop(ctx context.Context) error {
	if a.stop != nil {
		a.stop()
	}
	a.loop.Wait()
	return a.StoreUses(ctx)
}

// StoreUses stores when tokens were used last, in one commit.
func (a *APIs) StoreUses(ctx context.Context) error {
	stale := func(t *tokenRecord) bool { return !t.lastUsed().Equal(t.Token.LastUsedAt) }
	found := false
	for _, t := range a.directory.Load().tokens {
		found = found || stale(t)
	}
	if !found {
		return nil
	}
	return a.change(ctx, storage.Origin{User: systemUser}, func(e *edit) error {
		for _, t := range e.tokens {
			if stale(t) {
				used := *t
				used.Token.LastUsedAt = t.lastUsed()
				e.putToken(t, &used)
			}
		}
		return nil
	})
}

// systemUser is who makes changes that no user asked for.
const systemUser = "(System)"

// wait counts a request of a token, or returns how long it has to wait.
func (a *APIs) wait(t *tokenRecord, definition *slnet.ApiDefinition) time.Duration {
	limit := definition.RateLimit
	if limit.IsZero() {
		return 0
	}
	p := pace.Pace{Burst: int(limit.Requests), Every: limit.Per / time.Duration(limit.Requests)}
	key, now := limited{t.Token.ID, definition.ID}, a.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	wait := a.paces.Wait(key, p, now)
	if wait == 0 {
		a.paces.Take(key, p, now)
	}
	return wait
}
