package webhook

import (
	"context"

	"domovoi.dev/storage"
)

// MaxCounted is up to how many waiting deliveries Metrics counts.
const MaxCounted = 10_000

// Metrics are figures of the webhooks. Attempts are counted since the start of the
// daemon.
type Metrics struct {
	Delivered int64 // attempts that the receiver took
	Failed    int64 // attempts that it did not
	Waiting   int   // deliveries that wait to be sent, or to be tried again, at most MaxCounted
}

// Metrics returns the figures of now.
func (w *Webhooks) Metrics(ctx context.Context) (Metrics, error) {
	m := Metrics{Delivered: w.delivered.Load(), Failed: w.failed.Load()}
	err := w.Store.View(ctx, func(r *storage.Reader) error {
		return queueTable.Keys(r, storage.Walk{}, func([]string) (bool, error) {
			m.Waiting++
			return m.Waiting < MaxCounted, nil
		})
	})
	return m, err
}
