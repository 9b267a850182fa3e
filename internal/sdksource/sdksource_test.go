package sdksource_test

import (
	"os"
	"path/filepath"
	"testing"

	"domovoi.dev/internal/sdksource"
)

// What is there of another SDK goes, also where unpacking was broken off, and
// what is complete is not written again.
func TestUnpackReplacesAnotherSDK(t *testing.T) {
	dir := t.TempDir()
	module := filepath.Join(dir, sdksource.Module, "sdk")
	stale := filepath.Join(module, "stale.go")
	if err := os.MkdirAll(module, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, []byte("package sdk"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sdksource.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a file of another SDK is still there")
	}
	engine := filepath.Join(module, "engine.go")
	if err := os.WriteFile(engine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sdksource.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(engine); err != nil || len(content) > 0 {
		t.Errorf("the same SDK was written again: %v", err)
	}
}
