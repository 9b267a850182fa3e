package dom

import (
	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// Identities are GUIDs, each with a type of its own. They are made when an
// object is constructed, so that they can be referred to before it is saved.
// Their text form is the usual one of 36 characters.
type (
	// InstanceID identifies a DOM instance.
	InstanceID [16]byte
	// DefinitionID identifies a DOM definition.
	DefinitionID [16]byte
	// BehaviorDefinitionID identifies a DOM behavior definition.
	BehaviorDefinitionID [16]byte
	// TemplateID identifies a DOM template.
	TemplateID [16]byte
	// SectionDefinitionID identifies a section definition.
	SectionDefinitionID [16]byte
	// FieldDescriptorID identifies a field descriptor.
	FieldDescriptorID [16]byte
	// SectionID identifies a section of an instance.
	SectionID [16]byte
	// HistoryChangeID identifies a history record.
	HistoryChangeID [16]byte
)

// parseID reads the text form of a GUID into an identity; what names the
// identity in the error.
func parseID(text, what string) ([16]byte, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, slnet.Errorf(slnet.KindInvalid, "%q is not the id of %s: want a GUID such as 6c5d2f0e-8f5b-4b0c-9d4e-0f5a1b2c3d4e", text, what)
	}
	return id, nil
}

// NewInstanceID returns a new random id.
func NewInstanceID() InstanceID { return InstanceID(uuid.New()) }

// ParseInstanceID reads the text form.
func ParseInstanceID(text string) (InstanceID, error) {
	id, err := parseID(text, "a DOM instance")
	return InstanceID(id), err
}

// String is the text form.
func (id InstanceID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the id is empty.
func (id InstanceID) IsZero() bool { return id == InstanceID{} }

// MarshalText implements encoding.TextMarshaler.
func (id InstanceID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *InstanceID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseInstanceID(string(text))
	return err
}

// NewDefinitionID returns a new random id.
func NewDefinitionID() DefinitionID { return DefinitionID(uuid.New()) }

// ParseDefinitionID reads the text form.
func ParseDefinitionID(text string) (DefinitionID, error) {
	id, err := parseID(text, "a DOM definition")
	return DefinitionID(id), err
}

// String is the text form.
func (id DefinitionID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the id is empty.
func (id DefinitionID) IsZero() bool { return id == DefinitionID{} }

// MarshalText implements encoding.TextMarshaler.
func (id DefinitionID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *DefinitionID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseDefinitionID(string(text))
	return err
}

// NewBehaviorDefinitionID returns a new random id.
func NewBehaviorDefinitionID() BehaviorDefinitionID { return BehaviorDefinitionID(uuid.New()) }

// ParseBehaviorDefinitionID reads the text form.
func ParseBehaviorDefinitionID(text string) (BehaviorDefinitionID, error) {
	id, err := parseID(text, "a DOM behavior definition")
	return BehaviorDefinitionID(id), err
}

// String is the text form.
func (id BehaviorDefinitionID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the id is empty.
func (id BehaviorDefinitionID) IsZero() bool { return id == BehaviorDefinitionID{} }

// MarshalText implements encoding.TextMarshaler.
func (id BehaviorDefinitionID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *BehaviorDefinitionID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseBehaviorDefinitionID(string(text))
	return err
}

// NewTemplateID returns a new random id.
func NewTemplateID() TemplateID { return TemplateID(uuid.New()) }

// ParseTemplateID reads the text form.
func ParseTemplateID(text string) (TemplateID, error) {
	id, err := parseID(text, "a DOM template")
	return TemplateID(id), err
}

// String is the text form.
func (id TemplateID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the id is empty.
func (id TemplateID) IsZero() bool { return id == TemplateID{} }

// MarshalText implements encoding.TextMarshaler.
func (id TemplateID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *TemplateID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseTemplateID(string(text))
	return err
}

// NewSectionDefinitionID returns a new random id.
func NewSectionDefinitionID() SectionDefinitionID { return SectionDefinitionID(uuid.New()) }

// ParseSectionDefinitionID reads the text form.
func ParseSectionDefinitionID(text string) (SectionDefinitionID, error) {
	id, err := parseID(text, "a section definition")
	return SectionDefinitionID(id), err
}

// String is the text form.
func (id SectionDefinitionID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the id is empty.
func (id SectionDefinitionID) IsZero() bool { return id == SectionDefinitionID{} }

// MarshalText implements encoding.TextMarshaler.
func (id SectionDefinitionID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *SectionDefinitionID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseSectionDefinitionID(string(text))
	return err
}

// NewFieldDescriptorID returns a new random id.
func NewFieldDescriptorID() FieldDescriptorID { return FieldDescriptorID(uuid.New()) }

// ParseFieldDescriptorID reads the text form.
func ParseFieldDescriptorID(text string) (FieldDescriptorID, error) {
	id, err := parseID(text, "a field descriptor")
	return FieldDescriptorID(id), err
}

// String is the text form.
func (id FieldDescriptorID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the id is empty.
func (id FieldDescriptorID) IsZero() bool { return id == FieldDescriptorID{} }

// MarshalText implements encoding.TextMarshaler.
func (id FieldDescriptorID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *FieldDescriptorID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseFieldDescriptorID(string(text))
	return err
}

// NewSectionID returns a new random id.
func NewSectionID() SectionID { return SectionID(uuid.New()) }

// ParseSectionID reads the text form.
func ParseSectionID(text string) (SectionID, error) {
	id, err := parseID(text, "a section of an instance")
	return SectionID(id), err
}

// String is the text form.
func (id SectionID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the id is empty.
func (id SectionID) IsZero() bool { return id == SectionID{} }

// MarshalText implements encoding.TextMarshaler.
func (id SectionID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *SectionID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseSectionID(string(text))
	return err
}

// NewHistoryChangeID returns a new random id.
func NewHistoryChangeID() HistoryChangeID { return HistoryChangeID(uuid.New()) }

// ParseHistoryChangeID reads the text form.
func ParseHistoryChangeID(text string) (HistoryChangeID, error) {
	id, err := parseID(text, "a history record")
	return HistoryChangeID(id), err
}

// String is the text form.
func (id HistoryChangeID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the id is empty.
func (id HistoryChangeID) IsZero() bool { return id == HistoryChangeID{} }

// MarshalText implements encoding.TextMarshaler.
func (id HistoryChangeID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *HistoryChangeID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseHistoryChangeID(string(text))
	return err
}
