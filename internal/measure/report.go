package measure

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Report is a table of figures, with what a reader must know of them.
type Report struct {
	Title   string // of its page
	Intro   string
	Facts   []string // on which machine and how it was measured, a line each
	Columns []string
	Rows    [][]string
	Notes   []string // what the figures of a row are, a line each
}

// ReportOf is the report of measures.
func ReportOf(title, intro string, facts []string, results []Result) Report {
	r := Report{
		Title: title, Intro: intro, Facts: facts,
		Columns: []string{"id", "work", "figure", "floor", "ratio", "bound", "met"},
	}
	for _, result := range results {
		r.Rows, r.Notes = append(r.Rows, result.row()), append(r.Notes, result.legend())
	}
	return r
}

// YesNo writes whether a bound is met.
func YesNo(met bool) string {
	if met {
		return "yes"
	}
	return "NO"
}

// row returns the cells of a result, with the range of the rounds behind each
// median.
func (r Result) row() []string {
	figure := r.figures.Text(r.Unit.Format)
	if r.Bare == nil {
		return []string{r.ID, r.Work, figure, "-", "-", r.Bound.text(r.Unit.Format), YesNo(r.met())}
	}
	return []string{
		r.ID, r.Work, figure,
		r.floors.Text(r.Unit.Format),
		r.ratios.Text(r.Bound.Format),
		r.Bound.text(func(ratio float64) string { return fmt.Sprintf("%g", ratio) }), YesNo(r.met()),
	}
}

// legend says what the figures of a row are.
func (r Result) legend() string {
	if r.Bare == nil {
		return fmt.Sprintf("%s counts %s.", r.ID, r.Counted)
	}
	return fmt.Sprintf("%s counts %s. Floor: %s.", r.ID, r.Counted, r.Floor)
}

// Text is the report for a terminal.
func (r Report) Text() string {
	var b strings.Builder
	for _, fact := range r.Facts {
		fmt.Fprintln(&b, fact)
	}
	fmt.Fprintln(&b)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(r.Columns, "\t"))
	for _, row := range r.Rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	t.Flush()
	fmt.Fprintln(&b)
	for _, note := range r.Notes {
		fmt.Fprintln(&b, note)
	}
	return b.String()
}

// Markdown is the report as a page.
func (r Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", r.Title, r.Intro)
	for _, fact := range r.Facts {
		fmt.Fprintf(&b, "- %s\n", fact)
	}
	fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(r.Columns, " | "), strings.Repeat("---|", len(r.Columns)))
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	b.WriteString("\n")
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "- %s\n", note)
	}
	return b.String()
}
