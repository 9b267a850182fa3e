package dom

// Instance is one business object: sections with field values.
// (DOC:DomInstance)
type Instance struct {
	// ID is made by NewInstance and stays.
	ID InstanceID `json:"Id"`
	// DomDefinitionID is the definition.
	DomDefinitionID DefinitionID `json:"DomDefinitionId"`
	// StatusID is the status, "" where no status system applies.
	StatusID string `json:"StatusId,omitempty"`
	// Name is computed by the server when the instance is saved.
	Name string `json:"Name,omitempty"`
	// Sections are the sections in order.
	Sections []*Section `json:"Sections,omitempty"`
	// ModuleID is filled in by the server.
	ModuleID string `json:"ModuleId,omitempty"`
	Tracking `json:",flatten"`
}

// Section is a group of field values of an instance.
type Section struct {
	// ID is made by NewSection. History and differences name sections by it.
	ID SectionID `json:"Id"`
	// SectionDefinitionID is the section definition.
	SectionDefinitionID SectionDefinitionID `json:"SectionDefinitionId"`
	// FieldValues are the values, one of each field at most.
	FieldValues []FieldValue `json:"FieldValues,omitempty"`

	stitched   bool
	definition *SectionDefinition
}

// FieldValue is the value of one field.
type FieldValue struct {
	// FieldDescriptorID is the field.
	FieldDescriptorID FieldDescriptorID `json:"FieldDescriptorId"`
	// Value is never null: a field without a value is left out.
	Value Value `json:"Value"`
}

// NewInstance returns an empty instance of a definition with a new id.
func NewInstance(definitionID DefinitionID) *Instance {
	return &Instance{ID: NewInstanceID(), DomDefinitionID: definitionID}
}

// NewSection returns an empty section with a new id.
func NewSection(definitionID SectionDefinitionID) *Section {
	return &Section{ID: NewSectionID(), SectionDefinitionID: definitionID}
}

// AddOrUpdateFieldValue sets the value of a field in the first section of the
// section definition, and adds such a section when there is none (rows VAL-01,
// VAL-02). The value is made by ValueOf; one that is not supported is refused,
// with the reason, when the instance is saved.
func (i *Instance) AddOrUpdateFieldValue(section SectionDefinitionID, field FieldDescriptorID, value any) {
	s := i.firstSection(section)
	if s == nil {
		s = NewSection(section)
		i.Sections = append(i.Sections, s)
	}
	s.AddOrReplaceFieldValue(field, value)
}

// GetFieldValue returns the value of a field in the first section of the
// section definition, and whether there is one (row VAL-03).
func (i *Instance) GetFieldValue(section SectionDefinitionID, field FieldDescriptorID) (Value, bool) {
	s := i.firstSection(section)
	if s == nil {
		return Value{}, false
	}
	return s.GetFieldValueByID(field)
}

// RemoveFieldValue removes the value of a field from the first section of the
// section definition and reports whether there was one.
func (i *Instance) RemoveFieldValue(section SectionDefinitionID, field FieldDescriptorID) bool {
	s := i.firstSection(section)
	return s != nil && s.RemoveFieldValueByID(field)
}

// SectionsOf returns the sections of one section definition (row VAL-07).
func (i *Instance) SectionsOf(section SectionDefinitionID) []*Section {
	var list []*Section
	for _, s := range i.Sections {
		if s.SectionDefinitionID == section {
			list = append(list, s)
		}
	}
	return list
}

func (i *Instance) firstSection(section SectionDefinitionID) *Section {
	for _, s := range i.Sections {
		if s.SectionDefinitionID == section {
			return s
		}
	}
	return nil
}

// AddOrReplaceFieldValue sets the value of a field; see ValueOf.
func (s *Section) AddOrReplaceFieldValue(field FieldDescriptorID, value any) {
	v := ValueOf(value)
	for i := range s.FieldValues {
		if s.FieldValues[i].FieldDescriptorID == field {
			s.FieldValues[i].Value = v
			return
		}
	}
	s.FieldValues = append(s.FieldValues, FieldValue{field, v})
}

// GetFieldValueByID returns the value of a field and whether there is one.
func (s *Section) GetFieldValueByID(field FieldDescriptorID) (Value, bool) {
	for i := range s.FieldValues {
		if s.FieldValues[i].FieldDescriptorID == field {
			return s.FieldValues[i].Value, true
		}
	}
	return Value{}, false
}

// RemoveFieldValueByID removes the value of a field and reports whether there
// was one (row VAL-05).
func (s *Section) RemoveFieldValueByID(field FieldDescriptorID) bool {
	for i := range s.FieldValues {
		if s.FieldValues[i].FieldDescriptorID == field {
			s.FieldValues = append(s.FieldValues[:i], s.FieldValues[i+1:]...)
			return true
		}
	}
	return false
}

// Kind implements Object.
func (i *Instance) Kind() ObjectKind { return KindInstance }

// Key implements Object.
func (i *Instance) Key() string { return i.ID.String() }

func (i *Instance) expose(e Exposer) []Value {
	switch e.Name {
	case exposeID:
		return []Value{ValueOf(i.ID)}
	case exposeName:
		return []Value{ValueOf(i.Name)}
	case exposeDomDefinitionID:
		return []Value{ValueOf(i.DomDefinitionID)}
	case exposeStatusID:
		if i.StatusID == "" {
			return nil
		}
		return []Value{ValueOf(i.StatusID)}
	case exposeSectionIDs, exposeSectionDefinitionIDs, exposeFieldValue, exposeKeyExists:
		return i.exposeSections(e)
	}
	return i.Tracking.expose(e)
}

func (i *Instance) exposeSections(e Exposer) []Value {
	var values []Value
	for _, s := range i.Sections {
		switch e.Name {
		case exposeSectionIDs:
			values = append(values, ValueOf(s.ID))
		case exposeSectionDefinitionIDs:
			values = append(values, ValueOf(s.SectionDefinitionID))
		default:
			if v, ok := s.GetFieldValueByID(e.FieldID); ok {
				values = append(values, v.Values()...)
			}
		}
	}
	if e.Name == exposeKeyExists {
		return []Value{ValueOf(len(values) > 0)}
	}
	return values
}
