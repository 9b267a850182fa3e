package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/sdktest"
	"domovoi.dev/sdk/slnet"
)

type order struct {
	Module string `required:"true"`
	Days   int    `default:"30" max:"90"`
}

// The functions of a script are called by package sdktest with a real engine on
// a daemon in a process of its own, with the rights of the user who was asked for.
func TestScriptsAreTestedOnADaemonInMemory(t *testing.T) {
	if houseVerb != sdktest.Verb {
		t.Fatalf("the verb is %s here and %s in package sdktest", houseVerb, sdktest.Verb)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(sdktest.Program, own)
	house := sdktest.Open(t)
	house.AddUser("ann", slnet.PermissionModuleSettingsConfiguration, slnet.PermissionAutomationExecute)
	house.AddUser("ben")

	create := func(ctx context.Context, engine *sdk.Engine, p order) (order, error) {
		engine.Log.Info("creating", "for", engine.User())
		if err := engine.AddScriptOutput("who", engine.GetScriptParam("who")); err != nil {
			return p, err
		}
		_, err := engine.ModuleSettingsHelper().ModuleSettings.Create(ctx, &dom.ModuleSettings{ModuleID: p.Module})
		return p, err
	}
	t.Run("rights", func(t *testing.T) {
		run := house.Run(create, sdktest.Options{User: "ben", Input: map[string]any{"Module": "m"}})
		if run.State != slnet.RunFailed || !errors.Is(run.Err, dom.ErrNoPermission) {
			t.Errorf("ben's run %s: %v", run.State, run.Err)
		}
	})
	t.Run("outcome", func(t *testing.T) {
		run := house.Run(create, sdktest.Options{User: "ann", Input: slnet.JSON(`{"Module":"m"}`), Parameters: map[string]string{"who": "me"}})
		if run.State != slnet.RunSucceeded || run.Output["who"] != "me" || string(run.Result) != `{"Days":30,"Module":"m"}` {
			t.Errorf("the run %s with the output %v and the result %s: %v", run.State, run.Output, run.Result, run.Errors)
		}
		if len(run.Log) != 1 || run.Log[0].Level != "INFO" || run.Log[0].Text != "creating for=ann" {
			t.Errorf("the log is %v", run.Log)
		}
		modules, err := house.ModuleSettingsHelper().ModuleSettings.Count(t.Context(), dom.True())
		if err != nil || modules != 1 {
			t.Errorf("there are %d modules, %v", modules, err)
		}
	})
	t.Run("input", func(t *testing.T) {
		for _, input := range []any{nil, order{Module: "x", Days: 91}, map[string]any{"Module": 1}, 7} {
			if run := house.Run(create, sdktest.Options{Input: input}); run.State != slnet.RunFailed || len(run.Errors) != 1 || run.Log != nil {
				t.Errorf("%v: the run %s: %v", input, run.State, run.Errors)
			}
		}
	})
	t.Run("ends", func(t *testing.T) {
		for name, test := range map[string]struct {
			run   func(ctx context.Context, engine *sdk.Engine) error
			state slnet.RunState
			text  string
		}{
			"exit success": {func(_ context.Context, e *sdk.Engine) error { return e.ExitSuccess("enough") }, slnet.RunSucceeded, "enough"},
			"exit fail":    {func(_ context.Context, e *sdk.Engine) error { return e.ExitFail("no") }, slnet.RunFailed, "no"},
			"add error":    {func(_ context.Context, e *sdk.Engine) error { e.AddError("bad"); return nil }, slnet.RunFailed, "bad"},
			"panic":        {func(context.Context, *sdk.Engine) error { panic("lost") }, slnet.RunFailed, "panic: lost"},
		} {
			run := house.Run(test.run, sdktest.Options{})
			if run.State != test.state || !slices.Contains(append(run.Errors, run.ExitReason), test.text) {
				t.Errorf("%s: the run %s: %v %s", name, run.State, run.Errors, run.ExitReason)
			}
		}
	})
	t.Run("subscript and events", func(t *testing.T) {
		house.Deploy("child", slnet.ScriptFile{Name: "script.go", Content: "package main\n\nimport (\n\t\"context\"\n\n\t\"domovoi.dev/sdk\"\n)\n\n" +
			"func Run(ctx context.Context, engine *sdk.Engine) error { return engine.GenerateInformation(ctx, \"I am \"+engine.User()) }\n"})
		engine := house.Engine("ann", sdktest.Options{})
		if _, err := engine.PrepareSubScript("child").Start(t.Context()); err != nil {
			t.Error(err)
		}
		if got := house.Information(); !slices.Equal(got, []string{"I am ann"}) {
			t.Errorf("the information events are %q", got)
		}
		if got := len(house.Events()); got < 4 { // a module, two of the run, the information
			t.Errorf("there are %d events", got)
		}
	})
}

// refuses is a test that something fails, and continues.
type refuses struct {
	testing.TB
	text string
}

func (r *refuses) Fatal(args ...any) { r.text = args[0].(error).Error(); panic(r) }

func TestHouseRefusesAnotherProgram(t *testing.T) {
	t.Setenv(sdktest.Program, "/bin/false")
	r := &refuses{TB: t}
	func() {
		defer func() { recover() }()
		sdktest.Open(r)
	}()
	if !strings.Contains(r.text, "/bin/false is no program domovoi that can test scripts") {
		t.Errorf("the error is %q", r.text)
	}
}
