package runtime_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"domovoi.dev/runtime"
	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// TestMain lets the test binary be the worker of the daemons under test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		interp.Worker()
		return
	}
	os.Exit(m.Run())
}

// daemon is a runtime under test.
type daemon struct {
	*runtime.Runtime
	t   *testing.T
	dir string
	log *logBuffer
}

// logBuffer is where the daemon's log goes; it can be read while it is written.
type logBuffer struct {
	mu  chan struct{}
	buf strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu <- struct{}{}
	defer func() { <-b.mu }()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu <- struct{}{}
	defer func() { <-b.mu }()
	return b.buf.String()
}

// memoryStore is a Pebble store without a disk.
func memoryStore(t *testing.T) kv.Store {
	t.Helper()
	store, err := pebblekv.Open("store", pebblekv.Options{FS: pebblekv.MemFS(), MemTableSize: 1 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// start starts a daemon on a store in memory. At the end of the test the store
// is checked and the daemon closed.
func start(t *testing.T) *daemon {
	t.Helper()
	return startOn(t, t.TempDir(), memoryStore(t))
}

func startOn(t *testing.T, dir string, store kv.Store) *daemon {
	t.Helper()
	d := &daemon{t: t, dir: dir, log: &logBuffer{mu: make(chan struct{}, 1)}}
	r, err := runtime.Open(t.Context(), runtime.Options{
		DataDir: dir, Store: store, Grace: 500 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(d.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Runtime = r
	t.Cleanup(func() {
		check, err := slnet.Send1(context.Background(), d.administrator().SendSLNetMessages, &slnet.CheckStoreMessage{})
		if err != nil {
			t.Errorf("check of the store: %v", err)
		} else if problems := check.(*slnet.CheckStoreResponse).Problems; len(problems) > 0 {
			t.Errorf("the store is not sound:\n%s", strings.Join(problems, "\n"))
		}
		if err := r.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", d.log)
		}
	})
	return d
}

// administrator returns a connection of the Administrator.
func (d *daemon) administrator() slnet.Connection {
	d.t.Helper()
	token, err := os.ReadFile(filepath.Join(d.dir, runtime.TokenFile))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.connect(strings.TrimSpace(string(token)))
}

func (d *daemon) connect(token string) slnet.Connection {
	d.t.Helper()
	conn, err := d.Connect(context.Background(), token)
	if err != nil {
		d.t.Fatal(err)
	}
	return conn
}

// user makes a user with permissions and returns a connection of theirs.
func (d *daemon) user(name string, permissions ...slnet.PermissionFlag) slnet.Connection {
	d.t.Helper()
	admin := d.administrator()
	send[*slnet.GroupResponse](d.t, admin, &slnet.CreateGroupMessage{Group: slnet.Group{Name: name + "s", Permissions: permissions}})
	send[*slnet.UserResponse](d.t, admin, &slnet.CreateUserMessage{Name: name, Groups: []string{name + "s"}})
	token := send[*slnet.CreateTokenResponse](d.t, admin, &slnet.CreateTokenMessage{User: name})
	return d.connect(token.Secret)
}

// send sends a message that must succeed.
func send[R slnet.Message](t *testing.T, conn slnet.Connection, message slnet.Message) R {
	t.Helper()
	response, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, message)
	if err != nil {
		t.Fatalf("%s: %v", message.MessageName(), err)
	}
	return response.(R)
}

// deploy deploys a script of one file.
func deploy(t *testing.T, conn slnet.Connection, name, source string) {
	t.Helper()
	send[*slnet.ScriptResponse](t, conn, &slnet.DeployScriptMessage{Name: name, Files: []slnet.ScriptFile{{Name: "script.go", Content: source}}})
}

// execute runs a script and waits for its end.
func execute(t *testing.T, conn slnet.Connection, name string) slnet.Run {
	t.Helper()
	return send[*slnet.RunResponse](t, conn, &slnet.ExecuteScriptMessage{ScriptName: name}).Run
}
