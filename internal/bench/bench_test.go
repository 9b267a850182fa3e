package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"domovoi.dev/plugins/sandbox"
	"domovoi.dev/runtime"
	"domovoi.dev/runtime/interp"
)

// TestMain lets the test binary be the worker of the daemons it measures, and
// such a daemon itself.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == sandbox.Verb:
		sandbox.Main(os.Args[2:], interp.Worker)
	case len(os.Args) > 1 && os.Args[1] == "serve":
		if err := serve(os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// serve is `domovoi serve`, which would have to be built first, as far as it is
// needed here.
func serve(dataDir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d, err := runtime.Open(ctx, runtime.Options{DataDir: dataDir, Logger: logger()})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: d.Handler()}
	go server.Serve(listener)
	fmt.Printf("listening on http://%v (as a test)\n", listener.Addr())
	<-ctx.Done()
	return errors.Join(server.Close(), d.Close(context.Background()))
}

// TestEveryMeasureGivesFigures measures all there is, too shortly to mean
// anything.
func TestEveryMeasureGivesFigures(t *testing.T) {
	b := bench{dir: t.TempDir(), rounds: 1, slot: time.Millisecond, instances: firstOf, program: os.Args[0]}
	file := filepath.Join(b.dir, "results.md")
	if err := b.main(t.Context(), file, profiles{}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range new(bench).groups() {
		for _, id := range g.ids {
			if !strings.Contains(string(page), "\n| "+id) {
				t.Errorf("the page has no row of %s:\n%s", id, page)
			}
		}
	}
	left, err := os.ReadDir(b.dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the data was not removed: %v (%v)", left, err)
	}
}

func TestRoundsAlternateAndTheFirstDoesNotCount(t *testing.T) {
	var turns []string
	script := func(name string, figures ...float64) side {
		return func(context.Context, time.Duration) (float64, error) {
			turns = append(turns, name)
			figure := figures[0]
			figures = figures[1:]
			return figure, nil
		}
	}
	m := &measure{bound: atMost(3), ours: script("ours", 99, 2, 8, 6), bare: script("bare", 1, 1, 2, 3)}
	r, err := m.carry(t.Context(), 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Fields("bare ours bare ours bare ours bare ours"); !slices.Equal(turns, want) {
		t.Errorf("turns %v, want %v", turns, want)
	}
	for _, c := range []struct {
		what      string
		got, want spread
	}{
		{"figures", r.figures, spread{6, 2, 8}},
		{"floors", r.floors, spread{2, 1, 3}},
		{"ratios", r.ratios, spread{2, 2, 4}},
	} {
		if c.got != c.want {
			t.Errorf("%s %v, want %v", c.what, c.got, c.want)
		}
	}
	if !r.met() || atMost(1.9).met(2) || !atLeast(2).met(2) || atLeast(2.1).met(2) {
		t.Error("a bound is judged wrongly")
	}
}
