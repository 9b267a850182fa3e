package automation

import (
	"context"
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
