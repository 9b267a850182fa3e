package endpoint

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// The tables of the store. Definitions and tokens are kept by id. Answers are kept
// by token and key, and found by token and time.
var (
	definitionTable = storage.NewTable[slnet.ApiDefinition]("api_definitions")
	tokenTable      = storage.NewTable[tokenRecord]("api_tokens")
	answerTable     = storage.NewTable[answerRecord]("api_answers")
	answerTimes     = storage.NewTable[answerTime]("api_answer_times")
)

// tokenRecord is a stored token.
type tokenRecord struct {
	Token slnet.ApiToken `json:"Token"`
	Hash  [32]byte       `json:"Hash"` // SHA-256 of the secret

	// use is the time of the last use in Unix milliseconds, 0 for none, shared by
	// all versions of the record.
	use *atomic.Int64 `json:"-"`
}

// lastUsed is the time of the last use, zero for none.
func (t *tokenRecord) lastUsed() time.Time {
	if ms := t.use.Load(); ms != 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

// shown is the token as people see it.
func (t *tokenRecord) shown() slnet.ApiToken {
	token := t.Token
	token.LastUsedAt = t.lastUsed()
	return token
}

// answerRecord is what a request with an Idempotency-Key was answered with. It is
// stored with the run, and completed when that has ended.
type answerRecord struct {
	Fingerprint [32]byte  `json:"Fingerprint"` // of the request
	RunID       uuid.UUID `json:"RunId"`
	Time        time.Time `json:"Time"`
	// Done says that the run has ended and the answer stands here, unless it was
	// too large.
	Done     bool                   `json:"Done,omitempty"`
	TooLarge bool                   `json:"TooLarge,omitempty"`
	Output   slnet.ApiTriggerOutput `json:"Output"`
	// Failure is what the request was answered with instead of Output.
	Failure *slnet.Error `json:"Failure,omitempty"`
	// File is the attachment that Output names.
	File *keptFile `json:"File,omitempty"`
}

// keptFile is the attachment that a request was answered with, and whose right to
// read it counted.
type keptFile struct {
	SHA256 string            `json:"Sha256"`
	User   string            `json:"User"`
	UserID uuid.UUID         `json:"UserId"`
	Scope  *slnet.TokenScope `json:"Scope,omitempty"`
}

// answerTime leads to an answer.
type answerTime struct {
	Token uuid.UUID `json:"Token"`
	Key   string    `json:"Key"`
	Time  time.Time `json:"Time"`
	Size  int64     `json:"Size,omitempty"` // of the body kept, in bytes
}

// timeKey is an instant to the millisecond, in order.
func timeKey(t time.Time) string { return fmt.Sprintf("%014x", max(t.UnixMilli(), 0)) }
