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

// put stores a run and the event that tells of it.
func (a *Automation) put(ctx context.Context, origin storage.Origin, run *slnet.Run) error {
	_, err := a.Store.Update(ctx, origin, func(tx *storage.Tx) error {
		if err := runTable.Put(tx, run, run.ID.String()); err != nil {
			return err
		}
		return tx.AddEvent("", &slnet.RunChangedEventMessage{Run: *run})
	})
	return err
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
		if err := a.put(ctx, storage.Origin{User: run.RunsAs, RunID: run.ID}, run); err != nil {
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
	s, err := a.find(ctx, m.ScriptName, 0)
	if err != nil {
		return nil, err
	}
	entryPoint := m.EntryPoint
	if entryPoint == "" {
		entryPoint = "Run"
	}
	if err := errors.Join(checkEntryPoint(s, entryPoint), checkTimeout(m.Timeout)); err != nil {
		return nil, err
	}
	if len(caller.Parents) >= maxDepth {
		return nil, slnet.Errorf(slnet.KindConflict, "script %q was not started: %d runs stand above it already, each started by the one before", s.Name, len(caller.Parents))
	}
	e, err := a.begin(ctx, caller, s, entryPoint, m)
	if err != nil {
		return nil, err
	}
	if m.Async {
		return &slnet.RunResponse{Run: e.snapshot()}, nil
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		e.cancel(slnet.Errorf(slnet.KindCanceled, "the caller went away: %v", context.Cause(ctx)))
		<-e.done
	}
	if e.storeErr != nil {
		return nil, e.storeErr
	}
	return &slnet.RunResponse{Run: e.snapshot()}, nil
}

// newRun makes the record of a run that is about to be queued.
func newRun(caller security.Caller, s *slnet.Script, entryPoint string, m *slnet.ExecuteScriptMessage) slnet.Run {
	startedBy := caller.User
	parents := caller.Parents
	if caller.RunID != uuid.Nil {
		startedBy = "run " + caller.RunID.String()
		parents = append(parents[:len(parents):len(parents)], caller.RunID)
	}
	timeout := m.Timeout
	if timeout == 0 {
		timeout = s.Timeout
	}
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	return slnet.Run{
		ID: uuid.Must(uuid.NewV7()), Script: s.Name, ScriptVersion: s.Version, Engine: s.Engine, EntryPoint: entryPoint,
		Parameters: maps.Clone(m.Parameters), StartedBy: startedBy, RunsAs: caller.User, Parents: parents,
		Attempt: 1, State: slnet.RunQueued, QueuedAt: time.Now().UTC(), Timeout: timeout,
	}
}

// visible reports whether a caller may see a run: one of their own, or all with
// the permission to.
func visible(caller security.Caller, all bool, run *slnet.Run) bool {
	return all || run.RunsAs == caller.User
}

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
				response.Runs = append(response.Runs, *run)
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
