package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) topCommand() *cobra.Command {
	var interval time.Duration
	limit := int64(20)
	c := a.leaf("top", "Show what the daemon does: runs, queue, store", func(ctx context.Context, _ []string) error {
		return a.top(ctx, interval, limit)
	})
	c.Long = `Show what the daemon does: the runs under way and those that ended last, the queue,
the processes of scripts and the store. On a terminal it looks again and again, until
interrupted; elsewhere, and without an interval, it looks once. Runs are those that
you may see.`
	c.Flags().DurationVar(&interval, "interval", watchInterval, "`time` between two looks, 0 to look once")
	c.Flags().Int64Var(&limit, "limit", limit, "the most runs to show")
	return c
}

// look is what top shows.
type look struct {
	Time   time.Time
	System *slnet.SystemInfoResponse
	// Rates are per second since the look before, or since the start of the daemon.
	Rates rates
	// Runs have not ended, or have ended last: first those that execute, then those
	// that wait.
	Runs []slnet.Run
}

type rates struct{ Commits, Syncs, Runs float64 }

func (a *app) top(ctx context.Context, interval time.Duration, limit int64) error {
	if limit < 1 || limit > maxRuns {
		return slnet.Errorf(slnet.KindInvalid, "--limit is %d, want 1 to %d", limit, maxRuns)
	}
	if interval < 0 {
		return slnet.Errorf(slnet.KindInvalid, "--interval is %v, want 0 or more", interval)
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	var before *look
	again := func() error {
		now, err := lookAt(ctx, c, before, limit)
		if err != nil {
			return err
		}
		before = now
		return a.answer(now, func(t *table) { now.show(t, c.Address()) })
	}
	if interval == 0 || !isTerminal(a.stdout) {
		return again()
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	return a.watchList(ctx, ticker.C, again)
}

// lookAt asks for everything that top shows.
func lookAt(ctx context.Context, c *client.Client, before *look, limit int64) (*look, error) {
	now := &look{Time: time.Now()}
	var err error
	if now.System, err = ask[*slnet.SystemInfoResponse](ctx, c, &slnet.GetSystemInfoMessage{}); err != nil {
		return nil, err
	}
	for _, state := range []slnet.RunState{slnet.RunRunning, slnet.RunQueued, ""} {
		response, err := ask[*slnet.RunsResponse](ctx, c, &slnet.GetRunsMessage{Filter: slnet.RunFilter{State: state}, Limit: limit})
		if err != nil {
			return nil, err
		}
		for _, run := range response.Runs {
			if (state == "") == run.State.Ended() && int64(len(now.Runs)) < limit {
				now.Runs = append(now.Runs, run)
			}
		}
	}
	now.Rates = now.since(before)
	return now, nil
}

// since are the rates since a look before, nil for the start of the daemon.
func (l *look) since(before *look) rates {
	was, from := new(slnet.SystemInfoResponse), l.System.StartedAt
	if before != nil && before.System.StartedAt.Equal(from) {
		was, from = before.System, before.Time
	}
	took := max(l.Time.Sub(from).Seconds(), 1e-3)
	r := rates{Runs: float64(l.System.Queue.Ended-was.Queue.Ended) / took}
	if store := l.System.Store; store != nil {
		earlier := was.Store
		if earlier == nil {
			earlier = new(slnet.StoreInfo)
		}
		r.Commits, r.Syncs = float64(store.Commits-earlier.Commits)/took, float64(store.CommitGroups-earlier.CommitGroups)/took
	}
	return r
}

func (l *look) show(t *table, address string) {
	s, q := l.System, l.System.Queue
	t.field("Daemon", fmt.Sprintf("%s at %s, up %s", s.Version, address, durationText(l.Time.Sub(s.StartedAt).Truncate(time.Second))))
	t.field("Runs", fmt.Sprintf("%d executing, %d waiting, %d later; %d of %d slots free; %.1f/s ended; %d ended, %d of them badly",
		q.Executing, q.Waiting, q.Later, q.FreeSlots, q.Slots, l.Rates.Runs, q.Ended, q.Failed))
	t.field("Processes", fmt.Sprintf("%d workers, %d plugins; %d of them wait for a run", q.Workers, q.Plugins, q.Spares))
	if st := s.Store; st != nil {
		t.field("Store", fmt.Sprintf("%.1f commits/s in %.1f syncs/s; %s on disk, %s in memory; a read looks at most at %s",
			l.Rates.Commits, l.Rates.Syncs, bytesize.Rounded(st.DiskBytes), bytesize.Rounded(st.MemTableBytes+st.CacheBytes), tablesText(st.ReadAmplification)))
		t.field("Store is read-only", st.ReadOnly)
		if st.Checked > 0 {
			t.field("Check", fmt.Sprintf("%d of about %d rows", st.Checked, max(st.Rows, st.Checked)))
		}
	}
	if b := s.Backups; b != nil && b.Writing > 0 {
		t.field("Backup", bytesize.Rounded(b.Writing)+" written")
	}
	for i, m := range s.Indexing {
		t.row(first(i, "Indexing"), fmt.Sprintf("%s: %d of %d instances", m.ModuleID, m.Instances, m.All))
	}
	t.row(" ")
	t.header("ID", "SCRIPT", "STATE", "RUNS AS", "BY", "FOR", "MEMORY", "PROCESSOR")
	for _, run := range l.Runs {
		memory, processor := "", ""
		if run.PeakMemory > 0 {
			memory, processor = bytesize.Rounded(run.PeakMemory), durationText(run.CPUTime)
		}
		t.row(run.ID.String(), run.Script, string(run.State), run.RunsAs, string(run.Trigger.Kind), l.ageOf(run), memory, processor)
	}
}

// ageOf is for how long a run has executed or waited, or how long it took.
func (l *look) ageOf(run slnet.Run) string {
	switch {
	case run.State.Ended():
		return tookText(run)
	case run.StartedAt.IsZero():
		return durationText(l.Time.Sub(run.QueuedAt).Truncate(time.Second))
	}
	return durationText(l.Time.Sub(run.StartedAt).Truncate(100 * time.Millisecond))
}
