package scripttest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"domovoi.dev/internal/built"
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
	absolute, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	dir, name := "", filepath.Base(absolute)
	_, err = os.Stat(filepath.Join(folder, "main.go"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		made := filepath.Join(built.Dir(t), "source", name)
		if err := os.MkdirAll(made, 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, made, "main.go", main)
		write(t, made, "script.go", source(t, folder))
		dir = built.In(t, made)
	case filepath.Dir(absolute) == filepath.Join(built.Root(t), "scripts"):
		shipped.Do(func() { built.In(t, filepath.Join(built.Root(t), "scripts", "...")) })
		dir = built.Dir(t)
	default:
		dir = built.In(t, absolute)
	}
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// shipped builds the shipped scripts: all take hardly longer than one.
var shipped sync.Once

func source(t *testing.T, folder string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, "script.go"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
