package automation

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	defaultReplayRate = 10
	maxReplayRate     = 1000
)

// Replay starts runs again. all lets the caller repeat those of others; may
// returns why the caller may not execute a script.
func (a *Automation) Replay(ctx context.Context, caller security.Caller, all bool, m *slnet.ReplayRunsMessage, may func(script string) error) (*slnet.ReplayRunsResponse, error) {
	limit, err := storage.Limit(m.Limit)
	switch {
	case err != nil:
		return nil, err
	case m.PerSecond < 0 || m.PerSecond > maxReplayRate:
		return nil, slnet.Errorf(slnet.KindInvalid, "PerSecond is %d, it must be 0 to %d", m.PerSecond, maxReplayRate)
	case len(m.IDs) > storage.MaxListed:
		return nil, slnet.Errorf(slnet.KindTooLarge, "%d runs are named, at most %d can be", len(m.IDs), storage.MaxListed)
	case len(m.IDs) > 0 && !m.Filter.IsZero():
		return nil, slnet.Errorf(slnet.KindInvalid, "both IDs and a filter are given; give one of them")
	case len(m.IDs) == 0 && m.Filter.IsZero():
		return nil, slnet.Errorf(slnet.KindInvalid, "neither IDs nor a filter are given, so that all runs would be started again; give at least a script, a state or a time")
	}
	response := &slnet.ReplayRunsResponse{Runs: []slnet.Run{}}
	ids := m.IDs
	if len(ids) == 0 {
		err := a.Store.View(ctx, func(r *storage.Reader) error {
			response.Next, err = find(ctx, r, caller, all, &m.Filter, m.Before, limit, func(run *slnet.Run) {
				if run.State.Ended() {
					ids = append(ids, run.ID)
				}
			})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	pace := time.Second / time.Duration(cmp.Or(m.PerSecond, defaultReplayRate))
	begin := time.Now().UTC().Truncate(time.Millisecond)
	for first := 0; first < len(ids); first += batch {
		part := ids[first:min(first+batch, len(ids))]
		var runs []slnet.Run
		var refused []slnet.ReplayRefusal
		_, err := a.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
			runs, refused = nil, nil
			for i, id := range part {
				at := time.Time{}
				if n := first + i; n > 0 {
					at = begin.Add(time.Duration(n) * pace)
				}
				run, err := a.repeat(tx, caller, all, id, m.NewestVersion, at, may)
				if err != nil {
					known, ok := slnet.AsError(err)
					if !ok || known.Kind == slnet.KindUnavailable {
						return err
					}
					refused = append(refused, slnet.ReplayRefusal{ID: id, Message: known.Message})
					continue
				}
				tx.About("run", run.ID.String())
				runs = append(runs, brief(*run))
			}
			return nil
		})
		if err != nil {
			return response, err
		}
		response.Runs, response.Refused = append(response.Runs, runs...), append(response.Refused, refused...)
	}
	return response, nil
}

// repeat stores a run that repeats another one and starts at a time, or at once.
func (a *Automation) repeat(tx *storage.Tx, caller security.Caller, all bool, id uuid.UUID, newest bool, at time.Time, may func(script string) error) (*slnet.Run, error) {
	original, err := getRun(&tx.Reader, id)
	if err != nil {
		return nil, err
	}
	if !visible(caller, all, original) {
		return nil, noRun(id)
	}
	if !original.State.Ended() {
		return nil, slnet.Errorf(slnet.KindConflict, "run %s has not ended yet", id)
	}
	if original.SourceHash != "" {
		return nil, slnet.Errorf(slnet.KindInvalid, "run %s was of source that is not deployed, which is gone; run that source again", id)
	}
	head, err := headOf(&tx.Reader, original)
	if err != nil {
		return nil, err
	}
	if err := may(head.Name); err != nil {
		return nil, err
	}
	owner := security.Caller{User: original.RunsAs, UserID: original.RunsAsID, Scope: original.Scope}
	version := original.ScriptVersion
	if newest {
		version = 0
	}
	if newest && head.Version != original.ScriptVersion && head.RunsAs == "" {
		// The code is another than the user started whose rights it would have.
		if _, err := a.ActAs(caller, owner); err != nil {
			return nil, err
		}
	}
	call := Call{
		ScriptName: head.Name, Version: version, EntryPoint: original.EntryPoint, Parameters: original.Parameters, Timeout: original.Timeout,
		Priority: min(original.Priority, 0), Key: original.ConcurrencyKey, KeyLimit: original.KeyLimit,
		Trigger: slnet.RunTrigger{Kind: slnet.TriggerReplay, ID: original.ID, Name: original.Trigger.Name},
	}
	if call.EntryPoint == slnet.EntryPointRun {
		call.JSON = original.Input
		if len(original.Input) > 0 {
			call.Parameters = nil // they stand in the input
		}
	} else if call.stored, err = inputTable.Get(&tx.Reader, id.String()); errors.Is(err, storage.ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindConflict, "the input of run %s is not kept, because it %s", id, original.State)
	} else if err != nil {
		return nil, err
	}
	run, _, input, err := a.newRun(&tx.Reader, owner, call)
	if err != nil {
		return nil, err
	}
	if original.RunsAs != run.RunsAs && !newest {
		run.RunsAs, run.RunsAsID, run.Scope = original.RunsAs, original.RunsAsID, original.Scope
	}
	run.Parameters, run.Parents = original.Parameters, original.Parents
	run.StartedBy, run.StartedByID, run.ReplayOf = caller.User, caller.UserID, original.ID
	run.QueuedAt, run.NotBefore = tx.Now(), at
	return run, a.stage(tx, run, input)
}
