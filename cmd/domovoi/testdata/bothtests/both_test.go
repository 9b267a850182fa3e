package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/sdktest"
	"domovoi.dev/sdk/slnet"
)

func TestFails(t *testing.T) {
	t.Log("first", 1, nil)
	t.Logf("several\nlines of %s", "text")
	t.Errorf("%d is not %d", 1, double(1))
	t.Error("and goes on")
	if !t.Failed() {
		t.Fatal("it has not failed")
	}
}

func double(n int) int { return 2 * n }

func TestStops(t *testing.T) {
	defer func() { t.Log("deferred") }()
	defer tell(t, "deferred, too")
	t.Cleanup(func() { t.Log("last") })
	t.Cleanup(func() { t.Log("first, failed:", t.Failed()) })
	stop(t, errors.New("broken"))
	t.Error("not reached")
}

func tell(t *testing.T, text string) { t.Log(text) }

// stop fails on behalf of its caller.
func stop(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("it is %v", err)
	}
}

func TestSkips(t *testing.T) {
	if testing.Verbose() && !testing.Short() {
		t.Skip("not", "today")
	}
}

type pair struct{ A, B int }

func (p pair) String() string { return fmt.Sprintf("<%d|%d>", p.A, p.B) }

func equal[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTable(t *testing.T) {
	check := func(t *testing.T, got, want []string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for name, test := range []struct {
		text string
		want []string
	}{
		{"a b", []string{"a", "b"}},
		{"a,b", []string{"a", "b"}},
	} {
		ok := t.Run(fmt.Sprint("case ", name), func(t *testing.T) {
			check(t, strings.Fields(test.text), test.want)
			equal(t, pair{1, 2}, pair{1, name + 2})
			t.Run("deeper", func(t *testing.T) { equal(t, t.Name() != "", true) })
		})
		t.Log("passed", ok)
	}
}

func TestGoesOnLater(t *testing.T) {
	t.Parallel()
	equal(t, 1, 1)
}

func TestPasses(t *testing.T) {
	house := sdktest.Open(t)
	house.AddUser("ann")
	if _, err := house.ModuleSettingsHelper().ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: "orders"}); err != nil {
		t.Fatal(err)
	}
	run := house.Run(Run, sdktest.Options{User: "ann", Input: Params{Module: "orders"}})
	if run.State != slnet.RunSucceeded || string(run.Result) != `{"Instances":0}` || len(run.Log) != 1 || run.Log[0].Text != "counted module=orders instances=0" {
		t.Errorf("%+v", run)
	}
	lost := errors.New("lost")
	for name, test := range map[string]struct {
		run  func(ctx context.Context, engine *sdk.Engine) error
		want string
	}{
		"panic": {func(context.Context, *sdk.Engine) error { panic("what") }, "panic: what"},
		"error": {func(context.Context, *sdk.Engine) error { panic(lost) }, "panic: lost"},
		"exit":  {func(_ context.Context, engine *sdk.Engine) error { return engine.ExitFail("no") }, "no"},
		"fails": {func(context.Context, *sdk.Engine) error { return fmt.Errorf("it is %w", lost) }, "it is lost"},
	} {
		run := house.Run(test.run, sdktest.Options{})
		if got := strings.Join(append(run.Errors, run.ExitReason), ""); run.State != slnet.RunFailed || got != test.want {
			t.Errorf("%s: %s %q", name, run.State, got)
		}
		if (name == "error" || name == "fails") && !errors.Is(run.Err, lost) {
			t.Errorf("%s: %v", name, run.Err)
		}
	}
	if _, err := house.Connection("ann").SendSLNetMessages(t.Context(), &slnet.WhoAmIMessage{}); err != nil {
		t.Error(err)
	}
}

func TestUnknownUser(t *testing.T) {
	sdktest.Open(t).Connection("ben")
}
