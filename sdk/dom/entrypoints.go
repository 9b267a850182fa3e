package dom

// InstanceReference names an instance and the module it is in, as a
// DomInstanceId of the original does.
type InstanceReference struct {
	ModuleID string     `json:"ModuleId"`
	ID       InstanceID `json:"Id"`
}

// InstanceCrud says that an instance was created, updated or deleted. The entry
// point OnDomInstanceCrud gets both parts of it.
type InstanceCrud struct {
	Instance InstanceReference `json:"Instance"`
	CrudType CrudType          `json:"CrudType"`
}

// InstanceCrudMeta is what the entry point OnDomInstanceCrudWithFullMeta is
// called with: an instance that was created, updated or deleted, in its versions
// (row TRG-02).
type InstanceCrudMeta struct {
	CrudType CrudType `json:"CrudType"`
	// CurrentVersion is the instance as it was written; after a delete, as it
	// was deleted.
	CurrentVersion *Instance `json:"CurrentVersion"`
	// PreviousVersion is the instance before an update, and nil otherwise.
	PreviousVersion *Instance `json:"PreviousVersion,omitempty"`
}

// GetDifferences compares the two versions. All values of a created instance
// were added, all of a deleted one removed (rows TRG-03, TRG-04).
func (m InstanceCrudMeta) GetDifferences() InstanceDifferences {
	if m.CrudType == CrudDelete {
		return Differences(m.CurrentVersion, nil)
	}
	return Differences(m.PreviousVersion, m.CurrentVersion)
}

// ActionContext is what the entry point OnDomAction is called with (row ACT-01).
type ActionContext struct {
	// ContextID is the instance whose action was executed.
	ContextID InstanceReference `json:"ContextId"`
	// ActionID is the action's id in the behavior definition.
	ActionID string `json:"ActionId"`
}
