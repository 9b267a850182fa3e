package measure

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRoundsAlternateAndTheFirstDoesNotCount(t *testing.T) {
	var turns []string
	script := func(name string, figures ...float64) Side {
		return func(context.Context, time.Duration) (float64, error) {
			turns = append(turns, name)
			figure := figures[0]
			figures = figures[1:]
			return figure, nil
		}
	}
	m := &Measure{Bound: AtMost(3), Ours: script("ours", 99, 2, 8, 6), Bare: script("bare", 1, 1, 2, 3)}
	r, err := m.Carry(t.Context(), 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Fields("bare ours bare ours bare ours bare ours"); !slices.Equal(turns, want) {
		t.Errorf("turns %v, want %v", turns, want)
	}
	for _, c := range []struct {
		what      string
		got, want Spread
	}{
		{"figures", r.figures, Spread{6, 2, 8}},
		{"floors", r.floors, Spread{2, 1, 3}},
		{"ratios", r.ratios, Spread{2, 2, 4}},
	} {
		if c.got != c.want {
			t.Errorf("%s %v, want %v", c.what, c.got, c.want)
		}
	}
	if !r.met() || AtMost(1.9).Met(2) || !AtLeast(2).Met(2) || AtLeast(2.1).Met(2) {
		t.Error("a bound is judged wrongly")
	}
}
