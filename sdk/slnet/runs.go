package slnet

import (
	"time"

	"github.com/google/uuid"
)

// Bounds of the priority of runs, and the priority of those that nobody waits
// for: schedules and triggers start them.
const (
	PriorityLowest     = -100
	PriorityBackground = -10
	PriorityHighest    = 100
)

// RunTriggerKind says what kind of thing started a run.
type RunTriggerKind string

// The kinds.
const (
	TriggerManual   RunTriggerKind = "manual"   // a message of a user
	TriggerRun      RunTriggerKind = "run"      // another run
	TriggerSchedule RunTriggerKind = "schedule" // a schedule
	TriggerAPI      RunTriggerKind = "api"      // a request to a user-defined API
	TriggerChange   RunTriggerKind = "change"   // a change of an object
	TriggerAction   RunTriggerKind = "action"   // a DOM action
	TriggerReplay   RunTriggerKind = "replay"   // the repetition of another run
)

// RunTrigger is why a run was started. ID and Name are those of the schedule,
// trigger, API or run, where there is one; of an action they are the id of the
// instance and that of the action.
type RunTrigger struct {
	Kind RunTriggerKind `json:"Kind,omitempty"`
	ID   uuid.UUID      `json:"Id"`
	Name string         `json:"Name,omitempty"`
	// Occurrence is when a schedule was due, zero for a run that a person started
	// from it.
	Occurrence time.Time `json:"Occurrence,omitzero"`
	// ModuleID and InstanceID are those of the DOM instance whose change or action
	// started the run.
	ModuleID   string    `json:"ModuleId,omitempty"`
	InstanceID uuid.UUID `json:"InstanceId"`
	// Request is the request to a user-defined API, nil for other runs.
	Request *RunRequest `json:"Request,omitempty"`
}

// IsZero reports whether nothing is known, as of runs from before this was kept.
func (t RunTrigger) IsZero() bool { return t == RunTrigger{} }

// RunAttempt is an execution of a run after which it was tried again.
type RunAttempt struct {
	Attempt   int64     `json:"Attempt"`
	StartedAt time.Time `json:"StartedAt,omitzero"`
	EndedAt   time.Time `json:"EndedAt,omitzero"`
	// State is how it ended: failed or lost.
	State  RunState   `json:"State"`
	Errors []RunError `json:"Errors,omitempty"`
}

// RunWaitKind is what a queued run waits for.
type RunWaitKind string

// The kinds.
const (
	WaitForSlot   RunWaitKind = "slot"   // as many runs execute as may at a time
	WaitForScript RunWaitKind = "script" // as many runs of the script execute as its manifest allows
	WaitForKey    RunWaitKind = "key"    // as many runs with its ConcurrencyKey execute as KeyLimit
	WaitForTime   RunWaitKind = "time"   // its NotBefore has not come, as before another attempt
)

// RunWait is what keeps a queued run from starting.
type RunWait struct {
	Kind RunWaitKind `json:"Kind"`
	// Key is the concurrency key. HeldBy is the run that has held it, or a place
	// of the script, the longest, and Since from when on.
	Key    string    `json:"Key,omitempty"`
	HeldBy uuid.UUID `json:"HeldBy"`
	Since  time.Time `json:"Since,omitzero"`
	// Until is when the run starts at the earliest, for WaitForTime.
	Until time.Time `json:"Until,omitzero"`
}

// RunFilter selects runs: those that fulfil all that is given.
type RunFilter struct {
	Script string   `json:"Script,omitempty"`
	State  RunState `json:"State,omitempty"`
	// User is the name of the user whose rights the runs have.
	User string `json:"User,omitempty"`
	// From and To bound the time at which a run was queued: From is included, To
	// is not.
	From time.Time `json:"From,omitzero"`
	To   time.Time `json:"To,omitzero"`
	// Trigger and TriggerID are those of RunTrigger.
	Trigger   RunTriggerKind `json:"Trigger,omitempty"`
	TriggerID uuid.UUID      `json:"TriggerId"`
	// Text is found in the name of the script, the exit reason, the errors, or the
	// values of parameters and output, in capitals or not.
	Text string `json:"Text,omitempty"`
}

// GetRunsMessage asks for runs, the newest first, without Input and Result.
// Answered with RunsResponse.
type GetRunsMessage struct {
	Filter RunFilter `json:"Filter,omitzero"`
	// Limit is the most runs returned; 0 means 100, at most 1,000.
	Limit int64 `json:"Limit,omitempty"`
	// Before continues behind the Next of an earlier answer.
	Before uuid.UUID `json:"Before"`
}

// RunsResponse carries runs.
type RunsResponse struct {
	Runs []Run `json:"Runs"`
	// Next is the Before to ask for next, zero when there are no more. An answer
	// looks at a bounded number of runs, so it may have fewer than its limit, or
	// none, and there are more nevertheless.
	Next uuid.UUID `json:"Next"`
}

// ReplayRunsMessage starts runs again that have ended, with the same input and
// the rights of the original: those with the given IDs, or else those that the
// filter selects, the newest first. Each repetition is a new run whose ReplayOf
// is the original. Runs of others need the permission AutomationReplayRuns. The
// repetitions are queued, and wait so that no more than PerSecond start in a
// second. Answered with ReplayRunsResponse.
type ReplayRunsMessage struct {
	IDs    []uuid.UUID `json:"Ids,omitempty"`
	Filter RunFilter   `json:"Filter,omitzero"`
	// Limit is the most runs started again by filter; 0 means 100, at most 1,000.
	Limit int64 `json:"Limit,omitempty"`
	// Before continues behind the Next of an earlier answer, by filter.
	Before uuid.UUID `json:"Before"`
	// NewestVersion uses the newest version of the script, and not that of the
	// original. For runs of others whoever asks must then be allowed to act as
	// their user, because the code is not what that user started.
	NewestVersion bool `json:"NewestVersion,omitempty"`
	// PerSecond is how many start in a second at most; 0 means 10, at most 1,000.
	PerSecond int64 `json:"PerSecond,omitempty"`
}

// IsZero reports whether the filter selects all runs.
func (f RunFilter) IsZero() bool { return f == RunFilter{} }

// ReplayRefusal is a run that was not started again, and why.
type ReplayRefusal struct {
	ID      uuid.UUID `json:"Id"`
	Message string    `json:"Message"`
}

// ReplayRunsResponse carries the new runs, and the originals that were not
// started again.
type ReplayRunsResponse struct {
	Runs    []Run           `json:"Runs"`
	Refused []ReplayRefusal `json:"Refused,omitempty"`
	// Next is the Before to ask for next, zero when there are no more.
	Next uuid.UUID `json:"Next"`
}
