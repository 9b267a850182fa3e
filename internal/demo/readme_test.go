package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	shellBlock = regexp.MustCompile("(?s)\n```sh\n(.*?)```\n")
	textBlock  = regexp.MustCompile("(?s)\n```text\n(.*?)```\n")
)

// TestReadme runs the shell block of the README in a new folder, with a program
// built from this source, and looks for the output the README shows.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks, output := shellBlock.FindAllSubmatch(readme, -1), textBlock.FindAllSubmatch(readme, -1)
	if len(blocks) != 1 || len(output) != 1 {
		t.Fatalf("the README has %d blocks of shell and %d of output, want one of each", len(blocks), len(output))
	}
	o := programs(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(o.domovoi, filepath.Join(dir, "bin", "domovoi")); err != nil {
		t.Fatal(err)
	}
	// The daemon outlives the shell by a moment, so the shell waits for it.
	script := string(blocks[0][1]) + "wait\n"
	shell := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	shell.Dir = dir
	shell.Env = append(os.Environ(), "DOMOVOI_ADDRESS=", "DOMOVOI_TOKEN=", "DOMOVOI_DATA_DIR=")
	got, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	for line := range strings.Lines(string(output[0][1])) {
		if !strings.Contains(string(got), line) {
			t.Errorf("the README promises %q, the output is\n%s", line, got)
		}
	}
}
