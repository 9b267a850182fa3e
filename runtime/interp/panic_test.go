package interp_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// TestPanics checks that a panic is an error with the place in the script. The
// declarations begin on line 3, and the body of Run on the line behind them.
func TestPanics(t *testing.T) {
	tests := []struct {
		name        string
		imports     []string
		decls, body string
		line        int
		message     string
	}{
		{
			name:  "index out of range in a function",
			decls: "func at(xs []int, i int) int {\n\ta := 1\n\ta++\n\treturn xs[i] + a\n}\n",
			body:  "xs := []int{1, 2}\n_ = at(xs, 1)\n_ = at(xs, 7)",
			line:  6, message: "panic: runtime error: index out of range",
		},
		{
			name: "nil map", body: "var m map[string]int\nif len(m) == 0 {\n\tm[\"a\"] = 1\n}",
			line: 6, message: "panic: assignment to entry in nil map",
		},
		{
			name: "nil pointer", decls: "type T struct{ A int }\n", body: "var p *T\n_ = p.A",
			line: 6, message: "panic: runtime error: invalid memory address or nil pointer dereference",
		},
		{
			name: "nil pointer to a type of the SDK", imports: []string{"domovoi.dev/sdk/dom"}, body: "var p *dom.Instance\n\n_ = p.Name",
			line: 6, message: "panic: runtime error: invalid memory address or nil pointer dereference",
		},
		{
			name: "division", body: "a, b := 1, 0\nfor i := 0; i < 3; i++ {\n\tswitch {\n\tcase i == 2:\n\t\ta = a / b\n\t}\n}",
			line: 8, message: "panic: runtime error: integer divide by zero",
		},
		{
			name: "slice", body: "var xs []int\n_ = xs[:4]",
			line: 5, message: "panic: runtime error: slice bounds out of range",
		},
		{
			name: "type assertion", body: "var v any = \"x\"\n_ = v.(int)",
			line: 5, message: "panic: interface conversion: interface {} is string, not int",
		},
		{
			name: "in a method", decls: "type stack []int\nfunc (s *stack) pop() int {\n\tv := (*s)[len(*s)-1]\n\t*s = (*s)[:len(*s)-1]\n\treturn v\n}\n",
			body: "s := stack{1}\ns.pop()\ns.pop()",
			line: 5, message: "panic: runtime error: index out of range",
		},
		{
			name: "in a closure called by compiled code", imports: []string{"sort"},
			body: "xs := []int{3, 1, 2}\nsort.Slice(xs, func(i, j int) bool {\n\tif xs[i] == 2 {\n\t\tpanic(\"no twos\")\n\t}\n\treturn xs[i] < xs[j]\n})",
			line: 7, message: "panic: no twos",
		},
		{
			name: "in compiled code", imports: []string{"strings"}, body: "_ = strings.Repeat(\"x\", -1)",
			line: 4, message: "panic: strings: negative Repeat count",
		},
		{
			name: "the last of several", decls: "func safe() {\n\tdefer func() { _ = recover() }()\n\tvar m map[string]int\n\tm[\"x\"] = 1\n}\n",
			body: "safe()\nsafe()\nvar xs []int\n_ = xs[3]",
			line: 12, message: "panic: runtime error: index out of range [3] with length 0",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := failure(t, header(test.imports...)+test.decls+
				"func Run(ctx context.Context, engine *sdk.Engine) error {\n"+test.body+"\nreturn nil\n}\n")
			if got.File != "script.go" || got.Line != test.line || got.Message != test.message {
				t.Errorf("got %+v, want line %d, %q", got, test.line, test.message)
			}
		})
	}
}

// TestPanicWithError checks that errors.Is sees through a panic.
func TestPanicWithError(t *testing.T) {
	err := failure(t, header("domovoi.dev/sdk/slnet")+"func Run(ctx context.Context, engine *sdk.Engine) error { panic(slnet.KindConflict) }\n")
	if !errors.Is(err, slnet.KindConflict) {
		t.Errorf("got %v, want slnet.KindConflict in it", err)
	}
}

// TestReturnedError checks that an error has the line on which Run returned it,
// and that it is still the error.
func TestReturnedError(t *testing.T) {
	source := header("fmt", "domovoi.dev/sdk/dom") + `func find(found bool) error {
	if found {
		return nil
	}
	return fmt.Errorf("no customer: %w", dom.ErrNoPermission)
}

func Run(ctx context.Context, engine *sdk.Engine) error {
	if err := find(true); err != nil {
		return err
	}
	if err := find(false); err != nil {
		return err
	}
	return nil
}
`
	err := failure(t, source)
	if err.Line != 15 || err.File != "script.go" || !errors.Is(err, dom.ErrNoPermission) {
		t.Errorf("got %+v, want the error of line 15", err)
	}
	if got, want := err.Error(), "script.go:15: no customer: NoPermission"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDeepPanic is a panic at the bottom of a deep recursion.
func TestDeepPanic(t *testing.T) {
	err := failure(t, header()+`func down(n int) int {
	if n == 0 {
		return 1 / n
	}
	return down(n-1) + 1
}

func Run(ctx context.Context, engine *sdk.Engine) error {
	down(1000)
	return nil
}
`)
	if err.Line != 5 {
		t.Errorf("got %+v, want line 5", err)
	}
}

// TestCancel checks that a script that notices the end of its context runs its
// deferred calls and returns.
func TestCancel(t *testing.T) {
	run := load(t, header("time")+`
func Run(ctx context.Context, engine *sdk.Engine) error {
	cleanup := func() { engine.AddOrUpdateScriptOutput("out", "cleaned up") }
	defer cleanup()
	return engine.Sleep(ctx, time.Hour)
}
`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	engine := newEngine()
	if err := run(ctx, engine); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if got := engine.GetScriptOutput("out"); got != "cleaned up" {
		t.Errorf("got output %q", got)
	}
}

// TestExit checks that the errors that end a run stay what they are.
func TestExit(t *testing.T) {
	run := load(t, header()+"func Run(ctx context.Context, engine *sdk.Engine) error { return engine.ExitSuccess(\"done\") }\n")
	err := run(t.Context(), newEngine())
	var exit *sdk.ExitError
	if !errors.As(err, &exit) || exit.Failed || exit.Reason != "done" {
		t.Errorf("got %v", err)
	}
}

// TestPanicAtLoad is a script whose package variables cannot be initialised.
func TestPanicAtLoad(t *testing.T) {
	source := header() + "var first = pick(nil)\n\nfunc pick(xs []int) int {\n\treturn xs[0]\n}\n\n" +
		"func Run(ctx context.Context, engine *sdk.Engine) error { return nil }\n"
	_, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: source}})
	var list plugin.CompileErrors
	if !errors.As(err, &list) || list[0].File != "script.go" || list[0].Line != 6 ||
		!strings.Contains(list[0].Message, "index out of range") {
		t.Errorf("got %v, want the panic of line 6", err)
	}
}

// diesIn makes the test binary run a script that ends the process.
const diesIn = "DOMOVOI_TEST_DIES"

// TestPanicInGoroutine checks that the process ends, and says where in the
// script the panic was.
func TestPanicInGoroutine(t *testing.T) {
	if os.Getenv(diesIn) != "" {
		run := load(t, header("time")+`func work(xs []int) int {
	n := len(xs)
	if n == 0 {
		panic("nothing to do")
	}
	return xs[n]
}

func Run(ctx context.Context, engine *sdk.Engine) error {
	go work(nil)
	time.Sleep(time.Minute)
	return nil
}
`)
		_ = run(context.Background(), newEngine())
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestPanicInGoroutine$")
	cmd.Env = append(os.Environ(), diesIn+"=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) {
		t.Fatalf("the process ended with %v, want a failure", err)
	}
	place := "script.go:6:3: "
	if interp.UnderRace {
		place = "script.go:4:7: " // where the function begins
	}
	for _, want := range []string{place + "panic: main.work(...)\n", "panic: nothing to do"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr.String())
		}
	}
}
