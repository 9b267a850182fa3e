package automation

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// runTable has the runs by id. Ids of runs begin with their time, so the order
// of the table is that of the runs.
var runTable = storage.NewTable[slnet.Run]("runs")

const (
	defaultRuns = 100
	maxRuns     = 1000
	// maxTimeout is the longest a run may be allowed to take.
	maxTimeout = 30 * 24 * time.Hour
)

func checkTimeout(d time.Duration) error {
	if d < 0 || d > maxTimeout {
		return slnet.Errorf(slnet.KindInvalid, "a timeout of %v is not between 0 and %v", d, maxTimeout)
	}
	return nil
}

// put stores a run and the event that tells of it. input is what it needs besides,
// nil where that is nothing; it is kept until the run has ended.
func (a *Automation) put(ctx context.Context, origin storage.Origin, run *slnet.Run, input *runInput) error {
	_, err := a.Store.Update(ctx, origin, func(tx *storage.Tx) error {
		if err := runTable.Put(tx, run, run.ID.String()); err != nil {
			return err
		}
		if origin.Message != "" {
			tx.About("run", run.ID.String())
			tx.About("script", run.Script)
		}
		switch {
		case input == nil:
		case run.State.Ended():
			if err := inputTable.Delete(tx, run.ID.String()); err != nil {
				return err
			}
		default:
			if err := inputTable.Put(tx, input, run.ID.String()); err != nil {
				return err
			}
		}
		return tx.AddEvent("", &slnet.RunChangedEventMessage{Run: brief(*run)})
	})
	return err
}

// brief is a run as it stands among others: without what may be large.
func brief(run slnet.Run) slnet.Run {
	run.Input, run.Result = nil, nil
	return run
}

// recover ends what the last daemon left: runs that executed are lost, those
// that waited start now.
func (a *Automation) recover(ctx context.Context) error {
	var open []*slnet.Run
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		return runTable.Scan(r, storage.Walk{}, func(run *slnet.Run) (bool, error) {
			if !run.State.Ended() {
				open = append(open, run)
			}
			return true, nil
		})
	})
	if err != nil {
		return err
	}
	for _, run := range open {
		if run.State == slnet.RunQueued {
			if err := a.requeue(ctx, run); err != nil {
				return err
			}
			continue
		}
		run.State, run.EndedAt = slnet.RunLost, time.Now().UTC()
		run.Errors = append(run.Errors, slnet.RunError{Message: "the daemon ended while the run was executing"})
		if err := a.put(ctx, storage.Origin{User: run.RunsAs, RunID: run.ID}, run, new(runInput)); err != nil {
			return err
		}
	}
	return nil
}

// Execute starts a run of a script as the caller, and waits for its end unless
// asked not to.
func (a *Automation) Execute(ctx context.Context, caller security.Caller, m *slnet.ExecuteScriptMessage) (*slnet.RunResponse, error) {
	m, err := withOptions(m)
	if err != nil {
		return nil, err
	}
	outcome, err := a.Call(ctx, caller, Call{
		ScriptName: m.ScriptName, EntryPoint: m.EntryPoint, Parameters: m.Parameters, Timeout: m.Timeout, Async: m.Async, json: m.Input,
	})
	if err != nil {
		return nil, err
	}
	return &slnet.RunResponse{Run: outcome.Run}, nil
}

// Call says which entry point of which script is to be called with what.
type Call struct {
	ScriptName string
	// EntryPoint is the function to call; empty means Run.
	EntryPoint string
	// Input is what an entry point other than Run takes: a *dom.InstanceCrud,
	// *dom.InstanceCrudMeta, *dom.ActionContext, *slnet.ApiTriggerInput or
	// *slnet.RequestScriptInfoInput.
	Input Input
	// Parameters are the script's parameters by name.
	Parameters map[string]string
	// Timeout overrides the script's own.
	Timeout time.Duration
	// Async asks not to wait for the end of the run.
	Async bool

	json   slnet.JSON    // the parameters of Run
	source *slnet.Script // what to execute instead of the newest version of ScriptName
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
	s := c.source
	if s == nil {
		var err error
		if s, err = a.find(ctx, c.ScriptName, 0); err != nil {
			return Outcome{}, err
		}
	}
	if c.EntryPoint == "" {
		c.EntryPoint = slnet.EntryPointRun
	}
	if err := errors.Join(checkEntryPoint(s, c.EntryPoint), checkTimeout(c.Timeout)); err != nil {
		return Outcome{}, err
	}
	if len(caller.Parents) >= maxDepth {
		return Outcome{}, slnet.Errorf(slnet.KindConflict, "script %q was not started: %d runs stand above it already, each started by the one before", s.Name, len(caller.Parents))
	}
	run := newRun(caller, s, c)
	input, err := c.input(s, &run)
	if err != nil {
		return Outcome{}, err
	}
	e, err := a.begin(ctx, caller.Origin(), s, run, input)
	if err != nil {
		return Outcome{}, err
	}
	if c.Async {
		return Outcome{Run: e.snapshot()}, nil
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		e.cancel(slnet.Errorf(slnet.KindCanceled, "the caller went away: %v", context.Cause(ctx)))
		<-e.done
	}
	if e.storeErr != nil {
		return Outcome{}, e.storeErr
	}
	return Outcome{Run: e.snapshot(), Result: e.result}, nil
}

// newRun makes the record of a run that is about to be queued.
func newRun(caller security.Caller, s *slnet.Script, c Call) slnet.Run {
	startedBy, runsAs, runsAsID, scope := caller.User, caller.User, caller.UserID, caller.Scope
	if s.RunsAs != "" {
		// Whoever bound the script to a user decided what it may do.
		runsAs, runsAsID, scope = s.RunsAs, s.RunsAsID, nil
	}
	parents := caller.Parents
	if caller.RunID != uuid.Nil {
		startedBy = "run " + caller.RunID.String()
		parents = append(parents[:len(parents):len(parents)], caller.RunID)
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = s.Timeout
	}
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	hash := ""
	if c.source != nil {
		hash = s.Hash
	}
	return slnet.Run{
		SourceHash: hash,
		ID:         uuid.Must(uuid.NewV7()), Script: s.Name, ScriptVersion: s.Version, Engine: s.Engine, EntryPoint: c.EntryPoint,
		Parameters: maps.Clone(c.Parameters), StartedBy: startedBy, RunsAs: runsAs, Parents: parents,
		StartedByID: caller.UserID, RunsAsID: runsAsID, Scope: scope,
		Attempt: 1, State: slnet.RunQueued, QueuedAt: time.Now().UTC(), Timeout: timeout,
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

// Runs lists runs, the newest first. all lets the caller see those of others.
func (a *Automation) Runs(ctx context.Context, caller security.Caller, all bool, m *slnet.GetRunsMessage) (*slnet.RunsResponse, error) {
	limit := m.Limit
	switch {
	case limit < 0 || limit > maxRuns:
		return nil, slnet.Errorf(slnet.KindInvalid, "the limit %d is not between 0 and %d", limit, maxRuns)
	case limit == 0:
		limit = defaultRuns
	}
	walk := storage.Walk{Reverse: true}
	if m.Before != uuid.Nil {
		walk.After = []string{m.Before.String()}
	}
	response := &slnet.RunsResponse{Runs: []slnet.Run{}}
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		return runTable.Scan(r, walk, func(run *slnet.Run) (bool, error) {
			if e := a.executing(run.ID); e != nil {
				*run = e.snapshot()
			}
			if visible(caller, all, run) && (m.Script == "" || nameKey(m.Script) == nameKey(run.Script)) && (m.State == "" || m.State == run.State) {
				response.Runs = append(response.Runs, brief(*run))
			}
			return int64(len(response.Runs)) < limit, ctx.Err()
		})
	})
	return response, err
}

// Await returns one run when it has ended.
func (a *Automation) Await(ctx context.Context, caller security.Caller, all bool, id uuid.UUID) (*slnet.RunResponse, error) {
	e := a.executing(id)
	response, err := a.Run(ctx, caller, all, id)
	if e == nil || err != nil {
		return response, err
	}
	select {
	case <-e.done:
		return &slnet.RunResponse{Run: e.snapshot()}, e.storeErr
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Run returns one run.
func (a *Automation) Run(ctx context.Context, caller security.Caller, all bool, id uuid.UUID) (*slnet.RunResponse, error) {
	var run *slnet.Run
	if e := a.executing(id); e != nil {
		s := e.snapshot()
		run = &s
	} else {
		err := a.Store.View(ctx, func(r *storage.Reader) (err error) {
			run, err = runTable.Get(r, id.String())
			return err
		})
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return nil, err
		}
	}
	if run == nil || !visible(caller, all, run) {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no run %s, or it is another user's", id)
	}
	return &slnet.RunResponse{Run: *run}, nil
}

// Cancel cancels a run that has not ended and waits for its end.
func (a *Automation) Cancel(ctx context.Context, caller security.Caller, all bool, id uuid.UUID) (*slnet.RunResponse, error) {
	response, err := a.Run(ctx, caller, all, id)
	if err != nil {
		return nil, err
	}
	e := a.executing(id)
	if e == nil {
		return nil, slnet.Errorf(slnet.KindConflict, "run %s has ended already: %s", id, response.Run.State)
	}
	e.cancel(slnet.Errorf(slnet.KindCanceled, "cancelled by %s", caller.User))
	select {
	case <-e.done:
		return &slnet.RunResponse{Run: e.snapshot()}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (a *Automation) executing(id uuid.UUID) *execution {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.active[id]
}
