package main

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"time"
)

// warmGroup is the group of P12 and P14: runs of a script that was executed just
// before, as source with a process that waits for it, and as a plugin whose
// process carries all runs.
func warmGroup(ctx context.Context, h *house) ([]*measure, error) {
	p := &processes{house: h, echo: filepath.Join(h.dir, "echo")}
	if err := build(ctx, p.echo, testdata+"echo"); err != nil {
		return nil, err
	}
	plugin := filepath.Join(h.dir, "calls")
	if err := build(ctx, plugin, testdata+"calls"); err != nil {
		return nil, err
	}
	if err := p.deployPlugin(ctx, plugin, "process: shared"); err != nil {
		return nil, err
	}
	if err := p.deploySource(ctx); err != nil {
		return nil, err
	}
	e, err := startEcho(p.echo)
	if err != nil {
		return nil, err
	}
	h.closers = append(h.closers, func() error {
		e.close()
		return nil
	})
	return []*measure{
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
func (p *processes) warmStart(id, script string, e *echo) *measure {
	w := &writes{house: p.house}
	value := make([]byte, 400)
	return &measure{
		id:      id,
		work:    "request to result of a run with one engine call, warm, " + script,
		counted: "the router, both synced commits, the session, the call; the process was there",
		floor:   "two synced commits of 400 B to the bare Pebble and an echo of 300 B between two processes",
		bound:   atMostMore(2 * time.Millisecond),
		unit:    latency,
		ours: func(ctx context.Context, _ time.Duration) (float64, error) {
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
		bare: func(ctx context.Context, _ time.Duration) (float64, error) {
			const echoes = 100
			talk, err := e.talk(ctx, echoes)
			if err != nil {
				return 0, err
			}
			began := time.Now()
			for range 2 {
				if err := w.set(value); err != nil {
					return 0, err
				}
			}
			return time.Since(began).Seconds() + talk/echoes, nil
		},
	}
}

// starters is how many clients start runs at a time.
const starters = 16

// runsASecond is P14. There is no floor but the goal itself.
func (p *processes) runsASecond(id, script string) *measure {
	const goal = 2000
	return &measure{
		id:      id,
		work:    "runs with one engine call a second, 16 clients, each run durable, " + script,
		counted: "all of the runs",
		floor:   "the goal of 2,000 a second",
		bound:   atLeast(1),
		unit:    throughput,
		ours: throughputOf(starters, func(ctx context.Context, _ int) error {
			_, err := p.run(ctx, script, 0)
			return err
		}),
		bare: func(context.Context, time.Duration) (float64, error) { return goal, nil },
	}
}

// runsTime is what P14 asks of two cores, as processor time: unlike runs a second
// it does not depend on what else the machine does.
func (p *processes) runsTime(id, script string) *measure {
	const goal = 1e-3
	return &measure{
		id:      id,
		work:    "processor time of a run with one engine call, 16 clients, each run durable, " + script,
		counted: "clients, daemon, the processes of the runs, the kernel's work for them, compactions meanwhile",
		floor:   "the goal of 2,000 a second on two cores",
		bound:   atMost(1),
		unit:    latency,
		ours: func(ctx context.Context, _ time.Duration) (float64, error) {
			const slot = time.Second // clocks of processes tick every 10 ms
			before, err := processorTime()
			if err != nil {
				return 0, err
			}
			var runs atomic.Int64
			_, err = throughputOf(starters, func(ctx context.Context, _ int) error {
				_, err := p.run(ctx, script, 0)
				runs.Add(1)
				return err
			})(ctx, slot)
			if err != nil {
				return 0, err
			}
			after, err := processorTime()
			return (after - before).Seconds() / float64(runs.Load()), err
		},
		bare: func(context.Context, time.Duration) (float64, error) { return goal, nil },
	}
}
