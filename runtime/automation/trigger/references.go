package trigger

import (
	"context"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// ScriptReferences returns the triggers that start a script with a name for which
// is reports true.
func ScriptReferences(ctx context.Context, r *storage.Reader, is func(name string) bool) (list []slnet.ScriptReference, err error) {
	err = triggerTable.Scan(r, storage.Walk{}, func(trigger *dom.Trigger) (bool, error) {
		if is(trigger.Script) {
			list = append(list, slnet.ScriptReference{Kind: slnet.ReferenceTrigger, Name: trigger.Name})
		}
		return true, ctx.Err()
	})
	return list, err
}

// ScriptRenamed gives the triggers that start a script its new name.
func ScriptRenamed(tx *storage.Tx, former, name string) error {
	var changed []*dom.Trigger
	err := triggerTable.Scan(&tx.Reader, storage.Walk{}, func(trigger *dom.Trigger) (bool, error) {
		if storage.FoldName(trigger.Script) == storage.FoldName(former) {
			trigger.Script = name
			changed = append(changed, trigger)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, trigger := range changed {
		if err := triggerTable.Put(tx, trigger, trigger); err != nil {
			return err
		}
		if err := tx.TouchModel(trigger.ModuleID); err != nil {
			return err
		}
	}
	return nil
}
