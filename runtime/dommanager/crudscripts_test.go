package dommanager_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// observer is a script that puts what it is started with into its output, and
// changes an instance that says so.
const observer = `package main

import (
	"context"
	"fmt"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

func OnDomInstanceCrud(ctx context.Context, engine *sdk.Engine, id dom.InstanceReference, crudType dom.CrudType) error {
	engine.AddOrUpdateScriptOutput("got", fmt.Sprint(crudType, " ", id.ID, " of ", id.ModuleID))
	engine.AddOrUpdateScriptOutput("user", engine.User())
	engine.AddOrUpdateScriptOutput("by", engine.TriggeredBy())
	if crudType == dom.CrudDelete {
		return nil
	}
	helper := engine.DomHelper(id.ModuleID)
	list, err := helper.DomInstances.Read(ctx, dom.InstanceExposers.ID.Equal(id.ID))
	if err != nil || len(list) != 1 {
		return fmt.Errorf("read %d, %v", len(list), err)
	}
	instance := list[0]
	for _, s := range instance.Sections {
		for _, v := range s.FieldValues {
			text := v.Value.Text()
			if text == "count" {
				s.AddOrReplaceFieldValue(v.FieldDescriptorID, "counted")
				_, err := helper.DomInstances.Update(ctx, instance)
				return err
			}
			if text == "fail" {
				return engine.ExitFail("asked to")
			}
		}
	}
	return nil
}

func OnDomInstanceCrudWithFullMeta(ctx context.Context, engine *sdk.Engine, meta dom.InstanceCrudMeta) error {
	previous := "none"
	if meta.PreviousVersion != nil {
		previous = meta.PreviousVersion.Name
	}
	engine.AddOrUpdateScriptOutput("got", fmt.Sprint(meta.CrudType, " ", previous, " to ", meta.CurrentVersion.Name))
	text := ""
	for _, d := range meta.GetDifferences().FieldValues.Get() {
		text += fmt.Sprint(d.Type, " ", d.ValueBefore, "->", d.ValueAfter, ";")
	}
	engine.AddOrUpdateScriptOutput("differences", text)
	return nil
}
`

// runsFor returns the runs that changes of an instance started by settings, in
// order, when they have ended.
func runsFor(t testing.TB, conn slnet.Connection, id dom.InstanceID) []slnet.Run {
	t.Helper()
	list := daemontest.Send[*slnet.RunsResponse](t, conn, &slnet.GetRunsMessage{Filter: slnet.RunFilter{TriggerID: uuid.UUID(id)}}).Runs
	slices.Reverse(list)
	for i := range list {
		list[i] = daemontest.Send[*slnet.RunResponse](t, conn, &slnet.GetRunMessage{ID: list[i].ID, Wait: true}).Run
	}
	return list
}

// wantRuns expects the runs that an instance's changes started, by what they put
// into their output.
func wantRuns(t testing.TB, conn slnet.Connection, id dom.InstanceID, want ...string) []slnet.Run {
	t.Helper()
	runs := runsFor(t, conn, id)
	got := make([]string, len(runs))
	for i, run := range runs {
		got[i] = run.Output["got"]
		if run.State != slnet.RunSucceeded {
			got[i] = string(run.State) + ": " + fmt.Sprint(run.Errors)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("runs:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return runs
}

// wantSkipped expects why the scripts of a module's settings started no run.
func wantSkipped(t testing.TB, conn slnet.Connection, moduleID, text string) dom.SkippedTrigger {
	t.Helper()
	skipped := daemontest.Send[*dom.SkippedTriggersResponse](t, conn, &dom.GetSkippedTriggersMessage{ModuleID: moduleID}).Skipped
	i := slices.IndexFunc(skipped, func(s dom.SkippedTrigger) bool { return strings.Contains(s.Reason, text) })
	if i < 0 {
		t.Fatalf("nothing says %q of module %s: %+v", text, moduleID, skipped)
	}
	return skipped[i]
}

// jobs is a module whose settings name scripts, with instances that have a text, by
// which they are named, and a word.
func jobs(t testing.TB, conn slnet.Connection, scripts dom.ScriptSettings) *life {
	t.Helper()
	moduleID := newModule(t, conn)
	l := newLife(t, conn, dom.NewDomHelper(conn.SendSLNetMessages, moduleID), func(l *life) {
		for _, status := range []string{"draft", "active"} {
			l.in(status, l.section, editable(l.text), editable(l.word))
		}
	})
	changeSettings(t, conn, moduleID, func(s *dom.DomManagerSettings) {
		s.DomInstanceNameDefinition = &dom.NameDefinition{ConcatenationItems: []dom.NameItem{dom.NameField(l.text.ID)}}
		s.ScriptSettings = scripts
	})
	l.definition.ModuleID = moduleID
	return l
}

// all are settings that name a script for everything.
func all(script string) dom.ScriptSettings {
	return dom.ScriptSettings{OnCreate: script, OnUpdate: script, OnDelete: script}
}

func TestCrudScripts(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		daemontest.Deploy(t, d.Administrator(), "observer", observer)
		l := jobs(t, conn, all("observer"))
		i := l.create(t, l.text, "one")
		got := "%s " + i.ID.String() + " of " + i.ModuleID
		i.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "two")
		l.update(t, i)
		if err := l.DomInstances.Delete(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		runs := runsFor(t, conn, i.ID)
		if len(runs) != 3 {
			t.Fatalf("%d runs, want one for each change", len(runs))
		}
		for n, crud := range []string{"Create", "Update", "Delete"} {
			run := runs[n]
			setting := "On" + crud + " of module " + i.ModuleID
			if run.EntryPoint != slnet.EntryPointOnDomInstanceCrud || run.Trigger.Kind != slnet.TriggerChange || run.Trigger.Name != setting ||
				run.Trigger.ModuleID != i.ModuleID || run.Trigger.InstanceID != uuid.UUID(i.ID) || run.RunsAs != "Administrator" {
				t.Errorf("the run of %s says %+v of what started it", crud, run)
			}
			if run.State == slnet.RunSucceeded && (run.Output["got"] != fmt.Sprintf(got, crud) || run.Output["by"] != "change "+setting) {
				t.Errorf("%s: the script got %q, started by %q", crud, run.Output["got"], run.Output["by"])
			}
		}
		// Both were about to run when the instance was gone.
		if runs[2].State != slnet.RunSucceeded {
			t.Errorf("the script for the deletion: %+v", runs[2].Errors)
		}
	})
}

func TestCrudScriptRows(t *testing.T) {
	d := daemontest.Start(t)
	conn := d.Administrator()
	daemontest.Deploy(t, conn, "observer", observer)
	meta := func(t *testing.T) *life {
		s := all("observer")
		s.ScriptType = dom.ScriptFullCrudMeta
		return jobs(t, conn, s)
	}
	condition := func(t *testing.T, conditions ...dom.UpdateTriggerCondition) *life {
		l := jobs(t, conn, dom.ScriptSettings{})
		for i := range conditions {
			if conditions[i].StatusID == "" {
				conditions[i].FieldDescriptorID = l.text.ID
			}
		}
		changeSettings(t, conn, l.definition.ModuleID, func(s *dom.DomManagerSettings) {
			s.ScriptSettings = dom.ScriptSettings{OnUpdate: "observer", ScriptType: dom.ScriptFullCrudMeta, OnUpdateTriggerConditions: conditions}
		})
		return l
	}

	t.Run("TRG-02 TRG-03 TRG-04", func(t *testing.T) {
		l := meta(t)
		i := l.create(t, l.text, "one")
		i.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "two")
		i.AddOrUpdateFieldValue(l.section.ID, l.word.ID, "word")
		l.update(t, i)
		if err := l.DomInstances.Delete(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		runs := wantRuns(t, conn, i.ID, "Create none to one", "Update one to two", "Delete none to two")
		for n, want := range []string{"Create ->one;", "Update one->two;Create ->word;", "Delete two->;Delete word->;"} {
			if got := runs[n].Output["differences"]; got != want {
				t.Errorf("differences %q, want %q", got, want)
			}
		}
	})
	t.Run("TRG-05 TRG-06", func(t *testing.T) {
		l := condition(t, dom.UpdateTriggerCondition{})
		i := l.create(t, l.word, "a")
		i.AddOrUpdateFieldValue(l.section.ID, l.word.ID, "b")
		i = l.update(t, i) // another field: no run
		i.Sections = nil
		i.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "x")
		i = l.update(t, i) // in a new section
		i.Sections = nil
		l.update(t, i) // removed with its section
		wantRuns(t, conn, i.ID, "Update  to x", "Update x to ")
	})
	t.Run("TRG-07", func(t *testing.T) {
		l := meta(t)
		i := l.create(t, l.text, "one")
		l.move(t, i, "draft_to_active")
		wantRuns(t, conn, i.ID, "Create none to one", "Update one to one")
	})
	t.Run("a transition does not start a script with conditions on fields, one on the status does", func(t *testing.T) {
		l := condition(t, dom.UpdateTriggerCondition{}, dom.UpdateTriggerCondition{StatusID: "draft"})
		i := l.create(t, l.text, "one")
		l.move(t, i, "draft_to_active")
		l.move(t, i, "active_to_draft")
		wantRuns(t, conn, i.ID, "Update one to one")
	})
	t.Run("a condition names a field or a status", func(t *testing.T) {
		l := condition(t)
		for _, bad := range []dom.UpdateTriggerCondition{{}, {FieldDescriptorID: l.text.ID, StatusID: "draft"}} {
			l.definition.ModuleSettingsOverrides.ScriptSettings = &dom.ScriptSettings{OnUpdateTriggerConditions: []dom.UpdateTriggerCondition{bad}}
			_, err := l.DomDefinitions.Update(t.Context(), l.definition)
			wantReason(t, err, dom.DefinitionError, dom.ErrInvalidDomManagerSettings)
		}
	})
	t.Run("TRG-09", func(t *testing.T) {
		l := meta(t)
		l.definition.ModuleSettingsOverrides.ScriptSettings = &dom.ScriptSettings{OnCreate: "observer"}
		if _, err := l.DomDefinitions.Update(t.Context(), l.definition); err != nil {
			t.Fatal(err)
		}
		i := l.create(t, l.text, "one")
		l.update(t, i)
		wantRuns(t, conn, i.ID, "Create "+i.ID.String()+" of "+i.ModuleID)
	})
	t.Run("TRG-10", func(t *testing.T) {
		l := jobs(t, conn, dom.ScriptSettings{OnCreate: "missing", OnUpdate: "observer"})
		i := l.create(t, l.text, "one")
		skipped := wantSkipped(t, conn, i.ModuleID, `there is no script "missing"`)
		if skipped.InstanceID != i.ID || skipped.CrudType != dom.CrudCreate || skipped.Count != 1 || skipped.Script != "missing" {
			t.Errorf("it says %+v", skipped)
		}
		i.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "fail")
		l.update(t, i)
		if runs := runsFor(t, conn, i.ID); len(runs) != 1 || runs[0].State != slnet.RunFailed || runs[0].ExitReason != "asked to" {
			t.Errorf("the failing script: %+v", runs)
		}
		if got := readInstance(t, l.DomHelper, i.ID); got.Name != "fail" {
			t.Errorf("the instance is %q", got.Name)
		}
	})
	t.Run("TRG-11 TRG-12", func(t *testing.T) {
		before := daemontest.Send[*slnet.InformationEventsResponse](t, conn, &slnet.GetInformationEventsMessage{})
		l := jobs(t, conn, all("observer"))
		i := l.create(t, l.text, "count")
		runs := runsFor(t, conn, i.ID)
		if len(runs) == 1 { // the second was started by the first
			runs = runsFor(t, conn, i.ID)
		}
		if len(runs) != 2 || runs[1].State != slnet.RunSucceeded || !slices.Equal(runs[1].Parents, []uuid.UUID{runs[0].ID}) {
			t.Errorf("want a run, and one below it for what that wrote: %+v", runs)
		}
		if got := readInstance(t, l.DomHelper, i.ID); got.Name != "counted" {
			t.Errorf("the instance is %q", got.Name)
		}
		after := daemontest.Send[*slnet.InformationEventsResponse](t, conn, &slnet.GetInformationEventsMessage{})
		if len(after.Events) != len(before.Events) {
			t.Errorf("the runs made information events: %+v", after.Events)
		}
	})
	t.Run("a run has the rights of who made the change, or of whom the script is bound to", func(t *testing.T) {
		d.User("clerk")
		clerk := daemontest.Send[*slnet.CreateTokenResponse](t, conn, &slnet.CreateTokenMessage{User: "clerk"}).Secret
		l := jobs(t, conn, dom.ScriptSettings{OnCreate: "observer", OnUpdate: "bound"})
		daemontest.Deploy(t, conn, "bound", observer)
		bound := "Administrator"
		daemontest.Send[*slnet.ScriptResponse](t, conn, &slnet.UpdateScriptMessage{Name: "bound", RunsAs: &bound})
		helper := dom.NewDomHelper(d.As(clerk).SendSLNetMessages, l.definition.ModuleID)
		i := createInstance(t, helper, l.instance(l.text, "one"))
		if _, err := helper.DomInstances.Update(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		runs := runsFor(t, conn, i.ID)
		if len(runs) != 2 || runs[0].RunsAs != "clerk" || runs[1].RunsAs != "Administrator" || runs[0].StartedBy != "clerk" || runs[1].StartedBy != "clerk" {
			t.Errorf("runs: %+v", runs)
		}
	})
	t.Run("a bulk request starts a run for each instance it stores", func(t *testing.T) {
		l := jobs(t, conn, dom.ScriptSettings{OnCreate: "missing"})
		good, bad := l.instance(l.text, "x"), l.instance(l.text, int64(5))
		l.DomInstances.CreateOrUpdate(t.Context(), []*dom.Instance{good, bad})
		if s := wantSkipped(t, conn, l.definition.ModuleID, "missing"); s.Count != 1 || s.InstanceID != good.ID {
			t.Errorf("it says %+v", s)
		}
	})
}
