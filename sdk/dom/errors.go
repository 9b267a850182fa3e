package dom

import "domovoi.dev/sdk/slnet"

// The families of errors (dom.md 3.14).
const (
	ManagerStoreError          slnet.ErrorType = "ManagerStoreError"
	ModuleSettingsManagerError slnet.ErrorType = "ModuleSettingsManagerError"
	SectionDefinitionError     slnet.ErrorType = "SectionDefinitionError"
	DefinitionError            slnet.ErrorType = "DomDefinitionError"
	BehaviorDefinitionError    slnet.ErrorType = "DomBehaviorDefinitionError"
	InstanceError              slnet.ErrorType = "DomInstanceError"
	StatusTransitionError      slnet.ErrorType = "DomStatusTransitionError"
	ActionError                slnet.ErrorType = "DomActionError"
)

// The documented reasons. Each is an error: errors.Is(err, dom.ErrNoPermission)
// tells whether that was the reason, also across processes.
//
// The first paragraph of each is what the web console shows people, the second says
// what to do. docs/errors.md is made of both.
const (
	// Something went wrong that has no reason of its own.
	//
	// The message says what; an AutoIncrement field whose counter is exhausted is one such case.
	ErrUnknown slnet.Reason = "Unknown"
	// The module could not be started.
	//
	// There are no settings of the module. Check the module id, or create the settings first;
	// "domovoi module list" shows the modules there are. (row MOD-08)
	ErrModuleNotInitialized slnet.Reason = "ModuleNotInitialized"
	// There is one with this id already.
	//
	// Nothing was changed. Update it instead, or create with a new id. (rows MOD-07, INS-20)
	ErrObjectAlreadyExisted slnet.Reason = "ObjectAlreadyExisted"
	// It does not exist any more.
	//
	// An update, a deletion, a transition or an action was asked for by an id that nothing has.
	// Read again; somebody may have deleted it. (rows STA-29, ACT-05)
	ErrObjectDidNotExist slnet.Reason = "ObjectDidNotExist"
	// You do not have the right to do this.
	//
	// The caller lacks a permission, or link security gives no access to the instance. Permission
	// has the number of what is missing, DomDefinitionIds and DomInstanceIds what there is no
	// access to. Have somebody give a group of the user the right. (rows BEH-21, SEC-04 to SEC-15)
	ErrNoPermission slnet.Reason = "NoPermission"
	// Somebody else has changed it meanwhile.
	//
	// The update said which revision it was read at, and that is not the stored one any more. Read
	// again, apply the change to what is stored now, and update. The original has no such check.
	ErrObjectChangedSinceRead slnet.Reason = "ObjectChangedSinceRead"
	// These are too many at once.
	//
	// A bulk request has at most MaxAmountBulkOperation objects. Nothing was written. Send several
	// requests. (row BLK-02)
	ErrMaxAmountExceeded slnet.Reason = "DomInstanceCrudMaxAmountExceeded"

	// The module id is not allowed.
	//
	// A module id is lowercase, has at most 40 characters, and none of \ / * ? " ' < > | space , #
	// : -. The message says which rule is broken. (rows MOD-03, MOD-06)
	ErrInvalidModuleID slnet.Reason = "InvalidModuleId"
	// The settings contradict themselves.
	//
	// The message, or the errors in InnerTraceData, say which setting is wrong. Correct it and
	// save again. (rows MOD-14, SEC-24)
	ErrInvalidDomManagerSettings slnet.Reason = "InvalidDomManagerSettings"
	// The path of the network share is not allowed.
	//
	// A path of a share begins with two backslashes and has no relative elements. (row MOD-14)
	ErrInvalidNetworkSharePath slnet.Reason = "InvalidNetworkSharePath"
	// You may not use these credentials.
	//
	// Known for clients of the original; this daemon keeps attachments in its data directory and
	// never answers with it.
	ErrInvalidCredentialPermissions slnet.Reason = "InvalidCredentialPermissions"
	// This setting is obeyed, and should not be used any more.
	//
	// It is a warning, and ours: what was asked for is done. Use group links instead of the four
	// permissions of module settings.
	ErrDeprecatedSetting slnet.Reason = "DeprecatedSetting"

	// A security link refers to a field or definition that does not exist.
	//
	// The id of the definition or of the field is empty. (row SEC-24)
	ErrDomSecurityFieldValueReferenceHasInvalidIDs slnet.Reason = "DomSecurityFieldValueReferenceHasInvalidIds"
	// A security link by field values has no values.
	//
	// Name one to ten values. (row SEC-24)
	ErrDomSecurityFieldValueReferenceHasNoValues slnet.Reason = "DomSecurityFieldValueReferenceHasNoValues"
	// A security link by field values has too many values.
	//
	// Limit has how many there may be. Empty ones count. (rows SEC-24, SEC-25)
	ErrDomSecurityFieldValueReferenceHasTooManyValues slnet.Reason = "DomSecurityFieldValueReferenceHasTooManyValues"

	// A field of this kind cannot have this type.
	//
	// SupportedTypes lists those that the kind can have. (rows SD-01 to SD-04)
	ErrFieldTypeNotSupported slnet.Reason = "FieldTypeNotSupported"
	// Instances use this section.
	//
	// A section definition cannot be deleted, and the type or kind of a field not be changed,
	// while instances have values of it. Remove these first, or add another field. DomInstanceIds
	// has up to 100 of the instances. (rows SD-07, SD-08, SD-16)
	ErrSectionDefinitionInUseByDomInstances slnet.Reason = "SectionDefinitionInUseByDomInstances"
	// Definitions use this section.
	//
	// Take the links to it from the definitions in DomDefinitionIds, then delete it. (row SD-15)
	ErrSectionDefinitionInUseByDomDefinitions slnet.Reason = "SectionDefinitionInUseByDomDefinitions"
	// Instances use this entry of the list.
	//
	// Mark the entry as soft deleted: then nobody chooses it any more. It can be removed once no
	// instance has it. Value has the entry. (rows SD-17, SD-18)
	ErrGenericEnumEntryInUseByDomInstances slnet.Reason = "GenericEnumEntryInUseByDomInstances"
	// A field that was removed or changed is in use.
	//
	// It has values in DomInstanceIds, or is named by module settings (UsedInDomManagerSettings),
	// definitions or behavior definitions. Mark it as soft deleted, remove the values, then the
	// field. (rows SD-10 to SD-14, SOF-11)
	ErrSectionDefinitionFieldsInUse slnet.Reason = "SectionDefinitionFieldsInUse"
	// This section belongs to the system.
	//
	// Known for clients of the original; this daemon has no such sections and never answers with
	// it.
	ErrStaticSectionDefinitionsCantBeChanged slnet.Reason = "StaticSectionDefinitionsCantBeChanged"
	// The field contradicts itself.
	//
	// It has no id, or its options do not fit its kind, such as an AutoIncrement field without a
	// counter. The message says what. This reason is ours.
	ErrInvalidFieldDescriptor slnet.Reason = "InvalidFieldDescriptor"

	// There are instances of this definition.
	//
	// Delete them before the definition. DomInstanceIds has up to 100 of them.
	ErrDomDefinitionHasLinkedDomInstances slnet.Reason = "DomDefinitionHasLinkedDomInstances"
	// Instances have this section.
	//
	// Mark the link as soft deleted instead of removing it. (rows DEF-02, DEF-03)
	ErrSectionDefinitionLinkInUseByDomInstances slnet.Reason = "SectionDefinitionLinkInUseByDomInstances"
	// A section that the module requires is missing.
	//
	// Link the section definitions in SectionDefinitionIds, which the settings of the module list
	// as ModuleSections. (row DEF-04)
	ErrDomDefinitionDoesNotContainRequiredModuleSectionDefinitions slnet.Reason = "DomDefinitionDoesNotContainRequiredModuleSectionDefinitions"

	// The behavior cannot inherit from this one.
	//
	// A behavior definition inherits from the one the module settings name as
	// ModuleBehaviorDefinition, or from none. (row BEH-12)
	ErrInvalidParentID slnet.Reason = "InvalidParentId"
	// A behavior that inherits cannot have statuses of its own.
	//
	// Statuses, transitions and the initial status come from the parent. Links, actions and
	// buttons can be added. (row BEH-14)
	ErrInheritingDefinitionContainsInvalidData slnet.Reason = "InheritingDefinitionContainsInvalidData"
	// A transition refers to a status that does not exist.
	//
	// Ids has the transitions. Add the status, or correct FromStatusId and ToStatusId.
	ErrStatusTransitionsReferenceNonExistingStatuses slnet.Reason = "StatusTransitionsReferenceNonExistingStatuses"
	// A section is linked to a status that does not exist.
	//
	// Ids has the links as status/section. (row BEH-08)
	ErrStatusSectionDefinitionLinksReferenceNonExistingStatuses slnet.Reason = "StatusSectionDefinitionLinksReferenceNonExistingStatuses"
	// The id of a status is not allowed.
	//
	// An id is not empty and equals its own lowercase form; digits, spaces, hyphens and
	// underscores are fine. (rows BEH-01, BEH-02)
	ErrInvalidStatusIDs slnet.Reason = "InvalidStatusIds"
	// Two statuses have the same id.
	//
	// Ids has the ids. (row BEH-03)
	ErrDuplicateStatusIDs slnet.Reason = "DuplicateStatusIds"
	// The id of a transition is not allowed.
	//
	// The rule is that of InvalidStatusIds. (row BEH-04)
	ErrInvalidTransitionIDs slnet.Reason = "InvalidTransitionIds"
	// Two transitions have the same id.
	//
	// Ids has the ids. (row BEH-03)
	ErrDuplicateTransitionIDs slnet.Reason = "DuplicateTransitionIds"
	// The initial status is none of the statuses.
	//
	// A behavior definition with statuses has one of them as the initial one. (row BEH-05)
	ErrInvalidInitialStatusID slnet.Reason = "InvalidInitialStatusId"
	// A section is linked twice.
	//
	// A definition links a section once, a behavior definition once in each status, its parent's
	// links included. (rows BEH-09, BEH-16)
	ErrDuplicateSectionDefinitionLinks slnet.Reason = "DuplicateSectionDefinitionLinks"
	// The id of an action is not allowed.
	//
	// The rule is that of InvalidStatusIds. (row BEH-04)
	ErrInvalidActionDefinitionIDs slnet.Reason = "InvalidActionDefinitionIds"
	// Two actions have the same id.
	//
	// The actions of the parent count too. (rows BEH-03, BEH-17)
	ErrDuplicateActionDefinitionIDs slnet.Reason = "DuplicateActionDefinitionIds"
	// The id of a button is not allowed.
	//
	// The rule is that of InvalidStatusIds. (row BEH-04)
	ErrInvalidButtonDefinitionIDs slnet.Reason = "InvalidButtonDefinitionIds"
	// Two buttons have the same id.
	//
	// The buttons of the parent count too. (rows BEH-03, BEH-17)
	ErrDuplicateButtonDefinitionIDs slnet.Reason = "DuplicateButtonDefinitionIds"
	// A button does not fit its action.
	//
	// A button executes one action at most. (row BEH-11)
	ErrInvalidButtonActionCombination slnet.Reason = "InvalidButtonActionCombination"
	// Definitions use this behavior.
	//
	// Take the behavior from the definitions in DomDefinitionIds first. It is also the reason for
	// removing a status that instances are in, which DomInstanceIds has then.
	ErrInUseByDomDefinitions slnet.Reason = "InUseByDomDefinitions"
	// Other behaviors inherit from this one.
	//
	// Change those in DomBehaviorDefinitionIds, and the module settings if
	// UsedInDomManagerSettings is set, first. (row BEH-20)
	ErrInUseByDomBehaviorDefinitions slnet.Reason = "InUseByDomBehaviorDefinitions"

	// The value does not fit the type of the field.
	//
	// AssociatedFields says where. Give a value of the type of the field; values of enumerations
	// are among the entries. (rows INS-02, INS-03, INS-18)
	ErrDomInstanceSectionInvalidFieldValueTypes slnet.Reason = "DomInstanceSectionInvalidFieldValueTypes"
	// A value is required here.
	//
	// AssociatedFields says where. A field that is not optional has a value in every section; an
	// empty list is none. (rows INS-05, INS-06)
	ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition slnet.Reason = "DomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition"
	// The definition does not exist.
	//
	// DomDefinitionId is empty or names no DOM definition of this module. (row INS-01)
	ErrDomInstanceRequiresLinkToValidDomDefinition slnet.Reason = "DomInstanceRequiresLinkToValidDomDefinition"
	// The sections are not those that the definition asks for.
	//
	// MissingSections has the section definitions that are missing, InvalidSections those that may
	// not be there, SectionIds the sections that are wrong. (rows INS-09, INS-11)
	ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition slnet.Reason = "SectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition"
	// A section that the module requires is missing.
	//
	// There must be exactly one section of each of the module's ModuleSections. (row INS-15)
	ErrDomInstanceDoesNotContainRequiredModuleSections slnet.Reason = "DomInstanceDoesNotContainRequiredModuleSections"
	// This section can be there only once.
	//
	// Set AllowMultipleSections in the link of the definition or of the status, or remove the
	// others.
	ErrMultipleSectionsNotAllowedForSectionDefinition slnet.Reason = "MultipleSectionsNotAllowedForSectionDefinition"
	// This field is removed and takes no new values.
	//
	// The field, its section or the entry of the list is soft deleted. What is stored may stay or
	// be removed. (rows SOF-02, SOF-05, SOF-07)
	ErrValueForSoftDeletedFieldNotAllowed slnet.Reason = "ValueForSoftDeletedFieldNotAllowed"
	// The value is too large.
	//
	// ActualSize and MaxSize are bytes of UTF-8. Attach a file instead. (row INS-17)
	ErrValueTooLarge slnet.Reason = "ValueTooLarge"
	// There is a value of a field that does not exist.
	//
	// FieldDescriptorIds has the ids of the fields; the section definition has no such. (row
	// INS-16)
	ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor slnet.Reason = "FieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor"
	// There is a section whose definition does not exist.
	//
	// SectionDefinitionIds has the ids that lead nowhere. (row INS-12)
	ErrSectionUsedInDomInstanceLinksToNonExistingSectionDefinition slnet.Reason = "SectionUsedInDomInstanceLinksToNonExistingSectionDefinition"
	// The status does not exist.
	//
	// StatusId is none of the statuses of the behavior definition, or there is no status system.
	// Leave it empty to begin in the initial status. (row STA-04)
	ErrDomInstanceContainsInvalidStatus slnet.Reason = "DomInstanceContainsInvalidStatus"
	// The status requires a value here.
	//
	// AssociatedFields says where. (row STA-18)
	ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus slnet.Reason = "DomInstanceHasMissingRequiredFieldsForCurrentStatus"
	// The value is not valid.
	//
	// A validator of a field that the status requires refuses it; the message has the rule.
	ErrDomInstanceHasInvalidFieldsForCurrentStatus slnet.Reason = "DomInstanceHasInvalidFieldsForCurrentStatus"
	// The status does not let this field be changed.
	//
	// AssociatedFields says which. Do a transition to a status in which it can be changed. (rows
	// STA-19, STA-20, STA-22)
	ErrReadOnlyFieldsChangedForCurrentStatus slnet.Reason = "ReadOnlyFieldsChangedForCurrentStatus"
	// The status does not have this field.
	//
	// Only fields that the behavior definition links in the status can have values; the links of
	// the DOM definition do not count. (rows STA-26, SOF-06)
	ErrDomInstanceContainsUnknownFieldsForCurrentStatus slnet.Reason = "DomInstanceContainsUnknownFieldsForCurrentStatus"
	// The status changes by a transition only.
	//
	// Send the status that is stored, or do a transition. If somebody has moved the instance since
	// you read it, read it again. (rows STA-06, STA-07)
	ErrStatusChangeNotAllowedForNormalUpdate slnet.Reason = "StatusChangeNotAllowedForNormalUpdate"
	// Your access to this module does not allow this filter.
	//
	// In a module with group links a filter says what it is about: add the id of the definition in
	// every branch of an or, or read by ids; history by the subject. (rows SEC-06, SEC-08)
	ErrReadFilterNotSupportedBySecurity slnet.Reason = "ReadFilterNotSupportedBySecurity"
	// Your access to this module does not allow this filter for counting.
	//
	// In a module with group links a count names the definition in every branch of an or. (row
	// SEC-10)
	ErrCountFilterNotSupportedBySecurity slnet.Reason = "CountFilterNotSupportedBySecurity"

	// There is no such transition.
	//
	// The behavior definition of the instance has no transition of the id, or the instance has no
	// status system. (row STA-10)
	ErrStatusTransitionNotFound slnet.Reason = "StatusTransitionNotFound"
	// The transition does not begin at the present status.
	//
	// Somebody may have moved the instance meanwhile. Read it again and choose a transition that
	// begins at its status.
	ErrStatusTransitionIncompatibleWithCurrentStatus slnet.Reason = "StatusTransitionIncompatibleWithCurrentStatus"
	// The next status does not have this field.
	//
	// Empty it before the transition, or link it in the next status. (row STA-14)
	ErrDomInstanceContainsUnknownFieldsForNextStatus slnet.Reason = "DomInstanceContainsUnknownFieldsForNextStatus"
	// The value is not valid for the next status.
	//
	// A validator of a field that the next status requires refuses it; the message has the rule.
	// (row STA-15)
	ErrDomInstanceHasInvalidFieldsForNextStatus slnet.Reason = "DomInstanceHasInvalidFieldsForNextStatus"
	// The next status requires a value here.
	//
	// AssociatedFields says where. Update the instance, then do the transition. (rows STA-12,
	// STA-13)
	ErrDomInstanceHasMissingRequiredFieldsForNextStatus slnet.Reason = "DomInstanceHasMissingRequiredFieldsForNextStatus"
	// The transition could not be stored.
	//
	// InnerTraceData has what went wrong. The instance is as it was. (row STA-30)
	ErrCrudFailedExceptionOccurred slnet.Reason = "CrudFailedExceptionOccurred"
	// The next status does not allow this number of sections.
	//
	// SectionIds has the sections. Remove all but one of each definition. (row STA-16)
	ErrDomInstanceContainsInvalidAmountOfSectionsForNextStatus slnet.Reason = "DomInstanceContainsInvalidAmountOfSectionsForNextStatus"

	// The script of the action was not started.
	//
	// It was not started. ExceptionMessage says why; there may be no such script.
	ErrUnexpectedExceptionOccurred slnet.Reason = "UnexpectedExceptionOccurred"
	// The script of the action reports errors.
	//
	// ErrorData has them; the record of the run and its log say more. What the script has stored
	// before stays. (row ACT-07)
	ErrScriptReturnedErrors slnet.Reason = "ScriptReturnedErrors"
	// There is no such action.
	//
	// The behavior definition of the instance, and the one that inherits from, have no action of
	// the id.
	ErrActionDefinitionNotFound slnet.Reason = "ActionDefinitionNotFound"
	// The action is not possible now.
	//
	// The message has the condition. Where it is a transition, InnerTraceData has what keeps the
	// instance from it. (rows ACT-02, ACT-03)
	ErrConditionNotMet slnet.Reason = "ConditionNotMet"
)
