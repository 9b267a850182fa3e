package interp_test

import (
	"errors"
	"strings"
	"testing"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// TestCompileErrors checks what is found and where. All bodies begin on line 4.
func TestCompileErrors(t *testing.T) {
	tests := []struct {
		name, body   string
		line, column int
		message      string // a part of it
	}{
		{"syntax", "x := := 1", 4, 6, "expected operand"},
		{"undefined name", "foo(1)", 4, 1, "undefined: foo"},
		{"wrong type", "_ = string(5.5)", 4, 12, "cannot convert 5.5"},
		{"unknown symbol of a package", "sdk.Foo()", 4, 5, "undefined: sdk.Foo"},
		{"unknown method", "\n\tengine.Frobnicate()", 5, 9, "engine.Frobnicate undefined"},
		{"what the interpreter lacks", "goto end\nend:\nreturn nil", 4, 1, "the interpreter has no goto; build it as a plugin: domovoi script build"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := header() + "func Run(ctx context.Context, engine *sdk.Engine) error {\n" + test.body + "\nreturn nil\n}\n"
			_, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: source}})
			var list plugin.CompileErrors
			if !errors.As(err, &list) {
				t.Fatalf("got %v (%T), want plugin.CompileErrors", err, err)
			}
			got := list[0]
			if got.File != "script.go" || got.Line != test.line || got.Column != test.column || !strings.Contains(got.Message, test.message) {
				t.Errorf("got %+v, want line %d, column %d, %q", got, test.line, test.column, test.message)
			}
		})
	}
}

// TestCompilerPanic is source that yaegi's compiler itself does not survive.
func TestCompilerPanic(t *testing.T) {
	source := header() + "func each(yield func(int) bool) { yield(1) }\n" +
		"func Run(ctx context.Context, engine *sdk.Engine) error {\nfor range each {\n}\nreturn nil\n}\n"
	_, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: source}})
	var list plugin.CompileErrors
	if !errors.As(err, &list) {
		t.Fatalf("got %v (%T), want plugin.CompileErrors", err, err)
	}
}

func TestImportRefused(t *testing.T) {
	source := "package main\n\nimport (\n\t\"context\"\n\t\"os\"\n\n\t\"domovoi.dev/sdk\"\n)\n\n" +
		"func Run(ctx context.Context, engine *sdk.Engine) error { os.Exit(1); return nil }\n"
	_, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: source}})
	var list plugin.CompileErrors
	if !errors.As(err, &list) {
		t.Fatalf("got %v, want plugin.CompileErrors", err)
	}
	if got := list[0]; got.Line != 5 || !strings.Contains(got.Message, `"os" is not available to scripts: a script has no files`) {
		t.Errorf("got %+v", got)
	}
}

// TestUnreachable are symbols of allowed packages that scripts must not have.
func TestUnreachable(t *testing.T) {
	for path, statement := range map[string]string{
		"text/template":          `_, _ = template.ParseFiles("/etc/passwd")`,
		"log/slog":               `slog.SetDefault(nil)`,
		"fmt":                    `fmt.Scanln()`,
		"unicode":                `unicode.Categories["Lu"] = nil`,
		"github.com/google/uuid": `uuid.SetRand(nil)`,
		"strings":                `strings.SplitSeq("a", "b")`,
	} {
		source := header(path) + "func Run(ctx context.Context, engine *sdk.Engine) error {\n" + statement + "\nreturn nil\n}\n"
		_, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: source}})
		if err == nil || !strings.Contains(err.Error(), "is not available to scripts") {
			t.Errorf("%s: got %v, want an error that it is not available", statement, err)
		}
	}
	source := header("text/template") + "func Run(ctx context.Context, engine *sdk.Engine) error {\n_, err := template.New(\"x\").ParseFiles(\"/etc/passwd\")\nreturn err\n}\n"
	if _, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: source}}); err == nil {
		t.Error("a template can read files")
	}
}

func TestSeveralFiles(t *testing.T) {
	run := loadFiles(t,
		slnet.ScriptFile{Name: "b.go", Content: `package main

import (
	rand "strings"
	text "domovoi.dev/sdk"
)

type greeter struct{ name string }

// rand is another package than in the other file.
func (g greeter) greet(engine *text.Engine) string {
	return rand.ToUpper(prefix) + g.name + engine.User()
}

func fails(xs []int) int {
	return xs[10]
}
`},
		slnet.ScriptFile{Name: "a.go", Content: `package main

import (
	"context"
	"math/rand/v2"

	"domovoi.dev/sdk"
)

var all = []greeter{{"one "}, {"two "}}

func Run(ctx context.Context, engine *sdk.Engine) error {
	for _, g := range all {
		engine.AddOrUpdateScriptOutput("out", engine.GetScriptOutput("out")+g.greet(engine)+";")
	}
	if rand.IntN(1) == 0 {
		fails(nil)
	}
	return nil
}
`},
		slnet.ScriptFile{Name: "c.go", Content: "package main\n\nconst prefix = \"hello \"\n"},
	)
	engine := newEngine()
	err := run(t.Context(), engine)
	var located *plugin.LocatedError
	if !errors.As(err, &located) || located.File != "b.go" || located.Line != 16 {
		t.Errorf("got %v, want a panic at b.go:16", err)
	}
	if got, want := engine.GetScriptOutput("out"), "HELLO one ann;HELLO two ann;"; got != want {
		t.Errorf("got output %q, want %q", got, want)
	}
}
