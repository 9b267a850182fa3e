package runtime_test

import (
	"errors"
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
	manifest     string
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
	{name: "memory bomb", state: slnet.RunFailed, message: "used more than 96 MiB of memory", manifest: "limits: {memory: 96MiB}", source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	var kept [][]byte
	for {
		kept = append(kept, make([]byte, 1<<20))
		copy(kept[len(kept)-1], kept[0])
		for i := 0; i < 1<<20; i += 4096 {
			kept[len(kept)-1][i] = 1
		}
	}
}
`},
	{name: "busy", state: slnet.RunFailed, message: "used more than 300ms of processor time", manifest: "limits: {cpu: 300ms}", source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	for {
	}
}
`},
	{name: "flood", state: slnet.RunSucceeded, message: "", manifest: "limits: {output: 1MiB}", source: `package main

import (
	"context"
	"fmt"
	"strings"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	line := strings.Repeat("x", 1000)
	for i := 0; i < 3000; i++ {
		fmt.Println(line)
	}
	return nil
}
`},
	{name: "log lines", state: slnet.RunSucceeded, message: "", source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	for i := 0; i < 5000; i++ {
		engine.Log.Info("another line", "n", i)
	}
	return nil
}
`},
	{name: "huge message", state: slnet.RunFailed, message: "at most 33554432 are allowed in one call", source: `package main

import (
	"context"
	"strings"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	return engine.GenerateInformation(ctx, strings.Repeat("x", 40<<20))
}
`},
	{name: "map race", state: slnet.RunFailed, message: "concurrent map", timeout: 20 * time.Second, source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	m := map[int]int{}
	for g := 0; g < 4; g++ {
		go func() {
			for i := 0; ; i++ {
				m[i%8] = i
			}
		}()
	}
	<-ctx.Done()
	return ctx.Err()
}
`},
	{name: "goes on after its end", state: slnet.RunSucceeded, message: "", source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	go func() {
		for {
			engine.GenerateInformation(ctx, "late")
		}
	}()
	return nil
}
`},
	{name: "goroutine bomb", state: slnet.RunFailed, message: "used more than 96 MiB of memory", manifest: "limits: {memory: 96MiB}", source: `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func breed(stop chan bool) {
	for {
		go breed(stop)
		go func() { <-stop }()
	}
}

func Run(ctx context.Context, engine *sdk.Engine) error {
	breed(make(chan bool))
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
			daemontest.Send[*slnet.ScriptResponse](t, admin, &slnet.DeployScriptMessage{
				Name: h.name, Manifest: h.manifest, Files: []slnet.ScriptFile{{Name: "script.go", Content: h.source}},
			})
			beside := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: "good", Async: true}).Run
			run := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: h.name, Timeout: h.timeout}).Run
			if run.State != h.state {
				t.Errorf("the run %s, want %s", run.State, h.state)
			}
			if h.message == "" {
				if run.LogBytes > 2<<20 {
					t.Errorf("the log has %d bytes", run.LogBytes)
				}
			} else if len(run.Errors) == 0 || !strings.Contains(run.Errors[0].Message, h.message) {
				t.Fatalf("errors %+v, want one with %q", run.Errors, h.message)
			}
			if h.line != 0 && (run.Errors[0].File != "script.go" || run.Errors[0].Line != h.line) {
				t.Errorf("the error is at %s:%d, want script.go:%d", run.Errors[0].File, run.Errors[0].Line, h.line)
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

// What a script could harm others with it cannot import.
func TestHostileImportsAreRefused(t *testing.T) {
	d := daemontest.Start(t)
	for _, path := range []string{"os", "os/exec", "net", "net/http", "syscall", "unsafe", "runtime/debug", "plugin", "C", "golang.org/x/sys/unix"} {
		source := strings.Replace(goodScript, "\"context\"", "\"context\"\n\t_ \""+path+"\"", 1)
		_, err := slnet.Send1(t.Context(), d.Administrator().SendSLNetMessages, &slnet.DeployScriptMessage{
			Name: "x", Files: []slnet.ScriptFile{{Name: "script.go", Content: source}},
		})
		if !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), path) {
			t.Errorf("import %q: %v", path, err)
		}
	}
}

// A script reaches no run of another user: it can neither read nor cancel it.
func TestAnothersRunIsOutOfReach(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "loop", hostile[len(hostile)-1].source)
	daemontest.Deploy(t, admin, "mallory", `package main

import (
	"context"

	"github.com/google/uuid"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	id := uuid.MustParse(engine.GetScriptParam("run"))
	for _, m := range []slnet.Message{&slnet.GetRunMessage{ID: id}, &slnet.GetRunLogMessage{ID: id}, &slnet.CancelRunMessage{ID: id}} {
		if _, err := slnet.Send1(ctx, engine.SendSLNetMessages, m); err == nil {
			return engine.ExitFail(m.MessageName())
		}
	}
	return nil
}
`)
	victim := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: "loop", Async: true}).Run
	run := daemontest.Send[*slnet.RunResponse](t, d.As(d.User("mallory")), &slnet.ExecuteScriptMessage{
		ScriptName: "mallory", Parameters: map[string]string{"run": victim.ID.String()},
	}).Run
	if run.State != slnet.RunSucceeded {
		t.Errorf("the run %s: %s %+v", run.State, run.ExitReason, run.Errors)
	}
	if got := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.CancelRunMessage{ID: victim.ID}).Run; got.State != slnet.RunCanceled {
		t.Errorf("the run beside it %s", got.State)
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
