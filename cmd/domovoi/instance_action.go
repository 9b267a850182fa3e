package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func (a *app) instanceActionCommand() *cobra.Command {
	execute := a.leaf("execute MODULE ID ACTION", "Execute an action of an instance as oneself", a.instanceActionExecute)
	execute.Long = `Execute an action of an instance as oneself, and wait for the end of its script.
The output of the script is printed as key=value lines. Of an action that is
asynchronous or interactive the id of its run is printed instead.`
	return a.group("action", "Look at the actions of an instance, and execute them",
		a.completes(a.leaf("list MODULE ID", "List the actions and buttons of an instance, and what keeps them from being used", a.instanceActionList), moduleNames),
		a.completes(execute, moduleNames))
}

func (a *app) instanceActionList(ctx context.Context, args []string) error {
	id, err := dom.ParseInstanceID(args[1])
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	actions, buttons, err := dom.NewDomHelper(c.SendSLNetMessages, args[0]).DomInstances.GetActions(ctx, id)
	if err != nil {
		return err
	}
	return a.answer(&dom.DomInstanceActionsResponse{Actions: actions, Buttons: buttons}, func(t *table) {
		t.header("ACTION", "SCRIPT", "ENABLED", "WHY NOT")
		for _, action := range actions {
			t.row(action.ID, action.Script, yes(action.IsEnabled), whyNot(action.TraceData))
		}
		if len(buttons) == 0 {
			return
		}
		t.w.Flush()
		fmt.Fprintln(t.w)
		t.header("BUTTON", "TEXT", "ACTION", "VISIBLE", "ENABLED", "WHY NOT")
		for _, b := range buttons {
			t.row(b.ID, b.Layout.Text, b.ActionID, yes(b.IsVisible), yes(b.IsEnabled), whyNot(b.TraceData))
		}
	})
}

// whyNot is the first error of what cannot be used, with the one within it.
func whyNot(trace slnet.TraceData) string {
	if trace.HasSucceeded() {
		return ""
	}
	first := trace.ErrorData[0]
	if inner := first.Properties.InnerTraceData; !inner.HasSucceeded() {
		return first.Message + ": " + inner.ErrorData[0].Message
	}
	return first.Message
}

func (a *app) instanceActionExecute(ctx context.Context, args []string) error {
	id, err := dom.ParseInstanceID(args[1])
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	instances := dom.NewDomHelper(c.SendSLNetMessages, args[0]).DomInstances
	result, err := instances.ExecuteAction(ctx, id, args[2])
	if err != nil {
		if result != nil {
			fmt.Fprintf(a.stderr, "\"domovoi run logs %s\" shows the log of the script\n", result.RunID)
		}
		return err
	}
	response := &dom.DomInstanceActionResponse{RunID: result.RunID, HasEnded: result.HasEnded, TraceData: *instances.GetTraceDataLastCall()}
	return a.answer(response, func(t *table) {
		if !result.HasEnded {
			fmt.Fprintln(t.w, result.RunID)
		}
		for _, key := range slices.Sorted(maps.Keys(result.Output)) {
			fmt.Fprintf(t.w, "%s=%s\n", key, result.Output[key])
		}
	})
}
