package runtime_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// remembering counts its runs and reads a secret.
const remembering = `package main

import (
	"context"
	"strconv"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	if _, err := engine.Secret(ctx, "key"); err != nil {
		return err
	}
	old, err := engine.Memory().Get(ctx, "runs")
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(old)
	n++
	engine.AddOrUpdateScriptOutput("runs", strconv.Itoa(n))
	return engine.Memory().Set(ctx, "runs", strconv.Itoa(n))
}
`

// A script keeps its memory, secrets, schedules, modules, runs and the rights
// others have to it when it is renamed; all that names it keeps it from being
// deleted, and its memory goes with it.
func TestWhatBelongsToAScriptOutlivesItsName(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "old", remembering)
	setSecret(t, admin, "key", "a value", "OLD")
	daemontest.Send[*slnet.GroupResponse](t, admin, &slnet.CreateGroupMessage{Group: slnet.Group{
		Name: "clerks", ScriptGrants: []slnet.ScriptGrant{{Pattern: "Old", Execute: true}, {Pattern: "other*", View: true}},
	}})
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.CreateUserMessage{Name: "chris", Groups: []string{"clerks"}})
	chris := d.As(daemontest.Send[*slnet.CreateTokenResponse](t, admin, &slnet.CreateTokenMessage{User: "chris"}).Secret)
	schedule := daemontest.Send[*slnet.ScheduleResponse](t, admin, &slnet.CreateScheduleMessage{Schedule: slnet.Schedule{
		Name: "yearly", Script: "old", Expression: "0 0 1 1 *", Owner: "chris",
	}}).Schedule
	settings := dom.ModuleSettings{ModuleID: "orders"}
	settings.DomManagerSettings.ScriptSettings.OnCreate = "old"
	if _, err := dom.NewModuleSettingsHelper(admin.SendSLNetMessages).ModuleSettings.Create(t.Context(), &settings); err != nil {
		t.Fatal(err)
	}
	daemontest.Send[*slnet.ApiDefinitionResponse](t, admin, &slnet.CreateApiDefinitionMessage{Definition: slnet.ApiDefinition{
		Name: "count", Route: "count", Methods: []string{"POST"}, Script: "old",
	}})
	counted := func(run slnet.Run, want string) {
		t.Helper()
		if run.State != slnet.RunSucceeded || run.Output["runs"] != want {
			t.Errorf("the run %s with the output %v, want %s runs: %v", run.State, run.Output, want, run.Errors)
		}
	}
	counted(daemontest.Execute(t, chris, "old"), "1")

	daemontest.Send[*slnet.ScriptResponse](t, admin, &slnet.UpdateScriptMessage{Name: "old", NewName: "new"})
	counted(daemontest.Execute(t, chris, "new"), "2")
	counted(daemontest.Execute(t, chris, "old"), "3")
	started := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.RunScheduleMessage{ID: schedule.ID}).Run
	counted(daemontest.Send[*slnet.RunResponse](t, admin, &slnet.GetRunMessage{ID: started.ID, Wait: true}).Run, "4")
	for _, name := range []string{"old", "new"} {
		if runs := daemontest.Send[*slnet.RunsResponse](t, admin, &slnet.GetRunsMessage{Filter: slnet.RunFilter{Script: name}}).Runs; len(runs) != 4 {
			t.Errorf("%s has %d runs", name, len(runs))
		}
		if list := daemontest.Send[*slnet.SchedulesResponse](t, admin, &slnet.GetSchedulesMessage{Script: name}).Schedules; len(list) != 1 || list[0].Script != "new" {
			t.Errorf("%s has the schedules %+v", name, list)
		}
	}

	var said []string
	for _, r := range daemontest.Send[*slnet.ScriptReferencesResponse](t, admin, &slnet.GetScriptReferencesMessage{Name: "new"}).References {
		said = append(said, r.String())
	}
	want := []string{`schedule "yearly" starts it`, `API definition "count" is answered by it`, `secret "key" names it`, `group "clerks" has a grant for it`, `the settings of module "orders" start it OnCreate`}
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("what refers to it: %q, want %q", said, want)
	}
	_, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, &slnet.DeleteScriptMessage{Name: "new"})
	for _, reference := range want {
		if !errors.Is(err, slnet.KindConflict) || !strings.Contains(err.Error(), reference) {
			t.Fatalf("deleted though it is used: %v, want %s", err, reference)
		}
	}
	daemontest.Send[*slnet.ScriptReferencesResponse](t, admin, &slnet.DeleteScriptMessage{Name: "new", Force: true})
	if _, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, &slnet.RunScheduleMessage{ID: schedule.ID}); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("the schedule of a deleted script: %v", err)
	}
	daemontest.Deploy(t, admin, "new", remembering)
	counted(daemontest.Execute(t, admin, "new"), "1")
}

// A version with a higher bound lets waiting runs start, whichever way it becomes
// the newest.
func TestTheNewestVersionSaysHowManyRunsExecute(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	deploy := func(concurrency int) {
		daemontest.Send[*slnet.ScriptResponse](t, admin, &slnet.DeployScriptMessage{
			Name: "s", Files: []slnet.ScriptFile{{Name: "script.go", Content: sleeping}}, Manifest: fmt.Sprintf("concurrency: %d", concurrency),
		})
	}
	start := func() slnet.Run {
		return daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: "s", Async: true}).Run
	}
	deploy(2)
	deploy(1)
	first, second := start(), start()
	if second.WaitsFor == nil || second.WaitsFor.Kind != slnet.WaitForScript {
		t.Fatalf("the second run waits for %+v", second.WaitsFor)
	}
	daemontest.Send[*slnet.ScriptResponse](t, admin, &slnet.RollBackScriptMessage{Name: "s", Version: 1})
	for deadline := time.Now().Add(30 * time.Second); ; {
		run := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.GetRunMessage{ID: second.ID}).Run
		if run.State == slnet.RunRunning && run.ScriptVersion == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the second run is %s, of version %d", run.State, run.ScriptVersion)
		}
	}
	for _, run := range []slnet.Run{first, second} {
		daemontest.Send[*slnet.RunResponse](t, admin, &slnet.CancelRunMessage{ID: run.ID})
	}
}

// sleeping goes on until it is cancelled.
const sleeping = `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	<-ctx.Done()
	return ctx.Err()
}
`
