// Command bench measures what goals.md promises, each figure against its floor:
// the least the same work could cost on the machine, measured beside it in the
// same run. It prints a table and writes it to bench/results.md.
//
//	go run ./internal/bench
//	go run ./internal/bench -only P1,P3 -cpuprofile cpu.prof
//
// It starts itself as the worker of the daemons it measures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"

	"domovoi.dev/internal/measure"
	"domovoi.dev/plugins/sandbox"
	"domovoi.dev/runtime/interp"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == sandbox.Verb {
		sandbox.Main(os.Args[2:], interp.Worker)
		return
	}
	var b bench
	b.Flags(flag.CommandLine, 1_000_000, "how `many` instances the store of P6 to P9, P16 and P17 has, and a tenth of it schedules that of SCH; loading a million takes some minutes")
	flag.Parse()
	measure.Main("bench", b.main)
}

// bench says how to measure. Its instances are those of P6 to P9, P16 and P17;
// SCH has a tenth as many schedules.
type bench struct {
	measure.Settings
	// program is that of the daemons with a process of their own; empty means
	// cmd/domovoi, built for the run.
	program string
}

// main measures and reports. A bound that is not met is no error: the table
// says so.
func (b *bench) main(ctx context.Context) error {
	if err := b.Check(firstOf); err != nil {
		return err
	}
	m, err := measure.DescribeMachine(b.Dir)
	if err != nil {
		return err
	}
	stop, err := b.Profile()
	if err != nil {
		return err
	}
	results, err := b.measure(ctx)
	if err := errors.Join(err, stop()); err != nil || len(results) == 0 {
		return err
	}
	r := measure.ReportOf("Figures",
		"Written by `make bench`. Each figure stands beside its floor, the least the same work could cost, measured in the same run.",
		b.Facts(m), results)
	fmt.Print(r.Text())
	if b.Results == "" || len(b.Only) > 0 {
		return nil
	}
	return os.WriteFile(b.Results, []byte(r.Markdown()), 0o644)
}

// A group is measures that share a daemon and its data.
type group struct {
	ids []string // of goals.md; API, TRG and SCH for user-defined APIs, triggers and schedules
	// spares says that processes wait for runs, as they do in `domovoi serve`.
	spares bool
	// open prepares the house, and leaves to it what has to be closed.
	open func(ctx context.Context, h *measure.House) ([]*measure.Measure, error)
}

// groups are all groups, in the order of the table.
func (b *bench) groups() []group {
	return []group{
		{ids: []string{"P1", "P2", "P3"}, open: writesGroup},
		{ids: []string{"P1", "P2"}, open: limitedGroup},
		{ids: []string{"P4", "P5"}, open: readsGroup},
		{ids: []string{"P6", "P7", "P8", "P9", "P16", "P17"}, open: b.loadedGroup},
		{ids: []string{"P10"}, open: linksGroup},
		{ids: []string{"P11", "P13"}, open: processesGroup},
		{ids: []string{"P12", "P14"}, spares: true, open: warmGroup},
		{ids: []string{"P15"}, open: eventsGroup},
		{ids: []string{"API"}, spares: true, open: apisGroup},
		{ids: []string{"TRG", "SCH"}, open: b.startsGroup},
	}
}

func (b *bench) measure(ctx context.Context) ([]measure.Result, error) {
	var all []measure.Result
	for _, g := range b.groups() {
		if !slices.ContainsFunc(g.ids, b.Wants) {
			continue
		}
		results, err := b.group(ctx, g)
		if err != nil {
			return nil, err
		}
		all = append(all, results...)
	}
	return all, nil
}

// group opens a group on new data, carries out those of its measures that were
// asked for, and removes the data.
func (b *bench) group(ctx context.Context, g group) (results []measure.Result, err error) {
	dir, err := os.MkdirTemp(b.Dir, "domovoi-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	h, err := measure.OpenHouse(ctx, dir, g.spares)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	measures, err := g.open(ctx, h)
	if err != nil {
		return nil, err
	}
	for _, m := range measures {
		if !b.Wants(m.ID) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", m.ID, m.Work)
		r, err := m.Carry(ctx, b.Rounds, b.Slot)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}
