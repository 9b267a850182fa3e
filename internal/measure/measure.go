// Package measure carries out measures beside their floors: the least the same
// work could cost on the machine, measured in turns with it in the same run. A
// House is what most of them are carried out in, a daemon with a bare Pebble
// beside it, and a Report is what becomes of them.
package measure

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// A Measure is a row of the table: some work, and the floor it stands on.
type Measure struct {
	ID      string // of goals.md, such as "P1"; a word behind it tells variants apart
	Work    string
	Counted string // what is in the figure, and what is not
	Floor   string // what the floor is, empty where there is none
	Bound   Bound  // of the ratio, or where there is no floor of the figure
	Unit    Unit

	// Ours and Bare measure one round of the work and of its floor. Bare is nil
	// where there is no floor.
	Ours, Bare Side
}

// A Side measures for about one slot of time, or a fixed amount of work, and
// returns its figure: seconds of one operation, operations in a second, or bytes.
type Side func(ctx context.Context, slot time.Duration) (float64, error)

// Unit says what the figures of a measure are.
type Unit string

// The units: seconds of one operation, operations in a second, bytes.
const (
	Latency    Unit = "latency"
	Throughput Unit = "throughput"
	Memory     Unit = "memory"
)

// Format writes a figure with three digits.
func (u Unit) Format(figure float64) string {
	switch {
	case u == Throughput:
		return fmt.Sprintf("%.0f/s", figure)
	case u == Memory:
		return fmt.Sprintf("%.0f MB", figure/1e6)
	case figure < 1e-3:
		return fmt.Sprintf("%.3g us", figure*1e6)
	case figure < 1:
		return fmt.Sprintf("%.3g ms", figure*1e3)
	default:
		return fmt.Sprintf("%.3g s", figure)
	}
}

// Ahead is how many times as good as another figure one is.
func (u Unit) Ahead(figure, other float64) float64 {
	if u == Throughput {
		return figure / other
	}
	return other / figure
}

// Bound is what goals.md asks of a ratio or a figure.
type Bound struct {
	limit float64
	least bool // it is to be at least that, otherwise at most
	// more says that it is not about a ratio but about the milliseconds by which
	// the figure exceeds its floor.
	more bool
}

// AtMost bounds a ratio, or a figure that has no floor, from above.
func AtMost(limit float64) Bound { return Bound{limit: limit} }

// AtMostMore bounds by how much a figure exceeds its floor.
func AtMostMore(d time.Duration) Bound {
	return Bound{limit: float64(d) / float64(time.Millisecond), more: true}
}

// AtLeast bounds a ratio, or a figure that has no floor, from below.
func AtLeast(limit float64) Bound { return Bound{limit: limit, least: true} }

// compare is what the bound is about: the ratio of figure and floor, or how much
// they differ.
func (b Bound) compare(figure, floor float64) float64 {
	if b.more {
		return (figure - floor) * 1e3
	}
	return figure / floor
}

// Format writes a ratio, or a difference in milliseconds where the bound is about
// one.
func (b Bound) Format(compared float64) string {
	if b.more {
		return fmt.Sprintf("%+.2f ms", compared)
	}
	return fmt.Sprintf("%.2f", compared)
}

// Met reports whether a ratio or figure keeps the bound.
func (b Bound) Met(value float64) bool {
	if b.least {
		return value >= b.limit
	}
	return value <= b.limit
}

// text is the bound with its limit in a form.
func (b Bound) text(format func(float64) string) string {
	sign := "<= "
	if b.least {
		sign = ">= "
	}
	if b.more {
		return fmt.Sprintf("%s%+g ms", sign, b.limit)
	}
	return sign + format(b.limit)
}

// Result is what the rounds of a measure gave.
type Result struct {
	*Measure
	figures, floors, ratios Spread
}

func (r Result) met() bool {
	if r.Bare == nil {
		return r.Bound.Met(r.figures.Median)
	}
	return r.Bound.Met(r.ratios.Median)
}

// Carry carries out a measure. The ratio is that of the two sides of one round,
// because what disturbs the machine for longer than a round then disturbs both.
func (m *Measure) Carry(ctx context.Context, rounds int, slot time.Duration) (Result, error) {
	if m.Bare == nil {
		figures, err := Turns(ctx, rounds, slot, m.Ours)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %w", m.ID, err)
		}
		return Result{Measure: m, figures: SpreadOf(figures[0])}, nil
	}
	figures, err := Turns(ctx, rounds, slot, m.Bare, m.Ours)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", m.ID, err)
	}
	floors, ours := figures[0], figures[1]
	return Result{m, SpreadOf(ours), SpreadOf(floors), SpreadOf(pairs(ours, floors, m.Bound.compare))}, nil
}

// pairs compares the figures of each round.
func pairs(figures, others []float64, compare func(figure, other float64) float64) []float64 {
	compared := make([]float64, len(figures))
	for i, figure := range figures {
		compared[i] = compare(figure, others[i])
	}
	return compared
}

// AheadOf is how many times as good as others figures are, by the round.
func (u Unit) AheadOf(figures, others []float64) Spread {
	return SpreadOf(pairs(figures, others, u.Ahead))
}

// Turns has sides take turns, so that all meet the same load of the machine: one
// round to warm up, then rounds that count. It returns the figures of each side by
// the round.
func Turns(ctx context.Context, rounds int, slot time.Duration, sides ...Side) ([][]float64, error) {
	figures := make([][]float64, len(sides))
	for round := range rounds + 1 {
		for i, side := range sides {
			runtime.GC() // the garbage of the others is not for this one to collect
			figure, err := side(ctx, slot)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				figures[i] = append(figures[i], figure)
			}
		}
	}
	return figures, nil
}

// Spread is the median of several figures and how far they lie apart.
type Spread struct{ Median, Least, Most float64 }

// SpreadOf is the spread of one figure or more.
func SpreadOf(figures []float64) Spread {
	sorted := slices.Sorted(slices.Values(figures))
	n := len(sorted)
	return Spread{(sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]}
}

// Text writes the median, and behind it the range.
func (s Spread) Text(format func(float64) string) string {
	return fmt.Sprintf("%s (%s - %s)", format(s.Median), format(s.Least), format(s.Most))
}
