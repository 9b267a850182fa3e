package hellojs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

func TestMain(m *testing.M) { daemontest.Main(m) }

// deploy deploys the plugin on a new daemon, for the Node of this machine.
func deploy(t *testing.T, manifest string) (*daemontest.Daemon, slnet.Connection) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node in PATH to run a plugin in JavaScript with")
	}
	if node, err = filepath.EvalSymlinks(node); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.ReplaceAll(b, []byte("/usr/bin/node"), []byte(node))
	}
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.DeployPluginAs(t, admin, "hellojs", read("plugin.js"), string(read("script.yaml"))+manifest)
	return d, admin
}

// start starts a run and waits until it has said hello.
func start(t *testing.T, conn slnet.Connection, input string) slnet.Run {
	t.Helper()
	events, err := conn.Subscribe(t.Context(), slnet.Subscription{Events: []string{"InformationEventMessage"}})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	run := daemontest.Send[*slnet.RunResponse](t, conn, &slnet.ExecuteScriptMessage{
		ScriptName: "hellojs", Input: slnet.JSON(input), Async: true,
	}).Run
	if _, err := events.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	return run
}

// ended waits for the end of a run.
func ended(t *testing.T, conn slnet.Connection, run slnet.Run) slnet.Run {
	t.Helper()
	events, err := conn.Subscribe(t.Context(), slnet.Subscription{Events: []string{"RunChangedEventMessage"}, After: new(slnet.Cursor)})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	for {
		event, err := events.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if changed := event.Message.(*slnet.RunChangedEventMessage).Run; changed.ID == run.ID && changed.State.Ended() {
			return daemontest.Send[*slnet.RunResponse](t, conn, &slnet.GetRunMessage{ID: run.ID}).Run
		}
	}
}

// The plugin was written by docs/plugin-protocol.md and nothing else of Domovoi.
func TestSpeaksTheProtocol(t *testing.T) {
	d, admin := deploy(t, "")
	ann := d.As(d.User("ann"))

	t.Run("result", func(t *testing.T) {
		run := daemontest.Send[*slnet.RunResponse](t, ann, &slnet.ExecuteScriptMessage{ScriptName: "hellojs", Input: slnet.JSON(`{"listen": 1}`)}).Run
		if run.State != slnet.RunSucceeded || run.Output["greeting"] != "Hello, ann!" {
			t.Fatalf("the run %s with %v: %v", run.State, run.Output, run.Errors)
		}
		if want := `{"modules":0,"heard":["hello was said to ann"]}`; string(run.Result) != want {
			t.Errorf("the result is %s, want %s", run.Result, want)
		}
		log := daemontest.Send[*slnet.RunLogResponse](t, ann, &slnet.GetRunLogMessage{ID: run.ID}).Lines
		if len(log) != 1 || log[0].Level != "INFO" || log[0].Text != "greeting name=ann" {
			t.Errorf("the log is %+v", log)
		}
	})
	t.Run("parameters", func(t *testing.T) {
		_, err := slnet.Send1(t.Context(), ann.SendSLNetMessages, &slnet.ExecuteScriptMessage{ScriptName: "hellojs", Input: slnet.JSON(`{"listen": "ü"}`)})
		if err == nil || !strings.Contains(err.Error(), "listen") {
			t.Errorf("a wrong parameter: %v", err)
		}
	})
	// More events than one window needs credit.
	t.Run("credit", func(t *testing.T) {
		run := start(t, admin, `{"name": "Zoë", "listen": 200}`)
		want := []string{"hello was said to Zoë"}
		for i := range 199 {
			want = append(want, fmt.Sprint("event ", i))
			daemontest.Send[*slnet.Empty](t, admin, &slnet.GenerateInformationMessage{Text: want[i+1]})
		}
		run = ended(t, admin, run)
		var result struct{ Heard []string }
		if err := json.Unmarshal(run.Result, &result); err != nil || !slices.Equal(result.Heard, want) {
			t.Errorf("the run %s and heard %d events: %v %v", run.State, len(result.Heard), run.Errors, err)
		}
	})
	t.Run("cancellation", func(t *testing.T) {
		run := start(t, admin, `{"listen": 2}`)
		daemontest.Send[*slnet.RunResponse](t, admin, &slnet.CancelRunMessage{ID: run.ID})
		run = ended(t, admin, run)
		if run.State != slnet.RunCanceled || len(run.Errors) != 2 || !strings.HasPrefix(run.Errors[1].Message, "Canceled: ") {
			t.Errorf("the run %s with %+v, want it cancelled with the error the plugin returned", run.State, run.Errors)
		}
	})
}

// One process carries runs at the same time, and their logs stay apart.
func TestSharesItsProcess(t *testing.T) {
	_, admin := deploy(t, "process: shared\n")
	first := start(t, admin, `{"name": "first", "listen": 2}`)
	second := start(t, admin, `{"name": "second", "listen": 1}`)
	for name, run := range map[string]slnet.Run{"first": first, "second": second} {
		run = ended(t, admin, run)
		log := daemontest.Send[*slnet.RunLogResponse](t, admin, &slnet.GetRunLogMessage{ID: run.ID}).Lines
		if run.State != slnet.RunSucceeded || len(log) != 1 || log[0].Text != "greeting name="+name {
			t.Errorf("%s: the run %s with the log %+v", name, run.State, log)
		}
	}
}
