package dommanager

import (
	"slices"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
)

// Change is a change of an instance, told in the transaction that stores it. Who
// is told must not alter it.
type Change struct {
	ModuleID string
	CrudType dom.CrudType
	// Before and After are the versions of the instance. A created one has no
	// Before, a deleted one no After.
	Before, After *dom.Instance

	manager *manager
}

// Instance is the instance as it was written, a deleted one as it was.
func (c *Change) Instance() *dom.Instance {
	if c.After == nil {
		return c.Before
	}
	return c.After
}

// MayRead reports whether somebody may read the instance as it was and as it is,
// by the permissions and the links of the module.
func (c *Change) MayRead(caller security.Caller) bool {
	needs := c.manager.settings.DomManagerSettings.SecuritySettings.ViewPermissions
	if needs != dom.PermissionNone && !c.manager.accounts.Has(caller, needs) {
		return false
	}
	access := c.manager.access(caller)
	return (c.Before == nil || access.Reads(c.Before)) && (c.After == nil || access.Reads(c.After))
}

// CrudScript is the script that the settings of a module, or of a definition, name
// for a change.
type CrudScript struct {
	// Setting is OnCreate, OnUpdate or OnDelete.
	Setting string
	Script  string
	Type    dom.ScriptType
}

// Listener is told of the changes in a module, each in its transaction and before
// the commit. Its error ends the transaction.
type Listener func(tx *storage.Tx, caller security.Caller, change *Change) error

// Triggers say who is told of the changes of instances. The zero value tells
// nobody.
type Triggers struct {
	// Crud stores the run of a script that settings name for a change.
	Crud func(tx *storage.Tx, caller security.Caller, script CrudScript, change *Change) error
	// Listener returns who else is told of the changes in a module, nil for nobody.
	// That is part of the model of the module: it is asked for again when that has
	// changed, see storage.Tx.TouchModel, and costs a change nothing otherwise.
	Listener func(r *storage.Reader, moduleID string) (Listener, error)
}

// tell tells of a change of an object that was just written: before is nil for a
// new one, after for a deleted one.
func (m *manager) tell(model *model, tx *storage.Tx, caller security.Caller, before, after dom.Object) error {
	was, _ := before.(*dom.Instance)
	is, _ := after.(*dom.Instance)
	if was == nil && is == nil {
		return nil
	}
	change := Change{ModuleID: m.moduleID, CrudType: dom.CrudUpdate, Before: was, After: is, manager: m}
	switch {
	case was == nil:
		change.CrudType = dom.CrudCreate
	case is == nil:
		change.CrudType = dom.CrudDelete
	}
	if script := m.crudScript(model, &change); script.Script != "" && m.triggers.Crud != nil {
		if err := m.triggers.Crud(tx, caller, script, &change); err != nil {
			return err
		}
	}
	if model.listener == nil {
		return nil
	}
	return model.listener(tx, caller, &change)
}

// crudScript is the script for a change: that of the definition where it has
// settings of its own, else that of the module (row TRG-09).
func (m *manager) crudScript(model *model, change *Change) CrudScript {
	settings := &m.settings.DomManagerSettings.ScriptSettings
	if definition := model.definitions[change.Instance().DomDefinitionID]; definition != nil {
		if own := definition.ModuleSettingsOverrides.ScriptSettings; own != nil {
			settings = own
		}
	}
	switch change.CrudType {
	case dom.CrudCreate:
		return CrudScript{"OnCreate", settings.OnCreate, settings.ScriptType}
	case dom.CrudDelete:
		return CrudScript{"OnDelete", settings.OnDelete, settings.ScriptType}
	}
	if settings.OnUpdate == "" || !meetsAny(settings.OnUpdateTriggerConditions, change) {
		return CrudScript{}
	}
	return CrudScript{"OnUpdate", settings.OnUpdate, settings.ScriptType}
}

// meetsAny reports whether an update meets one of the conditions, as every update
// does where there are none (rows TRG-05 to TRG-07).
func meetsAny(conditions []dom.UpdateTriggerCondition, change *Change) bool {
	if len(conditions) == 0 {
		return true
	}
	differences := dom.Differences(change.Before, change.After)
	if differences.StatusBefore != differences.StatusAfter {
		if slices.ContainsFunc(conditions, func(c dom.UpdateTriggerCondition) bool {
			return c.StatusID != "" && c.StatusID == differences.StatusAfter
		}) {
			return true
		}
	}
	changed := differences.FieldValues.Get()
	return slices.ContainsFunc(conditions, func(c dom.UpdateTriggerCondition) bool {
		return c.StatusID == "" && slices.ContainsFunc(changed, func(d dom.FieldValueDifference) bool {
			return d.FieldDescriptorID == c.FieldDescriptorID
		})
	})
}
