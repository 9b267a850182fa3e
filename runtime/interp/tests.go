package interp

import (
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"io"
	"path"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"domovoi.dev/runtime/interp/internal/lower"
	"domovoi.dev/runtime/interp/internal/symbols"
	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/sdktest"
	"domovoi.dev/sdk/slnet"
)

// TestOptions say which tests of a script run, and what they tell.
type TestOptions struct {
	// Run is an expression that the names of tests match, as that of the go
	// command; empty means all.
	Run string
	// Verbose prints the names and logs of all tests.
	Verbose bool
}

// CheckTests finds what Test would refuse, without running anything. The error is
// a plugin.CompileErrors.
func CheckTests(files []slnet.ScriptFile) error {
	_, err := newTests(files)
	return err
}

// Test runs the tests of a script, whose files come with those of the script, and
// ends the process as the test binary of the go command does: with what it prints
// and its exit code. It returns only where the tests cannot run.
//
// The tests run one at a time, with the real package testing, as far as
// script.CheckTests knows it. A panic fails its test, and the others go on.
func Test(files []slnet.ScriptFile, o TestOptions) error {
	t, err := newTests(files)
	if err != nil {
		return err
	}
	if _, err := regexp.Compile(o.Run); err != nil {
		return slnet.Errorf(slnet.KindInvalid, "%q is no regular expression: %v", o.Run, err)
	}
	testing.Init()
	for name, value := range map[string]string{"test.run": o.Run, "test.v": fmt.Sprint(o.Verbose), "test.parallel": "1", "test.timeout": "10m"} {
		if err := flag.Set(name, value); err != nil {
			return err
		}
	}
	if err := flag.CommandLine.Parse(nil); err != nil { // the process has other flags
		return err
	}
	if err := t.program.initialise(); err != nil {
		return err
	}
	list, err := t.list()
	if err != nil {
		return err
	}
	testing.Main(regexp.MatchString, list, nil, nil)
	return nil
}

// tests are those of a script in its interpreter.
type tests struct {
	source  *script.Checked
	program *program

	mu   sync.Mutex
	call *testCall // guarded by mu: the innermost that is made
}

// testCall is a call that a test has made: of the package testing or sdktest, or
// of a function of its own that may be a helper.
type testCall struct {
	pos   token.Pos // where it is to be told of
	outer *testCall
}

// newTests makes a program that has not begun to run.
func newTests(files []slnet.ScriptFile) (*tests, error) {
	source, err := script.CheckTests(files)
	if err != nil {
		return nil, err
	}
	t := &tests{source: source}
	if t.program, err = newProgram(source, surroundings{symbols: t.symbols, watch: lower.Watch{Calls: watchedCalls(source), Enter: t.enter}}); err != nil {
		return nil, err
	}
	return t, t.program.compile()
}

// enter notes a call. What a helper does is told of where its caller called it.
func (t *tests) enter(pos token.Pos, helper bool) (leave func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	outer := t.call
	if helper && outer != nil {
		pos = outer.pos
	}
	t.call = &testCall{pos, outer}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.call = outer
	}
}

// place is where the call stands that is being made, as a test tells it.
func (t *tests) place() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.call == nil {
		return ""
	}
	p := t.source.Fset.Position(t.call.pos)
	return fmt.Sprintf("%s:%d: ", path.Base(p.Filename), p.Line)
}

// list makes the tests that package testing runs.
func (t *tests) list() ([]testing.InternalTest, error) {
	var list []testing.InternalTest
	for _, name := range t.source.Tests {
		fn, err := t.program.interp.Eval("main." + name)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", name, err)
		}
		run, ok := lower.Callable(fn, t.program.entries[name], fn.Call).Interface().(func(*testT))
		if !ok {
			return nil, fmt.Errorf("the interpreter made a %s of %s", t.program.entries[name], name)
		}
		list = append(list, testing.InternalTest{Name: name, F: func(real *testing.T) {
			t.program.test(real, func() { run(&testT{real, t}) })
		}})
	}
	return list, nil
}

// test calls a function of a test, whose panic fails the test. Its name is how the
// tracer knows that the panic does not end the process.
func (p *program) test(t *testing.T, f func()) {
	defer func() {
		if v := recover(); v != nil {
			_, trace := p.trace.caught(v)
			io.WriteString(t.Output(), trace)
			t.Fail()
		}
	}()
	f()
}

// watchedCalls are the calls in tests whose places are told.
func watchedCalls(source *script.Checked) map[*ast.CallExpr]bool {
	w := testWatcher{info: source.Info, pkg: source.Package, helpers: make(map[ast.Node]bool), declared: make(map[types.Object]ast.Node), calls: make(map[*ast.CallExpr]bool)}
	var files []*ast.File
	for _, f := range source.Syntax {
		if script.IsTest(source.Fset.File(f.Package).Name()) {
			files = append(files, f)
		}
	}
	for _, f := range files {
		w.findHelpers(f)
	}
	for _, f := range files {
		w.findCalls(f, false)
	}
	return w.calls
}

type testWatcher struct {
	info     *types.Info
	pkg      *types.Package
	helpers  map[ast.Node]bool // functions that call Helper
	declared map[types.Object]ast.Node
	calls    map[*ast.CallExpr]bool
}

// findHelpers finds the functions that call Helper themselves. Methods are not
// among them: which one is called need not be known.
func (w *testWatcher) findHelpers(f *ast.File) {
	var visit func(node, function ast.Node)
	visit = func(node, function ast.Node) {
		ast.Inspect(node, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n != node && n.Body != nil {
					function := ast.Node(n)
					if n.Recv != nil {
						function = nil
					} else {
						w.declared[w.info.Defs[n.Name]] = n
					}
					visit(n.Body, function)
					return false
				}
			case *ast.FuncLit:
				visit(n.Body, n)
				return false
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Helper" && function != nil && w.isCompiled(w.info.Uses[s.Sel]) {
					w.helpers[function] = true
				}
			}
			return true
		})
	}
	visit(f, nil)
}

// findCalls finds the calls below a node.
func (w *testWatcher) findCalls(node ast.Node, helper bool) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n != node && n.Body != nil {
				w.findCalls(n.Body, w.helpers[n])
				return false
			}
		case *ast.FuncLit:
			if n != node {
				w.findCalls(n.Body, w.helpers[n])
				return false
			}
		case *ast.CallExpr:
			if w.wants(n) {
				w.calls[n] = helper
			}
		}
		return true
	})
}

// wants reports whether a call is of a compiled function of tests, of a helper,
// or of a value that may be one.
func (w *testWatcher) wants(n *ast.CallExpr) bool {
	if tv := w.info.Types[n.Fun]; tv.IsType() || tv.IsBuiltin() {
		return false
	}
	switch fun := ast.Unparen(n.Fun).(type) {
	case *ast.Ident:
		if fn, ok := w.info.Uses[fun].(*types.Func); ok {
			return w.helpers[w.declared[fn]]
		}
		return true
	case *ast.SelectorExpr:
		return w.isCompiled(w.info.Uses[fun.Sel])
	}
	return false
}

// isCompiled reports whether an object is a function of the packages for tests.
func (w *testWatcher) isCompiled(obj types.Object) bool {
	fn, ok := obj.(*types.Func)
	return ok && fn.Pkg() != nil && (fn.Pkg().Path() == "testing" || strings.HasSuffix(fn.Pkg().Path(), "/sdktest"))
}

// symbols is what tests see of packages that scripts do not have.
func (t *tests) symbols(path string) (symbols.Package, bool) {
	table := map[string]map[string]reflect.Value{
		"testing": {
			"T":       reflect.ValueOf((*testT)(nil)),
			"TB":      reflect.ValueOf((*testing.TB)(nil)),
			"Short":   reflect.ValueOf(testing.Short),
			"Verbose": reflect.ValueOf(testing.Verbose),
		},
		"domovoi.dev/sdk/sdktest": {
			"House":   reflect.ValueOf((*testHouse)(nil)),
			"Options": reflect.ValueOf((*sdktest.Options)(nil)),
			"Run":     reflect.ValueOf((*sdktest.Run)(nil)),
			"Open":    reflect.ValueOf(func(tb testing.TB) *testHouse { return &testHouse{sdktest.Open(tb), t} }),
		},
		// What House.Connection returns.
		"domovoi.dev/sdk/client": {"Client": reflect.ValueOf((*client.Client)(nil))},
	}[path]
	name := path[strings.LastIndexByte(path, '/')+1:]
	return symbols.Package{Name: name, Symbols: func() map[string]reflect.Value { return table }}, table != nil
}

// testT stands for testing.T in tests. It knows the places in the source.
type testT struct {
	*testing.T
	tests *tests
}

// tell writes as Log of package testing does.
func (t *testT) tell(text string) {
	text = strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ")
	io.WriteString(t.T.Output(), t.tests.place()+text+"\n")
}

func (t *testT) Log(args ...any)                 { t.tell(fmt.Sprintln(args...)) }
func (t *testT) Logf(format string, args ...any) { t.tell(fmt.Sprintf(format, args...)) }

func (t *testT) Error(args ...any)                 { t.Log(args...); t.Fail() }
func (t *testT) Errorf(format string, args ...any) { t.Logf(format, args...); t.Fail() }

func (t *testT) Fatal(args ...any)                 { t.Log(args...); t.FailNow() }
func (t *testT) Fatalf(format string, args ...any) { t.Logf(format, args...); t.FailNow() }

func (t *testT) Skip(args ...any)                 { t.Log(args...); t.SkipNow() }
func (t *testT) Skipf(format string, args ...any) { t.Logf(format, args...); t.SkipNow() }

// Run runs a subtest.
func (t *testT) Run(name string, f func(*testT)) bool {
	return t.T.Run(name, func(real *testing.T) {
		t.tests.program.test(real, func() { f(&testT{real, t.tests}) })
	})
}

// Cleanup calls a function when the test has ended.
func (t *testT) Cleanup(f func()) {
	t.T.Cleanup(func() { t.tests.program.test(t.T, f) })
}

// testHouse stands for sdktest.House.
type testHouse struct {
	*sdktest.House
	tests *tests
}

// Run calls a Run of the script. Its panics get the texts they have in a worker.
func (h *testHouse) Run(fn any, o sdktest.Options) *sdktest.Run {
	if f := reflect.ValueOf(fn); f.Kind() == reflect.Func && !f.IsNil() {
		fn = reflect.MakeFunc(f.Type(), func(in []reflect.Value) []reflect.Value { return h.tests.program.rethrow(f, in) }).Interface()
	}
	return h.House.Run(fn, o)
}

// rethrow calls a function of the script and panics as compiled code would.
func (p *program) rethrow(f reflect.Value, in []reflect.Value) []reflect.Value {
	defer func() {
		if v := recover(); v != nil {
			e, _ := p.trace.caught(v)
			if e.Err != nil {
				panic(e.Err)
			}
			panic(strings.TrimPrefix(e.Message, "panic: "))
		}
	}()
	return f.Call(in)
}
