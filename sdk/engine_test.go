package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// connection answers every message with Empty and keeps it.
type connection struct{ sent []slnet.Message }

func (c *connection) SendSLNetMessages(_ context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	c.sent = append(c.sent, messages...)
	return []slnet.Message{&slnet.Empty{}}, nil
}

func (c *connection) Subscribe(context.Context, slnet.Subscription) (*slnet.EventStream, error) {
	return nil, slnet.Errorf(slnet.KindInvalid, "no events")
}

func newEngine(run sdk.RunInfo) (*sdk.Engine, *connection) {
	conn := new(connection)
	return sdk.NewEngine(run, sdk.Host{Connection: conn, Log: func(slnet.LogLine) {}, KeepAlive: func() {}}), conn
}

func TestScriptOutput(t *testing.T) {
	engine, _ := newEngine(sdk.RunInfo{})
	if err := engine.AddScriptOutput("found", "10"); err != nil {
		t.Fatal(err)
	}
	if err := engine.AddScriptOutput("found", "11"); !errors.Is(err, slnet.KindAlreadyExists) {
		t.Errorf("the same key again: %v", err)
	}
	if got := engine.GetScriptOutput("found"); got != "10" {
		t.Errorf("the refused value was taken: %q", got)
	}
	engine.AddOrUpdateScriptOutput("found", "12")
	engine.AddOrUpdateScriptOutput("new", "")
	if got := engine.GetScriptResult(); !maps.Equal(got, map[string]string{"found": "12", "new": ""}) {
		t.Errorf("the output is %v", got)
	}
	engine.GetScriptResult()["found"] = "changed from outside"
	engine.ClearScriptOutput("new")
	engine.ClearScriptOutput("was never there")
	if got := engine.GetScriptResult(); !maps.Equal(got, map[string]string{"found": "12"}) {
		t.Errorf("the output is %v", got)
	}
	if err := engine.AddScriptOutput("new", "again"); err != nil {
		t.Errorf("a key that was cleared: %v", err)
	}
	if got := engine.GetScriptOutput("absent"); got != "" {
		t.Errorf("an absent key has %q", got)
	}
}

func TestExitErrors(t *testing.T) {
	engine, _ := newEngine(sdk.RunInfo{})
	for _, c := range []struct {
		err    error
		failed bool
		text   string
	}{
		{engine.ExitSuccess("nothing to do"), false, "exit success: nothing to do"},
		{engine.ExitFail("unknown customer"), true, "exit fail: unknown customer"},
	} {
		var exit *sdk.ExitError
		if !errors.As(fmt.Errorf("wrapped: %w", c.err), &exit) || exit.Failed != c.failed || c.err.Error() != c.text {
			t.Errorf("%v: %+v", c.err, exit)
		}
	}
}

func TestAddErrorGathers(t *testing.T) {
	engine, _ := newEngine(sdk.RunInfo{})
	engine.AddError("one")
	engine.AddError("two")
	errs := engine.Errors()
	if len(errs) != 2 || errs[0] != "one" || errs[1] != "two" {
		t.Errorf("the errors are %v", errs)
	}
	errs[0] = "changed from outside"
	if engine.Errors()[0] != "one" {
		t.Error("Errors gives access to the list itself")
	}
}

func TestRunInfo(t *testing.T) {
	info := sdk.RunInfo{ID: uuid.New(), Script: "s", RunsAs: "ann", Parameters: map[string]string{"Customer": "acme"}}
	engine, _ := newEngine(info)
	if engine.User() != "ann" || engine.GetScriptParam("Customer") != "acme" || engine.GetScriptParam("customer") != "" {
		t.Errorf("user %q, parameter %q", engine.User(), engine.GetScriptParam("Customer"))
	}
	run := engine.Run()
	run.Parameters["Customer"] = "changed"
	if run.ID != info.ID || engine.GetScriptParam("Customer") != "acme" {
		t.Errorf("run %+v, parameter %q", run, engine.GetScriptParam("Customer"))
	}
}

func TestWhoAndWhy(t *testing.T) {
	first := uuid.New()
	engine, _ := newEngine(sdk.RunInfo{ID: first, RunsAs: "ann", RunsAsDisplayName: "Ann B.", StartedBy: "ann", Trigger: "schedule nightly"})
	if engine.UserDisplayName() != "Ann B." || engine.TriggeredBy() != "schedule nightly" || engine.Run().IdempotencyKey() != first.String() {
		t.Errorf("%q, %q, %s", engine.UserDisplayName(), engine.TriggeredBy(), engine.Run().IdempotencyKey())
	}
	engine, _ = newEngine(sdk.RunInfo{ID: first, RunsAs: "ann", StartedBy: "chris"})
	if engine.UserDisplayName() != "ann" || engine.TriggeredBy() != "chris" || engine.Run().IdempotencyKey() != engine.InstanceID().String() {
		t.Errorf("%q, %q, %s", engine.UserDisplayName(), engine.TriggeredBy(), engine.Run().IdempotencyKey())
	}
}

func TestEngineSendsAsAsked(t *testing.T) {
	engine, conn := newEngine(sdk.RunInfo{})
	engine.DomHelper("m")
	engine.ModuleSettingsHelper()
	if len(conn.sent) != 0 {
		t.Errorf("making helpers sent %d messages", len(conn.sent))
	}
	if err := engine.GenerateInformation(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	if m, ok := conn.sent[0].(*slnet.GenerateInformationMessage); !ok || len(conn.sent) != 1 || m.Text != "hello" {
		t.Errorf("sent %v", conn.sent)
	}
	if _, err := engine.Subscribe(t.Context(), slnet.Subscription{}); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("subscribe: %v", err)
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	engine, _ := newEngine(sdk.RunInfo{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := engine.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := engine.Sleep(t.Context(), 0); err != nil {
		t.Errorf("slept: %v", err)
	}
}
