package plugins_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/leak"
	"domovoi.dev/plugins"
	"domovoi.dev/plugins/sandbox"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// processVariable makes this test binary play another program: a script, or
// something that is none.
const processVariable = "DOMOVOI_TEST_PROCESS"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.Verb {
		sandbox.Main(os.Args[2:], func() { play(os.Getenv(processVariable)) })
		return
	}
	name := os.Getenv(processVariable)
	if name == "" {
		leak.Main(m)
	}
	play(name)
}

func play(name string) {
	if program, ok := programs[name]; ok {
		program()
		return
	}
	run, ok := scripts[name]
	if !ok {
		fmt.Fprintln(os.Stderr, "no test program", name)
		os.Exit(64)
	}
	plugin.Serve(plugin.Script{Run: run})
}

// racy is the name of a script that has a data race.
const racy = "map write"

// openHost opens a host that the test closes, and checks that it leaves nothing.
func openHost(t testing.TB, change ...func(*plugins.Options)) *plugins.Host {
	t.Helper()
	options := plugins.Options{
		Dir:    t.TempDir(),
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		Spares: -1,
		Grace:  200 * time.Millisecond,
	}
	for _, f := range change {
		f(&options)
	}
	host, err := plugins.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(options.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) > 0 {
			t.Errorf("left in the directory of sockets: %v %v", left, err)
		}
	})
	return host
}

func start(t testing.TB, host *plugins.Host, name string) *plugins.Process {
	t.Helper()
	env := []string{processVariable + "=" + name}
	if name == racy {
		env = append(env, "GORACE=report_bugs=0") // a report would mingle with the trace of the crash
	}
	spec := plugins.Spec{Name: name, Env: env}
	if name == "intruder" {
		spec.Grants.Ports = []uint16{1} // with any, unix sockets can be connected to where the kernel does not know better
	}
	if name == "family" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		spec.Grants = plugins.Grants{Processes: true, Read: []string{self}}
	}
	p, err := host.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// recorder is a connection whose answers are a function, and a log.
type recorder struct {
	send func(ctx context.Context, m slnet.Message) (slnet.Message, error)
	subs func(ctx context.Context, s slnet.Subscription) (*slnet.EventStream, error)
	all  func(ctx context.Context) // is called first in each call, if there is one

	mu    sync.Mutex
	lines []slnet.LogLine
}

func (r *recorder) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	if r.all != nil {
		r.all(ctx)
	}
	var responses []slnet.Message
	for _, m := range messages {
		if r.send == nil {
			return nil, slnet.Errorf(slnet.KindInternal, "unexpected message %s", m.MessageName())
		}
		response, err := r.send(ctx, m)
		if err != nil {
			return responses, err
		}
		responses = append(responses, response)
	}
	return responses, nil
}

func (r *recorder) Subscribe(ctx context.Context, s slnet.Subscription) (*slnet.EventStream, error) {
	return r.subs(ctx, s)
}

func (r *recorder) log(lines []slnet.LogLine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, lines...)
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, line := range r.lines {
		fmt.Fprintf(&b, "%s %s\n", line.Level, line.Text)
	}
	return b.String()
}

func (r *recorder) run(parameters ...string) plugins.Run {
	run := plugins.Run{
		Info:       sdk.RunInfo{ID: uuid.New(), Script: "test", EntryPoint: "Run", Attempt: 1, Parameters: map[string]string{}},
		Connection: r,
		Log:        r.log,
	}
	for i := 0; i+1 < len(parameters); i += 2 {
		run.Info.Parameters[parameters[i]] = parameters[i+1]
	}
	return run
}

// carry starts a process, gives it one run, and closes it.
func carry(t *testing.T, host *plugins.Host, ctx context.Context, name string, run plugins.Run) plugins.Result {
	t.Helper()
	p := start(t, host, name)
	defer p.Close()
	result, err := p.Run(ctx, run)
	if err != nil {
		t.Fatal(err)
	}
	// With -race the script's side of the session is checked as well.
	if log := run.Connection.(*recorder).text(); strings.Contains(log, "WARNING: DATA RACE") {
		t.Error(log)
	}
	return result
}
