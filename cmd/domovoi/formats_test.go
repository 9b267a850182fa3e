package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// formats has a data directory of each format that was released, named by its
// number. They are never made again, with one exception: a format that was not
// released yet, when what it is changes.
const formats = "testdata/formats"

// house is a data directory that commands of this process work on.
type house struct {
	t   *testing.T
	dir string
}

// run executes a command that must succeed, and returns what it printed.
func (h house) run(input string, args ...string) string {
	h.t.Helper()
	var stdout, stderr bytes.Buffer
	if code := h.exec(h.t.Context(), strings.NewReader(input), &stdout, &stderr, args...); code != 0 {
		h.t.Fatalf("%v: exit code %d: %s", args, code, &stderr)
	}
	return stdout.String()
}

func (h house) exec(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, args ...string) int {
	return run(ctx, append(args, "--data-dir", h.dir), stdin, stdout, stderr, func(string) string { return "" })
}

// serve starts a daemon, which the function it returns ends.
func (h house) serve() (stop func()) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	reader, writer := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- h.exec(ctx, strings.NewReader(""), writer, &stderr, "serve", "--address", "127.0.0.1:0", "--ballast", "off", "--min-free", "off", "--spares", "0", "--safe")
		writer.Close()
	}()
	if line, err := bufio.NewReader(reader).ReadString('\n'); err != nil || !strings.Contains(line, "listening on") {
		cancel()
		<-ended
		h.t.Fatalf("the daemon does not listen: %q\n%s", line, &stderr)
	}
	go io.Copy(io.Discard, reader)
	return func() {
		h.t.Helper()
		cancel()
		if code := <-ended; code != 0 {
			h.t.Errorf("the daemon ended with %d:\n%s", code, &stderr)
		}
	}
}

// fill makes what looked compares.
func (h house) fill() {
	h.t.Helper()
	attach := filepath.Join(h.t.TempDir(), "attach.go")
	if err := os.WriteFile(attach, []byte(attachScript), 0o600); err != nil {
		h.t.Fatal(err)
	}
	defer h.serve()()
	h.run("", "script", "deploy", "../../scripts/issues", "--name", "issues")
	h.run("", "script", "deploy", attach)
	h.run("", "script", "run", "issues", "--action", "setup")
	h.run("", "script", "run", "issues", "--action", "report", "--title", "the pump is loud", "--priority", "high")
	h.run("", "script", "run", "issues", "--action", "report", "--title", "the roof leaks")
	h.run("", "script", "run", "attach")
	h.run("swordfish\n", "secret", "set", "mail-key", "--script", "issues")
	h.run("", "schedule", "create", "nightly", "--script", "issues", "--cron", "0 3 * * *", "-p", "action=list")
	h.run("", "group", "create", "readers", "--preset", "read-only")
	h.run("", "user", "create", "ann", "--group", "readers")
	h.run("", "token", "create", "ann")
}

const attachScript = `package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

// Run attaches a file to each issue, and says what is attached to the first.
func Run(ctx context.Context, engine *sdk.Engine) (string, error) {
	helper := dom.NewDomHelper(engine.SendSLNetMessages, "issues")
	issues, err := helper.DomInstances.Read(ctx, dom.True())
	if err != nil {
		return "", err
	}
	files := helper.DomInstances.Attachments()
	for _, issue := range issues {
		names, err := files.GetFileNames(ctx, issue.ID)
		if err != nil {
			return "", err
		}
		if len(names) > 0 {
			b, err := files.Get(ctx, issue.ID, names[0])
			return names[0] + ": " + string(b), err
		}
		if err := files.Add(ctx, issue.ID, "photo.txt", []byte("it is wet")); err != nil {
			return "", err
		}
	}
	return "", nil
}
`

// look compares what fill made with what there is, and uses it.
func (h house) look() {
	h.t.Helper()
	h.run("", "check")
	stop := h.serve()
	for _, look := range []struct {
		args string
		want []string
	}{
		{"check --online", []string{"Objects", "Attachments"}},
		{"instance list issues", []string{"the pump is loud", "the roof leaks"}},
		{"module show issues", []string{"issues"}},
		{"script list", []string{"issues", "attach"}},
		{"script run issues --action list", []string{"the pump is loud"}},
		{"script run attach", []string{"photo.txt: it is wet"}},
		{"run list", []string{"succeeded", "issues"}},
		{"secret list", []string{"mail-key"}},
		{"schedule list", []string{"nightly", "0 3 * * *"}},
		{"user list", []string{"ann"}},
		{"group list", []string{"readers"}},
		{"token list", []string{"ann"}},
		{"audit list", []string{"CreateUserMessage"}},
		{"script run issues --action report --title new", []string{"new"}},
	} {
		out := h.run("", strings.Fields(look.args)...)
		for _, want := range look.want {
			if !strings.Contains(out, want) {
				h.t.Errorf("%s lacks %q:\n%s", look.args, want, out)
			}
		}
	}
	stop()
	h.run("", "check")
}

// TestFormats opens the data directory of each released format, checks and uses
// it. There is one of the present format.
func TestFormats(t *testing.T) {
	present := filepath.Join(formats, strconv.Itoa(storage.FormatVersion)+".zip")
	if *update {
		h := house{t, filepath.Join(t.TempDir(), "house")}
		h.fill()
		pack(t, h.dir, present)
	}
	list, err := filepath.Glob(filepath.Join(formats, "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	there := false
	for _, file := range list {
		there = there || file == present
		t.Run(filepath.Base(file), func(t *testing.T) { house{t, unpack(t, file)}.look() })
	}
	if !there {
		t.Errorf("there is no data directory of the present format; run this test with -update and commit %s", present)
	}
}

// TestNewerFormatIsRefused: a data directory that a newer program has written is
// left as it is.
func TestNewerFormatIsRefused(t *testing.T) {
	h := house{t, unpack(t, filepath.Join(formats, strconv.Itoa(storage.FormatVersion)+".zip"))}
	engine, err := pebblekv.Open(filepath.Join(h.dir, "store"), pebblekv.Options{Ballast: -1, MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = engine.Update(t.Context(), func(tx kv.Tx) error {
		return tx.Set([]byte("mf"), binary.BigEndian.AppendUint32(nil, storage.FormatVersion+1))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check"}, {"serve", "--address", "127.0.0.1:0"}} {
		var stderr bytes.Buffer
		code := h.exec(t.Context(), strings.NewReader(""), io.Discard, &stderr, args...)
		if code == 0 || !strings.Contains(stderr.String(), "use a newer program") {
			t.Errorf("%v: got exit code %d: %s", args, code, &stderr)
		}
	}
}

// pack writes a data directory into a file.
func pack(t *testing.T, dir, file string) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// unpack makes a data directory of a file.
func unpack(t *testing.T, file string) string {
	t.Helper()
	r, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	dir := filepath.Join(t.TempDir(), "house")
	if err := os.CopyFS(dir, r); err != nil {
		t.Fatal(err)
	}
	// The files of a data directory are its owner's alone.
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o600)
		if d.IsDir() {
			mode = 0o700
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
