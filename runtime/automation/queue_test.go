package automation_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv/pebblekv"
)

// stage stores runs of a script in one transaction, as a trigger or schedule does.
func (h *house) stage(caller security.Caller, n int, c automation.Call) (ids []uuid.UUID) {
	h.t.Helper()
	_, err := h.store.Update(h.t.Context(), storage.Origin{User: caller.User}, func(tx *storage.Tx) error {
		ids = nil
		for range n {
			run, err := h.Stage(tx, caller, c)
			if err != nil {
				return err
			}
			ids = append(ids, run.ID)
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return ids
}

func background(script, say string) automation.Call {
	return automation.Call{ScriptName: script, Parameters: map[string]string{"say": say}, Priority: slnet.PriorityBackground}
}

func TestStagedRunsStartAfterTheCommitAndOnlyThen(t *testing.T) {
	h := openHouse(t)
	h.deploy("s", quick)
	refused := errors.New("refused")
	_, err := h.store.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		if _, err := h.Stage(tx, ann, background("s", "never")); err != nil {
			return err
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	id := h.stage(ann, 1, background("s", "staged"))[0]
	if said := <-h.said; said != "staged" {
		t.Errorf("a script said %q", said)
	}
	h.wantEnd(h.ended(id), slnet.RunSucceeded, "")
	if list, err := h.Runs(t.Context(), ann, true, &slnet.GetRunsMessage{}); err != nil || len(list.Runs) != 1 {
		t.Errorf("%d runs, %v", len(list.Runs), err)
	}
}

// A burst does not starve what people start, users take turns, and little of it
// is in memory.
func TestABurstOfStagedRuns(t *testing.T) {
	h := openHouse(t)
	h.deploy("waiting", waiting)
	h.deploy("s", quick)
	var held []slnet.Run
	for range slots {
		held = append(held, h.start("waiting"))
	}
	const burst = 300
	h.stage(ann, burst, background("s", "ann"))
	h.stage(chris, 2, background("s", "chris"))
	if n := h.InMemory(); n > 3*automation.Window {
		t.Errorf("%d of %d waiting runs are in memory", n, burst)
	}
	manual := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s", Parameters: map[string]string{"say": "manual"}, Async: true})
	if manual.WaitsFor == nil || manual.WaitsFor.Kind != slnet.WaitForSlot {
		t.Errorf("a run waits for %+v", manual.WaitsFor)
	}
	for range slots { // what the scripts said that hold the slots
		<-h.said
	}
	h.goOn <- struct{}{}
	if first := <-h.said; first != "manual" {
		t.Errorf("%q ran before the manual one", first)
	}
	for i, chrises := 0, 0; chrises < 2; i++ {
		if said := <-h.said; said == "chris" {
			chrises++
		} else if i > 4 {
			t.Fatal("one user waits for all runs of the other")
		}
	}
	// The rest is left to the next daemon.
	go h.Close(t.Context())
	h.goOn <- struct{}{}
	_ = held
}

func TestConcurrencyOfAScriptAndOfAKey(t *testing.T) {
	h := openHouse(t)
	_, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{Name: "one", Files: source(waiting), Manifest: "concurrency: 1"})
	if err != nil {
		t.Fatal(err)
	}
	first, second := h.start("one"), h.start("one")
	if w := h.run(second.ID).WaitsFor; w == nil || w.Kind != slnet.WaitForScript || w.HeldBy != first.ID {
		t.Errorf("the second waits for %+v", w)
	}
	<-h.said
	h.goOn <- struct{}{}
	<-h.said
	h.goOn <- struct{}{}
	h.wantEnd(h.ended(second.ID), slnet.RunSucceeded, "")

	h.deploy("waiting", waiting)
	h.deploy("s", quick)
	keyed := func(script string) slnet.Run {
		return h.execute(&slnet.ExecuteScriptMessage{ScriptName: script, ConcurrencyKey: "k", Async: true, Parameters: map[string]string{"say": "keyed"}})
	}
	holder := keyed("waiting")
	<-h.said
	var waits []slnet.Run
	for range 3 {
		waits = append(waits, keyed("s"))
	}
	if w := waits[2].WaitsFor; w == nil || w.Kind != slnet.WaitForKey || w.Key != "k" || w.HeldBy != holder.ID || w.Since.IsZero() {
		t.Errorf("the third waits for %+v", w)
	}
	if _, err := h.Cancel(t.Context(), ann, false, waits[0].ID); err != nil {
		t.Error(err)
	}
	// Others go on meanwhile.
	h.wantEnd(h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s"}), slnet.RunSucceeded, "")
	<-h.said
	h.goOn <- struct{}{}
	for _, run := range waits[1:] {
		h.wantEnd(h.ended(run.ID), slnet.RunSucceeded, "")
	}
	h.wantEnd(h.run(waits[0].ID), slnet.RunCanceled, "cancelled by ann")
	for name, m := range map[string]*slnet.ExecuteScriptMessage{
		"a schedule's key": {ScriptName: "s", ConcurrencyKey: "schedule x"},
		"no key":           {ScriptName: "s", KeyLimit: 2},
		"priority":         {ScriptName: "s", Priority: 101},
	} {
		if _, err := h.Execute(t.Context(), ann, m); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A run whose caller waits for its end is stored when its turn comes, and as
// waiting when that takes long.
func TestAnAwaitedRunIsStoredWhenItsTurnComes(t *testing.T) {
	automation.SetTurnSoon(t, time.Hour)
	h := openHouse(t)
	h.deploy("waiting", waiting)
	h.deploy("s", quick)
	for range slots {
		h.start("waiting")
	}
	for range slots {
		<-h.said
	}
	type end struct {
		response *slnet.RunResponse
		err      error
	}
	ends := make(chan end, 4)
	execute := func(ctx context.Context, say string, keep bool) {
		go func() {
			response, err := h.Execute(ctx, ann, &slnet.ExecuteScriptMessage{ScriptName: "s", Parameters: map[string]string{"say": say}, KeepRunning: keep})
			ends <- end{response, err}
		}()
	}
	runs := func() int {
		t.Helper()
		list, err := h.Runs(t.Context(), ann, true, &slnet.GetRunsMessage{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Runs)
	}
	execute(t.Context(), "first", false)
	h.Offered(1)
	execute(t.Context(), "second", false)
	h.Offered(2)
	if n := runs(); n != slots {
		t.Errorf("%d runs are stored, want those that execute", n)
	}

	// One whose caller goes away never was.
	ctx, cancel := context.WithCancel(t.Context())
	execute(ctx, "never", false)
	h.Offered(3)
	cancel()
	if e := <-ends; !errors.Is(e.err, context.Canceled) {
		t.Errorf("a run whose caller went away: %+v", e)
	}
	h.stage(ann, 1, automation.Call{ScriptName: "s", Parameters: map[string]string{"say": "third"}})
	if n := runs(); n != slots+1 {
		t.Errorf("%d runs are stored, want those that execute and the one that was staged", n)
	}

	// They take their turns among those that are stored.
	h.goOn <- struct{}{}
	for _, want := range []string{"first", "second", "third"} {
		if said := <-h.said; said != want {
			t.Errorf("%q comes, want %q", said, want)
		}
	}
	for range 2 {
		if e := <-ends; e.err != nil || e.response.Run.State != slnet.RunSucceeded || e.response.Run.StartedAt.Before(e.response.Run.QueuedAt) {
			t.Errorf("a run that was awaited: %+v", e)
		}
	}

	// With a caller who may go away, and after a while, they are stored as waiting.
	h.start("waiting")
	<-h.said
	stored := func(state slnet.RunState) {
		t.Helper()
		for {
			seen := h.store.Version()
			list, err := h.Runs(t.Context(), ann, true, &slnet.GetRunsMessage{Filter: slnet.RunFilter{State: state}})
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Runs) == 1 {
				return
			}
			if _, err := h.store.Wait(t.Context(), seen); err != nil {
				t.Fatal(err)
			}
		}
	}
	execute(t.Context(), "kept", true)
	stored(slnet.RunQueued)
	h.goOn <- struct{}{}
	<-h.said
	<-ends
	h.start("waiting")
	<-h.said
	automation.SetTurnSoon(t, time.Millisecond)
	execute(t.Context(), "late", false)
	stored(slnet.RunQueued)
	for range slots {
		h.goOn <- struct{}{}
	}
	<-h.said
	<-ends
}

// requeued waits until a run that has begun is queued again.
func (h *house) requeued(id uuid.UUID) {
	h.t.Helper()
	for {
		version := h.store.Version() // before the run is read, so that no change of it is missed
		if h.run(id).State == slnet.RunQueued {
			return
		}
		if _, err := h.store.Wait(h.t.Context(), version); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestRetry(t *testing.T) {
	h := openHouse(t)
	body := `run := engine.Run()
	if err := engine.GenerateInformation(ctx, run.IdempotencyKey()); err != nil {
		return err
	}
	if run.Attempt < 3 {
		_, err := engine.SendSLNetMessages(ctx, &slnet.ExecuteScriptMessage{ScriptName: "nothing"})
		return sdk.Retryable(err)
	}
	return nil`
	deploy := func(name, body string) {
		t.Helper()
		_, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{Name: name, Files: source(body), Manifest: "retry: {attempts: 3, delay: 1ms}"})
		if err != nil {
			t.Fatal(err)
		}
	}
	deploy("flaky", body)
	run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "flaky"})
	h.wantEnd(run, slnet.RunSucceeded, "")
	if run.Attempt != 3 || len(run.Attempts) != 2 || run.Attempts[0].State != slnet.RunFailed || len(run.Attempts[1].Errors) != 1 {
		t.Errorf("the run is %+v", run)
	}
	for range 3 {
		if key := <-h.said; key != run.ID.String() {
			t.Errorf("an attempt has the key %s", key)
		}
	}
	deploy("wrong", `return engine.ExitFail("for good")`)
	if run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "wrong"}); run.State != slnet.RunFailed || run.Attempt != 1 {
		t.Errorf("a failure that is not retryable: %s, attempt %d", run.State, run.Attempt)
	}
	_, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{Name: "slow", Files: source(body), Manifest: "retry: {attempts: 3, delay: 1h}"})
	if err != nil {
		t.Fatal(err)
	}
	slow := h.start("slow")
	<-h.said
	h.requeued(slow.ID)
	if w := h.run(slow.ID).WaitsFor; w == nil || w.Kind != slnet.WaitForTime || time.Until(w.Until) < 29*time.Minute {
		t.Errorf("it waits for %+v", w)
	}
	canceled, err := h.Cancel(t.Context(), ann, false, slow.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.wantEnd(canceled.Run, slnet.RunCanceled, "cancelled by ann")
}

// Runs in turn wait for those before them also while these wait for their next
// attempt, and after a restart.
func TestRunsInTurn(t *testing.T) {
	fs := pebblekv.NewCrashFS()
	h := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs))
	body := `if err := engine.GenerateInformation(ctx, engine.GetScriptParam("say")); err != nil {
		return err
	}
	if engine.GetScriptParam("say") == "first" && engine.Run().Attempt < 2 {
		_, err := engine.SendSLNetMessages(ctx, &slnet.ExecuteScriptMessage{ScriptName: "nothing"})
		return sdk.Retryable(err)
	}
	return nil`
	_, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{Name: "flaky", Files: source(body), Manifest: "retry: {attempts: 3, delay: 1h}"})
	if err != nil {
		t.Fatal(err)
	}
	turn := func(say string) uuid.UUID {
		c := background("flaky", say)
		c.Key = "trigger x"
		return h.stage(ann, 1, c)[0]
	}
	first := turn("first")
	<-h.said
	h.requeued(first)
	second, third := turn("second"), turn("third")
	h.stage(ann, 1, background("flaky", "other"))
	if said := <-h.said; said != "other" {
		t.Errorf("%q went before the first, which is to be tried again", said)
	}
	after := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs.Clone(0)))
	for _, h := range []*house{h, after} {
		if _, err := h.Cancel(t.Context(), ann, false, first); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"second", "third"} {
			if said := <-h.said; said != want {
				t.Errorf("%q comes, want %q", said, want)
			}
		}
		h.wantEnd(h.ended(second), slnet.RunSucceeded, "")
		h.wantEnd(h.ended(third), slnet.RunSucceeded, "")
	}
}

func TestAfterACrashNoRunIsLostOrExecutedTwiceByOneAttempt(t *testing.T) {
	fs := pebblekv.NewCrashFS()
	h := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs))
	h.deploy("s", quick)
	_, err := h.DeployScript(t.Context(), ann, &slnet.DeployScriptMessage{Name: "again", Files: source(waiting), Manifest: "retry: {attempts: 2, delay: 1ms}"})
	if err != nil {
		t.Fatal(err)
	}
	again := h.start("again")
	h.start("again")
	<-h.said
	<-h.said
	var ids []uuid.UUID
	for i := range 10 {
		c := background("s", fmt.Sprint(i))
		if c.Key = ""; i%2 == 0 {
			c.Key = "k"
		}
		ids = append(ids, h.stage(ann, 1, c)...)
	}
	after := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs.Clone(0)))
	heard := make(map[string]int)
	for range 12 {
		said := <-after.said
		if heard[said]++; said == "wait" {
			after.goOn <- struct{}{}
		}
	}
	for i, id := range ids {
		after.wantEnd(after.ended(id), slnet.RunSucceeded, "")
		if n := heard[fmt.Sprint(i)]; n != 1 {
			t.Errorf("run %d executed %d times", i, n)
		}
	}
	repeated := after.ended(again.ID)
	after.wantEnd(repeated, slnet.RunSucceeded, "")
	if repeated.Attempt != 2 || len(repeated.Attempts) != 1 || repeated.Attempts[0].State != slnet.RunLost {
		t.Errorf("the run that was lost is %+v", repeated)
	}
}

func TestReplay(t *testing.T) {
	h := openHouse(t)
	h.deploy("s", `return engine.ExitFail(engine.GetScriptParam("say"))`)
	one := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s", Parameters: map[string]string{"say": "one"}})
	two := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "s", Parameters: map[string]string{"say": "two"}})
	h.deploy("s", quick)
	may := func(string) error { return nil }
	m := &slnet.ReplayRunsMessage{Filter: slnet.RunFilter{State: slnet.RunFailed}, PerSecond: 1000}
	response, err := h.Replay(t.Context(), ann, false, m, may)
	if err != nil || len(response.Runs) != 2 || len(response.Refused) != 0 {
		t.Fatalf("%+v %v", response, err)
	}
	for i, original := range []slnet.Run{two, one} {
		run := h.ended(response.Runs[i].ID)
		if run.ReplayOf != original.ID || run.Trigger.Kind != slnet.TriggerReplay || run.ScriptVersion != 1 || run.ExitReason != original.ExitReason || run.RunsAs != "ann" {
			t.Errorf("the repetition is %+v", run)
		}
	}
	response, err = h.Replay(t.Context(), chris, false, &slnet.ReplayRunsMessage{IDs: []uuid.UUID{one.ID}}, may)
	if err != nil || len(response.Refused) != 1 || len(response.Runs) != 0 {
		t.Errorf("a run of another user: %+v %v", response, err)
	}
	if _, err := h.Replay(t.Context(), ann, true, &slnet.ReplayRunsMessage{}, may); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("everything: %v", err)
	}
}
