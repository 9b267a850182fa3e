package trigger

import (
	"errors"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// The tables of the store. Triggers are kept by id; names, and modules with the
// id, lead to them.
var (
	triggerTable = storage.NewTable[dom.Trigger]("triggers")
	nameTable    = storage.NewTable[reference]("trigger_names")
	moduleTable  = storage.NewTable[reference]("triggers_by_module")
	// skippedTable has why no run was started, by the trigger, or the module whose
	// settings name the script, and an id in the order of time.
	skippedTable = storage.NewTable[dom.SkippedTrigger]("trigger_skips")
)

// reference leads to a trigger.
type reference struct {
	ID uuid.UUID `json:"Id"`
}

// nameKey is the form names are compared in.
func nameKey(name string) string { return strings.ToLower(name) }

func get(r *storage.Reader, id uuid.UUID) (*dom.Trigger, error) {
	trigger, err := triggerTable.Get(r, id.String())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no trigger %s", id)
	}
	return trigger, err
}

// put stores a trigger in place of old, nil for a new one. The modules of both are
// watched anew from the commit on.
func put(tx *storage.Tx, by string, old, trigger *dom.Trigger) error {
	trigger.ChangedAt, trigger.ChangedBy = tx.Now(), by
	named, err := nameTable.Get(&tx.Reader, nameKey(trigger.Name))
	switch {
	case err == nil && named.ID != trigger.ID:
		return slnet.Errorf(slnet.KindAlreadyExists, "there is a trigger %q already", trigger.Name)
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	}
	if old != nil {
		if err := unlink(tx, old); err != nil {
			return err
		}
	}
	id := trigger.ID.String()
	return errors.Join(
		nameTable.Put(tx, &reference{trigger.ID}, nameKey(trigger.Name)),
		moduleTable.Put(tx, &reference{trigger.ID}, trigger.ModuleID, id),
		triggerTable.Put(tx, trigger, id),
		tx.TouchModel(trigger.ModuleID))
}

// unlink removes what leads to a trigger.
func unlink(tx *storage.Tx, trigger *dom.Trigger) error {
	return errors.Join(
		nameTable.Delete(tx, nameKey(trigger.Name)),
		moduleTable.Delete(tx, trigger.ModuleID, trigger.ID.String()),
		tx.TouchModel(trigger.ModuleID))
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
	return errors.Join(err, unlink(tx, trigger), triggerTable.Delete(tx, id))
}
