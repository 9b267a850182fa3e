package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/term"
)

// The forms of an answer.
const (
	outputTable = "table"
	// outputWide is the table with nothing shortened.
	outputWide = "wide"
	outputJSON = "json"
	outputYAML = "yaml"
	// outputName are the names or ids of what was found, one a line.
	outputName = "name"
)

var outputs = []string{outputTable, outputWide, outputJSON, outputYAML, outputName}

// forPrograms reports whether the answer is the message's own JSON, or the YAML of
// it.
func (a *app) forPrograms() bool { return a.output == outputJSON || a.output == outputYAML }

// answer prints what a command found out: for programs the message itself, for
// people what show prints.
func (a *app) answer(message any, show func(t *table)) error {
	if a.forPrograms() {
		return a.printDocument(message)
	}
	t := &table{wide: a.output == outputWide}
	out := &painter{w: a.stdout}
	switch {
	case a.output == outputName:
		t.names = &nameList{w: a.stdout}
		out.w = io.Discard
	case a.colours():
		t.out = out
	}
	t.w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	show(t)
	return t.w.Flush()
}

// printDocument prints the message for programs.
func (a *app) printDocument(v any) error {
	if a.documents++; a.output == outputYAML {
		if a.documents > 1 {
			fmt.Fprintln(a.stdout, "---")
		}
		return a.printYAML(v)
	}
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// colours reports whether the output may have colours: on a terminal, and unless
// NO_COLOR says otherwise.
func (a *app) colours() bool {
	return isTerminal(a.stdout) && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// painter prints lines, those in bold that are among headers but for the spaces.
type painter struct {
	w       io.Writer
	headers []string
	line    []byte
}

func (p *painter) Write(b []byte) (int, error) {
	for _, c := range b {
		if p.line = append(p.line, c); c != '\n' {
			continue
		}
		text := string(p.line)
		if at := slices.Index(p.headers, strings.Join(strings.Fields(text), " ")); at >= 0 {
			p.headers = slices.Delete(p.headers, at, at+1)
			text = "\x1b[1m" + strings.TrimSuffix(text, "\n") + "\x1b[0m\n"
		}
		p.line = p.line[:0]
		if _, err := io.WriteString(p.w, text); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// nameList prints what the rows of the first list of a table are about. Where there
// is no list it prints what the whole is about, which stands first.
type nameList struct {
	w    io.Writer
	list bool
	done bool
}

func (n *nameList) add(name string) {
	if !n.done {
		fmt.Fprintln(n.w, oneLine(name))
		n.done = !n.list
	}
}

// printYAML prints the YAML of what printJSON prints, in the same order.
func (a *app) printYAML(v any) error {
	asJSON, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var document yaml.Node // JSON is YAML
	if err := yaml.Unmarshal(asJSON, &document); err != nil {
		return err
	}
	blockStyle(&document)
	e := yaml.NewEncoder(a.stdout)
	e.SetIndent(2)
	return e.Encode(&document)
}

// blockStyle writes lists and members on lines of their own, and texts without
// quotes where that does not change what they are.
func blockStyle(n *yaml.Node) {
	n.Style = 0
	for _, part := range n.Content {
		blockStyle(part)
	}
}

// table prints aligned columns.
type table struct {
	w     *tabwriter.Writer
	wide  bool
	names *nameList // nil unless only names are printed
	out   *painter  // nil unless there are colours
}

// header prints the names of columns; the rows behind it are those of a list.
func (t *table) header(cells ...string) {
	if t.names != nil {
		t.names.done = t.names.done || t.names.list
		t.names.list = true
		return
	}
	if t.out != nil {
		t.out.headers = append(t.out.headers, strings.Join(strings.Fields(strings.Join(cells, " ")), " "))
	}
	t.row(cells...)
}

// shorten cuts a text that is longer than n characters, unless the table is wide.
func (t *table) shorten(s string, n int) string {
	if t.wide {
		return s
	}
	return shorten(s, n)
}

// row prints one line of cells; an empty cell is shown as "-".
func (t *table) row(cells ...string) {
	if t.names != nil {
		t.names.add(cells[0])
		return
	}
	for i, cell := range cells {
		cells[i] = oneLine(cell)
	}
	fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

// field prints a name and a value, and nothing when the value is empty.
func (t *table) field(name, value string) {
	switch {
	case value == "":
	case t.names != nil:
		t.names.add(value)
	default:
		t.row(name, value)
	}
}

// oneLine makes a text fit into a cell.
func oneLine(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// shorten cuts a text that is longer than n characters.
func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

// timeText is a time in local short form.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// durationText is a duration with the digits that matter.
func durationText(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + durationText(-d)
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// quantity is a number of things whose name has a plural in s: 1 run, 2 runs.
func quantity[N int | int64](n N, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// yes is the text of a flag that is worth showing only when it is set.
func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// days is a flag for a duration that may also count days: 30d, 12h, 1d12h.
type days time.Duration

// String implements pflag.Value.
func (d *days) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}

// Type implements pflag.Value.
func (*days) Type() string { return "duration" }

// Set implements pflag.Value.
func (d *days) Set(s string) error {
	var whole time.Duration
	rest := s
	if count, after, found := strings.Cut(s, "d"); found {
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 || n > 365_000 {
			return fmt.Errorf("%q is not a duration such as 90m, 12h or 30d", s)
		}
		whole, rest = time.Duration(n)*24*time.Hour, after
	}
	if rest != "" || whole == 0 {
		part, err := time.ParseDuration(rest)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 90m, 12h or 30d", s)
		}
		whole += part
	}
	if whole <= 0 {
		return fmt.Errorf("%q is not more than nothing", s)
	}
	*d = days(whole)
	return nil
}
