package automation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/plugins"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// execution is an attempt of a run that has not ended.
type execution struct {
	a       *Automation
	script  *slnet.Script // nil when it does not exist any more
	input   *runInput     // of an entry point other than Run
	attempt int64
	ctx     context.Context
	cancel  context.CancelCauseFunc
	// done is closed when the attempt has ended and is known no more.
	done    chan struct{}
	secrets redaction

	mu    sync.Mutex
	run   slnet.Run // guarded by mu: as it is stored
	ended bool      // guarded by mu: it is decided how the attempt has ended
}

func (e *execution) snapshot() slnet.Run {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.run
}

func (e *execution) stored(run *slnet.Run) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.run = *run
}

// stop asks the attempt to end, and reports whether that was in time.
func (e *execution) stop(cause error) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		e.cancel(cause)
	}
	return !e.ended
}

// turnSoon is how long a run may wait for its turn before it is stored, while its
// caller waits for its end anyway.
var turnSoon = 50 * time.Millisecond

// begin stores a new run and executes it: at once where nothing keeps it from
// that, otherwise the queue does. One that is awaited waits for its turn a moment
// before it is stored, since one commit is less work than two: what its caller is
// told does not depend on it. also is that of the Call.
func (a *Automation) begin(ctx context.Context, origin storage.Origin, s *slnet.Script, run *slnet.Run, input *runInput, awaited bool, also func(*storage.Tx, *slnet.Run) error) error {
	if a.ending.Err() != nil {
		return errStopping
	}
	limit := manifestOf(s).Concurrency
	switch {
	case a.queue.tryTake(run, limit):
		run.StartedAt = run.QueuedAt
	case awaited && a.takeSoon(ctx, run, limit):
		run.StartedAt = time.Now().UTC()
	default:
		return a.store(ctx, origin, run, input, also)
	}
	w := openOf(run)
	run.State = slnet.RunRunning
	e, err := a.enter(*run, s, input)
	if err == nil {
		if err = a.store(ctx, origin, run, input, also); err != nil {
			a.leave(e)
		}
	}
	if err != nil {
		a.queue.give(&w)
		return err
	}
	go func() {
		defer a.queue.give(&w)
		e.execute()
	}()
	return nil
}

// takeSoon waits a moment for the turn of a new run, and reports whether what it
// needs to start was taken.
func (a *Automation) takeSoon(ctx context.Context, run *slnet.Run, limit int64) bool {
	turn := a.queue.offer(run, limit)
	if turn == nil {
		return false
	}
	timer := time.NewTimer(turnSoon)
	defer timer.Stop()
	select {
	case <-turn:
		return true
	case <-timer.C:
	case <-ctx.Done():
	case <-a.ending.Done():
	}
	return !a.queue.withdraw(run)
}

// store stores a new run.
func (a *Automation) store(ctx context.Context, origin storage.Origin, run *slnet.Run, input *runInput, also func(*storage.Tx, *slnet.Run) error) error {
	_, err := a.Store.Update(ctx, origin, func(tx *storage.Tx) error {
		if origin.Message != "" {
			tx.About("run", run.ID.String())
			tx.About("script", run.Script)
		}
		if also != nil {
			if err := also(tx, run); err != nil {
				return err
			}
		}
		return a.stage(tx, run, input)
	})
	return err
}

// enter makes an execution known. It is undone by leave.
func (a *Automation) enter(run slnet.Run, s *slnet.Script, input *runInput) (*execution, error) {
	e := &execution{a: a, script: s, input: input, run: run, attempt: run.Attempt, done: make(chan struct{})}
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

// execute carries a running run to the end of its attempt.
func (e *execution) execute() {
	a := e.a
	defer a.leave(e)
	if e.script == nil {
		e.finish(plugins.Result{}, slnet.Errorf(slnet.KindNotFound, "the run did not start: script %q was deleted", e.run.Script), 0)
		return
	}
	log, err := openLog(a.logPath(e.run.ID), manifestOf(e.script).Limits.Output, e.attempt)
	if err != nil {
		e.finish(plugins.Result{}, fmt.Errorf("open the log of the run: %w", err), 0)
		return
	}
	result, err := e.carry(log)
	log.write(e.secrets.rest())
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
func (e *execution) carry(log *runLog) (result plugins.Result, err error) {
	a := e.a
	run := e.snapshot()
	if !a.Enabled(runner(&run)) {
		return plugins.Result{}, slnet.Errorf(slnet.KindPermissionDenied, "the run did not start: user %s is disabled or does not exist", run.RunsAs)
	}
	if err := a.checkStart(e.ctx, &run); err != nil {
		return plugins.Result{}, fmt.Errorf("the run did not start: %w", err)
	}
	timer := time.AfterFunc(run.Timeout, func() {
		e.cancel(slnet.Errorf(slnet.KindTimeout, "the run took longer than its timeout of %v", run.Timeout))
	})
	defer timer.Stop()
	connect := a.Connect
	if run.DryRun {
		dry, done, err := e.dryRun(&run)
		if err != nil {
			return plugins.Result{}, err
		}
		defer func() { err = errors.Join(err, done()) }()
		connect = dry.Connect
	}
	process, done, err := a.process(e.ctx, e.script, &run)
	if err != nil {
		return plugins.Result{}, err
	}
	defer done()
	return process.Run(e.ctx, plugins.Run{
		Info: sdk.RunInfo{
			ID: run.ID, Script: run.Script, ScriptVersion: run.ScriptVersion, EntryPoint: run.EntryPoint, Attempt: run.Attempt,
			StartedBy: run.StartedBy, Trigger: triggerText(run.Trigger), RunsAs: run.RunsAs, RunsAsDisplayName: a.DisplayName(runner(&run)),
			Parents: run.Parents, Parameters: run.Parameters, DryRun: run.DryRun,
		},
		Input:      e.sent(),
		Connection: connect(runner(&run)),
		Log:        func(lines []slnet.LogLine) { log.write(e.secrets.lines(lines)) },
		KeepAlive:  func() { timer.Reset(run.Timeout) },
	})
}

// triggerText is what started a run by itself, in words.
func triggerText(t slnet.RunTrigger) string {
	switch t.Kind {
	case "", slnet.TriggerManual, slnet.TriggerRun:
		return ""
	}
	return strings.TrimSpace(string(t.Kind) + " " + t.Name)
}

// process returns a process for a run of a script, and what is to be done with
// it afterwards.
func (a *Automation) process(ctx context.Context, s *slnet.Script, run *slnet.Run) (p *plugins.Process, done func(), err error) {
	if manifestOf(s).Process == slnet.ProcessShared {
		return a.Host.Share(ctx, a.spec(s), run.RunsAs)
	}
	// A user is its id, unless the run is from before runs had one.
	identity := run.RunsAs
	if run.RunsAsID != uuid.Nil {
		identity = run.RunsAsID.String()
	}
	p, err = a.Host.Prepare(ctx, a.spec(s), identity)
	return p, func() { p.Release() }, err
}

// finish stores what came of the attempt.
func (e *execution) finish(result plugins.Result, failure error, logBytes int64) {
	run, output := e.end(result, failure, logBytes)
	if run.State == slnet.RunFailed && retryable(result, failure) && run.Attempt < manifestOf(e.script).Retry.Attempts {
		run = again(run, manifestOf(e.script).Retry, run.EndedAt)
	}
	pause := 100 * time.Millisecond
	for told := false; ; pause = min(2*pause, maxFinishPause) {
		err := e.storeEnd(&run)
		if err == nil {
			break
		}
		if !told {
			told = true
			e.a.announce(run.ID, Outcome{}, err)
			e.a.Logger.Error("the end of a run could not be stored", "op", "automation.finish", "run", run.ID, "err", err)
		}
		switch {
		case errors.Is(err, storage.ErrTooLarge) && run.State != slnet.RunFailed:
			run.State, run.Output, run.Result = slnet.RunFailed, nil, nil
			run.Errors = []slnet.RunError{{Message: "what the run returned is too large to be stored"}}
			continue
		case !errors.Is(err, storage.ErrReadOnly) && !errors.Is(err, storage.ErrConflict):
			return // the next daemon finds it running, and lost
		}
		select {
		case <-time.After(pause):
		case <-e.a.ending.Done():
			return
		}
	}
	e.stored(&run)
	if run.State.Ended() {
		e.a.ended(&run)
		e.a.announce(run.ID, Outcome{Run: run, Result: output}, nil)
	}
}

// maxFinishPause is the longest that the end of a run waits before it is stored
// once more in a store that took no writes.
const maxFinishPause = 5 * time.Second

// storeEnd stores a run that has ended, or waits for its next attempt.
func (e *execution) storeEnd(run *slnet.Run) error {
	_, err := e.a.Store.Update(context.Background(), e.origin(), func(tx *storage.Tx) error {
		old, err := getRun(&tx.Reader, run.ID)
		if err != nil {
			return err
		}
		if run.State == slnet.RunSucceeded && e.input != nil {
			if err := inputTable.Delete(tx, run.ID.String()); err != nil {
				return err
			}
		}
		if run.State == slnet.RunQueued {
			w := openOf(run)
			tx.AfterCommit(func() { e.a.queue.add(w) })
		}
		return putRun(tx, old, run)
	})
	return err
}

// end decides how the attempt has ended.
func (e *execution) end(result plugins.Result, failure error, logBytes int64) (run slnet.Run, output []byte) {
	e.mu.Lock()
	e.ended = true
	run = e.run
	e.mu.Unlock()
	run.EndedAt = time.Now().UTC()
	run.LogBytes = logBytes
	run.Output, run.ExitReason, run.Errors = result.Output, result.ExitReason, result.Errors
	run.PeakMemory, run.CPUTime = result.Usage.Memory, result.Usage.CPU
	if run.EntryPoint != slnet.EntryPointRun {
		output = e.secrets.answer(run.EntryPoint, result.Result)
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
	e.secrets.run(&run)
	return run, output
}

// retryable reports whether an attempt failed for a reason that may not come
// again: the script says so, or there was no process for it.
func retryable(result plugins.Result, failure error) bool {
	if failure != nil {
		known, _ := slnet.AsError(failure)
		return known.Kind == slnet.KindInternal || known.Kind == slnet.KindUnavailable
	}
	return result.Retryable
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
