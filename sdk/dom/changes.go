package dom

import (
	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// GetRunChangesMessage asks for what a dry run would have changed: the objects
// that were not at its end what they were at its beginning. Answered with
// RunChangesResponse. Of objects the sender may not read nothing is told but how
// many they are. Runs that changed what is stored have no such list; the history
// of instances and the audit name the run of each change.
type GetRunChangesMessage struct {
	// RunID is the run.
	RunID uuid.UUID `json:"RunId"`
}

// The bounds of RunChangesResponse. What is beyond is only counted.
const (
	MaxRunChanges      = 1000
	MaxRunChangesBytes = 4 << 20 // of the objects before and after
)

// RunChangesResponse carries what a run would have changed, in the order in which
// it first changed each object. What it created and deleted again is no change.
type RunChangesResponse struct {
	// Changes are what the run has changed.
	Changes []ObjectChange `json:"Changes"`
	// Total is how many objects changed. It is more than Changes when there are too
	// many, or Hidden ones.
	Total int64 `json:"Total"`
	// Hidden is how many changes are not among Changes because the sender may not
	// read the object.
	Hidden int64 `json:"Hidden,omitempty"`
	// Information are the information events the run would have made, and
	// InformationTotal how many they are.
	Information      []slnet.InformationEventMessage `json:"Information,omitempty"`
	InformationTotal int64                           `json:"InformationTotal,omitempty"`
}

// ObjectChange is a changed object.
type ObjectChange struct {
	Kind     ObjectKind `json:"Kind"`
	ModuleID string     `json:"ModuleId,omitempty"`
	Key      string     `json:"Key"`
	// Name is the name after the change, of a deleted object the last one.
	Name     string   `json:"Name,omitempty"`
	CrudType CrudType `json:"CrudType"`
	// StatusChange is set when the status of an instance changed.
	StatusChange *StatusChange `json:"StatusChange,omitempty"`
	// Sections are the sections of an instance that were added, changed or removed.
	Sections []ChangedSection `json:"Sections,omitempty"`
	// Properties are what else changed, but for who changed the object and when.
	Properties  []PropertyChange   `json:"Properties,omitempty"`
	Attachments []AttachmentChange `json:"Attachments,omitempty"`
}

// ChangedSection is a section of an instance with its changed values.
type ChangedSection struct {
	SectionID           SectionID           `json:"SectionId"`
	SectionDefinitionID SectionDefinitionID `json:"SectionDefinitionId"`
	// Name is that of the section definition.
	Name     string         `json:"Name,omitempty"`
	CrudType CrudType       `json:"CrudType"`
	Fields   []ChangedField `json:"Fields,omitempty"`
}

// ChangedField is a changed value of a section.
type ChangedField struct {
	// Name is that of the field descriptor.
	Name             string `json:"Name,omitempty"`
	FieldValueChange `json:",flatten"`
}

// PropertyChange is a changed property of an object.
type PropertyChange struct {
	// Path are the names of the properties and the positions in lists that lead to
	// it, as in FieldDescriptors[2].Name.
	Path string `json:"Path"`
	// Before and After are its values as JSON, empty where it had none.
	Before string `json:"Before,omitempty"`
	After  string `json:"After,omitempty"`
}

// AttachmentChange is a file that was attached, replaced or removed.
type AttachmentChange struct {
	FileName string   `json:"FileName"`
	CrudType CrudType `json:"CrudType"`
	// Size is that of the file in bytes, of a removed one the last.
	Size int64 `json:"Size"`
}

// MessageName implements slnet.Message.
func (*GetRunChangesMessage) MessageName() string { return "GetRunChangesMessage" }

// MessageName implements slnet.Message.
func (*RunChangesResponse) MessageName() string { return "RunChangesResponse" }
