// Package built is for tests that need compiled programs. They stay in a folder of
// the checkout, below bin, so that those that are up to date are not linked again:
// linking takes longer than most tests.
package built

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// In compiles main packages, given as to the go command, and returns the folder
// that has them by their names. It skips the test where there is no Go toolchain.
func In(t testing.TB, packages ...string) (dir string) {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("nothing can be compiled here: there is no go command in PATH")
	}
	dir = Dir(t)
	args := append([]string{"build", "-buildvcs=false", "-ldflags=-s -w", "-o", dir + string(filepath.Separator)}, packages...)
	if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return dir
}

// Dir is the folder that the tests in the current folder build into.
func Dir(t testing.TB) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := Root(t)
	below, err := filepath.Rel(root, here)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "bin", "test", below)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Root is the folder of this checkout.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			t.Fatal("the test does not run in a checkout: no folder above has a go.mod")
		}
		dir = above
	}
}
