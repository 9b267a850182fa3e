package cron

import (
	"math/bits"
	"time"
)

// Schedule is a cron expression, or an interval. It is immutable.
type Schedule struct {
	location *time.Location

	every  time.Duration // of "@every"; the fields below are empty then
	anchor time.Time

	second, minute, hour, month uint64 // bit n is the value n
	elapsed                     bool   // minute or hour begins with *
	dayOfMonth                  monthDays
	dayOfWeek                   weekDays
}

// monthDays is the field for days of the month.
type monthDays struct {
	days        uint64
	restricted  bool
	last        uint64 // bit n is n days before the last day of the month
	weekday     uint64 // bit n is the weekday nearest to day n
	lastWeekday bool
}

// weekDays is the field for days of the week, 0 is Sunday.
type weekDays struct {
	days       uint64
	restricted bool
	last       uint64    // bit n is the last weekday n of the month
	nth        [7]uint64 // bit k of nth[n] is the kth weekday n of the month
}

// Anchored returns the schedule with the instant from which "@every" counts. It
// is the Unix epoch otherwise. Expressions with fields do not depend on it.
func (s *Schedule) Anchored(at time.Time) *Schedule {
	anchored := *s
	anchored.anchor = at
	return &anchored
}

// horizon is how far Next looks. A certain weekday falls on 29 February every 28
// years, and after up to 40 around a year such as 2100, which has none.
const horizon = 41 // years

// Next returns the first instant later than after at which the schedule is due,
// in its own zone, or the zero time when there is none within the next years.
func (s *Schedule) Next(after time.Time) time.Time {
	if s.every > 0 {
		return s.nextInterval(after)
	}
	if s.elapsed {
		return s.nextElapsed(after)
	}
	return s.nextFixed(after)
}

func (s *Schedule) nextInterval(after time.Time) time.Time {
	if after.Before(s.anchor) {
		return s.anchor.In(s.location)
	}
	// A duration reaches 292 years; what is farther away is reached in steps.
	at := s.anchor
	for {
		passed := after.Sub(at)
		at = at.Add(passed - passed%s.every)
		if next := at.Add(s.every); next.After(after) {
			return next.In(s.location)
		}
	}
}

// nextFixed looks at the times of the day that fit in their order. The instants
// at which they are due have the same order, though two of them may be equal.
func (s *Schedule) nextFixed(after time.Time) time.Time {
	local := clockOf(after.In(s.location))
	limit := local.AddDate(horizon, 0, 0)
	for {
		var found bool
		if local, found = s.nextClock(local.Add(time.Second), limit); !found {
			return time.Time{}
		}
		if due := firstInstant(local, s.location); due.After(after) {
			return due
		}
	}
}

// nextElapsed goes from one period of constant offset to the next. In each of
// them the clock runs evenly.
func (s *Schedule) nextElapsed(after time.Time) time.Time {
	at := after.In(s.location).Truncate(time.Second).Add(time.Second)
	limit := clockOf(at).AddDate(horizon, 0, 0)
	for {
		_, end := at.ZoneBounds()
		_, offset := at.Zone()
		local, found := s.nextClock(clockOf(at), limit)
		if !found {
			return time.Time{}
		}
		due := local.Add(-time.Duration(offset) * time.Second)
		if end.IsZero() || due.Before(end) {
			return due.In(s.location)
		}
		at = end
	}
}

// clockOf returns what clock and calendar show at t, as a time in UTC. Zones
// with fractions of seconds do not exist.
func clockOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// firstInstant returns when the clock of the zone shows the local time for the
// first time, or the end of the gap that skips it. The local time is in UTC.
//
// time.Date does not say which of two instants it takes.
func firstInstant(local time.Time, location *time.Location) time.Time {
	// No offset reaches a day, so the local time comes later than this.
	at := local.Add(-24 * time.Hour).In(location)
	for {
		start, end := at.ZoneBounds()
		_, offset := at.Zone()
		instant := local.Add(-time.Duration(offset) * time.Second)
		switch {
		case instant.Before(start):
			return start.In(location)
		case end.IsZero() || instant.Before(end):
			return instant.In(location)
		}
		at = end
	}
}

// nextClock returns the first local time from local on that fits all fields, as
// a time in UTC. It looks no further than limit.
func (s *Schedule) nextClock(local, limit time.Time) (time.Time, bool) {
	year, month, day := local.Date()
	hour, minute, second := local.Clock()
	for ; year <= limit.Year(); year, month, day = year+1, time.January, 1 {
		for ; month <= time.December; month, day = month+1, 1 {
			if s.month>>month&1 == 0 {
				hour, minute, second = 0, 0, 0
				continue
			}
			fitting := s.days(year, month)
			for {
				day = next(fitting, day)
				if day < 0 {
					break
				}
				date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
				if date.After(local) {
					hour, minute, second = 0, 0, 0
				}
				if h, m, sec, ok := s.timeOfDay(hour, minute, second); ok {
					return time.Date(year, month, day, h, m, sec, 0, time.UTC), true
				}
				day++
				hour, minute, second = 0, 0, 0
			}
			hour, minute, second = 0, 0, 0
		}
	}
	return time.Time{}, false
}

// timeOfDay returns the first fitting time that is not earlier than the given one.
func (s *Schedule) timeOfDay(hour, minute, second int) (h, m, sec int, ok bool) {
	if h = next(s.hour, hour); h < 0 {
		return 0, 0, 0, false
	}
	if h > hour {
		return h, next(s.minute, 0), next(s.second, 0), true
	}
	if m = next(s.minute, minute); m >= 0 {
		if m > minute {
			return h, m, next(s.second, 0), true
		}
		if sec = next(s.second, second); sec >= 0 {
			return h, m, sec, true
		}
		if m = next(s.minute, minute+1); m >= 0 {
			return h, m, next(s.second, 0), true
		}
	}
	if h = next(s.hour, hour+1); h < 0 {
		return 0, 0, 0, false
	}
	return h, next(s.minute, 0), next(s.second, 0), true
}

// next returns the lowest value of the set from value on, or -1.
func next(set uint64, value int) int {
	if set = set >> value << value; set == 0 {
		return -1
	}
	return bits.TrailingZeros64(set)
}

// days returns the days of the month that fit the two day fields.
func (s *Schedule) days(year int, month time.Month) uint64 {
	length := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	whole := uint64(1)<<(length+1) - 2
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Weekday()
	ofMonth := s.dayOfMonth.in(length, first) & whole
	ofWeek := s.dayOfWeek.in(length, first) & whole
	if s.dayOfMonth.restricted && s.dayOfWeek.restricted {
		return ofMonth | ofWeek
	}
	return ofMonth & ofWeek
}

// in returns the days that fit in a month of that length and first weekday.
func (d *monthDays) in(length int, first time.Weekday) uint64 {
	set := d.days
	for before := 0; before < length; before++ {
		if d.last>>before&1 == 1 {
			set |= 1 << (length - before)
		}
	}
	for day := 1; day <= length; day++ {
		if d.weekday>>day&1 == 1 {
			set |= 1 << nearestWeekday(day, length, first)
		}
	}
	if d.lastWeekday {
		set |= 1 << nearestWeekday(length, length, first)
	}
	return set
}

// nearestWeekday returns the day from Monday to Friday that is nearest to the
// given one in the same month.
func nearestWeekday(day, length int, first time.Weekday) int {
	switch (int(first) + day - 1) % 7 {
	case int(time.Saturday):
		if day == 1 {
			return 3
		}
		return day - 1
	case int(time.Sunday):
		if day == length {
			return day - 2
		}
		return day + 1
	}
	return day
}

// in returns the days that fit in a month of that length and first weekday.
func (d *weekDays) in(length int, first time.Weekday) uint64 {
	var set uint64
	for day := 1; day <= length; day++ {
		weekday := (int(first) + day - 1) % 7
		nth := (day-1)/7 + 1
		if d.days>>weekday&1 == 1 || d.nth[weekday]>>nth&1 == 1 || d.last>>weekday&1 == 1 && day+7 > length {
			set |= 1 << day
		}
	}
	return set
}
