package plugin

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// Script holds the entry points of a script: functions, or nil where the script
// has none. The fields are of type any because an entry point may come in
// several signatures; Serve refuses a function of another signature with an
// error that names the field, what it got and what it wants.
type Script struct {
	// Run is called when the script is executed:
	//
	//	func(ctx context.Context, engine *sdk.Engine) error
	Run any
}

// Loader makes a Script of source files. It is called at most once in the life
// of a process. Its error is a CompileErrors where the source is at fault; any
// other error means that the loader itself failed.
type Loader func(files []slnet.ScriptFile) (Script, error)

// CompileError is one mistake in the source of a script.
type CompileError struct {
	File         string
	Line, Column int // counted from 1; 0 where it is not known
	Message      string
}

func (e CompileError) Error() string {
	return place(e.File, e.Line, e.Column) + e.Message
}

// CompileErrors are all mistakes found, in the order of the source.
type CompileErrors []CompileError

func (e CompileErrors) Error() string {
	lines := make([]string, len(e))
	for i, c := range e {
		lines[i] = c.Error()
	}
	return strings.Join(lines, "\n")
}

// LocatedError says where in the script's own source something happened. An
// engine that executes scripts returns it from an entry point, or panics with
// it, so that the error of the run has a file and a line.
type LocatedError struct {
	// Message says what happened. When it is empty, Err does.
	Message string
	File    string
	Line    int
	// Err is the cause, nil when there is none.
	Err error
}

func (e *LocatedError) Error() string { return place(e.File, e.Line, 0) + e.text() }

// Unwrap returns the cause.
func (e *LocatedError) Unwrap() error { return e.Err }

func (e *LocatedError) text() string {
	if e.Message == "" && e.Err != nil {
		return e.Err.Error()
	}
	return e.Message
}

// place is the prefix of an error text: "script.go:3:1: ".
func place(file string, line, column int) string {
	switch {
	case file == "":
		return ""
	case line == 0:
		return file + ": "
	case column == 0:
		return fmt.Sprintf("%s:%d: ", file, line)
	default:
		return fmt.Sprintf("%s:%d:%d: ", file, line, column)
	}
}

// runFunc is the one signature Run has today.
type runFunc = func(ctx context.Context, engine *sdk.Engine) error

// entryPoint calls one entry point of a script.
type entryPoint func(ctx context.Context, engine *sdk.Engine) error

// entryPoints checks the functions of the script and returns them by name. A
// further entry point is one more field above and one more case here.
func (s Script) entryPoints() (map[string]entryPoint, error) {
	points := make(map[string]entryPoint)
	if s.Run != nil {
		run, ok := s.Run.(runFunc)
		if !ok {
			return nil, signatureError("Run", s.Run, reflect.TypeFor[runFunc]())
		}
		if run == nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "Run is a nil function")
		}
		points["Run"] = run
	}
	if len(points) == 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "the script has no entry point; want func Run%s",
			strings.TrimPrefix(reflect.TypeFor[runFunc]().String(), "func"))
	}
	return points, nil
}

func signatureError(name string, got any, want reflect.Type) error {
	return slnet.Errorf(slnet.KindInvalid, "%s has the signature %T; want %v", name, got, want)
}
