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
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"domovoi.dev/plugins/sandbox"
	"domovoi.dev/runtime/interp"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == sandbox.Verb {
		sandbox.Main(os.Args[2:], interp.Worker)
		return
	}
	var b bench
	only := flag.String("only", "", "measure only these `ids`, with commas between; the results file is then not written")
	flag.StringVar(&b.dir, "dir", os.TempDir(), "put data below this `directory`; it should be on a disk that counts")
	flag.IntVar(&b.rounds, "rounds", 15, "how many `times` each measure and its floor take turns")
	flag.DurationVar(&b.slot, "slot", 150*time.Millisecond, "how long a turn takes, where it is not a fixed amount of work")
	flag.IntVar(&b.instances, "instances", 1_000_000, "how `many` instances the store of P6 to P9, P16 and P17 has; loading a million takes some minutes")
	results := flag.String("results", "bench/results.md", "the `file` to write the table to; empty writes none")
	var p profiles
	flag.StringVar(&p.cpu, "cpuprofile", "", "write a CPU profile of the turns to this `file`; floors are in it too")
	flag.StringVar(&p.memory, "memprofile", "", "write a profile of all allocations to this `file`")
	flag.Parse()
	if *only != "" {
		b.only = strings.Split(*only, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.main(ctx, *results, p); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// bench says how to measure.
type bench struct {
	only   []string // ids; empty means all
	dir    string
	rounds int
	slot   time.Duration
	// instances is how many there are for P6 to P9, P16 and P17.
	instances int
	// program is that of the daemons with a process of their own; empty means
	// cmd/domovoi, built for the run.
	program string
}

// main measures and reports. A bound that is not met is no error: the table
// says so.
func (b *bench) main(ctx context.Context, file string, p profiles) error {
	if b.rounds < 1 {
		return errors.New("-rounds must be at least 1")
	}
	if b.instances < firstOf {
		return fmt.Errorf("-instances must be at least %d", firstOf)
	}
	var err error
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	m, err := describeMachine(b.dir)
	if err != nil {
		return err
	}
	r := report{machine: m, rounds: b.rounds, slot: b.slot}
	stop, err := p.start()
	if err != nil {
		return err
	}
	r.results, err = b.measure(ctx)
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	fmt.Print(r.text())
	if file == "" || len(b.only) > 0 {
		return nil
	}
	return os.WriteFile(file, []byte(r.markdown()), 0o644)
}

// A group is measures that share a daemon and its data.
type group struct {
	ids []string // of goals.md, and API for user-defined APIs
	// spares says that processes wait for runs, as they do in `domovoi serve`.
	spares bool
	// open prepares the house, and leaves to it what has to be closed.
	open func(ctx context.Context, h *house) ([]*measure, error)
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
		{ids: []string{"API"}, spares: true, open: apisGroup},
	}
}

func (b *bench) measure(ctx context.Context) ([]result, error) {
	var all []result
	for _, g := range b.groups() {
		if !slices.ContainsFunc(g.ids, b.wants) {
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

// wants reports whether a measure was asked for. The first word of its id is
// that of goals.md.
func (b *bench) wants(id string) bool {
	id, _, _ = strings.Cut(id, " ")
	return len(b.only) == 0 || slices.Contains(b.only, id)
}

// group opens a group on new data, carries out those of its measures that were
// asked for, and removes the data.
func (b *bench) group(ctx context.Context, g group) (results []result, err error) {
	dir, err := os.MkdirTemp(b.dir, "domovoi-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	h, err := openHouse(ctx, dir, g.spares)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	measures, err := g.open(ctx, h)
	if err != nil {
		return nil, err
	}
	for _, m := range measures {
		if !b.wants(m.id) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", m.id, m.work)
		r, err := m.carry(ctx, b.rounds, b.slot)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}
