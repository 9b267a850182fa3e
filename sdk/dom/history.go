package dom

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// HistoryChange is the record of one change of an instance: it was created, its
// values changed, or its status did. Records are made by the server in the
// commit of the change and cannot be written. (DOC:DOM_history)
type HistoryChange struct {
	// ID is the id of the record.
	ID HistoryChangeID `json:"Id"`
	// SubjectID is the ToFileFriendlyString of the instance's id.
	SubjectID string `json:"SubjectId"`
	// Time is when the change was stored, in UTC.
	Time time.Time `json:"Time"`
	// FullUsername is the user the change was made as.
	FullUsername string `json:"FullUsername"`
	// DmaID is the number of the node that made the change.
	DmaID int64 `json:"DmaId"`
	// RunID is the run that made the change, zero when none did.
	RunID uuid.UUID `json:"RunId"`
	// Revision is the revision of the instance the change led to.
	Revision int64 `json:"Revision"`

	// SectionChanges are the sections with changed values.
	SectionChanges []SectionChange `json:"SectionChanges,omitempty"`
	// StatusChange is set when the status changed.
	StatusChange *StatusChange `json:"StatusChange,omitempty"`
}

// SectionChange are the changed values of one section.
type SectionChange struct {
	// SectionID is the section.
	SectionID SectionID `json:"SectionId"`
	// SectionDefinitionID is its section definition, which may be gone by now.
	SectionDefinitionID SectionDefinitionID `json:"SectionDefinitionId"`
	// FieldValueChanges are the values.
	FieldValueChanges []FieldValueChange `json:"FieldValueChanges,omitempty"`
}

// CrudType says what happened to something. The numbers are those of the
// original.
type CrudType int64

// The crud types.
const (
	CrudCreate CrudType = 1
	CrudUpdate CrudType = 2
	CrudDelete CrudType = 3
)

func (t CrudType) String() string {
	switch t {
	case CrudCreate:
		return "Create"
	case CrudUpdate:
		return "Update"
	case CrudDelete:
		return "Delete"
	}
	return "unknown"
}

// FieldValueChange is one changed value. ValueBefore is invalid for a value that
// was added, ValueAfter for one that was removed.
type FieldValueChange struct {
	// FieldDescriptorID is the field, which may be gone by now.
	FieldDescriptorID FieldDescriptorID `json:"FieldDescriptorId"`
	// CrudType says whether the value was added, changed or removed.
	CrudType CrudType `json:"CrudType"`
	// ValueBefore is the value before, nil where there was none.
	ValueBefore *Value `json:"ValueBefore,omitempty"`
	// ValueAfter is the value after, nil where there is none.
	ValueAfter *Value `json:"ValueAfter,omitempty"`
}

// StatusChange is a changed status.
type StatusChange struct {
	// StatusIDBefore is empty for an instance that was created.
	StatusIDBefore string `json:"StatusIdBefore,omitempty"`
	// StatusIDAfter is the new status.
	StatusIDAfter string `json:"StatusIdAfter,omitempty"`
}

// Kind implements Object.
func (h *HistoryChange) Kind() ObjectKind { return KindHistoryChange }

// Key implements Object.
func (h *HistoryChange) Key() string { return h.ID.String() }

// GetTracking implements Object: a record was made by who made the change.
func (h *HistoryChange) GetTracking() *Tracking {
	return &Tracking{CreatedAt: h.Time, CreatedBy: h.FullUsername, LastModified: h.Time, LastModifiedBy: h.FullUsername, Revision: 1}
}

func (h *HistoryChange) expose(e Exposer) []Value {
	switch e.Name {
	case exposeID:
		return []Value{ValueOf(h.ID)}
	case exposeSubjectID:
		return []Value{ValueOf(h.SubjectID)}
	case exposeTime:
		return []Value{ValueOf(h.Time)}
	case exposeFullUsername:
		return []Value{ValueOf(h.FullUsername)}
	case exposeDmaID:
		return []Value{ValueOf(h.DmaID)}
	case exposeRunID:
		if h.RunID == uuid.Nil {
			return nil
		}
		return []Value{ValueOf(h.RunID)}
	}
	return nil
}

// subjectPrefix begins the subject id of an instance's history.
const subjectPrefix = "DomInstanceId_"

// ToFileFriendlyString is the form in which history names its subject:
// DomInstanceId_ and the GUID.
func (id InstanceID) ToFileFriendlyString() string { return subjectPrefix + id.String() }

// ParseSubjectID reads what ToFileFriendlyString returns.
func ParseSubjectID(text string) (InstanceID, error) {
	if len(text) < len(subjectPrefix) || !strings.EqualFold(text[:len(subjectPrefix)], subjectPrefix) {
		return InstanceID{}, slnet.Errorf(slnet.KindInvalid, "%q is no subject id: want %s and a GUID", text, subjectPrefix)
	}
	return ParseInstanceID(text[len(subjectPrefix):])
}

// SubjectsOf returns the instances a filter on history is limited to, and
// whether it is limited to any: by an equality with the subject id, an Or of
// such, or an And with such a part. The ids are sorted, without duplicates.
func SubjectsOf(filter Filter) (ids []InstanceID, ok bool) {
	switch filter.Operator {
	case OperatorFalse:
		return nil, true
	case OperatorCompare:
		if filter.Exposer != HistoryExposers.SubjectID || filter.Comparer != Equals {
			return nil, false
		}
		id, err := ParseSubjectID(filter.Value.String())
		if err != nil {
			return nil, true // nothing has such a subject
		}
		return []InstanceID{id}, true
	case OperatorAnd:
		for _, operand := range filter.Operands {
			if ids, ok := SubjectsOf(operand); ok {
				return ids, true
			}
		}
	case OperatorOr:
		for _, operand := range filter.Operands {
			some, ok := SubjectsOf(operand)
			if !ok {
				return nil, false
			}
			ids = append(ids, some...)
		}
		slices.SortFunc(ids, func(a, b InstanceID) int { return bytes.Compare(a[:], b[:]) })
		return slices.Compact(ids), true
	}
	return nil, false
}
