package dom

// MaxFieldValueReferenceValues is the most values a FieldValueReference has (row
// SEC-24).
const MaxFieldValueReferenceValues = 10

// LinkSecuritySettings restrict who has access to the instances of a module.
// Without links every user has. With at least one, the instances of a DOM
// definition are accessible to the groups that are linked to it, and to users
// with PermissionModuleSettingsConfiguration. A change takes effect when the
// manager is reinitialised. (DOC:DOM_SecuritySettings, rows SEC-02 to SEC-29)
type LinkSecuritySettings struct {
	// GroupLinks say which group has access to what.
	GroupLinks []GroupLink `json:"GroupLinks,omitempty"`
}

// GroupLinks are the links of the module. With one or more it is in restricted
// access mode, also when they have no references.
func (s DomManagerSecuritySettings) GroupLinks() []GroupLink {
	if s.LinkSecurity == nil {
		return nil
	}
	return s.LinkSecurity.GroupLinks
}

// GroupLink says what the users of a group have access to.
type GroupLink struct {
	// GroupName is the name of the group, without regard to case. There may be no
	// such group, or none any more: then the link grants nothing (row SEC-27).
	GroupName string `json:"GroupName"`
	// DomDefinitionReferences give access to all instances of definitions.
	DomDefinitionReferences []DomDefinitionReference `json:"DomDefinitionReferences,omitempty"`
	// FieldValueReferences give access to some instances of definitions. Of
	// several about one definition the first counts (row SEC-23).
	FieldValueReferences []FieldValueReference `json:"FieldValueReferences,omitempty"`
}

// DomDefinitionReference gives access to all instances of a DOM definition.
type DomDefinitionReference struct {
	// DomDefinitionID is the definition.
	DomDefinitionID DefinitionID `json:"DomDefinitionId"`
	// ReadOnly leaves out creating, updating and deleting.
	ReadOnly bool `json:"ReadOnly,omitempty"`
}

// FieldValueReference gives access to those instances of a DOM definition that
// have one of some values in a field, also as one of several in a list.
// (rows SEC-17 to SEC-25)
type FieldValueReference struct {
	// DomDefinitionID is the definition.
	DomDefinitionID DefinitionID `json:"DomDefinitionId"`
	// FieldDescriptorID is the field whose values decide.
	FieldDescriptorID FieldDescriptorID `json:"FieldDescriptorId"`
	// Values are 1 to MaxFieldValueReferenceValues Guids, ints or strings, all of
	// one kind. An empty Guid and an empty string select nothing. Strings are
	// compared exactly.
	Values []Value `json:"Values"`
	// ReadOnly leaves out creating, updating and deleting.
	ReadOnly bool `json:"ReadOnly,omitempty"`
}

// Filter selects the instances that the reference gives access to among those of
// its definition.
func (r *FieldValueReference) Filter() Filter {
	field := InstanceExposers.FieldValue(r.FieldDescriptorID)
	equal := make([]Filter, 0, len(r.Values))
	for _, v := range r.Values {
		if !v.isEmptyReference() {
			equal = append(equal, field.Equal(v).Ordinal())
		}
	}
	if len(equal) == 1 {
		return equal[0]
	}
	return Or(equal...)
}

// isEmptyReference reports whether a value of a FieldValueReference selects
// nothing (row SEC-25).
func (v Value) isEmptyReference() bool {
	switch v.kind {
	case KindGuid:
		return v.Guid() == [16]byte{}
	case KindString:
		return v.str == ""
	case KindInt:
		return false
	}
	return true
}
