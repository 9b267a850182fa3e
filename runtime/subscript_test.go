package runtime_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

const child = `package main

import (
	"context"
	"fmt"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	switch engine.GetScriptParam("do") {
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	case "fail":
		engine.AddError("the second")
		return engine.ExitFail("the first")
	}
	engine.AddOrUpdateScriptOutput("child", fmt.Sprint(len(engine.Run().Parents), " ", engine.GetScriptParam("do")))
	return nil
}
`

// parent does with child what its parameter says.
const parent = `package main

import (
	"context"
	"errors"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	script := engine.PrepareSubScript("child")
	what := engine.GetScriptParam("what")
	switch what {
	case "sync":
		script.SelectScriptParam("do", "something")
		_, err := script.Start(ctx)
		return err
	case "keep output":
		script.InheritScriptOutput = false
		run, err := script.Start(ctx)
		if err == nil {
			engine.AddOrUpdateScriptOutput("result", run.Result().Output["child"])
		}
		return err
	case "async":
		script.Synchronous = false
		var runs []*sdk.SubScriptRun
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			script.SelectScriptParam("do", name)
			run, err := script.Start(ctx)
			if err != nil {
				return err
			}
			runs = append(runs, run)
		}
		for _, run := range runs {
			if err := run.Wait(ctx); err != nil {
				return err
			}
		}
		return nil
	case "cancel":
		script.Synchronous = false
		script.SelectScriptParam("do", "wait")
		run, err := script.Start(ctx)
		if err != nil {
			return err
		}
		if err := run.Cancel(ctx); err != nil {
			return err
		}
		engine.AddOrUpdateScriptOutput("state", string(run.Result().State))
		return run.Cancel(ctx)
	case "fail", "explain":
		script.ExtendedErrorInfo = what == "explain"
		script.SelectScriptParam("do", "fail")
		_, err := script.Start(ctx)
		var failed *sdk.SubScriptError
		if !errors.As(err, &failed) {
			return errors.New("no SubScriptError")
		}
		return err
	case "itself":
		_, err := engine.PrepareSubScript("parent").Start(ctx)
		return err
	}
	script.Name = "nobody"
	_, err := script.Start(ctx)
	return err
}
`

// A script starts others, waits for them, cancels them, and gets their output
// and errors.
func TestSubscripts(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "child", child)
	daemontest.Deploy(t, admin, "parent", parent)
	for what, want := range map[string]struct {
		output map[string]string
		err    string
	}{
		"sync":        {output: map[string]string{"child": "1 something"}},
		"keep output": {output: map[string]string{"result": "1 "}},
		"async":       {output: map[string]string{"child": "1 e"}},
		"cancel":      {output: map[string]string{"state": string(slnet.RunCanceled)}},
		"fail":        {err: "script child failed: the first"},
		"explain":     {err: "the first; the second"},
		"unknown":     {err: "nobody"},
	} {
		t.Run(what, func(t *testing.T) {
			run := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: "parent",
				Options: []string{"DEFER:FALSE", "PARAMETERBYNAME:what:" + what}}).Run
			if want.err == "" {
				if run.State != slnet.RunSucceeded || !maps.Equal(run.Output, want.output) {
					t.Errorf("%s with output %v, errors %v", run.State, run.Output, run.Errors)
				}
				return
			}
			if run.State != slnet.RunFailed || len(run.Errors) != 1 || !strings.Contains(run.Errors[0].Message, want.err) {
				t.Errorf("%s with errors %v", run.State, run.Errors)
			}
		})
	}
}

// A script that starts itself stops at the depth limit, in bounded time, while
// other runs go on.
func TestAScriptThatStartsItself(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "child", child)
	daemontest.Deploy(t, admin, "parent", strings.Replace(parent, `what := engine.GetScriptParam("what")`, `what := "itself"`, 1))
	run := daemontest.Execute(t, admin, "parent")
	if run.State != slnet.RunFailed || len(run.Errors) != 1 || !strings.Contains(run.Errors[0].Message, "16 runs stand above it") {
		t.Errorf("%s with errors %v", run.State, run.Errors)
	}
	runs := daemontest.Send[*slnet.RunsResponse](t, admin, &slnet.GetRunsMessage{Filter: slnet.RunFilter{Script: "parent"}}).Runs
	if len(runs) != 17 {
		t.Errorf("%d runs, want 17", len(runs))
	}
	if run := daemontest.Execute(t, admin, "child"); run.State != slnet.RunSucceeded {
		t.Errorf("another script: %s", run.State)
	}
}

// The option strings of the original are read, and what is wrong with one is
// said with its place.
func TestExecutionOptions(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "child", child)
	execute := func(options ...string) (slnet.Run, error) {
		response, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, &slnet.ExecuteScriptMessage{ScriptName: "child", Options: options})
		if err != nil {
			return slnet.Run{}, err
		}
		return response.(*slnet.RunResponse).Run, nil
	}
	run, err := execute("DEFER:FALSE", "PARAMETER:1:one", "PARAMETERBYNAME:do:a:b", "EXTENDED_ERROR_INFO", "SKIP_STARTED_INFO_EVENT:TRUE")
	if err != nil || run.Parameters["1"] != "one" || run.Parameters["do"] != "a:b" || run.Output["child"] != "0 a:b" {
		t.Errorf("%+v %v", run, err)
	}
	run, err = execute("defer:true")
	if err != nil || run.State.Ended() {
		t.Errorf("DEFER:TRUE returned a run that %s, %v", run.State, err)
	}
	ended := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.GetRunMessage{ID: run.ID, Wait: true}).Run
	if ended.State != slnet.RunSucceeded {
		t.Errorf("waited for the end and got %s", ended.State)
	}
	for option, want := range map[string]string{
		"USER:cookie":           "option 1 of the execution of script \"child\", \"USER:cookie\", is refused",
		"DEFER:maybe":           "neither DEFER:TRUE",
		"PARAMETER:1":           "no name and value",
		"PARAMETERBYNAME::v":    "no name and value",
		"EXTENDED_ERROR_INFO:1": "takes no value",
		"CHECKSETS:TRUE":        "does not exist",
		"":                      "does not exist",
	} {
		if _, err := execute(option); !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", option, err, want)
		}
	}
	if _, err := execute("PARAMETER:a:1", "PARAMETERBYNAME:a:2"); err == nil || !strings.Contains(err.Error(), "second value") {
		t.Error(err)
	}
}
