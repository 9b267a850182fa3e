package schedule

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// The tables of the store. Due times lead to schedules; one that is not due any
// more has no row in dueTable.
var (
	scheduleTable = storage.NewNamedTable("schedule", "schedules", "schedule_names", func(s *slnet.Schedule) (uuid.UUID, string) { return s.ID, s.Name })
	dueTable      = storage.NewTable[dueRow]("schedules_due")
	skippedTable  = storage.NewTable[slnet.SkippedOccurrence]("schedule_skips")
	clockTable    = storage.NewTable[dueRow]("schedule_clock") // one record: when something was started last
)

// dueRow is when a schedule is to be started.
type dueRow struct {
	ID  uuid.UUID `json:"Id"`
	Due time.Time `json:"Due,omitzero"`
}

// timeKey is an instant to the millisecond, in order.
func timeKey(t time.Time) string { return fmt.Sprintf("%014x", max(t.UnixMilli(), 0)) }

// put stores a schedule that a person made or changed. Its next occurrence is yet
// to come.
func put(tx *storage.Tx, by string, old, schedule *slnet.Schedule) error {
	now := tx.Now()
	schedule.ChangedAt, schedule.ChangedBy = now, by
	times, err := timesOf(schedule, now)
	if err != nil {
		return err
	}
	if old != nil {
		if err := dropDue(tx, old); err != nil {
			return err
		}
	}
	return plan(tx, old, schedule, times.next(now))
}

// plan stores a schedule with its next occurrence in place of old, nil for a new
// one. Its row in dueTable must be gone.
func plan(tx *storage.Tx, old, schedule *slnet.Schedule, next time.Time) error {
	schedule.Next = next.UTC()
	if schedule.Paused || next.IsZero() {
		schedule.Next = time.Time{}
	} else {
		at := schedule.Next.Add(jitter(schedule, schedule.Next))
		if err := dueTable.Put(tx, &dueRow{schedule.ID, at}, timeKey(at), schedule.ID.String()); err != nil {
			return err
		}
	}
	return scheduleTable.Put(tx, old, schedule)
}

// dropDue takes a schedule off the index of what is due.
func dropDue(tx *storage.Tx, schedule *slnet.Schedule) error {
	if schedule.Next.IsZero() {
		return nil
	}
	at := schedule.Next.Add(jitter(schedule, schedule.Next))
	return dueTable.Delete(tx, timeKey(at), schedule.ID.String())
}

// remove deletes a schedule and all that leads to it.
func remove(tx *storage.Tx, schedule *slnet.Schedule) error {
	var skips []string
	err := skippedTable.Scan(&tx.Reader, storage.Walk{Prefix: []string{schedule.ID.String()}}, func(skipped *slnet.SkippedOccurrence) (bool, error) {
		skips = append(skips, timeKey(skipped.Occurrence))
		return true, nil
	})
	for _, key := range skips {
		err = errors.Join(err, skippedTable.Delete(tx, schedule.ID.String(), key))
	}
	return errors.Join(err, dropDue(tx, schedule), scheduleTable.Delete(tx, schedule))
}

// maxSkips is how many entries are kept for a schedule.
const maxSkips = 100

// record keeps why an occurrence started no run, and forgets the oldest entry
// where there are too many.
func record(tx *storage.Tx, skipped *slnet.SkippedOccurrence) error {
	id := skipped.ScheduleID.String()
	if err := skippedTable.Put(tx, skipped, id, timeKey(skipped.Occurrence)); err != nil {
		return err
	}
	var kept int
	var oldest time.Time
	err := skippedTable.Scan(&tx.Reader, storage.Walk{Prefix: []string{id}}, func(s *slnet.SkippedOccurrence) (bool, error) {
		if kept++; kept == 1 {
			oldest = s.Occurrence
		}
		return kept <= maxSkips, nil
	})
	if err != nil || kept <= maxSkips {
		return err
	}
	return skippedTable.Delete(tx, id, timeKey(oldest))
}
