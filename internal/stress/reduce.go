package stress

import (
	"context"
	"slices"
)

// Reduce makes a list of operations that fails shorter, by leaving out halves,
// quarters and so on, as long as fails says that what is left fails too, and
// until ctx ends.
func Reduce(ctx context.Context, operations []uint64, fails func(operations []uint64) bool) []uint64 {
	for size := (len(operations) + 1) / 2; ; size /= 2 {
		for at := 0; at < len(operations) && size > 0; {
			if ctx.Err() != nil {
				return operations
			}
			without := slices.Concat(operations[:at], operations[min(at+size, len(operations)):])
			if fails(without) {
				operations = without
			} else {
				at += size
			}
		}
		if size <= 1 {
			return operations
		}
	}
}
