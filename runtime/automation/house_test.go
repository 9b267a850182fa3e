package automation_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/plugins"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "plugin" {
		plugin.Serve(plugin.Script{Run: func(context.Context, *sdk.Engine) error { return nil }})
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "points" {
		servePoints()
		return
	}
	daemontest.Main(m)
}

// slots is how many runs execute at the same time in a house.
const slots = 2

var (
	ann   = security.Caller{User: "ann"}
	chris = security.Caller{User: "chris"}
)

// house is an automation without the rest of a daemon. What scripts say with
// GenerateInformation comes to said; a script that says "wait" goes on when a
// value is sent to goOn, or when it is cancelled.
type house struct {
	*automation.Automation
	t     *testing.T
	host  *plugins.Host
	store *storage.Store
	said  chan string
	goOn  chan struct{}
	refer []string // names of scripts that schedules refer to

	mu       sync.Mutex
	disabled map[string]bool // guarded by mu
}

func openHouse(t *testing.T) *house {
	t.Helper()
	return openHouseOn(t, t.TempDir(), memkv.New())
}

// openHouseOn opens an automation on a folder and an engine. At the end of the
// test the store is checked.
func openHouseOn(t *testing.T, dir string, engine kv.Store) *house {
	t.Helper()
	h := &house{t: t, said: make(chan string, 100), goOn: make(chan struct{}), disabled: make(map[string]bool)}
	var err error
	if h.store, err = storage.Open(t.Context(), engine, nil); err != nil {
		t.Fatal(err)
	}
	if h.host, err = plugins.Open(plugins.Options{Dir: filepath.Join(dir, "sockets"), Grace: 300 * time.Millisecond, Spares: -1}); err != nil {
		t.Fatal(err)
	}
	h.Automation, err = automation.Open(t.Context(), automation.Options{
		Store: h.store, Host: h.host, Dir: dir, Parallel: slots, Connect: h.connect, Enabled: h.enabled,
		DisplayName: func(c security.Caller) string { return "the user " + c.User },
		MayGrant:    func(by security.Caller) bool { return by.User == ann.User },
		MayExecute:  func(by security.Caller, name string) bool { return by.User == ann.User || name != "lib/secret" },
		References:  h.references,
		Logger:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	return h
}

func (h *house) close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // runs that a test left are cancelled
	h.Close(ctx)
	if result, err := h.store.Check(context.Background()); err != nil || len(result.Problems) > 0 {
		h.t.Errorf("the store is not sound: %v\n%s", err, strings.Join(result.Problems, "\n"))
	}
	if problems, err := h.Check(context.Background()); err != nil || len(problems) > 0 {
		h.t.Errorf("the runs are not sound: %v\n%s", err, strings.Join(problems, "\n"))
	}
	if err := h.host.Close(); err != nil {
		h.t.Error(err)
	}
	if err := h.store.Close(); err != nil {
		h.t.Error(err)
	}
}

func (h *house) enabled(caller security.Caller) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.disabled[caller.User]
}

// references are what a test said refers to scripts, by their names.
func (h *house) references(_ context.Context, _ *storage.Reader, is func(name string) bool) (list []slnet.ScriptReference, err error) {
	for i, name := range h.refer {
		if is(name) {
			list = append(list, slnet.ScriptReference{Kind: slnet.ReferenceSchedule, Name: fmt.Sprint("s", i+1)})
		}
	}
	return list, nil
}

// everything is what a caller may know of who may know every script.
func everything(string) bool { return true }

func (h *house) disable(user string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.disabled[user] = true
}

// connection is what a script is connected to.
type connection struct {
	*house
	caller security.Caller
}

func (h *house) connect(caller security.Caller) slnet.Connection { return connection{h, caller} }

func (c connection) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	var response slnet.Message = &slnet.Empty{}
	switch m := messages[0].(type) {
	case *slnet.ExecuteScriptMessage:
		run, err := c.Execute(ctx, c.caller, m)
		if err != nil {
			return nil, err
		}
		response = run
	case *slnet.GenerateInformationMessage:
		c.said <- m.Text
		if m.Text != "wait" {
			break
		}
		select {
		case <-c.goOn:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return []slnet.Message{response}, nil
}

func (c connection) Subscribe(context.Context, slnet.Subscription) (*slnet.EventStream, error) {
	return nil, slnet.Errorf(slnet.KindInvalid, "no events")
}

// deploy deploys the body of a Run function.
func (h *house) deploy(name, body string) slnet.Script {
	h.t.Helper()
	response, err := h.DeployScript(h.t.Context(), ann, &slnet.DeployScriptMessage{Name: name, Files: source(body)})
	if err != nil {
		h.t.Fatal(err)
	}
	return response.Script
}

// source is a script of one file with the body of its Run function.
func source(body string) []slnet.ScriptFile {
	return []slnet.ScriptFile{{Name: "script.go", Content: `package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

var _ slnet.Message // scripts may use it

func Run(ctx context.Context, engine *sdk.Engine) error {
	` + body + `
}
`}}
}

const (
	// quick says its parameter and ends.
	quick = `return engine.GenerateInformation(ctx, engine.GetScriptParam("say"))`
	// waiting goes on when it is told to.
	waiting = `return engine.GenerateInformation(ctx, "wait")`
	// stubborn says that it begins and ends for nobody.
	stubborn = `if err := engine.GenerateInformation(ctx, "begun"); err != nil {
		return err
	}
	for {
	}`
)

// execute starts a run as ann.
func (h *house) execute(m *slnet.ExecuteScriptMessage) slnet.Run {
	h.t.Helper()
	response, err := h.Execute(h.t.Context(), ann, m)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.Run
}

// start starts a run that is not waited for.
func (h *house) start(name string) slnet.Run {
	h.t.Helper()
	return h.execute(&slnet.ExecuteScriptMessage{ScriptName: name, Async: true})
}

// ended waits for the end of a run.
func (h *house) ended(id uuid.UUID) slnet.Run {
	h.t.Helper()
	for {
		seen := h.store.Version()
		if run := h.run(id); run.State.Ended() {
			return run
		}
		if _, err := h.store.Wait(h.t.Context(), seen); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) run(id uuid.UUID) slnet.Run {
	h.t.Helper()
	response, err := h.Run(h.t.Context(), ann, true, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.Run
}

func (h *house) wantEnd(run slnet.Run, state slnet.RunState, text string) {
	h.t.Helper()
	if run.State != state || run.EndedAt.IsZero() {
		h.t.Errorf("the run %s %v, want %s", run.State, run.Errors, state)
	}
	if text != "" && (len(run.Errors) == 0 || !strings.Contains(run.Errors[0].Message, text)) {
		h.t.Errorf("the errors are %+v, want one with %q", run.Errors, text)
	}
}
