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
	"strings"
	"syscall"
	"testing"
	"time"

	"domovoi.dev/internal/leak"
	"domovoi.dev/internal/measure"
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
		leak.Main(m)
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
	d, err := runtime.Open(ctx, runtime.Options{DataDir: dataDir, Logger: measure.Logger()})
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
	b := bench{program: os.Args[0]}
	b.Dir, b.Rounds, b.Slot, b.Instances = t.TempDir(), 1, time.Millisecond, firstOf
	b.Results = filepath.Join(b.Dir, "results.md")
	if err := b.main(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(b.Results)
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
	left, err := os.ReadDir(b.Dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the data was not removed: %v (%v)", left, err)
	}
}
