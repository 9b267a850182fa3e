// Package daemontest runs real daemons inside tests: the whole runtime on a
// Pebble store in memory, with the test binary as the worker process. A test
// package that uses it has
//
//	func TestMain(m *testing.M) { daemontest.Main(m) }
package daemontest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"domovoi.dev/internal/leak"
	"domovoi.dev/plugins/sandbox"
	"domovoi.dev/runtime"
	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// Main runs the tests and fails them for what they leave behind, as leak.Main does,
// or is the worker or plugin process a test started.
func Main(m leak.Tests) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.Verb {
		sandbox.Main(os.Args[2:], func() { plugin.ServeLoader(load) })
		return
	}
	leak.Main(m)
}

// load is the loader of workers; the script of a relay is not interpreted.
func load(files []slnet.ScriptFile) (plugin.Loaded, error) {
	if len(files) == 1 && files[0].Name == relayFile {
		return plugin.Loaded{Script: plugin.Script{Run: relay}}, nil
	}
	return interp.Load(files)
}

// Daemon is a runtime under test.
type Daemon struct {
	*runtime.Runtime
	// Dir is its data directory.
	Dir string

	t   testing.TB
	log Log
}

// Log is what a daemon logs. It can be read while it is written.
type Log struct {
	mu  sync.Mutex
	buf strings.Builder // guarded by mu
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// MemoryStore is a new Pebble store without a disk.
func MemoryStore(t testing.TB) kv.Store {
	t.Helper()
	return StoreOn(t, pebblekv.MemFS())
}

// StoreOn is the Pebble store in a file system.
func StoreOn(t testing.TB, fs pebblekv.FS) kv.Store {
	t.Helper()
	store, err := pebblekv.Open("store", pebblekv.Options{FS: fs, MemTableSize: 1 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// Start starts a daemon on a new store in memory. At the end of the test the
// store is checked and the daemon closed.
func Start(t testing.TB) *Daemon {
	t.Helper()
	return StartOn(t, t.TempDir(), MemoryStore(t))
}

// StartWith starts a daemon as Start does, with other options.
func StartWith(t testing.TB, change func(*runtime.Options)) *Daemon {
	t.Helper()
	return start(t, t.TempDir(), MemoryStore(t), change)
}

// StartOn starts a daemon on a data directory and a store, nil for the one in the
// directory. It has no spares:
// most tests execute a script once.
func StartOn(t testing.TB, dir string, store kv.Store) *Daemon {
	t.Helper()
	return start(t, dir, store, func(*runtime.Options) {})
}

// StartOnWith is StartOn with other options.
func StartOnWith(t testing.TB, dir string, store kv.Store, change func(*runtime.Options)) *Daemon {
	t.Helper()
	return start(t, dir, store, change)
}

func start(t testing.TB, dir string, store kv.Store, change func(*runtime.Options)) *Daemon {
	t.Helper()
	d := &Daemon{t: t, Dir: dir}
	o := runtime.Options{
		DataDir: dir, Store: store, Version: "test", Grace: 500 * time.Millisecond, Spares: -1,
		Logger: slog.New(slog.NewTextHandler(&d.log, nil)),
	}
	change(&o)
	r, err := runtime.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	d.Runtime = r
	t.Cleanup(d.finish)
	return d
}

// Log is what the daemon has logged so far.
func (d *Daemon) Log() string { return d.log.String() }

// finish checks the store and closes the daemon.
func (d *Daemon) finish() {
	check, err := slnet.Send1(context.Background(), d.Administrator().SendSLNetMessages, &slnet.CheckStoreMessage{})
	if err != nil {
		d.t.Errorf("check of the store: %v", err)
	} else if problems := check.(*slnet.CheckStoreResponse).Problems; len(problems) > 0 {
		d.t.Errorf("the store is not sound:\n%s", strings.Join(problems, "\n"))
	}
	if err := d.Close(context.Background()); err != nil {
		d.t.Errorf("close: %v", err)
	}
	if d.t.Failed() {
		d.t.Logf("the daemon's log:\n%s", d.Log())
	}
}

// Token is the first token of the Administrator.
func (d *Daemon) Token() string {
	d.t.Helper()
	token, err := os.ReadFile(filepath.Join(d.Dir, runtime.TokenFile))
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimSpace(string(token))
}

// Administrator returns a connection of the Administrator.
func (d *Daemon) Administrator() slnet.Connection {
	d.t.Helper()
	return d.As(d.Token())
}

// As returns the connection of a token.
func (d *Daemon) As(token string) slnet.Connection {
	d.t.Helper()
	conn, err := d.Connect(context.Background(), token)
	if err != nil {
		d.t.Fatal(err)
	}
	return conn
}

// User makes a user with permissions and the one to run scripts, in a group of
// their own, and returns a token of theirs.
func (d *Daemon) User(name string, permissions ...slnet.PermissionFlag) string {
	d.t.Helper()
	admin := d.Administrator()
	permissions = append(permissions, slnet.PermissionAutomationExecute)
	Send[*slnet.GroupResponse](d.t, admin, &slnet.CreateGroupMessage{Group: slnet.Group{Name: name + "s", Permissions: permissions}})
	Send[*slnet.UserResponse](d.t, admin, &slnet.CreateUserMessage{Name: name, Groups: []string{name + "s"}})
	return Send[*slnet.CreateTokenResponse](d.t, admin, &slnet.CreateTokenMessage{User: name}).Secret
}

// Send sends a message that must succeed.
func Send[R slnet.Message](t testing.TB, conn slnet.Connection, message slnet.Message) R {
	t.Helper()
	response, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, message)
	if err != nil {
		t.Fatalf("%s: %v", message.MessageName(), err)
	}
	typed, ok := response.(R)
	if !ok {
		t.Fatal(slnet.UnexpectedResponse(message, response))
	}
	return typed
}

// Deploy deploys a script of one file.
func Deploy(t testing.TB, conn slnet.Connection, name, source string) {
	t.Helper()
	Send[*slnet.ScriptResponse](t, conn, &slnet.DeployScriptMessage{
		Name: name, Files: []slnet.ScriptFile{{Name: "script.go", Content: source}},
	})
}

// Execute runs a script and waits for its end.
func Execute(t testing.TB, conn slnet.Connection, name string) slnet.Run {
	t.Helper()
	return Send[*slnet.RunResponse](t, conn, &slnet.ExecuteScriptMessage{ScriptName: name}).Run
}
