package scripttest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// main is what makes a plugin binary of a script.
const main = `package main

import "domovoi.dev/sdk/plugin"

func main() { plugin.Serve(plugin.Script{Run: Run}) }
`

// Build compiles the script of a folder to a plugin binary and returns its
// content: with the main.go that is there, otherwise with one of the only form it
// can have. It skips the test where there is no Go toolchain.
func Build(t *testing.T, folder string) []byte {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("nothing can be compiled here: there is no go command in PATH")
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "plugin")
	args := []string{"build", "-buildvcs=false", "-ldflags=-s -w", "-o", binary}
	if _, err := os.Stat(filepath.Join(folder, "main.go")); errors.Is(err, fs.ErrNotExist) {
		args = append(args, write(t, dir, "main.go", main), write(t, dir, "script.go", source(t, folder)))
	} else {
		args = append(args, folder)
	}
	if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func source(t *testing.T, folder string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, "script.go"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
