package runtime_test

import (
	"strings"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

// hostile are scripts that harm the process they run in. Beside each a good one
// runs, and the daemon goes on.
var hostile = []struct {
	name, source string
	timeout      time.Duration
	state        slnet.RunState
	message      string // part of an error of the run
	line         int64  // where, 0 where that cannot be known
}{
	{name: "panic", state: slnet.RunFailed, message: "it broke", line: 10, source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	panic("it broke")
}
`},
	{name: "goroutine panics", state: slnet.RunFailed, message: "in a goroutine", line: 12, source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	done := make(chan bool)
	go func() {
		panic("in a goroutine")
	}()
	<-done
	return nil
}
`},
	{name: "nil map", state: slnet.RunFailed, message: "nil map", line: 11, source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	var m map[string]int
	m["a"] = 1
	return nil
}
`},
	{name: "endless recursion", state: slnet.RunFailed, message: "stack", source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func deeper(n int) int { return deeper(n+1) + 1 }

func Run(ctx context.Context, engine *sdk.Engine) error {
	deeper(0)
	return nil
}
`},
	{name: "endless loop", timeout: 300 * time.Millisecond, state: slnet.RunTimedOut, message: "timeout", source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	for {
	}
}
`},
}

const goodScript = `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	for i := 0; i < 20; i++ {
		if err := engine.GenerateInformation(ctx, "still here"); err != nil {
			return err
		}
	}
	return nil
}
`

func TestHostileScriptsHarmNobody(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "good", goodScript)
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			daemontest.Deploy(t, admin, h.name, h.source)
			beside := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: "good", Async: true}).Run
			run := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: h.name, Timeout: h.timeout}).Run
			if run.State != h.state {
				t.Errorf("the run %s, want %s", run.State, h.state)
			}
			if len(run.Errors) == 0 || !strings.Contains(run.Errors[0].Message, h.message) {
				t.Fatalf("errors %+v, want one with %q", run.Errors, h.message)
			}
			if e := run.Errors[0]; h.line != 0 && (e.File != "script.go" || e.Line != h.line) {
				t.Errorf("the error is at %s:%d, want script.go:%d", e.File, e.Line, h.line)
			}
			if good := ended(t, admin, beside); good.State != slnet.RunSucceeded {
				t.Errorf("the run beside it %s: %+v", good.State, good.Errors)
			}
			if again := daemontest.Execute(t, admin, "good"); again.State != slnet.RunSucceeded {
				t.Errorf("the run after it %s: %+v", again.State, again.Errors)
			}
		})
	}
}

// ended waits for the end of a run by its events.
func ended(t *testing.T, conn slnet.Connection, run slnet.Run) slnet.Run {
	t.Helper()
	var begin slnet.Cursor
	events, err := conn.Subscribe(t.Context(), slnet.Subscription{Events: []string{"RunChangedEventMessage"}, After: &begin})
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
			return changed
		}
	}
}

func TestCancelEndsARunForCertain(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "loop", hostile[len(hostile)-1].source)
	run := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: "loop", Async: true}).Run
	if got := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.CancelRunMessage{ID: run.ID}).Run; got.State != slnet.RunCanceled {
		t.Errorf("the run %s: %+v", got.State, got.Errors)
	}
	_, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, &slnet.CancelRunMessage{ID: run.ID})
	if err == nil || !strings.Contains(err.Error(), "has ended already") {
		t.Errorf("second cancel: %v", err)
	}
}
