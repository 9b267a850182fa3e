package script_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

const good = `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error { return nil }
`

func file(name, content string) slnet.ScriptFile {
	return slnet.ScriptFile{Name: name, Content: content}
}

func TestCheck(t *testing.T) {
	helper := "package main\n\nimport (\"context\"; \"domovoi.dev/sdk\")\n\nfunc OnDestroy(ctx context.Context, engine *sdk.Engine) error { return nil }\n"
	s, err := script.Check([]slnet.ScriptFile{file("script.go", good), file("a.go", helper)})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"Run", "OnDestroy"}; !slices.Equal(s.EntryPoints, want) {
		t.Errorf("got entry points %v, want %v", s.EntryPoints, want)
	}
	if len(s.Syntax) != 2 || s.Files[0].Name != "a.go" {
		t.Errorf("got files %v", s.Files)
	}
	other, err := script.Check([]slnet.ScriptFile{file("a.go", helper), file("script.go", good)})
	if err != nil {
		t.Fatal(err)
	}
	if s.Hash != other.Hash || len(s.Hash) != 64 {
		t.Errorf("got hashes %s and %s of the same script", s.Hash, other.Hash)
	}
	changed, err := script.Check([]slnet.ScriptFile{file("b.go", helper), file("script.go", good)})
	if err != nil {
		t.Fatal(err)
	}
	if changed.Hash == s.Hash {
		t.Error("a file of another name does not change the hash")
	}
}

// TestSignatures are ways to write the signature of Run.
func TestSignatures(t *testing.T) {
	for _, source := range []string{
		"package main\nimport (c \"context\"; d \"domovoi.dev/sdk\")\nfunc Run(x c.Context, y *d.Engine) (err error) { return nil }\n",
		"package main\nimport (\"context\"; \"domovoi.dev/sdk\")\nfunc Run(context.Context, *sdk.Engine) (error) { return nil }\n",
		"package main\nimport (\"context\"; \"domovoi.dev/sdk\")\nfunc Run(_ context.Context, _ *(sdk.Engine)) error { return nil }\n",
	} {
		if _, err := script.Check([]slnet.ScriptFile{file("script.go", source)}); err != nil {
			t.Errorf("%v in\n%s", err, source)
		}
	}
}

func TestCheckErrors(t *testing.T) {
	inRun := func(imports, decls, body string) []slnet.ScriptFile {
		return []slnet.ScriptFile{file("script.go", "package main\nimport (\"context\"; \"domovoi.dev/sdk\""+imports+")\n"+decls+
			"\nfunc Run(ctx context.Context, engine *sdk.Engine) error {\n"+body+"\nreturn nil\n}\n")}
	}
	tests := []struct {
		name  string
		files []slnet.ScriptFile
		want  []string // the beginning of each error
	}{
		{"no files", nil, []string{"the script has no files"}},
		{"folder in the name", []slnet.ScriptFile{file("a/b.go", good)}, []string{`"a/b.go" is not a name`}},
		{"folder above", []slnet.ScriptFile{file("../b.go", good)}, []string{`"../b.go" is not a name`}},
		{"not Go", []slnet.ScriptFile{file("script.txt", good)}, []string{`"script.txt" is not a name`}},
		{"no name", []slnet.ScriptFile{file(".go", good)}, []string{`".go" is not a name`}},
		{"two of one name", []slnet.ScriptFile{file("a.go", good), file("a.go", good)}, []string{"a.go: the script has two files of this name"}},
		{"a test", []slnet.ScriptFile{file("script.go", good), file("script_test.go", good)}, []string{"script_test.go: tests are not part"}},
		{"not UTF-8", []slnet.ScriptFile{file("a.go", "package main // \xff")}, []string{"a.go: the file is not UTF-8"}},
		{"too large", []slnet.ScriptFile{file("a.go", good+strings.Repeat("\n", script.MaxSourceBytes))}, []string{"the script has 1048"}},
		{
			"all syntax errors", []slnet.ScriptFile{file("a.go", "package main\nvar x int = = 1\n"), file("b.go", "package main\nvar y = = 2\nvar z = = 3\n")},
			[]string{"a.go:2:13: ", "b.go:2:9: ", "b.go:3:1: "},
		},
		{"redeclared in a file", []slnet.ScriptFile{file("a.go", good+"func Run() {}\n")}, []string{"a.go:10:6: Run redeclared"}},
		{"redeclared in another file", []slnet.ScriptFile{file("a.go", good+"func f() {}\n"), file("b.go", "package main\nfunc f() {}\n")}, []string{"b.go:2:6: f redeclared in this block; a.go:10:6: other declaration of f"}},
		{"another package", []slnet.ScriptFile{file("a.go", strings.Replace(good, "package main", "package foo", 1))}, []string{"a.go:1:9: the files of a script are of package main, not foo"}},
		{"package not allowed", inRun(`; "os"; "net/http"`, "", ""), []string{`script.go:2:39: package "os" is not available to scripts: `, `script.go:2:45: package "net/http"`}},
		{"unknown package", inRun(`; "example.com/x"`, "", ""), []string{`script.go:2:39: package "example.com/x" is not available to scripts; available are bufio`}},
		{"dot import", inRun(`; . "strings"`, "", ""), []string{"script.go:2:39: a script cannot import into its own scope", `script.go:2:39: "strings" imported and not used`}},
		{"imported twice", inRun(`; "math/rand"; "math/rand/v2"`, "", ""), []string{`script.go:2:39: "math/rand" imported and not used`, "script.go:2:52: rand redeclared", `script.go:2:52: "math/rand/v2" imported as rand and not used`}},
		{"func main", inRun("", "func main() {}", ""), []string{"script.go:3:6: a script has no func main"}},
		{"line directive", inRun("", "\n//line other.go:1\n", ""), []string{"script.go:4:1: a script has no line directives"}},
		{"no entry point", []slnet.ScriptFile{file("a.go", "package main\nfunc run() {}\n")}, []string{"a.go: the script has no entry point; write func Run(ctx context.Context, engine *sdk.Engine) error"}},
		{"method Run", []slnet.ScriptFile{file("a.go", "package main\ntype T int\nfunc (T) Run() {}\n")}, []string{"a.go: the script has no entry point"}},
		{"no results", []slnet.ScriptFile{file("a.go", "package main\nfunc Run() {}\n")}, []string{"a.go:2:6: got func Run(), want func Run(ctx context.Context, engine *sdk.Engine) error"}},
		{
			"wrong import", []slnet.ScriptFile{file("a.go", "package main\nimport (\"context\"; sdk \"domovoi.dev/sdk/dom\")\nfunc Run(ctx context.Context, engine *sdk.Engine) error { return nil }\n")},
			[]string{"a.go:3:43: undefined: sdk.Engine"},
		},
		{"generic", []slnet.ScriptFile{file("a.go", strings.Replace(good, "Run(", "Run[T any](", 1))}, []string{"a.go:9:6: got func Run[T any]("}},
		{"no body", []slnet.ScriptFile{file("a.go", strings.Replace(good, "{ return nil }", "", 1))}, []string{"a.go:9:6: Run has no body"}},

		// What Go's compiler finds, all of it.
		{
			"types", inRun(`; "strings"`, "func f(n int) string { return n }", "x := 1\nvar s string = 5\nf()\nengine.Frobnicate()\n_ = sdk.RunInfo{Foo: 1}"),
			[]string{
				`script.go:2:39: "strings" imported and not used`,
				"script.go:3:31: cannot use n (variable of type int) as string value in return statement",
				"script.go:5:1: declared and not used: x",
				"script.go:6:5: declared and not used: s",
				"script.go:6:16: cannot use 5 (untyped int constant) as string value in variable declaration",
				"script.go:7:3: not enough arguments in call to f\n\thave ()\n\twant (int)",
				"script.go:8:8: engine.Frobnicate undefined (type *sdk.Engine has no field or method Frobnicate)",
				"script.go:9:17: unknown field Foo in struct literal of type sdk.RunInfo",
			},
		},
		{"newer Go", inRun("", "", "for range func(func() bool) {} {\n}"), []string{"script.go:5:11: cannot range over (func"}},
		{"newer Go by a build constraint", []slnet.ScriptFile{file("a.go", "//go:build go1.25\n\n"+strings.Replace(good, "return nil", "for range func(func() bool) {} {\n}\nreturn nil", 1))}, []string{"a.go:11:69: cannot range over (func"}},
		{"reads files", inRun(`; "text/template"`, "", "_, _ = template.ParseFiles(\"/etc/passwd\")"), []string{"script.go:5:17: template.ParseFiles is not available to scripts: reads files"}},
		{"method that reads files", inRun(`; "text/template"`, "", "_, _ = template.New(\"\").ParseGlob(\"/etc/*\")"), []string{"script.go:5:25: template.Template.ParseGlob is not available to scripts: reads files"}},
		{"promoted method", inRun(`; "text/template"`, "", "template.New(\"\").Copy()"), []string{"script.go:5:18: template.Template.Copy is not available to scripts: scripts have no package text/template/parse"}},
		{"generic type", inRun(`; "sync/atomic"`, "", "_ = new(atomic.Pointer[int])"), []string{"script.go:5:16: atomic.Pointer is not available to scripts: the interpreter has no generic"}},
		{"shared variable", inRun(`; "unicode"`, "", "unicode.Categories[\"Lu\"] = nil"), []string{"script.go:5:9: unicode.Categories is not available to scripts: a script could change it"}},
		{"too deep", inRun("", "", "_ = "+strings.Repeat("(", 2000)+"1"+strings.Repeat(")", 2000)), []string{"script.go:5:1001: the source nests more than 1000 levels deep here"}},
		{"a method without a body", inRun("", "type T int\nfunc (T) f()", ""), []string{"script.go:4:10: f has no body"}},

		{"variable of another package", inRun(`; "io"`, "", "io.EOF = nil"), []string{"script.go:5:1: a script cannot change EOF of package io"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := script.Check(test.files)
			var got plugin.CompileErrors
			if !errors.As(err, &got) {
				t.Fatalf("got %v (%T), want plugin.CompileErrors", err, err)
			}
			for i, e := range got {
				if i >= len(test.want) || !strings.HasPrefix(e.Error(), test.want[i]) {
					t.Errorf("error %d: got %q", i, e)
				}
			}
			if len(got) < len(test.want) {
				t.Errorf("got %d errors, want %v", len(got), test.want)
			}
		})
	}
}

// TestInterpretable are uses of own types that the interpreter gets right.
func TestInterpretable(t *testing.T) {
	source := `package main

import (
	"context"
	"errors"
	"io"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

type shape interface{ area() int }
type square struct{ n int }

func (s square) area() int { return s.n }

type anything interface{}

func Run(ctx context.Context, engine *sdk.Engine) error {
	var s shape = square{1}
	switch s.(type) {
	case square, nil:
	}
	if s == nil || (square{1}) == (square{2}) {
		return io.EOF
	}
	var a anything = 5
	switch a.(type) {
	case int, error, *slnet.Error, map[string]square:
	}
	err := errors.New("x")
	var failed *slnet.Error
	if err == io.EOF || errors.As(err, &failed) {
		return err
	}
	_, _ = a.(int)
	_, _ = a.(error)
	_ = map[square]int{}
	(&slnet.Run{}).LogBytes = 1
	return nil
}
`
	if _, err := script.Check([]slnet.ScriptFile{file("script.go", source)}); err != nil {
		t.Error(err)
	}
}

// TestTooManyErrors checks that a script full of mistakes has a short answer.
func TestTooManyErrors(t *testing.T) {
	source := strings.Replace(good, "return nil", strings.Repeat("\nfoo()", 200)+"\nreturn nil", 1)
	_, err := script.Check([]slnet.ScriptFile{file("script.go", source)})
	var got plugin.CompileErrors
	if !errors.As(err, &got) || len(got) != 51 || got[49].Line != 59 ||
		got[50] != (plugin.CompileError{Message: "too many errors; these are the first 50 of 200"}) {
		t.Errorf("got %d errors: %v", len(got), err)
	}
}

func TestAllowedImportsAreSorted(t *testing.T) {
	if !slices.IsSorted(script.AllowedImports) {
		t.Error("AllowedImports is not sorted, so lookups fail")
	}
}

// FuzzCheck checks that Check accepts or refuses, and that its errors point
// into the source.
func FuzzCheck(f *testing.F) {
	const head = "package main\nimport (\"context\"; \"domovoi.dev/sdk\"; \"domovoi.dev/sdk/dom\")\n"
	f.Add("script.go", good)
	f.Add("script.go", "package main\nfunc Run(")
	f.Add("a.go", "package main\ntype T interface{ T }\nfunc Run() { switch x := any(1).(type) { case T: _ = x } }")
	f.Add("a.go", "package main\nimport \"errors\"\nfunc f[T any](t T) { errors.As(nil, &t); var m map[error]T; m[nil] = t }")
	f.Add("a.go", head+"type P struct { A int `doc:\"a\" default:\"1\" min:\"0\" enum:\"1,2\"`; B []*P; C map[string]dom.InstanceID; D chan P }\nfunc Run(ctx context.Context, e *sdk.Engine, p P) (map[string]P, error) { return nil, nil }")
	f.Add("a.go", head+"func OnDomAction(ctx context.Context, e *sdk.Engine, a dom.ActionContext) error { _ = a.ContextID.ID; return nil }\nfunc OnDestroy() {}")
	f.Add("a.go", head+"type T[P any] struct { f *T[T[P]] }\nfunc Run[T any](ctx context.Context, e *sdk.Engine, p T[int]) (r struct{ r T }, err error)")
	f.Add("a.go", head+"const c = 1 << 100000\nvar a [c]int\nvar b [1 << 62][1 << 62]byte\nconst s = \"a\" + \"b\"\nvar _ = len(s)/(len(s)-2)")
	f.Add("a.go", head+"import \"text/template\"\nimport . \"unicode\"\nvar t = template.Template{}.Tree.Copy\nvar _, _ = template.New(\"\").ParseFiles(), Categories")
	f.Fuzz(func(t *testing.T, name, content string) {
		if len(content) > 4096 {
			return // types can double with each line, see TestSourceMadeToHarm in package automation
		}
		begun := time.Now()
		s, err := script.Check([]slnet.ScriptFile{file(name, content)})
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("the check took %v", took)
		}
		if err == nil {
			if len(s.EntryPoints) == 0 || len(s.Hash) != 64 {
				t.Errorf("got %+v", s)
			}
			return
		}
		var list plugin.CompileErrors
		if !errors.As(err, &list) || len(list) == 0 {
			t.Fatalf("got %T without an error in it", err)
		}
		for _, e := range list {
			if e.Message == "" || e.Line < 0 || e.Line > strings.Count(content, "\n")+1 || (e.File != "" && e.File != name) {
				t.Errorf("got %+v", e)
			}
		}
	})
}
