package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"domovoi.dev/internal/load"
	"domovoi.dev/internal/measure"
)

// loaded is the group of all that is promised of a million instances: P6 to P9,
// P16 and P17. The daemon they are loaded into, over HTTP as `domovoi bench load`
// does, is a process of its own. Its store is then opened in this process, beside
// that of the group, which has a hundredth of the instances.
type loaded struct {
	b       *bench
	program string // domovoi
	few     *measure.House
	dir     string    // of the house of the many
	idle    float64   // bytes in memory of a daemon on a new data directory
	full    float64   // of the same when all is loaded
	starts  []float64 // seconds until the first answer
}

// The name of the loaded module, and how many requests load it at the same time.
const (
	loadedModule = "many"
	loadParallel = 4
)

// fewer is how many times as many instances the large store of P9 has.
const fewer = 100

func (b *bench) loadedGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	l := &loaded{b: b, program: b.program, few: h, dir: filepath.Join(h.Dir, "many")}
	if l.program == "" {
		l.program = filepath.Join(h.Dir, "domovoi")
		if err := build(ctx, l.program, "domovoi.dev/cmd/domovoi"); err != nil {
			return nil, err
		}
	}
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	if err := l.start(ctx); err != nil {
		return nil, err
	}
	many, err := measure.OpenHouse(ctx, l.dir, false)
	if err != nil {
		return nil, err
	}
	h.Closers = append(h.Closers, many.Close)
	q, err := newQueries(ctx, many, b.Instances)
	if err != nil {
		return nil, err
	}
	creates, err := l.creates(ctx, q)
	return []*measure.Measure{q.equality(), q.countAll(), q.ordered(false), q.ordered(true), creates,
		l.memory("P16 idle", "memory of an idle daemon", 60e6, l.idle),
		l.memory("P16 loaded", fmt.Sprintf("memory of a daemon after %d instances of five fields were loaded", b.Instances), 400e6, l.full),
		l.toFirstAnswer(),
	}, err
}

func (l *loaded) data() string { return filepath.Join(l.dir, "data") }

// load loads the instances into a new daemon.
func (l *loaded) load(ctx context.Context) (err error) {
	d, err := startDaemon(ctx, l.program, l.data())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	module, err := load.Prepare(ctx, d.client.SendSLNetMessages, loadedModule)
	if err != nil {
		return err
	}
	if l.idle, err = d.resident(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "loading %d instances\n", l.b.Instances)
	if err := module.Fill(ctx, l.b.Instances, loadParallel, new(load.Progress)); err != nil {
		return err
	}
	l.full, err = d.resident()
	return err
}

// start starts the daemon again as often as there are rounds.
func (l *loaded) start(ctx context.Context) error {
	for range l.b.Rounds + 1 {
		took, err := l.startOnce(ctx)
		if err != nil {
			return err
		}
		l.starts = append(l.starts, took)
	}
	return nil
}

func (l *loaded) startOnce(ctx context.Context) (took float64, err error) {
	began := time.Now()
	d, err := startDaemon(ctx, l.program, l.data())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	module, err := load.Prepare(ctx, d.client.SendSLNetMessages, loadedModule)
	took = time.Since(began).Seconds()
	if err != nil {
		return 0, err
	}
	found, err := module.Helper.DomInstances.Count(ctx, module.OfDefinition())
	if err == nil && found != int64(l.b.Instances) {
		err = fmt.Errorf("after a start there are %d of %d instances", found, l.b.Instances)
	}
	return took, err
}

// toFirstAnswer is P17. It was measured before the store was opened here.
func (l *loaded) toFirstAnswer() *measure.Measure {
	return &measure.Measure{
		ID:      "P17",
		Work:    fmt.Sprintf("start of a daemon with %d instances to its first answer", l.b.Instances),
		Counted: "the start of `domovoi serve`, the connection, the start of the module's DOM manager, the model read; the files are in the memory of the system",
		Bound:   measure.AtMost(1),
		Unit:    measure.Latency,
		Ours: func(context.Context, time.Duration) (float64, error) {
			took := l.starts[0]
			l.starts = l.starts[1:]
			return took, nil
		},
	}
}

// memory is P16.
func (l *loaded) memory(id, work string, most, bytes float64) *measure.Measure {
	return &measure.Measure{
		ID:      id,
		Work:    work,
		Counted: "what is resident of `domovoi serve`, with the pages of the program; measured once",
		Bound:   measure.AtMost(most),
		Unit:    measure.Memory,
		Ours:    func(context.Context, time.Duration) (float64, error) { return bytes, nil },
	}
}

// creates is P9.
func (l *loaded) creates(ctx context.Context, many *queries) (*measure.Measure, error) {
	n := l.b.Instances / fewer
	few, err := load.Prepare(ctx, l.few.User.SendSLNetMessages, loadedModule)
	if err != nil {
		return nil, err
	}
	if err := few.Fill(ctx, n, loadParallel, new(load.Progress)); err != nil {
		return nil, err
	}
	if err := l.few.Store.Compact(ctx); err != nil {
		return nil, err
	}
	next := l.b.Instances // the number of the next instance, in either store
	in := func(m *load.Module) measure.Side {
		return measure.LatencyOf(1, func(ctx context.Context) error {
			next++
			_, err := m.Helper.DomInstances.Create(ctx, m.Instance(next))
			return err
		})
	}
	return &measure.Measure{
		ID:      "P9",
		Work:    fmt.Sprintf("create an instance of five fields where there are %d, in process, synced", l.b.Instances),
		Counted: "making and encoding the instance, router, DOM manager, commit, decoding the answer",
		Floor:   fmt.Sprintf("the same where there are %d", n),
		Bound:   measure.AtMost(1.2),
		Unit:    measure.Latency,
		Ours:    in(many.module),
		Bare:    in(few),
	}, nil
}
