package dom

// FieldType is the type of the values of a field.
type FieldType string

// The field types. A plain field has one of the types up to TypeListString;
// the others belong to the special kinds of field descriptors.
const (
	TypeString         FieldType = "String"
	TypeDouble         FieldType = "Double"
	TypeLong           FieldType = "Long"
	TypeDateTime       FieldType = "DateTime"
	TypeTimeSpan       FieldType = "TimeSpan"
	TypeBool           FieldType = "Bool"
	TypeListString     FieldType = "List<String>"
	TypeGuid           FieldType = "Guid"
	TypeListGuid       FieldType = "List<Guid>"
	TypeEnumInt        FieldType = "GenericEnum<Int>"
	TypeEnumString     FieldType = "GenericEnum<String>"
	TypeListEnumInt    FieldType = "List<GenericEnum<Int>>"
	TypeListEnumString FieldType = "List<GenericEnum<String>>"
)

// fieldTypes is the one table of what a field type holds.
var fieldTypes = map[FieldType]struct {
	element ValueKind
	list    bool
	plain   bool
}{
	TypeString:         {KindString, false, true},
	TypeDouble:         {KindDouble, false, true},
	TypeLong:           {KindLong, false, true},
	TypeDateTime:       {KindDateTime, false, true},
	TypeTimeSpan:       {KindTimeSpan, false, true},
	TypeBool:           {KindBool, false, true},
	TypeListString:     {KindString, true, true},
	TypeGuid:           {KindGuid, false, false},
	TypeListGuid:       {KindGuid, true, false},
	TypeEnumInt:        {KindInt, false, false},
	TypeEnumString:     {KindString, false, false},
	TypeListEnumInt:    {KindInt, true, false},
	TypeListEnumString: {KindString, true, false},
}

// PlainFieldTypes are the types a plain field may have.
func PlainFieldTypes() []FieldType {
	return []FieldType{TypeString, TypeDouble, TypeLong, TypeDateTime, TypeTimeSpan, TypeBool, TypeListString}
}

// IsPlain reports whether a plain field may have the type (row SD-02).
func (t FieldType) IsPlain() bool { return fieldTypes[t].plain }

// IsList reports whether a field of the type holds a list.
func (t FieldType) IsList() bool { return fieldTypes[t].list }

// ElementKind is the kind of the values, or of a list's items; KindInvalid when
// the type is unknown.
func (t FieldType) ElementKind() ValueKind { return fieldTypes[t].element }

// Accepts reports whether a value is of the type. An empty list is of every
// list type.
func (t FieldType) Accepts(v Value) bool {
	info, ok := fieldTypes[t]
	switch {
	case !ok:
		return false
	case info.list:
		return v.kind == KindList && (len(v.list) == 0 || v.list[0].kind == info.element)
	}
	return v.kind == info.element
}

// SectionDefinition describes a section: a named group of fields.
// (DOC:DOM_SectionDefinition)
type SectionDefinition struct {
	// ID is made by NewSectionDefinition and stays.
	ID SectionDefinitionID `json:"Id"`
	// ModuleID is filled in by the server.
	ModuleID string `json:"ModuleId,omitempty"`
	// Name is for people; it need not be unique.
	Name string `json:"Name,omitempty"`
	// FieldDescriptors are the fields in order.
	FieldDescriptors []*FieldDescriptor `json:"FieldDescriptors,omitempty"`
	Tracking         `json:",flatten"`
}

// FieldDescriptor describes one field of a section.
type FieldDescriptor struct {
	// ID stays when the field is renamed. It should be unique in the module, which
	// is not enforced.
	ID FieldDescriptorID `json:"Id"`
	// Name is for people.
	Name string `json:"Name,omitempty"`
	// FieldType is the type of the values; the kind says which there can be.
	FieldType FieldType `json:"FieldType,omitempty"`
	// IsOptional lets an instance leave the field out. It is ignored where a
	// status system applies.
	IsOptional bool `json:"IsOptional,omitempty"`
	// IsHidden and IsReadonly are for user interfaces only.
	IsHidden   bool `json:"IsHidden,omitempty"`
	IsReadonly bool `json:"IsReadonly,omitempty"`
	// Tooltip is a hint for people.
	Tooltip string `json:"Tooltip,omitempty"`
	// DefaultValue pre-fills a form; the server does not apply it.
	DefaultValue *Value `json:"DefaultValue,omitempty"`
	// IsSoftDeleted blocks new and changed values; those that are there stay.
	IsSoftDeleted bool `json:"IsSoftDeleted,omitempty"`
	// Validators apply where a status requires the field.
	Validators []FieldValidator `json:"Validators,omitempty"`

	// Kind says which of the special kinds the field is; empty means a plain
	// field. Each kind has one of the parts below, or none.
	Kind FieldDescriptorKind `json:"Kind,omitempty"`
	// AutoIncrement belongs to the kind AutoIncrement.
	AutoIncrement *AutoIncrementOptions `json:"AutoIncrement,omitempty"`
	// GenericEnum belongs to the kind GenericEnum.
	GenericEnum *GenericEnum `json:"GenericEnum,omitempty"`
	// Reference belongs to the kinds that refer to something.
	Reference *ReferenceOptions `json:"Reference,omitempty"`
	// StaticText is the text of a field of kind StaticText, which has no values.
	StaticText string `json:"StaticText,omitempty"`
}

// NewFieldDescriptor returns a required plain field with a new id.
func NewFieldDescriptor(name string, fieldType FieldType) *FieldDescriptor {
	return &FieldDescriptor{ID: NewFieldDescriptorID(), Name: name, FieldType: fieldType}
}

// NewSectionDefinition returns a section definition with a new id.
func NewSectionDefinition(name string, fields ...*FieldDescriptor) *SectionDefinition {
	s := &SectionDefinition{ID: NewSectionDefinitionID(), Name: name}
	for _, fd := range fields {
		s.AddOrReplaceFieldDescriptor(fd)
	}
	return s
}

// GetFieldDescriptorByID returns a field, nil when the section has none of that
// id.
func (s *SectionDefinition) GetFieldDescriptorByID(id FieldDescriptorID) *FieldDescriptor {
	for _, fd := range s.FieldDescriptors {
		if fd.ID == id {
			return fd
		}
	}
	return nil
}

// AddOrReplaceFieldDescriptor adds a field, or replaces the one with the same
// id (row SD-25).
func (s *SectionDefinition) AddOrReplaceFieldDescriptor(fd *FieldDescriptor) {
	if fd == nil {
		return
	}
	for i, old := range s.FieldDescriptors {
		if old.ID == fd.ID {
			s.FieldDescriptors[i] = fd
			return
		}
	}
	s.FieldDescriptors = append(s.FieldDescriptors, fd)
}

// RemoveFieldDescriptor removes a field and reports whether it was there.
func (s *SectionDefinition) RemoveFieldDescriptor(id FieldDescriptorID) bool {
	for i, fd := range s.FieldDescriptors {
		if fd.ID == id {
			s.FieldDescriptors = append(s.FieldDescriptors[:i], s.FieldDescriptors[i+1:]...)
			return true
		}
	}
	return false
}

// Kind implements Object.
func (s *SectionDefinition) Kind() ObjectKind { return KindSectionDefinition }

// Key implements Object.
func (s *SectionDefinition) Key() string { return s.ID.String() }

func (s *SectionDefinition) expose(e Exposer) []Value {
	switch e.Name {
	case exposeID:
		return []Value{ValueOf(s.ID)}
	case exposeName:
		return []Value{ValueOf(s.Name)}
	case exposeFieldDescriptorIDs:
		values := make([]Value, len(s.FieldDescriptors))
		for i, fd := range s.FieldDescriptors {
			values[i] = ValueOf(fd.ID)
		}
		return values
	case exposeFieldDescriptorNames:
		values := make([]Value, len(s.FieldDescriptors))
		for i, fd := range s.FieldDescriptors {
			values[i] = ValueOf(fd.Name)
		}
		return values
	}
	return s.Tracking.expose(e)
}
