package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) runCommand() *cobra.Command {
	return a.group("run", "Look at runs of scripts",
		a.runListCommand(),
		a.completes(a.leaf("show ID", "Show a run", a.runShow), runIDs),
		a.runLogsCommand(),
		a.completes(a.leaf("cancel ID", "Cancel a queued or running run", a.runCancel), runIDs))
}

// runStates are the values of --state.
var runStates = []string{
	string(slnet.RunQueued), string(slnet.RunRunning), string(slnet.RunSucceeded), string(slnet.RunFailed),
	string(slnet.RunCanceled), string(slnet.RunTimedOut), string(slnet.RunLost),
}

func (a *app) runListCommand() *cobra.Command {
	message := new(slnet.GetRunsMessage)
	var state string
	c := a.leaf("list", "List runs, the newest first", func(ctx context.Context, _ []string) error {
		message.State = slnet.RunState(state)
		return a.runList(ctx, message)
	})
	c.Flags().StringVar(&message.Script, "script", "", "only runs of the script of this `name`")
	c.Flags().StringVar(&state, "state", "", "only runs in this `state`: "+strings.Join(runStates, ", "))
	c.Flags().Int64Var(&message.Limit, "limit", 20, "the most runs to list")
	c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(runStates, cobra.ShellCompDirectiveNoFileComp))
	a.completesFlag(c, "script", scriptNames)
	return c
}

// maxRuns is the most runs of one answer.
const maxRuns = 1000

func (a *app) runList(ctx context.Context, message *slnet.GetRunsMessage) error {
	if message.Limit < 1 {
		return slnet.Errorf(slnet.KindInvalid, "--limit is %d, want at least 1", message.Limit)
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	var answer slnet.RunsResponse
	for left := message.Limit; left > 0; {
		page := *message
		page.Limit = min(left, maxRuns)
		if n := len(answer.Runs); n > 0 {
			page.Before = answer.Runs[n-1].ID
		}
		response, err := ask[*slnet.RunsResponse](ctx, c, &page)
		if err != nil {
			return err
		}
		answer.Runs = append(answer.Runs, response.Runs...)
		if int64(len(response.Runs)) < page.Limit {
			break
		}
		left -= page.Limit
	}
	return a.answer(&answer, func(t *table) {
		t.row("ID", "SCRIPT", "VERSION", "STATE", "RUNS AS", "QUEUED", "TOOK")
		for _, run := range answer.Runs {
			version := fmt.Sprint(run.ScriptVersion)
			if run.SourceHash != "" {
				version = "source"
			}
			t.row(run.ID.String(), run.Script, version, string(run.State), run.RunsAs, timeText(run.QueuedAt), tookText(run))
		}
	})
}

func tookText(run slnet.Run) string {
	if run.StartedAt.IsZero() || run.EndedAt.IsZero() {
		return ""
	}
	return durationText(run.EndedAt.Sub(run.StartedAt))
}

func (a *app) runShow(ctx context.Context, args []string) error {
	id, err := parseRunID(args[0])
	if err != nil {
		return err
	}
	response, err := request[*slnet.RunResponse](ctx, a, &slnet.GetRunMessage{ID: id})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showRun(t, response.Run) })
}

func parseRunID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, slnet.Errorf(slnet.KindInvalid, "%q is not the id of a run; \"domovoi run list\" shows them", text)
	}
	return id, nil
}

// versionText says what of a script was executed.
func versionText(run slnet.Run) string {
	if run.SourceHash != "" {
		return "(not deployed)"
	}
	return fmt.Sprintf("version %d", run.ScriptVersion)
}

func showRun(t *table, run slnet.Run) {
	t.field("Run", run.ID.String())
	t.field("Script", fmt.Sprintf("%s, %s, %s", run.Script, versionText(run), run.Engine))
	t.field("Hash", run.SourceHash)
	t.field("Entry point", run.EntryPoint)
	t.field("State", string(run.State))
	t.field("Exit reason", run.ExitReason)
	t.field("Started by", run.StartedBy)
	t.field("Runs as", run.RunsAs)
	if len(run.Parents) > 0 {
		t.field("Below run", run.Parents[len(run.Parents)-1].String())
	}
	if run.Attempt > 1 {
		t.field("Attempt", fmt.Sprint(run.Attempt))
	}
	if len(run.Input) > 0 {
		t.field("Input", string(run.Input))
	}
	if len(run.Result) > 0 {
		t.field("Result", string(run.Result))
	}
	t.field("Queued", timeText(run.QueuedAt))
	t.field("Started", timeText(run.StartedAt))
	t.field("Ended", timeText(run.EndedAt))
	t.field("Took", tookText(run))
	if run.Timeout > 0 {
		t.field("Timeout", durationText(run.Timeout))
	}
	if run.PeakMemory > 0 {
		t.field("Memory", sizeText(run.PeakMemory)+" at most")
	}
	if run.CPUTime > 0 {
		t.field("Processor time", durationText(run.CPUTime))
	}
	showPairs(t, "Parameters", run.Parameters)
	showPairs(t, "Output", run.Output)
	for i, e := range run.Errors {
		t.row(first(i, "Errors"), runErrorText(e))
	}
	if run.LogBytes > 0 {
		t.field("Log", sizeText(run.LogBytes))
	}
}

func showPairs(t *table, name string, pairs map[string]string) {
	for i, key := range sortedKeys(pairs) {
		t.row(first(i, name), key+"="+pairs[key])
	}
}

// first is the name of a list beside its first item, and a blank beside others.
func first(i int, name string) string {
	if i == 0 {
		return name
	}
	return " "
}

func runErrorText(e slnet.RunError) string {
	text := e.Message
	switch {
	case e.File != "" && e.Line > 0:
		text = fmt.Sprintf("%s:%d: %s", e.File, e.Line, text)
	case e.File != "":
		text = e.File + ": " + text
	}
	return text
}

func (a *app) runLogsCommand() *cobra.Command {
	var follow bool
	c := a.leaf("logs ID", "Print the log of a run", func(ctx context.Context, args []string) error {
		return a.runLogs(ctx, args[0], follow)
	})
	c.Long = `Print the log of a run. With -o json each line is a JSON object.`
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the run has ended")
	return a.completes(c, runIDs)
}

func (a *app) runLogs(ctx context.Context, text string, follow bool) error {
	id, err := parseRunID(text)
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	lines := json.NewEncoder(a.stdout)
	lines.SetEscapeHTML(false)
	return readLog(ctx, c, id, follow, func(page []slnet.LogLine) {
		for _, line := range page {
			if a.output == outputJSON {
				lines.Encode(line)
			} else {
				fmt.Fprintln(a.stdout, logText(line))
			}
		}
	})
}

// followPause is how often a log that grows is looked at.
const followPause = 200 * time.Millisecond

// readLog hands on the log of a run page by page: what there is, or with follow
// until the run has ended.
func readLog(ctx context.Context, c *client.Client, id uuid.UUID, follow bool, page func([]slnet.LogLine)) error {
	var offset int64
	for {
		response, err := ask[*slnet.RunLogResponse](ctx, c, &slnet.GetRunLogMessage{ID: id, Offset: offset})
		if err != nil {
			return err
		}
		page(response.Lines)
		grew := response.Next > offset
		offset = response.Next
		switch {
		case response.Ended, !grew && !follow:
			return nil
		case !grew:
			select {
			case <-time.After(followPause):
			case <-ctx.Done():
				return fmt.Errorf("%w: %w", slnet.KindCanceled, ctx.Err())
			}
		}
	}
}

func logText(line slnet.LogLine) string {
	return fmt.Sprintf("%s %-6s %s", line.Time.Local().Format("15:04:05.000"), line.Level, line.Text)
}

func (a *app) runCancel(ctx context.Context, args []string) error {
	id, err := parseRunID(args[0])
	if err != nil {
		return err
	}
	response, err := request[*slnet.RunResponse](ctx, a, &slnet.CancelRunMessage{ID: id})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showRun(t, response.Run) })
}
