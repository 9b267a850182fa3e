// Package sdk is what a script is written with. A script is a Go file of
// package main with a function
//
//	func Run(ctx context.Context, engine *sdk.Engine) error
//
// and the Engine is its access to everything: messages, the helpers of DOM
// modules, its parameters, output and log. All of it happens under the identity
// of the user the run has the rights of.
package sdk

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// RunInfo says which run this is and where it comes from.
type RunInfo struct {
	ID            uuid.UUID
	Script        string
	ScriptVersion int64
	// EntryPoint is the name of the function that was called.
	EntryPoint string
	// Attempt counts the executions of this run from 1.
	Attempt int64
	// StartedBy is who or what caused the run.
	StartedBy string
	// Trigger names what started the run by itself, such as "schedule nightly";
	// empty where a person, a program or another run did.
	Trigger string
	// RunsAs is the name of the user whose rights the run has, and
	// RunsAsDisplayName the one to show to people.
	RunsAs, RunsAsDisplayName string
	// Parents are the runs above this one, the topmost first.
	Parents []uuid.UUID
	// Parameters are the script's parameters by name.
	Parameters map[string]string
	// DryRun says that nothing the run writes is stored. What a script does by
	// other means than messages it should leave out then.
	DryRun bool
}

// IdempotencyKey is the same in all attempts at what a run does, and in no other
// run. A script gives it to a system that keeps what it did already from being
// done twice.
func (r RunInfo) IdempotencyKey() string { return r.ID.String() }

// Host is the process that carries a run: it delivers log lines and keeps the
// clock of the run's timeout. It is implemented by those who execute scripts.
type Host struct {
	// Connection carries the run's messages, bound to its identity.
	Connection slnet.Connection
	// Log receives the lines of the run's log. It must not block for long.
	Log func(line slnet.LogLine)
	// KeepAlive restarts the clock of the run's timeout.
	KeepAlive func()
}

// Engine is handed to the entry points of a script. Its methods may be called
// from several goroutines.
type Engine struct {
	// Log writes to the log of the run.
	Log *slog.Logger

	run  RunInfo
	host Host

	mu     sync.Mutex
	output map[string]string // guarded by mu
	errs   []string          // guarded by mu
}

// NewEngine returns the engine of a run. It is for those who execute scripts;
// a script gets its engine as an argument.
func NewEngine(run RunInfo, host Host) *Engine {
	e := &Engine{run: run, host: host, output: make(map[string]string)}
	e.Log = slog.New(&logHandler{write: host.Log})
	return e
}

// SendSLNetMessages sends messages as the user the run has the rights of. See
// slnet.SendFunc for how they are answered.
func (e *Engine) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	return e.host.Connection.SendSLNetMessages(ctx, messages...)
}

// Subscribe starts a stream of events. It is closed with the run.
func (e *Engine) Subscribe(ctx context.Context, subscription slnet.Subscription) (*slnet.EventStream, error) {
	return e.host.Connection.Subscribe(ctx, subscription)
}

// ModuleSettingsHelper returns a helper for module settings. It sends nothing
// until it is used.
func (e *Engine) ModuleSettingsHelper() *dom.ModuleSettingsHelper {
	return dom.NewModuleSettingsHelper(e.SendSLNetMessages)
}

// DomHelper returns a helper for the objects of one module. It sends nothing
// until it is used.
func (e *Engine) DomHelper(moduleID string) *dom.DomHelper {
	return dom.NewDomHelper(e.SendSLNetMessages, moduleID)
}

// Run says which run this is.
func (e *Engine) Run() RunInfo {
	run := e.run
	run.Parameters = maps.Clone(run.Parameters)
	run.Parents = slices.Clone(run.Parents)
	return run
}

// User is the name of the user whose rights the run has.
func (e *Engine) User() string { return e.run.RunsAs }

// UserDisplayName is the name of that user to show to people; one without has
// that of User.
func (e *Engine) UserDisplayName() string { return cmp.Or(e.run.RunsAsDisplayName, e.run.RunsAs) }

// TriggeredBy says who or what started the run: what triggered it where it was
// not a person, a program or another run.
func (e *Engine) TriggeredBy() string { return cmp.Or(e.run.Trigger, e.run.StartedBy) }

// InstanceID is the id of the run. In the original it tells the executions of a
// script apart, and is a number.
func (e *Engine) InstanceID() uuid.UUID { return e.run.ID }

// GetScriptParam returns the value of a parameter, "" when it was not given.
func (e *Engine) GetScriptParam(name string) string { return e.run.Parameters[name] }

// AddScriptOutput adds a pair to the output of the run. A key that was added
// before is an error of slnet.KindAlreadyExists, and its value stays.
func (e *Engine) AddScriptOutput(key, value string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.output[key]; ok {
		return slnet.Errorf(slnet.KindAlreadyExists,
			"the script output already has the key %q; use AddOrUpdateScriptOutput to replace its value", key)
	}
	e.output[key] = value
	return nil
}

// AddOrUpdateScriptOutput sets a pair of the output of the run.
func (e *Engine) AddOrUpdateScriptOutput(key, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.output[key] = value
}

// GetScriptOutput returns the value of an output key, "" when there is none.
func (e *Engine) GetScriptOutput(key string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.output[key]
}

// GetScriptResult returns a copy of the output of the run.
func (e *Engine) GetScriptResult() map[string]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.output)
}

// ClearScriptOutput removes a key of the output.
func (e *Engine) ClearScriptOutput(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.output, key)
}

// ExitSuccess is the error to return to end the run successfully at once:
//
//	return engine.ExitSuccess("nothing to do")
func (e *Engine) ExitSuccess(reason string) error { return &ExitError{Reason: reason} }

// ExitFail is the error to return to end the run as failed:
//
//	return engine.ExitFail("the customer is unknown")
func (e *Engine) ExitFail(reason string) error { return &ExitError{Failed: true, Reason: reason} }

// AddError marks the run as failed and lets it go on. The text is among the
// errors of the run.
func (e *Engine) AddError(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.errs = append(e.errs, text)
}

// Errors returns what AddError was given.
func (e *Engine) Errors() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.errs...)
}

// GenerateInformation makes an information event, for operators.
func (e *Engine) GenerateInformation(ctx context.Context, text string) error {
	_, err := e.SendSLNetMessages(ctx, &slnet.GenerateInformationMessage{Text: text})
	return err
}

// KeepAlive restarts the clock of the run's timeout, for a script that knows it
// is making progress.
func (e *Engine) KeepAlive() { e.host.KeepAlive() }

// Sleep waits for d, or returns the error of ctx when the run is cancelled
// meanwhile. Prefer it to time.Sleep, which cannot be cancelled.
func (e *Engine) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ExitError is what ExitSuccess and ExitFail return.
type ExitError struct {
	Failed bool
	Reason string
}

func (e *ExitError) Error() string {
	if e.Failed {
		return "exit fail: " + e.Reason
	}
	return "exit success: " + e.Reason
}
