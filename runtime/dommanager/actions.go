package dommanager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Scripts is what the managers need of scripts.
type Scripts struct {
	// May returns why a caller may not execute a script, nil when that is allowed.
	May func(ctx context.Context, caller security.Caller, script string) error
	// Execute executes an action of an instance as the caller, and waits for its
	// end where that is asked for. An error means that no run was started, or that
	// it is not known what became of it.
	Execute func(ctx context.Context, caller security.Caller, instance dom.InstanceReference, action *dom.ActionDefinition) (slnet.Run, error)
}

// actions are those of the behavior of an instance's definition, the inherited
// ones first (row ACT-10). An instance has them also where its behavior has no
// statuses.
func (m *model) actions(instance *dom.Instance) (actions []*dom.ActionDefinition, buttons []*dom.ButtonDefinition) {
	definition := m.definitions[instance.DomDefinitionID]
	if definition == nil || definition.DomBehaviorDefinitionID.IsZero() {
		return nil, nil
	}
	own := m.behaviors[definition.DomBehaviorDefinitionID]
	if own == nil {
		return nil, nil
	}
	for _, b := range []*dom.BehaviorDefinition{m.behaviors[own.ParentID], own} {
		if b == nil {
			continue
		}
		for i := range b.ActionDefinitions {
			actions = append(actions, &b.ActionDefinitions[i])
		}
		for i := range b.ButtonDefinitions {
			buttons = append(buttons, &b.ButtonDefinitions[i])
		}
	}
	return actions, buttons
}

// actionCheck looks at the actions and buttons of one instance.
type actionCheck struct {
	*check
	instance *dom.Instance
}

// actable reads an instance that its actions are to be executed or listed of. Who
// may read it may do that, for what the script does is decided by itself. The
// check is valid while r is.
func (m *manager) actable(ctx context.Context, r *storage.Reader, access security.Access, id dom.InstanceID) (*actionCheck, error) {
	raw, err := r.Raw(dom.KindInstance, m.moduleID, id.String())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, m.missing(access, dom.KindInstance, id.String())
	}
	if err != nil {
		return nil, err
	}
	o, err := dom.DecodeObject(dom.KindInstance, raw)
	if err != nil {
		return nil, err
	}
	instance := o.(*dom.Instance)
	if !access.Reads(instance) {
		return nil, security.DenyInstances(m.moduleID, id)
	}
	model, err := m.model(r)
	if err != nil {
		return nil, err
	}
	return &actionCheck{&check{ctx: ctx, manager: m, model: model}, instance}, nil
}

// failAction adds an error about an action.
func failAction(trace *slnet.TraceData, reason slnet.Reason, instance *dom.Instance, actionID string, properties slnet.ErrorProperties, format string, args ...any) {
	properties.ID, properties.Name, properties.ModuleID, properties.ActionID = instance.Key(), instance.Name, instance.ModuleID, actionID
	properties.StatusID = instance.StatusID
	trace.AddError(slnet.ErrorData{Type: dom.ActionError, Reason: reason, Properties: properties, Message: fmt.Sprintf(format, args...)})
}

// unmet says why a condition is not met, empty when it is. inner is why the
// instance is not ready for the transition that the condition names.
func (c *actionCheck) unmet(condition *dom.Condition) (why string, inner *slnet.TraceData) {
	switch {
	case condition == nil:
		return "", nil
	case condition.TransitionID != "":
		problems := c.transitionProblems(c.instance, condition.TransitionID)
		if problems.HasSucceeded() {
			return "", nil
		}
		return fmt.Sprintf("the instance is not ready for the status transition %q", condition.TransitionID), &problems
	case slices.Contains(condition.Statuses, c.instance.StatusID):
		return "", nil
	case len(condition.Statuses) == 0:
		return "its condition names neither a status nor a transition", nil
	}
	return fmt.Sprintf("the instance is in the status %q, and must be in one of %q", c.instance.StatusID, condition.Statuses), nil
}

// action finds an action that can be executed now.
func (c *actionCheck) action(actions []*dom.ActionDefinition, id string) (*dom.ActionDefinition, slnet.TraceData) {
	var trace slnet.TraceData
	i := slices.IndexFunc(actions, func(a *dom.ActionDefinition) bool { return a.ID == id })
	if i < 0 {
		failAction(&trace, dom.ErrActionDefinitionNotFound, c.instance, id, slnet.ErrorProperties{
			DomDefinitionIDs: []uuid.UUID{uuid.UUID(c.instance.DomDefinitionID)},
		}, "the DOM definition of the instance has no action %q", id)
		return nil, trace
	}
	if why, inner := c.unmet(actions[i].Condition); why != "" {
		failAction(&trace, dom.ErrConditionNotMet, c.instance, id, slnet.ErrorProperties{InnerTraceData: inner},
			"the action %q cannot be executed: %s", id, why)
	}
	return actions[i], trace
}

// executeAction executes an action. Its condition is tested on the stored
// instance; nothing is held while the script runs, which may therefore change
// that instance and execute its actions (row ACT-11).
func (m *Managers) executeAction(ctx context.Context, caller security.Caller, request *dom.DomInstanceActionRequest) (slnet.Message, error) {
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return nil, err
	}
	access := manager.access(caller)
	var instance *dom.Instance
	var action *dom.ActionDefinition
	var trace slnet.TraceData
	err = m.store.View(ctx, func(r *storage.Reader) error {
		c, err := manager.actable(ctx, r, access, request.DomInstanceID)
		if err != nil {
			return err
		}
		instance = c.instance
		actions, _ := c.model.actions(instance)
		action, trace = c.action(actions, request.ActionID)
		return nil
	})
	if refused := slnet.TraceDataOf(err); refused != nil {
		return &dom.DomInstanceActionResponse{TraceData: *refused}, nil
	}
	if err != nil {
		return nil, err
	}
	if !trace.HasSucceeded() {
		return &dom.DomInstanceActionResponse{TraceData: trace}, nil
	}
	if err := m.scripts.May(ctx, caller, action.Script); err != nil {
		return nil, err
	}
	run, err := m.scripts.Execute(ctx, caller, dom.InstanceReference{ModuleID: request.ModuleID, ID: instance.ID}, action)
	if err != nil {
		known, ok := slnet.AsError(err)
		if !ok || !notStarted(known.Kind) {
			return nil, err
		}
		failAction(&trace, dom.ErrUnexpectedExceptionOccurred, instance, action.ID,
			slnet.ErrorProperties{ExceptionMessage: known.Message}, "the action %q was not executed: %s", action.ID, known.Message)
		return &dom.DomInstanceActionResponse{TraceData: trace}, nil
	}
	return &dom.DomInstanceActionResponse{RunID: run.ID, HasEnded: run.State.Ended(), TraceData: outcomeOf(instance, action, &run)}, nil
}

// notStarted reports whether an error of this kind says what is wrong with an
// action. Others are about the daemon, or the sender.
func notStarted(kind slnet.Kind) bool {
	return kind == slnet.KindInvalid || kind == slnet.KindNotFound || kind == slnet.KindConflict || kind == slnet.KindTooLarge
}

// outcomeOf says what came of the run of an action: one that has not ended, or
// was waited for (rows ACT-06 to ACT-08).
func outcomeOf(instance *dom.Instance, action *dom.ActionDefinition, run *slnet.Run) (trace slnet.TraceData) {
	info := func(reason string, data map[string]string) {
		trace.InfoData = append(trace.InfoData, slnet.InfoData{Type: dom.ActionInfo, Reason: reason, Data: data})
	}
	info(dom.ScriptExecutionIDInfo, map[string]string{dom.ExecutionIDKey: run.ID.String()})
	if !run.State.Ended() {
		return trace
	}
	if len(run.Output) > 0 {
		info(dom.ScriptOutputInfo, run.Output)
	}
	if run.State == slnet.RunSucceeded {
		return trace
	}
	var texts []string
	for _, e := range run.Errors {
		texts = append(texts, e.Message)
	}
	if len(texts) == 0 {
		texts = []string{cmp.Or(run.ExitReason, "the run "+string(run.State))}
	}
	failAction(&trace, dom.ErrScriptReturnedErrors, instance, action.ID, slnet.ErrorProperties{ErrorData: texts},
		"the run %s of the script %q is %s: %s", run.ID, run.Script, run.State, texts[0])
	return trace
}

// listActions says which actions and buttons an instance has, and which of them a
// caller could use now.
func (m *Managers) listActions(ctx context.Context, caller security.Caller, request *dom.DomInstanceActionsRequest) (slnet.Message, error) {
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return nil, err
	}
	access := manager.access(caller)
	response := new(dom.DomInstanceActionsResponse)
	err = m.store.View(ctx, func(r *storage.Reader) error {
		c, err := manager.actable(ctx, r, access, request.DomInstanceID)
		if err != nil {
			return err
		}
		actions, buttons := c.model.actions(c.instance)
		for _, a := range actions {
			looked, err := m.look(ctx, c, caller, actions, a)
			if err != nil {
				return err
			}
			response.Actions = append(response.Actions, looked)
		}
		for _, b := range buttons {
			response.Buttons = append(response.Buttons, c.button(b, response.Actions))
		}
		return nil
	})
	if refused := slnet.TraceDataOf(err); refused != nil {
		return &dom.DomInstanceActionsResponse{TraceData: *refused}, nil
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(response.Buttons, func(a, b dom.InstanceButton) int { return cmp.Compare(a.Layout.Order, b.Layout.Order) })
	return response, nil
}

// look says how an action is for a caller now.
func (m *Managers) look(ctx context.Context, c *actionCheck, caller security.Caller, actions []*dom.ActionDefinition, a *dom.ActionDefinition) (dom.InstanceAction, error) {
	_, trace := c.action(actions, a.ID)
	err := m.scripts.May(ctx, caller, a.Script)
	if errors.Is(err, slnet.KindPermissionDenied) {
		trace.AddError(slnet.ErrorData{Type: dom.ManagerStoreError, Reason: dom.ErrNoPermission, Message: err.Error()})
		err = nil
	}
	return dom.InstanceAction{
		ID: a.ID, Script: a.Script, Async: a.Async, IsInteractive: a.IsInteractive, IsEnabled: trace.HasSucceeded(), TraceData: trace,
	}, err
}

// button says how a button is now, beside the actions as they are.
func (c *actionCheck) button(b *dom.ButtonDefinition, actions []dom.InstanceAction) dom.InstanceButton {
	button := dom.InstanceButton{ID: b.ID, Layout: b.Layout}
	why, inner := c.unmet(b.VisibilityCondition)
	button.IsVisible = why == ""
	if !button.IsVisible {
		failAction(&button.TraceData, dom.ErrConditionNotMet, c.instance, "", slnet.ErrorProperties{InnerTraceData: inner},
			"the button %q is not visible: %s", b.ID, why)
	}
	if len(b.ActionDefinitionIDs) > 0 {
		button.ActionID = b.ActionDefinitionIDs[0]
	}
	i := slices.IndexFunc(actions, func(a dom.InstanceAction) bool { return a.ID == button.ActionID })
	if i < 0 {
		failAction(&button.TraceData, dom.ErrActionDefinitionNotFound, c.instance, button.ActionID, slnet.ErrorProperties{},
			"the button %q has no action that exists", b.ID)
	} else {
		button.TraceData.ErrorData = append(button.TraceData.ErrorData, actions[i].TraceData.ErrorData...)
	}
	button.IsEnabled = button.TraceData.HasSucceeded()
	return button
}
