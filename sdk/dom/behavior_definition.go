package dom

// BehaviorDefinition gives the instances of DOM definitions a life cycle:
// statuses, transitions between them, and which fields exist, are required and
// can be changed in each. (DOC:DomBehaviorDefinition)
type BehaviorDefinition struct {
	// ID is made by NewBehaviorDefinition and stays.
	ID BehaviorDefinitionID `json:"Id"`
	// ModuleID is filled in by the server.
	ModuleID string `json:"ModuleId,omitempty"`
	// Name is for people.
	Name string `json:"Name,omitempty"`
	// ParentID is the behavior this one inherits from: zero, or that of the
	// module settings.
	ParentID BehaviorDefinitionID `json:"ParentId"`
	// InitialStatusID is the status of new instances that say none; one of
	// Statuses, and empty when there are none.
	InitialStatusID string `json:"InitialStatusId,omitempty"`
	// Statuses are all statuses. Without any, its own or inherited, there is no
	// status system.
	Statuses []Status `json:"Statuses,omitempty"`
	// StatusTransitions are the ways from status to status.
	StatusTransitions []StatusTransition `json:"StatusTransitions,omitempty"`
	// StatusSectionDefinitionLinks say which sections and fields each status has.
	StatusSectionDefinitionLinks []StatusSectionDefinitionLink `json:"StatusSectionDefinitionLinks,omitempty"`
	// ActionDefinitions are the scripts that can be executed on an instance.
	ActionDefinitions []ActionDefinition `json:"ActionDefinitions,omitempty"`
	// ButtonDefinitions are the buttons of an instance.
	ButtonDefinitions []ButtonDefinition `json:"ButtonDefinitions,omitempty"`
	Tracking          `json:",flatten"`
}

// Status is one status of a life cycle. Its id has no uppercase letters.
type Status struct {
	// ID is unique in the behavior definition.
	ID string `json:"Id"`
	// DisplayName is for people.
	DisplayName string `json:"DisplayName,omitempty"`
}

// StatusTransition leads from one status to another.
type StatusTransition struct {
	// ID is unique in the behavior definition and has no uppercase letters.
	ID string `json:"Id"`
	// FromStatusID is the status it begins at.
	FromStatusID string `json:"FromStatusId"`
	// ToStatusID is the status it leads to.
	ToStatusID string `json:"ToStatusId"`
	// FlowLevel is for drawing: 0 is the main path.
	FlowLevel int64 `json:"FlowLevel,omitempty"`
}

// StatusSectionDefinitionLink says that a section exists in a status, and what
// holds for its fields there.
type StatusSectionDefinitionLink struct {
	// StatusID is the status.
	StatusID string `json:"StatusId"`
	// SectionDefinitionID is the section definition; it need not exist.
	SectionDefinitionID SectionDefinitionID `json:"SectionDefinitionId"`
	// FieldDescriptorLinks are the fields that the section has in the status.
	FieldDescriptorLinks []FieldDescriptorLink `json:"FieldDescriptorLinks,omitempty"`
	// AllowMultipleSections lets an instance have several such sections.
	AllowMultipleSections bool `json:"AllowMultipleSections,omitempty"`
	// IsSoftDeleted blocks new values in the status; those that are there stay.
	IsSoftDeleted bool `json:"IsSoftDeleted,omitempty"`
}

// FieldDescriptorLink says what holds for a field in a status. A field without
// a link must not have values in it.
type FieldDescriptorLink struct {
	// FieldDescriptorID is the field.
	FieldDescriptorID FieldDescriptorID `json:"FieldDescriptorId"`
	// Visible is for user interfaces only.
	Visible bool `json:"Visible,omitempty"`
	// RequiredForStatus wants a value, which the validators of the field accept.
	RequiredForStatus bool `json:"RequiredForStatus,omitempty"`
	// ReadOnly forbids to change the field; ClientReadOnly only tells user
	// interfaces to.
	ReadOnly       bool `json:"ReadOnly,omitempty"`
	ClientReadOnly bool `json:"ClientReadOnly,omitempty"`
}

// ActionDefinition is a script that can be executed on an instance.
type ActionDefinition struct {
	// ID is unique in the behavior definition and has no uppercase letters.
	ID string `json:"Id"`
	// Condition is what an instance must meet, nil for nothing.
	Condition *Condition `json:"Condition,omitempty"`
	// Script is the name of the script, whose OnDomAction is called.
	Script string `json:"Script,omitempty"`
	// Async answers when the run is queued, instead of when it has ended.
	Async bool `json:"Async,omitempty"`
	// ScriptOptions fill the script's parameters, such as
	// PARAMETERBYNAME:Customer:acme.
	ScriptOptions []string `json:"ScriptOptions,omitempty"`
	// IsInteractive answers as Async does.
	IsInteractive bool `json:"IsInteractive,omitempty"`
}

// ButtonDefinition is a button on the page of an instance.
type ButtonDefinition struct {
	// ID is unique in the behavior definition and has no uppercase letters.
	ID string `json:"Id"`
	// Layout is what it looks like.
	Layout ButtonLayout `json:"Layout,omitempty"`
	// VisibilityCondition is what an instance must meet for it to be shown, nil
	// for nothing.
	VisibilityCondition *Condition `json:"VisibilityCondition,omitempty"`
	// ActionDefinitionIDs has at most one action.
	ActionDefinitionIDs []string `json:"ActionDefinitionIds,omitempty"`
}

// ButtonLayout is what a button looks like.
type ButtonLayout struct {
	// Text is what stands on it.
	Text string `json:"Text,omitempty"`
	// Icon is the name of an icon.
	Icon string `json:"Icon,omitempty"`
	// ToolTip is a hint for people.
	ToolTip string `json:"ToolTip,omitempty"`
	// Order is its place among the buttons, the smallest first.
	Order int64 `json:"Order,omitempty"`
}

// Condition is met by an instance in one of the Statuses, or, when TransitionID
// is set, by one that is ready for that transition.
type Condition struct {
	// Statuses are ids of statuses, one of which the instance is in.
	Statuses []string `json:"Statuses,omitempty"`
	// TransitionID is the id of a transition.
	TransitionID string `json:"TransitionId,omitempty"`
}

// NewBehaviorDefinition returns a behavior definition with a new id. The first
// status is the initial one.
func NewBehaviorDefinition(name string, statuses ...Status) *BehaviorDefinition {
	b := &BehaviorDefinition{ID: NewBehaviorDefinitionID(), Name: name, Statuses: statuses}
	if len(statuses) > 0 {
		b.InitialStatusID = statuses[0].ID
	}
	return b
}

// HasStatuses reports whether the behavior itself has statuses.
func (b *BehaviorDefinition) HasStatuses() bool { return len(b.Statuses) > 0 }

// Kind implements Object.
func (b *BehaviorDefinition) Kind() ObjectKind { return KindBehaviorDefinition }

// Key implements Object.
func (b *BehaviorDefinition) Key() string { return b.ID.String() }

func (b *BehaviorDefinition) expose(e Exposer) []Value {
	switch e.Name {
	case exposeID:
		return []Value{ValueOf(b.ID)}
	case exposeName:
		return []Value{ValueOf(b.Name)}
	case exposeParentID:
		if b.ParentID.IsZero() {
			return nil
		}
		return []Value{ValueOf(b.ParentID)}
	}
	return b.Tracking.expose(e)
}
