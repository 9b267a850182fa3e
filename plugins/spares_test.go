package plugins_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"domovoi.dev/plugins"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// loaded is the spec of a worker that has loaded a script of this package.
func loaded(name string) plugins.Spec {
	return plugins.Spec{
		Name: name, Spare: name + " 1", Env: []string{processVariable + "=loader"},
		Files: []slnet.ScriptFile{{Name: "script.go", Content: name}},
	}
}

// prepare gives a process of Prepare one run, and closes it.
func prepare(t *testing.T, host *plugins.Host, spec plugins.Spec) (pid int, log string) {
	t.Helper()
	p, err := host.Prepare(t.Context(), spec, "ann")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := new(recorder)
	if result, err := p.Run(t.Context(), r.run()); err != nil || result.Failed {
		t.Fatalf("%+v %v", result, err)
	}
	return p.PID(), r.text()
}

// until waits for something that happens in its own time.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func TestSparesCarryOneRunEach(t *testing.T) {
	host := openHost(t, func(o *plugins.Options) { o.Spares = 2 })
	first, _ := prepare(t, host, loaded("hello"))
	until(t, "a spare", func() bool { return host.Spares() == 1 })
	second, log := prepare(t, host, loaded("hello"))
	if second == first {
		t.Error("a process carried two runs")
	}
	// What a script prints while it is loaded is in the log of the run.
	if !strings.HasPrefix(log, "STDOUT loading hello\n") {
		t.Errorf("the log is %q", log)
	}
	until(t, "the next spare", func() bool { return host.Spares() == 1 })
	host.Retire("hello")
	if n := host.Spares(); n != 0 {
		t.Errorf("%d spares of a script that has another version", n)
	}
}

// The scripts that were executed last have the spares.
func TestSparesAreFew(t *testing.T) {
	host := openHost(t, func(o *plugins.Options) { o.Spares = 1 })
	for _, name := range []string{"hello", "other"} {
		spec := loaded("hello")
		spec.Name, spec.Spare = name, name
		prepare(t, host, spec)
		until(t, "a spare", func() bool { return host.SparesOf(name) == 1 })
	}
	host.Retire("other")
	if n := host.Spares(); n != 0 {
		t.Errorf("%d spares, of the script that was executed first", n)
	}
}

// A spare that died is no reason for a run to fail, and a script that cannot be
// loaded fails as it does without spares.
func TestSparesThatFail(t *testing.T) {
	host := openHost(t, func(o *plugins.Options) { o.Spares = 1 })
	prepare(t, host, loaded("hello"))
	until(t, "a spare", func() bool { return host.Spares() == 1 })
	host.KillSpares()
	prepare(t, host, loaded("hello"))
	var mistakes plugin.CompileErrors
	if _, err := host.Prepare(t.Context(), loaded("mistakes"), "ann"); !errors.As(err, &mistakes) {
		t.Errorf("got %v", err)
	}
}

// sharing is the spec of a shared plugin that is this test binary.
func sharing(t *testing.T, name string) plugins.Spec {
	return plugins.Spec{
		Name: name, Spare: name + " 1", Path: os.Args[0], SHA256: sum(t, os.Args[0]), Env: []string{processVariable + "=" + name},
	}
}

func TestSharedProcessCarriesRunsAtTheSameTime(t *testing.T) {
	host := openHost(t)
	spec := sharing(t, "greeter")
	waiting := make(chan struct{})
	both := make(chan struct{}, 2)
	run := func(log *recorder) plugins.Result {
		p, done, err := host.Share(t.Context(), spec, "ann")
		if err != nil {
			t.Error(err)
			return plugins.Result{}
		}
		defer done()
		log.send = func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
			both <- struct{}{}
			<-waiting
			return echo(ctx, m)
		}
		result, err := p.Run(t.Context(), log.run("name", "you"))
		if err != nil {
			t.Error(err)
		}
		return result
	}
	logs := []*recorder{{}, {}}
	results := make(chan plugins.Result, 2)
	for _, log := range logs {
		go func() { results <- run(log) }()
	}
	<-both // both runs are in the midst of a call
	<-both
	if list := host.SharedProcesses("greeter"); len(list) != 1 || list[0].Runs != 2 || list[0].State != slnet.PluginRunning || list[0].RunsAs != "ann" {
		t.Errorf("got %+v", list)
	}
	close(waiting)
	for range logs {
		if result := <-results; result.Failed || result.Usage != (plugins.Usage{}) {
			t.Errorf("got %+v", result)
		}
	}
	for _, log := range logs {
		if text := log.text(); strings.Count(text, "INFO asked") != 1 {
			t.Errorf("each run has its own lines in its log: %q", text)
		}
	}
	// Another user has another process.
	p, done, err := host.Share(t.Context(), spec, "ben")
	if err != nil {
		t.Fatal(err)
	}
	done()
	if list := host.SharedProcesses(""); len(list) != 2 || list[1].PID != int64(p.PID()) || list[0].PID == list[1].PID {
		t.Errorf("got %+v", list)
	}
	host.Retire("greeter")
	vanishes(t, p.PID())
}

func TestSharedProcessIsStartedAgain(t *testing.T) {
	host := openHost(t)
	spec := sharing(t, "os.Exit")
	for range 2 {
		p, done, err := host.Share(t.Context(), spec, "ann")
		if err != nil {
			t.Fatal(err)
		}
		result, err := p.Run(t.Context(), new(recorder).run())
		done()
		if err != nil || result.End != plugins.EndDied {
			t.Fatalf("got %+v %v", result, err)
		}
		until(t, "the death is known", func() bool { return host.SharedProcesses("")[0].State != slnet.PluginRunning })
	}
	state := host.SharedProcesses("")[0]
	if state.State != slnet.PluginWaiting || state.Restarts != 1 || !strings.Contains(state.LastError, "exit status") || state.NotBefore.IsZero() {
		t.Errorf("got %+v", state)
	}
	// A run whose time is over before says why it did not begin.
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := host.Share(ctx, spec, "ann"); err == nil || !strings.Contains(err.Error(), "exit status") {
		t.Errorf("got %v", err)
	}
}

// What runs is what was hashed: neither a file that changed before the start nor
// one that is changed between hash and execution does.
func TestBinaryThatChanges(t *testing.T) {
	host := openHost(t)
	path := filepath.Join(t.TempDir(), "plugin")
	content, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o700); err != nil {
		t.Fatal(err)
	}
	spec := plugins.Spec{Name: "hello", Path: path, SHA256: sum(t, path), Env: []string{processVariable + "=hello"}}
	// The change comes when the binary was hashed and nothing was executed yet.
	plugins.AfterHash(host, func() {
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho evil\n"), 0o700); err != nil {
			t.Error(err)
		}
	})
	p, err := host.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	plugins.AfterHash(host, nil)
	if p, err := host.Start(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "is not what was deployed") {
		if err == nil {
			p.Close()
		}
		t.Errorf("the changed file: %v", err)
	}
}
