package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

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

func (b *bench) startsGroup(ctx context.Context, h *house) ([]*measure, error) {
	s := &starts{writes: writes{house: h}, schedules: b.instances / 10}
	_, err := slnet.Send1(ctx, h.user.SendSLNetMessages, &slnet.DeployScriptMessage{
		Name: "waits", Manifest: "concurrency: 1\ntimeout: 1s\n", Files: []slnet.ScriptFile{{Name: "script.go", Content: waits}},
	})
	if err != nil {
		return nil, err
	}
	var measures []*measure
	if b.wants("TRG") {
		if measures, err = s.triggers(ctx); err != nil {
			return nil, err
		}
	}
	if b.wants("SCH") {
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
func (s *starts) triggers(ctx context.Context) ([]*measure, error) {
	var modules []*module
	for _, id := range []string{"alone", "unwanted", "staged"} {
		m, err := newModule(ctx, s.user.SendSLNetMessages, id, 5, 24, 0)
		if err != nil {
			return nil, err
		}
		modules = append(modules, m)
	}
	unwanted, staged := modules[1], modules[2]
	never := dom.InstanceExposers.FieldValue(unwanted.fields[0]).Equal(strings.ToUpper(unwanted.texts[0]))
	for _, t := range []dom.Trigger{
		{Name: "unwanted", ModuleID: "unwanted", Filter: never},
		{Name: "staged", ModuleID: "staged"},
	} {
		t.Script, t.Events = "waits", []dom.TriggerEvent{dom.TriggerCreated}
		if _, err := slnet.Send1(ctx, s.user.SendSLNetMessages, &dom.CreateTriggerMessage{Trigger: t}); err != nil {
			return nil, err
		}
	}
	const counted = "router, DOM manager, commit, decoding the answer; not the execution of runs"
	const floor = "the same create in a module without triggers"
	const work = "create an instance of 5 fields, in process, synced, with a trigger "
	return []*measure{
		{id: "TRG not met", work: work + "whose filter it does not meet", counted: counted, floor: floor, bound: atMost(1.1), unit: latency,
			ours: creating(unwanted), bare: creating(modules[0])},
		{id: "TRG staged", work: work + "that stores a run for it", counted: counted, floor: floor, bound: atMost(2), unit: latency,
			ours: creating(staged), bare: creating(modules[0])},
		{id: "TRG not met time", work: processorTimeOf + work + "whose filter it does not meet", counted: counted, floor: floor, bound: atMost(1.1), unit: latency,
			ours: createTime(unwanted), bare: createTime(modules[0])},
		{id: "TRG staged time", work: processorTimeOf + work + "that stores a run for it", counted: counted, floor: floor, bound: atMost(2), unit: latency,
			ours: createTime(staged), bare: createTime(modules[0])},
	}, nil
}

// creating is the work of creating an instance of a module.
func creating(m *module) side {
	return latencyOf(5, func(ctx context.Context) error {
		_, err := m.create(ctx, m.helper)
		return err
	})
}

const processorTimeOf = "processor time to "

// createTime is the processor time of creating an instance of a module, which does
// not depend on what else the machine does, as latencies do.
func createTime(m *module) side {
	return func(ctx context.Context, _ time.Duration) (float64, error) {
		const creates = 1000 // clocks of processes tick every 10 ms
		before, err := processorTime()
		if err != nil {
			return 0, err
		}
		for range creates {
			if _, err := m.create(ctx, m.helper); err != nil {
				return 0, err
			}
		}
		after, err := processorTime()
		return (after - before).Seconds() / creates, err
	}
}

// ahead is how long before it is due a schedule is made.
const ahead = 200 * time.Millisecond

// due is how late a schedule starts its run where many others wait for their
// time.
func (s *starts) due(ctx context.Context) (*measure, error) {
	if err := s.addSchedules(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.events, err = s.user.Subscribe(ctx, slnet.Subscription{Events: []string{"RunChangedEventMessage"}}); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() error {
		s.events.Close()
		return nil
	})
	value := []byte(text(smallBytes))
	return &measure{
		id:      "SCH",
		work:    fmt.Sprintf("from when a schedule is due to the event that its run is queued, among %d other schedules", s.schedules),
		counted: "timer, reading what is due, commit of the run and of the schedule's next time, event",
		floor:   fmt.Sprintf("a timer of the same time and a Pebble Set of %d B, synced", smallBytes),
		bound:   atMostMore(5 * time.Millisecond),
		unit:    latency,
		ours:    s.late,
		bare: func(context.Context, time.Duration) (float64, error) {
			due := time.Now().Add(ahead)
			<-time.After(time.Until(due))
			err := s.set(value)
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
	_, err := slnet.Send1(ctx, s.user.SendSLNetMessages, &slnet.CreateScheduleMessage{Schedule: slnet.Schedule{
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
