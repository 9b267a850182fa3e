package interp

import (
	"errors"
	"fmt"
	"go/token"
	"io"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin"
)

// tracer is the standard error of an interpreter. When a script panics, yaegi
// writes a line for each function that the panic leaves; the tracer gives these
// lines the exact position, and keeps those of the run's own goroutine for the
// error of the run. In any other goroutine the panic will end the process, so
// its lines go out at once, for the host to find them.
type tracer struct {
	names *strings.Replacer // from the interpreter's file names to the author's

	fset      *token.FileSet
	functions []token.Pos    // the opening braces of functions
	byPlace   map[string]int // functions by the place of that brace
	entries   map[string]int // the entry points
	lines     []*int         // the variables of functions; nil before bind

	mu    sync.Mutex
	own   bool    // whether the last panic began in the run's goroutine, guarded by mu
	stack []frame // of the last panic in the run's goroutine, guarded by mu
}

// frame is a function of the script in a panic.
type frame struct {
	name     string
	function int            // its index, or -1 where yaegi names another place
	place    token.Position // that place
}

// maxFrames bounds the stack kept of a panic.
const maxFrames = 50

// suffix makes all files of a script have one base name, by which yaegi keeps
// imports apart.
const suffix = "/src"

func newTracer(files *token.FileSet) *tracer {
	var names []string
	files.Iterate(func(f *token.File) bool {
		names = append(names, f.Name()+suffix+":", f.Name()+":")
		return true
	})
	return &tracer{names: strings.NewReplacer(names...), byPlace: make(map[string]int), entries: make(map[string]int)}
}

// rename returns the name a file has in the interpreter.
func (t *tracer) rename(name string) string { return name + suffix }

// bind finds the variables that instrument has added. They exist once the
// interpreter has begun to execute the script.
func (t *tracer) bind(globals map[string]reflect.Value) {
	var lines []*int
	for i := range t.functions {
		v := globals[lineVariable(i)]
		if !v.CanAddr() {
			return
		}
		lines = append(lines, v.Addr().Interface().(*int))
	}
	t.lines = lines
}

// position is where a function of the script is, or was when it panicked.
func (t *tracer) position(function int) token.Position {
	pos := t.functions[function]
	if t.lines != nil {
		if line := token.Pos(*t.lines[function]); line.IsValid() {
			pos = line
		}
	}
	p := t.fset.Position(pos)
	p.Filename = strings.TrimSuffix(p.Filename, suffix)
	return p
}

// where is the position of a frame.
func (t *tracer) where(f frame) token.Position {
	if f.function < 0 {
		return f.place
	}
	return t.position(f.function)
}

// panicLine is what yaegi writes when a panic leaves a function.
var panicLine = regexp.MustCompile(`^([^\s:]+):(\d+):(\d+): panic: (\S*)\(\.\.\.\)\n$`)

// lowered is what names of functions have more than those of the script.
var lowered = regexp.MustCompile(`#\d+|\.(new|body|value)\b`)

// Write implements io.Writer.
func (t *tracer) Write(p []byte) (int, error) {
	text := t.names.Replace(string(p))
	m := panicLine.FindStringSubmatch(text)
	if m == nil {
		_, err := io.WriteString(os.Stderr, text)
		return len(p), err
	}
	f := frame{name: lowered.ReplaceAllString(m[4], ""), function: -1}
	if function, ok := t.byPlace[strings.Join(m[1:4], ":")]; ok {
		f.function = function
	} else {
		f.place = parsePosition(m[1:4])
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if begins() {
		if t.own = ownGoroutine(); t.own {
			t.stack = nil
		}
	}
	if !t.own {
		_, err := fmt.Fprintf(os.Stderr, "%s: panic: %s(...)\n", t.where(f), f.name)
		return len(p), err
	}
	if len(t.stack) < maxFrames {
		t.stack = append(t.stack, f)
	}
	return len(p), nil
}

// begins looks at the stack of a goroutine in which yaegi reports a panic. It
// reports whether yaegi has not yet passed the panic on, so that this is where
// it began.
func begins() bool {
	pcs := make([]uintptr, 256)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	panics := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panics = true
		case panics && !strings.HasPrefix(f.Function, "runtime."):
			return !passesOn(f.Function)
		}
		if !more {
			return true
		}
	}
}

// passesOn reports whether a function only passes a panic on.
func passesOn(function string) bool {
	for _, suffix := range []string{"yaegi/interp.runCfg.func1", "lower.(*Defers).Do", "lower.(*binding).call.func1"} {
		if strings.HasSuffix(function, suffix) {
			return true
		}
	}
	return false
}

// callers are the methods of a program that call the script and survive its
// panics.
var callers = []string{"run", "initialise", "test", "rethrow"}

// ownGoroutine reports whether the goroutine is the one of the run or of the
// load. A stack too deep to tell is more likely the run's.
func ownGoroutine() bool {
	pcs := make([]uintptr, 1<<16)
	n := runtime.Callers(2, pcs)
	frames := runtime.CallersFrames(pcs[:n])
	for {
		f, more := frames.Next()
		if _, method, ok := strings.Cut(f.Function, "runtime/interp.(*program)."); ok && slices.Contains(callers, method) {
			return true
		}
		if !more {
			return n == len(pcs)
		}
	}
}

// located makes an error of a panic that ended in run or initialise, and writes where
// it came from to the standard error.
func (t *tracer) located(v any) *plugin.LocatedError {
	e, trace := t.caught(v)
	io.WriteString(os.Stderr, trace)
	return e
}

// caught makes an error of a panic that has ended, and says where it came from.
func (t *tracer) caught(v any) (e *plugin.LocatedError, trace string) {
	t.mu.Lock()
	stack := t.stack
	t.stack = nil
	t.mu.Unlock()
	if r, ok := v.(reflect.Value); ok && r.CanInterface() {
		v = r.Interface() // yaegi panics with its own form of a value
	}
	e = &plugin.LocatedError{Message: "panic: " + t.panicText(v)}
	if err, ok := v.(error); ok {
		e.Err = err
	}
	if len(stack) > 0 {
		p := t.where(stack[0])
		e.File, e.Line = p.Filename, p.Line
	}
	var b strings.Builder
	fmt.Fprintln(&b, e.Message)
	for _, f := range stack {
		fmt.Fprintf(&b, "\t%s: %s\n", t.where(f), f.name)
	}
	return e, b.String()
}

// plainText says in the words of Go what the interpreter says in those of
// package reflect.
var plainText = []struct{ prefix, text string }{
	{"reflect: slice index out of range", "runtime error: index out of range"},
	{"reflect: array index out of range", "runtime error: index out of range"},
	{"reflect: string index out of range", "runtime error: index out of range"},
	{"reflect.Value.Slice: ", "runtime error: slice bounds out of range"},
	{"reflect.Value.Slice3: ", "runtime error: slice bounds out of range"},
}

// panicText is the text of a panic. Its position, which some have, stands
// elsewhere in the error.
func (t *tracer) panicText(v any) string {
	text := t.names.Replace(fmt.Sprint(v))
	if e, ok := v.(*reflect.ValueError); ok && e.Kind == reflect.Invalid {
		return "runtime error: invalid memory address or nil pointer dereference"
	}
	for _, p := range plainText {
		if strings.HasPrefix(text, p.prefix) {
			return p.text
		}
	}
	if m := position.FindString(text); m != "" {
		if _, ok := v.(error); ok {
			return strings.TrimPrefix(text, m)
		}
	}
	return text
}

// returned says on which line an entry point returned an error. The errors that only end a
// run stay as they are.
func (t *tracer) returned(name string, err error) error {
	var exit *sdk.ExitError
	if errors.As(err, &exit) {
		return err
	}
	entry, ok := t.entries[name]
	if !ok {
		return err
	}
	p := t.position(entry)
	return &plugin.LocatedError{File: p.Filename, Line: p.Line, Err: err}
}
