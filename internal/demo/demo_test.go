package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// programs builds what the demonstration shows. It skips the test where there is
// no Go toolchain.
func programs(t *testing.T) options {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("nothing can be compiled here: there is no go command in PATH")
	}
	built.Do(func() {
		if builtIn, buildErr = os.MkdirTemp("", "domovoi-built-"); buildErr != nil {
			return
		}
		out, err := exec.Command(tool, "build", "-buildvcs=false", "-o", builtIn, "../../cmd/domovoi", "../../plugins/hello").CombinedOutput()
		buildErr, buildOut = err, string(out)
	})
	if buildErr != nil {
		t.Fatalf("go build: %v\n%s", buildErr, buildOut)
	}
	return options{domovoi: filepath.Join(builtIn, "domovoi"), hello: filepath.Join(builtIn, "hello"), scripts: "../../scripts"}
}

// What programs has built, once for all tests.
var (
	built    sync.Once
	builtIn  string
	buildOut string
	buildErr error
)

func TestMain(m *testing.M) {
	code := m.Run()
	if builtIn != "" {
		os.RemoveAll(builtIn)
	}
	os.Exit(code)
}

func TestDemonstration(t *testing.T) {
	o := programs(t)
	for _, c := range []struct {
		name string
		ctx  func() context.Context
		o    func(o options) options
		ok   bool
	}{
		{"as it is", t.Context, func(o options) options { return o }, true},
		{"without a plugin", t.Context, func(o options) options { o.hello = "no such file"; return o }, false},
		{"interrupted", cancelled, func(o options) options { return o }, false},
		{"without a program", t.Context, func(o options) options { o.domovoi = "no such file"; return o }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Not the test's own folder: a socket's path must be short.
			temporary, err := os.MkdirTemp("", "demo")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(temporary)
			t.Setenv("TMPDIR", temporary)
			if err := demonstrate(c.ctx(), c.o(o)); (err == nil) != c.ok {
				t.Errorf("the demonstration ended with %v", err)
			}
			left, err := os.ReadDir(temporary)
			if err != nil || len(left) != 0 {
				t.Errorf("it left %v behind (%v)", left, err)
			}
		})
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
