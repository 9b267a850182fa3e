package automation

import (
	"context"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
)

// RequestInfo asks a script about itself, within the dry run that the caller is
// in, if any.
func (a *Automation) RequestInfo(ctx context.Context, within *DryRun, caller security.Caller, m *slnet.RequestScriptInfoMessage) (*slnet.RequestScriptInfoResponse, error) {
	outcome, err := a.Call(ctx, caller, Call{
		ScriptName: m.ScriptName, Version: m.ScriptVersion, EntryPoint: slnet.EntryPointOnRequestScriptInfo,
		Input: &slnet.RequestScriptInfoInput{Data: m.Data}, Timeout: m.Timeout, within: within,
	})
	if err != nil {
		return nil, err
	}
	response := &slnet.RequestScriptInfoResponse{Run: outcome.Run}
	if outcome.Run.State != slnet.RunSucceeded {
		return response, nil
	}
	var output slnet.RequestScriptInfoOutput
	if rest, err := output.UnmarshalMsg(outcome.Result); err != nil || len(rest) > 0 {
		return nil, slnet.Errorf(slnet.KindInternal, "what the process of run %s returned is no answer of %s", outcome.Run.ID, slnet.EntryPointOnRequestScriptInfo)
	}
	response.Data = output.Data
	return response, nil
}
