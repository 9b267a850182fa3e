package runtime_test

import (
	"errors"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

// TestPriorityBeforeOthersTakesThePermissionToCancelTheirRuns: whoever may execute
// a script can put its run behind those of others, not before them.
func TestPriorityBeforeOthersTakesThePermissionToCancelTheirRuns(t *testing.T) {
	d := daemontest.Start(t)
	daemontest.Deploy(t, d.Administrator(), "nothing", `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(context.Context, *sdk.Engine) error { return nil }
`)
	ann, chris := d.As(d.User("ann")), d.As(d.User("chris", slnet.PermissionAutomationCancelRuns))
	for _, c := range []struct {
		who      string
		conn     slnet.Connection
		priority int64
		refused  bool
	}{{"ann", ann, 1, true}, {"ann", ann, 0, false}, {"ann", ann, -1, false}, {"chris", chris, 1, false}} {
		_, err := slnet.Send1(t.Context(), c.conn.SendSLNetMessages, &slnet.ExecuteScriptMessage{ScriptName: "nothing", Priority: c.priority})
		if c.refused != errors.Is(err, slnet.KindPermissionDenied) || !c.refused && err != nil {
			t.Errorf("%s with the priority %d: %v", c.who, c.priority, err)
		}
	}
	runs := daemontest.Send[*slnet.RunsResponse](t, d.Administrator(), &slnet.GetRunsMessage{})
	if len(runs.Runs) != 3 {
		t.Errorf("%d runs were made, want 3", len(runs.Runs))
	}
}
