package runtime

import (
	"context"

	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// actionScripts is what DOM managers need of scripts: those of a dry run start
// runs that belong to it.
func (r *Runtime) actionScripts() dommanager.Scripts {
	return dommanager.Scripts{
		May: func(ctx context.Context, caller security.Caller, script string) error {
			rights, err := r.accounts.Rights(caller)
			if err != nil {
				return err
			}
			current, err := r.automation.CurrentName(ctx, script)
			if err != nil {
				return err
			}
			return mayScript(rights, security.ExecuteScript, current)
		},
		Execute: func(ctx context.Context, caller security.Caller, instance dom.InstanceReference, action *dom.ActionDefinition) (slnet.Run, error) {
			return r.automation.ExecuteAction(ctx, r.dryRun.automation(), caller, instance, action)
		},
	}
}
