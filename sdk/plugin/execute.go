package plugin

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// outcome is what came of an entry point, and of OnDestroy after it.
type outcome struct {
	result         []byte
	err, destroyed error
}

// execution is the execution of an entry point, and of OnDestroy after it.
type execution struct {
	engine *sdk.Engine
	source string // of the script, for the places of panics
	// start carries a function out in a goroutine of the run.
	start func(func())
	ended chan outcome // gets the one outcome
}

// begin calls an entry point and then destroy, unless that is nil. Whatever ends
// the one does not keep the other from being called.
func (e *execution) begin(ctx context.Context, entry, destroy call, input []byte) {
	e.call(ctx, entry, input, func(result []byte, err error) {
		if destroy == nil {
			e.ended <- outcome{result: result, err: err}
			return
		}
		e.call(context.WithoutCancel(ctx), destroy, nil, func(_ []byte, destroyed error) {
			e.ended <- outcome{result, err, destroyed}
		})
	})
}

// call calls a function of the script in a goroutine, and then as the last thing
// in that goroutine. It survives a panic, and a function that ends its
// goroutine.
func (e *execution) call(ctx context.Context, fn call, input []byte, then func(result []byte, err error)) {
	e.start(func() {
		var result []byte
		var err error
		returned := false
		defer func() {
			if !returned {
				err = panicked(recover(), e.engine, e.source)
			}
			then(result, err)
		}()
		result, err = fn(ctx, e.engine, input)
		returned = true
	})
}

// panicked makes an error of what recover returned, which is nil where the
// goroutine was ended without a panic. The stack goes to the log of the run.
func panicked(v any, engine *sdk.Engine, source string) error {
	if v == nil {
		return &LocatedError{Message: "the entry point ended its goroutine (runtime.Goexit) instead of returning"}
	}
	engine.Log.Error(fmt.Sprintf("panic: %v\n%s", v, debug.Stack()))
	err, _ := v.(error)
	var located *LocatedError
	if errors.As(err, &located) {
		return &LocatedError{Message: "panic: " + located.text(), File: located.File, Line: located.Line, Err: err}
	}
	file, line := sourceFrame(source)
	return &LocatedError{Message: fmt.Sprintf("panic: %v", v), File: file, Line: line, Err: err}
}

// sourceFrame finds the innermost frame of the calling goroutine that is in the
// script's own package.
func sourceFrame(source string) (file string, line int) {
	if source == "" {
		return "", 0
	}
	pcs := make([]uintptr, 256)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, source+".") {
			return filepath.Base(frame.File), frame.Line
		}
		if !more {
			return "", 0
		}
	}
}

// result makes the result of a run.
func result(engine *sdk.Engine, o outcome) *session.Finished {
	finished := &session.Finished{Output: make(map[string]string), Result: o.result}
	for key, value := range engine.GetScriptResult() {
		finished.Output[session.Text(key)] = session.Text(value)
	}
	var list []slnet.RunError
	for _, text := range engine.Errors() {
		list = append(list, slnet.RunError{Message: text})
	}
	var exit *sdk.ExitError
	switch {
	case o.err == nil:
	case errors.As(o.err, &exit):
		finished.ExitReason = session.Text(exit.Reason)
		finished.Failed = exit.Failed
	default:
		list = append(list, runError(o.err))
		var retryable *sdk.RetryableError
		finished.Retryable = errors.As(o.err, &retryable)
	}
	if o.destroyed != nil && (!errors.As(o.destroyed, &exit) || exit.Failed) {
		e := runError(o.destroyed)
		e.Message = slnet.EntryPointOnDestroy + ": " + e.Message
		list = append(list, e)
	}
	finished.Failed = finished.Failed || len(list) > 0
	finished.Errors = session.FromRunErrors(list)
	return bounded(finished)
}

// runError is err as the record of a run has it.
func runError(err error) slnet.RunError {
	e := slnet.RunError{Message: err.Error(), Reasons: reasons(err, nil)}
	var located *LocatedError
	if errors.As(err, &located) {
		e.File, e.Line = located.File, int64(located.Line)
		if err == error(located) {
			e.Message = located.text()
		}
	}
	return e
}

// reasons collects the documented reasons in err and all it wraps, each once.
func reasons(err error, list []slnet.Reason) []slnet.Reason {
	switch e := err.(type) {
	case nil:
		return list
	case slnet.Reason:
		list = addReason(list, e)
	case *slnet.Error:
		list = addReason(list, e.Reason)
	case *slnet.CrudFailedError:
		list = traceReasons(&e.TraceData, list)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		list = reasons(e.Unwrap(), list)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			list = reasons(inner, list)
		}
	}
	return list
}

func traceReasons(trace *slnet.TraceData, list []slnet.Reason) []slnet.Reason {
	if trace == nil {
		return list
	}
	for _, e := range trace.ErrorData {
		list = addReason(list, e.Reason)
		list = traceReasons(e.Properties.InnerTraceData, list)
	}
	return list
}

func addReason(list []slnet.Reason, reason slnet.Reason) []slnet.Reason {
	if reason == "" || slices.Contains(list, reason) {
		return list
	}
	return append(list, reason)
}

// bounded replaces a result that is too large to send by one that says so.
func bounded(finished *session.Finished) *session.Finished {
	size := proto.Size(finished)
	if size <= session.MaxPayloadBytes {
		return finished
	}
	return &session.Finished{
		Failed: true,
		Errors: []*session.RunError{{Message: fmt.Sprintf(
			"the output, result and errors of the run are %d bytes; at most %d are allowed", size, session.MaxPayloadBytes)}},
	}
}
