package dommanager_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// attachmentFiles are the files in which a daemon keeps attachments.
func attachmentFiles(t testing.TB, dataDir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dataDir, "attachments"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// newInstanceFor is an instance in a new module, to attach files to.
func newInstanceFor(t testing.TB, conn slnet.Connection) (*dom.DomHelper, *dom.Instance) {
	t.Helper()
	helper := newHelper(t, conn)
	return helper, createInstance(t, helper, dom.NewInstance(createDefinition(t, helper, dom.NewDefinition("Thing")).ID))
}

func attach(t testing.TB, helper *dom.DomHelper, id dom.InstanceID, name string, content []byte) {
	t.Helper()
	if err := helper.DomInstances.Attachments().Add(t.Context(), id, name, content); err != nil {
		t.Fatalf("add %q: %v", name, err)
	}
}

func wantAttachment(t testing.TB, helper *dom.DomHelper, id dom.InstanceID, name string, want []byte) {
	t.Helper()
	got, err := helper.DomInstances.Attachments().Get(t.Context(), id, name)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("get %q: %d bytes, %v, want %d bytes", name, len(got), err, len(want))
	}
}

func wantNames(t testing.TB, helper *dom.DomHelper, id dom.InstanceID, want ...string) {
	t.Helper()
	got, err := helper.DomInstances.Attachments().GetFileNames(t.Context(), id)
	if err != nil || got == nil || !slices.Equal(got, want) {
		t.Errorf("names %q, %v, want %q", got, err, want)
	}
}

// attachmentRows are the rows of part 4.18.
var attachmentRows = []struct {
	row  string
	test func(t *testing.T, d *daemontest.Daemon, helper *dom.DomHelper, instance *dom.Instance)
}{
	{"ATT-01 round trip", func(t *testing.T, _ *daemontest.Daemon, helper *dom.DomHelper, instance *dom.Instance) {
		every := make([]byte, 256)
		for i := range every {
			every[i] = byte(i)
		}
		attach(t, helper, instance.ID, "b.bin", every)
		attach(t, helper, instance.ID, "a.txt", nil)
		wantNames(t, helper, instance.ID, "a.txt", "b.bin")
		wantAttachment(t, helper, instance.ID, "b.bin", every)
		wantAttachment(t, helper, instance.ID, "a.txt", nil)
		attachments := helper.DomInstances.Attachments()
		for range 2 { // the second finds nothing and is silent
			if err := attachments.Delete(t.Context(), instance.ID, "b.bin"); err != nil {
				t.Error(err)
			}
		}
		wantNames(t, helper, instance.ID, "a.txt")
		if _, err := attachments.Get(t.Context(), instance.ID, "b.bin"); !errors.Is(err, slnet.KindNotFound) || !strings.Contains(err.Error(), `"b.bin"`) {
			t.Errorf("get a deleted file: %v, want NotFound", err)
		}
	}},
	{"ATT-02 no attachments", func(t *testing.T, _ *daemontest.Daemon, helper *dom.DomHelper, instance *dom.Instance) {
		wantNames(t, helper, instance.ID)
	}},
	{"ATT-04 unknown instance", func(t *testing.T, d *daemontest.Daemon, helper *dom.DomHelper, _ *dom.Instance) {
		before := len(attachmentFiles(t, d.Dir))
		attachments, unknown := helper.DomInstances.Attachments(), dom.NewInstanceID()
		_, names := attachments.GetFileNames(t.Context(), unknown)
		_, get := attachments.Get(t.Context(), unknown, "x")
		for what, err := range map[string]error{
			"add":            attachments.Add(t.Context(), unknown, "x", []byte("x")),
			"get file names": names,
			"get":            get,
			"delete":         attachments.Delete(t.Context(), unknown, "x"),
		} {
			if !errors.Is(err, slnet.KindNotFound) || !errors.Is(err, dom.ErrObjectDidNotExist) || !strings.Contains(err.Error(), unknown.String()) {
				t.Errorf("%s: %v, want NotFound with the id", what, err)
			}
		}
		if after := len(attachmentFiles(t, d.Dir)); after != before {
			t.Errorf("%d files, want %d", after, before)
		}
		ghost := dom.NewDomHelper(d.Administrator().SendSLNetMessages, "ghost").DomInstances.Attachments()
		if err := ghost.Add(t.Context(), unknown, "x", nil); !errors.Is(err, dom.ErrModuleNotInitialized) {
			t.Errorf("unknown module: %v", err)
		}
	}},
	{"ATT-05 names that lead elsewhere", func(t *testing.T, d *daemontest.Daemon, helper *dom.DomHelper, instance *dom.Instance) {
		before := len(attachmentFiles(t, d.Dir))
		attachments := helper.DomInstances.Attachments()
		for _, name := range []string{
			"../x", "..", ".", "", "/etc/passwd", "a/b", `a\b`, `..\x`, `C:\x`, "a\x00b", "a\nb", "a\x7f", "a\u0085", "\xff", strings.Repeat("ä", 128),
		} {
			_, get := attachments.Get(t.Context(), instance.ID, name)
			for what, err := range map[string]error{
				"add": attachments.Add(t.Context(), instance.ID, name, []byte("x")), "get": get,
				"delete": attachments.Delete(t.Context(), instance.ID, name),
			} {
				if !errors.Is(err, slnet.KindInvalid) {
					t.Errorf("%s %q: %v, want Invalid", what, name, err)
				}
			}
		}
		wantNames(t, helper, instance.ID)
		if after := len(attachmentFiles(t, d.Dir)); after != before {
			t.Errorf("%d files, want %d", after, before)
		}
	}},
	{"ATT-06 20 MB", func(t *testing.T, _ *daemontest.Daemon, helper *dom.DomHelper, instance *dom.Instance) {
		content := make([]byte, 20<<20+1)
		rand.Read(content)
		fits := content[:20<<20]
		attach(t, helper, instance.ID, "large", fits)
		err := helper.DomInstances.Attachments().Add(t.Context(), instance.ID, "LARGE", content)
		if !errors.Is(err, slnet.KindTooLarge) || !strings.Contains(err.Error(), "20971521") || !strings.Contains(err.Error(), "20971520") {
			t.Errorf("one byte more: %v, want TooLarge with both sizes", err)
		}
		wantNames(t, helper, instance.ID, "large")
		wantAttachment(t, helper, instance.ID, "large", fits)
	}},
	{"ATT-07 same name twice", func(t *testing.T, d *daemontest.Daemon, helper *dom.DomHelper, instance *dom.Instance) {
		before := len(attachmentFiles(t, d.Dir))
		attach(t, helper, instance.ID, "Plän.PDF", []byte("first"))
		attach(t, helper, instance.ID, "plÄn.pdf", []byte("second"))
		wantNames(t, helper, instance.ID, "plÄn.pdf")
		wantAttachment(t, helper, instance.ID, "PLÄN.PDF", []byte("second"))
		if after := len(attachmentFiles(t, d.Dir)); after != before+1 {
			t.Errorf("%d files, want %d", after, before+1)
		}
		if err := helper.DomInstances.Attachments().Delete(t.Context(), instance.ID, "Plän.pdf"); err != nil {
			t.Error(err)
		}
		wantNames(t, helper, instance.ID)
	}},
	{"ATT-08 deleted with the instance", func(t *testing.T, d *daemontest.Daemon, helper *dom.DomHelper, instance *dom.Instance) {
		before := len(attachmentFiles(t, d.Dir))
		other := createInstance(t, helper, dom.NewInstance(instance.DomDefinitionID))
		attach(t, helper, instance.ID, "own", []byte("own"))
		attach(t, helper, instance.ID, "shared", []byte("both have it"))
		attach(t, helper, other.ID, "shared", []byte("both have it"))
		if err := helper.DomInstances.Delete(t.Context(), instance); err != nil {
			t.Fatal(err)
		}
		wantAttachment(t, helper, other.ID, "shared", []byte("both have it"))
		if after := len(attachmentFiles(t, d.Dir)); after != before+1 {
			t.Errorf("%d files, want %d", after, before+1)
		}
		again := dom.NewInstance(instance.DomDefinitionID)
		again.ID = instance.ID
		createInstance(t, helper, again)
		wantNames(t, helper, instance.ID)
	}},
	{"ATT-09 prefixed names", func(t *testing.T, _ *daemontest.Daemon, helper *dom.DomHelper, instance *dom.Instance) {
		names := []string{
			instance.ID.String() + "_file.pdf", " a b .txt", "...", "Ölplan \U0001f3e0 (1).pdf", strings.Repeat("x", 255), "report 12:30.pdf",
		}
		for _, name := range names {
			attach(t, helper, instance.ID, name, []byte(name))
		}
		for _, name := range names {
			wantAttachment(t, helper, instance.ID, name, []byte(name))
		}
		slices.Sort(names)
		wantNames(t, helper, instance.ID, names...)
	}},
}

func TestAttachments(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		for _, row := range attachmentRows {
			t.Run(row.row, func(t *testing.T) {
				helper, instance := newInstanceFor(t, conn)
				row.test(t, d, helper, instance)
			})
		}
	})
}

func TestATT06TheLimitIsConfigurable(t *testing.T) {
	dir := t.TempDir()
	if r, err := runtime.Open(t.Context(), runtime.Options{DataDir: dir, MaxAttachment: 1 << 30}); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("opened %v, %v with a limit that no message can reach", r, err)
	}
	r, err := runtime.Open(t.Context(), runtime.Options{DataDir: dir, Store: daemontest.MemoryStore(t), MaxAttachment: 10, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(context.Background())
	token, err := os.ReadFile(filepath.Join(dir, runtime.TokenFile))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := r.Connect(t.Context(), strings.TrimSpace(string(token)))
	if err != nil {
		t.Fatal(err)
	}
	helper, instance := newInstanceFor(t, conn)
	attach(t, helper, instance.ID, "ten", make([]byte, 10))
	if err := helper.DomInstances.Attachments().Add(t.Context(), instance.ID, "eleven", make([]byte, 11)); !errors.Is(err, slnet.KindTooLarge) {
		t.Errorf("11 bytes: %v, want TooLarge", err)
	}
}

func TestAttachmentsOfAnInstanceAreBounded(t *testing.T) {
	m := newHouse(t)
	helper := m.module(dom.DomManagerSettings{})
	instance := createInstance(t, helper, dom.NewInstance(createDefinition(t, helper, dom.NewDefinition("Thing")).ID))
	for i := range dommanager.MaxAttachments {
		attach(t, helper, instance.ID, fmt.Sprint(i), nil)
	}
	if err := helper.DomInstances.Attachments().Add(t.Context(), instance.ID, "one more", nil); !errors.Is(err, slnet.KindTooLarge) {
		t.Errorf("one more: %v, want TooLarge", err)
	}
	attach(t, helper, instance.ID, "0", []byte("replaced"))
	if err := helper.DomInstances.Delete(t.Context(), instance); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedAttachmentIsReported changes a file behind the daemon's back.
func TestDamagedAttachmentIsReported(t *testing.T) {
	d := daemontest.Start(t)
	helper, instance := newInstanceFor(t, d.Administrator())
	attach(t, helper, instance.ID, "a.txt", []byte("content"))
	files := attachmentFiles(t, d.Dir)
	if len(files) != 1 {
		t.Fatalf("files %q, want one", files)
	}
	if err := os.WriteFile(files[0], []byte("kontent"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := helper.DomInstances.Attachments().Get(t.Context(), instance.ID, "a.txt")
	if !errors.Is(err, slnet.KindInternal) || !strings.Contains(err.Error(), `"a.txt"`) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("get: %v, want an error that names the file", err)
	}
	if problems := daemontest.Send[*slnet.CheckStoreResponse](t, d.Administrator(), &slnet.CheckStoreMessage{}).Problems; len(problems) != 1 {
		t.Errorf("check found %q, want one problem", problems)
	}
	attach(t, helper, instance.ID, "a.txt", []byte("content"))
	wantAttachment(t, helper, instance.ID, "a.txt", []byte("content"))
}

// TestLeftOverFilesAreSweptAtStart starts a daemon on a folder in which another
// one ended between a file and its record.
func TestLeftOverFilesAreSweptAtStart(t *testing.T) {
	dir := t.TempDir()
	name := strings.Repeat("ab", 32)
	folder := filepath.Join(dir, "attachments", "ab")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{name, name + ".1.partial"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	daemontest.StartOn(t, dir, daemontest.MemoryStore(t))
	if files := attachmentFiles(t, dir); len(files) != 0 {
		t.Errorf("files %q, want none", files)
	}
}

// TestInstancesWithOneContentComeAndGo adds and deletes the same content in many
// instances that are deleted at the same time.
func TestInstancesWithOneContentComeAndGo(t *testing.T) {
	d := daemontest.Start(t)
	helper := newHelper(t, d.Administrator())
	definition := createDefinition(t, helper, dom.NewDefinition("Thing"))
	attachments := helper.DomInstances.Attachments()
	content := []byte("the same everywhere")
	gone := func(err error) bool { return err == nil || errors.Is(err, slnet.KindNotFound) }
	var wg sync.WaitGroup
	for range 4 {
		instance := createInstance(t, helper, dom.NewInstance(definition.ID))
		for range 2 {
			wg.Go(func() {
				for range 10 {
					if err := attachments.Add(t.Context(), instance.ID, "a.txt", content); !gone(err) {
						t.Error(err)
					}
					if got, err := attachments.Get(t.Context(), instance.ID, "a.txt"); !gone(err) || err == nil && !bytes.Equal(got, content) {
						t.Errorf("%q, %v", got, err)
					}
					if err := attachments.Delete(t.Context(), instance.ID, "a.txt"); !gone(err) {
						t.Error(err)
					}
				}
			})
		}
		wg.Go(func() {
			if err := attachments.Add(t.Context(), instance.ID, "b.txt", content); err != nil {
				t.Error(err)
			}
			if err := helper.DomInstances.Delete(t.Context(), instance); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if files := attachmentFiles(t, d.Dir); len(files) != 0 {
		t.Errorf("files %q, want none", files)
	}
}
