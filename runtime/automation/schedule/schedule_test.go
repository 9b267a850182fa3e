package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata"

	"github.com/google/uuid"

	"domovoi.dev/runtime/automation/schedule"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv/memkv"
)

var ann = security.Caller{User: "ann"}

// house is a store with schedules whose runs are records that end when a test
// says so.
type house struct {
	*schedule.Schedules
	t         *testing.T
	store     *storage.Store
	now       func() time.Time
	disabled  map[string]bool
	cancelled []uuid.UUID
}

// runs is where the runs of this test are, by schedule.
var runs = storage.NewTable[slnet.Run]("runs_of_the_test")

func open(t *testing.T, now func() time.Time) *house {
	t.Helper()
	h := &house{t: t, now: now, disabled: make(map[string]bool)}
	store, err := storage.Open(t.Context(), memkv.New(), now)
	if err != nil {
		t.Fatal(err)
	}
	h.store = store
	t.Cleanup(func() {
		if result, err := store.Check(context.Background()); err != nil || len(result.Problems) > 0 {
			t.Errorf("check: %v %v", result.Problems, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.restart()
	return h
}

// restart makes new schedules over the same store, as a new daemon would.
func (h *house) restart() {
	h.Schedules = schedule.New(schedule.Options{
		Store: h.store, Now: h.now,
		Check: func(_ context.Context, s *slnet.Schedule) error {
			if s.Script == "" {
				return slnet.Errorf(slnet.KindNotFound, "there is no script %q", s.Script)
			}
			return nil
		},
		ActAs: func(caller, owner security.Caller) (security.Caller, error) {
			if caller.User != owner.User {
				return owner, slnet.Errorf(slnet.KindPermissionDenied, "%s may not act as %s", caller.User, owner.User)
			}
			return owner, nil
		},
		Enabled: func(owner security.Caller) bool { return !h.disabled[owner.User] },
		Stage: func(tx *storage.Tx, start schedule.Start) (*slnet.Run, error) {
			if start.Schedule.Script == "gone" {
				return nil, slnet.Errorf(slnet.KindNotFound, "there is no script gone")
			}
			run := &slnet.Run{ID: uuid.New(), Script: start.Schedule.Script, QueuedAt: start.Occurrence, State: slnet.RunQueued, StartedBy: start.StartedBy}
			return run, runs.Put(tx, run, start.Schedule.ID.String(), start.Occurrence.Format(time.RFC3339Nano), run.ID.String())
		},
		Active: func(r *storage.Reader, id uuid.UUID) (active []uuid.UUID, err error) {
			err = runs.Scan(r, storage.Walk{Prefix: []string{id.String()}}, func(run *slnet.Run) (bool, error) {
				if run.State == slnet.RunQueued {
					active = append(active, run.ID)
				}
				return true, nil
			})
			return active, err
		},
		Cancel: func(run uuid.UUID, _ string) { h.cancelled = append(h.cancelled, run) },
		Logger: slog.New(slog.DiscardHandler),
	})
}

func (h *house) create(s slnet.Schedule) slnet.Schedule {
	h.t.Helper()
	if s.Script == "" {
		s.Script = "report"
	}
	response, err := h.Create(h.t.Context(), ann, &slnet.CreateScheduleMessage{Schedule: s})
	if err != nil {
		h.t.Fatal(err)
	}
	return response.Schedule
}

func (h *house) tick() {
	h.t.Helper()
	if err := h.Tick(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// started returns the occurrences of the runs that a schedule started, in order.
func (h *house) started(id uuid.UUID) []string {
	h.t.Helper()
	var list []string
	err := h.store.View(h.t.Context(), func(r *storage.Reader) error {
		return runs.Scan(r, storage.Walk{Prefix: []string{id.String()}}, func(run *slnet.Run) (bool, error) {
			list = append(list, run.QueuedAt.UTC().Format("01-02 15:04"))
			return true, nil
		})
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// end ends all runs of a schedule.
func (h *house) end(id uuid.UUID) {
	h.t.Helper()
	_, err := h.store.Update(h.t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		var list []*slnet.Run
		err := runs.Scan(&tx.Reader, storage.Walk{Prefix: []string{id.String()}}, func(run *slnet.Run) (bool, error) {
			list = append(list, run)
			return true, nil
		})
		for _, run := range list {
			run.State = slnet.RunSucceeded
			err = errors.Join(err, runs.Put(tx, run, id.String(), run.QueuedAt.Format(time.RFC3339Nano), run.ID.String()))
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) skipped(id uuid.UUID) []slnet.SkippedOccurrence {
	h.t.Helper()
	response, err := h.Skipped(h.t.Context(), &slnet.GetSkippedOccurrencesMessage{ScheduleID: id})
	if err != nil {
		h.t.Fatal(err)
	}
	return response.Skipped
}

func (h *house) want(id uuid.UUID, want ...string) {
	h.t.Helper()
	if got := h.started(id); !slices.Equal(got, want) {
		h.t.Errorf("started %v, want %v", got, want)
	}
}

// clock is a clock that a test sets.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }
func (c *clock) set(day, hour, minute int) {
	c.at = time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC)
}

// A year passes in the daemon's own loop: each occurrence starts one run, at the
// instant, through both changes of the clock.
func TestAYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, time.Now)
		began := time.Now()
		daily := h.create(slnet.Schedule{Name: "daily", Expression: "30 2 * * *", TimeZone: "Europe/Berlin", Overlap: slnet.OverlapAllow})
		hourly := h.create(slnet.Schedule{Name: "hourly", Expression: "@every 1h", Overlap: slnet.OverlapAllow})
		once := h.create(slnet.Schedule{Name: "once", Once: began.AddDate(0, 5, 0)})
		ends := h.create(slnet.Schedule{Name: "ends", Expression: "0 12 1 * *", End: began.AddDate(0, 3, 0), Overlap: slnet.OverlapAllow})
		h.Start()
		time.Sleep(365*24*time.Hour + time.Second)
		h.Stop()
		for id, want := range map[uuid.UUID]int{daily.ID: 365, hourly.ID: 365 * 24, once.ID: 1, ends.ID: 3} {
			if got := len(h.started(id)); got != want {
				t.Errorf("%d runs, want %d", got, want)
			}
		}
		response, err := h.Get(t.Context(), &slnet.GetScheduleMessage{Name: "ONCE"})
		if err != nil || !response.Schedule.Next.IsZero() || !response.Schedule.Last.Equal(began.AddDate(0, 5, 0)) {
			t.Errorf("%+v %v", response, err)
		}
		if skipped := h.skipped(daily.ID); len(skipped) > 0 {
			t.Errorf("skipped %+v", skipped)
		}
	})
}

// What was missed while no daemon ran, by policy.
func TestMisfires(t *testing.T) {
	hour := func(n int) time.Time { return time.Date(2026, 11, 21, n, 0, 0, 0, time.UTC) }
	now := time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)
	missed := []time.Time{hour(6), hour(7), hour(8), hour(9), hour(10)}
	for _, test := range []struct {
		mode     slnet.MisfireMode
		limit    int64
		deadline time.Duration
		current  bool
		start    string
		skipped  int64
	}{
		{"", 0, 0, false, "10", 4},
		{slnet.MisfireOnce, 0, 0, false, "10", 4},
		{slnet.MisfireOnce, 0, 0, true, "", 5},
		{slnet.MisfireOnce, 0, 45 * time.Minute, false, "10", 4},
		{slnet.MisfireOnce, 0, 15 * time.Minute, false, "", 5},
		{slnet.MisfireSkip, 0, 0, false, "", 5},
		{slnet.MisfireSkip, 0, 0, true, "", 5},
		{slnet.MisfireAll, 0, 0, false, "6 7 8 9 10", 0},
		{slnet.MisfireAll, 2, 0, false, "9 10", 3},
		{slnet.MisfireAll, 2, 0, true, "9 10", 3},
		{slnet.MisfireAll, 0, 2 * time.Hour, false, "9 10", 3},
		{slnet.MisfireAll, 1, 3 * time.Hour, false, "10", 4},
	} {
		policy := slnet.MisfirePolicy{Mode: test.mode, Limit: test.limit, Deadline: test.deadline}
		start, skipped := schedule.Choose(policy, missed, test.current, now)
		var hours []string
		for _, at := range start {
			hours = append(hours, fmt.Sprint(at.Hour()))
		}
		if got := strings.Join(hours, " "); got != test.start || skipped != test.skipped {
			t.Errorf("%+v, one due now %t: starts %q and skips %d, want %q and %d", policy, test.current, got, skipped, test.start, test.skipped)
		}
	}
}

// A daemon that comes back starts what its policies say, once, and says why not
// the rest.
func TestARestartAfterHours(t *testing.T) {
	c := new(clock)
	c.set(21, 0, 30)
	h := open(t, c.now)
	once := h.create(slnet.Schedule{Name: "a", Expression: "@hourly"})
	skip := h.create(slnet.Schedule{Name: "b", Expression: "@hourly", Misfire: slnet.MisfirePolicy{Mode: slnet.MisfireSkip}})
	all := h.create(slnet.Schedule{Name: "c", Expression: "@hourly", Overlap: slnet.OverlapAllow, Misfire: slnet.MisfirePolicy{Mode: slnet.MisfireAll, Limit: 2}})
	every := h.create(slnet.Schedule{Name: "d", Expression: "* * * * * *", Overlap: slnet.OverlapAllow, Misfire: slnet.MisfirePolicy{Mode: slnet.MisfireSkip}})
	h.tick()
	c.set(21, 5, 30)
	h.restart()
	h.tick()
	h.tick()
	h.want(once.ID, "11-21 05:00")
	h.want(skip.ID)
	h.want(all.ID, "11-21 04:00", "11-21 05:00")
	if got := h.skipped(skip.ID); len(got) != 1 || got[0].Count != 5 || got[0].Occurrence.Hour() != 1 || got[0].Until.Hour() != 5 || !strings.Contains(got[0].Reason, "missed") {
		t.Errorf("skipped %+v", got)
	}
	if got := len(h.started(every.ID)); got != 121 { // the last two minutes are not missed
		t.Errorf("%d runs each second", got)
	}
	c.set(21, 6, 0)
	h.tick()
	h.want(skip.ID, "11-21 06:00")
}

// A clock that is set forward has missed what lies between; one that is set back
// by hours is followed, by less it is waited for.
func TestAClockThatJumps(t *testing.T) {
	c := new(clock)
	c.set(21, 0, 30)
	h := open(t, c.now)
	s := h.create(slnet.Schedule{Name: "a", Expression: "@hourly", Overlap: slnet.OverlapAllow})
	c.set(21, 3, 30)
	h.tick()
	h.want(s.ID, "11-21 03:00")
	c.set(21, 2, 59)
	h.tick()
	c.set(21, 3, 0)
	h.tick()
	h.want(s.ID, "11-21 03:00")
	c.set(21, 4, 0)
	h.tick()
	h.want(s.ID, "11-21 03:00", "11-21 04:00")

	c.set(25, 4, 0) // somebody errs by days
	h.tick()
	h.restart()
	c.set(21, 4, 30)
	h.tick()
	c.set(21, 5, 0)
	h.tick()
	h.want(s.ID, "11-21 03:00", "11-21 04:00", "11-21 05:00", "11-25 04:00")
}

func TestOverlaps(t *testing.T) {
	c := new(clock)
	c.set(21, 0, 30)
	h := open(t, c.now)
	of := make(map[slnet.OverlapPolicy]slnet.Schedule)
	for _, policy := range []slnet.OverlapPolicy{slnet.OverlapSkip, slnet.OverlapAllow, slnet.OverlapQueue, slnet.OverlapReplace} {
		of[policy] = h.create(slnet.Schedule{Name: string(policy), Expression: "@hourly", Overlap: policy})
	}
	c.set(21, 1, 0)
	h.tick()
	c.set(21, 2, 0)
	h.tick()
	h.want(of[slnet.OverlapSkip].ID, "11-21 01:00")
	h.want(of[slnet.OverlapAllow].ID, "11-21 01:00", "11-21 02:00")
	h.want(of[slnet.OverlapQueue].ID, "11-21 01:00", "11-21 02:00")
	h.want(of[slnet.OverlapReplace].ID, "11-21 01:00", "11-21 02:00")
	if len(h.cancelled) != 1 {
		t.Errorf("cancelled %v", h.cancelled)
	}
	if got := h.skipped(of[slnet.OverlapSkip].ID); len(got) != 1 || !strings.Contains(got[0].Reason, "had not ended") {
		t.Errorf("skipped %+v", got)
	}
	h.end(of[slnet.OverlapSkip].ID)
	c.set(21, 3, 0)
	h.tick()
	h.want(of[slnet.OverlapSkip].ID, "11-21 01:00", "11-21 03:00")
}

// Why no run was started is recorded, and only the last hundred times.
func TestWhyNot(t *testing.T) {
	c := new(clock)
	c.set(1, 0, 30)
	h := open(t, c.now)
	orphan := h.create(slnet.Schedule{Name: "a", Expression: "@hourly", Script: "gone"})
	owned := h.create(slnet.Schedule{Name: "b", Expression: "@hourly", Overlap: slnet.OverlapAllow})
	h.disabled["ann"] = true
	for hour := 1; hour <= 110; hour++ {
		if hour == 2 {
			delete(h.disabled, "ann")
		}
		c.set(1, hour, 0)
		h.tick()
	}
	if got := h.skipped(owned.ID); len(got) != 1 || !strings.Contains(got[0].Reason, "ann is disabled") {
		t.Errorf("skipped %+v", got)
	}
	got := h.skipped(orphan.ID)
	if len(got) != 100 || !strings.Contains(got[0].Reason, "no script gone") || !got[0].Occurrence.Equal(c.at) {
		t.Errorf("%d skipped, the first is %+v", len(got), got[0])
	}
	if _, err := h.Delete(t.Context(), ann, &slnet.DeleteScheduleMessage{ID: orphan.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Skipped(t.Context(), &slnet.GetSkippedOccurrencesMessage{ScheduleID: orphan.ID}); !errors.Is(err, slnet.KindNotFound) {
		t.Error(err)
	}
}

func TestPauseUpdateAndRunNow(t *testing.T) {
	c := new(clock)
	c.set(21, 0, 30)
	h := open(t, c.now)
	s := h.create(slnet.Schedule{Name: "a", Expression: "@hourly", Overlap: slnet.OverlapAllow})
	pause := func(paused bool) slnet.Schedule {
		response, err := h.Pause(t.Context(), ann, &slnet.PauseScheduleMessage{ID: s.ID, Paused: paused})
		if err != nil {
			t.Fatal(err)
		}
		return response.Schedule
	}
	if got := pause(true); !got.Paused || !got.Next.IsZero() {
		t.Errorf("paused: %+v", got)
	}
	c.set(21, 5, 30)
	h.tick()
	h.want(s.ID)
	if got := pause(false); !got.Next.Equal(time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)) || got.Revision != 3 {
		t.Errorf("goes on: %+v", got)
	}
	changed := s
	changed.Name, changed.Expression = "A", "30 * * * *"
	if _, err := h.Update(t.Context(), ann, &slnet.UpdateScheduleMessage{Schedule: changed}); !errors.Is(err, slnet.KindConflict) {
		t.Errorf("an update of what was read before the pause: %v", err)
	}
	changed.Revision = 0
	if _, err := h.Update(t.Context(), ann, &slnet.UpdateScheduleMessage{Schedule: changed}); err != nil {
		t.Fatal(err)
	}
	c.set(21, 6, 0)
	h.tick()
	c.set(21, 6, 30)
	h.tick()
	h.want(s.ID, "11-21 06:30")
	if response, err := h.Run(t.Context(), ann, &slnet.RunScheduleMessage{ID: s.ID}); err != nil || response.Run.StartedBy != "ann" {
		t.Errorf("%+v %v", response, err)
	}
	if got := len(h.started(s.ID)); got != 2 {
		t.Errorf("%d runs", got)
	}
}

// Wrong schedules are refused with the field that is wrong.
func TestWrongSchedules(t *testing.T) {
	c := new(clock)
	c.set(21, 0, 30)
	h := open(t, c.now)
	h.create(slnet.Schedule{Name: "Taken", Expression: "@daily"})
	for want, s := range map[string]slnet.Schedule{
		"Name":                   {Name: " a", Expression: "@daily"},
		`"TAKEN" already`:        {Name: "TAKEN", Expression: "@daily"},
		"Expression is empty":    {Name: "a"},
		"both set":               {Name: "a", Expression: "@daily", Once: c.at.AddDate(1, 0, 0)},
		"has passed":             {Name: "a", Once: c.at.Add(-1)},
		"position 3: 25 is no":   {Name: "a", Expression: "0 25 * * *"},
		"TimeZone":               {Name: "a", Expression: "@daily", TimeZone: "Europe/Bonn"},
		"TimeZone \"Local\"":     {Name: "a", Expression: "@daily", TimeZone: "Local"},
		"End":                    {Name: "a", Expression: "@daily", Start: c.at, End: c.at.Add(-1)},
		"Jitter":                 {Name: "a", Expression: "@daily", Jitter: -1},
		"Misfire.Mode \"some\"":  {Name: "a", Expression: "@daily", Misfire: slnet.MisfirePolicy{Mode: "some"}},
		"Misfire.Limit":          {Name: "a", Expression: "@daily", Misfire: slnet.MisfirePolicy{Limit: 1001}},
		"Misfire.Deadline":       {Name: "a", Expression: "@daily", Misfire: slnet.MisfirePolicy{Deadline: -1}},
		"Overlap":                {Name: "a", Expression: "@daily", Overlap: "both"},
		"ann may not act as bob": {Name: "a", Expression: "@daily", Owner: "bob"},
	} {
		s.Script = "report"
		_, err := h.Create(t.Context(), ann, &slnet.CreateScheduleMessage{Schedule: s})
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "is \"some\"", "\"some\""), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	list, err := h.List(t.Context(), &slnet.GetSchedulesMessage{})
	if err != nil || len(list.Schedules) != 1 {
		t.Errorf("%+v %v", list, err)
	}
}

func TestPreview(t *testing.T) {
	c := new(clock)
	c.set(21, 0, 30)
	h := open(t, c.now)
	response, err := h.Preview(t.Context(), &slnet.PreviewScheduleMessage{
		Schedule: slnet.Schedule{Expression: "0 6 * * *", TimeZone: "Europe/Berlin", End: c.at.AddDate(0, 0, 3)}, Count: 5})
	if err != nil || len(response.Occurrences) != 3 || response.Occurrences[0].UTC().Hour() != 5 {
		t.Errorf("%+v %v", response, err)
	}
	if _, err := h.Preview(t.Context(), &slnet.PreviewScheduleMessage{Schedule: slnet.Schedule{Expression: "x"}}); !errors.Is(err, slnet.KindInvalid) {
		t.Error(err)
	}
}

// Jitter delays by less than it says, differs between schedules, and does not
// make an occurrence late.
func TestJitter(t *testing.T) {
	c := new(clock)
	c.set(21, 0, 30)
	h := open(t, c.now)
	var ids []uuid.UUID
	for i := range 20 {
		ids = append(ids, h.create(slnet.Schedule{Name: fmt.Sprint(i), Expression: "@hourly", Jitter: time.Hour, Misfire: slnet.MisfirePolicy{Mode: slnet.MisfireSkip}}).ID)
	}
	started := func() (n int) {
		for _, id := range ids {
			n += len(h.started(id))
		}
		return n
	}
	for minute := range 60 {
		c.set(21, 1, minute)
		h.tick()
		if minute == 30 && (started() == 0 || started() == 20) {
			t.Errorf("%d of 20 are started after half the jitter", started())
		}
	}
	c.set(21, 2, 0)
	h.tick()
	if started() < 20 {
		t.Errorf("%d of 20 are started after the jitter", started())
	}
}

// Starting what is due looks at nothing else, however many schedules there are.
func BenchmarkFire(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := new(clock)
			c.set(21, 0, 30)
			store, err := storage.Open(b.Context(), memkv.New(), c.now)
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			nothing := func(context.Context, *slnet.Schedule) error { return nil }
			s := schedule.New(schedule.Options{Store: store, Now: c.now, Check: nothing, Logger: slog.New(slog.DiscardHandler),
				ActAs: func(_, owner security.Caller) (security.Caller, error) { return owner, nil }, Enabled: func(security.Caller) bool { return true },
				Stage:  func(*storage.Tx, schedule.Start) (*slnet.Run, error) { return new(slnet.Run), nil },
				Active: func(*storage.Reader, uuid.UUID) ([]uuid.UUID, error) { return nil, nil }})
			for i := range n {
				expression := "0 0 1 1 *"
				if i == 0 {
					expression = "* * * * *"
				}
				if _, err := s.Create(b.Context(), ann, &slnet.CreateScheduleMessage{Schedule: slnet.Schedule{Name: fmt.Sprint(i), Script: "s", Expression: expression}}); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				c.at = c.at.Add(time.Minute)
				if err := s.Tick(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTick looks for what is due where nothing is: it costs the same however
// many schedules there are.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			store, err := storage.Open(b.Context(), memkv.New(), func() time.Time { return now })
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			s := schedule.New(schedule.Options{
				Store: store, Now: func() time.Time { return now },
				Check: func(context.Context, *slnet.Schedule) error { return nil },
				ActAs: func(_, owner security.Caller) (security.Caller, error) { return owner, nil },
			})
			for i := range n {
				m := &slnet.CreateScheduleMessage{Schedule: slnet.Schedule{Name: fmt.Sprint(i), Script: "s", Once: now.Add(time.Duration(i+1) * time.Hour)}}
				if _, err := s.Create(b.Context(), ann, m); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if err := s.Tick(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
