package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/slnet"
)

func (a *app) checkCommand() *cobra.Command {
	var online bool
	c := a.leaf("check", "Check that the data is whole and without contradictions", func(ctx context.Context, _ []string) error {
		return a.check(ctx, online)
	})
	c.Long = `Check that the data is whole and without contradictions. The data directory is
read by the command itself, which a running daemon does not allow; with --online
the daemon checks its data while it works.`
	c.Flags().BoolVar(&online, "online", false, "let the running daemon check")
	return c
}

func (a *app) check(ctx context.Context, online bool) error {
	check := a.checkOffline
	if online {
		check = a.checkOnline
	}
	response, err := check(ctx)
	if err != nil {
		return err
	}
	err = a.answer(response, func(t *table) {
		t.field("Objects", fmt.Sprint(response.Objects))
		t.field("Index entries", fmt.Sprint(response.IndexEntries))
		t.field("Earlier versions", fmt.Sprint(response.Versions))
		t.field("History rows", fmt.Sprint(response.HistoryRows))
		t.field("Counters", fmt.Sprint(response.Counters))
		t.field("Feed rows", fmt.Sprint(response.FeedRows))
		t.field("Information events", fmt.Sprint(response.InformationEvents))
		t.field("Audit records", fmt.Sprint(response.AuditRecords))
		t.field("Attachments", fmt.Sprint(response.Attachments))
		t.field("Records", fmt.Sprint(response.Records))
		for i, problem := range response.Problems {
			t.row(first(i, "Problems"), problem)
		}
	})
	if n := len(response.Problems); err == nil && n > 0 {
		err = slnet.Errorf(slnet.KindInternal, "the check found %d problems", n)
	}
	return err
}

func (a *app) checkOffline(ctx context.Context) (*slnet.CheckStoreResponse, error) {
	stop := func() {}
	defer func() { stop() }()
	response, err := runtime.Check(ctx, a.dataDir, func(far func() (rows, all int64)) { stop = a.showRows(far) })
	return &response, err
}

func (a *app) checkOnline(ctx context.Context) (*slnet.CheckStoreResponse, error) {
	c, err := a.connect()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer a.showRows(func() (rows, all int64) {
		info, err := ask[*slnet.SystemInfoResponse](ctx, c, &slnet.GetSystemInfoMessage{})
		if err != nil || info.Store == nil {
			return 0, 0 // the check itself will tell
		}
		return info.Store.Checked, info.Store.Rows
	})()
	return ask[*slnet.CheckStoreResponse](ctx, c, &slnet.CheckStoreMessage{})
}

// showRows shows on a terminal how many rows were looked at, of about how many,
// until the function it returns is called.
func (a *app) showRows(far func() (rows, all int64)) (stop func()) {
	began := time.Now()
	return a.progress().every(func() string {
		rows, all := far()
		return farText("rows", rows, rows, all, time.Since(began))
	})
}

func (a *app) compactCommand() *cobra.Command {
	var online bool
	c := a.leaf("compact", "Free the space of what was deleted", func(ctx context.Context, _ []string) error {
		return a.compact(ctx, online)
	})
	c.Long = `Rewrite the store, which frees the space of what was deleted and makes reads
cheaper. It is done piece by piece; what is done when the command is interrupted
stays done. The data directory is rewritten by the command itself, which a running
daemon does not allow; with --online the daemon does it while it works.`
	c.Flags().BoolVar(&online, "online", false, "let the running daemon compact")
	return c
}

// compaction is what a compaction has done.
type compaction struct{ Before, After int64 }

func (a *app) compact(ctx context.Context, online bool) error {
	result := compaction{Before: -1}
	began, all := time.Now(), int64(0)
	progress := a.progress()
	stepped := func(step slnet.CompactStoreResponse) {
		if result.Before < 0 {
			result.Before = step.Before
		}
		result.After = step.After
		all = max(all, step.Before, step.Remaining)
		progress.show(sizeFarText("rewritten", all-step.Remaining, all, time.Since(began)))
	}
	compact := func() error { return runtime.Compact(ctx, a.dataDir, stepped) }
	if online {
		compact = func() error { return a.compactOnline(ctx, stepped) }
	}
	err := compact()
	progress.clear()
	if err != nil {
		return err
	}
	return a.answer(result, func(t *table) {
		t.field("Before", bytesize.Rounded(result.Before))
		t.field("After", bytesize.Rounded(result.After))
	})
}

func (a *app) compactOnline(ctx context.Context, stepped func(slnet.CompactStoreResponse)) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	for message := new(slnet.CompactStoreMessage); ; {
		step, err := ask[*slnet.CompactStoreResponse](ctx, c, message)
		if err != nil {
			return err
		}
		stepped(*step)
		if message.From = step.Next; len(step.Next) == 0 {
			return nil
		}
	}
}
