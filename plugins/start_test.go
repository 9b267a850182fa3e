package plugins_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"domovoi.dev/internal/built"
	"domovoi.dev/plugins"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

func TestStartFails(t *testing.T) {
	notExecutable := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(notExecutable, []byte("just text\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, sha string
		kind            slnet.Kind
		texts           []string
	}{
		{name: "silent", kind: slnet.KindInvalid, texts: []string{"exit status 7 before it was ready", "It printed:\nI am no plugin"}},
		{name: "hang", kind: slnet.KindTimeout, texts: []string{"was not ready after 300ms"}},
		{name: "waste", kind: slnet.KindTimeout, texts: []string{"was not ready after 300ms", "xxx"}},
		{name: "newer", kind: slnet.KindInvalid, texts: []string{"version 99 of the session protocol, this daemon speaks version 1"}},
		{name: "tcp", kind: slnet.KindInvalid, texts: []string{"it listens on tcp 127.0.0.1:1"}},
		{name: "wrong sum", path: os.Args[0], sha: strings.Repeat("00", 32), kind: slnet.KindInvalid, texts: []string{"is not what was deployed"}},
		{name: "no sum", path: os.Args[0], kind: slnet.KindInvalid, texts: []string{"is no SHA-256"}},
		{name: "no file", path: "missing", sha: strings.Repeat("00", 32), kind: slnet.KindInternal, texts: []string{"no such file"}},
		{name: "text", path: notExecutable, sha: sum(t, notExecutable), kind: slnet.KindInvalid, texts: []string{"exec format error"}},
	}
	patient := openHost(t)
	impatient := openHost(t, func(o *plugins.Options) { o.StartTimeout = 300 * time.Millisecond })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			host := patient
			if test.kind == slnet.KindTimeout {
				host = impatient
			}
			spec := plugins.Spec{Name: test.name, Path: test.path, SHA256: test.sha, Env: []string{processVariable + "=" + test.name}}
			p, err := host.Start(t.Context(), spec)
			if err == nil {
				p.Close()
				t.Fatal("it started")
			}
			if !errors.Is(err, test.kind) {
				t.Errorf("got %v, want an error of kind %s", err, test.kind)
			}
			for _, text := range append(test.texts, test.name) {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("the error lacks %q: %v", text, err)
				}
			}
		})
	}
}

func sum(t testing.TB, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestStartOfBinary(t *testing.T) {
	host := openHost(t)
	spec := plugins.Spec{Name: "hello", Path: os.Args[0], SHA256: sum(t, os.Args[0]), Env: []string{processVariable + "=hello"}}
	for range 2 { // a checksum is good for more than one start
		p, err := host.Start(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		d, err := p.Describe(t.Context(), nil)
		if err != nil || fmt.Sprint(d.EntryPoints) != "[Run]" || d.Errors != nil ||
			d.ProtocolVersion != session.ProtocolVersion || !strings.HasPrefix(d.SDKVersion, "domovoi.dev") {
			t.Errorf("got %+v %v", d, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if exit, ok := p.Exit(); !ok || exit.Signal != "killed" {
			t.Errorf("exit: got %+v %v", exit, ok)
		}
	}
}

func TestStartIsCancelled(t *testing.T) {
	host := openHost(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := host.Start(ctx, plugins.Spec{Name: "hang", Env: []string{processVariable + "=hang"}})
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, slnet.KindTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestNoScriptService(t *testing.T) {
	host := openHost(t)
	p := start(t, host, "empty")
	_, err := p.Describe(t.Context(), nil)
	if !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), "is not a Domovoi script") {
		t.Errorf("Describe: %v", err)
	}
	if _, err := p.Run(t.Context(), new(recorder).run()); err == nil {
		t.Error("a run began")
	}
}

func TestWrongSignature(t *testing.T) {
	host := openHost(t)
	p := start(t, host, "signature")
	d, err := p.Describe(t.Context(), nil)
	want := "Run has the signature func() error; want " + plugin.EntryPoints()[0].Signature
	if err != nil || len(d.Errors) != 1 || d.Errors[0].Message != want {
		t.Errorf("got %+v %v, want %q", d, err, want)
	}
	if _, err := p.Run(t.Context(), new(recorder).run()); !errors.Is(err, slnet.KindConflict) || !strings.Contains(err.Error(), want) {
		t.Errorf("Run: %v", err)
	}
}

func TestLoader(t *testing.T) {
	host := openHost(t)
	source := func(text string) []slnet.ScriptFile {
		return []slnet.ScriptFile{{Name: "script.go", Content: text}}
	}
	t.Run("runs", func(t *testing.T) {
		p := start(t, host, "loader")
		r := new(recorder)
		if _, err := p.Run(t.Context(), r.run()); !errors.Is(err, slnet.KindConflict) {
			t.Errorf("a run without source: %v", err)
		}
		d, err := p.Describe(t.Context(), source("hello"))
		if err != nil || fmt.Sprint(d.EntryPoints) != "[Run]" {
			t.Fatalf("got %+v %v", d, err)
		}
		if _, err := p.Describe(t.Context(), source("hello")); !errors.Is(err, slnet.KindConflict) {
			t.Errorf("loading again: %v", err)
		}
		result, err := p.Run(t.Context(), r.run())
		if err != nil || result.Failed || !strings.HasPrefix(r.text(), "STDOUT loading hello\n") {
			t.Errorf("got %+v %v\n%s", result, err, r.text())
		}
	})
	t.Run("mistakes", func(t *testing.T) {
		p := start(t, host, "loader")
		d, err := p.Describe(t.Context(), source("mistakes"))
		want := plugin.CompileErrors{
			{File: "script.go", Line: 3, Column: 1, Message: "expected declaration"},
			{File: "script.go", Line: 7, Column: 2, Message: "undefined: x"},
		}
		if err != nil || fmt.Sprint(d.Errors) != fmt.Sprint(want) {
			t.Errorf("got %+v %v", d, err)
		}
	})
	for _, name := range []string{"broken", "panic"} {
		t.Run(name, func(t *testing.T) {
			p := start(t, host, "loader")
			text := map[string]string{"broken": "out of ink", "panic": "the loader of the script panicked: the loader has a bug"}[name]
			if _, err := p.Describe(t.Context(), source(name)); !errors.Is(err, slnet.KindInternal) || !strings.Contains(err.Error(), text) {
				t.Errorf("got %v, want %q", err, text)
			}
		})
	}
}

// A plugin binary as its author writes it.
func TestPluginBinary(t *testing.T) {
	binary := filepath.Join(built.In(t, "./testdata/billing"), "billing")
	host := openHost(t)
	for mode, want := range map[string]slnet.RunError{
		"panic":     {Message: "panic: runtime error: index out of range [3] with length 0", File: "billing.go", Line: 27},
		"goroutine": {Message: "panic: no such customer", File: "billing.go", Line: 31},
		"fail":      {Message: "no such customer", Reasons: []slnet.Reason{"ObjectNotFound"}},
	} {
		p, err := host.Start(t.Context(), plugins.Spec{Name: "billing", Path: binary, SHA256: sum(t, binary)})
		if err != nil {
			t.Fatal(err)
		}
		result, err := p.Run(t.Context(), new(recorder).run("mode", mode))
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Errors) != 1 || fmt.Sprint(result.Errors[0]) != fmt.Sprint(want) {
			t.Errorf("%s: got %+v, want %+v", mode, result.Errors, want)
		}
	}
}

func TestStartedByHand(t *testing.T) {
	for name, want := range map[string]string{
		"hello":     "is a Domovoi script with the entry points Run",
		"signature": "is a Domovoi script that cannot run: Run has the signature func() error",
		"loader":    "A worker is started by the daemon, not by hand.",
	} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{processVariable + "=" + name}
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), want) {
			t.Errorf("%s: got %v\n%s", name, err, out)
		}
	}
}

func TestEnvironmentIsAllowed(t *testing.T) {
	t.Setenv("DOMOVOI_TEST_SECRET", "x")
	t.Setenv("TZ", "Europe/Prague")
	p := start(t, openHost(t), "hello")
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(env), "DOMOVOI_TEST_SECRET") || !strings.Contains(string(env), "TZ=Europe/Prague") {
		t.Errorf("the environment is %q", strings.Split(string(env), "\x00"))
	}
}

func TestLongDirectory(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("d", 100))
	host := openHost(t, func(o *plugins.Options) { o.Dir = long })
	if err := os.MkdirAll(long, 0o700); err != nil { // for the check of what is left
		t.Fatal(err)
	}
	if result := carry(t, host, t.Context(), "hello", new(recorder).run()); result.Failed {
		t.Errorf("got %+v", result)
	}
}

func TestBootRemovesLeftovers(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "plugin-dir123", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	openHost(t, func(o *plugins.Options) { o.Dir = dir })
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v %v", info.Mode(), err)
	}
}

// Neither a start that fails nor one that succeeds leaves a goroutine or an open
// file in the host.
func TestNothingLeaks(t *testing.T) {
	host := openHost(t)
	once := func() {
		for _, name := range []string{"silent", "newer", "tcp", "hang"} {
			ctx := t.Context()
			if name == "hang" {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
			}
			if p, err := host.Start(ctx, plugins.Spec{Name: name, Env: []string{processVariable + "=" + name}}); err == nil {
				p.Close()
				t.Fatal(name, "started")
			}
		}
		carry(t, host, t.Context(), "os.Exit", new(recorder).run())
		carry(t, host, t.Context(), "exit fail", new(recorder).run())
	}
	count := func() [2]int {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return [2]int{runtime.NumGoroutine(), len(files)}
	}
	once()
	before := count()
	once()
	once()
	// What ends a connection ends in its own time.
	deadline := time.Now().Add(5 * time.Second)
	for after := count(); after[0] > before[0] || after[1] > before[1]; after = count() {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("goroutines and files: before %v, after %v\n%s", before, after, buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

// vanishes waits until a process has ended, also one that is not our child.
func vanishes(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 10_000)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n != 1 || err != nil {
			t.Errorf("process %d lives: %v", pid, err)
		}
		return
	}
}

// What a script started ends with it, whether it is killed or returns.
func TestKillsTheGroup(t *testing.T) {
	host := openHost(t)
	for _, leave := range []string{"", "yes"} {
		ctx, cancel := context.WithCancel(t.Context())
		var grandchild int
		r := &recorder{send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
			grandchild, _ = strconv.Atoi(text(m))
			if leave == "" {
				cancel()
			}
			return echo(ctx, m)
		}}
		result := carry(t, host, ctx, "family", r.run("leave", leave))
		cancel()
		if grandchild == 0 {
			t.Fatalf("it started no process: %+v", result)
		}
		vanishes(t, grandchild)
	}
}

// hostProgram is a daemon: it starts a script that goes on for ever, and tells
// its process id.
func hostProgram() {
	host, err := plugins.Open(plugins.Options{Dir: os.Getenv("DOMOVOI_TEST_DIR")})
	if err != nil {
		panic(err)
	}
	p, err := host.Start(context.Background(), plugins.Spec{Name: "spin", Env: []string{processVariable + "=spin"}})
	if err != nil {
		panic(err)
	}
	r := &recorder{send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		fmt.Println(p.PID())
		return echo(ctx, m)
	}}
	_, _ = p.Run(context.Background(), r.run())
}

func TestNoOrphans(t *testing.T) {
	daemon := exec.Command(os.Args[0])
	daemon.Env = []string{processVariable + "=host", "DOMOVOI_TEST_DIR=" + t.TempDir()}
	daemon.Stderr = os.Stderr
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = daemon.Wait()
	vanishes(t, pid)
}
