package runtime_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/memkv"
	"domovoi.dev/storage/kv/pebblekv"
)

// TestDiskAlmostFull takes the disk's space away from a daemon, and gives it
// back.
func TestDiskAlmostFull(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 30)
	var log daemontest.Log
	engine, err := pebblekv.Open("store", pebblekv.Options{
		FS: pebblekv.MemFS(), MemTableSize: 1 << 20, MinFree: 4 << 20, Ballast: 1 << 20,
		FreeSpace: func() (uint64, error) { return free.Load(), nil },
		Logger:    slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	d := daemontest.StartOn(t, t.TempDir(), engine)
	server := httptest.NewServer(d.Handler())
	defer server.Close()
	admin := d.Administrator()
	createModule(t, admin, "m")
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "m")
	definition, err := helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("Thing"))
	if err != nil {
		t.Fatal(err)
	}
	create := func() error {
		_, err := helper.DomInstances.Create(t.Context(), dom.NewInstance(definition.ID))
		return err
	}
	// state asks the daemon in every way how its store is.
	state := func(writes bool) {
		t.Helper()
		response, err := http.Get(server.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if ready := response.StatusCode == http.StatusOK; ready != writes || !writes && !strings.Contains(string(body), "store is read-only") {
			t.Errorf("/readyz: %s %s", response.Status, body)
		}
		info := daemontest.Send[*slnet.SystemInfoResponse](t, admin, &slnet.GetSystemInfoMessage{}).Store
		if info == nil || (info.ReadOnly == "") != writes || info.DiskFree != int64(free.Load()) || info.MinFree != 4<<20 {
			t.Errorf("system info: %+v", info)
		}
		switch err := create(); {
		case writes && err != nil:
			t.Errorf("a create: %v", err)
		case !writes && (!errors.Is(err, slnet.KindUnavailable) || !strings.Contains(err.Error(), "has 1.0 MiB free and needs")):
			t.Errorf("a create without space: %v", err)
		}
		if _, err := helper.DomDefinitions.Read(t.Context(), dom.True()); err != nil {
			t.Errorf("a read: %v", err)
		}
	}
	state(true)
	free.Store(1 << 20)
	state(false)
	state(false)
	free.Store(1 << 30)
	state(true)
	for _, text := range []string{"takes no writes", "takes writes again"} {
		if n := strings.Count(log.String(), text); n != 1 {
			t.Errorf("%q was logged %d times:\n%s", text, n, log.String())
		}
	}
	if strings.Contains(d.Log(), "refuses") {
		t.Errorf("each refused request was logged:\n%s", d.Log())
	}
}

func TestCompactStore(t *testing.T) {
	d := daemontest.Start(t)
	for range 20 {
		daemontest.Send[*slnet.Empty](t, d.Administrator(), &slnet.GenerateInformationMessage{Text: strings.Repeat("x", 10_000)})
	}
	step := daemontest.Send[*slnet.CompactStoreResponse](t, d.Administrator(), &slnet.CompactStoreMessage{})
	if step.Before < 200_000 || step.After <= 0 || step.After > step.Before/2 || len(step.Next) > 0 || step.Remaining != 0 {
		t.Errorf("%+v", step)
	}
	info := daemontest.Send[*slnet.SystemInfoResponse](t, d.Administrator(), &slnet.GetSystemInfoMessage{}).Store
	if len(info.Levels) != 1 || info.Compactions == 0 || info.Commits < 20 || info.Checked != 0 {
		t.Errorf("%+v", info)
	}
	ann := d.As(d.User("ann"))
	if _, err := slnet.Send1(t.Context(), ann.SendSLNetMessages, &slnet.CompactStoreMessage{}); !errors.Is(err, slnet.KindPermissionDenied) {
		t.Errorf("a user without the permission compacts: %v", err)
	}
}

func TestStoreWithoutFigures(t *testing.T) {
	d := daemontest.StartOn(t, t.TempDir(), memkv.New())
	if info := daemontest.Send[*slnet.SystemInfoResponse](t, d.Administrator(), &slnet.GetSystemInfoMessage{}).Store; info != nil {
		t.Errorf("%+v", info)
	}
	if _, err := slnet.Send1(t.Context(), d.Administrator().SendSLNetMessages, &slnet.CompactStoreMessage{}); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("compact: %v", err)
	}
}

// TestOffline checks and compacts a data directory without a daemon.
func TestOffline(t *testing.T) {
	dir := t.TempDir()
	if err := runtime.Compact(t.Context(), dir, nil); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("compact of nothing: %v", err)
	}
	r, err := runtime.Open(t.Context(), runtime.Options{
		DataDir: dir, Logger: slog.New(slog.DiscardHandler),
		CacheSize: 1 << 20, MemTableSize: 1 << 20, MaxConcurrentCompactions: 1, MinFree: 1 << 20, Ballast: 1 << 16,
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "store", "ballast")); err != nil || info.Size() != 1<<16 {
		t.Errorf("the ballast: %v, %v", info, err)
	}
	if _, err := runtime.Check(t.Context(), dir, nil); !errors.Is(err, slnet.KindConflict) || !strings.Contains(fmt.Sprint(err), "check --online") {
		t.Errorf("check beside a daemon: %v", err)
	}
	if err := runtime.Compact(t.Context(), dir, nil); !errors.Is(err, slnet.KindConflict) || !strings.Contains(fmt.Sprint(err), "compact --online") {
		t.Errorf("compact beside a daemon: %v", err)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var steps []slnet.CompactStoreResponse
	if err := runtime.Compact(t.Context(), dir, func(step slnet.CompactStoreResponse) { steps = append(steps, step) }); err != nil {
		t.Fatal(err)
	}
	if len(steps) != 1 || steps[0].After == 0 {
		t.Errorf("steps: %+v", steps)
	}
	var far func() (rows, all int64)
	result, err := runtime.Check(t.Context(), dir, func(f func() (rows, all int64)) { far = f })
	if err != nil || len(result.Problems) > 0 || result.Records == 0 || far == nil {
		t.Fatalf("%+v, %v", result, err)
	}
	if rows, all := far(); rows != 0 { // the check is over; the store is closed, so that nothing is estimated
		t.Errorf("%d of %d rows", rows, all)
	}
}
