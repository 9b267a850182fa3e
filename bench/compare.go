package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"

	"github.com/pocketbase/pocketbase/core"

	"domovoi.dev/internal/measure"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
)

// ahead is how many times as good as PocketBase the figures are to be.
const ahead = 3

// clients is how many create at the same time.
const clients = 32

// work is what all stores do.
type work struct {
	id, text string
	unit     measure.Unit
	writes   bool
	// side is the work in a store.
	side func(t *turns, s store) measure.Side
}

// works are in an order in which nothing is created before all is read.
var works = []work{
	{id: "read", text: "read a record by id", unit: measure.Latency, side: func(t *turns, s store) measure.Side {
		return measure.LatencyOf(10, func(ctx context.Context) error { return s.read(ctx, rand.IntN(t.records)) })
	}},
	{id: "equal", text: fmt.Sprintf("list %d records by the value of a field", equalHits), unit: measure.Latency, side: func(t *turns, s store) measure.Side {
		return measure.LatencyOf(5, func(ctx context.Context) error {
			found, err := s.equal(ctx, readingOf(rand.IntN(t.records), t.records).value)
			return expect(equalHits, found, err)
		})
	}},
	{id: "range", text: fmt.Sprintf("list %d records by a range of a field, in its order", rangeHits), unit: measure.Latency, side: func(t *turns, s store) measure.Side {
		return measure.LatencyOf(1, func(ctx context.Context) error {
			from := t.from(rangeHits)
			found, err := s.between(ctx, from, from+rangeHits)
			return expect(rangeHits, found, err)
		})
	}},
	{id: "count", text: "count all records", unit: measure.Latency, side: func(t *turns, s store) measure.Side {
		return measure.LatencyOf(1, func(ctx context.Context) error {
			found, err := s.all(ctx)
			return expect(t.records, found, err)
		})
	}},
	{id: "count-range", text: fmt.Sprintf("count %d records by a range of a field", countHits), unit: measure.Latency, side: func(t *turns, s store) measure.Side {
		return measure.LatencyOf(1, func(ctx context.Context) error {
			from := t.from(countHits)
			found, err := s.countBetween(ctx, from, from+countHits)
			return expect(countHits, found, err)
		})
	}},
	{id: "create", text: "create a record", unit: measure.Latency, writes: true, side: func(t *turns, s store) measure.Side {
		return measure.LatencyOf(1, func(ctx context.Context) error { return s.create(ctx, t.next()) })
	}},
	{id: "create-32", text: fmt.Sprintf("create records, %d at a time", clients), unit: measure.Throughput, writes: true, side: func(t *turns, s store) measure.Side {
		return measure.ThroughputOf(clients, func(ctx context.Context, _ int) error { return s.create(ctx, t.next()) })
	}},
}

// expect checks how many records an answer has.
func expect(want, found int, err error) error {
	if err == nil && found != want {
		err = fmt.Errorf("%d records were found, there are %d", found, want)
	}
	return err
}

// door is how the stores are reached: ours, the floor, and PocketBase with its own
// durability and with ours.
type door struct {
	name                 string
	ours, theirs, synced store
}

// turns is the comparison: all stores, filled with the same records.
type turns struct {
	b       *bench
	records int
	created atomic.Int64 // beyond records
	house   *measure.House
	base    *floor
	doors   []door
	closers []func() error
}

// next is a new record.
func (t *turns) next() reading { return readingOf(t.records+int(t.created.Add(1)), t.records) }

// from is where a range of a number of counts begins.
func (t *turns) from(hits int) int64 { return rand.Int64N(int64(t.records - hits + 1)) }

// row is a row of the table.
type row struct {
	id, text                        string
	unit                            measure.Unit
	ours, theirs, floor, timesAhead measure.Spread
}

// compare fills the stores on new data, carries out the work that was asked for,
// and removes the data.
func (b *bench) compare(ctx context.Context) (rows []row, err error) {
	if !b.wantsAny() {
		return nil, nil
	}
	dir, err := os.MkdirTemp(b.Dir, "domovoi-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t := &turns{b: b, records: b.Instances}
	defer func() { err = errors.Join(err, t.close()) }()
	fmt.Fprintf(os.Stderr, "loading %d records into each side\n", t.records)
	if err := t.open(ctx, dir); err != nil {
		return nil, err
	}
	for _, w := range works {
		if !b.Wants(w.id) {
			continue
		}
		for _, d := range t.doors {
			done, err := t.carry(ctx, w, d)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", w.id, d.name, err)
			}
			rows = append(rows, done...)
		}
	}
	return rows, nil
}

func (b *bench) wantsAny() bool {
	for _, w := range works {
		if b.Wants(w.id) {
			return true
		}
	}
	return false
}

// carry carries out one work through one door. What only reads is not asked of
// PocketBase with another durability.
func (t *turns) carry(ctx context.Context, w work, d door) ([]row, error) {
	fmt.Fprintf(os.Stderr, "%s: %s, %s\n", w.id, w.text, d.name)
	sides := []measure.Side{w.side(t, t.base), w.side(t, d.ours), w.side(t, d.theirs)}
	if w.writes {
		sides = append(sides, w.side(t, d.synced))
	}
	figures, err := measure.Turns(ctx, t.b.Rounds, t.b.Slot, sides...)
	if err != nil {
		return nil, err
	}
	against := func(name string, theirs []float64) row {
		return row{
			id: w.id, text: fmt.Sprintf("%s, %s%s", w.text, d.name, name), unit: w.unit,
			floor: measure.SpreadOf(figures[0]), ours: measure.SpreadOf(figures[1]), theirs: measure.SpreadOf(theirs),
			timesAhead: w.unit.AheadOf(figures[1], theirs),
		}
	}
	if !w.writes {
		return []row{against("", figures[2])}, nil
	}
	return []row{against(", PocketBase synced", figures[3]), against(", PocketBase by default", figures[2])}, nil
}

// open opens and fills all stores.
func (t *turns) open(ctx context.Context, dir string) error {
	var err error
	if t.house, err = measure.OpenHouse(ctx, filepath.Join(dir, "domovoi"), false); err != nil {
		return err
	}
	t.closers = append(t.closers, t.house.Close)
	inProcess, err := newDomovoi(ctx, t.house.User.SendSLNetMessages, t.records)
	if err != nil {
		return err
	}
	encoded, err := dom.EncodeObject(inProcess.instance(readingOf(0, t.records)))
	if err != nil {
		return err
	}
	if t.base, err = newFloor(t.house, len(encoded), t.records); err != nil {
		return err
	}
	address, err := t.house.Listen()
	if err != nil {
		return err
	}
	connection, err := client.Dial(client.Options{Address: address, Token: t.house.Token})
	if err != nil {
		return err
	}
	t.house.Closers = append(t.house.Closers, connection.Close)
	theirs, synchronous, err := t.openPocketBases(ctx, dir)
	if err != nil {
		return err
	}
	theirsHTTP, err := theirs.serve()
	if err != nil {
		return err
	}
	syncedHTTP, err := synchronous.serve()
	t.doors = []door{
		{"in process", inProcess, theirs, synchronous},
		{"over HTTP", inProcess.through(connection.SendSLNetMessages), theirsHTTP, syncedHTTP},
	}
	return err
}

// openPocketBases fills one application, copies its files for the other one, and
// opens both.
func (t *turns) openPocketBases(ctx context.Context, dir string) (theirs, synchronous *pocketBase, err error) {
	filled, err := openPocketBase(filepath.Join(dir, "pocketbase"), core.DefaultDBConnect)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(filled.fill(ctx, t.records), filled.Close()); err != nil {
		return nil, nil, err
	}
	copied := filepath.Join(dir, "pocketbase-synced")
	if err := os.CopyFS(copied, os.DirFS(filled.DataDir())); err != nil {
		return nil, nil, err
	}
	if theirs, err = t.reopen(filled.DataDir(), core.DefaultDBConnect, filled.ids); err != nil {
		return nil, nil, err
	}
	synchronous, err = t.reopen(copied, synced, filled.ids)
	return theirs, synchronous, err
}

func (t *turns) reopen(dir string, connect core.DBConnectFunc, ids []string) (*pocketBase, error) {
	p, err := openPocketBase(dir, connect)
	if err != nil {
		return nil, err
	}
	t.closers = append(t.closers, p.Close)
	p.ids = ids
	return p, nil
}

func (t *turns) close() error {
	var errs []error
	for _, c := range t.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// report is the table of the rows.
func report(facts []string, records int, rows []row) measure.Report {
	r := measure.Report{
		Title: "Comparison with PocketBase",
		Intro: fmt.Sprintf("Written by `make bench`: the same work among the same %d records, in turns on the same machine. \"Ahead\" is how many times as good as PocketBase's the figure of Domovoi is.", records),
		Facts: append(facts,
			"PocketBase "+pocketBaseVersion()+" with SQLite in Go, without cgo; records of five fields, times of creation and update, indexes of the two fields that are searched by",
			"Domovoi with its defaults: indexes of all fields, history and feed; each commit is synced before it is answered",
			"PocketBase by default is SQLite's WAL with synchronous=NORMAL: commits of the last seconds may be lost with the power. Synced is the same with synchronous=FULL, which promises what Domovoi promises; this is the comparable one",
			"both run in the process that measures, also over HTTP, with clients that keep their connections and the token of an administrator; lists are decoded",
			"floor: a bare Pebble with as many bytes; for a create one synced Set, for reading by id one Get, for a list a scan of index keys and a Get each, for a count by a filter the scan, for a count of all one Get"),
		Columns: []string{"id", "work", "Domovoi", "PocketBase", "ahead", "bound", "met", "floor"},
	}
	times := func(ratio float64) string { return fmt.Sprintf("%.2f", ratio) }
	for _, row := range rows {
		r.Rows = append(r.Rows, []string{
			row.id, row.text, row.ours.Text(row.unit.Format), row.theirs.Text(row.unit.Format),
			row.timesAhead.Text(times), fmt.Sprintf(">= %d", ahead), measure.YesNo(row.timesAhead.Median >= ahead),
			row.floor.Text(row.unit.Format),
		})
	}
	return r
}

// pocketBaseVersion is the version that this program was built with.
func pocketBaseVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/pocketbase/pocketbase" {
				return module.Version
			}
		}
	}
	return ""
}
