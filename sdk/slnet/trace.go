package slnet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// TraceData is what a manager has to say about a request: errors, warnings and
// information. A request whose TraceData has errors changed nothing (in bulk
// requests: nothing of the item the TraceData is about).
type TraceData struct {
	// ErrorData are the errors. There are none when the request has succeeded.
	ErrorData []ErrorData `json:"ErrorData,omitempty"`
	// WarningData are warnings: what was asked for was done.
	WarningData []ErrorData `json:"WarningData,omitempty"`
	// InfoData is information.
	InfoData []InfoData `json:"InfoData,omitempty"`
}

// ErrorType is the family of an ErrorData; within a family the Reason says what
// happened.
type ErrorType string

// ErrorData is one error or warning with its documented reason and properties.
type ErrorData struct {
	// Type is the family, such as DomInstanceError.
	Type ErrorType `json:"Type"`
	// Reason is the documented reason.
	Reason Reason `json:"Reason"`
	// Message says it in words.
	Message string `json:"Message,omitempty"`
	// Properties holds what the reason documents; the rest is empty.
	Properties ErrorProperties `json:"Properties,omitempty"`
}

// ErrorProperties are the properties of all error reasons. Lists of instance
// ids are cut at 100.
type ErrorProperties struct {
	// ID is the object that was refused, or that is missing.
	ID string `json:"Id,omitempty"`
	// Name is its name.
	Name string `json:"Name,omitempty"`
	// ModuleID is the module.
	ModuleID string `json:"ModuleId,omitempty"`
	// Value is the value, path or id that is wrong, as text.
	Value string `json:"Value,omitempty"`
	// IDs are the ids of statuses, transitions, actions, buttons or links that are
	// wrong.
	IDs []string `json:"Ids,omitempty"`
	// DomInstanceIDs are the instances that use something, or that there is no
	// access to.
	DomInstanceIDs []uuid.UUID `json:"DomInstanceIds,omitempty"`
	// DomDefinitionIDs are the DOM definitions.
	DomDefinitionIDs []uuid.UUID `json:"DomDefinitionIds,omitempty"`
	// DomBehaviorDefinitionIDs are the behavior definitions.
	DomBehaviorDefinitionIDs []uuid.UUID `json:"DomBehaviorDefinitionIds,omitempty"`
	// SectionDefinitionIDs are the section definitions.
	SectionDefinitionIDs []uuid.UUID `json:"SectionDefinitionIds,omitempty"`
	// SectionIDs are sections of the instance.
	SectionIDs []uuid.UUID `json:"SectionIds,omitempty"`
	// FieldDescriptorIDs are the fields.
	FieldDescriptorIDs []uuid.UUID `json:"FieldDescriptorIds,omitempty"`
	// MissingSections are section definitions of which a section is missing.
	MissingSections []uuid.UUID `json:"MissingSections,omitempty"`
	// InvalidSections are section definitions of which there may be no section, or
	// only one.
	InvalidSections []uuid.UUID `json:"InvalidSections,omitempty"`
	// AssociatedFields say which values of the instance are meant.
	AssociatedFields []AssociatedField `json:"AssociatedFields,omitempty"`
	// StatusID is the status the instance is in, or that is wrong.
	StatusID string `json:"StatusId,omitempty"`
	// TransitionID is the transition that was asked for.
	TransitionID string `json:"TransitionId,omitempty"`
	// FieldType is the type that is not possible.
	FieldType string `json:"FieldType,omitempty"`
	// SupportedTypes are those that are.
	SupportedTypes []string `json:"SupportedTypes,omitempty"`
	// UsedInDomManagerSettings says that the settings of the module use it.
	UsedInDomManagerSettings bool `json:"UsedInDomManagerSettings,omitempty"`
	// ActualSize is the size of the value in bytes.
	ActualSize int64 `json:"ActualSize,omitempty"`
	// MaxSize is the largest that is allowed.
	MaxSize int64 `json:"MaxSize,omitempty"`
	// Limit is how many there may be.
	Limit int64 `json:"Limit,omitempty"`
	// GroupName is the group of the link that is wrong.
	GroupName string `json:"GroupName,omitempty"`
	// Permission is the number of the permission that is missing, or that a
	// setting names.
	Permission int64 `json:"Permission,omitempty"`
	// InnerTraceData are the errors behind this one.
	InnerTraceData *TraceData `json:"InnerTraceData,omitempty"`
	// ActionID is the action that was asked for.
	ActionID string `json:"ActionId,omitempty"`
	// ExceptionMessage and ErrorData are of actions: why the script was not
	// started, and the errors it returned.
	ExceptionMessage string   `json:"ExceptionMessage,omitempty"`
	ErrorData        []string `json:"ErrorData,omitempty"`
}

// AssociatedField says which value of an instance an error is about.
type AssociatedField struct {
	// SectionDefinitionID is the section definition.
	SectionDefinitionID uuid.UUID `json:"SectionDefinitionId"`
	// SectionID is the section of the instance.
	SectionID uuid.UUID `json:"SectionId"`
	// FieldDescriptorID is the field.
	FieldDescriptorID uuid.UUID `json:"FieldDescriptorId"`
}

// InfoData is additional information about a request that succeeded.
type InfoData struct {
	// Type is the family, such as DomActionInfo.
	Type string `json:"Type"`
	// Reason says what is reported, such as ScriptOutput.
	Reason string `json:"Reason"`
	// Data has the information by name.
	Data map[string]string `json:"Data,omitempty"`
}

// AddError adds an error.
func (t *TraceData) AddError(e ErrorData) { t.ErrorData = append(t.ErrorData, e) }

// AddWarning adds a warning.
func (t *TraceData) AddWarning(e ErrorData) { t.WarningData = append(t.WarningData, e) }

// HasSucceeded reports whether there is no error.
func (t *TraceData) HasSucceeded() bool { return t == nil || len(t.ErrorData) == 0 }

// HasWarnings reports whether there is a warning.
func (t *TraceData) HasWarnings() bool { return t != nil && len(t.WarningData) > 0 }

// IsEmpty reports whether there is neither error, warning nor information.
func (t *TraceData) IsEmpty() bool {
	return t == nil || len(t.ErrorData)+len(t.WarningData)+len(t.InfoData) == 0
}

// ErrorDataOfType returns the errors of one family.
func (t *TraceData) ErrorDataOfType(errorType ErrorType) []ErrorData {
	if t == nil {
		return nil
	}
	var list []ErrorData
	for _, e := range t.ErrorData {
		if e.Type == errorType {
			list = append(list, e)
		}
	}
	return list
}

// String is a readable text: one line for each error, warning and information.
func (t *TraceData) String() string {
	if t.IsEmpty() {
		return "no errors"
	}
	var lines []string
	for _, e := range t.ErrorData {
		lines = append(lines, e.String())
	}
	for _, e := range t.WarningData {
		lines = append(lines, "warning: "+e.String())
	}
	for _, i := range t.InfoData {
		lines = append(lines, fmt.Sprintf("info: %s %s %v", i.Type, i.Reason, i.Data))
	}
	return strings.Join(lines, "\n")
}

func (e ErrorData) String() string {
	s := fmt.Sprintf("%s (%s)", e.Reason, e.Type)
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Properties.InnerTraceData != nil {
		s += ": " + e.Properties.InnerTraceData.String()
	}
	return s
}

// has reports whether an error, also an inner one, has the reason.
func (t *TraceData) has(reason Reason) bool {
	if t == nil {
		return false
	}
	for _, e := range t.ErrorData {
		if e.Reason == reason || e.Properties.InnerTraceData.has(reason) {
			return true
		}
	}
	return false
}

// CrudFailedError is the failure of a create, read, update, delete or count
// request: the manager answered, with errors.
type CrudFailedError struct {
	TraceData TraceData
}

func (e *CrudFailedError) Error() string {
	return (&TraceData{ErrorData: e.TraceData.ErrorData}).String()
}

// Is reports whether target is the Reason of one of the errors.
func (e *CrudFailedError) Is(target error) bool {
	reason, ok := target.(Reason)
	return ok && reason != "" && e.TraceData.has(reason)
}

// TraceDataOf returns the TraceData an error carries, nil when it carries none.
func TraceDataOf(err error) *TraceData {
	var failed *CrudFailedError
	if errors.As(err, &failed) {
		return &failed.TraceData
	}
	return nil
}
