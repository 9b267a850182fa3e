package sdktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/schema"
	"domovoi.dev/sdk/slnet"
)

// Options say who calls a function of a script, and with what.
type Options struct {
	// User is whose rights the engine has; empty means the Administrator.
	User string
	// Script is the name of the script as the engine tells it; empty means
	// "script".
	Script string
	// Parameters are the parameters by name, for GetScriptParam.
	Parameters map[string]string
	// Input is what a Run with typed parameters is called with: a struct, a map,
	// or slnet.JSON. It is checked as the daemon checks it, and what is left out
	// of a map or of JSON has its default. A struct leaves nothing out.
	Input any
	// Timeout ends the context of the function; 0 means after a minute.
	Timeout time.Duration
}

// Run is what came of a call, as the record of a run has it.
type Run struct {
	// State is slnet.RunSucceeded or slnet.RunFailed.
	State      slnet.RunState
	ExitReason string
	Errors     []string
	// Err is what the function returned, nil also where it was not called because
	// its input was refused. It is there for errors.Is.
	Err    error
	Output map[string]string
	// Result is what the function returned besides its error, in JSON.
	Result slnet.JSON
	// Log are the lines that were logged. What the function prints goes to the
	// output of the test.
	Log []slnet.LogLine
}

// Engine returns an engine with the rights of a user, for entry points other than
// Run and for functions below them. Its log goes to that of the test.
func (h *House) Engine(user string, o Options) *sdk.Engine {
	h.t.Helper()
	o.User = user
	return h.engine(o, "", func(line slnet.LogLine) { h.t.Logf("%s %s", line.Level, line.Text) })
}

func (h *House) engine(o Options, entryPoint string, log func(slnet.LogLine)) *sdk.Engine {
	h.t.Helper()
	user, script := o.User, o.Script
	if user == "" {
		user = slnet.AdministratorName
	}
	if script == "" {
		script = "script"
	}
	return sdk.NewEngine(sdk.RunInfo{
		ID: uuid.New(), Script: script, EntryPoint: entryPoint, Attempt: 1,
		StartedBy: user, RunsAs: user, Parameters: o.Parameters,
	}, sdk.Host{Connection: h.Connection(user), Log: log, KeepAlive: func() {}})
}

// Run calls a Run of a script, in any of its signatures, and returns when it has.
// A panic fails the run, as on a daemon. A function of another signature fails
// the test.
func (h *House) Run(fn any, o Options) *Run {
	h.t.Helper()
	f, err := newFunction(fn)
	if err != nil {
		h.t.Fatal(err)
	}
	run := &Run{State: slnet.RunFailed}
	in, err := f.arguments(o.Input)
	if err != nil {
		run.Errors = []string{err.Error()}
		return run
	}
	var mu sync.Mutex
	engine := h.engine(o, slnet.EntryPointRun, func(line slnet.LogLine) {
		mu.Lock()
		defer mu.Unlock()
		run.Log = append(run.Log, line)
	})
	timeout := o.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(h.t.Context(), timeout)
	defer cancel()
	run.Result, run.Err = f.call(ctx, engine, in)
	run.Output = engine.GetScriptResult()
	run.Errors = engine.Errors()
	var exit *sdk.ExitError
	switch {
	case errors.As(run.Err, &exit):
		run.ExitReason = exit.Reason
	case run.Err != nil:
		run.Errors = append(run.Errors, run.Err.Error())
	}
	if len(run.Errors) == 0 && (exit == nil || !exit.Failed) {
		run.State = slnet.RunSucceeded
	}
	mu.Lock()
	defer mu.Unlock()
	done := *run // what is logged later, by goroutines that go on, is not in it
	return &done
}

// function is a Run with what it takes and returns.
type function struct {
	value              reflect.Value
	parameters, result *schema.Schema // nil where it has none
}

func newFunction(fn any) (*function, error) {
	f := &function{value: reflect.ValueOf(fn)}
	bad := slnet.Errorf(slnet.KindInvalid, "a function of the type %T cannot be run; want func Run(ctx context.Context, engine *sdk.Engine) error, "+
		"also with a struct of parameters and with a result. Call other entry points with House.Engine", fn)
	if f.value.Kind() != reflect.Func || f.value.IsNil() {
		return nil, bad
	}
	t := f.value.Type()
	if t.IsVariadic() || t.NumIn() < 2 || t.NumIn() > 3 || t.NumOut() < 1 || t.NumOut() > 2 || t.In(0) != reflect.TypeFor[context.Context]() ||
		t.In(1) != reflect.TypeFor[*sdk.Engine]() || t.Out(t.NumOut()-1) != reflect.TypeFor[error]() || t.NumIn() == 3 && t.In(2).Kind() != reflect.Struct {
		return nil, bad
	}
	var err error
	if t.NumIn() == 3 {
		if f.parameters, err = schema.Of(schema.Compiled(t.In(2))); err != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "the parameters of Run: %v", err)
		}
	}
	if t.NumOut() == 2 {
		if f.result, err = schema.Of(schema.Compiled(t.Out(0))); err != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "the result of Run: %v", err)
		}
	}
	return f, nil
}

// arguments are the arguments behind the engine.
func (f *function) arguments(input any) ([]reflect.Value, error) {
	if f.parameters == nil {
		if input != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "Run has no typed parameters; give it Parameters, not Input")
		}
		return nil, nil
	}
	value, err := f.plain(input)
	if err == nil {
		value, err = f.parameters.Check(value)
	}
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the parameters of Run are wrong:\n%v", err)
	}
	v := reflect.New(f.value.Type().In(2)).Elem()
	if err := f.parameters.Decode(v, value); err != nil {
		return nil, err
	}
	return []reflect.Value{v}, nil
}

// plain is an input as a value of JSON.
func (f *function) plain(input any) (any, error) {
	if input == nil {
		return map[string]any{}, nil
	}
	if v := reflect.ValueOf(input); v.Type() == f.value.Type().In(2) {
		encoded, err := f.parameters.Encode(v)
		if err != nil {
			return nil, err
		}
		input = encoded
	}
	text, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	return schema.Parse(text)
}

// call calls the function. It survives a panic.
func (f *function) call(ctx context.Context, engine *sdk.Engine, in []reflect.Value) (result slnet.JSON, err error) {
	defer func() {
		if v := recover(); v != nil {
			engine.Log.Error(fmt.Sprintf("panic: %v\n%s", v, debug.Stack()))
			if cause, ok := v.(error); ok {
				err = fmt.Errorf("panic: %w", cause)
			} else {
				err = fmt.Errorf("panic: %v", v)
			}
		}
	}()
	out := f.value.Call(append([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(engine)}, in...))
	if err, ok := out[len(out)-1].Interface().(error); ok {
		return nil, err
	}
	if f.result == nil {
		return nil, nil
	}
	encoded, err := f.result.Encode(out[0])
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the result of Run: %v", err)
	}
	return json.Marshal(encoded)
}
