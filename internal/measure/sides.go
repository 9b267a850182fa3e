package measure

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// LatencyOf returns a side that does an operation again and again and gives the
// median of how long it took. Operations of a few microseconds are timed many
// at a time, because reading the clock would count otherwise.
func LatencyOf(atATime int, operation func(ctx context.Context) error) Side {
	return func(ctx context.Context, slot time.Duration) (float64, error) {
		var took []float64
		for end := time.Now().Add(slot); len(took) == 0 || time.Now().Before(end); {
			began := time.Now()
			for range atATime {
				if err := operation(ctx); err != nil {
					return 0, err
				}
			}
			took = append(took, time.Since(began).Seconds()/float64(atATime))
		}
		return SpreadOf(took).Median, nil
	}
}

// ThroughputOf returns a side with a number of workers who each do an operation
// again and again; operation is told which of them does it.
func ThroughputOf(workers int, operation func(ctx context.Context, worker int) error) Side {
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

// pacedSlots is how many slots a turn of a paced measure takes: with fewer
// operations there is no hundredth part of them.
const pacedSlots = 8

// Paced returns a side that begins an operation a number of times a second,
// whether those before have ended or not, and gives a percentile of how long they
// took from when they were due.
func Paced(rate, percent int, operation func(ctx context.Context) error) Side {
	return func(ctx context.Context, slot time.Duration) (float64, error) {
		n := max(1, int((pacedSlots*slot).Seconds()*float64(rate)))
		took, errs := make([]float64, n), make([]error, n)
		var working sync.WaitGroup
		began := time.Now()
		for i := range n {
			due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
			select {
			case <-time.After(time.Until(due)):
			case <-ctx.Done():
				working.Wait()
				return 0, ctx.Err()
			}
			working.Go(func() {
				errs[i] = operation(ctx)
				took[i] = time.Since(due).Seconds()
			})
		}
		working.Wait()
		slices.Sort(took)
		return took[(n-1)*percent/100], errors.Join(errs...)
	}
}
