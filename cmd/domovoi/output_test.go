package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// TestWatchPrintsChanges shows that a watched command prints when something is
// other than before, and ends without an error.
func TestWatchPrintsChanges(t *testing.T) {
	var out, told bytes.Buffer
	a := &app{stdout: &out, stderr: &told}
	answers := []string{"one\n", "one\n", "two\n"}
	ctx, cancel := context.WithCancel(t.Context())
	ticks := make(chan time.Time, len(answers))
	for range answers {
		ticks <- time.Time{}
	}
	looks := 0
	err := a.watchList(ctx, ticks, func() error {
		if looks == len(answers) {
			cancel()
			return ctx.Err()
		}
		a.stdout.Write([]byte(answers[looks]))
		looks++
		return nil
	})
	if got := out.String(); err != nil || got != "one\ntwo\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if a.stdout != &out {
		t.Error("the output was not given back")
	}
}

// TestHeadersAreBold shows that only the names of columns are in bold, and that the
// columns stay aligned.
func TestHeadersAreBold(t *testing.T) {
	var out bytes.Buffer
	p := &painter{w: &out}
	table := &table{w: tabwriter.NewWriter(p, 0, 0, 2, ' ', 0), out: p}
	table.header("NAME", "RUNS AS")
	table.row("longer than its header", "ann")
	table.w.Flush()
	head, row, _ := strings.Cut(out.String(), "\n")
	if want := "\x1b[1mNAME                    RUNS AS\x1b[0m"; head != want || strings.Index(row, "ann") != strings.Index(head, "RUNS")-len("\x1b[1m") {
		t.Errorf("got %q and %q, want %q", head, row, want)
	}
}
