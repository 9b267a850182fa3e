package dom

// Definition describes a kind of business object: which sections its instances
// have. (DOC:DomDefinition)
type Definition struct {
	// ID is made by NewDefinition and stays.
	ID DefinitionID `json:"Id"`
	// ModuleID is filled in by the server.
	ModuleID string `json:"ModuleId,omitempty"`
	// Name is for people; it need not be unique.
	Name string `json:"Name,omitempty"`
	// SectionDefinitionLinks are the sections of the instances. Where a status
	// system applies, those of the behavior definition count instead.
	SectionDefinitionLinks []SectionDefinitionLink `json:"SectionDefinitionLinks,omitempty"`
	// DomBehaviorDefinitionID gives the instances a status system, zero for none.
	DomBehaviorDefinitionID BehaviorDefinitionID `json:"DomBehaviorDefinitionId"`
	// ModuleSettingsOverrides replace settings of the module.
	ModuleSettingsOverrides ModuleSettingsOverrides `json:"ModuleSettingsOverrides,omitempty"`
	Tracking                `json:",flatten"`
}

// ModuleSettingsOverrides replace settings of the module for one definition. A
// nil part inherits; one that is not nil overrides, also when it is empty (row
// DEF-06).
type ModuleSettingsOverrides struct {
	// NameDefinition replaces the one of the module.
	NameDefinition *NameDefinition `json:"NameDefinition,omitempty"`
	// ScriptSettings replace those of the module.
	ScriptSettings *ScriptSettings `json:"ScriptSettings,omitempty"`
	// HistorySettings replace those of the module.
	HistorySettings *HistorySettings `json:"HistorySettings,omitempty"`
}

// SectionDefinitionLink says that the instances of a definition have a section.
type SectionDefinitionLink struct {
	// SectionDefinitionID is the section definition.
	SectionDefinitionID SectionDefinitionID `json:"SectionDefinitionId"`
	// IsOptional lets an instance leave the section out.
	IsOptional bool `json:"IsOptional,omitempty"`
	// AllowMultipleSections lets an instance have several sections of it.
	AllowMultipleSections bool `json:"AllowMultipleSections,omitempty"`
	// IsSoftDeleted blocks new sections; those that are there stay.
	IsSoftDeleted bool `json:"IsSoftDeleted,omitempty"`
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
	case exposeDomBehaviorDefinitionID:
		if d.DomBehaviorDefinitionID.IsZero() {
			return nil
		}
		return []Value{ValueOf(d.DomBehaviorDefinitionID)}
	case exposeSectionDefinitionIDs:
		values := make([]Value, len(d.SectionDefinitionLinks))
		for i, link := range d.SectionDefinitionLinks {
			values[i] = ValueOf(link.SectionDefinitionID)
		}
		return values
	}
	return d.Tracking.expose(e)
}
