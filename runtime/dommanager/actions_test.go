package dommanager_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// actor is a script whose action does what its id says.
const actor = `package main

import (
	"context"
	"errors"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	return engine.AddScriptOutput("below", engine.Run().StartedBy)
}

func OnDomAction(ctx context.Context, engine *sdk.Engine, action dom.ActionContext) error {
	id := action.ContextID
	instances := engine.DomHelper(id.ModuleID).DomInstances
	switch action.ActionID {
	case "tell", "tell_async", "tell_interactive":
		engine.AddOrUpdateScriptOutput("context", id.ModuleID+" "+id.ID.String()+" "+action.ActionID)
		engine.AddOrUpdateScriptOutput("run", engine.InstanceID().String()+" "+engine.TriggeredBy())
		engine.AddOrUpdateScriptOutput("parameters", engine.GetScriptParam("X")+" "+engine.GetScriptParam("1"))
	case "fail", "fail_async":
		engine.AddOrUpdateScriptOutput("got", "so far")
		engine.AddError("first")
		return errors.New("second")
	case "move":
		_, err := instances.DoStatusTransition(ctx, id.ID, "draft_to_active")
		return err
	case "nest":
		found, err := instances.Read(ctx, dom.InstanceExposers.ID.Equal(id.ID))
		if err != nil {
			return err
		}
		if _, err := instances.Update(ctx, found[0]); err != nil {
			return err
		}
		if _, err := instances.ExecuteAction(ctx, id.ID, "move"); err != nil {
			return err
		}
		_, err = engine.PrepareSubScript("actor").Start(ctx)
		return err
	case "deep":
		_, err := instances.ExecuteAction(ctx, id.ID, "deep")
		return err
	}
	return nil
}
`

// action is an action of the actor.
func action(id string) dom.ActionDefinition { return dom.ActionDefinition{ID: id, Script: "actor"} }

// newActing makes a module whose instances have actions and buttons.
func newActing(t *testing.T, conn slnet.Connection, h *dom.DomHelper, actions []dom.ActionDefinition, buttons ...dom.ButtonDefinition) *life {
	t.Helper()
	return newLife(t, conn, h, func(l *life) {
		l.in("draft", l.section, editable(l.text))
		l.in("active", l.section, needed(l.text))
		l.behavior.ActionDefinitions, l.behavior.ButtonDefinitions = actions, buttons
	})
}

// refusedAction executes an action, which must fail for a reason.
func (l *life) refusedAction(t *testing.T, instance *dom.Instance, id string, reason slnet.Reason) slnet.ErrorData {
	t.Helper()
	result, err := l.DomInstances.ExecuteAction(t.Context(), instance.ID, id)
	if reason != dom.ErrScriptReturnedErrors && result != nil {
		t.Errorf("%s: the run %s was started", reason, result.RunID)
	}
	e := wantReason(t, err, dom.ActionError, reason)
	if e.Properties.ActionID != id {
		t.Errorf("%s is about the action %q, want %q", reason, e.Properties.ActionID, id)
	}
	return wantInstance(t, e, instance)
}

// act executes an action, which must succeed.
func (l *life) act(t *testing.T, instance *dom.Instance, id string) *dom.ActionResult {
	t.Helper()
	result, err := l.DomInstances.ExecuteAction(t.Context(), instance.ID, id)
	if err != nil {
		t.Fatalf("action %s: %v", id, err)
	}
	return result
}

// run returns a run when it has ended.
func (l *life) run(t *testing.T, id uuid.UUID) slnet.Run {
	t.Helper()
	return daemontest.Send[*slnet.RunResponse](t, l.conn, &slnet.GetRunMessage{ID: id, Wait: true}).Run
}

func TestActions(t *testing.T) {
	rows := []row{
		{"ACT-01", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newActing(t, conn, h, []dom.ActionDefinition{action("tell")})
			created := l.create(t)
			result := l.act(t, created, "tell")
			if !result.HasEnded {
				t.Error("the action was not waited for")
			}
			if got, want := result.Output["context"], h.ModuleID+" "+created.Key()+" tell"; got != want {
				t.Errorf("the context is %q, want %q", got, want)
			}
			if got, want := result.Output["run"], result.RunID.String()+" action tell"; got != want {
				t.Errorf("the run is %q, want %q", got, want)
			}
			run := l.run(t, result.RunID)
			if run.Trigger != (slnet.RunTrigger{Kind: slnet.TriggerAction, ID: uuid.UUID(created.ID), Name: "tell"}) || run.EntryPoint != slnet.EntryPointOnDomAction {
				t.Errorf("the run is %+v", run)
			}
		}},
		{"ACT-02", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			only := action("tell")
			only.Condition = &dom.Condition{Statuses: []string{"draft"}}
			never := action("never")
			never.Condition = &dom.Condition{}
			l := newActing(t, conn, h, []dom.ActionDefinition{only, never})
			created := l.create(t, l.text, "x")
			l.act(t, created, "tell")
			l.refusedAction(t, created, "never", dom.ErrConditionNotMet)
			moved := l.move(t, created, "draft_to_active")
			e := l.refusedAction(t, moved, "tell", dom.ErrConditionNotMet)
			if e.Properties.InnerTraceData != nil || e.Properties.StatusID != "active" {
				t.Errorf("properties %+v", e.Properties)
			}
		}},
		{"ACT-03", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			ready := action("tell")
			ready.Condition = &dom.Condition{TransitionID: "draft_to_active"}
			l := newActing(t, conn, h, []dom.ActionDefinition{ready})
			created := l.create(t)
			e := l.refusedAction(t, created, "tell", dom.ErrConditionNotMet)
			inner := e.Properties.InnerTraceData.ErrorDataOfType(dom.StatusTransitionError)
			if len(inner) != 1 || inner[0].Reason != dom.ErrDomInstanceHasMissingRequiredFieldsForNextStatus {
				t.Errorf("inner errors %v", inner)
			}
			created.AddOrUpdateFieldValue(l.section.ID, l.text.ID, "x")
			l.act(t, l.update(t, created), "tell")
		}},
		{"ACT-05", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newActing(t, conn, h, []dom.ActionDefinition{action("tell")})
			_, err := h.DomInstances.ExecuteAction(t.Context(), dom.NewInstanceID(), "tell")
			wantReason(t, err, dom.ManagerStoreError, dom.ErrObjectDidNotExist)
			l.refusedAction(t, l.create(t), "TELL", dom.ErrActionDefinitionNotFound)
			l.definition = createDefinition(t, h, dom.NewDefinition("No behavior"))
			l.refusedAction(t, l.create(t), "tell", dom.ErrActionDefinitionNotFound)
		}},
		{"ACT-06", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newActing(t, conn, h, []dom.ActionDefinition{action("tell"), action("nothing")})
			created := l.create(t)
			result := l.act(t, created, "tell")
			var told []string
			for _, info := range h.DomInstances.GetTraceDataLastCall().InfoData {
				if told = append(told, info.Type+" "+info.Reason); info.Reason == dom.ScriptOutputInfo && !maps.Equal(info.Data, result.Output) {
					t.Errorf("the output is %v, want %v", info.Data, result.Output)
				}
			}
			if got, want := fmt.Sprint(told), "[DomActionInfo ScriptExecutionId DomActionInfo ScriptOutput]"; got != want {
				t.Errorf("told %s, want %s", got, want)
			}
			if l.act(t, created, "nothing").Output != nil {
				t.Error("there is output of a script without")
			}
		}},
		{"ACT-07", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			async := action("fail_async")
			async.Async = true
			missing := action("missing")
			missing.Script = "nobody"
			options := action("options")
			options.ScriptOptions = []string{"USER:me"}
			l := newActing(t, conn, h, []dom.ActionDefinition{action("fail"), async, missing, options})
			created := l.create(t)
			e := l.refusedAction(t, created, "fail", dom.ErrScriptReturnedErrors)
			if got := strings.Join(e.Properties.ErrorData, ","); got != "first,second" && got != "second,first" {
				t.Errorf("ErrorData %q", got)
			}
			result, _ := h.DomInstances.ExecuteAction(t.Context(), created.ID, "fail")
			if result == nil || result.Output["got"] != "so far" {
				t.Errorf("what the failed script put out: %+v", result)
			}
			if run := l.run(t, l.act(t, created, "fail_async").RunID); run.State != slnet.RunFailed {
				t.Errorf("the run %s", run.State)
			}
			for id, want := range map[string]string{"missing": `no script "nobody"`, "options": "is refused"} {
				e := l.refusedAction(t, created, id, dom.ErrUnexpectedExceptionOccurred)
				if !strings.Contains(e.Properties.ExceptionMessage, want) {
					t.Errorf("%s: %q does not say %q", id, e.Properties.ExceptionMessage, want)
				}
			}
		}},
		{"ACT-08", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			async, interactive := action("tell_async"), action("tell_interactive")
			async.Async, interactive.IsInteractive = true, true
			l := newActing(t, conn, h, []dom.ActionDefinition{async, interactive})
			created := l.create(t)
			for _, id := range []string{"tell_async", "tell_interactive"} {
				result := l.act(t, created, id)
				if run := l.run(t, result.RunID); run.State != slnet.RunSucceeded || !strings.HasSuffix(run.Output["context"], id) {
					t.Errorf("%s: the run is %+v", id, run)
				}
				if result.HasEnded {
					t.Errorf("%s was waited for", id)
				}
			}
		}},
		{"ACT-09", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			given := action("tell")
			given.ScriptOptions = []string{"PARAMETERBYNAME:X:a:b", "PARAMETER:1:v"}
			l := newActing(t, conn, h, []dom.ActionDefinition{given})
			if got := l.act(t, l.create(t), "tell").Output["parameters"]; got != "a:b v" {
				t.Errorf("the parameters are %q", got)
			}
		}},
		{"ACT-10", testInheritedAction},
		{"ACT-11", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			l := newActing(t, conn, h, []dom.ActionDefinition{action("nest"), action("move"), action("deep")})
			created := l.create(t, l.text, "x")
			result := l.act(t, created, "nest")
			if stored := readInstance(t, h, created.ID); stored.StatusID != "active" {
				t.Errorf("status %q", stored.StatusID)
			}
			if got, want := result.Output["below"], "run "+result.RunID.String(); got != want {
				t.Errorf("the script below was started by %q, want %q", got, want)
			}
			e := l.refusedAction(t, created, "deep", dom.ErrScriptReturnedErrors)
			if text := strings.Join(e.Properties.ErrorData, "\n"); !strings.Contains(text, "16 runs stand above it") {
				t.Errorf("the error is %q", text)
			}
		}},
	}
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		// A run that is started by a run does not wait for its place (row ACT-11).
		daemontest.Send[*slnet.ScriptResponse](t, d.Administrator(), &slnet.DeployScriptMessage{
			Name: "actor", Files: []slnet.ScriptFile{{Name: "script.go", Content: actor}}, Manifest: "concurrency: 1",
		})
		conn := open(d.Token())
		for _, row := range rows {
			t.Run(row.id, func(t *testing.T) { row.test(t, conn, newHelper(t, conn)) })
		}
	})
}

// An instance has the actions of the module behavior that its behavior inherits
// from, and its own.
func testInheritedAction(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
	parent := draftActive()
	parent.ActionDefinitions = []dom.ActionDefinition{action("tell")}
	createBehavior(t, h, parent)
	changeSettings(t, conn, h.ModuleID, func(s *dom.DomManagerSettings) { s.ModuleBehaviorDefinition = parent.ID })
	child := &dom.BehaviorDefinition{ID: dom.NewBehaviorDefinitionID(), Name: "Child", ParentID: parent.ID}
	child.ActionDefinitions = []dom.ActionDefinition{action("nothing")}
	createBehavior(t, h, child)
	definition := dom.NewDefinition("Job")
	definition.DomBehaviorDefinitionID = child.ID
	createDefinition(t, h, definition)
	created := createInstance(t, h, dom.NewInstance(definition.ID))
	for _, id := range []string{"tell", "nothing"} {
		if _, err := h.DomInstances.ExecuteAction(t.Context(), created.ID, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	actions, _, err := h.DomInstances.GetActions(t.Context(), created.ID)
	if err != nil || len(actions) != 2 || actions[0].ID != "tell" || actions[1].ID != "nothing" {
		t.Errorf("actions %+v, %v", actions, err)
	}
}

// In a dry run the script of an action works on the fork too, and is a run of the
// dry run.
func TestActionInADryRun(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "actor", actor)
	h := newHelper(t, admin)
	l := newActing(t, admin, h, []dom.ActionDefinition{action("move")})
	created := l.create(t, l.text, "x")
	conn, end := d.InDryRun(d.Token())
	within := dom.NewDomHelper(conn.SendSLNetMessages, h.ModuleID)
	result, err := within.DomInstances.ExecuteAction(t.Context(), created.ID, "move")
	if err != nil {
		t.Fatal(err)
	}
	if forked := readInstance(t, within, created.ID); forked.StatusID != "active" {
		t.Errorf("in the dry run the status is %q", forked.StatusID)
	}
	dry := end()
	if run := l.run(t, result.RunID); run.DryRunOf != dry.ID {
		t.Errorf("the run belongs to %s, want %s", run.DryRunOf, dry.ID)
	}
	if stored := readInstance(t, h, created.ID); stored.StatusID != "draft" {
		t.Errorf("the status is %q", stored.StatusID)
	}
}

// Who looks at an instance is told which actions and buttons it has, which of
// them can be used, and why the others cannot.
func TestActionsAndButtonsOfAnInstance(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "actor", actor)
	h := newHelper(t, admin)
	drafts, ready := action("drafts"), action("ready")
	drafts.Condition, ready.Condition = &dom.Condition{Statuses: []string{"draft"}}, &dom.Condition{TransitionID: "draft_to_active"}
	l := newActing(t, admin, h, []dom.ActionDefinition{drafts, ready},
		dom.ButtonDefinition{ID: "second", Layout: dom.ButtonLayout{Text: "Go", Order: 2}, ActionDefinitionIDs: []string{"ready"}},
		dom.ButtonDefinition{ID: "first", Layout: dom.ButtonLayout{Text: "Draft", Order: 1}, ActionDefinitionIDs: []string{"drafts"}},
		dom.ButtonDefinition{ID: "later", Layout: dom.ButtonLayout{Order: 3}, ActionDefinitionIDs: []string{"drafts"}, VisibilityCondition: &dom.Condition{Statuses: []string{"active"}}},
		dom.ButtonDefinition{ID: "empty", Layout: dom.ButtonLayout{Order: 4}})
	created := l.create(t)
	tell := func(conn slnet.Connection) (text string) {
		t.Helper()
		actions, buttons, err := dom.NewDomHelper(conn.SendSLNetMessages, h.ModuleID).DomInstances.GetActions(t.Context(), created.ID)
		if err != nil {
			t.Fatal(err)
		}
		say := func(id string, enabled bool, trace slnet.TraceData) {
			text += fmt.Sprint(id, " ", enabled)
			for _, e := range trace.ErrorData {
				text += " " + string(e.Reason)
				if inner := e.Properties.InnerTraceData; inner != nil {
					text += "<" + string(inner.ErrorData[0].Reason)
				}
			}
			text += "\n"
		}
		for _, a := range actions {
			say(a.ID, a.IsEnabled, a.TraceData)
		}
		for _, b := range buttons {
			say(fmt.Sprint(b.ID, " ", b.ActionID, " ", b.IsVisible), b.IsEnabled, b.TraceData)
		}
		return text
	}
	const notReady = "ConditionNotMet<DomInstanceHasMissingRequiredFieldsForNextStatus"
	if got, want := tell(admin), "drafts true\nready false "+notReady+"\n"+
		"first drafts true true\nsecond ready true false "+notReady+"\n"+
		"later drafts false false ConditionNotMet\nempty  true false ActionDefinitionNotFound\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	daemontest.Send[*slnet.GroupResponse](t, admin, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "Viewers"}})
	daemontest.Send[*slnet.UserResponse](t, admin, &slnet.CreateUserMessage{Name: "vic", Groups: []string{"Viewers"}})
	vic := d.As(daemontest.Send[*slnet.CreateTokenResponse](t, admin, &slnet.CreateTokenMessage{User: "vic"}).Secret)
	if got := tell(vic); !strings.HasPrefix(got, "drafts false NoPermission\nready false "+notReady+" NoPermission\nfirst drafts true false NoPermission\n") {
		t.Errorf("who may not execute the script is told\n%s", got)
	}
	_, err := dom.NewDomHelper(vic.SendSLNetMessages, h.ModuleID).DomInstances.ExecuteAction(t.Context(), created.ID, "drafts")
	if err == nil || !strings.Contains(err.Error(), "AutomationExecute") {
		t.Errorf("who may not execute the script executes the action: %v", err)
	}
}
