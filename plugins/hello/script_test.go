package main

import (
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/scripttest"
)

func TestMain(m *testing.M) { daemontest.Main(m) }

func TestGreets(t *testing.T) {
	scripttest.BothEngines(t, "plugins/hello", func(t *testing.T, h *scripttest.House) {
		ann := h.As(h.User("ann"))
		for _, want := range []struct{ name, greeting string }{
			{"", "Hello, ann!"},
			{"world", "Hello, world!"},
		} {
			run := h.Succeed(ann, "hello", map[string]string{"name": want.name})
			if run.Output["greeting"] != want.greeting || run.Output["modules"] != "0" {
				t.Errorf("the output is %v, want %s", run.Output, want.greeting)
			}
		}
	})
}
