package automation_test

import (
	"errors"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

// TestRunsOfOthersAreSeenWithThePermissionOnly goes through every door of a
// daemon.
func TestRunsOfOthersAreSeenWithThePermissionOnly(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		daemontest.Deploy(t, d.Administrator(), "s", source("return nil")[0].Content)
		run := daemontest.Execute(t, d.As(d.User("ann")), "s")
		chris, auditor := open(d.User("chris")), open(d.User("auditor", slnet.PermissionAutomationViewRuns))
		for _, m := range []slnet.Message{&slnet.GetRunMessage{ID: run.ID}, &slnet.GetRunLogMessage{ID: run.ID}, &slnet.CancelRunMessage{ID: run.ID}} {
			if _, err := slnet.Send1(t.Context(), chris.SendSLNetMessages, m); !errors.Is(err, slnet.KindNotFound) {
				t.Errorf("%s of another user: %v", m.MessageName(), err)
			}
		}
		list := &slnet.GetRunsMessage{Filter: slnet.RunFilter{Script: "s"}}
		if runs := daemontest.Send[*slnet.RunsResponse](t, chris, list).Runs; len(runs) != 0 {
			t.Errorf("chris sees %d runs of others", len(runs))
		}
		if runs := daemontest.Send[*slnet.RunsResponse](t, auditor, list).Runs; len(runs) != 1 || runs[0].ID != run.ID {
			t.Errorf("who may see all runs sees %+v", runs)
		}
		if got := daemontest.Send[*slnet.RunResponse](t, auditor, &slnet.GetRunMessage{ID: run.ID}).Run; got.RunsAs != "ann" {
			t.Errorf("the run is %+v", got)
		}
	})
}
