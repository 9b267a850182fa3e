package stress_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path"
	"slices"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/stress"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

var (
	seedFlag = flag.Uint64("seed", 0, "what everything random follows from; 0 draws one")
	opsFlag  = flag.Int("ops", 0, "how many operations a metamorphic run has; 0 means 1,000, or 25,000 in the long form")
)

func TestMain(m *testing.M) { daemontest.Main(m) }

// numberOfOperations is that of one configuration; there are four.
func numberOfOperations() int {
	switch {
	case *opsFlag > 0:
		return *opsFlag
	case stress.Long():
		return 25_000
	}
	return 1_000
}

// TestMetamorphic runs the same random operations in several configurations and
// compares them with a model, and with each other.
func TestMetamorphic(t *testing.T) {
	seed, n := stress.Seed(*seedFlag), numberOfOperations()
	histories := make(map[string][]string)
	t.Run("reopened", func(t *testing.T) {
		d, err := stress.OpenDaemon(t)
		if err != nil {
			t.Fatal(err)
		}
		world, err := d.World(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		histories["reopened"] = runOperations(t, world, seed, n)
	})
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(token string) slnet.Connection) {
		histories[path.Base(t.Name())] = runOperations(t, doorWorld(t, d, open), seed, n)
	})
	if t.Failed() {
		return
	}
	want := histories["reopened"]
	for name, got := range histories {
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("seed %d: operation %d through %s led to\n%s, in the daemon that is reopened to\n%s", seed, i+1, name, got[i], want[i])
			}
		}
	}
	t.Logf("seed %d: %d operations in each of %d configurations", seed, n, len(histories))
}

// doorWorld is a daemon behind a door.
func doorWorld(t *testing.T, d *daemontest.Daemon, open func(token string) slnet.Connection) *stress.World {
	t.Helper()
	tokens, err := stress.Users(t.Context(), d.Administrator())
	if err != nil {
		t.Fatal(err)
	}
	world := &stress.World{Connections: make(map[string]slnet.Connection), Check: stress.CheckWith(t.Context(), d.Administrator())}
	for user, token := range tokens {
		world.Connections[user] = open(token)
	}
	return world
}

// patience is how long a failing list of operations is made shorter.
const patience = time.Minute

// runOperations runs operations. When they fail it looks for the fewest that do,
// each time in a new module.
func runOperations(t *testing.T, world *stress.World, seed uint64, n int) []string {
	t.Helper()
	operations := stress.Operations(n)
	history, err := stress.Run(t.Context(), world, seed, "m0", operations)
	var failure *stress.Failure
	switch {
	case errors.As(err, &failure):
		reduced, last := reduce(t, world, seed, operations[:failure.At+1])
		if last == nil {
			last = err
		}
		t.Fatalf("seed %d: %v\nreduced to %d operations: %d\nwhich end with: %v\nagain: go test ./internal/stress -run '%s' -seed %d -ops %d",
			seed, err, len(reduced), reduced, last, t.Name(), seed, n)
	case err != nil:
		t.Fatalf("seed %d: %v", seed, err)
	}
	return history
}

// reduce returns the fewest operations it finds that fail, and how they do.
func reduce(t *testing.T, world *stress.World, seed uint64, operations []uint64) ([]uint64, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	modules := 0
	var last error
	reduced := stress.Reduce(ctx, operations, func(operations []uint64) bool {
		modules++
		_, err := stress.Run(t.Context(), world, seed, fmt.Sprintf("m%d", modules), operations)
		if err != nil {
			last = err
		}
		return err != nil
	})
	return reduced, last
}

// liar loses the last of the instances that are read when there are many.
type liar struct{ slnet.Connection }

func (l liar) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	responses, err := l.Connection.SendSLNetMessages(ctx, messages...)
	for _, response := range responses {
		if crud, ok := response.(*dom.ManagerStoreCrudResponse); ok && crud.Kind == dom.KindInstance && len(crud.Objects) > 2 {
			crud.Objects = crud.Objects[:len(crud.Objects)-1]
		}
	}
	return responses, err
}

// TestMetamorphicFindsALie runs operations on a daemon that forgets, which must
// be found, with few operations.
func TestMetamorphicFindsALie(t *testing.T) {
	d := daemontest.Start(t)
	world := doorWorld(t, d, d.As)
	for user, c := range world.Connections {
		world.Connections[user] = liar{c}
	}
	operations := stress.Operations(200)
	_, err := stress.Run(t.Context(), world, 1, "m0", operations)
	if failure := (*stress.Failure)(nil); !errors.As(err, &failure) {
		t.Fatalf("the lie was not found: %v", err)
	} else {
		operations = operations[:failure.At+1]
	}
	if reduced, err := reduce(t, world, 1, operations); len(reduced) > 5 || err == nil {
		t.Errorf("reduced from %d to %d operations: %v", len(operations), len(reduced), err)
	}
}

func TestReduce(t *testing.T) {
	wanted := []uint64{3, 50, 97}
	got := stress.Reduce(t.Context(), stress.Operations(100), func(list []uint64) bool {
		return !slices.ContainsFunc(wanted, func(n uint64) bool { return !slices.Contains(list, n) })
	})
	if !slices.Equal(got, wanted) {
		t.Errorf("%d, want %d", got, wanted)
	}
}
