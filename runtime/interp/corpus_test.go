package interp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// The corpus are small programs by feature of the language, in testdata/corpus:
// "=== name", declarations, "---", and statements. emit and emitf make the
// output. What is wanted stands beside them, as the Go compiler makes it.

type corpusProgram struct{ feature, name, decls, body string }

// packages that programs may use without importing them, by name.
var corpusPackages = []string{
	"bufio", "bytes", "cmp", "container/heap", "container/list", "container/ring", "context", "encoding/base64", "encoding/binary", "encoding/csv", "encoding/hex",
	"encoding/json", "encoding/xml", "errors", "fmt", "hash/fnv", "html", "io", "maps", "math", "math/big", "math/bits", "math/cmplx", "net/url", "path", "regexp", "slices",
	"sort", "strconv", "strings", "sync", "sync/atomic", "text/tabwriter", "text/template", "time", "unicode", "unicode/utf8", "crypto/sha256",
}

func (p corpusProgram) source(pkg string) string {
	body := p.decls + `
var out strings.Builder
func emit(v ...any) { fmt.Fprintln(&out, v...) }
func emitf(format string, v ...any) { fmt.Fprintf(&out, format+"\n", v...) }
func protected() {
	defer func() { if v := recover(); v != nil { emit("panic:", v) } }()
` + p.body + "\n}\n"
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport (\n", pkg)
	for _, path := range corpusPackages {
		name := path[strings.LastIndexByte(path, '/')+1:]
		if regexp.MustCompile(`\b`+name+`\.[A-Z]`).MatchString(body) || (pkg == "main" && path == "context") {
			fmt.Fprintf(&b, "\t%q\n", path)
		}
	}
	if pkg == "main" {
		b.WriteString("\t\"domovoi.dev/sdk\"\n)\n" + body)
		b.WriteString("func Run(_ context.Context, engine *sdk.Engine) error { protected(); engine.AddOrUpdateScriptOutput(\"out\", out.String()); return nil }\n")
	} else {
		b.WriteString(")\n" + body + "func Program() string { protected(); return out.String() }\n")
	}
	return b.String()
}

func sections(t *testing.T, file string) (names []string, texts map[string]string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	texts = make(map[string]string)
	for _, part := range strings.Split("\n"+string(data), "\n=== ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		names = append(names, name)
		texts[name] = text
	}
	return names, texts
}

func corpus(t *testing.T) (list []corpusProgram, want map[string]string) {
	files, err := filepath.Glob("testdata/corpus/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	want = make(map[string]string)
	for _, file := range files {
		feature := strings.TrimSuffix(filepath.Base(file), ".txt")
		names, texts := sections(t, file)
		for _, name := range names {
			decls, body, ok := strings.Cut("\n"+texts[name], "\n---\n")
			if !ok {
				decls, body = "", texts[name]
			}
			list = append(list, corpusProgram{feature, name, decls, body})
		}
		_, outputs := sections(t, strings.TrimSuffix(file, ".txt")+".want")
		for name, text := range outputs {
			want[feature+"/"+name] = strings.TrimSuffix(text, "\n")
		}
	}
	return list, want
}

// TestCorpus runs all programs and compares with what the compiler makes of
// them. A program whose output is "refused: ..." must be refused with that.
func TestCorpus(t *testing.T) {
	list, want := corpus(t)
	counts := make(map[string]int)
	for _, p := range list {
		key := p.feature + "/" + p.name
		w, ok := want[key]
		if !ok {
			t.Errorf("%s has no output; run DOMOVOI_CORPUS=update go test -run TestCorpusCompiled", key)
			continue
		}
		got, refused := interpreted(p)
		w = strings.TrimSuffix(w, "\n")
		switch got = strings.TrimSuffix(got, "\n"); {
		case refused:
			counts["refused"]++
			if _, text, _ := strings.Cut(got, "refused: "); !strings.Contains(refusedPrograms[key], text) || refusedPrograms[key] == "" {
				t.Errorf("%s: %s", key, got)
			}
		case got != w:
			counts["different"]++
			t.Errorf("%s: got\n%s\nwant\n%s", key, got, w)
		default:
			counts["right"]++
		}
	}
	t.Logf("%d programs: %d right, %d refused, %d different", len(list), counts["right"], counts["refused"], counts["different"])
}

// refusedPrograms are those that the interpreter does not have, with why.
var refusedPrograms = map[string]string{
	"control/recover not in nested": "the interpreter lets only functions recover that a defer statement itself calls; write defer func() { ... }(); build it as a plugin: domovoi script build",
	"control/goto refused":          "the interpreter has no goto; build it as a plugin: domovoi script build",
	"library/stringer everywhere":   "the interpreter cannot make an interface of a struct type without a name that has methods; declare the type; build it as a plugin: domovoi script build",
	"types/recursive function type": "the interpreter has no function types that refer to themselves, as F does; put the function into a struct; build it as a plugin: domovoi script build",
}

func interpreted(p corpusProgram) (output string, refused bool) {
	s, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: p.source("main")}})
	var list plugin.CompileErrors
	if errors.As(err, &list) {
		return "refused: " + list[0].Message, true
	}
	if err != nil {
		return "error: " + err.Error(), false
	}
	engine := newEngine()
	if err := s.Run.(runFunc)(context.Background(), engine); err != nil {
		return "error: " + err.Error(), false
	}
	return engine.GetScriptOutput("out"), false
}

// TestCorpusCompiled compares the stored outputs with those of the compiler, in
// the long form.
func TestCorpusCompiled(t *testing.T) {
	update := os.Getenv("DOMOVOI_CORPUS") == "update"
	if os.Getenv("DOMOVOI_STRESS") == "" && !update {
		t.Skip("the outputs are compared with the compiler's with DOMOVOI_STRESS=1")
	}
	list, want := corpus(t)
	dir := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module corpus\n\ngo 1.22\n")
	// One binary has all programs, each in a package of its own, whose name
	// becomes main in the output: it stands in the names of types.
	var imports, calls strings.Builder
	for i, p := range list {
		name := fmt.Sprintf("script%04d", i)
		write(name+"/p.go", p.source(name))
		fmt.Fprintf(&imports, "import \"corpus/%s\"\n", name)
		fmt.Fprintf(&calls, "print(\"=====\\n\", %s.Program())\n", name)
	}
	write("main.go", "package main\n\n"+imports.String()+"\nfunc main() {\n"+calls.String()+"}\n")
	bin := filepath.Join(dir, "corpus")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, ".")
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	all, err := exec.Command(bin).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, all)
	}
	texts := strings.Split(string(regexp.MustCompile(`script\d{4}\b`).ReplaceAll(all, []byte("main"))), "=====\n")[1:]
	if len(texts) != len(list) {
		t.Fatalf("%d outputs of %d programs", len(texts), len(list))
	}
	outputs := make(map[string][]string)
	for i, p := range list {
		text := texts[i]
		key := p.feature + "/" + p.name
		if !update && strings.TrimSuffix(want[key], "\n") != strings.TrimSuffix(text, "\n") {
			t.Errorf("%s: stored is\n%s\nthe compiler makes\n%s", key, want[key], text)
		}
		outputs[p.feature] = append(outputs[p.feature], "=== "+p.name+"\n"+text)
	}
	if update {
		for feature, list := range outputs {
			os.WriteFile("testdata/corpus/"+feature+".want", []byte(strings.Join(list, "")), 0o666)
		}
	}
}
