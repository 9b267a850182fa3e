package backups_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"domovoi.dev/runtime/backups"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/backup"
)

// house is a folder under test.
type house struct {
	*backups.Folder
	t      *testing.T
	dir    string
	failed []error
	// write replaces what writes a backup.
	write func(ctx context.Context, w io.Writer, at time.Time) (backup.Header, backup.Totals, error)
}

func open(t *testing.T, change func(o *backups.Options)) *house {
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "backups"), write: write}
	o := backups.Options{
		Dir:    h.dir,
		Logger: slog.New(slog.DiscardHandler),
		Failed: func(err error) { h.failed = append(h.failed, err) },
		Write: func(ctx context.Context, w io.Writer, at time.Time, _ *atomic.Int64) (backup.Header, backup.Totals, error) {
			return h.write(ctx, w, at)
		},
	}
	if change != nil {
		change(&o)
	}
	h.Folder = backups.New(o)
	return h
}

// write writes a small backup.
func write(_ context.Context, w io.Writer, at time.Time) (backup.Header, backup.Totals, error) {
	h := backup.Header{CreatedAt: at, Program: "test", StoreVersion: 7}
	b, err := backup.NewWriter(w, h)
	if err == nil {
		err = b.Row([]byte("key"), []byte("value"))
	}
	if err != nil {
		return h, backup.Totals{}, err
	}
	t, err := b.Close()
	return h, t, err
}

func (h *house) list() []slnet.Backup {
	h.t.Helper()
	list, err := h.List()
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// files are the names of all files in the folder.
func (h *house) files() (names []string) {
	h.t.Helper()
	entries, err := os.ReadDir(h.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFailuresLeaveNothing(t *testing.T) {
	h := open(t, nil)
	full := errors.New("no space left on device")
	for name, test := range map[string]struct {
		write func(ctx context.Context, w io.Writer, at time.Time) (backup.Header, backup.Totals, error)
		text  string
	}{
		"the disk is full": {func(ctx context.Context, w io.Writer, at time.Time) (backup.Header, backup.Totals, error) {
			h, _, _ := write(ctx, w, at)
			return h, backup.Totals{}, full
		}, "no space left"},
		"the disk writes something else": {func(ctx context.Context, w io.Writer, at time.Time) (backup.Header, backup.Totals, error) {
			var b bytes.Buffer
			h, totals, err := write(ctx, &b, at)
			b.Bytes()[b.Len()/2] ^= 1
			w.Write(b.Bytes())
			return h, totals, err
		}, "cannot be read as it should be"},
		"something is lost": {func(ctx context.Context, w io.Writer, at time.Time) (backup.Header, backup.Totals, error) {
			h, totals, err := write(ctx, w, at)
			totals.Rows++
			return h, totals, err
		}, "cannot be read as it should be"},
	} {
		h.write = test.write
		if _, err := h.Create(t.Context()); !errors.Is(err, slnet.KindUnavailable) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", name, err)
		}
		if info := h.Info(); !strings.Contains(info.Failure, test.text) {
			t.Errorf("%s: %+v", name, info)
		}
		if files := h.files(); len(files) > 0 {
			t.Errorf("%s: left %q", name, files)
		}
	}
	h.write = write
	if _, err := h.Create(t.Context()); err != nil {
		t.Error(err)
	}
	if info := h.Info(); info.Failure != "" || info.Newest == nil {
		t.Errorf("after a success: %+v", info)
	}
}

// TestOneAtATime cancels a backup that another one waits in vain for.
func TestOneAtATime(t *testing.T) {
	h := open(t, nil)
	begun := make(chan struct{})
	h.write = func(ctx context.Context, w io.Writer, at time.Time) (backup.Header, backup.Totals, error) {
		w.Write(make([]byte, 1<<20))
		close(begun)
		<-ctx.Done()
		return backup.Header{}, backup.Totals{}, ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := h.Create(ctx)
		first <- err
	}()
	<-begun
	if info := h.Info(); info.Writing != 1<<20 {
		t.Errorf("%d bytes are written", info.Writing)
	}
	if _, err := h.Create(t.Context()); !errors.Is(err, slnet.KindConflict) || !strings.Contains(err.Error(), "1.0 MiB") {
		t.Errorf("a second backup: %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled one: %v", err)
	}
	if files, info := h.files(), h.Info(); len(files) > 0 || info.Writing != 0 || info.Failure != "" {
		t.Errorf("left %q, %+v", files, info)
	}
}

// TestOtherFiles leaves alone what is none of the daemon's, and removes what a
// daemon that was killed has left.
func TestOtherFiles(t *testing.T) {
	h := open(t, nil)
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	others := []string{"README", "manual-20260301.domovoi-backup", "notes.partial", "scheduled-20260301T020000.000Z.domovoi-backup.age.asc"}
	for _, name := range append(others, "scheduled-20260301T020000.000Z.domovoi-backup.partial") {
		if err := os.WriteFile(filepath.Join(h.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if list := h.list(); len(list) != 0 {
		t.Errorf("listed %+v", list)
	}
	made, err := h.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := append(others, made.Backup.Name)
	slices.Sort(want)
	if files := h.files(); !slices.Equal(files, want) {
		t.Errorf("files %q, want %q", files, want)
	}
}

// TestEncrypted makes a backup for somebody else, which is read again all the same.
func TestEncrypted(t *testing.T) {
	recipients := filepath.Join(t.TempDir(), "recipients")
	if err := os.WriteFile(recipients, []byte("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lock, err := backup.RecipientsFile(recipients)
	if err != nil {
		t.Fatal(err)
	}
	h := open(t, func(o *backups.Options) { o.Lock = lock })
	made, err := h.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !made.Backup.Encrypted || !strings.HasSuffix(made.Backup.Name, ".age") || made.Rows != 1 {
		t.Errorf("%+v", made)
	}
	if list := h.list(); len(list) != 1 || list[0] != made.Backup {
		t.Errorf("listed %+v", list)
	}
}

// TestSchedule lets days pass: a backup every day, of which three stay beside the
// one made by hand, and another try soon after a failure.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, func(o *backups.Options) { o.Every, o.Keep = 24*time.Hour, 3 })
		first := time.Now()
		if _, err := h.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		begin := time.Now() // the one by hand does not count
		h.Start()
		check := func(when string, want ...time.Time) {
			t.Helper()
			synctest.Wait()
			var got []time.Time
			for _, b := range h.list() {
				got = append(got, b.CreatedAt)
				if b.Scheduled == b.CreatedAt.Equal(first) {
					t.Errorf("%s: %+v", when, b)
				}
			}
			if !slices.EqualFunc(got, want, time.Time.Equal) {
				t.Errorf("%s: backups of %v, want %v", when, got, want)
			}
		}
		const day = 24 * time.Hour
		check("at the start", begin, first)
		time.Sleep(day - time.Minute)
		check("before a day has passed", begin, first)
		if next := h.Info().NextAt; !next.Equal(begin.Add(day)) {
			t.Errorf("the next one is due at %v, want %v", next, begin.Add(day))
		}
		time.Sleep(time.Minute)
		check("after a day", begin.Add(day), begin, first)
		time.Sleep(3 * day)
		check("after four days", begin.Add(4*day), begin.Add(3*day), begin.Add(2*day), first)

		h.Stop() // a day is missed while no daemon runs
		time.Sleep(day + 5*time.Hour)
		late := time.Now()
		h.Start()
		check("with the next daemon", late, begin.Add(4*day), begin.Add(3*day), first)

		h.write = func(context.Context, io.Writer, time.Time) (backup.Header, backup.Totals, error) {
			return backup.Header{}, backup.Totals{}, errors.New("no space left on device")
		}
		time.Sleep(day)
		check("with a full disk", late, begin.Add(4*day), begin.Add(3*day), first)
		if len(h.failed) != 1 {
			t.Errorf("told %v", h.failed)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		h.write = write
		if n := len(h.failed); n != 1 {
			t.Errorf("it was tried %d times within five minutes", n)
		}
		time.Sleep(5 * time.Minute)
		again := late.Add(day + 10*time.Minute)
		check("when there is room", again, late, begin.Add(4*day), first)
		h.Stop()
	})
}
