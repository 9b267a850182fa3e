package automation_test

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

//go:embed points_test.go
var pointsSource string

// servePoints makes the test binary a plugin of the script in points_test.go.
func servePoints() {
	plugin.Serve(plugin.Script{
		Run: Run, OnDomInstanceCrud: OnDomInstanceCrud, OnDomInstanceCrudWithFullMeta: OnDomInstanceCrudWithFullMeta,
		OnDomAction: OnDomAction, OnApiTrigger: OnApiTrigger, OnRequestScriptInfo: OnRequestScriptInfo, OnDestroy: OnDestroy,
	})
}

// deployPoints deploys the script in points_test.go as source, and compiled.
func deployPoints(t *testing.T, h *house) []slnet.Script {
	t.Helper()
	source := strings.Replace(pointsSource, "package automation_test", "package main", 1)
	interpreted, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{
		Name: "interpreted", Files: []slnet.ScriptFile{{Name: "script.go", Content: source}},
	})
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary := []byte("#!/bin/sh\nexec " + program + " points\n")
	id := uuid.New()
	if _, err := h.Upload(ann, &slnet.UploadMessage{UploadID: id, Data: binary}); err != nil {
		t.Fatal(err)
	}
	compiled, err := h.DeployPlugin(t.Context(), ann, &slnet.DeployPluginMessage{
		Name: "compiled", UploadID: id, SHA256: hashOf(binary), Manifest: "grants: {processes: true, files: {read: [/bin, /usr/bin, " + program + "]}}",
	})
	if err != nil {
		t.Fatal(err)
	}
	return []slnet.Script{interpreted.Script, compiled.Script}
}

// TestEntryPointsOnBothEngines calls each entry point of one script on both
// engines, and expects the same of both.
func TestEntryPointsOnBothEngines(t *testing.T) {
	h := openHouse(t)
	instance := dom.NewInstance(dom.NewDefinitionID())
	instance.ModuleID = "module"
	section, field := dom.NewSectionDefinitionID(), dom.NewFieldDescriptorID()
	instance.AddOrUpdateFieldValue(section, field, "old")
	changed := *instance
	changed.Sections = []*dom.Section{{ID: instance.Sections[0].ID, SectionDefinitionID: section}}
	changed.AddOrUpdateFieldValue(section, field, "new")
	reference := dom.InstanceReference{ModuleID: "module", ID: instance.ID}

	scripts := deployPoints(t, h)
	if a, b := scripts[0], scripts[1]; string(a.ParameterSchema) != string(b.ParameterSchema) || string(a.ResultSchema) != string(b.ResultSchema) ||
		len(a.ParameterSchema) == 0 || fmt.Sprint(a.EntryPoints) != fmt.Sprint(b.EntryPoints) || len(a.EntryPoints) != 7 {
		t.Errorf("the engines describe the script as\n%+v and\n%+v", a, b)
	}
	for _, s := range scripts {
		t.Run(s.Name, func(t *testing.T) {
			call := func(c automation.Call) automation.Outcome {
				t.Helper()
				c.ScriptName = s.Name
				outcome, err := h.Call(t.Context(), ann, c)
				if err != nil {
					t.Fatal(err)
				}
				if got := outcome.Run.Output["destroyed"]; got != outcome.Run.EntryPoint {
					t.Errorf("after %s OnDestroy saw %q", outcome.Run.EntryPoint, got)
				}
				return outcome
			}
			for _, c := range []struct {
				call automation.Call
				want string
			}{
				{automation.Call{EntryPoint: slnet.EntryPointOnDomInstanceCrud, Input: &dom.InstanceCrud{Instance: reference, CrudType: dom.CrudDelete}}, "module " + instance.ID.String() + " Delete"},
				{automation.Call{EntryPoint: slnet.EntryPointOnDomInstanceCrudWithFullMeta, Input: &dom.InstanceCrudMeta{CrudType: dom.CrudUpdate, PreviousVersion: instance, CurrentVersion: &changed}}, "Update module true"},
				{automation.Call{EntryPoint: slnet.EntryPointOnDomInstanceCrudWithFullMeta, Input: &dom.InstanceCrudMeta{CrudType: dom.CrudCreate, CurrentVersion: instance}}, "Create module false"},
				{automation.Call{EntryPoint: slnet.EntryPointOnDomAction, Input: &dom.ActionContext{ContextID: reference, ActionID: "approve"}}, "approve module"},
			} {
				run := call(c.call).Run
				h.wantEnd(run, slnet.RunSucceeded, "")
				if got := run.Output["got"]; got != c.want {
					t.Errorf("%s got %q, want %q", run.EntryPoint, got, c.want)
				}
				if c.want == "Update module true" && run.Output["changed"] != "old to new" {
					t.Errorf("GetDifferences: %q", run.Output["changed"])
				}
			}

			outcome := call(automation.Call{EntryPoint: slnet.EntryPointOnApiTrigger, Input: &slnet.ApiTriggerInput{Method: "PUT", Route: "a/b", Body: []byte("body")}})
			var answer slnet.ApiTriggerOutput
			if _, err := answer.UnmarshalMsg(outcome.Result); err != nil || answer.StatusCode != 201 || string(answer.Body) != "got body" || answer.Headers["Location"] != "a/b" {
				t.Errorf("OnApiTrigger answered %+v, %v", answer, err)
			}
			failed := call(automation.Call{EntryPoint: slnet.EntryPointOnApiTrigger, Input: &slnet.ApiTriggerInput{Method: "DELETE"}}).Run
			h.wantEnd(failed, slnet.RunFailed, "panic: not that")
			if line := failed.Errors[0].Line; line != panicLine() {
				t.Errorf("the panic is on line %d, want %d", line, panicLine())
			}
			outcome = call(automation.Call{EntryPoint: slnet.EntryPointOnRequestScriptInfo, Input: &slnet.RequestScriptInfoInput{Data: map[string]string{"question": "why"}}})
			var info slnet.RequestScriptInfoOutput
			if _, err := info.UnmarshalMsg(outcome.Result); err != nil || info.Data["answer"] != "why!" {
				t.Errorf("OnRequestScriptInfo answered %+v, %v", info, err)
			}
		})
	}
	// The two runs that failed may be repeated.
	if n, err := h.StoredInputs(t.Context()); err != nil || n != 2 {
		t.Errorf("%d inputs are stored, %v; want those of the runs that failed", n, err)
	}
}

// panicLine is where OnApiTrigger panics.
func panicLine() int64 {
	before, _, _ := strings.Cut(pointsSource, `panic("not that")`)
	return int64(strings.Count(before, "\n") + 1)
}

// wantNoInputs checks that the store keeps no input of a run that has succeeded.
func wantNoInputs(t *testing.T, h *house) {
	t.Helper()
	if n, err := h.StoredInputs(t.Context()); err != nil || n != 0 {
		t.Errorf("%d inputs are stored, %v; want none", n, err)
	}
}

// TestTypedParametersOnBothEngines checks parameters, defaults and results.
func TestTypedParametersOnBothEngines(t *testing.T) {
	h := openHouse(t)
	for _, s := range deployPoints(t, h) {
		t.Run(s.Name, func(t *testing.T) {
			run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: s.Name, Parameters: map[string]string{"customer": "acme", "wait": "90s"},
				Input: slnet.JSON(`{"Lines": [{"Amount": 1.5}, {"Amount": 2, "When": "2026-01-31T12:00:00Z"}]}`)})
			h.wantEnd(run, slnet.RunSucceeded, "")
			if got, want := string(run.Result), `{"Missing":null,"Text":"acme 30 1m30s 2026-01-31","total":3.5}`; got != want {
				t.Errorf("the result is %s, want %s", got, want)
			}
			if got, want := string(run.Input), `{"Customer":"acme","Days":30,"Lines":[{"Amount":1.5},{"Amount":2,"When":"2026-01-31T12:00:00Z"}],"Wait":"90s"}`; got != want {
				t.Errorf("the input is %s, want %s", got, want)
			}
			run = h.execute(&slnet.ExecuteScriptMessage{ScriptName: s.Name, Input: slnet.JSON(`{"Customer":"nobody"}`)})
			if run.State != slnet.RunFailed || run.ExitReason != "there is nobody" || run.Result != nil {
				t.Errorf("ExitFail: %+v", run)
			}
			_, err := h.Execute(t.Context(), ann, &slnet.ExecuteScriptMessage{ScriptName: s.Name, Parameters: map[string]string{"Days": "soon", "dayz": "1"},
				Input: slnet.JSON(`{"Lines": [{}, {}, {"Amount": -1, "When": "today"}]}`)})
			want := "script \"" + s.Name + `" was not started; its parameters are wrong:
Customer: is required
Days: must be a number, not soon
Lines[2].Amount: must be at least 0
Lines[2].When: "today" is no time; want one like 2026-01-31T12:00:00Z
there is no "dayz"; there are Customer, Days, Wait, Lines`
			if !errors.Is(err, slnet.KindInvalid) || err.Error() != want {
				t.Errorf("got the error %v, want %s", err, want)
			}
		})
	}
}

// TestEntryPointsThatCannotBeStarted checks that a start is refused with the
// reason.
func TestEntryPointsThatCannotBeStarted(t *testing.T) {
	h := openHouse(t)
	h.deploy("plain", "return nil")
	deployPoints(t, h)
	for _, c := range []struct {
		call automation.Call
		want string
	}{
		{automation.Call{ScriptName: "plain", EntryPoint: slnet.EntryPointOnDomAction, Input: new(dom.ActionContext)}, `script "plain" has no entry point "OnDomAction"; it has Run`},
		{automation.Call{ScriptName: "compiled", EntryPoint: slnet.EntryPointOnDestroy}, "is called after another entry point"},
		{automation.Call{ScriptName: "compiled", EntryPoint: slnet.EntryPointOnDomAction}, "is called by the platform, with an input of its own"},
	} {
		if _, err := h.Call(t.Context(), ann, c.call); !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got the error %v, want %s", c.call, err, c.want)
		}
	}
	if _, err := h.Execute(t.Context(), ann, &slnet.ExecuteScriptMessage{ScriptName: "plain", Input: slnet.JSON("{}")}); err == nil || !strings.Contains(err.Error(), "no typed parameters") {
		t.Errorf("Input for a script without typed parameters: %v", err)
	}
}

// TestQueuedEntryPointsKeepTheirInput checks that an entry point that was queued
// when the daemon died is called with its input by the next one.
func TestQueuedEntryPointsKeepTheirInput(t *testing.T) {
	fs := pebblekv.NewCrashFS()
	h := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs))
	h.deploy("waiting", waiting)
	deployPoints(t, h)
	for range slots {
		h.start("waiting")
		<-h.said
	}
	queued, err := h.Call(t.Context(), ann, automation.Call{
		ScriptName: "interpreted", EntryPoint: slnet.EntryPointOnDomAction, Input: &dom.ActionContext{ActionID: "approve"}, Async: true,
	})
	if err != nil || queued.Run.State != slnet.RunQueued {
		t.Fatalf("the run is %s, %v; want queued", queued.Run.State, err)
	}
	after := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs.Clone(0)))
	run := after.ended(queued.Run.ID)
	after.wantEnd(run, slnet.RunSucceeded, "")
	if got := run.Output["got"]; got != "approve " {
		t.Errorf("OnDomAction got %q", got)
	}
	wantNoInputs(t, after)
}

// TestSourceMadeToHarm checks that source on which the type checker works for
// ever costs its author an error, and the daemon nothing.
func TestSourceMadeToHarm(t *testing.T) {
	h := openHouse(t)
	automation.SetDescribeLimit(t, 500*time.Millisecond)
	var types strings.Builder
	for _, name := range []string{"T", "U"} {
		fmt.Fprintf(&types, "type %s0 = struct{ a, b int }\n", name)
		for i := range 60 {
			fmt.Fprintf(&types, "type %s%d = struct{ a, b %s%d }\n", name, i+1, name, i)
		}
	}
	files := source("return nil")
	files[0].Content += types.String() + "var x T60\nvar y U60 = x\n"
	_, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{Name: "bomb", Files: files})
	if !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), "not compiled and initialised within 500ms") {
		t.Errorf("got the error %v", err)
	}
}
