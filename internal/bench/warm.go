package main

import (
	"context"
	"sync/atomic"
	"time"

	"domovoi.dev/internal/measure"
)

// warmGroup is the group of P12 and P14: runs of a script that was executed just
// before, as source with a process that waits for it, and as a plugin whose
// process carries all runs.
func warmGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	p, err := newProcesses(ctx, h, "process: shared")
	if err != nil {
		return nil, err
	}
	e, err := startEcho(p.echo)
	if err != nil {
		return nil, err
	}
	h.Closers = append(h.Closers, func() error {
		e.close()
		return nil
	})
	return []*measure.Measure{
		p.warmStart("P12 worker", asSource, e),
		p.warmStart("P12 shared plugin", asPlugin, e),
		p.runsASecond("P14 worker", asSource),
		p.runsASecond("P14 shared plugin", asPlugin),
		p.runsTime("P14 worker time", asSource),
		p.runsTime("P14 shared plugin time", asPlugin),
	}, nil
}

// spareTime is more than a process takes to be ready for the next run.
const spareTime = 200 * time.Millisecond

// warmStart is P12. Its floor has the two synced commits of a run in it, which do
// not count.
func (p *processes) warmStart(id, script string, e *echo) *measure.Measure {
	w := &writes{House: p.House}
	value := make([]byte, 400)
	return &measure.Measure{
		ID:      id,
		Work:    "request to result of a run with one engine call, warm, " + script,
		Counted: "the router, both synced commits, the session, the call; the process was there",
		Floor:   "two synced commits of 400 B to the bare Pebble and an echo of 300 B between two processes",
		Bound:   measure.AtMostMore(2 * time.Millisecond),
		Unit:    measure.Latency,
		Ours: func(ctx context.Context, _ time.Duration) (float64, error) {
			if _, err := p.run(ctx, script, 0); err != nil {
				return 0, err
			}
			select {
			case <-time.After(spareTime):
			case <-ctx.Done():
				return 0, ctx.Err()
			}
			began := time.Now()
			_, err := p.run(ctx, script, 0)
			return time.Since(began).Seconds(), err
		},
		Bare: func(ctx context.Context, _ time.Duration) (float64, error) {
			const echoes = 100
			talk, err := e.talk(ctx, echoes)
			if err != nil {
				return 0, err
			}
			began := time.Now()
			for range 2 {
				if err := w.Set(value); err != nil {
					return 0, err
				}
			}
			return time.Since(began).Seconds() + talk/echoes, nil
		},
	}
}

// starters is how many clients start runs at a time.
const starters = 16

// runsASecond is P14, which has no floor.
func (p *processes) runsASecond(id, script string) *measure.Measure {
	const goal = 2000
	return &measure.Measure{
		ID:      id,
		Work:    "runs with one engine call a second, 16 clients, each run durable, " + script,
		Counted: "all of the runs",
		Bound:   measure.AtLeast(goal),
		Unit:    measure.Throughput,
		Ours: measure.ThroughputOf(starters, func(ctx context.Context, _ int) error {
			_, err := p.run(ctx, script, 0)
			return err
		}),
	}
}

// runsTime is what P14 asks of two cores, as processor time, which depends less
// on what else the machine does than runs a second.
func (p *processes) runsTime(id, script string) *measure.Measure {
	const goal = 1e-3
	return &measure.Measure{
		ID:      id,
		Work:    "processor time of a run with one engine call, 16 clients, each run durable, " + script,
		Counted: "clients, daemon, the processes of the runs, the kernel's work for them, compactions meanwhile",
		Bound:   measure.AtMost(goal),
		Unit:    measure.Latency,
		Ours: func(ctx context.Context, _ time.Duration) (float64, error) {
			const slot = time.Second // clocks of processes tick every 10 ms
			before, err := measure.ProcessorTime()
			if err != nil {
				return 0, err
			}
			var runs atomic.Int64
			_, err = measure.ThroughputOf(starters, func(ctx context.Context, _ int) error {
				_, err := p.run(ctx, script, 0)
				runs.Add(1)
				return err
			})(ctx, slot)
			if err != nil {
				return 0, err
			}
			after, err := measure.ProcessorTime()
			return (after - before).Seconds() / float64(runs.Load()), err
		},
	}
}
