package automation

import (
	"context"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// ExecuteAction calls OnDomAction of the script of an action as the caller, who
// may be in a dry run. It waits for the end of the run unless the action is
// asynchronous, or interactive (row ACT-08). A run that ended badly is not an
// error.
func (a *Automation) ExecuteAction(ctx context.Context, within *DryRun, caller security.Caller, instance dom.InstanceReference, action *dom.ActionDefinition) (slnet.Run, error) {
	m, err := withOptions(&slnet.ExecuteScriptMessage{ScriptName: action.Script, Async: action.Async, Options: action.ScriptOptions})
	if err != nil {
		return slnet.Run{}, err
	}
	outcome, err := a.Call(ctx, caller, Call{
		ScriptName: m.ScriptName, EntryPoint: slnet.EntryPointOnDomAction, Parameters: m.Parameters,
		Input:   &dom.ActionContext{ContextID: instance, ActionID: action.ID},
		Async:   m.Async || action.IsInteractive,
		Trigger: slnet.RunTrigger{Kind: slnet.TriggerAction, ID: uuid.UUID(instance.ID), Name: action.ID},
		within:  within,
	})
	return outcome.Run, err
}
