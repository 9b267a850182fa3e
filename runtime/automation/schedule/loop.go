package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	// look is the longest the loop waits before it reads the clock again. Timers
	// do not see that the clock was set.
	look = time.Minute
	// retry is how long it waits after the store refused a write.
	retry = 10 * time.Second
	// batch is the most schedules one transaction starts.
	batch = 100
	// setBack is how far the clock must be set back for schedules to follow it.
	// What is less, as at the end of summer in a clock that keeps local time, is
	// waited for: nothing is started twice.
	setBack = 3 * time.Hour
)

// user is who changes a schedule when it is due. No user can have this name.
const user = "(System)"

// Start begins to start what is due. Stop ends it.
func (s *Schedules) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.loop.Go(func() {
		timer := time.NewTimer(0)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			case <-s.wake:
				s.from, s.idle = nil, false
			}
			wait, err := s.tick(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				s.Logger.Error("what is due could not be started; it is tried again", "op", "schedule.tick", "err", err)
				wait = retry
			}
			timer.Reset(wait)
		}
	})
}

// Stop ends the loop and waits for it. What becomes due meanwhile is started, or
// missed, when it is started again.
func (s *Schedules) Stop() {
	if s.stop != nil {
		s.stop()
	}
	s.loop.Wait()
}

// tick starts what is due, and returns how long there is nothing to do.
func (s *Schedules) tick(ctx context.Context) (time.Duration, error) {
	now := s.Now()
	if s.seen.IsZero() {
		if err := s.remember(ctx); err != nil {
			return 0, err
		}
	}
	if now.Before(s.seen.Add(-setBack)) {
		s.Logger.Warn("the clock was set back; schedules follow it", "op", "schedule.tick", "from", s.seen, "to", now)
		if err := s.replan(ctx, now); err != nil {
			return 0, err
		}
		s.seen, s.from, s.idle = now, nil, false
	}
	if now.After(s.seen) {
		s.seen = now
	}
	for !s.idle || !s.next.IsZero() && !now.Before(s.next) {
		next, more, err := s.fire(ctx, now)
		if err != nil {
			return 0, err
		}
		s.next, s.idle = next, !more
	}
	if s.next.IsZero() {
		return look, nil
	}
	return min(max(s.next.Sub(s.Now()), 0), look), nil
}

// remember takes the latest occurrence that was started, which the clock must
// have passed when the last daemon ran.
func (s *Schedules) remember(ctx context.Context) error {
	return s.Store.View(ctx, func(r *storage.Reader) error {
		clock, err := clockTable.Get(r, "latest")
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err == nil {
			s.seen = clock.Due
		}
		return err
	})
}

// fire starts the first schedules that are due. more says that there may be
// others; next is when the next one is due otherwise.
func (s *Schedules) fire(ctx context.Context, now time.Time) (next time.Time, more bool, err error) {
	var replaced []uuid.UUID
	var last *dueRow
	_, err = s.Store.Update(ctx, storage.Origin{User: user}, func(tx *storage.Tx) error {
		var heads []*dueRow
		next, more, replaced, last = time.Time{}, false, nil, nil
		err := dueTable.Scan(&tx.Reader, storage.Walk{After: s.from}, func(head *dueRow) (bool, error) {
			if head.Due.After(now) {
				next = head.Due
				return false, nil
			}
			heads = append(heads, head)
			more = len(heads) == batch
			return !more, nil
		})
		if err != nil || len(heads) == 0 {
			return err
		}
		for _, head := range heads {
			cancel, err := s.start(tx, head, now)
			if err != nil {
				return err
			}
			replaced = append(replaced, cancel...)
		}
		last = heads[len(heads)-1]
		more = true // the head of the index has changed
		return clockTable.Put(tx, &dueRow{Due: now}, "latest")
	})
	if err != nil {
		return time.Time{}, false, err
	}
	if last != nil {
		s.from = []string{timeKey(last.Due), last.ID.String()}
	}
	for _, run := range replaced {
		s.Cancel(run, "the schedule started its next run")
	}
	return next, more, nil
}

// start does what is due for one schedule, and returns the runs to cancel.
func (s *Schedules) start(tx *storage.Tx, head *dueRow, now time.Time) (replaced []uuid.UUID, err error) {
	schedule, err := scheduleTable.Get(&tx.Reader, head.ID)
	if err != nil {
		return nil, err
	}
	if err := dropDue(tx, schedule); err != nil {
		return nil, err
	}
	times, err := timesOf(schedule, now)
	if err != nil {
		return nil, err
	}
	// An occurrence that jitter delays is as late as it is behind that.
	shift := head.Due.Sub(schedule.Next)
	d := times.take(schedule.Next, now.Add(-shift), schedule.Misfire)
	for _, skipped := range d.skipped {
		if err := s.skip(tx, schedule, skipped); err != nil {
			return nil, err
		}
	}
	schedule.Last = d.last.UTC()
	for _, occurrence := range d.start {
		cancel, err := s.startOne(tx, schedule, occurrence)
		if err != nil {
			return nil, err
		}
		replaced = append(replaced, cancel...)
	}
	return replaced, plan(tx, schedule, schedule, d.next)
}

// startOne stages the run of an occurrence, as far as the owner and the runs
// before it let it.
func (s *Schedules) startOne(tx *storage.Tx, schedule *slnet.Schedule, occurrence time.Time) (replaced []uuid.UUID, err error) {
	no := func(reason string) ([]uuid.UUID, error) {
		return nil, s.skip(tx, schedule, skip{first: occurrence, last: occurrence, count: 1, reason: reason})
	}
	if !s.Enabled(Owner(schedule)) {
		return no("the owner " + schedule.Owner + " is disabled or does not exist")
	}
	if schedule.Overlap != slnet.OverlapAllow {
		active, err := s.Active(&tx.Reader, schedule.ID)
		if err != nil {
			return nil, err
		}
		switch {
		case len(active) == 0:
		case schedule.Overlap == slnet.OverlapReplace:
			replaced = active
		case schedule.Overlap != slnet.OverlapQueue:
			return no("the run " + active[0].String() + " of the schedule had not ended")
		}
	}
	run, err := s.Stage(tx, Start{Schedule: schedule, Occurrence: occurrence, InTurn: schedule.Overlap != slnet.OverlapAllow})
	if err != nil {
		if known, ok := slnet.AsError(err); ok && known.Kind != slnet.KindUnavailable {
			return no("its run could not be started: " + known.Message)
		}
		return nil, err
	}
	schedule.LastRun = run.ID
	tx.AfterCommit(func() { s.started.Add(1) })
	return replaced, nil
}

func (s *Schedules) skip(tx *storage.Tx, schedule *slnet.Schedule, k skip) error {
	skipped := &slnet.SkippedOccurrence{ScheduleID: schedule.ID, Occurrence: k.first.UTC(), Time: tx.Now(), Count: k.count, Reason: k.reason}
	if k.count > 1 {
		skipped.Until = k.last.UTC()
	}
	tx.AfterCommit(func() { s.skipped.Add(k.count) })
	return record(tx, skipped)
}

// replan gives all schedules their first occurrence after now.
func (s *Schedules) replan(ctx context.Context, now time.Time) error {
	var after []string
	for {
		var list []*slnet.Schedule
		_, err := s.Store.Update(ctx, storage.Origin{User: user}, func(tx *storage.Tx) error {
			list = nil
			err := scheduleTable.Scan(&tx.Reader, storage.Walk{After: after}, func(schedule *slnet.Schedule) (bool, error) {
				list = append(list, schedule)
				return len(list) < batch, nil
			})
			if err != nil {
				return err
			}
			for _, schedule := range list {
				times, err := timesOf(schedule, now)
				if err != nil {
					return err
				}
				if err := dropDue(tx, schedule); err != nil {
					return err
				}
				if err := plan(tx, schedule, schedule, times.next(now)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(list) < batch {
			return err
		}
		after = []string{list[len(list)-1].ID.String()}
	}
}
