package dom

import (
	"context"
	"maps"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// The information about an action that was executed. (dom.md 3.14)
const (
	// ActionInfo is the type.
	ActionInfo = "DomActionInfo"
	// ScriptOutputInfo is the reason of the script's output, as Data. It is there
	// for an action that was waited for and whose script has put out something
	// (row ACT-06).
	ScriptOutputInfo = "ScriptOutput"
	// ScriptExecutionIDInfo is the reason of the id of the run that executes the
	// action, in Data under ExecutionIDKey (row ACT-08).
	ScriptExecutionIDInfo = "ScriptExecutionId"
	ExecutionIDKey        = "ExecutionId"
)

// DomInstanceActionRequest executes an action of an instance: it calls the entry
// point OnDomAction of the script that the behavior definition names, with the
// rights of the sender, or of the user the script is bound to. The sender must be
// able to see the instance and have the right to execute the script. It is
// answered with DomInstanceActionResponse: for an action that is Async or
// IsInteractive as soon as its run is queued, otherwise when that has ended. When
// a sender that waits goes away, the run is cancelled. (DOC:DOM_actions)
type DomInstanceActionRequest struct {
	ModuleID      string     `json:"ModuleId"`
	DomInstanceID InstanceID `json:"DomInstanceId"`
	// ActionID is the id of the action in the behavior definition of the
	// instance, or the one that inherits from.
	ActionID string `json:"ActionId"`
}

// DomInstanceActionResponse says what became of an action. What kept it from
// being executed, and the errors of its script, are errors in the TraceData.
type DomInstanceActionResponse struct {
	// RunID is the run of the script, zero when none was started, and HasEnded
	// reports whether the answer waited for its end.
	RunID     uuid.UUID       `json:"RunId"`
	HasEnded  bool            `json:"HasEnded,omitempty"`
	TraceData slnet.TraceData `json:"TraceData,omitempty"`
}

// DomInstanceActionsRequest asks which actions and buttons an instance has, and
// which of them can be used now by the sender. Answered with
// DomInstanceActionsResponse.
type DomInstanceActionsRequest struct {
	ModuleID      string     `json:"ModuleId"`
	DomInstanceID InstanceID `json:"DomInstanceId"`
}

// DomInstanceActionsResponse carries the actions of an instance in the order of
// the behavior definitions, those that are inherited first, and its buttons in
// the order of their layout.
type DomInstanceActionsResponse struct {
	// Actions are all actions, also those that cannot be executed now.
	Actions []InstanceAction `json:"Actions,omitempty"`
	// Buttons are all buttons, also those that are not visible now.
	Buttons   []InstanceButton `json:"Buttons,omitempty"`
	TraceData slnet.TraceData  `json:"TraceData,omitempty"`
}

// InstanceAction is an action of an instance as it is now.
type InstanceAction struct {
	ID            string `json:"Id"`
	Script        string `json:"Script"`
	Async         bool   `json:"Async,omitempty"`
	IsInteractive bool   `json:"IsInteractive,omitempty"`
	// IsEnabled reports whether the sender could execute it now. Where not,
	// TraceData says why.
	IsEnabled bool            `json:"IsEnabled"`
	TraceData slnet.TraceData `json:"TraceData,omitempty"`
}

// InstanceButton is a button of an instance as it is now.
type InstanceButton struct {
	ID     string       `json:"Id"`
	Layout ButtonLayout `json:"Layout,omitempty"`
	// ActionID is the action it executes, empty for a button without one.
	ActionID string `json:"ActionId,omitempty"`
	// IsVisible reports whether its VisibilityCondition is met, and IsEnabled
	// whether besides its action could be executed. Where one is false, TraceData
	// says why.
	IsVisible bool            `json:"IsVisible"`
	IsEnabled bool            `json:"IsEnabled"`
	TraceData slnet.TraceData `json:"TraceData,omitempty"`
}

// MessageName implements slnet.Message.
func (*DomInstanceActionRequest) MessageName() string { return "DomInstanceActionRequest" }

// MessageName implements slnet.Message.
func (*DomInstanceActionResponse) MessageName() string { return "DomInstanceActionResponse" }

// MessageName implements slnet.Message.
func (*DomInstanceActionsRequest) MessageName() string { return "DomInstanceActionsRequest" }

// MessageName implements slnet.Message.
func (*DomInstanceActionsResponse) MessageName() string { return "DomInstanceActionsResponse" }

// ActionResult is what came of an action that was executed.
type ActionResult struct {
	// RunID is the run of its script, and HasEnded reports whether it was waited
	// for.
	RunID    uuid.UUID
	HasEnded bool
	// Output is the output of the script, of an action that was waited for.
	Output map[string]string
}

// result is nil when no run was started.
func (r *DomInstanceActionResponse) result() *ActionResult {
	if r.RunID == uuid.Nil {
		return nil
	}
	result := &ActionResult{RunID: r.RunID, HasEnded: r.HasEnded}
	for _, info := range r.TraceData.InfoData {
		if info.Type == ActionInfo && info.Reason == ScriptOutputInfo {
			result.Output = maps.Clone(info.Data)
		}
	}
	return result
}

// ExecuteAction executes an action of an instance, see DomInstanceActionRequest.
// It waits for the end of the script unless the action is Async or IsInteractive.
// An action that could not be executed, or whose script failed, is a
// *slnet.CrudFailedError with an error of type ActionError; the result is nil
// unless a run was started. GetTraceDataLastCall has the output of the script as
// the original has it. (rows ACT-01 to ACT-11)
func (c DomInstancesComponent) ExecuteAction(ctx context.Context, id InstanceID, actionID string) (*ActionResult, error) {
	response, err := ask[*DomInstanceActionResponse](ctx, c.component, &DomInstanceActionRequest{
		ModuleID: c.component.moduleID, DomInstanceID: id, ActionID: actionID,
	})
	if err != nil {
		return nil, err
	}
	if !response.TraceData.HasSucceeded() {
		err = &slnet.CrudFailedError{TraceData: response.TraceData}
	}
	c.component.note(response.TraceData, err)
	return response.result(), err
}

// GetActions returns the actions and the buttons of an instance, and which of
// them can be used now.
func (c DomInstancesComponent) GetActions(ctx context.Context, id InstanceID) ([]InstanceAction, []InstanceButton, error) {
	response, err := ask[*DomInstanceActionsResponse](ctx, c.component, &DomInstanceActionsRequest{
		ModuleID: c.component.moduleID, DomInstanceID: id,
	})
	if err != nil {
		return nil, nil, err
	}
	if !response.TraceData.HasSucceeded() {
		err = &slnet.CrudFailedError{TraceData: response.TraceData}
	}
	c.component.note(response.TraceData, err)
	return response.Actions, response.Buttons, err
}
