package automation

import (
	"context"
	"runtime"
	"testing"
	"time"

	"domovoi.dev/storage"
)

// StoredInputs counts the stored inputs of runs.
func (a *Automation) StoredInputs(ctx context.Context) (n int, err error) {
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		return inputTable.Scan(r, storage.Walk{}, func(*runInput) (bool, error) {
			n++
			return true, nil
		})
	})
	return n, err
}

// SetDescribeLimit changes how long a deployed script may take to compile.
func SetDescribeLimit(t *testing.T, d time.Duration) {
	old := describeLimit
	describeLimit = d
	t.Cleanup(func() { describeLimit = old })
}

// SetTurnSoon changes how long a run waits for its turn before it is stored.
func SetTurnSoon(t *testing.T, d time.Duration) {
	old := turnSoon
	turnSoon = d
	t.Cleanup(func() { turnSoon = old })
}

// Offered waits until so many runs wait for their turn that are not stored.
func (a *Automation) Offered(n int) {
	for {
		a.queue.mu.Lock()
		offered := len(a.queue.callers)
		a.queue.mu.Unlock()
		if offered == n {
			return
		}
		runtime.Gosched()
	}
}

// Window is how many waiting runs of a lane are in memory at a time.
const Window = window

// InMemory counts the waiting runs in memory.
func (a *Automation) InMemory() (n int) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	for _, v := range a.queue.levels {
		for _, t := range v.users {
			for _, l := range t.lanes {
				n += len(l.ready)
			}
		}
	}
	return n
}
