package automation

import (
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// openRun is what the queue has to know of a run that has not ended.
type openRun struct {
	ID       uuid.UUID `json:"Id"`
	Script   string    `json:"Script"` // its id
	User     string    `json:"User"`
	Order    string    `json:"Order"`
	Attempt  int64     `json:"Attempt"`
	Key      string    `json:"Key,omitempty"`
	KeyLimit int64     `json:"KeyLimit,omitempty"`
	// NotBefore is when it may start, for one that waits for that.
	NotBefore time.Time `json:"NotBefore,omitzero"`
}

func openOf(run *slnet.Run) openRun {
	return openRun{
		ID: run.ID, Script: run.ScriptID.String(), User: queueUser(run), Order: orderOf(run), Attempt: run.Attempt,
		Key: run.ConcurrencyKey, KeyLimit: run.KeyLimit, NotBefore: run.NotBefore,
	}
}

// indexRow is what is known of a run without reading it, enough to say whether it
// is to be kept.
type indexRow struct {
	ID       uuid.UUID      `json:"Id"`
	State    slnet.RunState `json:"State,omitempty"`
	QueuedAt time.Time      `json:"QueuedAt,omitzero"`
	EndedAt  time.Time      `json:"EndedAt,omitzero"`
	LogBytes int64          `json:"LogBytes,omitempty"`
}

func indexOf(run *slnet.Run) indexRow {
	return indexRow{ID: run.ID, State: run.State, QueuedAt: run.QueuedAt, EndedAt: run.EndedAt, LogBytes: run.LogBytes}
}
