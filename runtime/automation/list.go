package automation

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	// maxLooked is how many records one answer looks at.
	maxLooked = 10_000
	// idSlack is how far the time in the id of a run may be from that at which it
	// was queued.
	idSlack = time.Minute
)

// Runs lists runs, the newest first. all lets the caller see those of others.
func (a *Automation) Runs(ctx context.Context, caller security.Caller, all bool, m *slnet.GetRunsMessage) (*slnet.RunsResponse, error) {
	limit, err := storage.Limit(m.Limit)
	if err != nil {
		return nil, err
	}
	response := &slnet.RunsResponse{Runs: []slnet.Run{}}
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		response.Next, err = find(ctx, r, caller, all, &m.Filter, m.Before, limit, func(run *slnet.Run) {
			response.Runs = append(response.Runs, brief(a.withWait(*run, 0)))
		})
		return err
	})
	return response, err
}

// find calls fn with runs that a caller may see, the newest first. next is where
// to go on, zero at the end.
func find(ctx context.Context, r *storage.Reader, caller security.Caller, all bool, f *slnet.RunFilter, before uuid.UUID, limit int, fn func(*slnet.Run)) (next uuid.UUID, err error) {
	script, err := runsOf(r, f.Script)
	if err != nil {
		return next, err
	}
	walk := storage.Walk{Reverse: true, Prefix: prefixOf(caller, all, f, script.id)}
	if before == uuid.Nil && !f.To.IsZero() {
		before = firstID(f.To.Add(idSlack).UnixMilli())
	}
	if before != uuid.Nil {
		walk.After = append(slices.Clone(walk.Prefix), before.String())
	}
	text := strings.ToLower(f.Text)
	looked, found := 0, 0
	look := func(run *slnet.Run) (bool, error) {
		if !f.From.IsZero() && idTime(run.ID) < f.From.Add(-idSlack).UnixMilli() {
			return false, nil // all that follow are older
		}
		if visible(caller, all, run) && script.have(run) && matches(f, text, run) {
			found++
			fn(run)
		}
		if looked++; looked == maxLooked || found == limit {
			next = run.ID
			return false, nil
		}
		return true, ctx.Err()
	}
	if walk.Prefix == nil {
		return next, runTable.Scan(r, walk, look)
	}
	err = indexTable.Scan(r, walk, func(row *indexRow) (bool, error) {
		run, err := getRun(r, row.ID)
		if err != nil {
			return false, err
		}
		return look(run)
	})
	return next, err
}

// prefixOf is the part of indexTable with the fewest runs among which are all
// that a filter can select, nil for all runs.
// script is the id of its Script, "" where there is none.
func prefixOf(caller security.Caller, all bool, f *slnet.RunFilter, script string) []string {
	switch {
	case f.TriggerID != uuid.Nil:
		return []string{byTrigger, f.TriggerID.String()}
	case f.State != "" && f.State != slnet.RunSucceeded: // these are few
		return []string{byState, string(f.State)}
	case script != "":
		return []string{byScript, script}
	case f.User != "":
		return []string{byUser, nameKey(f.User)}
	case !all:
		return []string{byOwner, ownerKey(caller.UserID, caller.User)}
	case f.State != "":
		return []string{byState, string(f.State)}
	}
	return nil
}

// scriptRuns are the runs of a script.
type scriptRuns struct {
	name string // "" for all runs of all scripts
	id   string // of the script; "" where none has or had the name
}

// runsOf returns the runs of the script that has or had a name, whatever it was
// called when they ran. Where there is none, they are those that ran under the
// name, of deleted scripts.
func runsOf(r *storage.Reader, name string) (scriptRuns, error) {
	runs := scriptRuns{name: nameKey(name)}
	if name == "" {
		return runs, nil
	}
	id, err := idOf(r, name)
	if id != uuid.Nil {
		runs.id = id.String()
	}
	return runs, err
}

func (s scriptRuns) have(run *slnet.Run) bool {
	switch {
	case s.id != "":
		return run.ScriptID.String() == s.id
	case s.name != "":
		return nameKey(run.Script) == s.name
	}
	return true
}

// matches reports whether a filter selects a run, its Script apart. text is that
// of the filter in small letters.
func matches(f *slnet.RunFilter, text string, run *slnet.Run) bool {
	return (f.State == "" || f.State == run.State) &&
		(f.User == "" || nameKey(f.User) == nameKey(run.RunsAs)) &&
		(f.From.IsZero() || !run.QueuedAt.Before(f.From)) && (f.To.IsZero() || run.QueuedAt.Before(f.To)) &&
		(f.Trigger == "" || f.Trigger == run.Trigger.Kind) && (f.TriggerID == uuid.Nil || f.TriggerID == run.Trigger.ID) &&
		(text == "" || hasText(run, text))
}

func hasText(run *slnet.Run, text string) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	return has(run.Script) || has(run.ExitReason) || slices.ContainsFunc(run.Errors, func(e slnet.RunError) bool { return has(e.Message) }) ||
		anyValue(run.Parameters, has) || anyValue(run.Output, has)
}

func anyValue(m map[string]string, has func(string) bool) bool {
	for value := range maps.Values(m) {
		if has(value) {
			return true
		}
	}
	return false
}

// firstID is an id before those of all runs that were queued from a time on, in
// milliseconds.
func firstID(ms int64) (id uuid.UUID) {
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id
}

// idTime is the time in the id of a run, in milliseconds.
func idTime(id uuid.UUID) (ms int64) {
	for i := range 6 {
		ms = ms<<8 | int64(id[i])
	}
	return ms
}
