package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"domovoi.dev/internal/stress"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// TestKills kills a daemon again and again at random moments of a mixed load,
// and looks each time at what it leaves behind: everything it acknowledged, no
// half write, no contradiction, a feed that leads to the objects.
func TestKills(t *testing.T) {
	rounds := 3
	if stress.Long() {
		rounds = 200
	}
	seed := stress.Seed(0)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "house")
	schema, journal := stress.NewSchema(seed, "load"), stress.NewJournal()
	for round := range rounds {
		v := startVictim(t, dir)
		c := v.dial(t)
		if round == 0 {
			if err := schema.Create(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		workUntilKilled(t, v, c, func(number int) *stress.Worker {
			return stress.NewWorker(seed, number, round, schema, journal)
		}, journal, 1+random.Int64N(120))
		stored, err := schema.VerifyStore(t.Context(), nil, filepath.Join(dir, "store"), journal, journal.Sure())
		if err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		if result, err := runtime.Check(t.Context(), dir, nil); err != nil || stress.Sound(result) != nil {
			t.Fatalf("seed %d, round %d: %v %v", seed, round, stress.Sound(result), err)
		}
		journal.Adopt(stored)
	}
	wantServed(t, startVictim(t, dir).dial(t), schema, journal)
	t.Logf("seed %d: %d kills, %d writes acknowledged", seed, rounds, journal.Acknowledged())
}

// workUntilKilled has four workers write until the daemon is gone, which is
// killed once a number of writes were acknowledged. Until then nothing is refused.
func workUntilKilled(t *testing.T, v *victim, c *client.Client, worker func(number int) *stress.Worker, journal *stress.Journal, enough int64) {
	t.Helper()
	enough += journal.Acknowledged()
	var wg sync.WaitGroup
	for number := range 4 {
		w := worker(number)
		wg.Go(func() {
			for {
				err := w.Step(context.Background(), c)
				if errors.Is(err, stress.ErrWrong) || slnet.TraceDataOf(err) != nil || err != nil && journal.Acknowledged() < enough {
					t.Errorf("before the kill: %v", err)
				}
				if err != nil {
					return
				}
				if journal.Acknowledged() >= enough {
					v.cmd.Process.Signal(syscall.SIGKILL)
				}
			}
		})
	}
	wg.Wait()
	v.kill()
}

// wantServed compares what a daemon answers with a journal.
func wantServed(t *testing.T, c *client.Client, schema *stress.Schema, journal *stress.Journal) {
	t.Helper()
	list, err := dom.NewDomHelper(c.SendSLNetMessages, schema.ModuleID).DomInstances.Read(t.Context(), dom.True())
	if err != nil {
		t.Fatal(err)
	}
	served := make(map[dom.InstanceID]stress.State, len(list))
	for _, instance := range list {
		if served[instance.ID], err = schema.StateOf(instance); err != nil {
			t.Error(err)
		}
	}
	if err := journal.Verify(journal.Sure(), served); err != nil {
		t.Error(err)
	}
}
