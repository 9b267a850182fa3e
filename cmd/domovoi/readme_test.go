package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// tutorialsKey is for how far the story has come in each README.
type tutorialsKey struct{}

type tutorials map[string]int

var variable = regexp.MustCompile(`\$[A-Z]+`)

// readmeCommand runs what the README of a folder tells people to type, which are
// the indented lines that begin with domovoi or go build, in a shell. It stops in
// front of a command with a variable that is not set, such as $ISSUE, for the
// story to capture it and go on; with "done" there must be no command left.
func readmeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 || len(args) == 2 && args[1] != "done" {
		ts.Fatalf("usage: readme FOLDER [done]")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	ts.Check(err)
	for _, folder := range []string{"scripts", "plugins"} {
		if err := os.Symlink(filepath.Join(root, folder), ts.MkAbs(folder)); err != nil && !os.IsExist(err) {
			ts.Fatalf("%v", err)
		}
	}
	text, err := os.ReadFile(filepath.Join(root, args[0], "README.md"))
	ts.Check(err)
	var commands []string
	for line := range strings.Lines(string(text)) {
		if line, ok := strings.CutPrefix(line, "\t"); ok && (strings.HasPrefix(line, "domovoi ") || strings.HasPrefix(line, "go build ")) {
			commands = append(commands, strings.TrimSpace(line))
		}
	}
	come := ts.Value(tutorialsKey{}).(tutorials)
	for _, c := range commands[come[args[0]]:] {
		for _, name := range variable.FindAllString(c, -1) {
			if ts.Getenv(name[1:]) == "" && len(args) == 1 {
				return
			}
		}
		come[args[0]]++
		if build, ok := strings.CutPrefix(c, "go build -o "); ok {
			// Not in the surroundings of the story: Go has its module and caches outside.
			file, source, _ := strings.Cut(build, " ")
			compile(ts, filepath.Join(root, source), file)
			continue
		}
		ts.Check(ts.Exec("sh", "-euc", c))
	}
	if len(commands) == 0 {
		ts.Fatalf("%s: the README has no commands", args[0])
	}
}
