package automation

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"domovoi.dev/sdk/slnet"
)

const (
	defaultDelay    = time.Second
	defaultMaxDelay = time.Hour
	// maxAttemptsKept is how many earlier attempts a run keeps, and
	// maxAttemptErrors how many errors of each.
	maxAttemptsKept  = 10
	maxAttemptErrors = 5
)

// delayBefore is the time before an attempt of a run, the second or a later one:
// the delay doubles with each, up to its bound, and is drawn from its upper half,
// so that runs that failed together do not come together again. draw is from 0
// to 1.
func delayBefore(attempt int64, r slnet.ScriptRetry, draw float64) time.Duration {
	delay, most := cmp.Or(r.Delay, defaultDelay), cmp.Or(r.MaxDelay, max(defaultMaxDelay, r.Delay))
	for i := int64(2); i < attempt && delay < most; i++ {
		delay *= 2
	}
	delay = min(delay, most)
	return delay/2 + time.Duration(draw*float64(delay-delay/2))
}

// again is a run that has ended as it waits for its next attempt.
func again(ended slnet.Run, r slnet.ScriptRetry, now time.Time) slnet.Run {
	attempt := slnet.RunAttempt{
		Attempt: ended.Attempt, StartedAt: ended.StartedAt, EndedAt: ended.EndedAt, State: ended.State,
		Errors: slices.Clone(ended.Errors[:min(len(ended.Errors), maxAttemptErrors)]),
	}
	run := ended
	run.Attempts = append(slices.Clone(ended.Attempts), attempt)
	run.Attempts = run.Attempts[max(0, len(run.Attempts)-maxAttemptsKept):]
	run.Attempt++
	run.State, run.StartedAt, run.EndedAt = slnet.RunQueued, time.Time{}, time.Time{}
	run.Output, run.Result, run.ExitReason, run.Errors = nil, nil, "", nil
	run.PeakMemory, run.CPUTime = 0, 0
	// Keys in the store have milliseconds.
	run.NotBefore = now.Add(delayBefore(run.Attempt, r, rand.Float64())).Truncate(time.Millisecond)
	return run
}
