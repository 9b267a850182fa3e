package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

const moduleID = "m"

var origin = storage.Origin{User: "ann"}

// attic is a store with a folder of blobs.
type attic struct {
	*storage.Store
	t      testing.TB
	engine kv.Store
	dir    string
}

func openAttic(t testing.TB) *attic {
	a := &attic{t: t, engine: memkv.New(), dir: filepath.Join(t.TempDir(), "attachments")}
	t.Cleanup(func() { a.Close() })
	a.reopen()
	return a
}

// reopen makes a new store of what is durable, as after a crash.
func (a *attic) reopen() {
	a.t.Helper()
	store, err := storage.Open(a.t.Context(), a.engine, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := store.OpenBlobs(a.dir); err != nil {
		a.t.Fatal(err)
	}
	a.Store = store
}

func (a *attic) update(fn func(tx *storage.Tx) error) {
	a.t.Helper()
	if _, err := a.Update(a.t.Context(), origin, fn); err != nil {
		a.t.Fatal(err)
	}
}

func (a *attic) instance() dom.InstanceID {
	a.t.Helper()
	o := dom.NewInstance(dom.NewDefinitionID())
	a.update(func(tx *storage.Tx) error {
		_, err := tx.Insert(moduleID, o)
		return err
	})
	return o.ID
}

func (a *attic) removeInstance(id dom.InstanceID) error {
	_, err := a.Update(context.Background(), origin, func(tx *storage.Tx) error {
		o, err := tx.Object(dom.KindInstance, moduleID, id.String())
		if err != nil {
			return err
		}
		return tx.Remove(moduleID, o, false)
	})
	return err
}

func (a *attic) add(id dom.InstanceID, name string, content []byte) error {
	blob, err := a.PutBlob(content)
	if err != nil {
		return err
	}
	defer blob.Release()
	_, err = a.Update(context.Background(), origin, func(tx *storage.Tx) error {
		if _, err := tx.Raw(dom.KindInstance, moduleID, id.String()); err != nil {
			return err
		}
		return tx.PutAttachment(moduleID, id, name, blob)
	})
	return err
}

func (a *attic) delete(id dom.InstanceID, name string) error {
	_, err := a.Update(context.Background(), origin, func(tx *storage.Tx) error { return tx.DeleteAttachment(moduleID, id, name) })
	return err
}

func (a *attic) read(id dom.InstanceID, name string) ([]byte, error) {
	_, content, err := a.ReadBlob(context.Background(), func(r *storage.Reader) (*storage.AttachmentRow, error) {
		return r.Attachment(moduleID, id, name)
	})
	return content, err
}

func (a *attic) sweep() {
	a.t.Helper()
	if err := a.SweepBlobs(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

// files are the files below the folder of blobs.
func (a *attic) files() (files []string) {
	a.t.Helper()
	err := filepath.WalkDir(a.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return files
}

func (a *attic) wantFiles(n int) {
	a.t.Helper()
	if files := a.files(); len(files) != n {
		a.t.Errorf("files %q, want %d", files, n)
	}
}

func (a *attic) problems() []string {
	a.t.Helper()
	result, err := a.Check(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	return result.Problems
}

func (a *attic) wantSound() {
	a.t.Helper()
	if problems := a.problems(); len(problems) > 0 {
		a.t.Errorf("the store is not sound:\n%s", strings.Join(problems, "\n"))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestContentLivesAsLongAsItsLastRecord(t *testing.T) {
	a := openAttic(t)
	one, two := a.instance(), a.instance()
	content := []byte("the same")
	must(t, a.add(one, "a.txt", content))
	must(t, a.add(one, "b.txt", content))
	must(t, a.add(two, "a.txt", content))
	must(t, a.add(two, "a.txt", content)) // replaces itself
	a.wantFiles(1)
	must(t, a.delete(one, "A.TXT"))
	must(t, a.add(one, "b.txt", []byte("another")))
	a.wantFiles(2)
	a.wantSound()
	if got, err := a.read(two, "a.txt"); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read %q, %v", got, err)
	}
	must(t, a.removeInstance(two))
	a.wantFiles(1)
	must(t, a.removeInstance(one))
	a.wantFiles(0)
	a.wantSound()
}

func TestFailedTransactionRemovesNothing(t *testing.T) {
	a := openAttic(t)
	id := a.instance()
	must(t, a.add(id, "a.txt", []byte("kept")))
	failure := errors.New("no")
	_, err := a.Update(t.Context(), origin, func(tx *storage.Tx) error {
		if err := tx.DeleteAttachment(moduleID, id, "a.txt"); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
	a.wantFiles(1)
	if _, err := a.read(id, "a.txt"); err != nil {
		t.Error(err)
	}
}

// TestHeldContentStays is the race between an Add and whoever removes the same
// content, step by step.
func TestHeldContentStays(t *testing.T) {
	a := openAttic(t)
	id := a.instance()
	content := []byte("wanted again")
	must(t, a.add(id, "old", content))
	blob, err := a.PutBlob(content)
	must(t, err)
	must(t, a.delete(id, "old")) // the last record
	a.wantFiles(1)
	a.sweep()
	a.wantFiles(1)
	second, err := a.PutBlob(content)
	must(t, err)
	second.Release()
	second.Release()
	a.wantFiles(1)
	a.update(func(tx *storage.Tx) error { return tx.PutAttachment(moduleID, id, "new", blob) })
	blob.Release()
	a.wantFiles(1)
	a.wantSound()
	must(t, a.delete(id, "new"))
	a.wantFiles(0)

	blob, err = a.PutBlob(content)
	must(t, err)
	blob.Release() // no record was made
	a.wantFiles(0)
}

func TestSweepSparesFilesThatAreWritten(t *testing.T) {
	a := openAttic(t)
	blob, err := a.PutBlob([]byte("x"))
	must(t, err)
	path := a.files()[0]
	must(t, os.WriteFile(path+".1.partial", nil, 0o600)) // another Add of the same content
	a.sweep()
	a.wantFiles(2)
	blob.Release()
	a.sweep()
	a.wantFiles(0)
}

// TestCrashBetweenFileAndRecord ends the process between the steps of an Add and
// of a deletion.
func TestCrashBetweenFileAndRecord(t *testing.T) {
	a := openAttic(t)
	id := a.instance()
	must(t, a.add(id, "kept", []byte("kept")))
	must(t, a.add(id, "deleted", []byte("deleted")))

	_, err := a.PutBlob([]byte("no record"))
	must(t, err)
	path := a.files()[0]
	must(t, os.WriteFile(path+".123.partial", []byte("kep"), 0o600))
	must(t, os.WriteFile(filepath.Join(a.dir, "README"), []byte("not ours"), 0o600))

	withoutBlobs, err := storage.Open(t.Context(), a.engine, nil)
	must(t, err)
	_, err = withoutBlobs.Update(t.Context(), origin, func(tx *storage.Tx) error { return tx.DeleteAttachment(moduleID, id, "deleted") })
	must(t, err)

	a.wantFiles(5)
	a.reopen()
	a.wantSound()
	a.sweep()
	a.wantFiles(2)
	a.wantSound()
	if got, err := a.read(id, "kept"); err != nil || string(got) != "kept" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestDamagedContentIsFoundAndRepairedByTheNextAdd(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"changed": func(path string) error { return os.WriteFile(path, []byte("Content"), 0o600) },
		"shorter": func(path string) error { return os.Truncate(path, 3) },
		"missing": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			a := openAttic(t)
			id := a.instance()
			must(t, a.add(id, "a.txt", []byte("content")))
			must(t, damage(a.files()[0]))
			if _, err := a.read(id, "a.txt"); !errors.Is(err, storage.ErrDamaged) {
				t.Errorf("read: %v, want %v", err, storage.ErrDamaged)
			}
			if problems := a.problems(); len(problems) != 1 || !strings.Contains(problems[0], `"a.txt"`) {
				t.Errorf("problems %q, want one about a.txt", problems)
			}
			must(t, a.add(id, "b.txt", []byte("content")))
			a.wantSound()
			if got, err := a.read(id, "a.txt"); err != nil || string(got) != "content" {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
}

// TestCheckComparesRecordsAndReferences removes one side of each pair behind the
// store's back.
func TestCheckComparesRecordsAndReferences(t *testing.T) {
	for _, space := range []string{"a", "r", "o"} {
		t.Run(space, func(t *testing.T) {
			a := openAttic(t)
			must(t, a.add(a.instance(), "a.txt", []byte("content")))
			_, err := a.engine.Update(t.Context(), func(tx kv.Tx) error {
				return tx.DeleteRange([]byte(space), kv.PrefixEnd([]byte(space)))
			})
			must(t, err)
			if problems := strings.Join(a.problems(), "\n"); !strings.Contains(problems, "attachment") {
				t.Errorf("problems %q, want one about the attachment", problems)
			}
		})
	}
}

// TestConcurrentUseOfOneContent adds, reads, deletes and sweeps the same two
// contents from many sides. No read may find damage, and in the end all agrees.
func TestConcurrentUseOfOneContent(t *testing.T) {
	a := openAttic(t)
	contents := [][]byte{[]byte("one"), bytes.Repeat([]byte("two"), 1<<12)}
	const people, rounds = 8, 40
	shared := a.instance()
	expected := func(err error) bool { return err == nil || errors.Is(err, storage.ErrNotFound) }
	var wg sync.WaitGroup
	for person := range people {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(person)))
			own := a.instance()
			for range rounds {
				id := own
				if random.IntN(2) == 0 {
					id = shared
				}
				name := fmt.Sprint("file", random.IntN(3))
				var err error
				switch random.IntN(8) {
				case 0, 1, 2:
					err = a.add(id, name, contents[random.IntN(len(contents))])
				case 3, 4:
					err = a.delete(id, name)
				case 5:
					_, err = a.read(id, name)
				case 6:
					err = a.removeInstance(own)
					own = a.instance()
				case 7:
					err = a.SweepBlobs(context.Background())
				}
				if !expected(err) {
					t.Error(err)
				}
				if person == 0 {
					a.wantSound()
				}
			}
			if err := a.removeInstance(own); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a.wantSound()
	must(t, a.removeInstance(shared))
	a.wantFiles(0)
	a.wantSound()
}

// sweeping sweeps the blobs at each read, and fails in the end if it is to.
type sweeping struct {
	a      *attic
	source *bytes.Reader
	err    error
}

func (s sweeping) Read(b []byte) (int, error) {
	s.a.sweep()
	n, err := s.source.Read(b[:min(len(b), 7)])
	if err != nil && s.err != nil {
		err = s.err
	}
	return n, err
}

// TestABlobIsWrittenWhileItIsRead: a sweep leaves it alone meanwhile, what was
// not read to its end leaves nothing, and what a crash left is swept.
func TestABlobIsWrittenWhileItIsRead(t *testing.T) {
	a := openAttic(t)
	id := a.instance()
	content := []byte("a content that comes in pieces")
	gone := errors.New("the sender went away")
	if _, err := a.PutBlobFrom(sweeping{a, bytes.NewReader(content), gone}); !errors.Is(err, gone) || len(a.files()) > 0 {
		t.Errorf("got %v, and the files %v", err, a.files())
	}
	blob, err := a.PutBlobFrom(sweeping{a, bytes.NewReader(content), nil})
	if err != nil {
		t.Fatal(err)
	}
	second := blob.Hold()
	blob.Release()
	a.sweep()
	a.update(func(tx *storage.Tx) error { return tx.PutAttachment(moduleID, id, "f", second) })
	second.Release()
	if got, err := a.read(id, "f"); err != nil || !bytes.Equal(got, content) || second.Size != int64(len(content)) {
		t.Errorf("got %q, %d bytes, %v", got, second.Size, err)
	}
	other, err := a.PutBlobFrom(strings.NewReader("nobody refers to it"))
	if err != nil || len(a.files()) != 2 {
		t.Fatalf("got %v, and the files %v", err, a.files())
	}
	a.reopen() // without its release, as after a crash
	a.sweep()
	if files := a.files(); len(files) != 1 {
		t.Errorf("the sweep left %v", files)
	}
	other.Release()
	if result, err := a.Check(t.Context()); err != nil || len(result.Problems) > 0 {
		t.Errorf("check: %v %v", result.Problems, err)
	}
}

// TestABlobIsOpenedWhole: what is damaged is not opened, and what was opened can
// be read though it is removed.
func TestABlobIsOpenedWhole(t *testing.T) {
	a := openAttic(t)
	id := a.instance()
	content := []byte("some content")
	if err := a.add(id, "f", content); err != nil {
		t.Fatal(err)
	}
	find := func(r *storage.Reader) (*storage.AttachmentRow, error) { return r.Attachment(moduleID, id, "f") }
	_, f, err := a.OpenBlob(t.Context(), find)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.WriteFile(a.files()[0], []byte("sOme content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.OpenBlob(t.Context(), find); !errors.Is(err, storage.ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if err := a.add(id, "f", content); err != nil { // repairs it, in another file
		t.Fatal(err)
	}
	_, f, err = a.OpenBlob(t.Context(), find)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := a.delete(id, "f"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, content) || len(a.files()) > 0 {
		t.Errorf("got %q, %v, and the files %v", got, err, a.files())
	}
}
