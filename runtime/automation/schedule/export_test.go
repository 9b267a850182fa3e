package schedule

import (
	"context"
	"time"

	"domovoi.dev/sdk/slnet"
)

// Tick starts what is due at the reading of the clock.
func (s *Schedules) Tick(ctx context.Context) error {
	s.from, s.idle = nil, false // as when it is woken
	_, err := s.tick(ctx)
	return err
}

// Choose divides missed occurrences by a policy; skipped are those not started.
func Choose(policy slnet.MisfirePolicy, missed []time.Time, current bool, now time.Time) (start []time.Time, skipped int64) {
	start, skips := policyOf(policy).choose(missed, current, now)
	for _, s := range skips {
		skipped += s.count
	}
	return start, skipped
}
