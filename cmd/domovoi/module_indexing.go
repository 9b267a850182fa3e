package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) moduleIndexingCommand() *cobra.Command {
	var wait bool
	c := a.leaf("indexing [ID]", "Show how far the indexes of modules are that are being built", func(ctx context.Context, args []string) error {
		return a.moduleIndexing(ctx, args, wait)
	})
	c.Long = `Show how far the indexes of modules are that are being built, of all modules or of
one. Indexes are built in the background when the settings of a module ask for
more of them; queries work meanwhile, without these indexes. With --wait it waits
until none is being built any more.`
	c.Flags().BoolVar(&wait, "wait", false, "wait until the indexes are built")
	return a.completes(c, moduleNames)
}

func (a *app) moduleIndexing(ctx context.Context, modules []string, wait bool) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if len(modules) > 0 {
		if _, err := readSettings(ctx, c.SendSLNetMessages, modules[0]); err != nil {
			return err
		}
	}
	list, err := indexing(ctx, c, modules)
	if err != nil {
		return err
	}
	if wait && len(list) > 0 {
		if list, err = a.awaitIndexes(ctx, c, modules); err != nil {
			return err
		}
	}
	return a.answer(struct{ Indexing []slnet.IndexingInfo }{list}, func(t *table) {
		t.header("MODULE", "INSTANCES", "ALL")
		for _, m := range list {
			t.row(m.ModuleID, fmt.Sprint(m.Instances), fmt.Sprint(m.All))
		}
	})
}

// indexing are the modules that are being indexed, of those named or of all.
func indexing(ctx context.Context, c *client.Client, modules []string) (list []slnet.IndexingInfo, err error) {
	info, err := ask[*slnet.SystemInfoResponse](ctx, c, &slnet.GetSystemInfoMessage{})
	if err != nil {
		return nil, err
	}
	for _, m := range info.Indexing {
		if len(modules) == 0 || m.ModuleID == modules[0] {
			list = append(list, m)
		}
	}
	return list, nil
}

// awaitIndexes looks again and again until no index is being built.
func (a *app) awaitIndexes(ctx context.Context, c *client.Client, modules []string) ([]slnet.IndexingInfo, error) {
	progress, began := a.progress(), time.Now()
	defer progress.clear()
	before := int64(-1) // what was indexed when this began
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	for {
		list, err := indexing(ctx, c, modules)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		var done, all int64
		for _, m := range list {
			done, all = done+m.Instances, all+m.All
		}
		if before < 0 || done < before {
			before, began = done, time.Now()
		}
		progress.show(farText("instances indexed", done-before, done-before, all-before, time.Since(began)))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
}
