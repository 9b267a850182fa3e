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
	commands := tell(&story, string(page), func(command string) (condition, line string) {
		if strings.Contains(command, "script test") || strings.Contains(command, "script build") {
			condition = "[exec:go] "
		}
		return condition, "exec " + command
	})
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

// tell writes the commands of a page as a story, each followed by what it must say,
// and returns how many there are. line gives the line of the story for a command,
// and the condition under which it is carried out.
func tell(story *strings.Builder, page string, line func(command string) (condition, line string)) (commands int) {
	for i, block := range strings.Split(page, "```console\n") {
		if i == 0 {
			continue
		}
		block, _, _ = strings.Cut(block, "```")
		condition := ""
		for text := range strings.Lines(block) {
			text = strings.TrimRight(text, "\n")
			command, ok := strings.CutPrefix(text, "$ ")
			if !ok {
				story.WriteString(condition + "says '" + strings.ReplaceAll(text, "'", "''") + "'\n")
				continue
			}
			commands++
			condition, command = line(command)
			story.WriteString(condition + command + "\n")
		}
	}
	return commands
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
