package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// story is a run and what is documented to come of it: a reason it fails for, or
// an output.
type story struct {
	user, script string
	parameters   map[string]string
	reason       slnet.Reason
	output       map[string]string
}

func stories() []story {
	type pairs = map[string]string
	return []story{
		{user: "ben", script: "createmodule", reason: dom.ErrNoPermission},
		{user: "ann", script: "createmodule"},
		{user: "ann", script: "createmodule", reason: dom.ErrObjectAlreadyExisted},
		{user: "ben", script: "invoices", reason: dom.ErrNoPermission},
		{user: "ann", script: "invoices", output: pairs{"found": "10"}},
		{user: "ben", script: "report", parameters: pairs{"customer": "customer 3"},
			output: pairs{"customers": "1", "invoices": "100", "amount": "49800.00", "largest": "993 983 973"}},
		{user: "ben", script: "cleanup", parameters: pairs{"below": "100"}, reason: dom.ErrNoPermission},
		{user: "ann", script: "cleanup", parameters: pairs{"below": "100"}, output: pairs{"deleted": "100", "left": "900"}},
		{user: "ann", script: "hello", output: pairs{"greeting": "Hello, ann!", "modules": "2"}},
		{user: "ben", script: "hello", parameters: pairs{"name": "world"}, output: pairs{"greeting": "Hello, world!", "modules": "2"}},
	}
}

// run runs the scripts as the two users.
func (h *house) run(ctx context.Context, _ options) error {
	users := map[string]*client.Client{"ann": h.ann, "ben": h.ben}
	title("Runs, in their order")
	t := newTable("RUNS AS", "SCRIPT", "PARAMETERS", "STATE", "TOOK", "OUTPUT OR ERROR")
	var wrong []error
	for _, s := range stories() {
		response, err := send[*slnet.RunResponse](ctx, users[s.user], &slnet.ExecuteScriptMessage{ScriptName: s.script, Parameters: s.parameters})
		if err != nil {
			return err
		}
		run := response.Run
		if s.script == "report" {
			h.report = run
		}
		t.row(run.RunsAs, run.Script, inline(run.Parameters), string(run.State), round(run.EndedAt.Sub(run.StartedAt)), outcome(run))
		wrong = append(wrong, s.check(run))
	}
	return errors.Join(append(wrong, t.show())...)
}

// check compares a run with what is documented.
func (s story) check(run slnet.Run) error {
	var reasons []slnet.Reason
	for _, e := range run.Errors {
		reasons = append(reasons, e.Reasons...)
	}
	var want []slnet.Reason
	state := slnet.RunSucceeded
	if s.reason != "" {
		want, state = []slnet.Reason{s.reason}, slnet.RunFailed
	}
	if run.State == state && slices.Equal(reasons, want) && maps.Equal(run.Output, s.output) && run.RunsAs == s.user && run.StartedBy == s.user {
		return nil
	}
	return fmt.Errorf("%s by %s: want it %s %s %s; it %s as %s with output %s, errors %v",
		s.script, s.user, state, s.reason, inline(s.output), run.State, run.RunsAs, inline(run.Output), run.Errors)
}

// outcome is the output of a run, or its errors with their places.
func outcome(run slnet.Run) string {
	parts := []string{inline(run.Output)}
	if len(run.Errors) > 0 {
		parts = nil
	}
	for _, e := range run.Errors {
		text := e.Message
		if e.File != "" {
			text = fmt.Sprintf("%s:%d: %s", e.File, e.Line, text)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// log shows the log of a run.
func (h *house) log(ctx context.Context, _ options) error {
	response, err := send[*slnet.RunLogResponse](ctx, h.ben, &slnet.GetRunLogMessage{ID: h.report.ID})
	if err != nil {
		return err
	}
	title("The log of ben's report")
	for _, line := range response.Lines {
		fmt.Printf("   %s %-5s %s\n", line.Time.Local().Format("15:04:05.000"), line.Level, line.Text)
	}
	if len(response.Lines) != 1 || response.Lines[0].Text != `customer 3 invoices=100 amount=49800` {
		return fmt.Errorf("the log of the report has the lines %v", response.Lines)
	}
	_, err = send[*slnet.RunLogResponse](ctx, h.ann, &slnet.GetRunLogMessage{ID: h.report.ID})
	if !errors.Is(err, slnet.KindNotFound) {
		return fmt.Errorf("ann sees the log of ben's run: %v", err)
	}
	fmt.Println("   ann, who may not see the runs of others, gets:", unwrapped(err))
	return nil
}

// unwrapped is the text of the innermost error.
func unwrapped(err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}
