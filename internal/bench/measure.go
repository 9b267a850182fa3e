package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// A measure is a row of the table: some work, and the floor it stands on.
type measure struct {
	id      string // of goals.md, such as "P1"; a word behind it tells variants apart
	work    string
	counted string // what is in the figure, and what is not
	floor   string // what the floor is
	bound   bound
	unit    unit

	// ours and bare measure one round of the work and of its floor. They
	// alternate, so that both meet the same load of the machine.
	ours, bare side
}

// A side measures for about one slot of time, or a fixed amount of work, and
// returns its figure: seconds of one operation, or operations in a second.
type side func(ctx context.Context, slot time.Duration) (float64, error)

// unit says what the figures of a measure are.
type unit string

const (
	latency    unit = "latency"
	throughput unit = "throughput"
)

// format writes a figure with three digits.
func (u unit) format(figure float64) string {
	switch {
	case u == throughput:
		return fmt.Sprintf("%.0f/s", figure)
	case figure < 1e-3:
		return fmt.Sprintf("%.3g us", figure*1e6)
	default:
		return fmt.Sprintf("%.3g ms", figure*1e3)
	}
}

// bound is what goals.md asks of a ratio.
type bound struct {
	ratio float64
	least bool // the ratio is to be at least that, otherwise at most
	// more says that it is not a ratio but the milliseconds by which the figure
	// exceeds its floor.
	more bool
}

func atMost(ratio float64) bound { return bound{ratio: ratio} }
func atMostMore(d time.Duration) bound {
	return bound{ratio: float64(d) / float64(time.Millisecond), more: true}
}
func atLeast(ratio float64) bound { return bound{ratio: ratio, least: true} }

// compare is what the bound is about: the ratio of figure and floor, or how much
// they differ.
func (b bound) compare(figure, floor float64) float64 {
	if b.more {
		return (figure - floor) * 1e3
	}
	return figure / floor
}

func (b bound) format(compared float64) string {
	if b.more {
		return fmt.Sprintf("%+.2f ms", compared)
	}
	return fmt.Sprintf("%.2f", compared)
}

func (b bound) met(ratio float64) bool {
	if b.least {
		return ratio >= b.ratio
	}
	return ratio <= b.ratio
}

func (b bound) String() string {
	sign := "<="
	if b.least {
		sign = ">="
	}
	if b.more {
		return fmt.Sprintf("%s %+g ms", sign, b.ratio)
	}
	return fmt.Sprintf("%s %g", sign, b.ratio)
}

// result is what the rounds of a measure gave.
type result struct {
	*measure
	figures, floors, ratios spread
}

func (r result) met() bool { return r.bound.met(r.ratios.median) }

// carry carries out a measure: a round of each side to warm up, then rounds that count.
// The ratio is that of the two sides of one round, because what disturbs the
// machine for longer than a round then disturbs both.
func (m *measure) carry(ctx context.Context, rounds int, slot time.Duration) (result, error) {
	var figures, floors, ratios []float64
	for round := range rounds + 1 {
		floor, err := turn(ctx, m.bare, slot)
		if err != nil {
			return result{}, fmt.Errorf("%s, floor: %w", m.id, err)
		}
		figure, err := turn(ctx, m.ours, slot)
		if err != nil {
			return result{}, fmt.Errorf("%s: %w", m.id, err)
		}
		if round == 0 {
			continue
		}
		figures, floors, ratios = append(figures, figure), append(floors, floor), append(ratios, m.bound.compare(figure, floor))
	}
	return result{m, spreadOf(figures), spreadOf(floors), spreadOf(ratios)}, nil
}

// turn runs one side, after the garbage of the other is collected.
func turn(ctx context.Context, s side, slot time.Duration) (float64, error) {
	runtime.GC()
	return s(ctx, slot)
}

// spread is the median of several figures and how far they lie apart.
type spread struct{ median, least, most float64 }

func spreadOf(figures []float64) spread {
	sorted := slices.Sorted(slices.Values(figures))
	n := len(sorted)
	return spread{(sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]}
}

// latencyOf returns a side that does an operation again and again and gives the
// median of how long it took. Operations of a few microseconds are timed many
// at a time, because reading the clock would count otherwise.
func latencyOf(atATime int, operation func(ctx context.Context) error) side {
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
		return spreadOf(took).median, nil
	}
}
