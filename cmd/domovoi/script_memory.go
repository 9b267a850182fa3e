package main

import (
	"context"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/slnet"
)

func (a *app) scriptMemoryCommand() *cobra.Command {
	var clearAll bool
	c := a.leaf("memory NAME", "Show what a script remembers, or clear it", func(ctx context.Context, args []string) error {
		if clearAll {
			return a.do(ctx, &slnet.ClearScriptMemoryMessage{Name: args[0]})
		}
		return a.scriptMemory(ctx, args[0])
	})
	c.Long = `Show what a script remembers from run to run, or make it forget everything. Both
need the right to edit the script.`
	c.Flags().BoolVar(&clearAll, "clear", false, "make it forget everything")
	return a.completes(c, scriptNames)
}

func (a *app) scriptMemory(ctx context.Context, name string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	all := &slnet.ScriptMemoryResponse{Entries: []slnet.MemoryEntry{}}
	for more := true; more; more = all.Next != "" {
		response, err := ask[*slnet.ScriptMemoryResponse](ctx, c, &slnet.GetScriptMemoryMessage{Name: name, After: all.Next})
		if err != nil {
			return err
		}
		all.Entries, all.Next = append(all.Entries, response.Entries...), response.Next
	}
	return a.answer(all, func(t *table) {
		t.header("KEY", "VALUE", "CHANGED", "RUN")
		for _, entry := range all.Entries {
			t.row(entry.Key, t.shorten(entry.Value, 60), timeText(entry.ChangedAt), entry.RunID.String())
		}
	})
}
