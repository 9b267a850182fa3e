package runtime

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"

	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/automation/trigger"
	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// newTriggers makes the triggers of a daemon.
func (r *Runtime) newTriggers() *trigger.Triggers {
	return trigger.New(trigger.Options{
		Store: r.store, Check: r.checkTrigger, ActAs: r.accounts.ActAs, Enabled: r.accounts.Enabled,
		Stage: r.stageTrigger, Started: r.automation.StartedByTrigger, MaxDepth: cmp.Or(r.maxDepth, automation.DefaultMaxDepth), Safe: r.safe, Logger: r.log,
	})
}

// watchers are what is told of changes of instances: the scripts of the settings,
// and triggers.
func (r *Runtime) watchers() dommanager.Triggers {
	return dommanager.Triggers{
		Crud: r.stageCrud,
		Listener: func(reader *storage.Reader, moduleID string) (dommanager.Listener, error) {
			listener, err := r.triggers.Listener(reader, moduleID)
			if listener == nil || err != nil {
				return nil, err
			}
			return func(tx *storage.Tx, caller security.Caller, change *dommanager.Change) error {
				return listener(tx, changeOf(caller, change))
			}, nil
		},
	}
}

func changeOf(caller security.Caller, c *dommanager.Change) *trigger.Change {
	return &trigger.Change{ModuleID: c.ModuleID, CrudType: c.CrudType, Before: c.Before, After: c.After, By: caller, MayRead: c.MayRead}
}

// checkTrigger returns an error when the owner of a trigger may not execute its
// script, or it cannot be called as the trigger says. It gives the script the name
// that it has now.
func (r *Runtime) checkTrigger(ctx context.Context, t *dom.Trigger) (err error) {
	if t.Script, err = r.automation.CurrentName(ctx, t.Script); err != nil {
		return err
	}
	if err := r.mayStart(trigger.Owner(t), "the owner of the trigger", t.Script); err != nil {
		return err
	}
	return r.automation.CheckTrigger(ctx, trigger.Owner(t), t)
}

// stageTrigger stores the run of a trigger. It has the rights of the owner, and
// stands below the run that made the change.
func (r *Runtime) stageTrigger(tx *storage.Tx, t *dom.Trigger, c *trigger.Change) error {
	owner := trigger.Owner(t)
	script, err := automation.CurrentNameIn(&tx.Reader, t.Script)
	if err != nil {
		return err
	}
	if err := r.mayStart(owner, "the owner of the trigger", script); err != nil {
		return err
	}
	owner.RunID, owner.Parents = c.By.RunID, c.By.Parents
	_, err = r.automation.Stage(tx, owner, automation.TriggeredCall(t, c.Meta(), c.By.User))
	return err
}

// stageCrud stores the run of a script that the settings of a module name for a
// change. Whoever made the change needs no right to execute the script: that it
// is executed is decided by the settings. What keeps it from that does not keep
// the instance from being stored (row TRG-10).
func (r *Runtime) stageCrud(tx *storage.Tx, caller security.Caller, script dommanager.CrudScript, c *dommanager.Change) error {
	change := changeOf(caller, c)
	reason := trigger.SafeReason
	if !r.safe {
		entryPoint := slnet.EntryPointOnDomInstanceCrud
		if script.Type == dom.ScriptFullCrudMeta {
			entryPoint = slnet.EntryPointOnDomInstanceCrudWithFullMeta
		}
		id := uuid.UUID(c.Instance().ID)
		_, err := r.automation.Stage(tx, caller, automation.Call{
			ScriptName: script.Script, EntryPoint: entryPoint, Input: automation.ChangedInput(entryPoint, change.Meta()), Priority: slnet.PriorityBackground,
			Trigger: slnet.RunTrigger{
				Kind: slnet.TriggerChange, ID: id, Name: fmt.Sprintf("%s of module %s", script.Setting, c.ModuleID), ModuleID: c.ModuleID, InstanceID: id,
			},
		})
		if err == nil {
			return nil
		}
		if reason, err = trigger.Refusal(err); err != nil {
			return err
		}
	}
	skipped := trigger.Skipped(tx.Now(), change, script.Script, reason)
	tx.AfterCommit(func() { r.triggers.Note(skipped) })
	return nil
}

// addTriggers adds the rows of messages about triggers.
func addTriggers(table map[string]handler) {
	manage := holders(slnet.PermissionAutomationTriggers)
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *dom.CreateTriggerMessage) (*dom.TriggerResponse, error) {
		return r.triggers.Create(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *dom.UpdateTriggerMessage) (*dom.TriggerResponse, error) {
		return r.triggers.Update(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *dom.DeleteTriggerMessage) (*slnet.Empty, error) {
		return r.triggers.Delete(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *dom.PauseTriggerMessage) (*dom.TriggerResponse, error) {
		return r.triggers.Pause(ctx, c, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *dom.GetTriggerMessage) (*dom.TriggerResponse, error) {
		return r.triggers.Get(ctx, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *dom.GetTriggersMessage) (*dom.TriggersResponse, error) {
		return r.triggers.List(ctx, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *dom.GetSkippedTriggersMessage) (*dom.SkippedTriggersResponse, error) {
		return r.triggers.Skipped(ctx, m)
	})
}

// triggerSubject is the trigger that a message is about, for the audit.
func triggerSubject(message slnet.Message) string {
	var id uuid.UUID
	switch m := message.(type) {
	case *dom.CreateTriggerMessage:
		return m.Trigger.Name
	case *dom.UpdateTriggerMessage:
		id = m.Trigger.ID
	case *dom.DeleteTriggerMessage:
		id = m.ID
	case *dom.PauseTriggerMessage:
		id = m.ID
	default:
		return ""
	}
	return id.String()
}
