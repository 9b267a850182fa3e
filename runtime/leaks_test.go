package runtime_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/stress"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// resources are what a daemon must not have more of after many runs.
type resources struct {
	heap                         int64
	goroutines, files, processes int
}

func (r resources) String() string {
	return fmt.Sprintf("%d KiB of heap, %d goroutines, %d files, %d processes", r.heap>>10, r.goroutines, r.files, r.processes)
}

// usedNow are the resources of this process, after a full collection.
func usedNow(t *testing.T) resources {
	t.Helper()
	goruntime.GC()
	goruntime.GC()
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return resources{int64(m.HeapAlloc), goruntime.NumGoroutine(), len(files), len(children(t))}
}

// children are the processes that this one started and did not reap.
func children(t *testing.T) (pids []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	self := strconv.Itoa(os.Getpid())
	for _, e := range entries {
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		if fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])); len(fields) > 1 && fields[1] == self {
			pids = append(pids, e.Name())
		}
	}
	return pids
}

// TestRunsAndDeploysLeaveNothing executes and deploys scripts, with spares, and
// compares what the daemon has afterwards with what it had before: a few times
// in make test, ten thousand runs and a thousand deploys in make stress.
func TestRunsAndDeploysLeaveNothing(t *testing.T) {
	runs, deploys, files := 40, 10, pebblekv.MemFS()
	if stress.Long() {
		// Files in memory would count as what the daemon keeps.
		runs, deploys, files = 10_000, 1_000, nil
	}
	store, err := pebblekv.Open(filepath.Join(t.TempDir(), "store"), pebblekv.Options{FS: files, MemTableSize: 1 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	d := daemontest.StartOnWith(t, t.TempDir(), store, func(o *runtime.Options) { o.Spares = 2 })
	admin := d.Administrator()
	version := 0
	work := func(runs, deploys int) {
		for i := range runs {
			if i%max(runs/deploys, 1) == 0 {
				version++
				daemontest.Deploy(t, admin, "good", goodScript+fmt.Sprintf("\nvar version = %d\n", version))
			}
			if run := daemontest.Execute(t, admin, "good"); run.State != slnet.RunSucceeded {
				t.Fatalf("the run %s: %+v", run.State, run.Errors)
			}
		}
	}
	work(10, 2)
	before := usedNow(t)
	work(runs, deploys)
	// What ends in its own time has ended soon: connections, killed processes. A
	// spare or two are there before and after.
	const slack = 12
	deadline := time.Now().Add(10 * time.Second)
	for {
		after := usedNow(t)
		if after.goroutines <= before.goroutines+2*slack && after.files <= before.files+slack && after.processes <= 3 && after.heap <= before.heap+16<<20 {
			t.Logf("%d runs and %d deploys: before %v, after %v", runs, deploys, before, after)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d runs and %d deploys: before %v, after %v", runs, deploys, before, after)
		}
		goruntime.Gosched()
	}
}

// TestPackageStateIsOfOneRun executes a script that changes its package, with
// processes waiting: each run finds the package as it was written. One that
// cannot change its package finds it so in any case.
func TestPackageStateIsOfOneRun(t *testing.T) {
	d := daemontest.StartWith(t, func(o *runtime.Options) { o.Spares = 2 })
	admin := d.Administrator()
	const source = `package main

import (
	"context"
	"strconv"

	"domovoi.dev/sdk"
)

%s

func Run(ctx context.Context, engine *sdk.Engine) error {
	%s
	return engine.AddScriptOutput("n", strconv.Itoa(n))
}
`
	daemontest.Deploy(t, admin, "counts", fmt.Sprintf(source, "var n int", "n++"))
	daemontest.Deploy(t, admin, "one", fmt.Sprintf(source, "var one = 1", "n := one"))
	for range 3 {
		for _, script := range []string{"counts", "one"} {
			if run := daemontest.Execute(t, admin, script); run.Output["n"] != "1" {
				t.Errorf("a run of %s found %s: %+v", script, run.Output["n"], run.Errors)
			}
		}
	}
}
