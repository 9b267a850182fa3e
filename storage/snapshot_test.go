package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
)

// TestSnapshot reads a state while the store goes on: it has the rows of one
// moment, and the contents of attachments that are removed meanwhile.
func TestSnapshot(t *testing.T) {
	a := openAttic(t)
	id := a.instance()
	for name, content := range map[string]string{"a": "first", "b": "second", "c": "first"} {
		if err := a.add(id, name, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	var before [][]byte
	err := a.engine.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.Range{})
		defer it.Close()
		for it.Next() {
			before = append(before, append(bytes.Clone(it.Key()), it.Value()...))
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	blobs := func(s *storage.Snapshot) (contents []string) {
		err := s.Blobs(t.Context(), func(_ storage.BlobHash, open func() (io.ReadCloser, error)) error {
			f, err := open()
			if err != nil {
				return err
			}
			content, err := io.ReadAll(f)
			contents = append(contents, string(content))
			return errors.Join(err, f.Close())
		})
		if err != nil {
			t.Error(err)
		}
		return contents
	}
	err = a.Snapshot(t.Context(), func(s *storage.Snapshot) error {
		if err := a.removeInstance(id); err != nil {
			return err
		}
		var rows [][]byte
		err := s.Rows(t.Context(), func(key, value []byte) error {
			rows = append(rows, append(bytes.Clone(key), value...))
			return nil
		})
		if fmt.Sprint(rows) != fmt.Sprint(before) {
			t.Errorf("%d rows, want the %d of before", len(rows), len(before))
		}
		if got := blobs(s); len(got) != 2 {
			t.Errorf("the contents are %q", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = a.Snapshot(t.Context(), func(s *storage.Snapshot) error {
		if got := blobs(s); len(got) != 0 {
			t.Errorf("afterwards there are %q", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a.wantFiles(0)
}
