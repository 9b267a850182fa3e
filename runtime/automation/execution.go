package automation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"domovoi.dev/plugins"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// execution is a run that has not ended.
type execution struct {
	a      *Automation
	script *slnet.Script
	input  *runInput // nil where all stands in the run
	ctx    context.Context
	cancel context.CancelCauseFunc
	// done is closed when the run has ended and its record is stored. storeErr
	// is set before, when it could not be.
	done     chan struct{}
	storeErr error
	result   []byte // set before done: what an entry point other than Run returned

	mu  sync.Mutex
	run slnet.Run // guarded by mu
}

func (e *execution) snapshot() slnet.Run {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.run
}

func (e *execution) change(fn func(run *slnet.Run)) slnet.Run {
	e.mu.Lock()
	defer e.mu.Unlock()
	fn(&e.run)
	return e.run
}

// begin stores a new run and executes it. Where a slot is free the run is stored
// as running at once, otherwise as queued.
func (a *Automation) begin(ctx context.Context, origin storage.Origin, s *slnet.Script, run slnet.Run, input *runInput) (*execution, error) {
	hasSlot := a.trySlot(&run)
	if hasSlot {
		run.State, run.StartedAt = slnet.RunRunning, run.QueuedAt
	}
	e, err := a.enter(run, s, input)
	if err == nil {
		err = a.put(ctx, origin, &run, input)
		if err != nil {
			a.leave(e)
		}
	}
	if err != nil {
		if hasSlot {
			a.freeSlot(&run)
		}
		return nil, err
	}
	go e.execute(hasSlot)
	return e, nil
}

// requeue executes a run that was queued when the last daemon ended.
func (a *Automation) requeue(ctx context.Context, run *slnet.Run) error {
	input, err := a.storedInput(ctx, run)
	if err != nil {
		return err
	}
	var s *slnet.Script
	if run.SourceHash != "" {
		s = input.Script
	} else if s, err = a.find(ctx, run.Script, run.ScriptVersion); err != nil {
		return err
	}
	e, err := a.enter(*run, s, input)
	if err != nil {
		return err
	}
	go e.execute(false)
	return nil
}

// enter makes an execution known. It is undone by leave.
func (a *Automation) enter(run slnet.Run, s *slnet.Script, input *runInput) (*execution, error) {
	e := &execution{a: a, script: s, input: input, run: run, done: make(chan struct{})}
	e.ctx, e.cancel = context.WithCancelCause(context.Background())
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, errStopping
	}
	a.active[run.ID] = e
	a.runs.Add(1)
	return e, nil
}

func (a *Automation) leave(e *execution) {
	a.mu.Lock()
	delete(a.active, e.run.ID)
	a.mu.Unlock()
	e.cancel(nil)
	close(e.done)
	a.runs.Done()
}

// trySlot takes a slot if one is free. Runs with a parent need none: the parent
// holds one and may wait for them, so that with all slots taken nobody would go
// on.
func (a *Automation) trySlot(run *slnet.Run) bool {
	if len(run.Parents) > 0 {
		return true
	}
	select {
	case a.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (a *Automation) freeSlot(run *slnet.Run) {
	if len(run.Parents) == 0 {
		<-a.slots
	}
}

// execute takes a run from the queue to its end.
func (e *execution) execute(hasSlot bool) {
	a := e.a
	defer a.leave(e)
	if !hasSlot {
		select {
		case a.slots <- struct{}{}:
		case <-e.ctx.Done():
			e.finish(plugins.Result{Failed: true, Cause: context.Cause(e.ctx)}, nil, 0)
			return
		case <-a.ending.Done():
			return // it stays queued, and starts with the next daemon
		}
		run := e.change(func(run *slnet.Run) { run.State, run.StartedAt = slnet.RunRunning, time.Now().UTC() })
		if err := a.put(context.Background(), e.origin(), &run, e.input); err != nil {
			a.freeSlot(&e.run)
			e.storeErr = err
			a.Logger.Error("a run could not be started", "op", "automation.execute", "run", e.run.ID, "err", err)
			return
		}
	}
	defer a.freeSlot(&e.run)
	log, err := openLog(a.logPath(e.run.ID), manifestOf(e.script).Limits.Output)
	if err != nil {
		e.finish(plugins.Result{}, fmt.Errorf("open the log of the run: %w", err), 0)
		return
	}
	result, err := e.carry(log)
	size, logErr := log.close()
	if logErr != nil {
		a.Logger.Error("the log of a run is incomplete", "op", "automation.execute", "run", e.run.ID, "err", logErr)
	}
	e.finish(result, err, size)
}

// runner is the caller that a run's messages come from.
func runner(run *slnet.Run) security.Caller {
	return security.Caller{User: run.RunsAs, UserID: run.RunsAsID, Scope: run.Scope, RunID: run.ID, Parents: run.Parents}
}

func (e *execution) origin() storage.Origin {
	return storage.Origin{User: e.run.RunsAs, RunID: e.run.ID}
}

// carry executes the script in a process. An error means that it did not begin.
func (e *execution) carry(log *runLog) (plugins.Result, error) {
	a := e.a
	run := e.snapshot()
	if !a.Enabled(runner(&run)) {
		return plugins.Result{}, slnet.Errorf(slnet.KindPermissionDenied, "the run did not start: user %s is disabled or does not exist", run.RunsAs)
	}
	timer := time.AfterFunc(run.Timeout, func() {
		e.cancel(slnet.Errorf(slnet.KindTimeout, "the run took longer than its timeout of %v", run.Timeout))
	})
	defer timer.Stop()
	process, done, err := a.process(e.ctx, e.script, run.RunsAs)
	if err != nil {
		return plugins.Result{}, err
	}
	defer done()
	return process.Run(e.ctx, plugins.Run{
		Info: sdk.RunInfo{
			ID: run.ID, Script: run.Script, ScriptVersion: run.ScriptVersion, EntryPoint: run.EntryPoint, Attempt: run.Attempt,
			StartedBy: run.StartedBy, RunsAs: run.RunsAs, Parents: run.Parents, Parameters: run.Parameters,
		},
		Input:      e.sent(),
		Connection: a.Connect(runner(&run)),
		Log:        log.write,
		KeepAlive:  func() { timer.Reset(run.Timeout) },
	})
}

// process returns a process for a run of a script, and what is to be done with
// it afterwards.
func (a *Automation) process(ctx context.Context, s *slnet.Script, runsAs string) (p *plugins.Process, done func(), err error) {
	if manifestOf(s).Process == slnet.ProcessShared {
		return a.Host.Share(ctx, a.spec(s), runsAs)
	}
	p, err = a.Host.Prepare(ctx, a.spec(s))
	// The result of the run does not wait for the end of its process; closing the
	// host does.
	return p, func() { go p.Close() }, err
}

// finish stores what came of the run.
func (e *execution) finish(result plugins.Result, failure error, logBytes int64) {
	run := e.change(func(run *slnet.Run) {
		run.EndedAt = time.Now().UTC()
		run.LogBytes = logBytes
		run.Output, run.ExitReason, run.Errors = result.Output, result.ExitReason, result.Errors
		run.PeakMemory, run.CPUTime = result.Usage.Memory, result.Usage.CPU
		if run.EntryPoint != slnet.EntryPointRun {
			e.result = result.Result
		} else if err := slnet.JSON(result.Result).Valid("the result of the run", slnet.MaxRunResult); err != nil {
			result.Failed = true
			run.Errors = append(run.Errors, slnet.RunError{Message: err.Error()})
		} else {
			run.Result = result.Result
		}
		if failure != nil {
			known, _ := slnet.AsError(failure)
			run.Errors = append(run.Errors, slnet.RunError{Message: known.Message, Reasons: reasons(known)})
		}
		cause := result.Cause
		if cause == nil && e.ctx.Err() != nil && (failure != nil || result.Failed) {
			cause = context.Cause(e.ctx)
		}
		run.State = endState(result, failure, cause)
		if run.State == slnet.RunTimedOut || run.State == slnet.RunCanceled {
			// First why the run was ended, then what the script made of that.
			run.Errors = append([]slnet.RunError{{Message: cause.Error()}}, run.Errors...)
		}
	})
	if err := e.a.put(context.Background(), e.origin(), &run, e.input); err != nil {
		e.storeErr = err
		e.a.Logger.Error("the end of a run could not be stored", "op", "automation.finish", "run", run.ID, "err", err)
	}
}

func reasons(e *slnet.Error) []slnet.Reason {
	if e.Reason == "" {
		return nil
	}
	return []slnet.Reason{e.Reason}
}

// endState is the state of a run that has ended. A script that returned without
// error has succeeded, also when it was asked to end meanwhile.
func endState(result plugins.Result, failure, cause error) slnet.RunState {
	switch {
	case failure == nil && result.End == plugins.EndFinished && !result.Failed:
		return slnet.RunSucceeded
	case errors.Is(cause, slnet.KindTimeout):
		return slnet.RunTimedOut
	case errors.Is(cause, slnet.KindCanceled) || errors.Is(cause, slnet.KindUnavailable):
		return slnet.RunCanceled
	}
	return slnet.RunFailed
}
