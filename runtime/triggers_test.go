package runtime_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// toucher changes the text of the instance it is started for, so that whatever
// listens is started again.
const toucher = `package main

import (
	"context"
	"fmt"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

func OnDomInstanceCrud(ctx context.Context, engine *sdk.Engine, id dom.InstanceReference, _ dom.CrudType) error {
	helper := engine.DomHelper(id.ModuleID)
	list, err := helper.DomInstances.Read(ctx, dom.InstanceExposers.ID.Equal(id.ID))
	if err != nil || len(list) != 1 {
		return fmt.Errorf("read %d, %v", len(list), err)
	}
	for _, s := range list[0].Sections {
		s.AddOrReplaceFieldValue(s.FieldValues[0].FieldDescriptorID, engine.Run().ID.String())
	}
	_, err = helper.DomInstances.Update(ctx, list[0])
	return err
}
`

// teller tells what it was started with.
var teller = strings.ReplaceAll(`package main

import (
	"context"

	"domovoi.dev/sdk"
)

type Params struct {
	Job   string
	Event string 'required:"true"'
	Times int
}

func Run(ctx context.Context, engine *sdk.Engine, p Params) (Params, error) { return p, nil }
`, "'", "`")

// observedModule is a module with instances that have a text.
type observedModule struct {
	*dom.DomHelper
	definition *dom.Definition
	section    *dom.SectionDefinition
	text       *dom.FieldDescriptor
}

func newObservedModule(t *testing.T, conn slnet.Connection, moduleID string) *observedModule {
	t.Helper()
	w := &observedModule{DomHelper: dom.NewDomHelper(conn.SendSLNetMessages, moduleID), text: dom.NewFieldDescriptor("Text", dom.TypeString)}
	w.section = dom.NewSectionDefinition("Info", w.text)
	w.definition = dom.NewDefinition("Job", dom.SectionDefinitionLink{SectionDefinitionID: w.section.ID})
	_, err1 := dom.NewModuleSettingsHelper(conn.SendSLNetMessages).ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: moduleID})
	_, err2 := w.SectionDefinitions.Create(t.Context(), w.section)
	_, err3 := w.DomDefinitions.Create(t.Context(), w.definition)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *observedModule) create(t *testing.T, text string) *dom.Instance {
	t.Helper()
	i := dom.NewInstance(w.definition.ID)
	i.AddOrUpdateFieldValue(w.section.ID, w.text.ID, text)
	created, err := w.DomInstances.Create(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// trigger creates a trigger that must be accepted.
func (w *observedModule) trigger(t *testing.T, conn slnet.Connection, name, script string, change func(*dom.Trigger)) dom.Trigger {
	t.Helper()
	given := dom.Trigger{Name: name, ModuleID: w.ModuleID, Script: script, Events: []dom.TriggerEvent{dom.TriggerCreated, dom.TriggerUpdated}}
	change(&given)
	return daemontest.Send[*dom.TriggerResponse](t, conn, &dom.CreateTriggerMessage{Trigger: given}).Trigger
}

// runsOf returns the runs of a trigger, in order, when all have ended that there
// are, also those that they start.
func runsOf(t *testing.T, conn slnet.Connection, trigger uuid.UUID) []slnet.Run {
	t.Helper()
	for {
		list := daemontest.Send[*slnet.RunsResponse](t, conn, &slnet.GetRunsMessage{Filter: slnet.RunFilter{TriggerID: trigger}, Limit: 1000}).Runs
		open := slices.IndexFunc(list, func(run slnet.Run) bool { return !run.State.Ended() })
		if open < 0 {
			slices.Reverse(list)
			return list
		}
		daemontest.Send[*slnet.RunResponse](t, conn, &slnet.GetRunMessage{ID: list[open].ID, Wait: true})
	}
}

func show(t *testing.T, conn slnet.Connection, id uuid.UUID) *dom.TriggerResponse {
	t.Helper()
	return daemontest.Send[*dom.TriggerResponse](t, conn, &dom.GetTriggerMessage{ID: id})
}

func TestTriggers(t *testing.T) {
	d := daemontest.StartWith(t, func(o *runtime.Options) { o.MaxDepth = 4 })
	conn := d.Administrator()
	daemontest.Deploy(t, conn, "toucher", toucher)
	daemontest.Deploy(t, conn, "teller", teller)

	t.Run("parameters are filled from the change", func(t *testing.T) {
		w := newObservedModule(t, conn, "filled")
		bad := func(values map[string]dom.TriggerValue, parameters map[string]string, want string) {
			t.Helper()
			_, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, &dom.CreateTriggerMessage{Trigger: dom.Trigger{
				Name: "bad", ModuleID: "filled", Script: "teller", EntryPoint: "Run", Events: []dom.TriggerEvent{dom.TriggerCreated}, Values: values, Parameters: parameters,
			}})
			if !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error that says %q", err, want)
			}
		}
		times := map[string]string{"Times": "3"}
		bad(map[string]dom.TriggerValue{"Job": dom.TriggerInstanceID}, times, "Event: is required")
		bad(map[string]dom.TriggerValue{"Job": dom.TriggerInstanceID, "Event": dom.TriggerCrudType, "Times": dom.TriggerName}, nil, "Times: cannot be filled with the Name")
		bad(map[string]dom.TriggerValue{"Job": dom.TriggerInstanceID, "Event": dom.TriggerCrudType, "Else": dom.TriggerName}, times, "Else: is no parameter")
		trigger := w.trigger(t, conn, "filled", "teller", func(given *dom.Trigger) {
			given.EntryPoint, given.Parameters = "Run", times
			given.Values = map[string]dom.TriggerValue{"job": dom.TriggerInstanceID, "Event": dom.TriggerCrudType}
		})
		i := w.create(t, "x")
		runs := runsOf(t, conn, trigger.ID)
		want := fmt.Sprintf(`{"Event":"Create","Job":"%s","Times":3}`, i.ID)
		if len(runs) != 1 {
			t.Fatalf("runs %+v, want one", runs)
		}
		runs[0] = daemontest.Send[*slnet.RunResponse](t, conn, &slnet.GetRunMessage{ID: runs[0].ID}).Run // with its input
		if string(runs[0].Input) != want || runs[0].StartedBy != "trigger filled" || runs[0].Trigger.InstanceID != uuid.UUID(i.ID) {
			t.Errorf("runs %+v, want one with the input %s", runs, want)
		}
	})
	t.Run("unknown scripts and entry points are refused", func(t *testing.T) {
		newObservedModule(t, conn, "refused")
		for script, want := range map[string]string{"nothing": `there is no script "nothing"`, "teller": `has no entry point "OnDomInstanceCrud"; it has Run`} {
			_, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, &dom.CreateTriggerMessage{Trigger: dom.Trigger{
				Name: "bad", ModuleID: "refused", Script: script, Events: []dom.TriggerEvent{dom.TriggerCreated},
			}})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", script, err, want)
			}
		}
	})
	t.Run("two scripts that start each other end at the depth limit", func(t *testing.T) {
		w := newObservedModule(t, conn, "loop")
		on := func(event dom.TriggerEvent) func(*dom.Trigger) {
			return func(given *dom.Trigger) { given.Events = []dom.TriggerEvent{event} }
		}
		first := w.trigger(t, conn, "ping", "toucher", on(dom.TriggerCreated))
		second := w.trigger(t, conn, "pong", "toucher", on(dom.TriggerUpdated))
		i := w.create(t, "x")
		other := w.create(t, "y") // others are served meanwhile
		if n := len(runsOf(t, conn, first.ID)); n != 2 {
			t.Errorf("%d runs of the first, want one for each instance", n)
		}
		runs := runsOf(t, conn, second.ID)
		for _, of := range []*dom.Instance{i, other} {
			depth := 0
			for _, run := range runs {
				if run.Trigger.InstanceID == uuid.UUID(of.ID) {
					depth = max(depth, len(run.Parents))
				}
				if run.State != slnet.RunSucceeded {
					t.Errorf("run %s: %s, %+v", run.ID, run.State, run.Errors)
				}
			}
			// The chain of whichever came first ended by itself, the other perhaps
			// because the trigger was paused.
			if depth == 0 || depth > 4 {
				t.Errorf("a chain of %d runs, at most 4 are allowed", depth)
			}
		}
		skipped := daemontest.Send[*dom.SkippedTriggersResponse](t, conn, &dom.GetSkippedTriggersMessage{TriggerID: second.ID}).Skipped
		if !slices.ContainsFunc(skipped, func(s dom.SkippedTrigger) bool {
			return strings.Contains(s.Reason, "a chain of too many runs") && s.RunID != uuid.Nil
		}) {
			t.Errorf("it says %+v", skipped)
		}
	})
	t.Run("runs for an instance are in order where that is asked", func(t *testing.T) {
		w := newObservedModule(t, conn, "ordered")
		trigger := w.trigger(t, conn, "ordered", "teller", func(given *dom.Trigger) {
			given.EntryPoint, given.Parameters, given.InOrder = "Run", map[string]string{"Times": "1"}, true
			given.Values = map[string]dom.TriggerValue{"Job": dom.TriggerName, "Event": dom.TriggerCrudType}
		})
		i := w.create(t, "0")
		for n := range 4 {
			i.AddOrUpdateFieldValue(w.section.ID, w.text.ID, fmt.Sprint(n+1))
			if _, err := w.DomInstances.Update(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		runs := runsOf(t, conn, trigger.ID)
		if len(runs) != 5 {
			t.Fatalf("%d runs, want one for each change", len(runs))
		}
		for n := range runs[1:] {
			if runs[n+1].StartedAt.Before(runs[n].EndedAt) {
				t.Errorf("run %d began before the one before it had ended", n+1)
			}
		}
	})
	t.Run("the rights are those of the owner", func(t *testing.T) {
		w := newObservedModule(t, conn, "owned")
		d.User("planner", slnet.PermissionAutomationTriggers)
		token := daemontest.Send[*slnet.CreateTokenResponse](t, conn, &slnet.CreateTokenMessage{User: "planner"}).Secret
		planner := d.As(token)
		_, err := slnet.Send1(t.Context(), planner.SendSLNetMessages, &dom.CreateTriggerMessage{Trigger: dom.Trigger{
			Name: "as somebody else", ModuleID: "owned", Script: "toucher", Events: []dom.TriggerEvent{dom.TriggerCreated}, Owner: "Administrator",
		}})
		if !errors.Is(err, slnet.KindPermissionDenied) {
			t.Errorf("a trigger with the rights of somebody else: %v", err)
		}
		trigger := w.trigger(t, planner, "owned", "teller", func(given *dom.Trigger) {
			given.EntryPoint, given.Parameters = "Run", map[string]string{"Times": "1", "Job": "j", "Event": "e"}
		})
		w.create(t, "x")
		if runs := runsOf(t, conn, trigger.ID); len(runs) != 1 || runs[0].RunsAs != "planner" {
			t.Errorf("runs %+v", runs)
		}
		disabled := true
		daemontest.Send[*slnet.UserResponse](t, conn, &slnet.UpdateUserMessage{Name: "planner", Disabled: &disabled})
		w.create(t, "y")
		skipped := daemontest.Send[*dom.SkippedTriggersResponse](t, conn, &dom.GetSkippedTriggersMessage{TriggerID: trigger.ID}).Skipped
		if len(runsOf(t, conn, trigger.ID)) != 1 || len(skipped) != 1 || !strings.Contains(skipped[0].Reason, "planner is disabled") {
			t.Errorf("with a disabled owner it says %+v", skipped)
		}
	})
	t.Run("a script that a trigger starts is referred to, also by its new name", func(t *testing.T) {
		w := newObservedModule(t, conn, "renamed")
		daemontest.Deploy(t, conn, "before", toucher)
		trigger := w.trigger(t, conn, "renamed", "before", func(given *dom.Trigger) { given.Events = []dom.TriggerEvent{dom.TriggerDeleted} })
		references := daemontest.Send[*slnet.ScriptReferencesResponse](t, conn, &slnet.GetScriptReferencesMessage{Name: "before"}).References
		if len(references) != 1 || references[0].Kind != slnet.ReferenceTrigger || references[0].Name != "renamed" {
			t.Errorf("references %+v", references)
		}
		daemontest.Send[*slnet.ScriptResponse](t, conn, &slnet.UpdateScriptMessage{Name: "before", NewName: "after"})
		if got := show(t, conn, trigger.ID).Trigger.Script; got != "after" {
			t.Errorf("the trigger starts %q", got)
		}
	})
	t.Run("a dry run starts nothing", func(t *testing.T) {
		w := newObservedModule(t, conn, "dry")
		trigger := w.trigger(t, conn, "dry", "toucher", func(*dom.Trigger) {})
		inDry, end := d.InDryRun(d.Token())
		dry := *w
		dry.DomHelper = dom.NewDomHelper(inDry.SendSLNetMessages, "dry")
		dry.create(t, "x")
		end()
		if runs := runsOf(t, conn, trigger.ID); len(runs) != 0 {
			t.Errorf("runs %+v", runs)
		}
	})
}
