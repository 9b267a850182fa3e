package automation

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/fsync"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	// sweepDelay is the time from the start to the first sweep, and sweepInterval
	// that between sweeps.
	sweepDelay    = time.Minute
	sweepInterval = 10 * time.Minute
)

// DefaultRetention says which runs of a script are kept where nobody says other.
var DefaultRetention = slnet.ScriptRetention{
	Age: 30 * 24 * time.Hour, FailedAge: 90 * 24 * time.Hour, Runs: 100_000, Logs: 1 << 30,
}

// Removed is how much retention has removed since the store was made.
type Removed struct {
	Runs     int64 `json:"Runs"`
	LogBytes int64 `json:"LogBytes"`
}

var (
	// removedTable has one record, written with each removal.
	removedTable = storage.NewTable[Removed]("runs_removed")
	removedKey   = "total"
)

// retentionOf is what counts for the runs of a script, nil for one that does not
// exist any more: what its manifest says, and else what the daemon does. Failures
// are kept as long as successes, or longer.
func (a *Automation) retentionOf(s *slnet.Script) slnet.ScriptRetention {
	var own slnet.ScriptRetention
	if s != nil {
		own = manifestOf(s).Retention
	}
	r := slnet.ScriptRetention{
		Age:  cmp.Or(own.Age, a.Retention.Age, DefaultRetention.Age),
		Runs: cmp.Or(own.Runs, a.Retention.Runs, DefaultRetention.Runs),
		Logs: cmp.Or(own.Logs, a.Retention.Logs, DefaultRetention.Logs),
	}
	r.FailedAge = max(r.Age, cmp.Or(own.FailedAge, a.Retention.FailedAge, DefaultRetention.FailedAge))
	return r
}

// sweepRuns removes what is not to be kept, until the Automation ends.
func (a *Automation) sweepRuns() {
	timer := time.NewTimer(sweepDelay)
	defer timer.Stop()
	for {
		select {
		case <-a.ending.Done():
			return
		case <-timer.C:
		}
		if err := a.Sweep(a.ending, time.Now()); err != nil && a.ending.Err() == nil && !errors.Is(err, storage.ErrReadOnly) {
			a.Logger.Error("old runs could not be removed; the next sweep tries again", "op", "automation.Sweep", "err", err)
		}
		timer.Reset(sweepInterval)
	}
}

// Sweep removes the runs that are not to be kept at the moment now, with their
// logs. Runs that have not ended, and those above them, stay.
func (a *Automation) Sweep(ctx context.Context, now time.Time) error {
	needed, err := a.openFamilies(ctx)
	if err != nil {
		return err
	}
	for after := []string{byScript}; ; {
		var script string
		err := a.Store.View(ctx, func(r *storage.Reader) error {
			walk := storage.Walk{Prefix: []string{byScript}}
			if len(after) > 1 {
				walk.After = after
			}
			return indexTable.Keys(r, walk, func(key []string) (bool, error) {
				script = key[1]
				return false, nil
			})
		})
		if err != nil || script == "" {
			return err
		}
		if err := a.sweepScript(ctx, script, needed, now); err != nil {
			return err
		}
		after = []string{byScript, script}
	}
}

// openFamilies are the runs that have not ended, and those above them.
func (a *Automation) openFamilies(ctx context.Context) (map[uuid.UUID]bool, error) {
	needed := make(map[uuid.UUID]bool)
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		for _, part := range []string{openWaiting, openLater, openRunning} {
			err := openTable.Scan(r, storage.Walk{Prefix: []string{part}}, func(w *openRun) (bool, error) {
				run, err := getRun(r, w.ID)
				if err != nil {
					return false, err
				}
				needed[run.ID] = true
				for _, id := range run.Parents {
					needed[id] = true
				}
				return true, ctx.Err()
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return needed, err
}

// sweepScript removes runs of one script, in pieces. What was queued after now
// stays, for it may have begun others since needed was read.
func (a *Automation) sweepScript(ctx context.Context, key string, needed map[uuid.UUID]bool, now time.Time) error {
	keep := keeping{now: now}
	for after := []string(nil); ; {
		var ids []uuid.UUID
		more := false
		err := a.Store.View(ctx, func(r *storage.Reader) error {
			if after == nil {
				s, err := scriptTable.Get(r, key)
				if err != nil && !errors.Is(err, storage.ErrNotFound) {
					return err
				}
				keep.retention = a.retentionOf(s)
			}
			walk := storage.Walk{Prefix: []string{byScript, key}, Reverse: true, After: after}
			return indexTable.Scan(r, walk, func(row *indexRow) (bool, error) {
				after = []string{byScript, key, row.ID.String()}
				if row.State.Ended() && row.QueuedAt.Before(now) && !needed[row.ID] && !keep.keeps(row) {
					ids = append(ids, row.ID)
				}
				more = len(ids) == batch
				return !more, ctx.Err()
			})
		})
		if err != nil {
			return err
		}
		if err := a.remove(ctx, ids); err != nil || !more {
			return err
		}
	}
}

// keeping decides which runs of a script are kept, of which it is told the newest
// first. Those that succeeded and the others are counted apart, so that failures
// are not driven out by successes.
type keeping struct {
	retention slnet.ScriptRetention
	now       time.Time
	counted   [2]Removed
}

func (k *keeping) keeps(row *indexRow) bool {
	class, age := 0, k.retention.Age
	if row.State != slnet.RunSucceeded {
		class, age = 1, k.retention.FailedAge
	}
	count := &k.counted[class]
	count.Runs++
	count.LogBytes += row.LogBytes
	return k.now.Sub(row.EndedAt) <= age && count.Runs <= k.retention.Runs && count.LogBytes <= k.retention.Logs
}

// remove removes runs that have ended. Their logs go first: what a crash then
// leaves is a run without its log, which the next sweep removes, and never a log
// that belongs to nobody.
func (a *Automation) remove(ctx context.Context, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	for _, id := range ids {
		if err := os.Remove(a.logPath(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := fsync.Dir(a.logDir()); err != nil {
		return err
	}
	_, err := a.Store.Update(ctx, storage.Origin{User: systemUser}, func(tx *storage.Tx) error {
		total, err := removedTable.Get(&tx.Reader, removedKey)
		if errors.Is(err, storage.ErrNotFound) {
			total, err = new(Removed), nil
		}
		for _, id := range ids {
			if err != nil {
				return err
			}
			err = removeRun(tx, id, total)
		}
		if err != nil {
			return err
		}
		return removedTable.Put(tx, total, removedKey)
	})
	if err == nil {
		a.Logger.Info("old runs were removed", "op", "automation.Sweep", "runs", len(ids))
	}
	return err
}

// removeRun removes all that the store has of a run.
func removeRun(tx *storage.Tx, id uuid.UUID, total *Removed) error {
	run, err := getRun(&tx.Reader, id)
	if errors.Is(err, slnet.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	total.Runs++
	total.LogBytes += run.LogBytes
	for _, key := range indexKeys(run) {
		err = errors.Join(err, indexTable.Delete(tx, key...))
	}
	return errors.Join(err, inputTable.Delete(tx, id.String()), changesTable.Delete(tx, id.String()), runTable.Delete(tx, id.String()))
}

// Removed is how much retention has removed since the store was made.
func (a *Automation) Removed(ctx context.Context) (removed Removed, err error) {
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		stored, err := removedTable.Get(r, removedKey)
		if err == nil {
			removed = *stored
		}
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		return err
	})
	return removed, err
}
