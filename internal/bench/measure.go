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
	floor   string // what the floor is, empty where there is none
	bound   bound  // of the ratio, or where there is no floor of the figure
	unit    unit

	// ours and bare measure one round of the work and of its floor. They
	// alternate, so that both meet the same load of the machine. bare is nil where
	// there is no floor.
	ours, bare side
}

// A side measures for about one slot of time, or a fixed amount of work, and
// returns its figure: seconds of one operation, operations in a second, or bytes.
type side func(ctx context.Context, slot time.Duration) (float64, error)

// unit says what the figures of a measure are.
type unit string

const (
	latency    unit = "latency"
	throughput unit = "throughput"
	memory     unit = "memory"
)

// format writes a figure with three digits.
func (u unit) format(figure float64) string {
	switch {
	case u == throughput:
		return fmt.Sprintf("%.0f/s", figure)
	case u == memory:
		return fmt.Sprintf("%.0f MB", figure/1e6)
	case figure < 1e-3:
		return fmt.Sprintf("%.3g us", figure*1e6)
	case figure < 1:
		return fmt.Sprintf("%.3g ms", figure*1e3)
	default:
		return fmt.Sprintf("%.3g s", figure)
	}
}

// bound is what goals.md asks of a ratio or a figure.
type bound struct {
	limit float64
	least bool // it is to be at least that, otherwise at most
	// more says that it is not about a ratio but about the milliseconds by which
	// the figure exceeds its floor.
	more bool
}

func atMost(limit float64) bound { return bound{limit: limit} }
func atMostMore(d time.Duration) bound {
	return bound{limit: float64(d) / float64(time.Millisecond), more: true}
}
func atLeast(limit float64) bound { return bound{limit: limit, least: true} }

// compare is what the bound is about: the ratio of figure and floor, or how much
// they differ.
func (b bound) compare(figure, floor float64) float64 {
	if b.more {
		return (figure - floor) * 1e3
	}
	return figure / floor
}

// format writes what compare returned.
func (b bound) format(compared float64) string {
	if b.more {
		return fmt.Sprintf("%+.2f ms", compared)
	}
	return fmt.Sprintf("%.2f", compared)
}

func (b bound) met(value float64) bool {
	if b.least {
		return value >= b.limit
	}
	return value <= b.limit
}

// text is the bound with its limit in a form.
func (b bound) text(format func(float64) string) string {
	sign := "<= "
	if b.least {
		sign = ">= "
	}
	if b.more {
		return fmt.Sprintf("%s%+g ms", sign, b.limit)
	}
	return sign + format(b.limit)
}

// result is what the rounds of a measure gave.
type result struct {
	*measure
	figures, floors, ratios spread
}

func (r result) met() bool {
	if r.bare == nil {
		return r.bound.met(r.figures.median)
	}
	return r.bound.met(r.ratios.median)
}

// carry carries out a measure: a round of each side to warm up, then rounds that count.
// The ratio is that of the two sides of one round, because what disturbs the
// machine for longer than a round then disturbs both.
func (m *measure) carry(ctx context.Context, rounds int, slot time.Duration) (result, error) {
	var figures, floors, ratios []float64
	for round := range rounds + 1 {
		floor := 0.0
		if m.bare != nil {
			var err error
			if floor, err = turn(ctx, m.bare, slot); err != nil {
				return result{}, fmt.Errorf("%s, floor: %w", m.id, err)
			}
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
