package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// The tables of the store. Schedules are kept by id; names and due times lead to
// them. A schedule that is not due any more has no row in dueTable.
var (
	scheduleTable = storage.NewTable[slnet.Schedule]("schedules")
	nameTable     = storage.NewTable[reference]("schedule_names")
	dueTable      = storage.NewTable[reference]("schedules_due")
	skippedTable  = storage.NewTable[slnet.SkippedOccurrence]("schedule_skips")
	clockTable    = storage.NewTable[reference]("schedule_clock") // one record: when something was started last
)

// reference leads to a schedule.
type reference struct {
	ID uuid.UUID `json:"Id"`
	// Due is when it is to be started, in dueTable.
	Due time.Time `json:"Due,omitzero"`
}

// nameKey is the form names are compared in.
func nameKey(name string) string { return strings.ToLower(name) }

// timeKey is an instant to the millisecond, in order.
func timeKey(t time.Time) string { return fmt.Sprintf("%014x", max(t.UnixMilli(), 0)) }

// plainText reports whether a text has at most so many characters, all of which
// can be printed.
func plainText(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func ignoreNotFound(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

func get(r *storage.Reader, id uuid.UUID) (*slnet.Schedule, error) {
	schedule, err := scheduleTable.Get(r, id.String())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no schedule %s", id)
	}
	return schedule, err
}

// put stores a schedule that a person made or changed. Its next occurrence is yet
// to come.
func put(tx *storage.Tx, by string, old, schedule *slnet.Schedule) error {
	now := tx.Now()
	schedule.ChangedAt, schedule.ChangedBy = now, by
	times, err := timesOf(schedule, now)
	if err != nil {
		return err
	}
	named, err := nameTable.Get(&tx.Reader, nameKey(schedule.Name))
	switch {
	case err == nil && named.ID != schedule.ID:
		return slnet.Errorf(slnet.KindAlreadyExists, "there is a schedule %q already", schedule.Name)
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	}
	if old != nil && nameKey(old.Name) != nameKey(schedule.Name) {
		if err := nameTable.Delete(tx, nameKey(old.Name)); err != nil {
			return err
		}
	}
	if err := nameTable.Put(tx, &reference{ID: schedule.ID}, nameKey(schedule.Name)); err != nil {
		return err
	}
	if old != nil {
		if err := dropDue(tx, old); err != nil {
			return err
		}
	}
	return plan(tx, schedule, times.next(now))
}

// plan stores a schedule with its next occurrence. Its row in dueTable must be
// gone.
func plan(tx *storage.Tx, schedule *slnet.Schedule, next time.Time) error {
	schedule.Next = next.UTC()
	if schedule.Paused || next.IsZero() {
		schedule.Next = time.Time{}
	} else {
		at := schedule.Next.Add(jitter(schedule, schedule.Next))
		if err := dueTable.Put(tx, &reference{schedule.ID, at}, timeKey(at), schedule.ID.String()); err != nil {
			return err
		}
	}
	return scheduleTable.Put(tx, schedule, schedule.ID.String())
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
	return errors.Join(err, dropDue(tx, schedule), nameTable.Delete(tx, nameKey(schedule.Name)), scheduleTable.Delete(tx, schedule.ID.String()))
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
