package endpoint

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Bounds of the answers that are kept for requests with an Idempotency-Key. Of
// each token the oldest are removed where there are too many.
const (
	keepAnswers = 24 * time.Hour
	maxAnswer   = 1 << 20 // bytes of the body of one
	sweepBatch  = 500
)

var mostAnswers = answerBounds{count: 10_000, bytes: 64 << 20}

// answerBounds are how many answers of a token are kept, and how many bytes of
// bodies.
type answerBounds struct {
	count int
	bytes int64
}

// claim is a key with which a token sent a request.
type claim struct {
	token uuid.UUID
	key   string // hash of the Idempotency-Key, in hexadecimal digits
}

// once carries a request out, unless the token has sent it before with the same
// key: then the answer is that of the first time. The key is stored in the very
// commit of the run, so that nothing is executed twice, and the run goes on when
// the caller goes away, who may come back for the answer.
func (q *request) once(ctx context.Context, input *slnet.ApiTriggerInput, key string, call automation.Call) (*api.CustomAnswer, error) {
	a := q.apis
	sum := sha256.Sum256([]byte(key))
	c := claim{q.run.TokenID, hex.EncodeToString(sum[:])}
	fingerprint := q.fingerprint(input)
	if err := a.take(c, fingerprint); err != nil {
		return nil, err
	}
	defer a.giveBack(c)
	old, err := a.kept(ctx, c)
	if err != nil {
		return nil, err
	}
	if old != nil && a.Now().Sub(old.Time) < keepAnswers {
		return a.repeat(ctx, old, fingerprint)
	}
	record := &answerRecord{Fingerprint: fingerprint}
	call.Also = func(tx *storage.Tx, run *slnet.Run) error {
		record.RunID, record.Time = run.ID, tx.Now()
		if old != nil {
			if err := answerTimes.Delete(tx, c.token.String(), timeKey(old.Time), c.key); err != nil {
				return err
			}
		}
		return record.put(tx, c)
	}
	outcome, err := a.Call(context.WithoutCancel(ctx), q.caller, call)
	if err != nil {
		return nil, q.notStarted(err)
	}
	answer, err := q.result(ctx, &outcome)
	if err == nil && answer.File != nil {
		record.File = &keptFile{SHA256: answer.File.SHA256, User: outcome.Run.RunsAs, UserID: outcome.Run.RunsAsID, Scope: outcome.Run.Scope}
	}
	a.settle(c, record, answer, err)
	return answer, err
}

// take claims a key for a request, or returns why another one has it.
func (a *APIs) take(c claim, fingerprint [32]byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if other, taken := a.claims[c]; taken {
		if other != fingerprint {
			return keyReused()
		}
		return slnet.Errorf(slnet.KindConflict, "the same request with this Idempotency-Key is being carried out; ask again later").
			WithReason(slnet.ErrApiRequestInProgress)
	}
	a.claims[c] = fingerprint
	return nil
}

func (a *APIs) giveBack(c claim) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.claims, c)
}

func keyReused() error {
	return slnet.Errorf(slnet.KindInvalid, "another request was sent with this Idempotency-Key within 24 hours; use a new key for each request").
		WithReason(slnet.ErrApiIdempotencyKeyReused)
}

// kept returns what is kept for a key, nil for nothing.
func (a *APIs) kept(ctx context.Context, c claim) (record *answerRecord, err error) {
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		record, err = answerTable.Get(r, c.token.String(), c.key)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		return err
	})
	return record, err
}

// repeat answers the same request again.
func (a *APIs) repeat(ctx context.Context, record *answerRecord, fingerprint [32]byte) (*api.CustomAnswer, error) {
	run := record.RunID.String()
	switch {
	case record.Fingerprint != fingerprint:
		return nil, keyReused()
	case !record.Done:
		return nil, slnet.Errorf(slnet.KindConflict, "run %s was started for this request, and the daemon ended before its answer was kept; look at the run", run).
			WithReason(slnet.ErrApiAnswerNotKept)
	case record.TooLarge:
		return nil, slnet.Errorf(slnet.KindConflict, "run %s has answered this request, with more than the %d bytes that are kept", run, maxAnswer).
			WithReason(slnet.ErrApiAnswerNotKept)
	case record.Failure != nil:
		return nil, record.Failure
	}
	answer := &api.CustomAnswer{ApiTriggerOutput: record.Output, Run: run, Kept: true}
	if record.File == nil {
		return answer, nil
	}
	file, err := a.Attachment(ctx, security.Caller{User: record.File.User, UserID: record.File.UserID, Scope: record.File.Scope}, record.Output.Attachment)
	switch {
	case err == nil && file.SHA256 != record.File.SHA256:
		file.Close()
	case !isRefused(err):
		answer.File = file
		return answer, err
	}
	return nil, slnet.Errorf(slnet.KindConflict, "run %s has answered this request with an attachment that has changed since, or cannot be read any more", run).
		WithReason(slnet.ErrApiAnswerNotKept)
}

func (record *answerRecord) put(tx *storage.Tx, c claim) error {
	if err := answerTable.Put(tx, record, c.token.String(), c.key); err != nil {
		return err
	}
	at := &answerTime{Token: c.token, Key: c.key, Time: record.Time, Size: int64(len(record.Output.Body))}
	return answerTimes.Put(tx, at, c.token.String(), timeKey(record.Time), c.key)
}

// settle keeps what a request was answered with. When that fails the caller has
// the answer nevertheless, and whoever asks again is told that it is lost.
func (a *APIs) settle(c claim, record *answerRecord, answer *api.CustomAnswer, failure error) {
	done := *record
	done.Done = true
	switch {
	case failure != nil:
		done.Failure, _ = slnet.AsError(failure)
	case len(answer.Body) > maxAnswer:
		done.TooLarge = true
	default:
		done.Output = answer.ApiTriggerOutput
	}
	_, err := a.Store.Update(context.Background(), storage.Origin{User: systemUser}, func(tx *storage.Tx) error { return done.put(tx, c) })
	if err != nil && !errors.Is(err, storage.ErrReadOnly) { // the store has logged that, once
		a.Logger.Error("the answer to a request could not be kept", "op", "endpoint.settle", "run", record.RunID, "err", err)
	}
}

// fingerprint tells requests apart.
func (q *request) fingerprint(input *slnet.ApiTriggerInput) [32]byte {
	h := sha256.New()
	text := func(s string) { part(h, []byte(s)) }
	text(q.definition.ID.String())
	text(input.Method)
	text(input.Route)
	for _, name := range slices.Sorted(maps.Keys(input.Query)) {
		text(name)
		binary.Write(h, binary.BigEndian, int64(len(input.Query[name])))
		for _, value := range input.Query[name] {
			text(value)
		}
	}
	text(http.Header(input.Headers).Get("Content-Type"))
	part(h, input.Body)
	if input.StreamedBody != nil {
		text(input.StreamedBody.SHA256)
	}
	return [32]byte(h.Sum(nil))
}

// part adds bytes to a hash with their number, so that none can be taken for a
// part of others.
func part(h hash.Hash, b []byte) {
	binary.Write(h, binary.BigEndian, int64(len(b)))
	h.Write(b)
}

// Sweep removes answers that are too old, or too many.
func (a *APIs) Sweep(ctx context.Context) error {
	var over []answerTime
	oldest := a.Now().Add(-keepAnswers)
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		var token uuid.UUID
		count, size := 0, int64(0)
		return answerTimes.Scan(r, storage.Walk{Reverse: true}, func(at *answerTime) (bool, error) {
			if at.Token != token {
				token, count, size = at.Token, 0, 0
			}
			count++
			size += at.Size
			if count > a.answers.count || size > a.answers.bytes || !at.Time.After(oldest) {
				over = append(over, *at)
			}
			return true, ctx.Err()
		})
	})
	for batch := range slices.Chunk(over, sweepBatch) {
		if err != nil {
			break
		}
		_, err = a.Store.Update(ctx, storage.Origin{User: systemUser}, func(tx *storage.Tx) error {
			for _, at := range batch {
				if err := at.remove(tx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}

// remove removes an answer, unless the key has a newer one by now.
func (at *answerTime) remove(tx *storage.Tx) error {
	token := at.Token.String()
	if err := answerTimes.Delete(tx, token, timeKey(at.Time), at.Key); err != nil {
		return err
	}
	record, err := answerTable.Get(&tx.Reader, token, at.Key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil || !record.Time.Equal(at.Time) {
		return err
	}
	return answerTable.Delete(tx, token, at.Key)
}
