package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestAPIsPage runs the commands of docs/apis.md, as TestTutorial does those of
// docs/scripts.md.
func TestAPIsPage(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl in PATH, with which the page sends requests")
	}
	page, err := os.ReadFile("../../docs/apis.md")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := filepath.Abs("../../scripts")
	if err != nil {
		t.Fatal(err)
	}
	var story strings.Builder
	story.WriteString("daemon start\nsymlink scripts -> " + shipped + "\n" +
		"exec cat house/daemon.json\ncapture ADDRESS '\"(127[^\"]*)\"'\n")
	commands := tell(&story, string(page), func(command string) (condition, line string) {
		command = strings.ReplaceAll(command, "127.0.0.1:7411", "$ADDRESS")
		return "", "exec sh -euc '" + strings.ReplaceAll(command, "'", "''") + "'"
	})
	story.WriteString("daemon stop\n")
	if commands < 8 {
		t.Fatalf("only %d commands are found", commands)
	}
	file := filepath.Join(t.TempDir(), "apis.txtar")
	if err := os.WriteFile(file, []byte(story.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, stories(testscript.Params{Files: []string{file}}))
}
