package automation_test

import (
	"errors"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
)

const day = 24 * time.Hour

// kept says, for each run, whether it is there, and checks that its log goes with
// it.
func (h *house) kept(runs []slnet.Run) (text string) {
	h.t.Helper()
	for _, run := range runs {
		mark := "+"
		_, err := h.Run(h.t.Context(), ann, true, run.ID)
		_, logErr := os.Stat(filepath.Join(h.Dir, "logs", run.ID.String()+".jsonl"))
		if errors.Is(err, slnet.KindNotFound) {
			mark = "-"
		} else if err != nil {
			h.t.Fatal(err)
		}
		if (mark == "+") != (logErr == nil) {
			h.t.Errorf("run %s is kept: %s, its log: %v", run.ID, mark, logErr)
		}
		text += mark
	}
	return text
}

// awaitLog waits until a run has a line in its log, which comes another way than what
// the run says.
func (h *house) awaitLog(run uuid.UUID) {
	h.t.Helper()
	for {
		response, err := h.RunLog(h.t.Context(), ann, true, &slnet.GetRunLogMessage{ID: run})
		if err != nil {
			h.t.Fatal(err)
		}
		if len(response.Lines) > 0 {
			return
		}
		goruntime.Gosched()
	}
}

func (h *house) sweep(now time.Time) {
	h.t.Helper()
	if err := h.Sweep(h.t.Context(), now); err != nil {
		h.t.Fatal(err)
	}
}

// Runs are kept as their manifest says, those that did not succeed longer, and
// not counted among those that did. What is removed is counted.
func TestRetention(t *testing.T) {
	h := openHouse(t)
	_, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{
		Name: "s", Manifest: "retention: {age: 30d, failed_age: 60d, runs: 3}",
		Files: source(`engine.Log.Info("here"); if engine.GetScriptParam("fail") != "" { return engine.ExitFail("") }; return nil`),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.deploy("other", `engine.Log.Info("here"); return nil`)
	var runs, others []slnet.Run
	var logs int64
	for _, fail := range []string{"yes", "yes", "", "", "", "", ""} {
		runs = append(runs, h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s", Parameters: map[string]string{"fail": fail}}))
	}
	others = append(others, h.execute(&slnet.ExecuteScriptMessage{ScriptName: "other"}))
	now := time.Now().Add(time.Second)
	for _, step := range []struct {
		after        time.Duration
		runs, others string
	}{
		{0, "++--+++", "+"},
		{29 * day, "++--+++", "+"},
		{31 * day, "++-----", "-"}, // the daemon's default for the other
		{59 * day, "++-----", "-"},
		{61 * day, "-------", "-"},
	} {
		h.sweep(now.Add(step.after))
		if got, other := h.kept(runs), h.kept(others); got != step.runs || other != step.others {
			t.Errorf("after %v %s and %s are kept, want %s and %s", step.after, got, other, step.runs, step.others)
		}
	}
	for _, run := range append(runs, others...) {
		logs += run.LogBytes
	}
	if removed, err := h.Removed(t.Context()); err != nil || removed != (automation.Removed{Runs: 8, LogBytes: logs}) {
		t.Errorf("removed %+v, %v; want 8 with %d bytes", removed, err, logs)
	}
	if list, err := h.Runs(t.Context(), ann, true, &slnet.GetRunsMessage{Filter: slnet.RunFilter{State: slnet.RunSucceeded}}); err != nil || len(list.Runs) != 0 {
		t.Errorf("the list has %d runs, %v", len(list.Runs), err)
	}
}

// The logs of a script's runs may take so much and no more; the oldest go first.
func TestRetentionOfLogs(t *testing.T) {
	h := openHouse(t)
	_, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{
		Name: "s", Manifest: "retention: {logs: 10KiB}", Files: source(`engine.Log.Info(string(make([]byte, 600))); return nil`),
	})
	if err != nil {
		t.Fatal(err)
	}
	var runs []slnet.Run
	for range 4 {
		runs = append(runs, h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s"}))
	}
	if size := runs[0].LogBytes; size < 3<<10 || size > 5<<10 {
		t.Fatalf("a log has %d bytes; the test is made for about 3,700", size)
	}
	h.sweep(time.Now().Add(time.Second))
	if got := h.kept(runs); got != "--++" {
		t.Errorf("%s are kept, want the newest two", got)
	}
}

// A run that has not ended is kept, whatever its age, and so are those above it.
func TestRetentionKeepsWhatIsOpen(t *testing.T) {
	h := openHouse(t)
	h.deploy("child", `engine.Log.Info("here"); `+waiting)
	h.deploy("parent", `engine.Log.Info("here")
	child := engine.PrepareSubScript("child")
	child.Synchronous = false
	run, err := child.Start(ctx)
	if err == nil {
		engine.AddOrUpdateScriptOutput("child", run.ID().String())
	}
	return err`)
	parent := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "parent"})
	h.wantEnd(parent, slnet.RunSucceeded, "")
	<-h.said
	child := h.run(uuid.MustParse(parent.Output["child"]))
	h.awaitLog(child.ID)
	later := time.Now().Add(1000 * day)
	h.sweep(later)
	if got := h.kept([]slnet.Run{parent, child}); got != "++" {
		t.Errorf("%s are kept of a run and the one below it that executes", got)
	}
	h.goOn <- struct{}{}
	h.ended(child.ID)
	h.sweep(later)
	if got := h.kept([]slnet.Run{parent, child}); got != "--" {
		t.Errorf("%s are kept when both have ended", got)
	}
}

// A run whose log is gone, as a crash in the middle of a sweep leaves it, is
// removed by the next one. A log that belongs to no run is found.
func TestCheckOfRunsAndLogs(t *testing.T) {
	h := openHouse(t)
	h.deploy("s", `engine.Log.Info("here"); return nil`)
	run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s"})
	if err := os.Remove(filepath.Join(h.Dir, "logs", run.ID.String()+".jsonl")); err != nil {
		t.Fatal(err)
	}
	if problems, err := h.Check(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("a run without its log: %q, %v", problems, err)
	}
	if response, err := h.RunLog(t.Context(), security.Caller{User: "ann"}, true, &slnet.GetRunLogMessage{ID: run.ID}); err != nil || len(response.Lines) > 0 {
		t.Errorf("its log: %+v, %v", response, err)
	}
	h.sweep(time.Now().Add(100 * day))
	if got := h.kept([]slnet.Run{run}); got != "-" {
		t.Error("it is kept")
	}
	orphan := filepath.Join(h.Dir, "logs", run.ID.String()+".jsonl")
	if err := os.WriteFile(orphan, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	problems, err := h.Check(t.Context())
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0], "a log is of a run "+run.ID.String()) {
		t.Errorf("a log without its run: %q, %v", problems, err)
	}
	if err := os.Remove(orphan); err != nil { // the check at the end finds none
		t.Fatal(err)
	}
}
