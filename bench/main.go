// Command bench compares Domovoi with PocketBase: the same work among the same
// records, on the same machine, in turns, each through its API in process and
// over HTTP. It prints a table and adds it to the results of internal/bench.
//
//	go -C bench run . -short
//	go -C bench run . -instances 1000000 -only read,range
//
// It is a module of its own, so that Domovoi does not depend on PocketBase.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"domovoi.dev/internal/measure"
)

func main() {
	var b bench
	b.Flags(flag.CommandLine, 100_000, "among how `many` records, a multiple of 1,000; the fewer there are, the less it says")
	flag.Parse()
	measure.Main("bench", b.main)
}

// bench says how to measure.
type bench struct{ measure.Settings }

// main compares and reports. A bound that is not met is no error: the table says
// so.
func (b *bench) main(ctx context.Context) error {
	if err := b.Check(1000); err != nil {
		return err
	}
	if b.Instances%1000 != 0 {
		return errors.New("-instances must be a multiple of 1,000")
	}
	m, err := measure.DescribeMachine(b.Dir)
	if err != nil {
		return err
	}
	stop, err := b.Profile()
	if err != nil {
		return err
	}
	rows, err := b.compare(ctx)
	if err := errors.Join(err, stop()); err != nil || len(rows) == 0 {
		return err
	}
	r := report(b.Facts(m), b.Instances, rows)
	fmt.Print(r.Text())
	if b.Results == "" || len(b.Only) > 0 {
		return nil
	}
	return addTo(b.Results, r)
}

// addTo adds a report to the end of a page, or replaces the one that it has.
func addTo(file string, r measure.Report) error {
	page, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	page, _, _ = bytes.Cut(page, []byte("# "+r.Title+"\n"))
	page = bytes.TrimRight(page, "\n")
	if len(page) > 0 {
		page = append(page, "\n\n"...)
	}
	return os.WriteFile(file, append(page, r.Markdown()...), 0o644)
}
