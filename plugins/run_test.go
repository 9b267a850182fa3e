package plugins_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"domovoi.dev/plugins"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// text is the text of a message of ask.
func text(m slnet.Message) string { return m.(*slnet.GenerateInformationMessage).Text }

// echo answers a message of ask.
func echo(_ context.Context, m slnet.Message) (slnet.Message, error) {
	return &slnet.GenerateInformationMessage{Text: "re: " + text(m)}, nil
}

func TestRun(t *testing.T) {
	host := openHost(t)
	r := new(recorder)
	run := r.run("name", "ann")
	run.Info.RunsAs = "chris"
	keptAlive := false
	run.KeepAlive = func() { keptAlive = true }
	result := carry(t, host, t.Context(), "hello", run)
	if result.End != plugins.EndFinished || result.Failed || result.Errors != nil || result.Exit != nil {
		t.Errorf("got %+v", result)
	}
	if got, want := result.Output["greeting"], "hello ann"; got != want {
		t.Errorf("output: got %q, want %q", got, want)
	}
	if !keptAlive {
		t.Error("KeepAlive did not arrive")
	}
	lines := strings.Split(strings.TrimSpace(r.text()), "\n")
	slices.Sort(lines)
	want := []string{"INFO hello from the log user=chris", "STDERR hello from stderr", "STDOUT hello from stdout"}
	if !slices.Equal(lines, want) {
		t.Errorf("log: got %q, want %q", lines, want)
	}
}

// All requests of a crowd are answered in the reverse order of their arrival.
func TestAnswersOutOfOrder(t *testing.T) {
	const n = 40
	host := openHost(t)
	var mu sync.Mutex
	var waiting []chan struct{}
	r := &recorder{send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		turn := make(chan struct{})
		mu.Lock()
		waiting = append(waiting, turn)
		if len(waiting) == n {
			close(waiting[n-1])
		}
		mine := len(waiting) - 1
		mu.Unlock()
		<-turn
		if mine > 0 {
			close(waiting[mine-1])
		}
		return echo(ctx, m)
	}}
	if result := carry(t, host, t.Context(), "crowd", r.run("n", fmt.Sprint(n))); result.Failed {
		t.Errorf("got %+v", result)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	host := openHost(t)
	var now, most atomic.Int64
	r := &recorder{send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		return echo(ctx, m)
	}}
	if result := carry(t, host, t.Context(), "crowd", r.run("n", "2000")); result.Failed {
		t.Errorf("got %+v", result)
	}
	if got := most.Load(); got > session.MaxRequests {
		t.Errorf("%d requests at a time", got)
	}
}

func TestErrorsCrossTheWire(t *testing.T) {
	tests := []struct {
		err      error
		kind     slnet.Kind
		is, text string
	}{
		{slnet.Errorf(slnet.KindNotFound, "no such thing").WithReason("Gone"), slnet.KindNotFound, "true true", "no such thing"},
		{fmt.Errorf("op: %w", slnet.Errorf(slnet.KindPermissionDenied, "denied")), slnet.KindPermissionDenied, "true false", "op: denied"},
		{slnet.KindConflict, slnet.KindConflict, "true false", "Conflict"},
		{context.DeadlineExceeded, slnet.KindTimeout, "true false", "context deadline exceeded"},
		{errors.New("the password of the database is x"), slnet.KindInternal, "true false", "internal error; the log of the daemon has the cause"},
	}
	host := openHost(t)
	p := start(t, host, "kinds")
	for _, test := range tests {
		r := &recorder{send: func(context.Context, slnet.Message) (slnet.Message, error) { return nil, test.err }}
		result, err := p.Run(t.Context(), r.run())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"kind": string(test.kind), "is": test.is, "text": test.text}
		if result.Failed || fmt.Sprint(result.Output) != fmt.Sprint(want) {
			t.Errorf("%v: got %+v, want %v", test.err, result, want)
		}
	}
}

func TestAnswersBeforeAnError(t *testing.T) {
	host := openHost(t)
	r := &recorder{send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		if text(m) == "bad" {
			return nil, slnet.Errorf(slnet.KindConflict, "bad")
		}
		return echo(ctx, m)
	}}
	if result := carry(t, host, t.Context(), "two", r.run()); result.Failed {
		t.Errorf("got %+v", result)
	}
}

func TestCancel(t *testing.T) {
	host := openHost(t, func(o *plugins.Options) { o.Grace = time.Minute })
	ctx, cancel := context.WithCancelCause(t.Context())
	var asked []string
	r := &recorder{send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		asked = append(asked, text(m))
		if text(m) == "wait" {
			cancel(slnet.Errorf(slnet.KindCanceled, "ann cancelled the run"))
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return echo(ctx, m)
	}}
	result := carry(t, host, ctx, "cancel", r.run())
	if result.End != plugins.EndFinished || !errors.Is(result.Cause, slnet.KindCanceled) {
		t.Errorf("got %+v", result)
	}
	if len(result.Errors) != 1 || result.Errors[0].Message != "ann cancelled the run" {
		t.Errorf("the script saw %+v", result.Errors)
	}
	if !slices.Equal(asked, []string{"wait", "clean up"}) {
		t.Errorf("asked %q", asked)
	}
}

func TestCancelOneRequest(t *testing.T) {
	host := openHost(t)
	waiting := make(chan struct{})
	r := &recorder{send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		switch text(m) {
		case "wait":
			close(waiting)
			<-ctx.Done()
			return nil, ctx.Err()
		case "asked":
			<-waiting
		}
		return echo(ctx, m)
	}}
	if result := carry(t, host, t.Context(), "impatient", r.run()); result.Failed {
		t.Errorf("got %+v", result)
	}
}

func TestTimeoutOfEndlessLoop(t *testing.T) {
	host := openHost(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	ctx, expire := context.WithCancelCause(ctx)
	r := &recorder{send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		expire(slnet.Errorf(slnet.KindTimeout, "the run took longer than 1s"))
		return echo(ctx, m)
	}}
	result := carry(t, host, ctx, "spin", r.run())
	if result.End != plugins.EndKilled || !result.Failed || !errors.Is(result.Cause, slnet.KindTimeout) {
		t.Errorf("got %+v", result)
	}
	want := "the process was killed: the run took longer than 1s, and the script did not end within 200ms of being cancelled"
	if len(result.Errors) != 1 || result.Errors[0].Message != want {
		t.Errorf("got %+v, want %q", result.Errors, want)
	}
	if e := result.Exit; e == nil || e.Signal != "killed" || result.Usage.Memory < 1<<20 || result.Usage.CPU <= 0 {
		t.Errorf("exit: got %+v", e)
	}
}

func TestEndsOfRuns(t *testing.T) {
	type outcome struct {
		end      plugins.End
		failed   bool
		reason   string
		errors   string // message of the first error
		file     string
		atLine   bool
		reasons  string
		exitCode int // of a process that died
	}
	tests := map[string]outcome{
		"exit success": {end: plugins.EndFinished, reason: "nothing to do"},
		"exit fail":    {end: plugins.EndFinished, failed: true, reason: "no such customer"},
		"add error":    {end: plugins.EndFinished, failed: true, errors: "one is missing"},
		"reasons": {end: plugins.EndFinished, failed: true, reasons: "[Outer Inner Gone]",
			errors: "wrapped: Outer (): Inner ()\ngone\ngone"},
		"panic": {end: plugins.EndFinished, failed: true, file: "scripts_test.go", atLine: true,
			errors: "panic: assignment to entry in nil map"},
		"located": {end: plugins.EndFinished, failed: true, file: "script.go", atLine: true,
			errors: "panic: index out of range"},
		"goexit": {end: plugins.EndFinished, failed: true,
			errors: "the entry point ended its goroutine (runtime.Goexit) instead of returning"},
		"huge output": {end: plugins.EndFinished, failed: true,
			errors: "the output, result and errors of the run are 33554445 bytes; at most 33554432 are allowed"},
		"goroutine panic": {end: plugins.EndDied, failed: true, file: "scripts_test.go", atLine: true, exitCode: 2,
			errors: "panic: from a goroutine"},
		"overflow": {end: plugins.EndDied, failed: true, file: "scripts_test.go", atLine: true, exitCode: 2,
			errors: "fatal error: stack overflow"},
		"map write": {end: plugins.EndDied, failed: true, file: "scripts_test.go", atLine: true, exitCode: 2,
			errors: "fatal error: concurrent map writes"},
		"os.Exit": {end: plugins.EndDied, failed: true, exitCode: 3,
			errors: "the script ended its process with exit status 3 instead of returning"},
	}
	host := openHost(t)
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := new(recorder)
			result := carry(t, host, t.Context(), name, r.run())
			got := outcome{end: result.End, failed: result.Failed, reason: result.ExitReason}
			if len(result.Errors) > 0 {
				e := result.Errors[0]
				got.errors, got.file, got.atLine = e.Message, e.File, e.Line > 0
				if e.Reasons != nil {
					got.reasons = fmt.Sprint(e.Reasons)
				}
			}
			if result.Exit != nil {
				got.exitCode = result.Exit.Code
			}
			if got != want {
				t.Errorf("got  %+v\nwant %+v\nlog:\n%s", got, want, r.text())
			}
		})
	}
}

func TestInterpretedCrash(t *testing.T) {
	host := openHost(t)
	p := start(t, host, "loader")
	if _, err := p.Describe(t.Context(), []slnet.ScriptFile{{Name: "script.go", Content: "interpreted panic"}}); err != nil {
		t.Fatal(err)
	}
	result, err := p.Run(t.Context(), new(recorder).run())
	if err != nil {
		t.Fatal(err)
	}
	want := slnet.RunError{Message: "panic: of the script", File: "script.go", Line: 12}
	if len(result.Errors) != 1 || fmt.Sprint(result.Errors[0]) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", result.Errors, want)
	}
}

func TestKilledMidCall(t *testing.T) {
	host := openHost(t)
	p := start(t, host, "mid-call")
	ended := make(chan error, 1)
	r := &recorder{send: func(ctx context.Context, _ slnet.Message) (slnet.Message, error) {
		if err := unix.Kill(p.PID(), unix.SIGKILL); err != nil {
			t.Error(err)
		}
		<-ctx.Done() // the call ends although nobody waits for it
		ended <- ctx.Err()
		return nil, ctx.Err()
	}}
	result, err := p.Run(t.Context(), r.run())
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	want := "the process was ended from outside: signal: killed; the machine may be out of memory"
	if result.End != plugins.EndDied || len(result.Errors) != 1 || result.Errors[0].Message != want {
		t.Errorf("got %+v", result)
	}
	if _, err := p.Run(t.Context(), r.run()); !errors.Is(err, slnet.KindUnavailable) {
		t.Errorf("a run on a dead process: %v", err)
	}
	if err := p.Ping(t.Context()); !errors.Is(err, slnet.KindUnavailable) {
		t.Errorf("a ping to a dead process: %v", err)
	}
}

func TestOutputFlood(t *testing.T) {
	const n = 100_000
	host := openHost(t)
	r := &recorder{}
	if result := carry(t, host, t.Context(), "flood", r.run("n", fmt.Sprint(n))); result.Failed {
		t.Errorf("got %+v", result)
	}
	var lines, bytes, longest int
	for _, line := range r.lines {
		if strings.HasPrefix(line.Text, "x") {
			lines++
		} else {
			bytes += len(line.Text)
			longest = max(longest, len(line.Text))
		}
	}
	if lines != n || bytes != 300_000 || longest > session.MaxLogText {
		t.Errorf("got %d lines, and %d bytes of a long one in pieces of up to %d", lines, bytes, longest)
	}
}

// What a script logged right before its end is not lost.
func TestLastWords(t *testing.T) {
	host := openHost(t)
	for range 5 {
		r := new(recorder)
		carry(t, host, t.Context(), "last words", r.run())
		if got := r.text(); !strings.Contains(got, "INFO last words\n") || !strings.Contains(got, "STDOUT printed\n") {
			t.Errorf("the log is %q", got)
		}
	}
}

func TestLogFlood(t *testing.T) {
	const n = 50_000
	host := openHost(t)
	r := &recorder{}
	if result := carry(t, host, t.Context(), "log flood", r.run("n", fmt.Sprint(n))); result.Failed {
		t.Errorf("got %+v", result)
	}
	if len(r.lines) != n+1 {
		t.Fatalf("got %d lines, want %d", len(r.lines), n+1)
	}
	for i, line := range r.lines[:n] {
		if want := fmt.Sprint("line i=", i); line.Text != want {
			t.Fatalf("line %d is %q", i, line.Text)
		}
	}
	if last := r.lines[n].Text; !strings.HasSuffix(last, "z ... (cut)") {
		t.Errorf("a long line ends with %q", last[len(last)-20:])
	}
}

func TestHugeMessages(t *testing.T) {
	host := openHost(t)
	r := &recorder{send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		if text(m) == "huge" {
			return &slnet.UploadMessage{Data: bytes.Repeat([]byte("x"), session.MaxPayloadBytes)}, nil
		}
		return echo(ctx, m)
	}}
	if result := carry(t, host, t.Context(), "huge", r.run()); result.Failed {
		t.Errorf("got %+v", result)
	}
}

// A process of another make is held to the protocol.
func TestProtocolIsBroken(t *testing.T) {
	host := openHost(t)
	r := &recorder{all: func(ctx context.Context) { <-ctx.Done() }}
	for name, want := range map[string]string{
		"huge request": "received message larger than max",
		"same id":      "two requests at a time have the id 1",
		"no result":    "it ended its session without a result",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := carry(t, host, t.Context(), name, r.run())
			if result.End != plugins.EndBroken || !strings.Contains(result.Errors[0].Message, want) {
				t.Errorf("got %+v, want %q", result, want)
			}
		})
	}
}

func TestTooManyRequestsAreRefused(t *testing.T) {
	host := openHost(t)
	r := &recorder{all: func(ctx context.Context) { <-ctx.Done() }}
	result := carry(t, host, t.Context(), "too many", r.run())
	if want := fmt.Sprint(session.MaxRequests, slnet.KindRateLimited); result.ExitReason != want {
		t.Errorf("got %+v, want %q", result, want)
	}
}

func TestSessionThatDoesNotEnd(t *testing.T) {
	host := openHost(t)
	result := carry(t, host, t.Context(), "endless end", new(recorder).run())
	if result.End != plugins.EndFinished || result.Exit == nil || result.Exit.Signal != "killed" {
		t.Errorf("got %+v", result)
	}
}

func TestEvents(t *testing.T) {
	const n = 5 * session.EventWindow
	host := openHost(t)
	full := make(chan struct{})
	r := &recorder{
		send: func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
			<-full
			return echo(ctx, m)
		},
		subs: func(ctx context.Context, s slnet.Subscription) (*slnet.EventStream, error) {
			if s.ModuleID == "secret" {
				return nil, slnet.Errorf(slnet.KindPermissionDenied, "secret")
			}
			i := 0
			return slnet.NewEventStream(func(ctx context.Context) (slnet.Event, error) {
				if s.After == nil {
					<-ctx.Done()
					return slnet.Event{}, ctx.Err()
				}
				if i == session.EventWindow-1 {
					close(full)
				}
				m := &slnet.InformationEventMessage{Text: fmt.Sprint("event ", i)}
				i++
				return slnet.Event{Cursor: *s.After + slnet.Cursor(i), Message: m}, ctx.Err()
			}, func() {}), nil
		},
	}
	if result := carry(t, host, t.Context(), "events", r.run("n", fmt.Sprint(n))); result.Failed {
		t.Errorf("got %+v", result)
	}
}

// A process that carries one run after the other lets nothing of one be seen by
// the next.
func TestRunsAfterEachOther(t *testing.T) {
	host := openHost(t)
	p := start(t, host, "linger")
	for i := range 2 {
		r := &recorder{send: echo}
		result, err := p.Run(t.Context(), r.run())
		if err != nil || result.Failed || result.Exit != nil {
			t.Fatalf("run %d: %+v %v", i+1, result, err)
		}
		if got, want := r.text(), []string{"", "STDOUT run two\n"}[i]; got != want {
			t.Errorf("log of run %d: got %q, want %q", i+1, got, want)
		}
	}
}

func TestOneRunAtATime(t *testing.T) {
	host := openHost(t)
	p := start(t, host, "mid-call")
	r := &recorder{}
	r.send = func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		if _, err := p.Run(ctx, r.run()); !errors.Is(err, slnet.KindConflict) {
			t.Errorf("a second run: %v", err)
		}
		return echo(ctx, m)
	}
	if result, err := p.Run(t.Context(), r.run()); err != nil || result.Failed {
		t.Errorf("got %+v %v", result, err)
	}
}

func TestEntryPointThatIsMissing(t *testing.T) {
	host := openHost(t)
	run := new(recorder).run()
	run.Info.EntryPoint = "OnDomAction"
	result := carry(t, host, t.Context(), "hello", run)
	want := `the script has no entry point "OnDomAction"; it has Run`
	if !result.Failed || len(result.Errors) != 1 || result.Errors[0].Message != want {
		t.Errorf("got %+v, want %q", result, want)
	}
}

func TestParametersAreText(t *testing.T) {
	host := openHost(t)
	p := start(t, host, "hello")
	if _, err := p.Run(t.Context(), new(recorder).run("name", "\xff")); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("got %v", err)
	}
}

// What a process printed before it was ready is in the log of its first run.
func TestPrintBeforeHandshake(t *testing.T) {
	host := openHost(t)
	r := new(recorder)
	if result := carry(t, host, t.Context(), "early", r.run()); result.Failed {
		t.Errorf("got %+v", result)
	}
	for _, want := range []string{"STDOUT 1|2 is no handshake\n", "STDERR early error\n", "STDOUT half a line\n", "STDOUT hello from stdout\n"} {
		if !strings.Contains(r.text(), want) {
			t.Errorf("the log lacks %q:\n%s", want, r.text())
		}
	}
	if regexp.MustCompile(`\|unix\|`).MatchString(r.text()) {
		t.Errorf("the handshake is in the log:\n%s", r.text())
	}
}

func TestCloseEndsTheRun(t *testing.T) {
	host := openHost(t)
	p := start(t, host, "spin")
	r := &recorder{}
	r.send = func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		go host.Close()
		return echo(ctx, m)
	}
	result, err := p.Run(t.Context(), r.run())
	if err != nil || result.End != plugins.EndKilled || result.Errors[0].Message != "the process was killed: the daemon is stopping" {
		t.Errorf("got %+v %v", result, err)
	}
	if _, err := host.Start(t.Context(), plugins.Spec{Name: "late"}); !errors.Is(err, slnet.KindUnavailable) {
		t.Errorf("a start on a closed host: %v", err)
	}
}
