package automation

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/naming"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// maxTimeout is the longest a run may be allowed to take.
const maxTimeout = 30 * 24 * time.Hour

func checkTimeout(d time.Duration) error {
	if d < 0 || d > maxTimeout {
		return slnet.Errorf(slnet.KindInvalid, "a timeout of %v is not between 0 and %v", d, maxTimeout)
	}
	return nil
}

// Execute starts a run of a script as the caller, and waits for its end unless
// asked not to.
func (a *Automation) Execute(ctx context.Context, caller security.Caller, m *slnet.ExecuteScriptMessage) (*slnet.RunResponse, error) {
	return a.ExecuteWithin(ctx, nil, caller, m)
}

// ExecuteWithin is Execute for a caller in a dry run, nil for one in none: the
// run belongs to that dry run.
func (a *Automation) ExecuteWithin(ctx context.Context, within *DryRun, caller security.Caller, m *slnet.ExecuteScriptMessage) (*slnet.RunResponse, error) {
	m, err := withOptions(m)
	if err != nil {
		return nil, err
	}
	for _, of := range []string{scheduleKey, triggerKey} {
		if strings.HasPrefix(m.ConcurrencyKey, of) {
			return nil, slnet.Errorf(slnet.KindInvalid, "the ConcurrencyKey %.100q begins with %q: such keys are those of schedules and triggers", m.ConcurrencyKey, of)
		}
	}
	outcome, err := a.Call(ctx, caller, Call{
		ScriptName: m.ScriptName, Version: m.ScriptVersion, EntryPoint: m.EntryPoint, Parameters: m.Parameters, Timeout: m.Timeout, Async: m.Async, JSON: m.Input,
		KeepRunning: m.KeepRunning, Priority: m.Priority, Key: m.ConcurrencyKey, KeyLimit: m.KeyLimit,
		DryRun: m.DryRun, within: within,
	})
	if err != nil {
		return nil, err
	}
	return &slnet.RunResponse{Run: outcome.Run}, nil
}

// scheduleKey begins the concurrency keys of schedules.
const scheduleKey = "schedule "

// Call says which entry point of which script is to be called with what.
type Call struct {
	ScriptName string
	// Version is the version of the script; 0 means the newest.
	Version int64
	// EntryPoint is the function to call; empty means Run.
	EntryPoint string
	// Input is what an entry point other than Run takes: a *dom.InstanceCrud,
	// *dom.InstanceCrudMeta, *dom.ActionContext, *slnet.ApiTriggerInput or
	// *slnet.RequestScriptInfoInput.
	Input Input
	// Parameters are the script's parameters by name, JSON its typed ones.
	Parameters map[string]string
	JSON       slnet.JSON
	// Timeout overrides the script's own.
	Timeout time.Duration
	// Async asks not to wait for the end of the run, KeepRunning not to cancel it
	// when the caller goes away.
	Async, KeepRunning bool
	// Priority, Key and KeyLimit are those of slnet.ExecuteScriptMessage.
	Priority int64
	Key      string
	KeyLimit int64
	// Trigger is why the run is started; without, it is the caller.
	Trigger slnet.RunTrigger
	// StartedBy is who or what causes the run, where that is not the caller.
	StartedBy string
	// DryRun asks for a run that changes nothing.
	DryRun bool

	// Also writes more in the commit that stores the run. It may be called again
	// when that is tried again.
	Also func(tx *storage.Tx, run *slnet.Run) error

	within *DryRun                     // the dry run that the caller is in
	source *slnet.Script               // what to execute instead of a version of ScriptName
	stored *runInput                   // the input of a run that is repeated
	later  map[string]dom.TriggerValue // parameters that are missing yet, of a trigger that is checked

	unstarted bool // nothing is started, so the script may be disabled
}

// Input is something that can be sent to an entry point.
type Input interface {
	MarshalMsg([]byte) ([]byte, error)
}

// Outcome is what a call came to.
type Outcome struct {
	Run slnet.Run
	// Result is what the entry point returned besides its error, in MessagePack;
	// for Run it stands in the run, as JSON. It comes from the script and may be
	// anything.
	Result []byte
}

// Call starts a run of an entry point as the caller, and waits for its end unless
// asked not to. A run that ended badly is not an error.
func (a *Automation) Call(ctx context.Context, caller security.Caller, c Call) (Outcome, error) {
	var run *slnet.Run
	var s *slnet.Script
	var input *runInput
	err := a.Store.View(ctx, func(r *storage.Reader) (err error) {
		run, s, input, err = a.newRun(r, caller, c)
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	if err := a.joinDryRun(c.within, run); err != nil {
		return Outcome{}, err
	}
	if c.Async {
		err := a.begin(ctx, caller.Origin(), s, run, input, false, c.Also)
		if err != nil {
			a.announce(run.ID, Outcome{}, err)
		}
		return Outcome{Run: a.withWait(*run, manifestOf(s).Concurrency)}, err
	}
	end := a.await(run.ID)
	defer a.forget(run.ID, end)
	if err := a.begin(ctx, caller.Origin(), s, run, input, !c.KeepRunning, c.Also); err != nil {
		a.announce(run.ID, Outcome{}, err)
		return Outcome{}, err
	}
	select {
	case <-end.done:
		return end.outcome, end.err
	case <-ctx.Done():
	}
	if c.KeepRunning {
		return Outcome{}, context.Cause(ctx)
	}
	err = a.cancelRun(run.ID, slnet.Errorf(slnet.KindCanceled, "the caller went away: %v", context.Cause(ctx)))
	if err != nil && !errors.Is(err, slnet.KindConflict) { // it may just have ended
		return Outcome{}, err
	}
	<-end.done
	return end.outcome, end.err
}

// CheckCall returns an error when a call names a script, version, entry point or
// parameters that do not fit each other. The script may be disabled.
func (a *Automation) CheckCall(ctx context.Context, caller security.Caller, c Call) error {
	return a.Store.View(ctx, func(r *storage.Reader) error {
		c.unstarted = true
		_, _, _, err := a.newRun(r, caller, c)
		return err
	})
}

const (
	maxKey      = 200
	maxKeyLimit = 10_000
)

// check returns an error when a call says something that cannot be.
func (c *Call) check(caller security.Caller, s *slnet.Script, maxDepth int) error {
	err := errors.Join(checkEntryPoint(s, c.EntryPoint), checkTimeout(c.Timeout))
	bad := func(format string, args ...any) {
		err = errors.Join(err, slnet.Errorf(slnet.KindInvalid, format, args...))
	}
	if c.Priority < slnet.PriorityLowest || c.Priority > slnet.PriorityHighest {
		bad("the priority %d is not between %d and %d", c.Priority, slnet.PriorityLowest, slnet.PriorityHighest)
	}
	if !naming.Printable(c.Key, maxKey) {
		bad("the ConcurrencyKey has more than %d characters, or some that cannot be printed", maxKey)
	}
	switch {
	case c.KeyLimit < 0 || c.KeyLimit > maxKeyLimit:
		bad("the KeyLimit %d is not between 0 and %d", c.KeyLimit, maxKeyLimit)
	case c.KeyLimit > 0 && c.Key == "":
		bad("there is a KeyLimit and no ConcurrencyKey that it could limit")
	}
	if len(caller.Parents) >= maxDepth {
		err = errors.Join(err, slnet.Errorf(slnet.KindConflict, "script %q was not started: %d runs stand above it already, each started by the one before", s.Name, len(caller.Parents)))
	}
	return err
}

// newRun makes the record of a run that is about to be queued, and what its entry
// point is called with where that does not stand in the record.
func (a *Automation) newRun(r *storage.Reader, caller security.Caller, c Call) (*slnet.Run, *slnet.Script, *runInput, error) {
	s, err := c.script(r)
	if err != nil {
		return nil, nil, nil, err
	}
	c.EntryPoint = cmp.Or(c.EntryPoint, slnet.EntryPointRun)
	if err := c.check(caller, s, a.maxDepth()); err != nil {
		return nil, nil, nil, err
	}
	run := c.record(caller, s)
	input, err := c.input(s, run)
	return run, s, input, err
}

// script returns what is to be executed.
func (c *Call) script(r *storage.Reader) (*slnet.Script, error) {
	if c.source != nil {
		return c.source, nil
	}
	s, err := scriptIn(r, c.ScriptName, c.Version)
	if err != nil || c.unstarted {
		return s, err
	}
	return s, checkEnabled(s)
}

func (c *Call) record(caller security.Caller, s *slnet.Script) *slnet.Run {
	startedBy, runsAs, runsAsID, scope := cmp.Or(c.StartedBy, caller.User), caller.User, caller.UserID, caller.Scope
	if s.RunsAs != "" {
		// Whoever bound the script to a user decided what it may do.
		runsAs, runsAsID, scope = s.RunsAs, s.RunsAsID, nil
	}
	trigger, parents := c.Trigger, caller.Parents
	if trigger.Kind == "" {
		trigger.Kind = slnet.TriggerManual
	}
	if caller.RunID != uuid.Nil {
		startedBy = cmp.Or(c.StartedBy, "run "+caller.RunID.String())
		if c.Trigger.Kind == "" {
			trigger = slnet.RunTrigger{Kind: slnet.TriggerRun, ID: caller.RunID}
		}
		parents = append(parents[:len(parents):len(parents)], caller.RunID)
	}
	hash := ""
	if c.source != nil {
		hash = s.Hash
	}
	return &slnet.Run{
		SourceHash: hash,
		ID:         uuid.Must(uuid.NewV7()), Script: s.Name, ScriptID: s.ID, ScriptVersion: s.Version, Engine: s.Engine, EntryPoint: c.EntryPoint,
		Parameters: maps.Clone(c.Parameters), StartedBy: startedBy, RunsAs: runsAs, Parents: parents,
		StartedByID: caller.UserID, RunsAsID: runsAsID, Scope: scope, Trigger: trigger,
		Priority: c.Priority, ConcurrencyKey: c.Key, KeyLimit: c.KeyLimit,
		Attempt: 1, State: slnet.RunQueued, QueuedAt: time.Now().UTC(), Timeout: cmp.Or(c.Timeout, s.Timeout, DefaultTimeout),
		DryRun: c.DryRun || c.within != nil, DryRunOf: c.within.id(),
	}
}

// Own reports whether a run is a caller's own: it has the rights of its user, or
// was started by that user. A run from before runs had the ids of users belongs
// to whoever has the name.
func Own(caller security.Caller, run *slnet.Run) bool {
	if run.RunsAsID == uuid.Nil {
		return run.RunsAs == caller.User
	}
	return run.RunsAsID == caller.UserID || run.StartedByID == caller.UserID
}

// visible reports whether a caller may see a run: one of their own, or all with
// the permission to.
func visible(caller security.Caller, all bool, run *slnet.Run) bool { return all || Own(caller, run) }

// withWait is a run with what it waits for. limit is how many runs of its script
// may execute, 0 any.
func (a *Automation) withWait(run slnet.Run, limit int64) slnet.Run {
	if run.State == slnet.RunQueued {
		run.WaitsFor = a.queue.waitsFor(&run, limit)
	}
	return run
}

// awaited is the end of a run that somebody waits for.
type awaited struct {
	waiting int           // guarded by Automation.mu: how many wait
	done    chan struct{} // closed when the run has ended and its record is stored
	outcome Outcome       // set before done is closed
	err     error         // set before done is closed: why the record could not be stored
}

// await begins to wait for the end of a run. It is followed by forget.
func (a *Automation) await(id uuid.UUID) *awaited {
	a.mu.Lock()
	defer a.mu.Unlock()
	end, ok := a.awaits[id]
	if !ok {
		end = &awaited{done: make(chan struct{})}
		a.awaits[id] = end
	}
	end.waiting++
	return end
}

func (a *Automation) forget(id uuid.UUID, end *awaited) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if end.waiting--; end.waiting == 0 && a.awaits[id] == end {
		delete(a.awaits, id)
	}
}

// ended tells whoever asked for it of a run that has ended.
func (a *Automation) ended(run *slnet.Run) {
	if a.Ended != nil {
		a.Ended(run)
	}
}

// announce tells those who wait for it that a run has ended.
func (a *Automation) announce(id uuid.UUID, outcome Outcome, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.quitDryRun(id)
	if end, ok := a.awaits[id]; ok {
		delete(a.awaits, id)
		end.outcome, end.err = outcome, err
		close(end.done)
	}
}

// Await returns one run when it has ended.
func (a *Automation) Await(ctx context.Context, caller security.Caller, all bool, id uuid.UUID) (*slnet.RunResponse, error) {
	end := a.await(id)
	defer a.forget(id, end)
	response, err := a.Run(ctx, caller, all, id)
	if err != nil || response.Run.State.Ended() {
		return response, err
	}
	select {
	case <-end.done:
		return &slnet.RunResponse{Run: end.outcome.Run}, end.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Run returns one run.
func (a *Automation) Run(ctx context.Context, caller security.Caller, all bool, id uuid.UUID) (*slnet.RunResponse, error) {
	var run *slnet.Run
	var limit int64
	err := a.Store.View(ctx, func(r *storage.Reader) (err error) {
		if run, err = getRun(r, id); err != nil || run.State != slnet.RunQueued {
			return err
		}
		s, err := headOf(r, run)
		if err == nil {
			limit = manifestOf(s).Concurrency
		} else if errors.Is(err, slnet.KindNotFound) {
			err = nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if !visible(caller, all, run) {
		return nil, noRun(id)
	}
	return &slnet.RunResponse{Run: a.withWait(*run, limit)}, nil
}

// Cancel cancels a run that has not ended and waits for its end.
func (a *Automation) Cancel(ctx context.Context, caller security.Caller, all bool, id uuid.UUID) (*slnet.RunResponse, error) {
	end := a.await(id)
	defer a.forget(id, end)
	response, err := a.Run(ctx, caller, all, id)
	if err != nil {
		return nil, err
	}
	if response.Run.State.Ended() {
		return nil, hasEnded(&response.Run)
	}
	if err := a.cancelRun(id, slnet.Errorf(slnet.KindCanceled, "cancelled by %s", caller.User)); err != nil {
		return nil, err
	}
	select {
	case <-end.done:
		return &slnet.RunResponse{Run: end.outcome.Run}, end.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func hasEnded(run *slnet.Run) error {
	return slnet.Errorf(slnet.KindConflict, "run %s has ended already: %s", run.ID, run.State)
}

// CancelRun asks a run to end and does not wait for that. One that has ended
// stays as it is.
func (a *Automation) CancelRun(id uuid.UUID, reason string) {
	err := a.cancelRun(id, slnet.Errorf(slnet.KindCanceled, "cancelled: %s", reason))
	if err != nil && !errors.Is(err, slnet.KindConflict) && !errors.Is(err, slnet.KindNotFound) {
		a.Logger.Error("a run could not be cancelled", "op", "automation.CancelRun", "run", id, "err", err)
	}
}

// cancelRun asks an executing run to end, or ends one that waits. One that has
// ended is an error of KindConflict.
func (a *Automation) cancelRun(id uuid.UUID, cause error) error {
	for {
		if e := a.executing(id); e != nil {
			if e.stop(cause) {
				return nil
			}
			<-e.done // it has just ended, or waits for its next attempt
		}
		run, err := a.cancelWaiting(id, cause)
		switch {
		case err != nil:
			return err
		case run.State == slnet.RunCanceled:
			if inTurn(run) {
				a.queue.ended(run.ConcurrencyKey)
			}
			a.ended(run)
			a.announce(id, Outcome{Run: *run}, nil)
			return nil
		case a.executing(id) == nil:
			return slnet.Errorf(slnet.KindConflict, "run %s does not execute in this daemon, though its record says so", id)
		}
	}
}

// cancelWaiting ends a run that waits, and returns one that executes as it is.
func (a *Automation) cancelWaiting(id uuid.UUID, cause error) (*slnet.Run, error) {
	var canceled slnet.Run
	_, err := a.Store.Update(context.Background(), storage.Origin{User: systemUser}, func(tx *storage.Tx) error {
		run, err := getRun(&tx.Reader, id)
		if err != nil {
			return err
		}
		if canceled = *run; run.State == slnet.RunRunning {
			return nil
		}
		if run.State.Ended() {
			return hasEnded(run)
		}
		canceled.State, canceled.EndedAt, canceled.NotBefore = slnet.RunCanceled, tx.Now(), time.Time{}
		canceled.Errors = append(canceled.Errors, slnet.RunError{Message: cause.Error()})
		return putRun(tx, run, &canceled)
	})
	return &canceled, err
}

func (a *Automation) executing(id uuid.UUID) *execution {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.active[id]
}

// carries reports whether an attempt of a run is being started or executes.
func (a *Automation) carries(id uuid.UUID, attempt int64) bool {
	e := a.executing(id)
	return e != nil && e.attempt == attempt
}
