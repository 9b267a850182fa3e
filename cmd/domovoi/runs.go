package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) runCommand() *cobra.Command {
	return a.group("run", "Look at runs of scripts",
		a.runListCommand(),
		a.completes(a.leaf("show ID", "Show a run", a.runShow), runIDs),
		a.runLogsCommand(),
		a.runReplayCommand(),
		a.completes(a.leaf("changes ID", "Show what a dry run would have changed", a.runChanges), runIDs),
		a.completes(a.leaf("cancel ID", "Cancel a queued or running run", a.runCancel), runIDs))
}

// runStates are the values of --state.
var runStates = []string{
	string(slnet.RunQueued), string(slnet.RunRunning), string(slnet.RunSucceeded), string(slnet.RunFailed),
	string(slnet.RunCanceled), string(slnet.RunTimedOut), string(slnet.RunLost),
}

func (a *app) runListCommand() *cobra.Command {
	message := new(slnet.GetRunsMessage)
	var filter runFilter
	c := a.leaf("list", "List runs, the newest first", func(ctx context.Context, _ []string) error {
		var err error
		if message.Filter, err = filter.read(); err != nil {
			return err
		}
		return a.runList(ctx, message)
	})
	a.filterFlags(c, &filter)
	c.Flags().Int64Var(&message.Limit, "limit", 20, "the most runs to list")
	return c
}

// runFilter are the flags that select runs.
type runFilter struct {
	slnet.RunFilter
	state, trigger, triggerID, since, until string
}

// triggerKinds are the values of --trigger.
var triggerKinds = []string{
	string(slnet.TriggerManual), string(slnet.TriggerRun), string(slnet.TriggerSchedule), string(slnet.TriggerAPI),
	string(slnet.TriggerChange), string(slnet.TriggerAction), string(slnet.TriggerReplay),
}

func (a *app) filterFlags(c *cobra.Command, f *runFilter) {
	c.Flags().StringVar(&f.Script, "script", "", "only runs of the script of this `name`")
	c.Flags().StringVar(&f.state, "state", "", "only runs in this `state`: "+strings.Join(runStates, ", "))
	c.Flags().StringVar(&f.User, "user", "", "only runs with the rights of the user of this `name`")
	c.Flags().StringVar(&f.since, "since", "", "only runs queued since a `time`: 2026-01-31T12:00:00Z, or 12h or 7d ago")
	c.Flags().StringVar(&f.until, "until", "", "only runs queued before a `time`")
	c.Flags().StringVar(&f.trigger, "trigger", "", "only runs started by this `kind`: "+strings.Join(triggerKinds, ", "))
	c.Flags().StringVar(&f.triggerID, "trigger-id", "", "only runs started by the schedule, trigger or run of this `id`, or for a change of this instance")
	c.Flags().StringVar(&f.Text, "text", "", "only runs with this `text` in their errors, exit reason, parameters or output")
	c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(runStates, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("trigger", cobra.FixedCompletions(triggerKinds, cobra.ShellCompDirectiveNoFileComp))
	a.completesFlag(c, "script", scriptNames)
}

// read returns the filter that the flags say.
func (f *runFilter) read() (slnet.RunFilter, error) {
	filter := f.RunFilter
	filter.State, filter.Trigger = slnet.RunState(f.state), slnet.RunTriggerKind(f.trigger)
	var err error
	if f.triggerID != "" {
		if filter.TriggerID, err = uuid.Parse(f.triggerID); err != nil {
			return filter, slnet.Errorf(slnet.KindInvalid, "--trigger-id %q is not an id", f.triggerID)
		}
	}
	if filter.From, err = momentOf("since", f.since); err != nil {
		return filter, err
	}
	filter.To, err = momentOf("until", f.until)
	return filter, err
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
		page.Before = answer.Next
		response, err := ask[*slnet.RunsResponse](ctx, c, &page)
		if err != nil {
			return err
		}
		answer.Runs, answer.Next = append(answer.Runs, response.Runs...), response.Next
		if answer.Next == uuid.Nil {
			break
		}
		left -= int64(len(response.Runs))
	}
	return a.answer(&answer, func(t *table) {
		t.header("ID", "SCRIPT", "VERSION", "STATE", "RUNS AS", "QUEUED", "TOOK")
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
	t.field("Dry run", yes(run.DryRun))
	t.field("State", string(run.State))
	t.field("Waits for", waitText(run.WaitsFor))
	t.field("Exit reason", run.ExitReason)
	t.field("Started by", run.StartedBy)
	t.field("Trigger", triggerText(run.Trigger))
	if run.ReplayOf != uuid.Nil {
		t.field("Repeats run", run.ReplayOf.String())
	}
	t.field("Runs as", run.RunsAs)
	if len(run.Parents) > 0 {
		t.field("Below run", run.Parents[len(run.Parents)-1].String())
	}
	if run.Attempt > 1 {
		t.field("Attempt", fmt.Sprint(run.Attempt))
	}
	for i, attempt := range run.Attempts {
		t.row(first(i, "Before"), attemptText(attempt))
	}
	if run.Priority != 0 {
		t.field("Priority", fmt.Sprint(run.Priority))
	}
	t.field("Concurrency key", run.ConcurrencyKey)
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
		t.field("Memory", bytesize.Rounded(run.PeakMemory)+" at most")
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
		t.field("Log", bytesize.Rounded(run.LogBytes))
	}
}

// waitText says what a queued run waits for.
func waitText(w *slnet.RunWait) string {
	switch {
	case w == nil:
		return ""
	case w.Kind == slnet.WaitForKey:
		return fmt.Sprintf("key %s, held by run %s since %s", w.Key, w.HeldBy, timeText(w.Since))
	case w.Kind == slnet.WaitForScript:
		return fmt.Sprintf("other runs of the script, such as %s since %s", w.HeldBy, timeText(w.Since))
	case w.Kind == slnet.WaitForTime:
		return timeText(w.Until)
	}
	return "a " + string(w.Kind)
}

func triggerText(t slnet.RunTrigger) string {
	text := string(t.Kind)
	if t.Name != "" {
		text += " " + t.Name
	} else if t.ID != uuid.Nil {
		text += " " + t.ID.String()
	}
	if !t.Occurrence.IsZero() {
		text += ", due " + timeText(t.Occurrence)
	}
	if t.InstanceID != uuid.Nil {
		text += ", instance " + t.InstanceID.String()
	}
	if r := t.Request; r != nil {
		text += fmt.Sprintf(", %s %s with the API token %s from %s", r.Method, r.Route, r.Token, r.Address)
	}
	return text
}

func attemptText(a slnet.RunAttempt) string {
	text := fmt.Sprintf("attempt %d: %s", a.Attempt, a.State)
	if len(a.Errors) > 0 {
		text += ": " + runErrorText(a.Errors[0])
	}
	return text
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
			switch a.output {
			case outputJSON:
				lines.Encode(line)
			case outputYAML:
				a.printDocument(line)
			default:
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

func (a *app) runReplayCommand() *cobra.Command {
	message := new(slnet.ReplayRunsMessage)
	var filter runFilter
	c := a.leaf("replay [ID...]", "Start runs again that have ended", func(ctx context.Context, args []string) error {
		var err error
		if message.Filter, err = filter.read(); err != nil {
			return err
		}
		for _, text := range args {
			id, err := parseRunID(text)
			if err != nil {
				return err
			}
			message.IDs = append(message.IDs, id)
		}
		return a.runReplay(ctx, message)
	})
	c.Args = cobra.ArbitraryArgs
	c.Long = `Start runs again that have ended, with the same input and the rights of the
original: those with the given ids, or those that the flags select.

	domovoi run replay --script invoices --state failed --since 2h

The new runs use the version of the original, or with --newest the newest.`
	a.filterFlags(c, &filter)
	c.Flags().Int64Var(&message.Limit, "limit", 0, "the most runs to start again by flags (default 100)")
	c.Flags().Int64Var(&message.PerSecond, "rate", 0, "how many start in a second at most (default 10)")
	c.Flags().BoolVar(&message.NewestVersion, "newest", false, "use the newest version of the script")
	return a.completes(c, runIDs)
}

func (a *app) runReplay(ctx context.Context, message *slnet.ReplayRunsMessage) error {
	response, err := request[*slnet.ReplayRunsResponse](ctx, a, message)
	if err != nil {
		return err
	}
	for _, refused := range response.Refused {
		fmt.Fprintf(a.stderr, "run %s was not started again: %s\n", refused.ID, refused.Message)
	}
	if err := a.answer(response, func(t *table) {
		t.header("ID", "SCRIPT", "VERSION", "REPEATS")
		for _, run := range response.Runs {
			t.row(run.ID.String(), run.Script, fmt.Sprint(run.ScriptVersion), run.ReplayOf.String())
		}
	}); err != nil {
		return err
	}
	if len(response.Refused) > 0 {
		return errReported
	}
	return nil
}
