package stress_test

import (
	"testing"

	"domovoi.dev/internal/stress"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv/pebblekv"
)

// TestErrorSweep lets each operation on the file system fail once. The short
// form takes some of them, others each time.
func TestErrorSweep(t *testing.T) {
	seed, step := stress.Seed(*seedFlag), 6
	sweep := &stress.Sweep{Schema: stress.NewSchema(seed, "load"), Instances: 5, Rounds: 4}
	if stress.Long() {
		step, sweep.Instances, sweep.Rounds = 1, 9, 8
	}
	t.Run("new store", func(t *testing.T) { sweepErrors(t, sweep, seed, step) })
	t.Run("store to recover", func(t *testing.T) {
		sweep.Base, sweep.Before = crashedStore(t, sweep)
		sweepErrors(t, sweep, seed, step)
	})
}

// crashedStore is a store that the workload was done on, with a log to replay.
func crashedStore(t *testing.T, sweep *stress.Sweep) (*pebblekv.CrashFS, map[dom.InstanceID]stress.State) {
	t.Helper()
	fs, journal := pebblekv.NewCrashFS(), stress.NewJournal()
	left, err := sweep.Crashed(t.Context(), fs, journal)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := sweep.Schema.VerifyStore(t.Context(), left.Clone(100), "store", journal, journal.Sure())
	if err != nil {
		t.Fatal(err)
	}
	return left, stored
}

func sweepErrors(t *testing.T, sweep *stress.Sweep, seed uint64, step int) {
	t.Helper()
	faults, refused := 0, 0
	for index := int(seed % uint64(step)); ; index += step {
		result, err := sweep.Run(t.Context(), index)
		if err != nil {
			t.Fatalf("seed %d: operation %d fails: %v", seed, index, err)
		}
		if result.Refused {
			refused++
		}
		if !result.Fired {
			break
		}
		faults++
	}
	t.Logf("seed %d: %d faults, %d of which the store told of", seed, faults, refused)
	if refused == 0 {
		t.Error("no fault was told of")
	}
}
