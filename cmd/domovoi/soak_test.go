package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/stress"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// soaked is a script with many ways in.
const soaked = `package main

import (
	"context"
	"errors"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// The length of what it keeps differs from version to version.
const version = "%s"

var kept []byte

func Run(ctx context.Context, engine *sdk.Engine) error {
	kept = make([]byte, 1<<20)
	engine.Log.Info(version)
	_, err := engine.DomHelper("load").DomInstances.Count(ctx, dom.True())
	switch engine.GetScriptParam("do") {
	case "panic":
		panic("as asked")
	case "fail":
		return errors.New("as asked")
	case "wait":
		<-ctx.Done()
		return ctx.Err() // a script that returns nothing has succeeded, asked to end or not
	}
	return err
}

func OnApiTrigger(ctx context.Context, engine *sdk.Engine, input slnet.ApiTriggerInput) (slnet.ApiTriggerOutput, error) {
	return slnet.ApiTriggerOutput{Body: input.Body}, nil
}

func OnDomInstanceCrudWithFullMeta(ctx context.Context, engine *sdk.Engine, meta dom.InstanceCrudMeta) error {
	return nil
}
`

// soak is a daemon under a load of everything at once.
type soak struct {
	*testing.T
	v        *victim
	c        *client.Client
	schema   *stress.Schema
	journal  *stress.Journal
	seed     uint64
	apiToken string
	done     chan struct{} // closed when the load is to end

	// What was done.
	runs, badRuns, requests, events, streams, deploys atomic.Int64
}

// TestSoak has a daemon do everything at once: writes and reads over HTTP, scripts
// that succeed, fail, panic and are cancelled, deployments, a schedule, runs for
// changes, requests to an API, streams of events that come and go. With
// DOMOVOI_SOAK=1h it goes on for an hour (make stress does that) and what the
// daemon holds must not grow; without, it ends after some of each. In both forms
// nothing is refused, and what the load held is given back.
func TestSoak(t *testing.T) {
	lasts, err := time.ParseDuration(os.Getenv("DOMOVOI_SOAK"))
	if os.Getenv("DOMOVOI_SOAK") != "" && err != nil {
		t.Fatalf("DOMOVOI_SOAK: %v", err)
	}
	seed := stress.Seed(0)
	s := &soak{T: t, seed: seed, schema: stress.NewSchema(seed, "load"), journal: stress.NewJournal(), done: make(chan struct{})}
	dir := filepath.Join(t.TempDir(), "house")
	// Bounds that are reached many times in an hour: what is kept of runs, and
	// what is gathered and cached.
	s.v = startVictim(t, dir, "--run-count", "200", "--cache-size", "8MiB", "--memtable-size", "2MiB")
	s.c = s.v.dial(t)
	s.setUp()
	s.execute(t.Context(), 0)
	idle := s.holds()
	var load sync.WaitGroup
	for number := range 2 {
		load.Go(func() { s.write(number) })
	}
	for _, work := range []func(){s.listen, s.listenBriefly, s.run, s.deploy, s.request} {
		load.Go(work)
	}
	samples := s.sample(lasts)
	close(s.done)
	load.Wait()
	after := s.settled(idle)
	t.Logf("seed %d: %d writes, %d requests to an API, %d runs and %d that ended badly as asked, %d deploys, %d events over %d streams; idle %v, after %v",
		seed, s.journal.Acknowledged(), s.requests.Load(), s.runs.Load(), s.badRuns.Load(), s.deploys.Load(), s.events.Load(), s.streams.Load(), idle, after)
	if lasts > 0 {
		wantFlat(t, samples)
	}
	wantServed(t, s.c, s.schema, s.journal)
	s.v.cmd.Process.Signal(syscall.SIGTERM)
	if err := s.v.cmd.Wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	if result, err := runtime.Check(t.Context(), dir, nil); err != nil || stress.Sound(result) != nil {
		t.Error(stress.Sound(result), err)
	}
}

func (s *soak) send(ctx context.Context, m slnet.Message) (slnet.Message, error) {
	return slnet.Send1(ctx, s.c.SendSLNetMessages, m)
}

func (s *soak) must(m slnet.Message) slnet.Message {
	s.Helper()
	answer, err := s.send(s.Context(), m)
	if err != nil {
		s.Fatal(err)
	}
	return answer
}

func (s *soak) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *soak) setUp() {
	if err := s.schema.Create(s.Context(), s.c); err != nil {
		s.Fatal(err)
	}
	s.deployVersion(0)
	s.must(&dom.CreateTriggerMessage{Trigger: dom.Trigger{
		Name: "deleted", Script: "soaked", ModuleID: s.schema.ModuleID, EntryPoint: slnet.EntryPointOnDomInstanceCrudWithFullMeta,
		Events: []dom.TriggerEvent{dom.TriggerDeleted},
	}})
	s.must(&slnet.CreateScheduleMessage{Schedule: slnet.Schedule{Name: "tick", Script: "soaked", Expression: "@every 1s"}})
	echo := s.must(&slnet.CreateApiDefinitionMessage{Definition: slnet.ApiDefinition{Name: "echo", Route: "echo", Methods: []string{"POST"}, Script: "soaked"}}).(*slnet.ApiDefinitionResponse)
	s.apiToken = s.must(&slnet.CreateApiTokenMessage{Token: slnet.ApiToken{Name: "soak", Definitions: []uuid.UUID{echo.Definition.ID}}}).(*slnet.CreateApiTokenResponse).Secret
}

func (s *soak) deployVersion(n int64) {
	source := fmt.Sprintf(soaked, strings.Repeat("v", 1+int(n%1000)))
	if _, err := s.send(s.Context(), &slnet.DeployScriptMessage{Name: "soaked", Files: []slnet.ScriptFile{{Name: "script.go", Content: source}}}); err != nil {
		s.Errorf("deploy: %v", err)
	}
}

// deploy makes a new version for every fifty runs.
func (s *soak) deploy() {
	for n := int64(1); !s.ended(); n++ {
		s.deployVersion(n)
		s.deploys.Add(1)
		for was := s.runs.Load(); s.runs.Load() < was+50 && !s.ended(); {
			s.must(&slnet.GetScriptMessage{Name: "soaked"})
		}
	}
}

// write writes as TestKills does, and reads after each write.
func (s *soak) write(number int) {
	w := stress.NewWorker(s.seed, number, 0, s.schema, s.journal)
	h := dom.NewDomHelper(s.c.SendSLNetMessages, s.schema.ModuleID)
	for !s.ended() {
		if err := w.Step(s.Context(), s.c); err != nil {
			s.Errorf("write: %v", err)
			return
		}
		if _, err := h.DomInstances.Read(s.Context(), dom.True()); err != nil {
			s.Errorf("read: %v", err)
			return
		}
	}
}

// run has the script end in each of its ways.
func (s *soak) run() {
	for n := 0; !s.ended(); n++ {
		s.execute(s.Context(), n)
	}
}

func (s *soak) execute(ctx context.Context, n int) {
	do, want := "", slnet.RunSucceeded
	switch n % 10 {
	case 3:
		do, want = "panic", slnet.RunFailed
	case 5:
		do, want = "fail", slnet.RunFailed
	case 7:
		do, want = "wait", slnet.RunCanceled
	}
	answer, err := s.send(ctx, &slnet.ExecuteScriptMessage{ScriptName: "soaked", Parameters: map[string]string{"do": do}, Async: do == "wait"})
	if err == nil && do == "wait" {
		id := answer.(*slnet.RunResponse).Run.ID
		if _, err = s.send(ctx, &slnet.CancelRunMessage{ID: id}); err == nil {
			answer, err = s.send(ctx, &slnet.GetRunMessage{ID: id, Wait: true})
		}
	}
	if err != nil {
		s.Errorf("execute: %v", err)
		return
	}
	run := answer.(*slnet.RunResponse).Run
	if run.State != want {
		s.Errorf("the run %s, want %s: %+v", run.State, want, run.Errors)
	}
	s.runs.Add(1)
	if want != slnet.RunSucceeded {
		s.badRuns.Add(1)
	}
}

// request sends requests to an API, and compares the answers.
func (s *soak) request() {
	for n := 0; !s.ended(); n++ {
		body := strings.Repeat("x", n%5000)
		request, err := http.NewRequestWithContext(s.Context(), http.MethodPost, "http://"+s.v.address+"/api/custom/echo", strings.NewReader(body))
		if err != nil {
			s.Error(err)
			return
		}
		request.Header.Set("Authorization", "Bearer "+s.apiToken)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			s.Errorf("request: %v", err)
			return
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || !bytes.Equal(answer, []byte(body)) {
			failed, _ := s.send(s.Context(), &slnet.GetRunsMessage{Filter: slnet.RunFilter{Trigger: slnet.TriggerAPI, State: slnet.RunFailed}, Limit: 1})
			s.Errorf("request: %s, %.200q, %v; %+v", response.Status, answer, err, failed)
			return
		}
		s.requests.Add(1)
	}
}

// listen hears all events on one stream.
func (s *soak) listen() {
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	go func() {
		<-s.done
		cancel()
	}()
	s.hear(ctx, slnet.Subscription{}, -1)
}

// listenBriefly hears a few events on each of many streams, of which each goes on
// where the one before ended.
func (s *soak) listenBriefly() {
	subscription := slnet.Subscription{Events: []string{"RunChangedEventMessage"}}
	for !s.ended() {
		if after := s.hear(s.Context(), subscription, 20); after != nil {
			subscription.After = after
		}
	}
}

// hear hears so many events, all of them with a negative number, and returns where
// the last one stood.
func (s *soak) hear(ctx context.Context, subscription slnet.Subscription, most int) (last *slnet.Cursor) {
	events, err := s.c.Subscribe(ctx, subscription)
	if err != nil {
		if ctx.Err() == nil {
			s.Errorf("subscribe: %v", err)
		}
		return nil
	}
	defer events.Close()
	s.streams.Add(1)
	for n := 0; n != most; n++ {
		event, err := events.Next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				s.Errorf("events: %v", err)
			}
			return last
		}
		last = &event.Cursor
		s.events.Add(1)
	}
	return last
}

// held is what a daemon holds.
type held struct{ memory, heap, goroutines, files, processes, streams float64 }

func (h held) String() string {
	return fmt.Sprintf("%.1f MiB of memory, %.1f MiB of heap, %.0f goroutines, %.0f files, %.0f processes, %.0f streams",
		h.memory/(1<<20), h.heap/(1<<20), h.goroutines, h.files, h.processes, h.streams)
}

var metricLine = regexp.MustCompile(`(?m)^(\w+)(?:\{[^}]*\})? (\S+)$`)

// holds is what the daemon holds now. Of the files the tables of the store are not
// counted, of which there are as many as there is data.
func (s *soak) holds() held {
	s.Helper()
	sums := make(map[string]float64)
	for _, line := range metricLine.FindAllStringSubmatch(s.must(&slnet.GetMetricsMessage{}).(*slnet.MetricsResponse).Text, -1) {
		value, err := strconv.ParseFloat(line[2], 64)
		if err != nil {
			s.Fatal(err)
		}
		sums[line[1]] += value
	}
	return held{
		memory: sums["process_resident_memory_bytes"], heap: sums["go_memstats_heap_inuse_bytes"],
		goroutines: sums["go_goroutines"], files: sums["process_open_fds"] - sums["domovoi_store_level_tables"],
		processes: float64(len(childrenOf(s.T, s.v.cmd.Process.Pid))), streams: sums["domovoi_event_streams"],
	}
}

// sample looks at the daemon a hundred times in the time given, or until some of
// everything was done.
func (s *soak) sample(lasts time.Duration) (samples []held) {
	if lasts == 0 {
		for s.runs.Load() < 12 || s.journal.Acknowledged() < 50 || s.requests.Load() < 5 || s.streams.Load() < 3 || s.deploys.Load() < 1 {
			if s.Failed() {
				return nil
			}
			s.holds()
		}
		return nil
	}
	ticks := time.NewTicker(lasts / 100)
	defer ticks.Stop()
	for range 100 {
		<-ticks.C
		if s.Failed() {
			break
		}
		samples = append(samples, s.holds())
	}
	return samples
}

// ofProcess are the goroutines and files that the daemon has for each process that
// waits for a run: its connection, its pipes, who waits for its end.
const ofProcess = 20

// settled waits until the daemon holds what it held when it was idle: no more
// streams, the goroutines and files but for those of the processes that wait for
// runs, and no more of these than may.
func (s *soak) settled(idle held) held {
	s.Helper()
	for _, schedule := range s.must(&slnet.GetSchedulesMessage{}).(*slnet.SchedulesResponse).Schedules {
		s.must(&slnet.PauseScheduleMessage{ID: schedule.ID, Paused: true})
	}
	allEnded(s.T, s.c)
	deadline := time.Now().Add(time.Minute)
	for {
		now := s.holds()
		waiting := max(now.processes-idle.processes, 0) * ofProcess
		if now.streams <= idle.streams && now.goroutines <= idle.goroutines+waiting+15 && now.files <= idle.files+waiting && now.processes <= 5 {
			return now
		}
		if time.Now().After(deadline) {
			s.Errorf("idle %v, after the load %v", idle, now)
			return now
		}
	}
}

// wantFlat compares the second quarter of the samples with the last one.
func wantFlat(t *testing.T, samples []held) {
	t.Helper()
	if len(samples) < 100 {
		t.Fatalf("%d samples", len(samples))
	}
	for _, figure := range []struct {
		name        string
		of          func(h held) float64
		part, slack float64
	}{
		{"memory", func(h held) float64 { return h.memory }, 0.10, 8 << 20},
		{"heap", func(h held) float64 { return h.heap }, 0.10, 8 << 20},
		{"goroutines", func(h held) float64 { return h.goroutines }, 0.05, 10},
		{"files", func(h held) float64 { return h.files }, 0.05, 10},
		{"processes", func(h held) float64 { return h.processes }, 0, 2},
		{"streams", func(h held) float64 { return h.streams }, 0, 1},
	} {
		before, after := median(samples[25:50], figure.of), median(samples[75:], figure.of)
		t.Logf("%s: %.0f in the second quarter, %.0f in the last", figure.name, before, after)
		if after > before*(1+figure.part)+figure.slack {
			t.Errorf("%s grew from %.0f to %.0f", figure.name, before, after)
		}
	}
}

func median(samples []held, of func(h held) float64) float64 {
	var values []float64
	for _, h := range samples {
		values = append(values, of(h))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
