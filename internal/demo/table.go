package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// title begins a part of the demonstration.
func title(text string) { fmt.Printf("\n%s\n", text) }

// table prints aligned columns, indented.
type table struct{ w *tabwriter.Writer }

func newTable(head ...string) *table {
	t := &table{tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)}
	t.row(head...)
	return t
}

func (t *table) row(cells ...string) {
	for i, cell := range cells {
		if cell == "" {
			cells[i] = "-"
		}
	}
	fmt.Fprintln(t.w, "   "+strings.Join(cells, "\t"))
}

func (t *table) show() error { return t.w.Flush() }

// inline writes pairs in one line, by key.
func inline(pairs map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		parts = append(parts, key+"="+pairs[key])
	}
	return strings.Join(parts, ", ")
}

// round is a duration with the digits that matter.
func round(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
