package automation

import (
	"context"

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
