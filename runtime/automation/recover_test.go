package automation_test

import (
	"context"
	"errors"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

func TestAfterACrashRunningRunsAreLostAndQueuedOnesStart(t *testing.T) {
	fs := pebblekv.NewCrashFS()
	h := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs))
	h.deploy("waiting", waiting)
	var runs []slnet.Run
	for range slots + 2 {
		runs = append(runs, h.start("waiting"))
	}
	for range slots {
		<-h.said
	}
	after := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs.Clone(0)))
	for _, run := range runs[:slots] {
		after.wantEnd(after.run(run.ID), slnet.RunLost, "the daemon ended")
	}
	for range 2 {
		<-after.said
		after.goOn <- struct{}{}
	}
	for _, run := range runs[slots:] {
		after.wantEnd(after.ended(run.ID), slnet.RunSucceeded, "")
	}
	log, err := after.RunLog(t.Context(), ann, false, &slnet.GetRunLogMessage{ID: runs[0].ID})
	if err != nil || len(log.Lines) != 0 || !log.Ended {
		t.Errorf("the log of a lost run: %+v, %v", log, err)
	}
}

func TestCloseDrainsRunsAndKeepsTheQueue(t *testing.T) {
	fs := pebblekv.NewCrashFS()
	h := openHouseOn(t, t.TempDir(), daemontest.StoreOn(t, fs))
	h.deploy("waiting", waiting)
	var runs []slnet.Run
	for range slots + 1 {
		runs = append(runs, h.start("waiting"))
	}
	for range slots {
		<-h.said
	}
	closed := make(chan struct{})
	go func() {
		h.Close(context.Background())
		close(closed)
	}()
	// Close has begun when nothing starts any more.
	for {
		_, err := h.Execute(t.Context(), ann, &slnet.ExecuteScriptMessage{ScriptName: "waiting", Async: true})
		if errors.Is(err, slnet.KindUnavailable) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range slots {
		h.goOn <- struct{}{}
	}
	<-closed
	for _, run := range runs[:slots] {
		h.wantEnd(h.run(run.ID), slnet.RunSucceeded, "")
	}
	if run := h.run(runs[slots].ID); run.State != slnet.RunQueued {
		t.Errorf("the queued run %s", run.State)
	}
}

func TestCloseCancelsRunsWhenItsTimeIsOver(t *testing.T) {
	h := openHouse(t)
	h.deploy("stubborn", stubborn)
	run := h.start("stubborn")
	<-h.said
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.Close(ctx)
	h.wantEnd(h.run(run.ID), slnet.RunCanceled, "the daemon is stopping")
}
