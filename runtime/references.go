package runtime

import (
	"context"
	"errors"
	"slices"

	"domovoi.dev/runtime/automation/endpoint"
	"domovoi.dev/runtime/automation/schedule"
	"domovoi.dev/runtime/automation/trigger"
	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/secrets"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// scriptReferences finds what refers to scripts by name, in all rooms.
func scriptReferences(ctx context.Context, r *storage.Reader, is func(name string) bool) ([]slnet.ScriptReference, error) {
	schedules, err1 := schedule.ScriptReferences(ctx, r, is)
	triggers, err2 := trigger.ScriptReferences(ctx, r, is)
	named, err3 := secrets.ScriptReferences(ctx, r, is)
	granted, err4 := security.ScriptReferences(ctx, r, is)
	modules, err5 := dommanager.ScriptReferences(ctx, r, is)
	apis, err6 := endpoint.ScriptReferences(ctx, r, is)
	return slices.Concat(schedules, triggers, apis, named, granted, modules), errors.Join(err1, err2, err3, err4, err5, err6)
}

// renamingScript carries out an update that renames a script. In it, renamed
// changes the records that have the name of the script. Modules keep the former
// name, which goes on to lead to the script: what people wrote into their settings
// is theirs.
func (r *Runtime) renamingScript(update func(renamed func(tx *storage.Tx, former, name string) error) error) error {
	return r.accounts.RenamingScript(func(granted func(tx *storage.Tx, former, name string) error) error {
		return r.apis.RenamingScript(func(answers func(tx *storage.Tx, former, name string) error) error {
			return update(func(tx *storage.Tx, former, name string) error {
				return errors.Join(schedule.ScriptRenamed(tx, former, name), trigger.ScriptRenamed(tx, former, name),
					secrets.ScriptRenamed(tx, former, name), granted(tx, former, name), answers(tx, former, name))
			})
		})
	})
}

// mayExecute reports whether a caller may execute a script.
func (r *Runtime) mayExecute(caller security.Caller, name string) bool {
	rights, err := r.accounts.Rights(caller)
	return err == nil && rights.MayScript(security.ExecuteScript, name)
}

// mayKnow tells of which references to scripts a caller may know: of scripts as
// in the list of them, of the rest who may read it where it stands.
func (r *Runtime) mayKnow(ctx context.Context, caller security.Caller) (func(slnet.ScriptReference) bool, error) {
	rights, err := r.accounts.Rights(caller)
	if err != nil {
		return nil, err
	}
	views := func(kind dom.ObjectKind, moduleID string) bool {
		return r.managers.MayView(ctx, kind, moduleID, rights.Has)
	}
	return func(reference slnet.ScriptReference) bool {
		switch reference.Kind {
		case slnet.ReferenceScript:
			return knows(rights, reference.Name)
		case slnet.ReferenceSchedule:
			return rights.Has(slnet.PermissionAutomationSchedules)
		case slnet.ReferenceTrigger:
			return rights.Has(slnet.PermissionAutomationTriggers)
		case slnet.ReferenceAPI:
			return rights.Has(slnet.PermissionAutomationApis)
		case slnet.ReferenceSecret:
			return rights.Has(slnet.PermissionAutomationSecrets)
		case slnet.ReferenceGroup:
			return rights.Has(slnet.PermissionSecurityAdministration)
		case slnet.ReferenceModuleSettings:
			return views(dom.KindModuleSettings, reference.ModuleID)
		case slnet.ReferenceDefinition:
			return views(dom.KindDefinition, reference.ModuleID)
		case slnet.ReferenceBehaviorDefinition:
			return views(dom.KindBehaviorDefinition, reference.ModuleID)
		}
		return false
	}, nil
}

func (r *Runtime) deleteScript(ctx context.Context, caller security.Caller, m *slnet.DeleteScriptMessage) (*slnet.ScriptReferencesResponse, error) {
	may, err := r.mayKnow(ctx, caller)
	if err != nil {
		return nil, err
	}
	return r.automation.DeleteScript(ctx, caller, m, may)
}

func (r *Runtime) scriptReferences(ctx context.Context, caller security.Caller, m *slnet.GetScriptReferencesMessage) (*slnet.ScriptReferencesResponse, error) {
	may, err := r.mayKnow(ctx, caller)
	if err != nil {
		return nil, err
	}
	return r.automation.ScriptReferences(ctx, m, may)
}
