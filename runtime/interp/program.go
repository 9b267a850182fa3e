package interp

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/traefik/yaegi/interp"

	"domovoi.dev/runtime/interp/internal/lower"
	"domovoi.dev/runtime/interp/internal/symbols"
	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// program is a script in its interpreter.
type program struct {
	interp *interp.Interpreter
	trace  *tracer
	file   *ast.File
	// compiled is what compile made of file.
	compiled *interp.Program
	// entries are the types of the entry points, with the script's own types as
	// compiled code sees them.
	entries map[string]reflect.Type
}

// surroundings are what tests have beside what scripts have.
type surroundings struct {
	// symbols looks up a package that scripts cannot import.
	symbols func(path string) (symbols.Package, bool)
	watch   lower.Watch
}

// newProgram makes an interpreter that knows what the script imports.
func newProgram(source *script.Checked, more surroundings) (*program, error) {
	p := &program{trace: newTracer(source.Fset)}
	p.interp = interp.New(interp.Options{
		Stdin:                strings.NewReader(""),
		Stdout:               stdout{},
		Stderr:               p.trace,
		Args:                 []string{},
		SourcecodeFilesystem: noFiles{},
	})
	fset := p.interp.FileSet()
	program, refusals, err := lowerProgram(p.interp, source, more.watch, func(path string) (string, map[string]reflect.Value) {
		pkg, ok := symbols.Packages[path]
		if !ok && more.symbols != nil {
			pkg, ok = more.symbols(path)
		}
		if !ok {
			return "", nil
		}
		return pkg.Name, pkg.Symbols()
	})
	if len(refusals) > 0 {
		return nil, compileErrors(source.Fset, refusals)
	}
	if err != nil {
		return nil, err
	}
	copyPositions(fset, source.Fset, p.trace.rename)
	p.file, p.entries = program.File, program.EntryPoints
	p.trace.instrument(p.interp.FileSet(), p.file)
	return p, nil
}

// stdout is the standard output as it is when something is written, because the
// process may change it.
type stdout struct{}

func (stdout) Write(p []byte) (int, error) { return os.Stdout.Write(p) }

// noFiles is the file system of imports: all that a script can import is there
// already.
type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// initialise runs the initialisation of the script's package.
func (p *program) initialise() error {
	_, err := p.interp.Execute(p.compiled)
	p.trace.bind(p.interp.Globals())
	if err != nil {
		var panicked interp.Panic
		if !errors.As(err, &panicked) {
			return p.compileError(err)
		}
		located := p.trace.located(panicked.Value)
		return plugin.CompileErrors{{
			File: located.File, Line: located.Line,
			Message: "in the initialisation of package variables: " + located.Message,
		}}
	}
	return nil
}

// script finds the entry points.
func (p *program) script(source *script.Checked) (plugin.Script, error) {
	var s plugin.Script
	for name, field := range map[string]*any{
		slnet.EntryPointRun:                           &s.Run,
		slnet.EntryPointOnDomInstanceCrud:             &s.OnDomInstanceCrud,
		slnet.EntryPointOnDomInstanceCrudWithFullMeta: &s.OnDomInstanceCrudWithFullMeta,
		slnet.EntryPointOnDomAction:                   &s.OnDomAction,
		slnet.EntryPointOnApiTrigger:                  &s.OnApiTrigger,
		slnet.EntryPointOnRequestScriptInfo:           &s.OnRequestScriptInfo,
		slnet.EntryPointOnDestroy:                     &s.OnDestroy,
	} {
		if !slices.Contains(source.EntryPoints, name) {
			continue
		}
		fn, err := p.interp.Eval("main." + name)
		if err != nil {
			return plugin.Script{}, fmt.Errorf("find %s: %w", name, err)
		}
		if fn.Kind() != reflect.Func {
			return plugin.Script{}, fmt.Errorf("the interpreter made a %s of %s", fn.Type(), name)
		}
		*field = lower.Callable(fn, p.entries[name], func(in []reflect.Value) []reflect.Value { return p.run(name, fn, in) }).Interface()
	}
	if source.Parameters != nil || source.Result != nil {
		s.Run = plugin.Typed{Func: s.Run, Parameters: source.Parameters, Result: source.Result}
	}
	return s, nil
}

// compile compiles the script. It turns panics of the compiler into errors: yaegi
// has some on source it does not know.
func (p *program) compile() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = p.compileError(fmt.Errorf("the interpreter cannot compile this script: %v", v))
		}
	}()
	if p.compiled, err = p.interp.CompileAST(p.file); err != nil {
		return p.compileError(err)
	}
	return nil
}

var position = regexp.MustCompile(`^([^:\s]+):(\d+):(\d+): `)

// compileError locates an error of the compiler, which says where only in its
// text.
func (p *program) compileError(err error) plugin.CompileErrors {
	text := p.trace.names.Replace(err.Error())
	m := position.FindStringSubmatch(text)
	if m == nil {
		return plugin.CompileErrors{{Message: text + inPlugin}}
	}
	at := parsePosition(m[1:])
	return plugin.CompileErrors{{File: at.Filename, Line: at.Line, Column: at.Column, Message: "the interpreter cannot compile this: " + text[len(m[0]):] + inPlugin}}
}

// parsePosition makes a position of its file, line and column.
func parsePosition(parts []string) token.Position {
	line, _ := strconv.Atoi(parts[1])
	column, _ := strconv.Atoi(parts[2])
	return token.Position{Filename: parts[0], Line: line, Column: column}
}

// run calls an entry point. Its name is how the tracer knows the run's own
// goroutine.
func (p *program) run(name string, fn reflect.Value, in []reflect.Value) (out []reflect.Value) {
	failed := func(err error) []reflect.Value {
		out := make([]reflect.Value, fn.Type().NumOut())
		for i := range out {
			out[i] = reflect.Zero(fn.Type().Out(i))
		}
		out[len(out)-1] = reflect.ValueOf(&err).Elem()
		return out
	}
	defer func() {
		if v := recover(); v != nil {
			out = failed(p.trace.located(v))
		}
	}()
	out = fn.Call(in)
	if err, ok := out[len(out)-1].Interface().(error); ok {
		return failed(p.trace.returned(name, err))
	}
	return out
}

// exportKey is where Use finds path and name of a package. The doubled slash is
// for yaegi not to recognise the standard library: it would replace fmt.Print
// and compile its own versions of packages that scripts do not have.
func exportKey(path, name string) string { return path + "//" + name }
