package fsync_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"domovoi.dev/internal/fsync"
)

func TestDir(t *testing.T) {
	dir := t.TempDir()
	if err := fsync.Dir(dir); err != nil {
		t.Error(err)
	}
	if err := fsync.Dir(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is missing: %v", err)
	}
}
