package main

import (
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// report is the outcome of all measures.
type report struct {
	machine machine
	rounds  int
	slot    time.Duration
	results []result
}

var columns = []string{"id", "work", "figure", "floor", "ratio", "bound", "met"}

// row returns the cells of a result, with the range of the rounds behind each
// median.
func (r result) row() []string {
	met := "yes"
	if !r.met() {
		met = "NO"
	}
	figure := ranged(r.figures, r.unit.format)
	if r.bare == nil {
		return []string{r.id, r.work, figure, "-", "-", r.bound.text(r.unit.format), met}
	}
	return []string{
		r.id, r.work, figure,
		ranged(r.floors, r.unit.format),
		ranged(r.ratios, r.bound.format),
		r.bound.text(func(ratio float64) string { return fmt.Sprintf("%g", ratio) }), met,
	}
}

// legend says what the figures of a row are.
func (r result) legend() string {
	if r.bare == nil {
		return fmt.Sprintf("%s counts %s.", r.id, r.counted)
	}
	return fmt.Sprintf("%s counts %s. Floor: %s.", r.id, r.counted, r.floor)
}

func ranged(s spread, format func(float64) string) string {
	return fmt.Sprintf("%s (%s - %s)", format(s.median), format(s.least), format(s.most))
}

// facts says on which machine and how it was measured, a line each.
func (r report) facts() []string {
	m := r.machine
	return []string{
		"date: " + m.date.Format("2006-01-02 15:04 UTC"),
		fmt.Sprintf("machine: %d cores (%s), %s/%s, %s", m.cores, m.processor, runtime.GOOS, runtime.GOARCH, runtime.Version()),
		"load averages at the start: " + m.load,
		fmt.Sprintf("fsync of 4 KiB: %s", ranged(m.fsync, latency.format)),
		fmt.Sprintf("%d rounds of each measure and its floor in turns, %v each where it is not a fixed amount of work; medians, with the least and the most of the rounds", r.rounds, r.slot),
		"the ratio is the median of the ratios within each round",
	}
}

// text is the report for a terminal.
func (r report) text() string {
	var b strings.Builder
	for _, fact := range r.facts() {
		fmt.Fprintln(&b, fact)
	}
	fmt.Fprintln(&b)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns, "\t"))
	for _, result := range r.results {
		fmt.Fprintln(t, strings.Join(result.row(), "\t"))
	}
	t.Flush()
	fmt.Fprintln(&b)
	for _, result := range r.results {
		fmt.Fprintln(&b, result.legend())
	}
	return b.String()
}

// markdown is the report as a page.
func (r report) markdown() string {
	var b strings.Builder
	b.WriteString("# Figures\n\nWritten by `make bench`. Each figure stands beside its floor, the least the same work could cost, measured in the same run.\n\n")
	for _, fact := range r.facts() {
		fmt.Fprintf(&b, "- %s\n", fact)
	}
	fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, result := range r.results {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(result.row(), " | "))
	}
	b.WriteString("\n")
	for _, result := range r.results {
		fmt.Fprintf(&b, "- %s\n", result.legend())
	}
	return b.String()
}
