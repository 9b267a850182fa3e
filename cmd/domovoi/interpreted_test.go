package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// newTally makes the folder of a new script with another test.
func newTally(t *testing.T, test string) string {
	t.Helper()
	dir := t.TempDir()
	if code, out := domovoi(t, "script", "new", "tally", "--dir", dir); code != 0 {
		t.Fatal(out)
	}
	dir = filepath.Join(dir, "tally")
	if err := os.WriteFile(filepath.Join(dir, "script_test.go"), []byte(test), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func domovoi(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	var out bytes.Buffer
	code = run(context.WithoutCancel(t.Context()), args, strings.NewReader(""), &out, &out, os.Getenv)
	return code, out.String()
}

// The same tests say the same in the interpreter and with the go command.
func TestTestsAreInterpretedAsCompiled(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is nothing to compare with: no go command is in PATH")
	}
	source, err := os.ReadFile("testdata/bothtests/both_test.go")
	if err != nil {
		t.Fatal(err)
	}
	dir := newTally(t, string(source))
	times := regexp.MustCompile(`(\(|\t)\d+\.\d+s`)
	outcome := func(flags ...string) string {
		code, out := domovoi(t, append([]string{"script", "test", dir}, flags...)...)
		if code != 1 {
			t.Errorf("%v ends with %d", flags, code)
		}
		return times.ReplaceAllString(out, "${1}0s")
	}
	for _, flags := range [][]string{{"-v"}, {"--run", "TestFails|TestPasses"}} {
		interpreted, compiled := outcome(append(flags, "--interpreted")...), outcome(flags...)
		if interpreted != compiled {
			t.Errorf("%v: interpreted\n%s\ncompiled\n%s", flags, interpreted, compiled)
		}
	}
}

// What the interpreter cannot carry of tests is refused with its place, and a
// panic fails its test.
func TestInterpretedTestsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, source string
		code         int
		want         []string
	}{
		{"panics", "import \"testing\"\n\nfunc TestA(t *testing.T) {\n\tvar list []int\n\tt.Run(\"sub\", func(t *testing.T) {\n\t\tlist[3] = 1\n\t})\n}\n\nfunc TestB(t *testing.T) {}\n", 1,
			[]string{"--- FAIL: TestA/sub", "panic: runtime error: index out of range\n", "script_test.go:8:", "FAIL\tscript/tally\t"}},
		{"none", "import \"testing\"\n\nfunc testA(t *testing.T) {}\n", 0, []string{"ok  \tscript/tally", "[no tests to run]"}},
		{"other packages", "import (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestA(t *testing.T) { os.Exit(0) }\n", 1,
			[]string{"# script/tally\n", "script_test.go:4:2: package \"os\" is not available to scripts", "FAIL\tscript/tally [build failed]\nFAIL\n"}},
		{"benchmark", "import \"testing\"\n\nfunc BenchmarkA(b *testing.B) {}\n", 1, []string{"script_test.go:5:6: the interpreter only runs tests, and BenchmarkA is none"}},
		{"main", "import \"testing\"\n\nfunc TestMain(m *testing.M) {}\n", 1, []string{"script_test.go:5:6: the interpreter has no TestMain"}},
		{"example", "import \"fmt\"\n\nfunc ExampleA() {\n\tfmt.Println(1)\n\t// Output: 1\n}\n", 1, []string{"script_test.go:5:6: the interpreter does not compare the output of examples"}},
		{"folder", "import \"testing\"\n\nfunc TestA(t *testing.T) { t.TempDir() }\n", 1, []string{"script_test.go:5:30: t.TempDir undefined"}},
		{"signature", "import \"testing\"\n\nfunc TestA(t testing.TB) {}\n", 1, []string{"script_test.go:5:6: got func TestA(t testing.TB), want func TestA(t *testing.T)"}},
	} {
		code, out := domovoi(t, "script", "test", "--interpreted", newTally(t, "package main\n\n"+test.source))
		if code != test.code {
			t.Errorf("%s: exit code %d, want %d", test.name, code, test.code)
		}
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", test.name, want, out)
			}
		}
	}
}
