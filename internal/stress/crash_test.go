package stress_test

import (
	"fmt"
	"sync"
	"testing"

	"domovoi.dev/internal/stress"
)

// TestCrash lets a daemon crash in the middle of concurrent writes, and goes on
// from what is left: what was acknowledged is there, nothing is half there.
func TestCrash(t *testing.T) {
	seed, generations, steps := stress.Seed(*seedFlag), 2, 60
	if stress.Long() {
		generations, steps = 40, 400
	}
	for _, unsynced := range []int{0, 50, 100} {
		t.Run(fmt.Sprintf("unsynced=%d", unsynced), func(t *testing.T) {
			crashes, acknowledged := crash(t, seed, unsynced, generations, steps)
			t.Logf("seed %d: %d crashes, %d writes acknowledged", seed, crashes, acknowledged)
		})
	}
}

// crash has four workers make steps each in every generation, and looks at what
// a crash leaves behind at each quarter of that.
func crash(t *testing.T, seed uint64, unsynced, generations, steps int) (crashes int, acknowledged int64) {
	const workers, quarters = 4, 4
	d, err := stress.OpenDaemon(t)
	if err != nil {
		t.Fatal(err)
	}
	schema, journal := stress.NewSchema(seed, "load"), stress.NewJournal()
	conn, err := d.As(t.Context(), stress.Ann)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Create(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	for generation := range generations {
		reached := make(chan struct{}, workers*steps)
		var load sync.WaitGroup
		for number := range workers {
			load.Go(func() {
				w := stress.NewWorker(seed, number, generation, schema, journal)
				for range steps {
					if err := w.Step(t.Context(), conn); err != nil {
						t.Errorf("seed %d: %v", seed, err)
					}
					reached <- struct{}{}
				}
			})
		}
		for range quarters {
			for range workers * steps / (quarters + 1) {
				<-reached
			}
			sure := journal.Sure()
			if _, err := schema.VerifyStore(t.Context(), d.FS.Clone(unsynced), "store", journal, sure); err != nil {
				t.Errorf("seed %d, generation %d: %v", seed, generation, err)
			}
			crashes++
		}
		load.Wait()
		sure := journal.Sure()
		if err := d.Crash(t.Context(), unsynced); err != nil {
			t.Fatal(err)
		}
		crashes++
		left := d.FS.Clone(100)
		stored, err := schema.VerifyStore(t.Context(), left, "store", journal, sure)
		if err != nil {
			t.Fatalf("seed %d, generation %d: %v", seed, generation, err)
		}
		journal.Adopt(stored)
		if conn, err = d.As(t.Context(), stress.Ann); err != nil {
			t.Fatal(err)
		}
	}
	return crashes, journal.Acknowledged()
}
