package dom

import (
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// FieldDescriptorKind names a special kind of field (dom.md 3.5).
type FieldDescriptorKind string

// The kinds of fields.
const (
	FieldPlain             FieldDescriptorKind = ""
	FieldAutoIncrement     FieldDescriptorKind = "AutoIncrement"     // a number handed out by a counter, as text
	FieldGenericEnum       FieldDescriptorKind = "GenericEnum"       // one or several entries of a list
	FieldDomInstance       FieldDescriptorKind = "DomInstance"       // references to instances
	FieldDomInstanceValue  FieldDescriptorKind = "DomInstanceValue"  // references to instances, shown by one of their fields
	FieldElement           FieldDescriptorKind = "Element"           // references to elements, as "agent/element"
	FieldResource          FieldDescriptorKind = "Resource"          // references to resources
	FieldReservation       FieldDescriptorKind = "Reservation"       // references to reservations
	FieldServiceDefinition FieldDescriptorKind = "ServiceDefinition" // references to service definitions
	FieldStaticText        FieldDescriptorKind = "StaticText"        // a text without values
	FieldUser              FieldDescriptorKind = "User"              // the name of a user
	FieldGroup             FieldDescriptorKind = "Group"             // the name of a group
)

// fieldKinds are the field types each kind may have.
var fieldKinds = map[FieldDescriptorKind][]FieldType{
	FieldPlain:             {TypeString, TypeDouble, TypeLong, TypeDateTime, TypeTimeSpan, TypeBool, TypeListString},
	FieldAutoIncrement:     {TypeString},
	FieldGenericEnum:       {TypeEnumInt, TypeEnumString, TypeListEnumInt, TypeListEnumString},
	FieldDomInstance:       {TypeGuid, TypeListGuid},
	FieldDomInstanceValue:  {TypeGuid, TypeListGuid},
	FieldElement:           {TypeString, TypeListString},
	FieldResource:          {TypeGuid, TypeListGuid},
	FieldReservation:       {TypeGuid, TypeListGuid},
	FieldServiceDefinition: {TypeGuid, TypeListGuid},
	FieldStaticText:        {TypeString},
	FieldUser:              {TypeString},
	FieldGroup:             {TypeString},
}

// FieldTypes returns the field types the kind may have, none for an unknown
// kind (rows SD-02 to SD-04).
func (k FieldDescriptorKind) FieldTypes() []FieldType { return slices.Clone(fieldKinds[k]) }

// AutoIncrementOptions belong to a field of kind AutoIncrement.
type AutoIncrementOptions struct {
	// AutoIncrementerID names the counter. Several fields, also of several
	// modules, may share one.
	AutoIncrementerID uuid.UUID `json:"AutoIncrementerId"`
	// IDFormat is a .NET composite format with {0} for the number, such as
	// REF-{0:000000}; empty means the number alone.
	IDFormat string `json:"IdFormat,omitempty"`
}

// ReferenceOptions belong to the kinds that refer to something. They are hints
// for user interfaces and not checked.
type ReferenceOptions struct {
	// ModuleID is the module of the instances referred to; empty means the
	// field's own.
	ModuleID string `json:"ModuleId,omitempty"`
	// DomDefinitionIDs are the definitions to choose instances of, all when empty.
	DomDefinitionIDs []DefinitionID `json:"DomDefinitionIds,omitempty"`
	// FieldDescriptorID is the field whose value is shown for an instance.
	FieldDescriptorID FieldDescriptorID `json:"FieldDescriptorId"`
	// ViewIDs are views to choose elements from.
	ViewIDs []int64 `json:"ViewIds,omitempty"`
	// ResourcePoolIDs are pools to choose resources from.
	ResourcePoolIDs []uuid.UUID `json:"ResourcePoolIds,omitempty"`
	// ServiceDefinitionFilter narrows service definitions.
	ServiceDefinitionFilter string `json:"ServiceDefinitionFilter,omitempty"`
	// GroupNames are groups to choose users from.
	GroupNames []string `json:"GroupNames,omitempty"`
}

// GenericEnum is the ordered list of entries a field of kind GenericEnum
// chooses from.
type GenericEnum struct {
	// EnumName is for people.
	EnumName string `json:"EnumName,omitempty"`
	// Entries are the entries in order.
	Entries []GenericEnumEntry `json:"Entries,omitempty"`
}

// GenericEnumEntry is one entry. Its value is an int or a string, as the type of
// the field says.
type GenericEnumEntry struct {
	// DisplayName is what people see; it is unique in the list.
	DisplayName string `json:"DisplayName"`
	// Value is what is stored; it is unique in the list.
	Value Value `json:"Value"`
	// IsHidden is for user interfaces only.
	IsHidden bool `json:"IsHidden,omitempty"`
	// IsSoftDeleted blocks new uses of the entry.
	IsSoftDeleted bool `json:"IsSoftDeleted,omitempty"`
}

// NewGenericEnum returns an enumeration without entries.
func NewGenericEnum(name string) *GenericEnum { return &GenericEnum{EnumName: name} }

// AddEntry adds an entry at the end. value is an int, an int32 or a string. A
// display name or value that is there already is an error of
// slnet.KindAlreadyExists (row SD-05).
func (e *GenericEnum) AddEntry(displayName string, value any) error {
	v := enumValue(ValueOf(value))
	if v.kind != KindInt && v.kind != KindString {
		return slnet.Errorf(slnet.KindInvalid, "the value of entry %q is %v; it must be an int of 32 bits or a string", displayName, value)
	}
	for _, entry := range e.Entries {
		if entry.DisplayName == displayName {
			return slnet.Errorf(slnet.KindAlreadyExists, "enum %q has an entry with the display name %q already", e.EnumName, displayName)
		}
		if entry.Value.Equal(v) {
			return slnet.Errorf(slnet.KindAlreadyExists, "enum %q has an entry with the value %v already", e.EnumName, v)
		}
	}
	e.Entries = append(e.Entries, GenericEnumEntry{DisplayName: displayName, Value: v})
	return nil
}

// RemoveEntry removes the entry of a value and reports whether it was there.
func (e *GenericEnum) RemoveEntry(value any) bool {
	before := len(e.Entries)
	v := enumValue(ValueOf(value))
	e.Entries = slices.DeleteFunc(e.Entries, func(entry GenericEnumEntry) bool { return entry.Value.Equal(v) })
	return len(e.Entries) < before
}

// Entry returns the entry of a value, nil when there is none.
func (e *GenericEnum) Entry(value Value) *GenericEnumEntry {
	v := enumValue(value)
	for i := range e.Entries {
		if e.Entries[i].Value.Equal(v) {
			return &e.Entries[i]
		}
	}
	return nil
}

// enumValue turns a long that fits into an int: a Go int is one, and
// enumerations hold ints of 32 bits.
func enumValue(v Value) Value {
	if v.kind == KindLong && v.num == int64(int32(v.num)) {
		return Value{kind: KindInt, num: v.num}
	}
	return v
}

// NewAutoIncrementFieldDescriptor returns an AutoIncrement field with a counter of
// its own. An instance without a value gets one when it is saved.
func NewAutoIncrementFieldDescriptor(name, idFormat string) *FieldDescriptor {
	fd := NewFieldDescriptor(name, TypeString)
	fd.Kind = FieldAutoIncrement
	fd.AutoIncrement = &AutoIncrementOptions{AutoIncrementerID: uuid.New(), IDFormat: idFormat}
	return fd
}

// NewGenericEnumFieldDescriptor returns a required field that chooses from an
// enumeration.
func NewGenericEnumFieldDescriptor(name string, fieldType FieldType, enum *GenericEnum) *FieldDescriptor {
	fd := NewFieldDescriptor(name, fieldType)
	fd.Kind = FieldGenericEnum
	fd.GenericEnum = enum
	return fd
}

// NewDomInstanceFieldDescriptor returns a required field that refers to
// instances of a module, "" for its own. fieldType is TypeGuid or TypeListGuid.
func NewDomInstanceFieldDescriptor(name string, fieldType FieldType, moduleID string, definitions ...DefinitionID) *FieldDescriptor {
	fd := NewFieldDescriptor(name, fieldType)
	fd.Kind = FieldDomInstance
	fd.Reference = &ReferenceOptions{ModuleID: moduleID, DomDefinitionIDs: definitions}
	return fd
}

// NewStaticTextFieldDescriptor returns a field that shows a text.
func NewStaticTextFieldDescriptor(name, text string) *FieldDescriptor {
	fd := NewFieldDescriptor(name, TypeString)
	fd.Kind = FieldStaticText
	fd.StaticText = text
	return fd
}

// ValidatorKind names a kind of validator.
type ValidatorKind string

// The kinds of validators.
const (
	ValidatorRegex    ValidatorKind = "Regex"
	ValidatorEmail    ValidatorKind = "Email"
	ValidatorURI      ValidatorKind = "Uri"
	ValidatorUserName ValidatorKind = "UserName"
)

// URIKind says which URIs a validator accepts.
type URIKind string

// The kinds of URIs.
const (
	URIAny      URIKind = "RelativeOrAbsolute"
	URIAbsolute URIKind = "Absolute"
	URIRelative URIKind = "Relative"
)

// FieldValidator checks the text of a value where a status requires the field.
type FieldValidator struct {
	// Kind is what it checks.
	Kind ValidatorKind `json:"Kind"`
	// Pattern is what a Regex validator matches, in the syntax of package
	// regexp; IgnoreCase makes it ignore case.
	Pattern    string `json:"Pattern,omitempty"`
	IgnoreCase bool   `json:"IgnoreCase,omitempty"`
	// URIKind and AcceptedSchemes belong to a Uri validator; no schemes means
	// all.
	URIKind         URIKind  `json:"UriKind,omitempty"`
	AcceptedSchemes []string `json:"AcceptedSchemes,omitempty"`
}
