package dommanager

import (
	"sync/atomic"
	"time"

	"domovoi.dev/runtime/security"
)

// Metrics are figures of the managers. Counts are since New.
type Metrics struct {
	Running int // modules whose manager is initialised
	// LinkChecks are requests to modules with group links, for each of which the
	// access of its sender is asked for, and LinkSeconds is what that and narrowing
	// their filters took together. Testing single instances is part of the search.
	LinkChecks  int64
	LinkSeconds float64
}

// linkCosts counts what group links cost.
type linkCosts struct{ checks, nanos atomic.Int64 }

// Metrics returns the figures of now.
func (m *Managers) Metrics() Metrics {
	return Metrics{
		Running:     len(m.Running()),
		LinkChecks:  m.costs.checks.Load(),
		LinkSeconds: float64(m.costs.nanos.Load()) / 1e9,
	}
}

// took counts the time since began.
func (c *linkCosts) took(began time.Time) { c.nanos.Add(int64(time.Since(began))) }

// access is what a caller has access to. It is asked for anew in each request.
func (m *manager) access(caller security.Caller) security.Access {
	if m.links == nil {
		return m.accounts.Access(caller, m.links)
	}
	defer m.costs.took(time.Now())
	m.costs.checks.Add(1)
	return m.accounts.Access(caller, m.links)
}
