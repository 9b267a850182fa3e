// Package schedule starts runs at times. Schedules are kept in the store, beside
// an index by the time at which each is due next, so that starting what is due
// costs the same whether there are ten or a hundred thousand. The occurrence is
// taken off that index by the very commit that stores its run: none is started
// twice, and none is forgotten by a daemon that ends in between.
package schedule

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/naming"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

//go:generate go -C ../../../tools run ./msgpgen -package ../runtime/automation/schedule -files records.go -unexported

// Start is a run that a schedule wants started.
type Start struct {
	Schedule *slnet.Schedule
	// Occurrence is when the run was due, zero for one that a person starts.
	Occurrence time.Time
	// StartedBy is the user who starts it, empty for an occurrence.
	StartedBy string
	// StartedByID is the id of that user.
	StartedByID uuid.UUID
	// InTurn makes the run wait for the end of earlier ones of the schedule.
	InTurn bool
}

// Options say what Schedules work with.
type Options struct {
	Store *storage.Store
	// Now is the clock. Its readings may jump.
	Now func() time.Time
	// Check returns an error when a schedule names a script, entry point or
	// parameters that do not fit each other.
	Check func(ctx context.Context, schedule *slnet.Schedule) error
	// ActAs returns the owner of a schedule, given by id or name, when the caller
	// may give runs the rights of that user.
	ActAs func(caller, owner security.Caller) (security.Caller, error)
	// Enabled reports whether a user exists and may act.
	Enabled func(owner security.Caller) bool
	// Stage stores a queued run; it executes after the commit. An error of a kind
	// that is somebody's fault makes the occurrence a skipped one.
	Stage func(tx *storage.Tx, start Start) (*slnet.Run, error)
	// Active returns the runs of a schedule that have not ended.
	Active func(r *storage.Reader, schedule uuid.UUID) ([]uuid.UUID, error)
	// Cancel asks a run to end.
	Cancel func(run uuid.UUID, reason string)
	Logger *slog.Logger
}

// Schedules is the home of the schedules of a store.
type Schedules struct {
	Options
	wake chan struct{} // holds a token when the index may have a new head
	seen time.Time     // the latest reading of the clock; of the loop alone
	// from is the row of dueTable behind which the loop looks for more. The rows
	// before it are gone, but passing over their remains would take longer with
	// each of them. Of the loop alone; nil begins at the front.
	from []string
	// idle says that nothing is due before next, or at all where that is zero. Of
	// the loop alone.
	idle bool
	next time.Time
	stop context.CancelFunc
	loop sync.WaitGroup
	// Occurrences since the start of the daemon.
	started, skipped atomic.Int64
}

// Occurrences returns how many occurrences of schedules have started a run, and
// how many have not, since the start of the daemon.
func (s *Schedules) Occurrences() (started, skipped int64) { return s.started.Load(), s.skipped.Load() }

// New returns the schedules of a store. Nothing is started before Start.
func New(o Options) *Schedules {
	return &Schedules{Options: o, wake: make(chan struct{}, 1)}
}

const (
	maxJitter      = 24 * time.Hour
	maxPreview     = 1000
	defaultPreview = 10
	defaultMisfire = 10
	maxMisfire     = 1000
)

// bad is the error of a field.
func bad(field, format string, args ...any) error {
	return naming.BadField("schedule", field, format, args...)
}

// check completes a schedule a person sent and returns an error that names the
// field that is wrong.
func (s *Schedules) check(ctx context.Context, caller security.Caller, given *slnet.Schedule) error {
	if err := cmp.Or(naming.Check("schedule", given.Name), naming.CheckDescription("schedule", given.Description)); err != nil {
		return err
	}
	switch {
	case given.Jitter < 0 || given.Jitter > maxJitter:
		return bad("Jitter", "is %v; it can be 0 to %v", given.Jitter, maxJitter)
	case !given.Start.IsZero() && !given.End.IsZero() && given.End.Before(given.Start):
		return bad("End", "%s lies before its Start", given.End.Format(time.RFC3339))
	case given.Misfire.Limit < 0 || given.Misfire.Limit > maxMisfire:
		return bad("Misfire.Limit", "is %d; it can be 0 to %d", given.Misfire.Limit, maxMisfire)
	case given.Misfire.Deadline < 0:
		return bad("Misfire.Deadline", "is %v; it cannot be negative", given.Misfire.Deadline)
	}
	switch given.Misfire.Mode {
	case "", slnet.MisfireOnce, slnet.MisfireSkip, slnet.MisfireAll:
	default:
		return bad("Misfire.Mode", "is %.40q; there are once, skip and all", given.Misfire.Mode)
	}
	switch given.Overlap {
	case "", slnet.OverlapSkip, slnet.OverlapAllow, slnet.OverlapQueue, slnet.OverlapReplace:
	default:
		return bad("Overlap", "is %.40q; there are skip, allow, queue and replace", given.Overlap)
	}
	owner := security.Caller{User: given.Owner}
	if given.Owner == "" {
		owner = security.Caller{User: caller.User, UserID: caller.UserID}
	}
	owner, err := s.ActAs(caller, owner)
	if err != nil {
		return err
	}
	given.Owner, given.OwnerID = owner.User, owner.UserID
	return s.Check(ctx, given)
}

// Owner is the user whose rights the runs of a schedule have.
func Owner(schedule *slnet.Schedule) security.Caller {
	return security.Caller{User: schedule.Owner, UserID: schedule.OwnerID}
}

// jitter returns how much later than planned an occurrence is started. It is the
// same whenever it is asked for.
func jitter(schedule *slnet.Schedule, occurrence time.Time) time.Duration {
	if schedule.Jitter == 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write(schedule.ID[:])
	fmt.Fprint(h, occurrence.Unix())
	return time.Duration(h.Sum64() % uint64(schedule.Jitter))
}

// Create stores a new schedule.
func (s *Schedules) Create(ctx context.Context, caller security.Caller, m *slnet.CreateScheduleMessage) (*slnet.ScheduleResponse, error) {
	schedule := m.Schedule
	if schedule.ID == uuid.Nil {
		schedule.ID = uuid.New()
	}
	if err := s.check(ctx, caller, &schedule); err != nil {
		return nil, err
	}
	return s.change(ctx, caller, func(tx *storage.Tx) (*slnet.Schedule, error) {
		created := schedule
		created.CreatedAt, created.CreatedBy, created.Revision = tx.Now(), caller.User, 1
		created.Last, created.LastRun = time.Time{}, uuid.Nil
		if created.Once.Before(tx.Now()) && !created.Once.IsZero() {
			return nil, slnet.Errorf(slnet.KindInvalid, "the schedule's Once %s has passed", created.Once.Format(time.RFC3339))
		}
		return &created, put(tx, caller.User, nil, &created)
	})
}

// Update replaces what people can set of a schedule. What was due before is not
// made up for under the new times.
func (s *Schedules) Update(ctx context.Context, caller security.Caller, m *slnet.UpdateScheduleMessage) (*slnet.ScheduleResponse, error) {
	schedule := m.Schedule
	if err := s.check(ctx, caller, &schedule); err != nil {
		return nil, err
	}
	return s.change(ctx, caller, func(tx *storage.Tx) (*slnet.Schedule, error) {
		old, err := scheduleTable.Get(&tx.Reader, schedule.ID)
		if err != nil {
			return nil, err
		}
		if err := naming.CheckRevision("schedule", old.Name, old.ChangedBy, old.Revision, schedule.Revision); err != nil {
			return nil, err
		}
		changed := schedule
		changed.CreatedAt, changed.CreatedBy, changed.Revision = old.CreatedAt, old.CreatedBy, old.Revision+1
		changed.Last, changed.LastRun = old.Last, old.LastRun
		return &changed, put(tx, caller.User, old, &changed)
	})
}

// Pause pauses a schedule or lets it go on.
func (s *Schedules) Pause(ctx context.Context, caller security.Caller, m *slnet.PauseScheduleMessage) (*slnet.ScheduleResponse, error) {
	return s.change(ctx, caller, func(tx *storage.Tx) (*slnet.Schedule, error) {
		old, err := scheduleTable.Get(&tx.Reader, m.ID)
		if err != nil || old.Paused == m.Paused {
			return old, err
		}
		changed := *old
		changed.Paused = m.Paused
		changed.Revision++
		return &changed, put(tx, caller.User, old, &changed)
	})
}

// change commits what fn makes of a schedule, and wakes the loop.
func (s *Schedules) change(ctx context.Context, caller security.Caller, fn func(tx *storage.Tx) (*slnet.Schedule, error)) (*slnet.ScheduleResponse, error) {
	var response slnet.ScheduleResponse
	_, err := s.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		schedule, err := fn(tx)
		if err != nil {
			return err
		}
		response.Schedule = *schedule
		tx.About("schedule", schedule.ID.String())
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.rouse()
	return &response, nil
}

func (s *Schedules) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Delete deletes a schedule.
func (s *Schedules) Delete(ctx context.Context, caller security.Caller, m *slnet.DeleteScheduleMessage) (*slnet.Empty, error) {
	_, err := s.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		old, err := scheduleTable.Get(&tx.Reader, m.ID)
		if err != nil {
			return err
		}
		tx.About("schedule", m.ID.String())
		return remove(tx, old)
	})
	return &slnet.Empty{}, err
}

// Run starts a run of a schedule at once.
func (s *Schedules) Run(ctx context.Context, caller security.Caller, m *slnet.RunScheduleMessage) (*slnet.RunResponse, error) {
	var response slnet.RunResponse
	_, err := s.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		schedule, err := scheduleTable.Get(&tx.Reader, m.ID)
		if err != nil {
			return err
		}
		tx.About("schedule", schedule.ID.String())
		run, err := s.Stage(tx, Start{Schedule: schedule, StartedBy: caller.User, StartedByID: caller.UserID})
		if err == nil {
			response.Run = *run
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &response, nil
}

// Get returns one schedule.
func (s *Schedules) Get(ctx context.Context, m *slnet.GetScheduleMessage) (*slnet.ScheduleResponse, error) {
	var response slnet.ScheduleResponse
	err := s.Store.View(ctx, func(r *storage.Reader) error {
		schedule, err := scheduleTable.Find(r, m.ID, m.Name)
		if err == nil {
			response.Schedule = *schedule
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &response, nil
}

// List returns schedules by name.
func (s *Schedules) List(ctx context.Context, m *slnet.GetSchedulesMessage) (*slnet.SchedulesResponse, error) {
	var response slnet.SchedulesResponse
	err := s.Store.View(ctx, func(r *storage.Reader) (err error) {
		response.Schedules, err = scheduleTable.List(ctx, r, m.After, m.Limit, func(schedule *slnet.Schedule) bool {
			return m.Script == "" || storage.FoldName(m.Script) == storage.FoldName(schedule.Script)
		})
		return err
	})
	return &response, err
}

// Preview returns when a schedule would be due.
func (s *Schedules) Preview(ctx context.Context, m *slnet.PreviewScheduleMessage) (*slnet.PreviewScheduleResponse, error) {
	count := m.Count
	switch {
	case count < 0 || count > maxPreview:
		return nil, slnet.Errorf(slnet.KindInvalid, "Count is %d, it must be 0 to %d", count, maxPreview)
	case count == 0:
		count = defaultPreview
	}
	at := m.From
	if at.IsZero() {
		at = s.Now()
	}
	times, err := timesOf(&m.Schedule, at)
	if err != nil {
		return nil, err
	}
	response := &slnet.PreviewScheduleResponse{Occurrences: []time.Time{}}
	for int64(len(response.Occurrences)) < count && ctx.Err() == nil {
		if at = times.next(at); at.IsZero() {
			break
		}
		response.Occurrences = append(response.Occurrences, at)
	}
	return response, ctx.Err()
}

// Skipped returns why a schedule started no runs, the newest first.
func (s *Schedules) Skipped(ctx context.Context, m *slnet.GetSkippedOccurrencesMessage) (*slnet.SkippedOccurrencesResponse, error) {
	response := &slnet.SkippedOccurrencesResponse{Skipped: []slnet.SkippedOccurrence{}}
	err := s.Store.View(ctx, func(r *storage.Reader) error {
		if _, err := scheduleTable.Get(r, m.ScheduleID); err != nil {
			return err
		}
		return skippedTable.Scan(r, storage.Walk{Prefix: []string{m.ScheduleID.String()}, Reverse: true}, func(skipped *slnet.SkippedOccurrence) (bool, error) {
			response.Skipped = append(response.Skipped, *skipped)
			return true, ctx.Err()
		})
	})
	return response, err
}
