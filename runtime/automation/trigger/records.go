package trigger

import (
	"errors"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
)

// The tables of the store. Modules with the id of a trigger lead to it.
var (
	triggerTable = storage.NewNamedTable("trigger", "triggers", "trigger_names", func(t *dom.Trigger) (uuid.UUID, string) { return t.ID, t.Name })
	moduleTable  = storage.NewTable[storage.Reference]("triggers_by_module")
	// skippedTable has why no run was started, by the trigger, or the module whose
	// settings name the script, and an id in the order of time.
	skippedTable = storage.NewTable[dom.SkippedTrigger]("trigger_skips")
)

// put stores a trigger in place of old, nil for a new one. The modules of both are
// watched anew from the commit on.
func put(tx *storage.Tx, by string, old, trigger *dom.Trigger) error {
	trigger.ChangedAt, trigger.ChangedBy = tx.Now(), by
	if err := triggerTable.Put(tx, old, trigger); err != nil {
		return err
	}
	if old != nil {
		if err := unlink(tx, old); err != nil {
			return err
		}
	}
	return errors.Join(
		moduleTable.Put(tx, &storage.Reference{ID: trigger.ID}, trigger.ModuleID, trigger.ID.String()),
		tx.TouchModel(trigger.ModuleID))
}

// unlink removes what leads to a trigger from its module.
func unlink(tx *storage.Tx, trigger *dom.Trigger) error {
	return errors.Join(moduleTable.Delete(tx, trigger.ModuleID, trigger.ID.String()), tx.TouchModel(trigger.ModuleID))
}

// remove deletes a trigger and all that leads to it.
func remove(tx *storage.Tx, trigger *dom.Trigger) error {
	id := trigger.ID.String()
	var skips [][]string
	err := skippedTable.Keys(&tx.Reader, storage.Walk{Prefix: []string{id}}, func(key []string) (bool, error) {
		skips = append(skips, key)
		return true, nil
	})
	for _, key := range skips {
		err = errors.Join(err, skippedTable.Delete(tx, key...))
	}
	return errors.Join(err, unlink(tx, trigger), triggerTable.Delete(tx, trigger))
}
