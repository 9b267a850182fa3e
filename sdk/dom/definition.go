package dom

// Definition describes a kind of business object: which sections its instances
// have. (DOC:DomDefinition)
type Definition struct {
	ID                     DefinitionID            `json:"Id"`
	ModuleID               string                  `json:"ModuleId,omitempty"`
	Name                   string                  `json:"Name,omitempty"`
	SectionDefinitionLinks []SectionDefinitionLink `json:"SectionDefinitionLinks,omitempty"`
	Tracking               `json:",flatten"`
}

// SectionDefinitionLink says that the instances of a definition have a section.
type SectionDefinitionLink struct {
	SectionDefinitionID SectionDefinitionID `json:"SectionDefinitionId"`
	// IsOptional lets an instance leave the section out.
	IsOptional bool `json:"IsOptional,omitempty"`
	// AllowMultipleSections lets an instance have several sections of it.
	AllowMultipleSections bool `json:"AllowMultipleSections,omitempty"`
	IsSoftDeleted         bool `json:"IsSoftDeleted,omitempty"`
}

// NewDefinition returns a definition with a new id.
func NewDefinition(name string, links ...SectionDefinitionLink) *Definition {
	return &Definition{ID: NewDefinitionID(), Name: name, SectionDefinitionLinks: links}
}

// Kind implements Object.
func (d *Definition) Kind() ObjectKind { return KindDefinition }

// Key implements Object.
func (d *Definition) Key() string { return d.ID.String() }

func (d *Definition) expose(e Exposer) []Value {
	switch e.Name {
	case exposeID:
		return []Value{ValueOf(d.ID)}
	case exposeName:
		return []Value{ValueOf(d.Name)}
	case exposeSectionDefinitionIDs:
		values := make([]Value, len(d.SectionDefinitionLinks))
		for i, link := range d.SectionDefinitionLinks {
			values[i] = ValueOf(link.SectionDefinitionID)
		}
		return values
	}
	return d.Tracking.expose(e)
}
