package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestApplyPage writes the files of docs/apply.md, which say their names in their
// first lines, and runs its commands as a story; each diff of the page finds
// differences.
func TestApplyPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/apply.md")
	if err != nil {
		t.Fatal(err)
	}
	var story strings.Builder
	story.WriteString("daemon start\n")
	commands := tell(&story, string(page), func(command string) (condition, line string) {
		if strings.HasPrefix(command, "domovoi diff") {
			return "", "code 1 " + command
		}
		return "", "exec " + strings.ReplaceAll(command, `"`, "'")
	})
	story.WriteString("daemon stop\n")
	files := 0
	for _, language := range []string{"yaml\n# ", "go\n// "} {
		for i, block := range strings.Split(string(page), "```"+language) {
			if i > 0 {
				block, _, _ = strings.Cut(block, "```")
				name, content, _ := strings.Cut(block, "\n")
				story.WriteString("-- " + name + " --\n" + content)
				files++
			}
		}
	}
	if commands < 8 || files < 3 {
		t.Fatalf("only %d commands and %d files are found", commands, files)
	}
	file := filepath.Join(t.TempDir(), "apply_page.txtar")
	if err := os.WriteFile(file, []byte(story.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, stories(testscript.Params{Files: []string{file}}))
}
