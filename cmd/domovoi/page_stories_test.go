package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestPageStories runs the commands of the pages, those of a page as one story in a
// folder of its own, with /bin/sh. Below a command stands what it prints: the lines
// must come in that order, each within one line of the output, and … stands for any
// text. With a line that begins with "domovoi: " among them, or tells of a run that
// failed, the command must fail, otherwise it must not; domovoi diff must find
// differences. A block with the name of a file
// becomes that file when the story comes to it. The folders scripts and plugins are
// those of the source.
//
//	NAME=$(COMMAND)    keeps the output for the commands below
//	127.0.0.1:7411     is the daemon, wherever it listens
//	domovoi serve ...  starts one for this page; the others share one
//
// Comments prepare what a page takes for granted:
//
//	<!-- $ COMMAND -->             runs a command
//	<!-- await REGEXP COMMAND -->  repeats it until its output matches
//
// A block in which something runs the go command or curl is left out where the machine
// has none.
func TestPageStories(t *testing.T) {
	for _, program := range []string{"go", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Logf("there is no %s in PATH: what uses it is left out", program)
		}
	}
	dir := t.TempDir()
	shared := newStory()
	shared.command("daemon", "start")
	var files []string
	for _, p := range readPages(t) {
		if !p.startsDaemon() {
			shared.tell(t, p)
			continue
		}
		s := newStory()
		s.tell(t, p)
		files = append(files, s.write(t, dir, p.name()))
	}
	files = append(files, shared.write(t, dir, "shared"))
	testscript.Run(t, stories(testscript.Params{Files: files}))
}

// name is the last element of the path, without its extension.
func (p page) name() string { return strings.TrimSuffix(filepath.Base(p.path), ".md") }

func (p page) startsDaemon() bool {
	for _, b := range p.blocks {
		if b.language == consoleBlock {
			return strings.HasPrefix(b.lines[0], "$ "+serveCommand)
		}
	}
	return false
}

const (
	serveCommand = "domovoi serve"
	shownAddress = "127.0.0.1:7411"
)

// A pageStory is a story for testscript in the making: commands, and the files that
// go with them.
type pageStory struct {
	script, files bytes.Buffer
	blocks        int
}

func newStory() *pageStory {
	s := new(pageStory)
	s.script.WriteString("[exec:go] toolchain\n")
	return s
}

// command adds a line to the story, whose words but the first are taken as they are.
func (s *pageStory) command(words ...string) {
	s.script.WriteString(words[0])
	for _, word := range words[1:] {
		fmt.Fprintf(&s.script, " '%s'", strings.ReplaceAll(word, "'", "''"))
	}
	s.script.WriteByte('\n')
}

// tell adds the story of a page, if it has one.
func (s *pageStory) tell(t *testing.T, p page) {
	t.Helper()
	began := false
	for _, b := range p.blocks {
		_, elsewhere := readByOthers[p.path+" "+b.language]
		if elsewhere || b.language != consoleBlock && b.file == "" {
			continue
		}
		if !began {
			began = true
			fmt.Fprintf(&s.script, "# %s\nmkdir $WORK/%s\ncd $WORK/%[2]s\n", p.path, p.name())
			for _, folder := range []string{"scripts", "plugins"} {
				path, err := filepath.Abs(filepath.Join("..", "..", folder))
				if err != nil {
					t.Fatal(err)
				}
				s.command("symlink", folder, "->", path)
			}
		}
		if b.language == consoleBlock {
			s.commands(b)
			continue
		}
		s.blocks++
		fmt.Fprintf(&s.files, "-- blocks/%d --\n%s", s.blocks, b.text())
		fmt.Fprintf(&s.script, "mkdir %s\ncp $WORK/blocks/%d %s\n", filepath.Dir(b.file), s.blocks, b.file)
	}
}

// commands adds the commands of a block, each with the lines it must print.
func (s *pageStory) commands(b block) {
	var words []string
	add := func() {
		if words != nil {
			s.command(words...)
		}
	}
	for _, line := range b.lines {
		if condition, ok := strings.CutPrefix(line, awaiting); ok {
			s.command(append([]string{"await"}, strings.Fields(condition)...)...)
			continue
		}
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			words = append(words, line)
			continue
		}
		add()
		words = []string{needs(b) + "page", command}
	}
	add()
}

// needs is the condition under which the commands of a block can be run.
func needs(b block) string {
	for _, line := range b.lines {
		switch {
		case strings.HasPrefix(line, "$ curl "):
			return "[exec:curl] "
		case strings.HasPrefix(line, "$ domovoi script build"),
			strings.HasPrefix(line, "$ domovoi script test") && !strings.Contains(line, "--interpreted"):
			return "[exec:go] "
		}
	}
	return ""
}

func (s *pageStory) write(t *testing.T, dir, name string) string {
	t.Helper()
	s.command("daemon", "stop")
	file := filepath.Join(dir, name+".txtar")
	if err := os.WriteFile(file, append(s.script.Bytes(), s.files.Bytes()...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var assignment = regexp.MustCompile(`^([A-Z]+)=\$\(.*\)$`)

// pageCommand runs a command of a page and compares its output.
func pageCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: page COMMAND [LINE...]")
	}
	p := ts.Value(daemonKey{}).(*process)
	address := ts.Getenv("SERVING")
	if flags, ok := strings.CutPrefix(args[0], serveCommand); ok {
		p.start(ts, strings.Fields(flags))
		address = addressIn(ts, p.said)
		ts.Setenv("SERVING", address)
		prints(ts, strings.ReplaceAll(p.said, address, shownAddress), "", args[1:])
		return
	}
	if address == "" {
		address = addressIn(ts, p.said)
	}
	command := strings.ReplaceAll(args[0], shownAddress, address)
	variable := assignment.FindStringSubmatch(command)
	if variable != nil {
		command += "\nprintf %s \"$" + variable[1] + "\""
	}
	err := ts.Exec("sh", "-euc", command)
	output := ts.ReadFile("stdout")
	if variable != nil && err == nil {
		if output == "" || strings.Contains(output, "\n") {
			ts.Fatalf("%s is %q, want a line", variable[1], output)
		}
		ts.Setenv(variable[1], output)
	}
	fails := strings.HasPrefix(command, "domovoi diff ")
	for _, line := range args[1:] {
		fails = fails || strings.HasPrefix(line, "domovoi: ") || strings.Contains(line, ": failed after ")
	}
	if fails != (err != nil) {
		ts.Fatalf("the command ends with %v", err)
	}
	prints(ts, strings.ReplaceAll(output, address, shownAddress), strings.ReplaceAll(ts.ReadFile("stderr"), address, shownAddress), args[1:])
}

func addressIn(ts *testscript.TestScript, said string) string {
	_, after, _ := strings.Cut(said, "listening on ")
	place, _, _ := strings.Cut(after, " ")
	u, err := url.Parse(place)
	ts.Check(err)
	return u.Host
}

func saysCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: says TEXT")
	}
	prints(ts, ts.ReadFile("stdout"), ts.ReadFile("stderr"), args)
}

// prints looks for lines in the two outputs of a command, in each one after the
// other.
func prints(ts *testscript.TestScript, stdout, stderr string, lines []string) {
	rest := []string{stdout, stderr}
	for _, line := range lines {
		var parts []string
		for _, part := range strings.Split(line, "…") {
			parts = append(parts, regexp.QuoteMeta(part))
		}
		expression := regexp.MustCompile(strings.Join(parts, ".*"))
		found := false
		for i := 0; i < len(rest) && !found; i++ {
			if at := expression.FindStringIndex(rest[i]); at != nil {
				found = true
				_, rest[i], _ = strings.Cut(rest[i][at[1]:], "\n")
			}
		}
		if !found {
			ts.Fatalf("the output does not have, or not there, %q:\n%s%s", line, stdout, stderr)
		}
	}
}

// toolchainCommand hands the settings of the go command to the story. The module
// cache has what plugins are built with, or this test would not have been built.
func toolchainCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: toolchain")
	}
	names := []string{"GOCACHE", "GOMODCACHE", "GOFLAGS", "CGO_ENABLED", "GOTOOLCHAIN"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	ts.Check(err)
	values := strings.Split(string(out), "\n")
	for i, name := range names {
		ts.Setenv(name, values[i])
	}
	ts.Setenv("GOPROXY", "off")
}
