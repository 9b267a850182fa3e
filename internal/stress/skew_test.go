package stress_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/stress"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
)

const skewModule = "skew"

// errEnough keeps a constraint.
var errEnough = errors.New("enough")

// seat returns a new instance with a status.
func seat(id byte, status string) *dom.Instance {
	return &dom.Instance{ID: dom.InstanceID{id}, DomDefinitionID: dom.DefinitionID{1}, StatusID: status, ModuleID: skewModule}
}

// isSeat selects the instances with a status.
func isSeat(status string) dom.Filter { return dom.InstanceExposers.StatusID.Equal(status) }

// TestTransactionsAreSerializable lets transactions that each keep a constraint
// read the same state before any of them writes. Under snapshot isolation all of
// them would commit, and together break it.
func TestTransactionsAreSerializable(t *testing.T) {
	rounds := 20
	if stress.Long() {
		rounds = 2_000
	}
	store, err := storage.Open(t.Context(), daemontest.MemoryStore(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	skews := []struct {
		name string
		skew func(t *testing.T, store *storage.Store) int
		want int // how many of the transactions keep the constraint
	}{
		{"one of two stays on call", oneStaysOnCall, 1},
		{"three seats, counted by a filter", threeSeats, 3},
		{"three instances, counted by the counter", threeInstances, 3},
	}
	for _, s := range skews {
		t.Run(s.name, func(t *testing.T) {
			for round := range rounds {
				empty(t, store)
				if n := s.skew(t, store); n != s.want {
					t.Fatalf("round %d: %d transactions have committed, want %d", round, n, s.want)
				}
			}
			t.Logf("%d rounds", rounds)
		})
	}
	if result, err := store.Check(t.Context()); err != nil || stress.Sound(result) != nil {
		t.Errorf("%v, %v", stress.Sound(result), err)
	}
}

// empty removes all instances.
func empty(t *testing.T, store *storage.Store) {
	t.Helper()
	update(t, store, func(tx *storage.Tx) error {
		raws, err := tx.Query(t.Context(), dom.KindInstance, skewModule, dom.NewQuery(dom.True()))
		for _, raw := range raws {
			o, decodeErr := dom.DecodeObject(dom.KindInstance, raw)
			err = errors.Join(err, decodeErr, tx.Remove(skewModule, o, false))
		}
		return err
	})
}

func update(t *testing.T, store *storage.Store, fn func(tx *storage.Tx) error) {
	t.Helper()
	if _, err := store.Update(t.Context(), storage.Origin{User: "ann"}, fn); err != nil {
		t.Fatal(err)
	}
}

// together runs transactions and returns how many commit. Each first reads what
// decides, then waits until all have, then writes; when it runs again it does
// not wait.
func together(t *testing.T, store *storage.Store, n int, read func(tx *storage.Tx, i int) error, write func(tx *storage.Tx, i int) error) int {
	t.Helper()
	var ready, done sync.WaitGroup
	ready.Add(n)
	errs := make([]error, n)
	for i := range n {
		done.Go(func() {
			var once sync.Once
			_, errs[i] = store.Update(context.Background(), storage.Origin{User: "ann"}, func(tx *storage.Tx) error {
				err := read(tx, i)
				once.Do(func() {
					ready.Done()
					ready.Wait()
				})
				if err != nil {
					return err
				}
				return write(tx, i)
			})
		})
	}
	done.Wait()
	committed := 0
	for _, err := range errs {
		switch {
		case err == nil:
			committed++
		case !errors.Is(err, errEnough):
			t.Error(err)
		}
	}
	return committed
}

// oneStaysOnCall: each of two leaves when the other is on call.
func oneStaysOnCall(t *testing.T, store *storage.Store) int {
	update(t, store, func(tx *storage.Tx) error {
		_, err1 := tx.Insert(skewModule, seat(0xa0, "on"))
		_, err2 := tx.Insert(skewModule, seat(0xa1, "on"))
		return errors.Join(err1, err2)
	})
	at := func(i int) string { return seat(0xa0+byte(i), "").Key() }
	read := func(tx *storage.Tx, i int) error {
		other, err := tx.Object(dom.KindInstance, skewModule, at(1-i))
		if err == nil && other.(*dom.Instance).StatusID != "on" {
			err = errEnough
		}
		return err
	}
	return together(t, store, 2, read, func(tx *storage.Tx, i int) error {
		own, err := tx.Object(dom.KindInstance, skewModule, at(i))
		if err != nil {
			return err
		}
		_, err = tx.Replace(skewModule, own, seat(0xa0+byte(i), "off"))
		return err
	})
}

// threeSeats: each of five takes a seat while fewer than three are taken. The
// seats are new instances, so no two transactions touch the same.
func threeSeats(t *testing.T, store *storage.Store) int {
	read := func(tx *storage.Tx, _ int) error {
		taken, err := tx.IDs(t.Context(), dom.KindInstance, skewModule, isSeat("taken"), 10)
		if err == nil && len(taken) >= 3 {
			err = errEnough
		}
		return err
	}
	return together(t, store, 5, read, func(tx *storage.Tx, i int) error {
		_, err := tx.Insert(skewModule, seat(byte(i+1), "taken"))
		return err
	})
}

// threeInstances is threeSeats by the counter of instances, which does not
// conflict by itself.
func threeInstances(t *testing.T, store *storage.Store) int {
	read := func(tx *storage.Tx, _ int) error {
		n, err := tx.Count(t.Context(), dom.KindInstance, skewModule, dom.True())
		if err == nil && n >= 3 {
			err = errEnough
		}
		return err
	}
	return together(t, store, 5, read, func(tx *storage.Tx, i int) error {
		_, err := tx.Insert(skewModule, seat(byte(i+1), ""))
		return err
	})
}
