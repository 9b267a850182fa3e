package plugins

import "sync/atomic"

// Metrics are figures of a host. Counts are since it was opened.
type Metrics struct {
	Workers int // processes that interpret a script, those that wait for a run included
	Plugins int // processes of plugin binaries, likewise
	Spares  int // of both, those that wait for a run or are being prepared for one

	Starts       int64   // processes that were started
	StartsFailed int64   // of them those that did not become ready
	StartSeconds float64 // how long the starts took that did not fail, together
	Reuses       int64   // runs that got the process of an earlier run
}

// counters are what a host counts as it happens.
type counters struct {
	starts, failed, startNanos, reuses atomic.Int64
}

// Metrics returns the figures of now.
func (h *Host) Metrics() Metrics {
	m := Metrics{
		Spares: h.Spares(),
		Starts: h.counters.starts.Load(), StartsFailed: h.counters.failed.Load(),
		StartSeconds: float64(h.counters.startNanos.Load()) / 1e9, Reuses: h.counters.reuses.Load(),
	}
	for _, p := range h.living() {
		if p.spec.Path == "" {
			m.Workers++
		} else {
			m.Plugins++
		}
	}
	return m
}
