package interp_test

import (
	"runtime"
	"testing"
	"time"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk/slnet"
)

// heap is the memory in use, after a full collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestLoadsAreFreed checks that nothing of an interpreter stays behind.
func TestLoadsAreFreed(t *testing.T) {
	files := []slnet.ScriptFile{{Name: "script.go", Content: invoices}}
	loads := func(n int) {
		for range n {
			if _, err := interp.Load(files); err != nil {
				t.Fatal(err)
			}
		}
	}
	loads(20)
	before := heap()
	loads(200)
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("200 loads left %d KiB behind", grown>>10)
	}
}

// TestLongRunDoesNotLeak is a script that makes closures and goroutines for
// long, and is called again and again.
func TestLongRunDoesNotLeak(t *testing.T) {
	run, engine := load(t, header("sync")+`
func Run(ctx context.Context, engine *sdk.Engine) error {
	var mu sync.Mutex
	n := 0
	for i := 0; i < 1000; i++ {
		add := func() { mu.Lock(); defer mu.Unlock(); n += i }
		add()
		var wg sync.WaitGroup
		wg.Add(1)
		go func() { defer wg.Done(); add() }()
		wg.Wait()
	}
	return nil
}
`), newEngine()
	round := func() {
		if err := run(t.Context(), engine); err != nil {
			t.Fatal(err)
		}
	}
	round()
	before, goroutines := heap(), runtime.NumGoroutine()
	for range 20 {
		round()
	}
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("20,000 closures left %d KiB behind", grown>>10)
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left, there were %d", runtime.NumGoroutine(), goroutines)
		}
	}
}
