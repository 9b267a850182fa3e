package slnet

import (
	"time"

	"github.com/google/uuid"
)

// Schedule starts runs of a script at times.
type Schedule struct {
	ID uuid.UUID `json:"Id"`
	// Name tells schedules apart for people; no two have the same, ignoring case.
	Name        string `json:"Name"`
	Description string `json:"Description,omitempty"`

	// Script is what is started: its newest version, or the given one. An empty
	// EntryPoint means Run.
	Script        string            `json:"Script"`
	ScriptVersion int64             `json:"ScriptVersion,omitempty"`
	EntryPoint    string            `json:"EntryPoint,omitempty"`
	Parameters    map[string]string `json:"Parameters,omitempty"`
	// Input are the parameters of a script with typed ones, as in
	// ExecuteScriptMessage. They are checked when the schedule is saved.
	Input JSON `json:"Input,omitempty"`

	// Expression is a cron expression, with seconds or without, one of the names
	// such as @daily, or "@every 90m". Once is a single instant. A schedule has
	// one of the two.
	Expression string    `json:"Expression,omitempty"`
	Once       time.Time `json:"Once,omitzero"`
	// TimeZone is the name of the zone in which Expression is read, such as
	// Europe/Berlin; empty means UTC.
	TimeZone string `json:"TimeZone,omitempty"`
	// Start and End bound the occurrences, both included; zero does not.
	Start time.Time `json:"Start,omitzero"`
	End   time.Time `json:"End,omitzero"`
	// Jitter delays each occurrence by a part of itself that differs between
	// schedules and occurrences, so that not all start in the same second.
	Jitter time.Duration `json:"Jitter,omitempty"`

	// Owner is the user whose rights the runs have. OwnerID is filled in by the
	// daemon: a user who gets the name later is not the owner.
	Owner   string    `json:"Owner"`
	OwnerID uuid.UUID `json:"OwnerId"`

	Misfire MisfirePolicy `json:"Misfire"`
	Overlap OverlapPolicy `json:"Overlap,omitempty"`
	Paused  bool          `json:"Paused,omitempty"`

	// What follows is filled in by the daemon. Next is the occurrence to come,
	// zero when there is none; Last the latest that was due, LastRun the latest
	// run that was started.
	Next      time.Time `json:"Next,omitzero"`
	Last      time.Time `json:"Last,omitzero"`
	LastRun   uuid.UUID `json:"LastRun"`
	CreatedAt time.Time `json:"CreatedAt,omitzero"`
	CreatedBy string    `json:"CreatedBy,omitempty"`
	ChangedAt time.Time `json:"ChangedAt,omitzero"`
	ChangedBy string    `json:"ChangedBy,omitempty"`
	// Revision counts the changes people made, from 1. An update that states one
	// fails when the schedule has been changed since.
	Revision int64 `json:"Revision,omitempty"`
}

// MisfireMode says what happens with occurrences that nobody could start in
// time, because the daemon did not run or its clock was set forward.
type MisfireMode string

// The modes. An occurrence is missed when it is more than two minutes late.
const (
	// MisfireOnce, the default, starts one run for all that were missed.
	MisfireOnce MisfireMode = "once"
	// MisfireSkip starts none.
	MisfireSkip MisfireMode = "skip"
	// MisfireAll starts one for each, for the newest where there are too many.
	MisfireAll MisfireMode = "all"
)

// MisfirePolicy is a mode and its bounds.
type MisfirePolicy struct {
	Mode MisfireMode `json:"Mode,omitempty"`
	// Limit is the most runs that MisfireAll starts; 0 means 10, at most 1,000.
	Limit int64 `json:"Limit,omitempty"`
	// Deadline is how late an occurrence may be started; 0 does not bound it.
	Deadline time.Duration `json:"Deadline,omitempty"`
}

// OverlapPolicy says what happens when an occurrence is due while a run of the
// schedule has not ended.
type OverlapPolicy string

// The policies. The empty one is OverlapSkip.
const (
	OverlapSkip    OverlapPolicy = "skip"    // the occurrence is skipped
	OverlapAllow   OverlapPolicy = "allow"   // both run
	OverlapQueue   OverlapPolicy = "queue"   // the run waits until the one before has ended
	OverlapReplace OverlapPolicy = "replace" // the one before is cancelled
)

// SkippedOccurrence is an occurrence that started no run, and why.
type SkippedOccurrence struct {
	ScheduleID uuid.UUID `json:"ScheduleId"`
	// Occurrence is when it was due, Time when it was skipped.
	Occurrence time.Time `json:"Occurrence"`
	Time       time.Time `json:"Time"`
	// Count is how many occurrences were skipped with it, up to Until. It is 1
	// for a single one.
	Count  int64     `json:"Count"`
	Until  time.Time `json:"Until,omitzero"`
	Reason string    `json:"Reason"`
}

// CreateScheduleMessage creates a schedule. Owner is the caller where it is
// empty; another user takes the right to act as that user. Answered with
// ScheduleResponse.
type CreateScheduleMessage struct {
	Schedule Schedule `json:"Schedule"`
}

// UpdateScheduleMessage replaces a schedule, which is found by its ID. Answered
// with ScheduleResponse.
type UpdateScheduleMessage struct {
	Schedule Schedule `json:"Schedule"`
}

// DeleteScheduleMessage deletes a schedule. Its runs stay. Answered with Empty.
type DeleteScheduleMessage struct {
	ID uuid.UUID `json:"Id"`
}

// PauseScheduleMessage pauses a schedule, or lets it go on. What would have been
// due meanwhile is not made up for. Answered with ScheduleResponse.
type PauseScheduleMessage struct {
	ID     uuid.UUID `json:"Id"`
	Paused bool      `json:"Paused"`
}

// RunScheduleMessage starts a run of a schedule now, whether it is paused or
// not, with the rights of its owner. Answered with RunResponse as soon as the
// run is queued.
type RunScheduleMessage struct {
	ID uuid.UUID `json:"Id"`
}

// GetScheduleMessage asks for one schedule by its ID, or by its name where the
// ID is zero. Answered with ScheduleResponse.
type GetScheduleMessage struct {
	ID   uuid.UUID `json:"Id"`
	Name string    `json:"Name,omitempty"`
}

// GetSchedulesMessage asks for schedules by name. Answered with
// SchedulesResponse.
type GetSchedulesMessage struct {
	// Script limits the answer to the schedules of a script.
	Script string `json:"Script,omitempty"`
	// Limit is the most schedules returned; 0 means 100, at most 1,000.
	Limit int64 `json:"Limit,omitempty"`
	// After continues behind the name of the last schedule of an earlier answer.
	After string `json:"After,omitempty"`
}

// PreviewScheduleMessage asks when a schedule that need not exist would be due.
// Only Expression, Once, TimeZone, Start and End of it count. Answered with
// PreviewScheduleResponse.
type PreviewScheduleMessage struct {
	Schedule Schedule `json:"Schedule"`
	// From is where to begin; zero means now.
	From time.Time `json:"From,omitzero"`
	// Count is how many occurrences are wanted; 0 means 10, at most 1,000.
	Count int64 `json:"Count,omitempty"`
}

// GetSkippedOccurrencesMessage asks why a schedule started no runs, the newest
// first. The last hundred entries are kept. Answered with
// SkippedOccurrencesResponse.
type GetSkippedOccurrencesMessage struct {
	ScheduleID uuid.UUID `json:"ScheduleId"`
}

// ScheduleResponse carries one schedule.
type ScheduleResponse struct {
	Schedule Schedule `json:"Schedule"`
}

// SchedulesResponse carries schedules.
type SchedulesResponse struct {
	Schedules []Schedule `json:"Schedules"`
}

// PreviewScheduleResponse carries the occurrences to come. There are fewer than
// wanted where the schedule ends.
type PreviewScheduleResponse struct {
	Occurrences []time.Time `json:"Occurrences"`
}

// SkippedOccurrencesResponse carries occurrences that started no run.
type SkippedOccurrencesResponse struct {
	Skipped []SkippedOccurrence `json:"Skipped"`
}
