package automation_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

func TestRunsAreRecorded(t *testing.T) {
	h := openHouse(t)
	h.deploy("Script", `engine.AddScriptOutput("who", engine.User()+" "+engine.GetScriptParam("p"))
	return engine.ExitSuccess("done")`)
	parameters := map[string]string{"p": "v"}
	run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "script", Parameters: parameters, Timeout: time.Minute})
	h.wantEnd(run, slnet.RunSucceeded, "")
	if run.Script != "Script" || run.ScriptVersion != 1 || run.Engine != slnet.EngineInterpreted || run.EntryPoint != "Run" || run.Parameters["p"] != "v" ||
		run.StartedBy != "ann" || run.RunsAs != "ann" || run.Attempt != 1 || run.Timeout != time.Minute || run.Output["who"] != "ann v" || run.ExitReason != "done" ||
		run.QueuedAt.IsZero() || run.StartedAt.Before(run.QueuedAt) || run.EndedAt.Before(run.StartedAt) {
		t.Errorf("the run is %+v", run)
	}
	stored := h.run(run.ID)
	if stored.Output["who"] != "ann v" || !stored.EndedAt.Equal(run.EndedAt) {
		t.Errorf("stored is %+v", stored)
	}
}

func TestRunsThatCannotStart(t *testing.T) {
	h := openHouse(t)
	h.deploy("s", "return nil")
	for name, c := range map[string]struct {
		m    *slnet.ExecuteScriptMessage
		want error
	}{
		"unknown script":      {&slnet.ExecuteScriptMessage{ScriptName: "x"}, slnet.KindNotFound},
		"unknown entry point": {&slnet.ExecuteScriptMessage{ScriptName: "s", EntryPoint: "OnDomAction"}, slnet.KindInvalid},
		"negative timeout":    {&slnet.ExecuteScriptMessage{ScriptName: "s", Timeout: -1}, slnet.KindInvalid},
		"timeout":             {&slnet.ExecuteScriptMessage{ScriptName: "s", Timeout: 31 * 24 * time.Hour}, slnet.KindInvalid},
	} {
		if _, err := h.Execute(t.Context(), ann, c.m); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if list, err := h.Runs(t.Context(), ann, true, &slnet.GetRunsMessage{}); err != nil || len(list.Runs) != 0 {
		t.Errorf("%d runs are stored, %v", len(list.Runs), err)
	}
}

func TestRunsOfADisabledUserDoNotStart(t *testing.T) {
	h := openHouse(t)
	h.deploy("s", quick)
	h.disable("ann")
	run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s"})
	h.wantEnd(run, slnet.RunFailed, "user ann is disabled")
	if len(h.said) != 0 {
		t.Error("the script ran")
	}
}

func TestCallerGoingAwayCancelsTheRunItWaitsFor(t *testing.T) {
	h := openHouse(t)
	h.deploy("stubborn", stubborn)
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan slnet.Run)
	go func() {
		response, err := h.Execute(ctx, ann, &slnet.ExecuteScriptMessage{ScriptName: "stubborn"})
		if err != nil {
			t.Error(err)
			response = new(slnet.RunResponse)
		}
		answered <- response.Run
	}()
	<-h.said
	cancel()
	h.wantEnd(<-answered, slnet.RunCanceled, "the caller went away")
}

func TestARunThatIsToKeepRunningOutlivesItsCaller(t *testing.T) {
	h := openHouse(t)
	h.deploy("waiting", waiting)
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error)
	go func() {
		_, err := h.Execute(ctx, ann, &slnet.ExecuteScriptMessage{ScriptName: "waiting", KeepRunning: true})
		answered <- err
	}()
	<-h.said
	cancel()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller was told %v", err)
	}
	list, err := h.Runs(t.Context(), ann, true, &slnet.GetRunsMessage{})
	if err != nil || len(list.Runs) != 1 || list.Runs[0].State != slnet.RunRunning {
		t.Fatalf("without its caller: %+v, %v", list, err)
	}
	h.goOn <- struct{}{}
	h.wantEnd(h.ended(list.Runs[0].ID), slnet.RunSucceeded, "")
}

// fullDisk is an engine that takes no writes while it is full, and says so to
// whoever receives from refused.
type fullDisk struct {
	kv.Store
	full    atomic.Bool
	refused chan struct{}
}

func (d *fullDisk) Update(ctx context.Context, fn func(tx kv.Tx) error) (kv.Version, error) {
	if !d.full.Load() {
		return d.Store.Update(ctx, fn)
	}
	select {
	case d.refused <- struct{}{}:
	default:
	}
	return 0, kv.ErrReadOnly
}

func TestTheEndOfARunIsStoredWhenTheStoreTakesWritesAgain(t *testing.T) {
	disk := &fullDisk{Store: memkv.New(), refused: make(chan struct{})}
	h := openHouseOn(t, t.TempDir(), disk)
	h.deploy("waiting", waiting)
	answered := make(chan error)
	go func() {
		_, err := h.Execute(t.Context(), ann, &slnet.ExecuteScriptMessage{ScriptName: "waiting"})
		answered <- err
	}()
	<-h.said
	disk.full.Store(true)
	h.goOn <- struct{}{}
	if err := <-answered; !errors.Is(err, storage.ErrReadOnly) {
		t.Errorf("who waits is told %v", err)
	}
	<-disk.refused // once more
	list, err := h.Runs(t.Context(), ann, true, &slnet.GetRunsMessage{})
	if err != nil || len(list.Runs) != 1 || list.Runs[0].State != slnet.RunRunning {
		t.Fatalf("before its end is stored: %+v, %v", list, err)
	}
	disk.full.Store(false)
	h.wantEnd(h.ended(list.Runs[0].ID), slnet.RunSucceeded, "")
}

func TestTimeoutEndsARunForCertain(t *testing.T) {
	h := openHouse(t)
	h.deploy("stubborn", stubborn)
	run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "stubborn", Timeout: 100 * time.Millisecond})
	h.wantEnd(run, slnet.RunTimedOut, "timeout of 100ms")
}

func TestCancel(t *testing.T) {
	h := openHouse(t)
	h.deploy("waiting", waiting)
	running := h.start("waiting")
	<-h.said
	if _, err := h.Cancel(t.Context(), chris, false, running.ID); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("another user's run: %v", err)
	}
	canceled, err := h.Cancel(t.Context(), chris, true, running.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.wantEnd(canceled.Run, slnet.RunCanceled, "cancelled by chris")
	if _, err := h.Cancel(t.Context(), ann, false, running.ID); !errors.Is(err, slnet.KindConflict) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := h.Cancel(t.Context(), ann, false, uuid.New()); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

func TestMoreRunsThanSlotsWaitInTheQueue(t *testing.T) {
	h := openHouse(t)
	h.deploy("waiting", waiting)
	var runs []slnet.Run
	for i := range slots + 3 {
		run := h.start("waiting")
		if want := map[bool]slnet.RunState{true: slnet.RunRunning, false: slnet.RunQueued}[i < slots]; run.State != want || run.StartedAt.IsZero() != (want == slnet.RunQueued) {
			t.Errorf("run %d %s, want %s", i, run.State, want)
		}
		runs = append(runs, run)
	}
	canceled, err := h.Cancel(t.Context(), ann, false, runs[slots].ID)
	if err != nil {
		t.Fatal(err)
	}
	h.wantEnd(canceled.Run, slnet.RunCanceled, "cancelled by ann")
	if !canceled.Run.StartedAt.IsZero() {
		t.Errorf("a run cancelled in the queue was started: %+v", canceled.Run)
	}
	for range slots + 2 {
		h.goOn <- struct{}{}
	}
	for i, run := range runs {
		if i != slots {
			h.wantEnd(h.ended(run.ID), slnet.RunSucceeded, "")
		}
	}
}

func TestScriptsStartScriptsWithAllSlotsTaken(t *testing.T) {
	h := openHouse(t)
	h.deploy("waiting", waiting)
	h.deploy("child", quick)
	h.deploy("parent", `_, err := engine.SendSLNetMessages(ctx, &slnet.ExecuteScriptMessage{ScriptName: "child", Parameters: map[string]string{"say": "child"}})
	return err`)
	held := h.start("waiting")
	<-h.said
	parents := []slnet.Run{h.start("parent"), h.start("parent")} // one runs, one waits
	for range parents {
		if said := <-h.said; said != "child" {
			t.Errorf("a script said %q", said)
		}
	}
	for _, parent := range parents {
		h.wantEnd(h.ended(parent.ID), slnet.RunSucceeded, "")
	}
	list, err := h.Runs(t.Context(), ann, false, &slnet.GetRunsMessage{Filter: slnet.RunFilter{Script: "CHILD"}})
	if err != nil || len(list.Runs) != 2 {
		t.Fatalf("%d runs of the child, %v", len(list.Runs), err)
	}
	child := list.Runs[1]
	if len(child.Parents) != 1 || child.Parents[0] != parents[0].ID || child.StartedBy != "run "+parents[0].ID.String() || child.RunsAs != "ann" {
		t.Errorf("the child is %+v", child)
	}
	h.goOn <- struct{}{}
	h.wantEnd(h.ended(held.ID), slnet.RunSucceeded, "")
}

func TestAScriptThatStartsItselfEnds(t *testing.T) {
	h := openHouse(t)
	h.deploy("self", `responses, err := engine.SendSLNetMessages(ctx, &slnet.ExecuteScriptMessage{ScriptName: "self"})
	if err != nil {
		return err
	}
	run := responses[0].(*slnet.RunResponse).Run
	return engine.ExitFail(run.Errors[0].Message + run.ExitReason)`)
	run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "self"})
	if run.State != slnet.RunFailed {
		t.Errorf("the run %s", run.State)
	}
	list, err := h.Runs(t.Context(), ann, false, &slnet.GetRunsMessage{})
	if err != nil || len(list.Runs) != 17 {
		t.Fatalf("%d runs, %v", len(list.Runs), err)
	}
	deepest := list.Runs[0]
	if len(deepest.Parents) != 16 || len(deepest.Errors) != 1 || !strings.Contains(deepest.Errors[0].Message, "16 runs stand above it") {
		t.Errorf("the deepest has %d parents and errors %+v", len(deepest.Parents), deepest.Errors)
	}
}

func TestRunsAreListed(t *testing.T) {
	h := openHouse(t)
	h.deploy("a", "return nil")
	h.deploy("b", `return engine.ExitFail("no")`)
	var ids []uuid.UUID
	for _, c := range []struct {
		caller security.Caller
		script string
	}{{ann, "a"}, {ann, "b"}, {chris, "a"}, {ann, "a"}} {
		response, err := h.Execute(t.Context(), c.caller, &slnet.ExecuteScriptMessage{ScriptName: c.script})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, response.Run.ID)
	}
	for _, c := range []struct {
		name   string
		caller security.Caller
		all    bool
		m      slnet.GetRunsMessage
		want   []int
	}{
		{"own", ann, false, slnet.GetRunsMessage{}, []int{3, 1, 0}},
		{"all", ann, true, slnet.GetRunsMessage{}, []int{3, 2, 1, 0}},
		{"a stranger's", security.Caller{User: "mallory"}, false, slnet.GetRunsMessage{}, nil},
		{"of a script", ann, true, slnet.GetRunsMessage{Filter: slnet.RunFilter{Script: "A"}}, []int{3, 2, 0}},
		{"in a state", ann, true, slnet.GetRunsMessage{Filter: slnet.RunFilter{State: slnet.RunFailed}}, []int{1}},
		{"in no state", ann, true, slnet.GetRunsMessage{Filter: slnet.RunFilter{State: "tired"}}, nil},
		{"limited", ann, true, slnet.GetRunsMessage{Limit: 2}, []int{3, 2}},
		{"the next page", ann, true, slnet.GetRunsMessage{Limit: 2, Before: ids[2]}, []int{1, 0}},
		{"behind the last", ann, true, slnet.GetRunsMessage{Before: ids[0]}, nil},
	} {
		response, err := h.Runs(t.Context(), c.caller, c.all, &c.m)
		if err != nil || len(response.Runs) != len(c.want) {
			t.Errorf("%s: %d runs, %v, want %d", c.name, len(response.Runs), err, len(c.want))
			continue
		}
		for i, n := range c.want {
			if response.Runs[i].ID != ids[n] {
				t.Errorf("%s: place %d has another run than %d", c.name, i, n)
			}
		}
	}
	for _, limit := range []int64{-1, 1001} {
		if _, err := h.Runs(t.Context(), ann, true, &slnet.GetRunsMessage{Limit: limit}); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	if _, err := h.Run(t.Context(), ann, false, ids[2]); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("a run of another user: %v", err)
	}
	if _, err := h.RunLog(t.Context(), ann, false, &slnet.GetRunLogMessage{ID: ids[2]}); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("its log: %v", err)
	}
	if _, err := h.Run(t.Context(), ann, true, uuid.New()); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("an unknown run: %v", err)
	}
}
