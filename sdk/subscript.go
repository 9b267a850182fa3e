package sdk

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// SubScript is another script that a script is about to start. Its options are
// those of the original.
type SubScript struct {
	// Name is the name of the script.
	Name string
	// Parameters are its parameters by name.
	Parameters map[string]string
	// EntryPoint is the function to call; empty means Run.
	EntryPoint string
	// Synchronous makes Start wait for the end of the run. It is set by
	// PrepareSubScript.
	Synchronous bool
	// InheritScriptOutput copies the output of the run to that of this script
	// when Start or Wait returns. It is set by PrepareSubScript.
	InheritScriptOutput bool
	// ExtendedErrorInfo makes the error of a failed run say all that its record
	// says, not only the first error.
	ExtendedErrorInfo bool

	engine *Engine
}

// PrepareSubScript returns a script that is not started yet. It sends nothing.
//
//	report := engine.PrepareSubScript("report")
//	report.SelectScriptParam("month", "2026-11")
//	run, err := report.Start(ctx)
func (e *Engine) PrepareSubScript(name string) *SubScript {
	return &SubScript{Name: name, Synchronous: true, InheritScriptOutput: true, engine: e}
}

// SelectScriptParam gives a parameter its value.
func (s *SubScript) SelectScriptParam(name, value string) {
	if s.Parameters == nil {
		s.Parameters = make(map[string]string)
	}
	s.Parameters[name] = value
}

// Start starts the script as the user whose rights this run has. With
// Synchronous it returns when the run has ended, and a run that did not succeed
// is a SubScriptError; otherwise as soon as the run is queued. A script that
// cannot be started is an error without a run.
func (s *SubScript) Start(ctx context.Context) (*SubScriptRun, error) {
	response, err := slnet.Send1(ctx, s.engine.SendSLNetMessages, &slnet.ExecuteScriptMessage{
		ScriptName: s.Name, EntryPoint: s.EntryPoint, Parameters: maps.Clone(s.Parameters), Async: !s.Synchronous,
	})
	if err != nil {
		return nil, err
	}
	started, ok := response.(*slnet.RunResponse)
	if !ok {
		return nil, slnet.UnexpectedResponse(&slnet.ExecuteScriptMessage{}, response)
	}
	run := &SubScriptRun{script: *s, run: started.Run}
	if !s.Synchronous {
		return run, nil
	}
	return run, run.ended()
}

// SubScriptRun is a run of another script.
type SubScriptRun struct {
	script SubScript
	run    slnet.Run
}

// ID is the id of the run.
func (r *SubScriptRun) ID() uuid.UUID { return r.run.ID }

// Result is the record of the run as it was when Start, Wait or Cancel
// returned.
func (r *SubScriptRun) Result() slnet.Run { return r.run }

// Wait returns when the run has ended. A run that did not succeed is a
// SubScriptError. When ctx ends before, the run goes on; Cancel ends it.
func (r *SubScriptRun) Wait(ctx context.Context) error {
	return r.send(ctx, &slnet.GetRunMessage{ID: r.run.ID, Wait: true})
}

// Cancel cancels the run and waits for its end. A run that has ended already
// stays as it is.
func (r *SubScriptRun) Cancel(ctx context.Context) error {
	err := r.send(ctx, &slnet.CancelRunMessage{ID: r.run.ID})
	var ended *SubScriptError
	switch {
	case errors.As(err, &ended):
		return nil
	case errors.Is(err, slnet.KindConflict):
		err = r.Wait(ctx)
		if errors.As(err, &ended) {
			return nil
		}
	}
	return err
}

func (r *SubScriptRun) send(ctx context.Context, message slnet.Message) error {
	response, err := slnet.Send1(ctx, r.script.engine.SendSLNetMessages, message)
	if err != nil {
		return err
	}
	answer, ok := response.(*slnet.RunResponse)
	if !ok {
		return slnet.UnexpectedResponse(message, response)
	}
	r.run = answer.Run
	return r.ended()
}

// ended takes over the output of a run and returns the error of one that did not
// succeed.
func (r *SubScriptRun) ended() error {
	if r.script.InheritScriptOutput {
		for key, value := range r.run.Output {
			r.script.engine.AddOrUpdateScriptOutput(key, value)
		}
	}
	if r.run.State == slnet.RunSucceeded {
		return nil
	}
	return &SubScriptError{Run: r.run, Extended: r.script.ExtendedErrorInfo}
}

// SubScriptError is the error of a subscript that was started and did not
// succeed.
type SubScriptError struct {
	Run slnet.Run
	// Extended makes Error say all that the record of the run says.
	Extended bool
}

// Error names the script, the state of its run and what went wrong in it.
func (e *SubScriptError) Error() string {
	text := "script " + e.Run.Script + " " + string(e.Run.State)
	var why []string
	if e.Run.ExitReason != "" {
		why = append(why, e.Run.ExitReason)
	}
	for _, known := range e.Run.Errors {
		why = append(why, known.Message)
	}
	if !e.Extended && len(why) > 1 {
		why = why[:1]
	}
	if e.Extended {
		text += " (run " + e.Run.ID.String() + ")"
	}
	if len(why) > 0 {
		text += ": " + strings.Join(why, "; ")
	}
	return text
}
