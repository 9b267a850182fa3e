package interp_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// runFunc is the signature of the entry point Run.
type runFunc = func(context.Context, *sdk.Engine) error

// load loads a script of one file, which may leave out the package clause and
// the common imports.
func load(t testing.TB, source string) runFunc {
	t.Helper()
	return loadFiles(t, slnet.ScriptFile{Name: "script.go", Content: source})
}

func loadFiles(t testing.TB, files ...slnet.ScriptFile) runFunc {
	t.Helper()
	s, err := interp.Load(files)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	run, ok := s.Run.(runFunc)
	if !ok {
		t.Fatalf("Run is a %T", s.Run)
	}
	return run
}

// header begins a script on two lines, so that the body begins on line 3.
func header(imports ...string) string {
	var b strings.Builder
	b.WriteString("package main; import (\"context\"; \"domovoi.dev/sdk\"")
	for _, path := range imports {
		b.WriteString("; \"" + path + "\"")
	}
	b.WriteString(")\n\n")
	return b.String()
}

// noConnection is for scripts that send nothing.
type noConnection struct{}

func (noConnection) SendSLNetMessages(context.Context, ...slnet.Message) ([]slnet.Message, error) {
	return nil, slnet.Errorf(slnet.KindUnavailable, "there is no daemon in this test")
}

func (noConnection) Subscribe(context.Context, slnet.Subscription) (*slnet.EventStream, error) {
	return nil, slnet.Errorf(slnet.KindUnavailable, "there is no daemon in this test")
}

func newEngine() *sdk.Engine {
	return sdk.NewEngine(
		sdk.RunInfo{Script: "test", EntryPoint: "Run", RunsAs: "ann", Parameters: map[string]string{"name": "value"}},
		sdk.Host{Connection: noConnection{}, Log: func(l slnet.LogLine) { println(l.Text) }, KeepAlive: func() {}},
	)
}

// output runs a script and returns what it stored under "out".
func output(t testing.TB, source string) string {
	t.Helper()
	engine := newEngine()
	if err := load(t, source)(t.Context(), engine); err != nil {
		t.Fatalf("Run: %v", err)
	}
	return engine.GetScriptOutput("out")
}

// failure runs a script that must fail and returns where.
func failure(t testing.TB, source string) *plugin.LocatedError {
	t.Helper()
	err := load(t, source)(t.Context(), newEngine())
	var located *plugin.LocatedError
	if !errors.As(err, &located) {
		t.Fatalf("Run: got error %v (%T), want a *plugin.LocatedError", err, err)
	}
	return located
}
