package dom

import (
	"domovoi.dev/sdk/slnet"
)

// Stitch gives the section its definition, which GetSectionDefinition returns
// from then on. resolve returns nil for one that does not exist (row STI-01).
func (s *Section) Stitch(resolve func(id SectionDefinitionID) (*SectionDefinition, error)) error {
	definition, err := resolve(s.SectionDefinitionID)
	if err != nil {
		return err
	}
	s.stitched, s.definition = true, definition
	return nil
}

// GetSectionDefinition returns the definition the section was stitched with,
// nil when that does not exist. A section that was not stitched is an error of
// slnet.KindConflict.
func (s *Section) GetSectionDefinition() (*SectionDefinition, error) {
	if !s.stitched {
		return nil, slnet.Errorf(slnet.KindConflict, "section %s is not stitched; call Stitch first", s.ID)
	}
	return s.definition, nil
}

// GetFieldDescriptor returns the descriptor of one of the section's fields, nil
// when the definition has none of that id. The section must be stitched.
func (s *Section) GetFieldDescriptor(id FieldDescriptorID) (*FieldDescriptor, error) {
	definition, err := s.GetSectionDefinition()
	if err != nil || definition == nil {
		return nil, err
	}
	return definition.GetFieldDescriptorByID(id), nil
}

// NewSectionOf returns an empty section with a new id, stitched with its
// definition.
func NewSectionOf(definition *SectionDefinition) *Section {
	s := NewSection(definition.ID)
	s.stitched, s.definition = true, definition
	return s
}

// Stitch stitches all sections of the instance.
func (i *Instance) Stitch(resolve func(id SectionDefinitionID) (*SectionDefinition, error)) error {
	for _, s := range i.Sections {
		if err := s.Stitch(resolve); err != nil {
			return err
		}
	}
	return nil
}

// Clone returns a copy of the instance without what the server tracks.
func (i *Instance) Clone() *Instance {
	clone := *i
	clone.Tracking = Tracking{}
	clone.Sections = make([]*Section, len(i.Sections))
	for n, s := range i.Sections {
		section := *s
		section.FieldValues = append([]FieldValue(nil), s.FieldValues...)
		clone.Sections[n] = &section
	}
	return &clone
}
