package dom

// BehaviorDefinition gives the instances of DOM definitions a life cycle:
// statuses, transitions between them, and which fields exist, are required and
// can be changed in each. (DOC:DomBehaviorDefinition)
type BehaviorDefinition struct {
	ID       BehaviorDefinitionID `json:"Id"`
	ModuleID string               `json:"ModuleId,omitempty"`
	Name     string               `json:"Name,omitempty"`
	// ParentID is the behavior this one inherits from: zero, or that of the
	// module settings.
	ParentID                     BehaviorDefinitionID          `json:"ParentId"`
	InitialStatusID              string                        `json:"InitialStatusId,omitempty"`
	Statuses                     []Status                      `json:"Statuses,omitempty"`
	StatusTransitions            []StatusTransition            `json:"StatusTransitions,omitempty"`
	StatusSectionDefinitionLinks []StatusSectionDefinitionLink `json:"StatusSectionDefinitionLinks,omitempty"`
	ActionDefinitions            []ActionDefinition            `json:"ActionDefinitions,omitempty"`
	ButtonDefinitions            []ButtonDefinition            `json:"ButtonDefinitions,omitempty"`
	Tracking                     `json:",flatten"`
}

// Status is one status of a life cycle. Its id has no uppercase letters.
type Status struct {
	ID          string `json:"Id"`
	DisplayName string `json:"DisplayName,omitempty"`
}

// StatusTransition leads from one status to another.
type StatusTransition struct {
	ID           string `json:"Id"`
	FromStatusID string `json:"FromStatusId"`
	ToStatusID   string `json:"ToStatusId"`
	// FlowLevel is for drawing: 0 is the main path.
	FlowLevel int64 `json:"FlowLevel,omitempty"`
}

// StatusSectionDefinitionLink says that a section exists in a status, and what
// holds for its fields there.
type StatusSectionDefinitionLink struct {
	StatusID              string                `json:"StatusId"`
	SectionDefinitionID   SectionDefinitionID   `json:"SectionDefinitionId"`
	FieldDescriptorLinks  []FieldDescriptorLink `json:"FieldDescriptorLinks,omitempty"`
	AllowMultipleSections bool                  `json:"AllowMultipleSections,omitempty"`
	IsSoftDeleted         bool                  `json:"IsSoftDeleted,omitempty"`
}

// FieldDescriptorLink says what holds for a field in a status. A field without
// a link must not have values in it.
type FieldDescriptorLink struct {
	FieldDescriptorID FieldDescriptorID `json:"FieldDescriptorId"`
	// Visible is for user interfaces only.
	Visible           bool `json:"Visible,omitempty"`
	RequiredForStatus bool `json:"RequiredForStatus,omitempty"`
	// ReadOnly forbids to change the field; ClientReadOnly only tells user
	// interfaces to.
	ReadOnly       bool `json:"ReadOnly,omitempty"`
	ClientReadOnly bool `json:"ClientReadOnly,omitempty"`
}

// ActionDefinition is a script that can be executed on an instance.
type ActionDefinition struct {
	ID        string     `json:"Id"`
	Condition *Condition `json:"Condition,omitempty"`
	Script    string     `json:"Script,omitempty"`
	Async     bool       `json:"Async,omitempty"`
	// ScriptOptions fill the script's parameters, such as
	// PARAMETERBYNAME:Customer:acme.
	ScriptOptions []string `json:"ScriptOptions,omitempty"`
	IsInteractive bool     `json:"IsInteractive,omitempty"`
}

// ButtonDefinition is a button on the page of an instance.
type ButtonDefinition struct {
	ID                  string       `json:"Id"`
	Layout              ButtonLayout `json:"Layout,omitempty"`
	VisibilityCondition *Condition   `json:"VisibilityCondition,omitempty"`
	// ActionDefinitionIDs has at most one action.
	ActionDefinitionIDs []string `json:"ActionDefinitionIds,omitempty"`
}

// ButtonLayout is what a button looks like.
type ButtonLayout struct {
	Text    string `json:"Text,omitempty"`
	Icon    string `json:"Icon,omitempty"`
	ToolTip string `json:"ToolTip,omitempty"`
	Order   int64  `json:"Order,omitempty"`
}

// Condition is met by an instance in one of the Statuses, or, when TransitionID
// is set, by one that is ready for that transition.
type Condition struct {
	Statuses     []string `json:"Statuses,omitempty"`
	TransitionID string   `json:"TransitionId,omitempty"`
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
