package dommanager

import (
	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
)

// historyDisabled reports whether changes of an object are not recorded. A
// definition's own setting counts before that of the module (row DEF-07).
func (m *manager) historyDisabled(model *model, o dom.Object) bool {
	instance, ok := o.(*dom.Instance)
	if !ok {
		return true
	}
	settings := m.settings.DomManagerSettings.DomInstanceHistorySettings
	if d := model.definitions[instance.DomDefinitionID]; d != nil && d.ModuleSettingsOverrides.HistorySettings != nil {
		settings = *d.ModuleSettingsOverrides.HistorySettings
	}
	return settings.StorageBehavior == dom.HistoryDisabled
}

// record adds to the history what the transaction has just written. An update
// without a change is not recorded (row HIS-03).
func (m *manager) record(tx *storage.Tx, old, o dom.Object) error {
	instance, ok := o.(*dom.Instance)
	if !ok {
		return nil
	}
	model, err := m.model(&tx.Reader)
	if err != nil || m.historyDisabled(model, o) {
		return err
	}
	if before, ok := old.(*dom.Instance); ok {
		d := dom.Differences(before, instance)
		if len(d.FieldValues.Get()) == 0 && d.StatusBefore == d.StatusAfter {
			return nil
		}
	}
	return tx.AddHistory(m.moduleID, instance)
}
