package dom

import "domovoi.dev/sdk/slnet"

// The names of exposers, as they stand in the wire form of filters.
const (
	exposeID                      = "Id"
	exposeName                    = "Name"
	exposeModuleID                = "ModuleId"
	exposeDomDefinitionID         = "DomDefinitionId"
	exposeStatusID                = "StatusId"
	exposeSectionIDs              = "SectionIds"
	exposeSectionDefinitionIDs    = "SectionDefinitionIds"
	exposeFieldValue              = "FieldValue"
	exposeKeyExists               = "KeyExists"
	exposeFieldDescriptorIDs      = "FieldDescriptorIds"
	exposeFieldDescriptorNames    = "FieldDescriptorNames"
	exposeDomBehaviorDefinitionID = "DomBehaviorDefinitionId"
	exposeParentID                = "ParentId"
	exposeSubjectID               = "SubjectId"
	exposeTime                    = "Time"
	exposeFullUsername            = "FullUsername"
	exposeDmaID                   = "DmaId"
	exposeDomInstanceID           = "DomInstanceId"
	exposeFromStatusID            = "FromStatusId"
	exposeToStatusID              = "ToStatusId"
	exposeUsername                = "Username"
	exposeRunID                   = "RunId"
	exposeCreatedAt               = "CreatedAt"
	exposeCreatedBy               = "CreatedBy"
	exposeLastModified            = "LastModified"
	exposeLastModifiedBy          = "LastModifiedBy"
)

// exposed is the one table of the properties that the objects of a kind can be
// filtered and ordered by, with the kind of their values. KindInvalid stands
// for the values of a field, whose kind its descriptor says.
var exposed = map[ObjectKind]map[string]ValueKind{
	KindModuleSettings: withTracking(map[string]ValueKind{exposeModuleID: KindString}),
	KindSectionDefinition: withTracking(map[string]ValueKind{
		exposeID: KindGuid, exposeName: KindString,
		exposeFieldDescriptorIDs: KindGuid, exposeFieldDescriptorNames: KindString,
	}),
	KindDefinition: withTracking(map[string]ValueKind{
		exposeID: KindGuid, exposeName: KindString, exposeSectionDefinitionIDs: KindGuid, exposeDomBehaviorDefinitionID: KindGuid,
	}),
	KindBehaviorDefinition: withTracking(map[string]ValueKind{exposeID: KindGuid, exposeName: KindString, exposeParentID: KindGuid}),
	KindTemplate:           withTracking(map[string]ValueKind{exposeID: KindGuid, exposeName: KindString}),
	KindHistoryChange: {
		exposeID: KindGuid, exposeSubjectID: KindString, exposeTime: KindDateTime,
		exposeFullUsername: KindString, exposeDmaID: KindLong, exposeRunID: KindGuid,
	},
	KindStatusChange: {
		exposeDomInstanceID: KindGuid, exposeFromStatusID: KindString, exposeToStatusID: KindString, exposeUsername: KindString,
	},
	KindInstance: withTracking(map[string]ValueKind{
		exposeID: KindGuid, exposeName: KindString, exposeDomDefinitionID: KindGuid, exposeStatusID: KindString,
		exposeSectionIDs: KindGuid, exposeSectionDefinitionIDs: KindGuid,
		exposeFieldValue: KindInvalid, exposeKeyExists: KindBool,
	}),
}

func withTracking(table map[string]ValueKind) map[string]ValueKind {
	table[exposeCreatedAt], table[exposeLastModified] = KindDateTime, KindDateTime
	table[exposeCreatedBy], table[exposeLastModifiedBy] = KindString, KindString
	return table
}

// Exposer names a property that objects can be filtered and ordered by.
type Exposer struct {
	// Name is the name of the property.
	Name string `json:"Name"`
	// FieldID is the field, for the exposers FieldValue and KeyExists.
	FieldID FieldDescriptorID `json:"FieldId"`
}

// String is the name, with the id of the field where there is one.
func (e Exposer) String() string {
	if e.FieldID.IsZero() {
		return e.Name
	}
	return e.Name + "(" + e.FieldID.String() + ")"
}

// valueKind says of which kind the exposer's values are; known is false when
// objects of the kind have no such exposer.
func (e Exposer) valueKind(kind ObjectKind) (vk ValueKind, known bool) {
	vk, known = exposed[kind][e.Name]
	return vk, known
}

// InstanceExposerSet is the type of InstanceExposers.
type InstanceExposerSet struct {
	ID, Name, DomDefinitionID, StatusID Exposer
	SectionIDs, SectionDefinitionIDs    Exposer
	CreatedAt, CreatedBy                Exposer
	LastModified, LastModifiedBy        Exposer
}

// FieldValue exposes the values of a field in all sections of an instance, the
// items of lists included (dom.md 3.17).
func (InstanceExposerSet) FieldValue(id FieldDescriptorID) Exposer {
	return Exposer{Name: exposeFieldValue, FieldID: id}
}

// KeyExists exposes whether an instance has a value of a field (row FIL-32).
func (InstanceExposerSet) KeyExists(id FieldDescriptorID) Exposer {
	return Exposer{Name: exposeKeyExists, FieldID: id}
}

// DefinitionExposerSet is the type of DefinitionExposers.
type DefinitionExposerSet struct {
	ID, Name, SectionDefinitionIDs, DomBehaviorDefinitionID Exposer
	CreatedAt, CreatedBy                                    Exposer
	LastModified, LastModifiedBy                            Exposer
}

// BehaviorDefinitionExposerSet is the type of BehaviorDefinitionExposers.
type BehaviorDefinitionExposerSet struct {
	ID, Name, ParentID           Exposer
	CreatedAt, CreatedBy         Exposer
	LastModified, LastModifiedBy Exposer
}

// TemplateExposerSet is the type of TemplateExposers.
type TemplateExposerSet struct {
	ID, Name                     Exposer
	CreatedAt, CreatedBy         Exposer
	LastModified, LastModifiedBy Exposer
}

// StatusChangeExposerSet is the type of StatusChangeExposers.
type StatusChangeExposerSet struct {
	DomInstanceID, FromStatusID, ToStatusID, Username Exposer
}

// HistoryExposerSet is the type of HistoryExposers.
type HistoryExposerSet struct {
	// SubjectID is the InstanceID's ToFileFriendlyString.
	ID, SubjectID, Time, FullUsername, DmaID Exposer
	// RunID is the run that made the change.
	RunID Exposer
}

// SectionDefinitionExposerSet is the type of SectionDefinitionExposers.
type SectionDefinitionExposerSet struct {
	ID, Name                                 Exposer
	FieldDescriptorIDs, FieldDescriptorNames Exposer
	CreatedAt, CreatedBy                     Exposer
	LastModified, LastModifiedBy             Exposer
}

// ModuleSettingsExposerSet is the type of ModuleSettingsExposers.
type ModuleSettingsExposerSet struct {
	ModuleID                     Exposer
	CreatedAt, CreatedBy         Exposer
	LastModified, LastModifiedBy Exposer
}

// What the objects of each kind can be filtered and ordered by.
var (
	InstanceExposers = InstanceExposerSet{
		ID: Exposer{Name: exposeID}, Name: Exposer{Name: exposeName},
		DomDefinitionID: Exposer{Name: exposeDomDefinitionID}, StatusID: Exposer{Name: exposeStatusID},
		SectionIDs: Exposer{Name: exposeSectionIDs}, SectionDefinitionIDs: Exposer{Name: exposeSectionDefinitionIDs},
		CreatedAt: Exposer{Name: exposeCreatedAt}, CreatedBy: Exposer{Name: exposeCreatedBy},
		LastModified: Exposer{Name: exposeLastModified}, LastModifiedBy: Exposer{Name: exposeLastModifiedBy},
	}
	DefinitionExposers = DefinitionExposerSet{
		ID: Exposer{Name: exposeID}, Name: Exposer{Name: exposeName},
		SectionDefinitionIDs:    Exposer{Name: exposeSectionDefinitionIDs},
		DomBehaviorDefinitionID: Exposer{Name: exposeDomBehaviorDefinitionID},
		CreatedAt:               Exposer{Name: exposeCreatedAt}, CreatedBy: Exposer{Name: exposeCreatedBy},
		LastModified: Exposer{Name: exposeLastModified}, LastModifiedBy: Exposer{Name: exposeLastModifiedBy},
	}
	SectionDefinitionExposers = SectionDefinitionExposerSet{
		ID: Exposer{Name: exposeID}, Name: Exposer{Name: exposeName},
		FieldDescriptorIDs:   Exposer{Name: exposeFieldDescriptorIDs},
		FieldDescriptorNames: Exposer{Name: exposeFieldDescriptorNames},
		CreatedAt:            Exposer{Name: exposeCreatedAt}, CreatedBy: Exposer{Name: exposeCreatedBy},
		LastModified: Exposer{Name: exposeLastModified}, LastModifiedBy: Exposer{Name: exposeLastModifiedBy},
	}
	BehaviorDefinitionExposers = BehaviorDefinitionExposerSet{
		ID: Exposer{Name: exposeID}, Name: Exposer{Name: exposeName}, ParentID: Exposer{Name: exposeParentID},
		CreatedAt: Exposer{Name: exposeCreatedAt}, CreatedBy: Exposer{Name: exposeCreatedBy},
		LastModified: Exposer{Name: exposeLastModified}, LastModifiedBy: Exposer{Name: exposeLastModifiedBy},
	}
	TemplateExposers = TemplateExposerSet{
		ID: Exposer{Name: exposeID}, Name: Exposer{Name: exposeName},
		CreatedAt: Exposer{Name: exposeCreatedAt}, CreatedBy: Exposer{Name: exposeCreatedBy},
		LastModified: Exposer{Name: exposeLastModified}, LastModifiedBy: Exposer{Name: exposeLastModifiedBy},
	}
	StatusChangeExposers = StatusChangeExposerSet{
		DomInstanceID: Exposer{Name: exposeDomInstanceID}, FromStatusID: Exposer{Name: exposeFromStatusID},
		ToStatusID: Exposer{Name: exposeToStatusID}, Username: Exposer{Name: exposeUsername},
	}
	HistoryExposers = HistoryExposerSet{
		ID: Exposer{Name: exposeID}, SubjectID: Exposer{Name: exposeSubjectID}, Time: Exposer{Name: exposeTime},
		FullUsername: Exposer{Name: exposeFullUsername}, DmaID: Exposer{Name: exposeDmaID}, RunID: Exposer{Name: exposeRunID},
	}
	ModuleSettingsExposers = ModuleSettingsExposerSet{
		ModuleID:  Exposer{Name: exposeModuleID},
		CreatedAt: Exposer{Name: exposeCreatedAt}, CreatedBy: Exposer{Name: exposeCreatedBy},
		LastModified: Exposer{Name: exposeLastModified}, LastModifiedBy: Exposer{Name: exposeLastModifiedBy},
	}
)

// Equal matches when any of the exposed values equals value. Strings are
// compared without regard to case (row FIL-13).
func (e Exposer) Equal(value any) Filter { return e.leaf(Equals, value) }

// NotEqual is the exact negation of Equal (row FIL-07).
func (e Exposer) NotEqual(value any) Filter { return e.leaf(NotEquals, value) }

// GreaterThan matches when any exposed value is greater.
func (e Exposer) GreaterThan(value any) Filter { return e.leaf(GreaterThan, value) }

// GreaterThanOrEqual matches when any exposed value is greater or equal.
func (e Exposer) GreaterThanOrEqual(value any) Filter { return e.leaf(GreaterThanOrEqual, value) }

// LessThan matches when any exposed value is less.
func (e Exposer) LessThan(value any) Filter { return e.leaf(LessThan, value) }

// LessThanOrEqual matches when any exposed value is less or equal.
func (e Exposer) LessThanOrEqual(value any) Filter { return e.leaf(LessThanOrEqual, value) }

// Contains matches when any exposed string contains value, without regard to
// case; for other kinds when any exposed value equals value (dom.md part 5, 3).
func (e Exposer) Contains(value any) Filter { return e.leaf(Contains, value) }

// NotContains is the exact negation of Contains.
func (e Exposer) NotContains(value any) Filter { return e.leaf(NotContains, value) }

// Regex matches when any exposed string matches the regular expression, in
// the syntax of package regexp.
func (e Exposer) Regex(expression string) Filter { return e.leaf(Regex, expression) }

// NotRegex is the exact negation of Regex.
func (e Exposer) NotRegex(expression string) Filter { return e.leaf(NotRegex, expression) }

func (e Exposer) leaf(comparer Comparer, value any) Filter {
	return Filter{Operator: OperatorCompare, Exposer: e, Comparer: comparer, Value: ValueOf(value)}
}

// checkExposer returns an error when objects of the kind have no such exposer.
func checkExposer(kind ObjectKind, e Exposer) error {
	if _, ok := e.valueKind(kind); !ok {
		return slnet.Errorf(slnet.KindInvalid, "%s cannot be filtered by %q", kind, e.Name)
	}
	return nil
}
