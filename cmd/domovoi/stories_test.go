package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryCommandIsInAStory shows that each command is carried out by a story of
// testdata.
func TestEveryCommandIsInAStory(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var told []string // the words of the stories
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		story, _, _ := strings.Cut(string(text), "\n-- ")
		told = append(told, strings.Fields(story)...)
	}
	all := " " + strings.Join(told, " ") + " "
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			return
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if !c.Runnable() || c.HasSubCommands() {
			return
		}
		if !strings.Contains(all, " "+c.CommandPath()+" ") {
			t.Errorf("no story of testdata carries out %s", c.CommandPath())
		}
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, env: func(string) string { return "" }}
	walk(a.rootCommand())
}
