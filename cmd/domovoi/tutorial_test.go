package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestTutorial runs the commands of docs/scripts.md, as a story: the lines that
// begin with "$ " in its blocks for a console. The lines below a command are lines
// of its output, in which … stands for any text.
func TestTutorial(t *testing.T) {
	page, err := os.ReadFile("../../docs/scripts.md")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := filepath.Abs("../../scripts")
	if err != nil {
		t.Fatal(err)
	}
	var story strings.Builder
	story.WriteString("daemon start\nsymlink scripts -> " + shipped + "\n[exec:go] toolchain\n")
	blocks := strings.Split(string(page), "```console\n")
	commands := 0
	for _, block := range blocks[1:] {
		block, _, _ = strings.Cut(block, "```")
		condition := ""
		for line := range strings.Lines(block) {
			line = strings.TrimRight(line, "\n")
			command, ok := strings.CutPrefix(line, "$ ")
			if !ok {
				story.WriteString(condition + "says '" + strings.ReplaceAll(line, "'", "''") + "'\n")
				continue
			}
			commands++
			condition = ""
			if strings.Contains(command, "script test") || strings.Contains(command, "script build") {
				condition = "[exec:go] "
			}
			story.WriteString(condition + "exec " + command + "\n")
		}
	}
	story.WriteString("daemon stop\n")
	if commands < 8 {
		t.Fatalf("only %d commands are found", commands)
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Log("there is no go command in PATH: script test and script build are left out")
	}
	file := filepath.Join(t.TempDir(), "tutorial.txtar")
	if err := os.WriteFile(file, []byte(story.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, stories(testscript.Params{Files: []string{file}}))
}

func saysCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: says TEXT")
	}
	var parts []string
	for _, part := range strings.Split(args[0], "…") {
		parts = append(parts, regexp.QuoteMeta(part))
	}
	output := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	if found := regexp.MustCompile(strings.Join(parts, ".*")).MatchString(output); found == neg {
		ts.Fatalf("is %q in the output: %v\n%s", args[0], found, output)
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
