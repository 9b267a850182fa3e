package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"domovoi.dev/sdk/slnet"
)

func (a *app) auditCommand() *cobra.Command {
	return a.group("audit", "See who changed what, and who was refused", a.auditListCommand())
}

// auditOutcomes are the values of --outcome.
var auditOutcomes = []string{string(slnet.AuditAllowed), string(slnet.AuditRefused), string(slnet.AuditFailed)}

func (a *app) auditListCommand() *cobra.Command {
	message := new(slnet.GetAuditMessage)
	var run, outcome, from, until string
	c := a.leaf("list", "List the audit, the newest records first", func(ctx context.Context, _ []string) (err error) {
		if run != "" {
			if message.RunID, err = parseRunID(run); err != nil {
				return err
			}
		}
		message.Outcome = slnet.AuditOutcome(outcome)
		if message.From, err = momentOf("from", from); err != nil {
			return err
		}
		if message.Until, err = momentOf("until", until); err != nil {
			return err
		}
		return a.auditList(ctx, message)
	})
	c.Long = `List the audit, the newest records first: what changed something, failed to, or
was refused. Times are given as 2026-03-01, 2026-03-01T12:30 or
2026-03-01T12:30:00+01:00, in this machine's time zone where there is none, or as
how long ago, such as 90m, 12h or 30d:

	domovoi audit list --outcome refused --from 1d
	domovoi audit list --object 5d1a2c60-8a33-4d1c-a6b3-1fd6a19f1e27`
	f := c.Flags()
	f.StringVar(&message.User, "user", "", "only what the `user` of this name did")
	f.StringVar(&run, "run", "", "only what the run of this `id` did")
	f.StringVar(&message.Message, "message", "", "only messages of this `name`")
	f.StringVar(&message.ModuleID, "module", "", "only what is about this `module`")
	f.StringVar(&message.Object, "object", "", "only what is about the object of this `id` or name")
	f.StringVar(&outcome, "outcome", "", "only this `outcome`: "+strings.Join(auditOutcomes, ", "))
	f.StringVar(&from, "from", "", "only from this `time` on")
	f.StringVar(&until, "until", "", "only before this `time`")
	f.Int64Var(&message.Limit, "limit", 50, "the most records to list")
	c.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions(auditOutcomes, cobra.ShellCompDirectiveNoFileComp))
	a.completesFlag(c, "user", userNames)
	a.completesFlag(c, "run", runIDs)
	a.completesFlag(c, "module", moduleNames)
	return c
}

// momentOf reads the value of a flag: a time, or how long ago.
func momentOf(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	var ago days
	if ago.Set(text) == nil {
		return time.Now().Add(-time.Duration(ago)), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, time.DateOnly} {
		if t, err := time.ParseInLocation(form, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, slnet.Errorf(slnet.KindInvalid, "--%s is %q, want a time such as 2026-03-01 or 2026-03-01T12:30, or how long ago, such as 12h or 30d", flag, text)
}

func (a *app) auditList(ctx context.Context, message *slnet.GetAuditMessage) error {
	if message.Limit < 1 {
		return slnet.Errorf(slnet.KindInvalid, "--limit is %d, want at least 1", message.Limit)
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	answer := slnet.AuditResponse{Records: []slnet.AuditRecord{}}
	for left := message.Limit; left > 0; left = message.Limit - int64(len(answer.Records)) {
		page := *message
		page.Limit, page.Before = min(left, slnet.MaxAuditRecords), answer.Next
		response, err := ask[*slnet.AuditResponse](ctx, c, &page)
		if err != nil {
			return err
		}
		answer.Records, answer.Next = append(answer.Records, response.Records...), response.Next
		if answer.Next == "" {
			break
		}
	}
	return a.answer(&answer, func(t *table) {
		t.header("TIME", "USER", "MESSAGE", "OUTCOME", "COUNT", "MODULE", "ABOUT", "RUN", "ADDRESS", "REASON")
		for _, r := range answer.Records {
			t.row(timeText(r.Time), r.User, r.Message, string(r.Outcome), fmt.Sprint(r.Count), r.ModuleID, aboutText(r), runText(r.RunID), r.Address, r.Reason)
		}
	})
}

func runText(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// aboutText names the first object of a record and how many there are besides.
func aboutText(r slnet.AuditRecord) string {
	if len(r.Objects) == 0 {
		return ""
	}
	text := r.Objects[0].Kind + " " + r.Objects[0].ID
	if more := max(r.ObjectCount, int64(len(r.Objects))) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
