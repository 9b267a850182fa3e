package backups

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"domovoi.dev/sdk/slnet"
)

const (
	// look is the longest the loop waits before it reads the clock again. Timers do
	// not see that the clock was set.
	look = time.Minute
	// retry is how long after a failure it tries again, at most.
	retry = 10 * time.Minute
)

// Start begins to make backups by itself, when Every says how often. Stop ends it.
func (f *Folder) Start() {
	if f.Every <= 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.stop = cancel
	f.loop.Go(func() {
		for ctx.Err() == nil {
			wait := time.Until(f.due(time.Now()))
			if wait <= 0 {
				f.inTurn(ctx)
				continue
			}
			timer := time.NewTimer(min(wait, look))
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
			timer.Stop()
		}
	})
}

// Stop ends what Start began, also in the middle of a backup, and waits for it.
func (f *Folder) Stop() {
	f.stop()
	f.loop.Wait()
}

// due is when the next backup is to be made: Every after the newest of the
// daemon's own, whichever daemon made it, and later after a failure. Those from
// before the clock was set back do not count.
func (f *Folder) due(now time.Time) time.Time {
	next := now
	list, _ := f.own() // without a list one is made, which says what is wrong
	for _, b := range list {
		if !b.CreatedAt.After(now) {
			next = b.CreatedAt.Add(f.Every)
			break
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if again := f.failed.Add(min(f.Every, retry)); f.failure != nil && again.After(next) && !f.failed.After(now) {
		next = again
	}
	f.next = next.UTC().Truncate(time.Millisecond)
	return next
}

// own are the backups the daemon made by itself, the newest first.
func (f *Folder) own() ([]slnet.Backup, error) {
	all, err := f.List()
	own := all[:0]
	for _, b := range all {
		if b.Scheduled {
			own = append(own, b)
		}
	}
	return own, err
}

// inTurn makes a backup, and removes the oldest when there are enough newer ones.
func (f *Folder) inTurn(ctx context.Context) {
	response, err := f.create(ctx, scheduled)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, slnet.KindConflict): // somebody else is making one
		f.settle(err)
		return
	case err == nil:
		f.Logger.Info("a backup was made", "op", "backups.inTurn", "name", response.Backup.Name, "bytes", response.Backup.Size)
		if len(response.Missing) > 0 {
			f.Logger.Warn("files that should be in the backup are lost", "op", "backups.inTurn", "first", response.Missing[0], "files", len(response.Missing))
		}
		err = f.retain()
		f.settle(err)
	}
	if err != nil {
		f.Logger.Error("the daemon could not make a backup", "op", "backups.inTurn", "err", err)
		f.Failed(err)
	}
}

// retain removes the oldest of the daemon's own backups. It is called behind a
// backup that has succeeded only.
func (f *Folder) retain() error {
	if f.Keep <= 0 {
		return nil
	}
	list, err := f.own()
	for _, b := range list[min(f.Keep, len(list)):] {
		err = errors.Join(err, os.Remove(filepath.Join(f.Dir, b.Name)))
	}
	return err
}
