// Package scripttest is for the tests of shipped scripts: it runs a script on
// real daemons, once interpreted and once compiled as a plugin binary, and
// compares everything the two daemons have to tell afterwards. A test package
// that uses it has
//
//	func TestMain(m *testing.M) { daemontest.Main(m) }
package scripttest

import (
	"encoding/json"
	"path"
	"path/filepath"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// House is a daemon on which the script under test is deployed.
type House struct {
	*daemontest.Daemon
	// Admin is a connection of the Administrator.
	Admin slnet.Connection

	t *testing.T
}

// BothEngines runs a test twice, each time on a daemon of its own: with the
// script of a folder, such as scripts/report, interpreted, and with it compiled.
// The script has the name of the folder. Afterwards objects, events, runs and
// their logs must be the same on both daemons, but for ids and times. Where there
// is no Go toolchain, the second half is skipped.
func BothEngines(t *testing.T, folder string, test func(t *testing.T, h *House)) {
	script := path.Base(folder)
	var interpreted, compiled string
	t.Run("interpreted", func(t *testing.T) {
		h := open(t)
		h.Deploy(folder)
		test(t, h)
		interpreted = transcript(t, h.Admin)
	})
	t.Run("compiled", func(t *testing.T) {
		binary := Build(t, inTree(folder))
		h := open(t)
		h.DeployPlugin(script, binary)
		test(t, h)
		compiled = transcript(t, h.Admin)
	})
	if interpreted != "" && compiled != "" {
		compare(t, interpreted, compiled)
	}
}

func open(t *testing.T) *House {
	t.Helper()
	d := daemontest.Start(t)
	return &House{Daemon: d, Admin: d.Administrator(), t: t}
}

// Deploy deploys the script of a folder as source.
func (h *House) Deploy(folder string) {
	h.t.Helper()
	daemontest.Deploy(h.t, h.Admin, path.Base(folder), source(h.t, inTree(folder)))
}

// inTree is where a test finds a folder of the module. All tests that use this
// package stand two folders deep.
func inTree(folder string) string { return filepath.Join("..", "..", filepath.FromSlash(folder)) }

// Run runs a deployed script over a connection and returns the run as it ended.
func (h *House) Run(conn slnet.Connection, script string, parameters map[string]string) slnet.Run {
	h.t.Helper()
	return daemontest.Send[*slnet.RunResponse](h.t, conn, &slnet.ExecuteScriptMessage{
		ScriptName: script, Parameters: parameters,
	}).Run
}

// RunWith runs a script with typed parameters, given as JSON, and returns the run
// as it ended. What the script returned goes to result, unless that is nil.
func (h *House) RunWith(conn slnet.Connection, script, input string, result any) slnet.Run {
	h.t.Helper()
	run := daemontest.Send[*slnet.RunResponse](h.t, conn, &slnet.ExecuteScriptMessage{
		ScriptName: script, Input: slnet.JSON(input),
	}).Run
	if run.State != slnet.RunSucceeded {
		h.t.Fatalf("the run of %s with %s %s: %v %s", script, input, run.State, run.Errors, run.ExitReason)
	}
	if result != nil {
		if err := json.Unmarshal(run.Result, result); err != nil {
			h.t.Fatalf("the result of %s: %v", script, err)
		}
	}
	return run
}

// FailWith runs a script with typed parameters that must fail: because of a
// documented reason, or, when that is "", by its own decision.
func (h *House) FailWith(conn slnet.Connection, script, input string, want slnet.Reason) slnet.Run {
	h.t.Helper()
	run := daemontest.Send[*slnet.RunResponse](h.t, conn, &slnet.ExecuteScriptMessage{
		ScriptName: script, Input: slnet.JSON(input),
	}).Run
	switch {
	case run.State != slnet.RunFailed:
		h.t.Errorf("the run of %s with %s %s, want it to fail", script, input, run.State)
	case want == "" && run.ExitReason == "" && (len(run.Errors) == 0 || len(run.Errors[0].Reasons) > 0):
		h.t.Errorf("the run of %s with %s failed with %v, want it to say why itself", script, input, run.Errors)
	case want != "" && (len(run.Errors) != 1 || len(run.Errors[0].Reasons) == 0 || run.Errors[0].Reasons[0] != want):
		h.t.Errorf("the run of %s with %s failed with %+v, want %s", script, input, run.Errors, want)
	}
	return run
}

// Succeed runs a script that must succeed.
func (h *House) Succeed(conn slnet.Connection, script string, parameters map[string]string) slnet.Run {
	h.t.Helper()
	run := h.Run(conn, script, parameters)
	if run.State != slnet.RunSucceeded {
		h.t.Fatalf("the run of %s %s: %v", script, run.State, run.Errors)
	}
	return run
}

// Fail runs a script that must fail for one documented reason.
func (h *House) Fail(conn slnet.Connection, script string, parameters map[string]string, want slnet.Reason) {
	h.t.Helper()
	run := h.Run(conn, script, parameters)
	if run.State != slnet.RunFailed || len(run.Errors) != 1 {
		h.t.Fatalf("the run of %s %s with %v, want it to fail because of %s", script, run.State, run.Errors, want)
	}
	if got := run.Errors[0].Reasons; len(got) != 1 || got[0] != want {
		h.t.Errorf("the run of %s failed because of %v, want %s", script, got, want)
	}
}

// Count is the number of instances in a module.
func (h *House) Count(module string) int64 {
	h.t.Helper()
	n, err := dom.NewDomHelper(h.Admin.SendSLNetMessages, module).DomInstances.Count(h.t.Context(), dom.True())
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// Modules are the stored module settings.
func (h *House) Modules() []*dom.ModuleSettings {
	h.t.Helper()
	list, err := dom.NewModuleSettingsHelper(h.Admin.SendSLNetMessages).ModuleSettings.Read(h.t.Context(), dom.True())
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}
