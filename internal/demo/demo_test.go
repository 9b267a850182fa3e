package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"domovoi.dev/internal/built"
)

// programs builds what the demonstration shows. It skips the test where there is
// no Go toolchain.
func programs(t *testing.T) options {
	t.Helper()
	dir := built.In(t, "../../cmd/domovoi", "../../plugins/hello")
	return options{domovoi: filepath.Join(dir, "domovoi"), hello: filepath.Join(dir, "hello"), scripts: "../../scripts"}
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
