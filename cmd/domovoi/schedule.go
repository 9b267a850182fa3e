package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) scheduleCommand() *cobra.Command {
	return a.group("schedule", "Start scripts at times",
		a.scheduleCreateCommand(),
		a.scheduleListCommand(),
		a.completes(a.leaf("show NAME", "Show a schedule", a.scheduleShow), scheduleNames),
		a.scheduleUpdateCommand(),
		a.completes(a.leaf("pause NAME", "Let a schedule start nothing until it is resumed", a.schedulePause(true)), scheduleNames),
		a.completes(a.leaf("resume NAME", "Let a paused schedule go on", a.schedulePause(false)), scheduleNames),
		a.completes(a.leaf("run NAME", "Start the run of a schedule now", a.scheduleRun), scheduleNames),
		a.completes(a.leaf("delete NAME", "Delete a schedule; its runs stay", a.scheduleDelete), scheduleNames),
		a.schedulePreviewCommand(),
		a.completes(a.leaf("skipped NAME", "Show when and why a schedule started no run", a.scheduleSkipped), scheduleNames))
}

// scheduleFlags are the flags that say what a schedule is.
type scheduleFlags struct {
	slnet.Schedule
	parameters               []string
	input, once, start, end  string
	overlap, misfire, rename string
	jitter, deadline         days
	misfireLimit             int64
}

func (a *app) scheduleFlags(c *cobra.Command, f *scheduleFlags) {
	a.timeFlags(c, f)
	c.Flags().StringVar(&f.Script, "script", "", "`name` of the script to start")
	c.Flags().Int64Var(&f.ScriptVersion, "script-version", 0, "`version` of the script; 0 means the newest of the time")
	c.Flags().StringArrayVarP(&f.parameters, "param", "p", nil, "a parameter as `key=value`; may be repeated")
	c.Flags().StringVar(&f.input, "input", "", "`file` with the parameters as a JSON object; - is the standard input")
	c.Flags().StringVar(&f.Description, "description", "", "`text` for people")
	c.Flags().StringVar(&f.Owner, "owner", "", "`user` whose rights the runs have; oneself by default")
	c.Flags().Var(&f.jitter, "jitter", "start each run up to this `duration` later")
	c.Flags().StringVar(&f.overlap, "overlap", "", "what to do while the run before has not ended: skip (default), allow, queue or replace")
	c.Flags().StringVar(&f.misfire, "misfire", "", "what to do after a downtime: once (default), skip or all")
	c.Flags().Int64Var(&f.misfireLimit, "misfire-limit", 0, "the most runs of --misfire all (default 10)")
	c.Flags().Var(&f.deadline, "misfire-deadline", "how late a run may be started after a downtime, as a `duration`")
	c.RegisterFlagCompletionFunc("overlap", cobra.FixedCompletions([]string{"skip", "allow", "queue", "replace"}, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("misfire", cobra.FixedCompletions([]string{"once", "skip", "all"}, cobra.ShellCompDirectiveNoFileComp))
	a.completesFlag(c, "script", scriptNames)
}

func (a *app) timeFlags(c *cobra.Command, f *scheduleFlags) {
	c.Flags().StringVar(&f.Expression, "cron", "", "when, as a cron `expression` such as \"0 6 * * MON-FRI\", @daily or \"@every 90m\"")
	c.Flags().StringVar(&f.once, "once", "", "a single `time` instead of --cron")
	c.Flags().StringVar(&f.TimeZone, "zone", "", "`zone` of the expression, such as Europe/Berlin (default UTC)")
	c.Flags().StringVar(&f.start, "start", "", "`time` before which nothing is due")
	c.Flags().StringVar(&f.end, "end", "", "`time` after which nothing is due")
}

// apply sets what was given on the command line of a schedule.
func (a *app) apply(c *cobra.Command, f *scheduleFlags, s *slnet.Schedule) error {
	for _, field := range []struct {
		flag string
		set  func()
	}{
		{"cron", func() { s.Expression, s.Once = f.Expression, time.Time{} }},
		{"zone", func() { s.TimeZone = f.TimeZone }},
		{"script", func() { s.Script = f.Script }},
		{"script-version", func() { s.ScriptVersion = f.ScriptVersion }},
		{"description", func() { s.Description = f.Description }},
		{"owner", func() { s.Owner, s.OwnerID = f.Owner, uuid.Nil }},
		{"jitter", func() { s.Jitter = time.Duration(f.jitter) }},
		{"overlap", func() { s.Overlap = slnet.OverlapPolicy(f.overlap) }},
		{"misfire", func() { s.Misfire.Mode = slnet.MisfireMode(f.misfire) }},
		{"misfire-limit", func() { s.Misfire.Limit = f.misfireLimit }},
		{"misfire-deadline", func() { s.Misfire.Deadline = time.Duration(f.deadline) }},
		{"rename", func() { s.Name = f.rename }},
	} {
		if c.Flags().Changed(field.flag) {
			field.set()
		}
	}
	for flag, moment := range map[string]struct {
		text string
		to   *time.Time
	}{"once": {f.once, &s.Once}, "start": {f.start, &s.Start}, "end": {f.end, &s.End}} {
		if !c.Flags().Changed(flag) {
			continue
		}
		at, err := momentOf(flag, moment.text)
		if err != nil {
			return err
		}
		if *moment.to = at; flag == "once" {
			s.Expression = ""
		}
	}
	var err error
	if c.Flags().Changed("param") {
		if s.Parameters, err = parseParameters(f.parameters); err != nil {
			return err
		}
	}
	if c.Flags().Changed("input") {
		s.Input, err = a.readInput(f.input, nil)
	}
	return err
}

func (a *app) scheduleCreateCommand() *cobra.Command {
	f := new(scheduleFlags)
	var c *cobra.Command
	c = a.leaf("create NAME", "Create a schedule", func(ctx context.Context, args []string) error {
		schedule := slnet.Schedule{Name: args[0]}
		if err := a.apply(c, f, &schedule); err != nil {
			return err
		}
		response, err := request[*slnet.ScheduleResponse](ctx, a, &slnet.CreateScheduleMessage{Schedule: schedule})
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { showSchedule(t, &response.Schedule) })
	})
	c.Long = `Create a schedule, which starts runs of a script with the rights of its owner.

	domovoi schedule create nightly --script cleanup --cron "0 3 * * *" --zone Europe/Berlin`
	a.scheduleFlags(c, f)
	c.MarkFlagRequired("script")
	return c
}

func (a *app) scheduleUpdateCommand() *cobra.Command {
	f := new(scheduleFlags)
	var c *cobra.Command
	c = a.leaf("update NAME", "Change what is given of a schedule", func(ctx context.Context, args []string) error {
		return a.withSchedule(ctx, args[0], func(conn *client.Client, s slnet.Schedule) error {
			if err := a.apply(c, f, &s); err != nil {
				return err
			}
			response, err := ask[*slnet.ScheduleResponse](ctx, conn, &slnet.UpdateScheduleMessage{Schedule: s})
			if err != nil {
				return err
			}
			return a.answer(response, func(t *table) { showSchedule(t, &response.Schedule) })
		})
	})
	a.scheduleFlags(c, f)
	c.Flags().StringVar(&f.rename, "rename", "", "the new `name`")
	return a.completes(c, scheduleNames)
}

// withSchedule calls fn with the schedule of a name or id.
func (a *app) withSchedule(ctx context.Context, name string, fn func(conn *client.Client, s slnet.Schedule) error) error {
	conn, err := a.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	id, name := idOrName(name)
	response, err := ask[*slnet.ScheduleResponse](ctx, conn, &slnet.GetScheduleMessage{ID: id, Name: name})
	if err != nil {
		return err
	}
	return fn(conn, response.Schedule)
}

func (a *app) scheduleListCommand() *cobra.Command {
	message := new(slnet.GetSchedulesMessage)
	c := a.leaf("list", "List schedules", func(ctx context.Context, _ []string) error {
		response, err := request[*slnet.SchedulesResponse](ctx, a, message)
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) {
			t.header("NAME", "SCRIPT", "WHEN", "OWNER", "NEXT")
			for i := range response.Schedules {
				s := &response.Schedules[i]
				t.row(s.Name, s.Script, whenText(s), s.Owner, nextText(s))
			}
		})
	})
	c.Flags().StringVar(&message.Script, "script", "", "only schedules of the script of this `name`")
	c.Flags().StringVar(&message.After, "after", "", "go on behind the schedule of this `name`")
	c.Flags().Int64Var(&message.Limit, "limit", 100, "the most schedules to list")
	a.completesFlag(c, "script", scriptNames)
	return c
}

func whenText(s *slnet.Schedule) string {
	if s.Expression == "" {
		return "once " + timeText(s.Once)
	}
	return strings.TrimSpace(s.Expression + " " + s.TimeZone)
}

func nextText(s *slnet.Schedule) string {
	if s.Paused {
		return "paused"
	}
	return timeText(s.Next)
}

func showSchedule(t *table, s *slnet.Schedule) {
	t.field("Schedule", s.Name)
	t.field("ID", s.ID.String())
	t.field("Description", s.Description)
	t.field("Script", s.Script)
	if s.ScriptVersion > 0 {
		t.field("Version", fmt.Sprint(s.ScriptVersion))
	}
	showPairs(t, "Parameters", s.Parameters)
	t.field("Input", string(s.Input))
	t.field("When", whenText(s))
	t.field("Start", timeText(s.Start))
	t.field("End", timeText(s.End))
	t.field("Owner", s.Owner)
	t.field("Overlap", string(s.Overlap))
	t.field("Misfire", string(s.Misfire.Mode))
	t.field("Next", nextText(s))
	t.field("Last", timeText(s.Last))
	if s.LastRun != uuid.Nil {
		t.field("Last run", s.LastRun.String())
	}
}

func (a *app) scheduleShow(ctx context.Context, args []string) error {
	return a.withSchedule(ctx, args[0], func(_ *client.Client, s slnet.Schedule) error {
		return a.answer(&slnet.ScheduleResponse{Schedule: s}, func(t *table) { showSchedule(t, &s) })
	})
}

func (a *app) schedulePause(paused bool) action {
	return func(ctx context.Context, args []string) error {
		return a.withSchedule(ctx, args[0], func(conn *client.Client, s slnet.Schedule) error {
			response, err := ask[*slnet.ScheduleResponse](ctx, conn, &slnet.PauseScheduleMessage{ID: s.ID, Paused: paused})
			if err != nil {
				return err
			}
			return a.answer(response, func(t *table) { showSchedule(t, &response.Schedule) })
		})
	}
}

func (a *app) scheduleRun(ctx context.Context, args []string) error {
	return a.withSchedule(ctx, args[0], func(conn *client.Client, s slnet.Schedule) error {
		response, err := ask[*slnet.RunResponse](ctx, conn, &slnet.RunScheduleMessage{ID: s.ID})
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { t.w.Write([]byte(response.Run.ID.String() + "\n")) })
	})
}

func (a *app) scheduleDelete(ctx context.Context, args []string) error {
	return a.withSchedule(ctx, args[0], func(conn *client.Client, s slnet.Schedule) error {
		_, err := ask[*slnet.Empty](ctx, conn, &slnet.DeleteScheduleMessage{ID: s.ID})
		return err
	})
}

func (a *app) schedulePreviewCommand() *cobra.Command {
	f := new(scheduleFlags)
	var count int64
	var c *cobra.Command
	c = a.leaf("preview [NAME]", "Show when a schedule is due next", func(ctx context.Context, args []string) error {
		preview := func(conn *client.Client, s slnet.Schedule) error {
			if err := a.apply(c, f, &s); err != nil {
				return err
			}
			response, err := ask[*slnet.PreviewScheduleResponse](ctx, conn, &slnet.PreviewScheduleMessage{Schedule: s, Count: count})
			if err != nil {
				return err
			}
			zone, err := time.LoadLocation(s.TimeZone)
			if err != nil { // this machine does not know it
				zone = time.UTC
			}
			return a.answer(response, func(t *table) {
				for _, at := range response.Occurrences {
					t.row(at.In(zone).Format(time.RFC3339))
				}
			})
		}
		if len(args) > 0 {
			return a.withSchedule(ctx, args[0], preview)
		}
		conn, err := a.connect()
		if err != nil {
			return err
		}
		defer conn.Close()
		return preview(conn, slnet.Schedule{})
	})
	c.Long = `Show when a schedule is due next, or when one would be:

	domovoi schedule preview --cron "0 3 * * *" --zone Europe/Berlin`
	a.timeFlags(c, f)
	c.Flags().Int64Var(&count, "count", 10, "how many times to show")
	return a.completes(c, scheduleNames)
}

func (a *app) scheduleSkipped(ctx context.Context, args []string) error {
	return a.withSchedule(ctx, args[0], func(conn *client.Client, s slnet.Schedule) error {
		response, err := ask[*slnet.SkippedOccurrencesResponse](ctx, conn, &slnet.GetSkippedOccurrencesMessage{ScheduleID: s.ID})
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) {
			t.header("DUE", "COUNT", "REASON")
			for _, skipped := range response.Skipped {
				t.row(timeText(skipped.Occurrence), fmt.Sprint(skipped.Count), skipped.Reason)
			}
		})
	})
}
