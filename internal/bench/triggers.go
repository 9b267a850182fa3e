package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"domovoi.dev/internal/measure"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// waits is a script of which one run executes at a time, and takes a second: what
// triggers start waits, and takes nothing from the turns.
const waits = `package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

func Run(ctx context.Context, engine *sdk.Engine) error { return nil }

func OnDomInstanceCrud(ctx context.Context, engine *sdk.Engine, _ dom.InstanceReference, _ dom.CrudType) error {
	<-ctx.Done()
	return ctx.Err()
}
`

// starts is the group of what starts runs by itself: triggers and schedules.
type starts struct {
	writes
	schedules int
	events    *slnet.EventStream
	rounds    int
}

func (b *bench) startsGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	s := &starts{writes: writes{House: h}, schedules: b.Instances / 10}
	_, err := slnet.Send1(ctx, h.User.SendSLNetMessages, &slnet.DeployScriptMessage{
		Name: "waits", Manifest: "concurrency: 1\ntimeout: 1s\n", Files: []slnet.ScriptFile{{Name: "script.go", Content: waits}},
	})
	if err != nil {
		return nil, err
	}
	var measures []*measure.Measure
	if b.Wants("TRG") {
		if measures, err = s.triggers(ctx); err != nil {
			return nil, err
		}
	}
	if b.Wants("SCH") {
		due, err := s.due(ctx)
		if err != nil {
			return nil, err
		}
		measures = append(measures, due)
	}
	return measures, nil
}

// triggers are creates in a module without triggers, in one whose trigger does
// not want them, and in one whose trigger starts a run for each.
func (s *starts) triggers(ctx context.Context) ([]*measure.Measure, error) {
	var modules []*module
	for _, id := range []string{"alone", "unwanted", "staged"} {
		m, err := newModule(ctx, s.User.SendSLNetMessages, id, 5, 24, 0)
		if err != nil {
			return nil, err
		}
		modules = append(modules, m)
	}
	unwanted, staged := modules[1], modules[2]
	never := dom.InstanceExposers.FieldValue(unwanted.fields[0]).Equal("a text that no instance has")
	for _, t := range []dom.Trigger{
		{Name: "unwanted", ModuleID: "unwanted", Filter: never},
		{Name: "staged", ModuleID: "staged"},
	} {
		t.Script, t.Events = "waits", []dom.TriggerEvent{dom.TriggerCreated}
		if _, err := slnet.Send1(ctx, s.User.SendSLNetMessages, &dom.CreateTriggerMessage{Trigger: t}); err != nil {
			return nil, err
		}
	}
	const counted = "router, DOM manager, commit, decoding the answer; not the execution of runs"
	const floor = "the same create in a module without triggers"
	const work = "create an instance of 5 fields, in process, synced, with a trigger "
	return []*measure.Measure{
		{ID: "TRG not met", Work: work + "whose filter it does not meet", Counted: counted, Floor: floor, Bound: measure.AtMost(1.1), Unit: measure.Latency,
			Ours: creating(unwanted), Bare: creating(modules[0])},
		{ID: "TRG staged", Work: work + "that stores a run for it", Counted: counted, Floor: floor, Bound: measure.AtMost(2), Unit: measure.Latency,
			Ours: creating(staged), Bare: creating(modules[0])},
		{ID: "TRG not met time", Work: processorTimeOf + work + "whose filter it does not meet", Counted: counted, Floor: floor, Bound: measure.AtMost(1.1), Unit: measure.Latency,
			Ours: createTime(unwanted), Bare: createTime(modules[0])},
		{ID: "TRG staged time", Work: processorTimeOf + work + "that stores a run for it", Counted: counted, Floor: floor, Bound: measure.AtMost(2), Unit: measure.Latency,
			Ours: createTime(staged), Bare: createTime(modules[0])},
	}, nil
}

// creating is the work of creating an instance of a module.
func creating(m *module) measure.Side {
	return measure.LatencyOf(5, func(ctx context.Context) error {
		_, err := m.create(ctx, m.helper)
		return err
	})
}

const processorTimeOf = "processor time to "

// createTime is the processor time of creating an instance of a module, which
// depends less on what else the machine does than latencies do.
func createTime(m *module) measure.Side {
	return func(ctx context.Context, _ time.Duration) (float64, error) {
		const creates = 1000 // clocks of processes tick every 10 ms
		before, err := measure.ProcessorTime()
		if err != nil {
			return 0, err
		}
		for range creates {
			if _, err := m.create(ctx, m.helper); err != nil {
				return 0, err
			}
		}
		after, err := measure.ProcessorTime()
		return (after - before).Seconds() / creates, err
	}
}

// ahead is how long before it is due a schedule is made.
const ahead = 200 * time.Millisecond

// due is how late a schedule starts its run where many others wait for their
// time.
func (s *starts) due(ctx context.Context) (*measure.Measure, error) {
	if err := s.addSchedules(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.events, err = s.User.Subscribe(ctx, slnet.Subscription{Events: []string{"RunChangedEventMessage"}}); err != nil {
		return nil, err
	}
	s.Closers = append(s.Closers, func() error {
		s.events.Close()
		return nil
	})
	value := []byte(text(smallBytes))
	return &measure.Measure{
		ID:      "SCH",
		Work:    fmt.Sprintf("from when a schedule is due to the event that its run is queued, among %d other schedules", s.schedules),
		Counted: "timer, reading what is due, commit of the run and of the schedule's next time, event",
		Floor:   fmt.Sprintf("a timer of the same time and a Pebble Set of %d B, synced", smallBytes),
		Bound:   measure.AtMostMore(5 * time.Millisecond),
		Unit:    measure.Latency,
		Ours:    s.late,
		Bare: func(context.Context, time.Duration) (float64, error) {
			due := time.Now().Add(ahead)
			<-time.After(time.Until(due))
			err := s.Set(value)
			return time.Since(due).Seconds(), err
		},
	}, nil
}

// addSchedules adds schedules that are due in a year, at some second each.
func (s *starts) addSchedules(ctx context.Context) error {
	const parallel = 32
	next := time.Now().AddDate(1, 0, 0).Truncate(time.Second)
	errs := make(chan error, parallel)
	var adding sync.WaitGroup
	for worker := range parallel {
		adding.Go(func() {
			for n := worker; n < s.schedules; n += parallel {
				if err := s.addSchedule(ctx, fmt.Sprint("other ", n), next.Add(time.Duration(n)*time.Second)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	adding.Wait()
	close(errs)
	return <-errs
}

func (s *starts) addSchedule(ctx context.Context, name string, once time.Time) error {
	_, err := slnet.Send1(ctx, s.User.SendSLNetMessages, &slnet.CreateScheduleMessage{Schedule: slnet.Schedule{
		Name: name, Script: "waits", Once: once,
	}})
	return err
}

// late makes a schedule, and returns by how much its run comes after it is due.
func (s *starts) late(ctx context.Context, _ time.Duration) (float64, error) {
	s.rounds++
	name, due := fmt.Sprint("due ", s.rounds), time.Now().Add(ahead).Truncate(time.Millisecond)
	if err := s.addSchedule(ctx, name, due); err != nil {
		return 0, err
	}
	for {
		event, err := s.events.Next(ctx)
		if err != nil {
			return 0, err
		}
		if run := event.Message.(*slnet.RunChangedEventMessage).Run; run.Trigger.Name == name && run.State == slnet.RunQueued {
			return time.Since(due).Seconds(), nil
		}
	}
}
