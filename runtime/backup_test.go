package runtime_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// state is what a store held at a moment.
type state struct {
	version kv.Version
	rows    int64
	sum     [sha256.Size]byte
}

// stateOf reads all rows.
func stateOf(r kv.Reader) (s state, err error) {
	s.version = r.Version()
	h := sha256.New()
	it := r.Scan(kv.Range{})
	defer it.Close()
	for it.Next() {
		s.rows++
		fmt.Fprintf(h, "%d %d ", len(it.Key()), len(it.Value()))
		h.Write(it.Key())
		h.Write(it.Value())
	}
	h.Sum(s.sum[:0])
	return s, it.Err()
}

// observed is a store that notes the state of the snapshots that are read for a
// context with a note.
type observed struct{ kv.Store }

type note struct{}

func (w observed) View(ctx context.Context, fn func(r kv.Reader) error) error {
	seen, ok := ctx.Value(note{}).(*state)
	if !ok {
		return w.Store.View(ctx, fn)
	}
	return w.Store.View(ctx, func(r kv.Reader) (err error) {
		if *seen, err = stateOf(r); err != nil {
			return err
		}
		return fn(r)
	})
}

// waits is a script that logs, and goes on until it is cancelled when its
// parameter says so.
const waits = `package main

import (
	"context"
	"fmt"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	fmt.Println("I was here")
	if engine.GetScriptParam("do") == "wait" {
		<-ctx.Done()
	}
	return ctx.Err()
}
`

// backupHouse is a daemon with one of everything that a backup holds.
type backupHouse struct {
	*daemontest.Daemon
	t          *testing.T
	helper     *dom.DomHelper
	definition *dom.Definition
	instance   *dom.Instance // has an attachment
	ended      slnet.Run     // its log has a line
	running    slnet.Run
	queued     slnet.Run
}

func newBackupHouse(t *testing.T, change func(o *runtime.Options)) *backupHouse {
	t.Helper()
	h := &backupHouse{t: t}
	h.Daemon = daemontest.StartWith(t, func(o *runtime.Options) {
		o.Store = observed{o.Store}
		change(o)
	})
	admin := h.Administrator()
	createModule(t, admin, "m")
	h.helper = dom.NewDomHelper(admin.SendSLNetMessages, "m")
	var err error
	if h.definition, err = h.helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("Thing")); err != nil {
		t.Fatal(err)
	}
	if h.instance, err = h.helper.DomInstances.Create(t.Context(), dom.NewInstance(h.definition.ID)); err != nil {
		t.Fatal(err)
	}
	if err := h.helper.DomInstances.Attachments().Add(t.Context(), h.instance.ID, "plan.txt", []byte("the plan")); err != nil {
		t.Fatal(err)
	}
	setSecret(t, admin, "key", "the secret", "*")
	daemontest.Send[*slnet.ScriptResponse](t, admin, &slnet.DeployScriptMessage{
		Name: "waits", Files: []slnet.ScriptFile{{Name: "script.go", Content: waits}}, Manifest: "concurrency: 1",
	})
	h.ended = daemontest.Execute(t, admin, "waits")
	h.running = h.start(admin)
	h.reaches(admin, h.running, slnet.RunRunning)
	h.queued = h.start(admin)
	t.Cleanup(func() { h.cancel(h.Administrator(), h.queued, h.running) })
	return h
}

// start starts a run that waits.
func (h *backupHouse) start(conn slnet.Connection) slnet.Run {
	h.t.Helper()
	return daemontest.Send[*slnet.RunResponse](h.t, conn, &slnet.ExecuteScriptMessage{ScriptName: "waits", Parameters: map[string]string{"do": "wait"}, Async: true}).Run
}

// reaches waits until a run has a state.
func (h *backupHouse) reaches(conn slnet.Connection, run slnet.Run, want slnet.RunState) {
	h.t.Helper()
	begin := slnet.Cursor(0)
	events, err := conn.Subscribe(h.t.Context(), slnet.Subscription{Events: []string{"RunChangedEventMessage"}, After: &begin})
	if err != nil {
		h.t.Fatal(err)
	}
	defer events.Close()
	for {
		event, err := events.Next(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		if changed := event.Message.(*slnet.RunChangedEventMessage).Run; changed.ID == run.ID && changed.State == want {
			return
		}
	}
}

func (h *backupHouse) cancel(conn slnet.Connection, runs ...slnet.Run) {
	for _, run := range runs {
		if _, err := slnet.Send1(context.Background(), conn.SendSLNetMessages, &slnet.CancelRunMessage{ID: run.ID}); err != nil {
			h.t.Error(err)
		}
	}
}

// backup makes a backup, and returns the path of the file and what the store held.
func (h *backupHouse) backup() (path string, made *slnet.BackupResponse, held state) {
	h.t.Helper()
	response, err := slnet.Send1(context.WithValue(h.t.Context(), note{}, &held), h.Administrator().SendSLNetMessages, &slnet.CreateBackupMessage{})
	if err != nil {
		h.t.Fatal(err)
	}
	made = response.(*slnet.BackupResponse)
	return filepath.Join(h.Dir, runtime.BackupDir, made.Backup.Name), made, held
}

// restore restores a backup into a new directory.
func restore(t *testing.T, file string) (dir string, restored runtime.Restored) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "restored")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if restored, err = runtime.Restore(t.Context(), f, dir, runtime.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	return dir, restored
}

// openStore opens the store of a data directory.
func openStore(t *testing.T, dir string) *pebblekv.Store {
	t.Helper()
	store, err := pebblekv.Open(filepath.Join(dir, "store"), pebblekv.Options{MemTableSize: 1 << 20, MinFree: -1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// heldBy is what a data directory holds that no daemon uses.
func heldBy(t *testing.T, dir string) (held state) {
	t.Helper()
	store := openStore(t, dir)
	err := store.View(t.Context(), func(r kv.Reader) (err error) {
		held, err = stateOf(r)
		return err
	})
	if err = errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	return held
}

// work changes all kinds of things until stop is closed, and counts the changes.
func (h *backupHouse) work(stop <-chan struct{}, changes *atomic.Int64) (wait func()) {
	var workers sync.WaitGroup
	ctx := h.t.Context()
	for worker := range 3 {
		workers.Go(func() {
			admin := h.Administrator()
			helper := dom.NewDomHelper(admin.SendSLNetMessages, "m")
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				instance, err := helper.DomInstances.Create(ctx, dom.NewInstance(h.definition.ID))
				if err == nil {
					err = helper.DomInstances.Attachments().Add(ctx, instance.ID, "a.txt", fmt.Appendf(nil, "%d %d", worker, i/2))
				}
				if err == nil && i%2 == 0 {
					err = helper.DomInstances.Attachments().Delete(ctx, instance.ID, "a.txt")
				}
				if err == nil && i%3 == 0 {
					err = helper.DomInstances.Delete(ctx, instance)
				}
				if err == nil {
					_, err = slnet.Send1(ctx, admin.SendSLNetMessages, &slnet.GenerateInformationMessage{Text: "working"})
				}
				if err != nil {
					h.t.Error(err)
					return
				}
				changes.Add(1)
			}
		})
	}
	return workers.Wait
}

// TestBackupUnderLoad makes backups while others write: each restores to exactly
// what the store held at one moment, and passes the check.
func TestBackupUnderLoad(t *testing.T) {
	h := newBackupHouse(t, func(o *runtime.Options) { o.Backups.Keys = runtime.BackupKeysAlways })
	stop := make(chan struct{})
	var changes atomic.Int64
	wait := h.work(stop, &changes)
	var files []string
	var states []state
	for len(files) < 3 {
		before := changes.Load()
		file, made, held := h.backup()
		if made.StoreVersion != int64(held.version) || made.Rows != held.rows || len(made.Missing) > 0 || !made.Keys {
			t.Errorf("the backup says %+v, the store held %+v", made, held)
		}
		if len(files) == 0 || changes.Load() > before { // the others have gone on meanwhile
			files, states = append(files, file), append(states, held)
		}
	}
	close(stop)
	wait()
	for i, file := range files {
		dir, restored := restore(t, file)
		if len(restored.Check.Problems) > 0 || restored.Check.Attachments < 1 {
			t.Errorf("the check found %+v", restored.Check)
		}
		if got := heldBy(t, dir); got != states[i] {
			t.Errorf("restored is %+v, the store held %+v", got, states[i])
		}
	}
	info := daemontest.Send[*slnet.SystemInfoResponse](t, h.Administrator(), &slnet.GetSystemInfoMessage{}).Backups
	if info.Newest == nil || info.Newest.Name != filepath.Base(files[len(files)-1]) || info.Failure != "" || info.Writing != 0 {
		t.Errorf("system info: %+v", info)
	}
}

// TestRestoredDaemon starts a daemon on a restored backup: everything is there, and
// runs go on as after a crash.
func TestRestoredDaemon(t *testing.T) {
	h := newBackupHouse(t, func(o *runtime.Options) { o.Backups.Keys = runtime.BackupKeysAlways })
	file, made, held := h.backup()
	if made.Files != 4 {
		t.Errorf("the backup has %d files, not 4: the token, the attachment, one log, the key", made.Files)
	}
	find := func(t *testing.T, conn slnet.Connection) {
		t.Helper()
		helper := dom.NewDomHelper(conn.SendSLNetMessages, "m")
		if b, err := helper.DomInstances.Attachments().Get(t.Context(), h.instance.ID, "plan.txt"); err != nil || string(b) != "the plan" {
			t.Errorf("the attachment is %q, %v", b, err)
		}
		log := daemontest.Send[*slnet.RunLogResponse](t, conn, &slnet.GetRunLogMessage{ID: h.ended.ID})
		if len(log.Lines) != 1 || log.Lines[0].Text != "I was here" || !log.Ended {
			t.Errorf("the log is %+v", log)
		}
	}
	stateIs := func(t *testing.T, conn slnet.Connection, run slnet.Run, want slnet.RunState) {
		t.Helper()
		if got := daemontest.Send[*slnet.RunResponse](t, conn, &slnet.GetRunMessage{ID: run.ID}).Run.State; got != want {
			t.Errorf("the run %s, want %s", got, want)
		}
	}
	t.Run("normal", func(t *testing.T) {
		dir, _ := restore(t, file)
		d := daemontest.StartOn(t, dir, openStore(t, dir))
		conn := d.As(h.Token())
		find(t, conn)
		stateIs(t, conn, h.running, slnet.RunLost)
		h.reaches(conn, h.queued, slnet.RunRunning)
		h.cancel(conn, h.queued)
	})
	t.Run("safe", func(t *testing.T) {
		dir, _ := restore(t, file)
		d := daemontest.StartOnWith(t, dir, openStore(t, dir), func(o *runtime.Options) { o.Safe = true })
		conn := d.As(h.Token())
		find(t, conn)
		stateIs(t, conn, h.running, slnet.RunLost)
		if run := daemontest.Execute(t, conn, "waits"); run.State != slnet.RunSucceeded {
			t.Errorf("a run that somebody asked for %s", run.State)
		}
		stateIs(t, conn, h.queued, slnet.RunQueued)
		h.cancel(conn, h.queued)
	})
	t.Run("read-only", func(t *testing.T) {
		dir, _ := restore(t, file)
		store := openStore(t, dir)
		d := daemontest.StartOnWith(t, dir, store, func(o *runtime.Options) { o.ReadOnly = true })
		conn := d.As(h.Token())
		find(t, conn)
		stateIs(t, conn, h.queued, slnet.RunQueued)
		helper := dom.NewDomHelper(conn.SendSLNetMessages, "m")
		if _, err := helper.DomInstances.Create(t.Context(), dom.NewInstance(h.definition.ID)); !errors.Is(err, slnet.KindUnavailable) {
			t.Errorf("a create: %v", err)
		}
		for _, message := range []slnet.Message{
			&slnet.ExecuteScriptMessage{ScriptName: "waits"}, &slnet.CreateBackupMessage{}, &slnet.GenerateInformationMessage{Text: "x"}, &slnet.CompactStoreMessage{},
		} {
			if _, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, message); !errors.Is(err, slnet.KindUnavailable) {
				t.Errorf("%s: %v", message.MessageName(), err)
			}
		}
		if info := daemontest.Send[*slnet.SystemInfoResponse](t, conn, &slnet.GetSystemInfoMessage{}); !info.ReadOnly || !info.Safe {
			t.Errorf("system info: %+v", info)
		}
		var now state
		if err := store.View(t.Context(), func(r kv.Reader) (err error) { now, err = stateOf(r); return err }); err != nil || now != held {
			t.Errorf("the store holds %+v, want %+v: %v", now, held, err)
		}
	})
}

// contents are the names of the files below a directory.
func contents(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestBackupWithoutKeys restores a backup that does not hold the daemon's secrets.
func TestBackupWithoutKeys(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	createModule(t, admin, "m")
	setSecret(t, admin, "key", "the secret", "*")
	ann := d.User("ann")
	made := daemontest.Send[*slnet.BackupResponse](t, admin, &slnet.CreateBackupMessage{})
	if made.Keys || made.Files != 0 {
		t.Errorf("the backup of a daemon with a module and a secret has keys or files: %+v", made)
	}
	file := filepath.Join(d.Dir, runtime.BackupDir, made.Backup.Name)
	dir, restored := restore(t, file)
	if restored.Header.Keys {
		t.Error("the keys are in the backup")
	}
	if _, err := os.Lstat(filepath.Join(dir, runtime.SecretsKeyFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key of secrets: %v", err)
	}
	other := daemontest.StartOn(t, dir, openStore(t, dir))
	if _, err := other.Connect(t.Context(), d.Token()); !errors.Is(err, slnet.KindUnauthenticated) {
		t.Errorf("with the old token of the file: %v", err)
	}
	if secrets := daemontest.Send[*slnet.SecretsResponse](t, other.Administrator(), &slnet.GetSecretsMessage{}).Secrets; len(secrets) != 1 {
		t.Errorf("secrets: %+v", secrets)
	}
	other.As(ann)

	t.Run("damaged", func(t *testing.T) { restoresNothing(t, file) })
}

// restoresNothing cuts and flips a backup in many places, and restores it: that is
// refused, and nothing is left.
func restoresNothing(t *testing.T, file string) {
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	refused := func(what string, content []byte, o runtime.RestoreOptions, want slnet.Kind) {
		t.Helper()
		_, err := runtime.Restore(t.Context(), bytes.NewReader(content), filepath.Join(parent, "restored"), o)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
		if left := contents(t, parent); len(left) != 1 {
			t.Errorf("%s left %q", what, left)
		}
	}
	for i := range 12 {
		at := len(whole) * i / 12
		refused(fmt.Sprint("cut at ", at), whole[:at], runtime.RestoreOptions{}, slnet.KindInvalid)
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << (i % 8)
		refused(fmt.Sprint("flipped at ", at), flipped, runtime.RestoreOptions{AcceptProblems: true}, slnet.KindInvalid)
	}
	refused("a missing key", whole, runtime.RestoreOptions{Key: runtime.BackupKey{IdentityFile: filepath.Join(parent, "none")}}, slnet.KindInvalid)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := runtime.Restore(ctx, &cancelling{bytes.NewReader(whole), cancel}, filepath.Join(parent, "restored"), runtime.RestoreOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if left := contents(t, parent); len(left) != 1 {
		t.Errorf("a cancelled one left %q", left)
	}
	if _, err := runtime.Restore(t.Context(), bytes.NewReader(whole), filepath.Dir(file), runtime.RestoreOptions{}); !errors.Is(err, slnet.KindAlreadyExists) {
		t.Errorf("into a directory that is not empty: %v", err)
	}
	if _, err := runtime.VerifyBackup(t.Context(), bytes.NewReader(whole), parent, runtime.RestoreOptions{}); err != nil {
		t.Errorf("verify: %v", err)
	}
	if left := contents(t, parent); len(left) != 1 {
		t.Errorf("verify left %q", left)
	}
}

// cancelling is a reader that ends a context behind the first bytes.
type cancelling struct {
	io.Reader
	cancel func()
}

func (c *cancelling) Read(p []byte) (int, error) {
	defer c.cancel()
	return c.Reader.Read(p[:min(len(p), 100)])
}

// TestBackupRights says who may make, read and delete backups, and how they are
// read.
func TestBackupRights(t *testing.T) {
	d := daemontest.Start(t)
	operator := d.As(d.User("operator", slnet.PermissionSystemBackup))
	system := d.As(d.User("system", slnet.PermissionSystemBackup, slnet.PermissionSystemAdministration))
	admin := d.Administrator()
	made := daemontest.Send[*slnet.BackupResponse](t, operator, &slnet.CreateBackupMessage{}).Backup
	list := daemontest.Send[*slnet.BackupsResponse](t, operator, &slnet.GetBackupsMessage{})
	if len(list.Backups) != 1 || list.Backups[0] != made || list.Folder != filepath.Join(d.Dir, runtime.BackupDir) || made.Scheduled || made.Encrypted {
		t.Errorf("made %+v, listed %+v", made, list)
	}
	for _, test := range []struct {
		conn    slnet.Connection
		message slnet.Message
		want    slnet.Kind
	}{
		{operator, &slnet.DeleteBackupMessage{Name: made.Name}, slnet.KindPermissionDenied},
		{operator, &slnet.ReadBackupMessage{Name: made.Name}, slnet.KindPermissionDenied},
		{system, &slnet.ReadBackupMessage{Name: made.Name}, slnet.KindPermissionDenied},
		{admin, &slnet.ReadBackupMessage{Name: made.Name, Offset: -1}, slnet.KindInvalid},
		{admin, &slnet.ReadBackupMessage{Name: "../administrator.token"}, slnet.KindNotFound},
		{admin, &slnet.ReadBackupMessage{Name: strings.Replace(made.Name, "T", "T0", 1)}, slnet.KindNotFound},
		{system, &slnet.DeleteBackupMessage{Name: "../administrator.token"}, slnet.KindNotFound},
	} {
		if _, err := slnet.Send1(t.Context(), test.conn.SendSLNetMessages, test.message); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %s", test.message.MessageName(), err, test.want)
		}
	}
	piece := daemontest.Send[*slnet.ReadBackupResponse](t, admin, &slnet.ReadBackupMessage{Name: made.Name, Offset: 10})
	file, err := os.ReadFile(filepath.Join(list.Folder, made.Name))
	if err != nil || piece.Size != made.Size || !bytes.Equal(piece.Data, file[10:]) {
		t.Errorf("read %d of %d bytes: %v", len(piece.Data), piece.Size, err)
	}
	if behind := daemontest.Send[*slnet.ReadBackupResponse](t, admin, &slnet.ReadBackupMessage{Name: made.Name, Offset: made.Size + 5}); len(behind.Data) != 0 {
		t.Errorf("behind the end stand %d bytes", len(behind.Data))
	}
	daemontest.Send[*slnet.Empty](t, system, &slnet.DeleteBackupMessage{Name: made.Name})
	if list := daemontest.Send[*slnet.BackupsResponse](t, operator, &slnet.GetBackupsMessage{}); len(list.Backups) != 0 {
		t.Errorf("%+v", list)
	}
}

// TestBackupFailure has the folder of backups be none: the daemon goes on, and says
// why there is no backup.
func TestBackupFailure(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := daemontest.StartWith(t, func(o *runtime.Options) { o.Backups = runtime.BackupOptions{Dir: file, Every: time.Hour} })
	admin := d.Administrator()
	var begin slnet.Cursor
	events, err := admin.Subscribe(t.Context(), slnet.Subscription{Events: []string{"InformationEventMessage"}, After: &begin})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	event, err := events.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if text := event.Message.(*slnet.InformationEventMessage).Text; !strings.Contains(text, "could not make a backup") || !strings.Contains(text, file) {
		t.Errorf("the event says %q", text)
	}
	info := daemontest.Send[*slnet.SystemInfoResponse](t, admin, &slnet.GetSystemInfoMessage{}).Backups
	if !strings.Contains(info.Failure, file) || info.FailedAt.IsZero() {
		t.Errorf("system info: %+v", info)
	}
	if _, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, &slnet.CreateBackupMessage{}); !errors.Is(err, slnet.KindUnavailable) {
		t.Errorf("a backup by hand: %v", err)
	}
}

func TestBackupOptions(t *testing.T) {
	for _, o := range []runtime.BackupOptions{
		{Every: time.Second}, {Every: -time.Hour}, {Keep: -1}, {Keys: "sometimes"},
		{RecipientsFile: "a", PassphraseFile: "b"}, {RecipientsFile: "no such file"}, {PassphraseFile: "no such file"},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		if _, err := runtime.Open(t.Context(), runtime.Options{DataDir: dir, Backups: o}); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%+v: %v", o, err)
		}
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v: the data directory was made", o)
		}
	}
}

// TestLostFiles makes a backup of a store that has lost a file: it says so, and is
// restored by those only who accept that.
func TestLostFiles(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	createModule(t, admin, "m")
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "m")
	definition, err := helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("Thing"))
	if err != nil {
		t.Fatal(err)
	}
	instance, err := helper.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID))
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.DomInstances.Attachments().Add(t.Context(), instance.ID, "a.txt", []byte("text")); err != nil {
		t.Fatal(err)
	}
	var lost string
	for _, path := range contents(t, filepath.Join(d.Dir, "attachments")) {
		if len(filepath.Base(path)) == 2*sha256.Size {
			lost = path
		}
	}
	aside := filepath.Join(t.TempDir(), "aside")
	if err := os.Rename(lost, aside); err != nil {
		t.Fatal(err)
	}
	made := daemontest.Send[*slnet.BackupResponse](t, admin, &slnet.CreateBackupMessage{})
	if err := os.Rename(aside, lost); err != nil { // so that the daemon is sound in the end
		t.Fatal(err)
	}
	if !slices.Equal(made.Missing, []string{"attachments/" + filepath.Base(lost)[:2] + "/" + filepath.Base(lost)}) {
		t.Errorf("missing: %q", made.Missing)
	}
	file, err := os.ReadFile(filepath.Join(d.Dir, runtime.BackupDir, made.Backup.Name))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	if _, err := runtime.Restore(t.Context(), bytes.NewReader(file), dir, runtime.RestoreOptions{}); !errors.Is(err, slnet.KindInternal) || !strings.Contains(err.Error(), "--accept-problems") {
		t.Errorf("restore: %v", err)
	}
	if left := contents(t, filepath.Dir(dir)); len(left) != 1 {
		t.Errorf("left %q", left)
	}
	if restored, err := runtime.Restore(t.Context(), bytes.NewReader(file), dir, runtime.RestoreOptions{AcceptProblems: true}); err != nil || len(restored.Check.Problems) != 1 {
		t.Errorf("restore all the same: %+v, %v", restored, err)
	}
}
