package automation

import (
	"context"

	"domovoi.dev/storage"
)

// MaxCounted is up to how many waiting runs Metrics counts.
const MaxCounted = 10_000

// Metrics are figures of the queue.
type Metrics struct {
	Slots     int // runs that may execute at a time, those started by runs excepted
	FreeSlots int
	Executing int // attempts that execute, those of runs started by runs included
	Waiting   int // runs that wait for their turn, at most MaxCounted
	Later     int // runs that wait for their time, at most MaxCounted
}

// Metrics returns the figures of now. It counts the waiting runs in the store,
// where most of them are.
func (a *Automation) Metrics(ctx context.Context) (Metrics, error) {
	m := Metrics{Slots: max(a.Parallel, 1)}
	a.queue.mu.Lock()
	m.FreeSlots = a.queue.free
	a.queue.mu.Unlock()
	a.mu.Lock()
	m.Executing = len(a.active)
	a.mu.Unlock()
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		for prefix, n := range map[string]*int{openWaiting: &m.Waiting, openLater: &m.Later} {
			err := openTable.Scan(r, storage.Walk{Prefix: []string{prefix}}, func(*openRun) (bool, error) {
				*n++
				return *n < MaxCounted, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return m, err
}
