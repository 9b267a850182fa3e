package storage_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
)

// attach attaches a file to an instance of a store.
func attach(t *testing.T, s *storage.Store, id dom.InstanceID, name, content string) error {
	t.Helper()
	blob, err := s.PutBlob([]byte(content))
	if err != nil {
		return err
	}
	defer blob.Release()
	_, err = s.Update(context.Background(), storage.Origin{}, func(tx *storage.Tx) error { return tx.PutAttachment(here, id, name, blob) })
	return err
}

func attached(t *testing.T, s *storage.Store, id dom.InstanceID, name string) (string, error) {
	t.Helper()
	_, content, err := s.ReadBlob(t.Context(), func(r *storage.Reader) (*storage.AttachmentRow, error) { return r.Attachment(here, id, name) })
	return string(content), err
}

func filesIn(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// A fork reads the attachments of the moment it was made, also when they are
// removed from the store since; its own it keeps in memory, within its bound.
func TestForkAttachments(t *testing.T) {
	h := openHouse(t)
	dir := filepath.Join(t.TempDir(), "attachments")
	if err := h.OpenBlobs(dir); err != nil {
		t.Fatal(err)
	}
	i := dom.NewInstance(dom.NewDefinitionID())
	h.insert(here, i)
	if err := attach(t, h.Store, i.ID, "a", "real"); err != nil {
		t.Fatal(err)
	}
	fork, err := h.Fork(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	h.update(func(tx *storage.Tx) error { return tx.DeleteAttachment(here, i.ID, "a") })
	if got, err := attached(t, fork.Store, i.ID, "a"); got != "real" || err != nil {
		t.Errorf("the attachment that was removed from the store: %q %v", got, err)
	}
	if err := attach(t, fork.Store, i.ID, "b", "dry"); err != nil {
		t.Fatal(err)
	}
	if got, err := attached(t, fork.Store, i.ID, "b"); got != "dry" || err != nil {
		t.Errorf("the attachment of the fork: %q %v", got, err)
	}
	if _, err := attached(t, h.Store, i.ID, "b"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the attachment of the fork is in the store: %v", err)
	}
	if n := filesIn(t, dir); n != 1 {
		t.Errorf("%d files, want the one of the removed attachment", n)
	}
	half := string(make([]byte, 600<<10))
	if err := attach(t, fork.Store, i.ID, "large", half); err != nil {
		t.Error(err)
	}
	if err := attach(t, fork.Store, i.ID, "larger", half+"!"); !errors.Is(err, kv.ErrFull) {
		t.Errorf("more than the fork keeps: %v", err)
	}
	// What is replaced makes room.
	if err := attach(t, fork.Store, i.ID, "large", "small"); err != nil {
		t.Error(err)
	}
	if err := attach(t, fork.Store, i.ID, "larger", half+"!"); err != nil {
		t.Error(err)
	}
	if result, err := fork.Check(t.Context()); err != nil || len(result.Problems) > 0 {
		t.Errorf("%v %v", result.Problems, err)
	}
	if err := fork.Close(); err != nil {
		t.Error(err)
	}
	if err := fork.Close(); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("a second close: %v", err)
	}
	if n := filesIn(t, dir); n != 0 {
		t.Errorf("%d files after the fork was closed, want none", n)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}

// What was created and deleted again is no difference; others come in the order
// of their first change.
func TestForkDifferences(t *testing.T) {
	h := openHouse(t)
	changed, removed := dom.NewInstance(dom.NewDefinitionID()), dom.NewInstance(dom.NewDefinitionID())
	h.insert(here, changed)
	h.insert(here, removed)
	fork, err := h.Fork(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	inside := &house{Store: fork.Store, t: t}
	passing, created := dom.NewInstance(dom.NewDefinitionID()), dom.NewInstance(dom.NewDefinitionID())
	inside.insert(here, passing)
	inside.remove(here, removed, true)
	inside.insert(here, created)
	for range 2 {
		inside.replace(here, changed)
	}
	inside.remove(here, passing, false)
	var got []string
	err = fork.Differences(t.Context(), func(d storage.Difference) error {
		got = append(got, d.ObjectID)
		if (d.Before == nil) != (d.ObjectID == created.Key()) || (d.After == nil) != (d.ObjectID == removed.Key()) {
			t.Errorf("%s: before %x, after %x", d.ObjectID, d.Before, d.After)
		}
		return nil
	}, nil)
	want := []string{removed.Key(), created.Key(), changed.Key()}
	if err != nil || len(got) != 3 || [3]string(got) != [3]string(want) {
		t.Errorf("%v %v, want %v", got, err, want)
	}
	inside.close()
}
