package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// throughputOf returns a side with a number of workers who each do an operation
// again and again; operation is told which of them does it.
func throughputOf(workers int, operation func(ctx context.Context, worker int) error) side {
	return func(ctx context.Context, slot time.Duration) (float64, error) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		var done atomic.Int64
		var working sync.WaitGroup
		began := time.Now()
		for worker := range workers {
			working.Go(func() {
				for ctx.Err() == nil && time.Since(began) < slot {
					if err := operation(ctx, worker); err != nil {
						cancel(err)
						return
					}
					done.Add(1)
				}
			})
		}
		working.Wait()
		return float64(done.Load()) / time.Since(began).Seconds(), context.Cause(ctx)
	}
}
