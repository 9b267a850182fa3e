package automation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// executeSource runs source once, without deploying it.
func (h *house) executeSource(caller security.Caller, m *slnet.ExecuteSourceMessage) (slnet.Run, error) {
	h.t.Helper()
	response, err := h.ExecuteSource(h.t.Context(), caller, m)
	if err != nil {
		return slnet.Run{}, err
	}
	return response.Run, nil
}

func TestSourceIsRunOnceAndNotDeployed(t *testing.T) {
	h := openHouse(t)
	deployed := h.deploy("report", "return engine.AddScriptOutput(\"from\", \"version\")")
	run, err := h.executeSource(ann, &slnet.ExecuteSourceMessage{
		Name: "report", Files: source("return engine.AddScriptOutput(\"from\", engine.GetScriptParam(\"who\"))"),
		Manifest: "run_as: robot\ntimeout: 1m", Parameters: map[string]string{"who": "source"},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.wantEnd(run, slnet.RunSucceeded, "")
	stored := h.run(run.ID)
	if stored.Output["from"] != "source" || stored.ScriptVersion != 0 || len(stored.SourceHash) != 64 || stored.SourceHash == deployed.Hash {
		t.Errorf("the run is of version %d, hash %q, with the output %v", stored.ScriptVersion, stored.SourceHash, stored.Output)
	}
	if stored.RunsAs != ann.User || stored.Timeout.Minutes() != 1 {
		t.Errorf("the run is as %s with the timeout %v", stored.RunsAs, stored.Timeout)
	}
	if run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "report"}); run.Output["from"] != "version" || run.ScriptVersion != 1 || run.SourceHash != "" {
		t.Errorf("afterwards version %d runs, with the output %v", run.ScriptVersion, run.Output)
	}
}

func TestSourceThatIsWrongIsNotRun(t *testing.T) {
	h := openHouse(t)
	for _, test := range []struct {
		name    string
		message slnet.ExecuteSourceMessage
		text    string // a part of the error
	}{
		{"mistake", slnet.ExecuteSourceMessage{Name: "a", Files: source("return foo")}, "script \"a\" was not started:\nscript.go:"},
		{"no name", slnet.ExecuteSourceMessage{Files: source("return nil")}, "is no name for a script"},
		{"no files", slnet.ExecuteSourceMessage{Name: "a"}, "the script has no files"},
		{"manifest", slnet.ExecuteSourceMessage{Name: "a", Files: source("return nil"), Manifest: "x: 1"}, "script.yaml"},
		{"grants", slnet.ExecuteSourceMessage{Name: "a", Files: source("return nil"), Manifest: "grants: {files: {read: [/srv]}}"}, "lacks the permission SystemAdministration"},
		{"timeout", slnet.ExecuteSourceMessage{Name: "a", Files: source("return nil"), Timeout: -1}, "timeout"},
		{"input", slnet.ExecuteSourceMessage{Name: "a", Files: source("return nil"), Input: slnet.JSON("{}")}, "has no typed parameters"},
	} {
		if run, err := h.executeSource(chris, &test.message); err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: run %s, %v; want an error with %q", test.name, run.ID, err, test.text)
		}
	}
	if response, err := h.Runs(t.Context(), ann, true, new(slnet.GetRunsMessage)); err != nil || len(response.Runs) != 0 {
		t.Errorf("there are runs: %+v, %v", response, err)
	}
}

// A queued run of source starts with the next daemon, with its own source and not
// with the version that has its name.
func TestQueuedSourceSurvivesACrash(t *testing.T) {
	fs := pebblekv.NewCrashFS()
	h := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs))
	h.deploy("waiting", waiting)
	for range slots {
		h.start("waiting")
	}
	for range slots {
		<-h.said
	}
	run, err := h.executeSource(ann, &slnet.ExecuteSourceMessage{Name: "waiting", Async: true, Files: source("return engine.AddScriptOutput(\"from\", \"source\")")})
	if err != nil || run.State != slnet.RunQueued {
		t.Fatalf("the run %s, %v", run.State, err)
	}
	after := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs.Clone(0)))
	ended := after.ended(run.ID)
	after.wantEnd(ended, slnet.RunSucceeded, "")
	if ended.Output["from"] != "source" {
		t.Errorf("the output is %v", ended.Output)
	}
}

// A run of source cannot be repeated: there is nothing to repeat it with, and a
// deployed script of the name is another one.
func TestSourceIsNotReplayed(t *testing.T) {
	h := openHouse(t)
	h.deploy("report", quick)
	response, err := h.ExecuteSource(t.Context(), ann, &slnet.ExecuteSourceMessage{Name: "report", Files: source(quick)})
	if err != nil {
		t.Fatal(err)
	}
	replayed, err := h.Replay(t.Context(), ann, true, &slnet.ReplayRunsMessage{IDs: []uuid.UUID{response.Run.ID}}, func(string) error { return nil })
	if err == nil && len(replayed.Runs) > 0 {
		t.Errorf("replayed as %+v", replayed.Runs)
	}
	if err == nil && (len(replayed.Refused) != 1 || !strings.Contains(fmt.Sprint(replayed.Refused), "not deployed")) {
		t.Errorf("refused %+v", replayed.Refused)
	}
}

func TestSourceIsCheckedWithoutBeingStored(t *testing.T) {
	h := openHouse(t)
	check := func(m slnet.CheckScriptMessage) *slnet.CheckScriptResponse {
		t.Helper()
		response, err := h.CheckScript(t.Context(), ann, &m)
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	good := check(slnet.CheckScriptMessage{Name: "draft", Files: source("return nil")})
	if len(good.Problems) > 0 || len(good.EntryPoints) != 1 || good.EntryPoints[0] != "Run" {
		t.Errorf("of source without mistakes it says %+v", good)
	}
	bad := check(slnet.CheckScriptMessage{Name: "draft", Files: source("return foo")})
	if len(bad.Problems) != 1 || bad.Problems[0].File != "script.go" || bad.Problems[0].Line == 0 || bad.Problems[0].Column == 0 || !strings.Contains(bad.Problems[0].Message, "foo") {
		t.Errorf("of a mistake it says %+v", bad.Problems)
	}
	if p := check(slnet.CheckScriptMessage{Name: "draft"}).Problems; len(p) != 1 || p[0].File != "" || p[0].Message == "" {
		t.Errorf("of no source it says %+v", p)
	}
	manifest := check(slnet.CheckScriptMessage{Name: "draft", Files: source("return nil"), Manifest: "x: 1"}).Problems
	if len(manifest) != 1 || manifest[0].File != "script.yaml" || manifest[0].Line != 1 || manifest[0].Message == "" {
		t.Errorf("of a wrong manifest it says %+v", manifest)
	}
	if _, err := h.CheckScript(t.Context(), ann, &slnet.CheckScriptMessage{Files: source("return nil")}); err == nil {
		t.Error("source without a name was checked")
	}
	if response, err := h.Script(t.Context(), &slnet.GetScriptMessage{Name: "draft"}); err == nil {
		t.Errorf("there is a script now: %+v", response)
	}
}
