package plugin

import (
	"fmt"
	"reflect"
	"strings"

	"domovoi.dev/sdk/schema"
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
	//	func(ctx context.Context, engine *sdk.Engine, p Params) (Result, error)
	//
	// Params is a struct, Result any type that package schema describes; a
	// function may have the one without the other.
	Run any
	// OnDomInstanceCrud is called when an instance was created, updated or
	// deleted:
	//
	//	func(ctx context.Context, engine *sdk.Engine, id dom.InstanceReference, crudType dom.CrudType) error
	OnDomInstanceCrud any
	// OnDomInstanceCrudWithFullMeta is called likewise, with the versions of the
	// instance:
	//
	//	func(ctx context.Context, engine *sdk.Engine, meta dom.InstanceCrudMeta) error
	OnDomInstanceCrudWithFullMeta any
	// OnDomAction is called when an action of an instance is executed:
	//
	//	func(ctx context.Context, engine *sdk.Engine, action dom.ActionContext) error
	OnDomAction any
	// OnApiTrigger answers a request to a user-defined API:
	//
	//	func(ctx context.Context, engine *sdk.Engine, input slnet.ApiTriggerInput) (slnet.ApiTriggerOutput, error)
	OnApiTrigger any
	// OnRequestScriptInfo answers a question about the script:
	//
	//	func(ctx context.Context, engine *sdk.Engine, input slnet.RequestScriptInfoInput) (slnet.RequestScriptInfoOutput, error)
	OnRequestScriptInfo any
	// OnDestroy is called when another entry point has ended: it returned,
	// panicked in its own goroutine, or was cancelled. Its context is not
	// cancelled with the run; the process is killed when it takes longer than the
	// host's grace. Its error makes the run a failed one.
	//
	//	func(ctx context.Context, engine *sdk.Engine) error
	OnDestroy any
}

// Loaded is a script that a Loader made, and what its engine knows of the source.
type Loaded struct {
	Script
	// Description says what the script is for, in a sentence.
	Description string
	// Stateless says that a run leaves nothing in the script's package, or in
	// those it imports, that a later run in the same process would find. Only then
	// may the process carry one.
	Stateless bool
	// Concurrent says that goroutines of the script may go on when an entry point
	// has returned.
	Concurrent bool
}

// Loader makes a script of source files. It is called at most once in the life
// of a process. Its error is a CompileErrors where the source is at fault; any
// other error means that the loader itself failed.
type Loader func(files []slnet.ScriptFile) (Loaded, error)

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

// points are the calls of a script's entry points by name.
type points struct {
	calls   map[string]call
	destroy call // nil where the script has no OnDestroy

	params, result *schema.Schema // of Run; nil where it has none
}

// names are the names of all entry points, in the platform's order.
func (p *points) names() []string {
	var names []string
	for _, e := range EntryPoints() {
		if _, ok := p.calls[e.Name]; ok || e.Name == slnet.EntryPointOnDestroy && p.destroy != nil {
			names = append(names, e.Name)
		}
	}
	return names
}

// points checks the functions of the script.
func (s *Script) points() (*points, error) {
	p := &points{calls: make(map[string]call)}
	for _, e := range EntryPoints() {
		fn := e.of(s)
		if fn == nil {
			continue
		}
		var bound call
		var err error
		if e.Type == nil {
			bound, err = p.bindRun(fn)
		} else {
			bound, err = e.call(fn)
		}
		switch {
		case err != nil:
			return nil, err
		case e.Name == slnet.EntryPointOnDestroy:
			p.destroy = bound
		default:
			p.calls[e.Name] = bound
		}
	}
	return p, nil
}

func (e *EntryPoint) call(fn any) (call, error) {
	v := reflect.ValueOf(fn)
	switch {
	case v.Type() != e.Type:
		return nil, slnet.Errorf(slnet.KindInvalid, "%s has the signature %T; want %s", e.Name, fn, e.Signature)
	case v.IsNil():
		return nil, slnet.Errorf(slnet.KindInvalid, "%s is a nil function", e.Name)
	}
	return e.bind(fn), nil
}
