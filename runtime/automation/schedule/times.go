package schedule

import (
	"time"

	"domovoi.dev/runtime/automation/cron"
	"domovoi.dev/sdk/slnet"
)

// times are the occurrences of a schedule.
type times struct {
	expression *cron.Schedule // nil: once
	once       time.Time
	start, end time.Time
}

// timesOf reads the times of a schedule. Intervals count from its start, else
// from its creation, else from now.
func timesOf(s *slnet.Schedule, now time.Time) (*times, error) {
	t := &times{once: s.Once, start: s.Start, end: s.End}
	switch {
	case s.Expression == "" && s.Once.IsZero():
		return nil, bad("Expression", "is empty and so is Once; set one of them")
	case s.Expression != "" && !s.Once.IsZero():
		return nil, bad("Expression and Once", "are both set; set one of them")
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil || s.TimeZone == "Local" {
		return nil, bad("TimeZone", "%.60q does not exist; it is a name such as Europe/Berlin, or empty for UTC", s.TimeZone)
	}
	if s.Expression == "" {
		return t, nil
	}
	expression, err := cron.Parse(s.Expression, zone)
	if err != nil {
		return nil, bad("Expression", "is wrong: %v", err)
	}
	anchor := now
	if !s.CreatedAt.IsZero() {
		anchor = s.CreatedAt
	}
	if !s.Start.IsZero() {
		anchor = s.Start
	}
	t.expression = expression.Anchored(anchor.Truncate(time.Second))
	return t, nil
}

// next returns the first occurrence after an instant, or zero.
func (t *times) next(after time.Time) time.Time {
	if !t.start.IsZero() && after.Before(t.start) {
		after = t.start.Add(-1)
	}
	due := t.once
	if t.expression != nil {
		due = t.expression.Next(after)
	}
	if !due.After(after) || !t.end.IsZero() && due.After(t.end) {
		return time.Time{}
	}
	return due
}

const (
	// grace is how late an occurrence may be and is not missed. It is longer than look.
	grace = 2 * time.Minute
	// maxMissed is how many missed occurrences are looked at one by one.
	maxMissed = 10_000
)

// due is what a schedule has to do at an instant.
type due struct {
	start   []time.Time // occurrences to be started, in order
	skipped []skip
	last    time.Time // the latest occurrence that was due
	next    time.Time // the first that is not due yet, or zero
}

// skip is a row of occurrences that start no run.
type skip struct {
	first, last time.Time
	count       int64
	reason      string
}

// take returns what is to be done with the occurrences from first on that are
// due at now, by the policy for those that were missed. It looks at a bounded
// number of them: after a pause so long that there are more, the newest count.
func (t *times) take(first, now time.Time, policy slnet.MisfirePolicy) due {
	var d due
	var missed, onTime []time.Time
	at := first
	for ; !at.IsZero() && !at.After(now); at = t.next(at) {
		d.last = at
		if now.Sub(at) <= grace {
			onTime = append(onTime, at)
			continue
		}
		if len(missed) == maxMissed {
			// Go on near the end, as far away as the limit asks for at the pace seen.
			d.skipped = append(d.skipped, skip{first: missed[0], last: missed[len(missed)-1], count: int64(len(missed)), reason: "missed, with more after it than are looked at"})
			pace := missed[len(missed)-1].Sub(missed[0]) / (maxMissed - 1)
			missed = missed[:0]
			if late := now.Add(-pace * (maxMisfire + 1)); late.After(at) {
				at = late // the next round goes on behind it
				continue
			}
		}
		missed = append(missed, at)
	}
	d.next = at
	start, skipped := policyOf(policy).choose(missed, len(onTime) > 0, now)
	d.skipped = append(d.skipped, skipped...)
	d.start = append(start, onTime...)
	return d
}

// policyOf fills in the defaults of a policy.
func policyOf(p slnet.MisfirePolicy) misfires {
	if p.Mode == "" {
		p.Mode = slnet.MisfireOnce
	}
	if p.Limit == 0 {
		p.Limit = defaultMisfire
	}
	return misfires(p)
}

type misfires slnet.MisfirePolicy

// choose divides missed occurrences, in order, into those that are started and
// those that are not. current says that one is on time.
func (p misfires) choose(missed []time.Time, current bool, now time.Time) (start []time.Time, skipped []skip) {
	if p.Mode == slnet.MisfireSkip {
		return nil, together(nil, missed, "missed: the daemon did not run, or its clock was set forward")
	}
	late := 0
	for p.Deadline > 0 && late < len(missed) && now.Sub(missed[late]) > p.Deadline {
		late++
	}
	skipped = together(nil, missed[:late], "missed by more than the deadline of "+p.Deadline.String())
	missed = missed[late:]
	keep := int(p.Limit)
	reason := "missed, and too many with it"
	if p.Mode == slnet.MisfireOnce {
		keep, reason = 1, "missed; one run was started for all that were"
		if current {
			keep, reason = 0, "missed; the occurrence that is due now stands for it"
		}
	}
	from := max(len(missed)-keep, 0)
	return missed[from:], together(skipped, missed[:from], reason)
}

// together appends one skip for all occurrences of a list.
func together(list []skip, occurrences []time.Time, reason string) []skip {
	if len(occurrences) == 0 {
		return list
	}
	return append(list, skip{first: occurrences[0], last: occurrences[len(occurrences)-1], count: int64(len(occurrences)), reason: reason})
}
