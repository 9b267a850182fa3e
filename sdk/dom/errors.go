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
const (
	ErrUnknown                slnet.Reason = "Unknown"
	ErrModuleNotInitialized   slnet.Reason = "ModuleNotInitialized"
	ErrObjectAlreadyExisted   slnet.Reason = "ObjectAlreadyExisted"
	ErrObjectDidNotExist      slnet.Reason = "ObjectDidNotExist"
	ErrNoPermission           slnet.Reason = "NoPermission"
	ErrObjectChangedSinceRead slnet.Reason = "ObjectChangedSinceRead"

	ErrInvalidModuleID              slnet.Reason = "InvalidModuleId"
	ErrInvalidDomManagerSettings    slnet.Reason = "InvalidDomManagerSettings"
	ErrInvalidNetworkSharePath      slnet.Reason = "InvalidNetworkSharePath"
	ErrInvalidCredentialPermissions slnet.Reason = "InvalidCredentialPermissions"
	// ErrDeprecatedSetting is ours: the warning about a setting that is obeyed and
	// should not be used any more.
	ErrDeprecatedSetting slnet.Reason = "DeprecatedSetting"

	ErrDomSecurityFieldValueReferenceHasInvalidIDs    slnet.Reason = "DomSecurityFieldValueReferenceHasInvalidIds"
	ErrDomSecurityFieldValueReferenceHasNoValues      slnet.Reason = "DomSecurityFieldValueReferenceHasNoValues"
	ErrDomSecurityFieldValueReferenceHasTooManyValues slnet.Reason = "DomSecurityFieldValueReferenceHasTooManyValues"

	ErrFieldTypeNotSupported                  slnet.Reason = "FieldTypeNotSupported"
	ErrSectionDefinitionInUseByDomInstances   slnet.Reason = "SectionDefinitionInUseByDomInstances"
	ErrSectionDefinitionInUseByDomDefinitions slnet.Reason = "SectionDefinitionInUseByDomDefinitions"
	ErrGenericEnumEntryInUseByDomInstances    slnet.Reason = "GenericEnumEntryInUseByDomInstances"
	ErrSectionDefinitionFieldsInUse           slnet.Reason = "SectionDefinitionFieldsInUse"
	ErrStaticSectionDefinitionsCantBeChanged  slnet.Reason = "StaticSectionDefinitionsCantBeChanged"
	// ErrInvalidFieldDescriptor is ours: a field that contradicts itself, such as
	// an AutoIncrement field without a counter.
	ErrInvalidFieldDescriptor slnet.Reason = "InvalidFieldDescriptor"

	ErrDomDefinitionHasLinkedDomInstances                          slnet.Reason = "DomDefinitionHasLinkedDomInstances"
	ErrSectionDefinitionLinkInUseByDomInstances                    slnet.Reason = "SectionDefinitionLinkInUseByDomInstances"
	ErrDomDefinitionDoesNotContainRequiredModuleSectionDefinitions slnet.Reason = "DomDefinitionDoesNotContainRequiredModuleSectionDefinitions"

	ErrInvalidParentID                                          slnet.Reason = "InvalidParentId"
	ErrInheritingDefinitionContainsInvalidData                  slnet.Reason = "InheritingDefinitionContainsInvalidData"
	ErrStatusTransitionsReferenceNonExistingStatuses            slnet.Reason = "StatusTransitionsReferenceNonExistingStatuses"
	ErrStatusSectionDefinitionLinksReferenceNonExistingStatuses slnet.Reason = "StatusSectionDefinitionLinksReferenceNonExistingStatuses"
	ErrInvalidStatusIDs                                         slnet.Reason = "InvalidStatusIds"
	ErrDuplicateStatusIDs                                       slnet.Reason = "DuplicateStatusIds"
	ErrInvalidTransitionIDs                                     slnet.Reason = "InvalidTransitionIds"
	ErrDuplicateTransitionIDs                                   slnet.Reason = "DuplicateTransitionIds"
	ErrInvalidInitialStatusID                                   slnet.Reason = "InvalidInitialStatusId"
	ErrDuplicateSectionDefinitionLinks                          slnet.Reason = "DuplicateSectionDefinitionLinks"
	ErrInvalidActionDefinitionIDs                               slnet.Reason = "InvalidActionDefinitionIds"
	ErrDuplicateActionDefinitionIDs                             slnet.Reason = "DuplicateActionDefinitionIds"
	ErrInvalidButtonDefinitionIDs                               slnet.Reason = "InvalidButtonDefinitionIds"
	ErrDuplicateButtonDefinitionIDs                             slnet.Reason = "DuplicateButtonDefinitionIds"
	ErrInvalidButtonActionCombination                           slnet.Reason = "InvalidButtonActionCombination"
	ErrInUseByDomDefinitions                                    slnet.Reason = "InUseByDomDefinitions"
	ErrInUseByDomBehaviorDefinitions                            slnet.Reason = "InUseByDomBehaviorDefinitions"

	ErrDomInstanceSectionInvalidFieldValueTypes                       slnet.Reason = "DomInstanceSectionInvalidFieldValueTypes"
	ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition slnet.Reason = "DomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition"
	ErrDomInstanceRequiresLinkToValidDomDefinition                    slnet.Reason = "DomInstanceRequiresLinkToValidDomDefinition"
	ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition slnet.Reason = "SectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition"
	ErrDomInstanceDoesNotContainRequiredModuleSections                slnet.Reason = "DomInstanceDoesNotContainRequiredModuleSections"
	ErrMultipleSectionsNotAllowedForSectionDefinition                 slnet.Reason = "MultipleSectionsNotAllowedForSectionDefinition"
	ErrValueForSoftDeletedFieldNotAllowed                             slnet.Reason = "ValueForSoftDeletedFieldNotAllowed"
	ErrValueTooLarge                                                  slnet.Reason = "ValueTooLarge"
	ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor   slnet.Reason = "FieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor"
	ErrSectionUsedInDomInstanceLinksToNonExistingSectionDefinition    slnet.Reason = "SectionUsedInDomInstanceLinksToNonExistingSectionDefinition"
	ErrDomInstanceContainsInvalidStatus                               slnet.Reason = "DomInstanceContainsInvalidStatus"
	ErrDomInstanceHasMissingRequiredFieldsForCurrentStatus            slnet.Reason = "DomInstanceHasMissingRequiredFieldsForCurrentStatus"
	ErrDomInstanceHasInvalidFieldsForCurrentStatus                    slnet.Reason = "DomInstanceHasInvalidFieldsForCurrentStatus"
	ErrReadOnlyFieldsChangedForCurrentStatus                          slnet.Reason = "ReadOnlyFieldsChangedForCurrentStatus"
	ErrDomInstanceContainsUnknownFieldsForCurrentStatus               slnet.Reason = "DomInstanceContainsUnknownFieldsForCurrentStatus"
	ErrStatusChangeNotAllowedForNormalUpdate                          slnet.Reason = "StatusChangeNotAllowedForNormalUpdate"
	ErrReadFilterNotSupportedBySecurity                               slnet.Reason = "ReadFilterNotSupportedBySecurity"
	ErrCountFilterNotSupportedBySecurity                              slnet.Reason = "CountFilterNotSupportedBySecurity"

	ErrStatusTransitionNotFound                                slnet.Reason = "StatusTransitionNotFound"
	ErrStatusTransitionIncompatibleWithCurrentStatus           slnet.Reason = "StatusTransitionIncompatibleWithCurrentStatus"
	ErrDomInstanceContainsUnknownFieldsForNextStatus           slnet.Reason = "DomInstanceContainsUnknownFieldsForNextStatus"
	ErrDomInstanceHasInvalidFieldsForNextStatus                slnet.Reason = "DomInstanceHasInvalidFieldsForNextStatus"
	ErrDomInstanceHasMissingRequiredFieldsForNextStatus        slnet.Reason = "DomInstanceHasMissingRequiredFieldsForNextStatus"
	ErrCrudFailedExceptionOccurred                             slnet.Reason = "CrudFailedExceptionOccurred"
	ErrDomInstanceContainsInvalidAmountOfSectionsForNextStatus slnet.Reason = "DomInstanceContainsInvalidAmountOfSectionsForNextStatus"

	ErrUnexpectedExceptionOccurred slnet.Reason = "UnexpectedExceptionOccurred"
	ErrScriptReturnedErrors        slnet.Reason = "ScriptReturnedErrors"
	ErrActionDefinitionNotFound    slnet.Reason = "ActionDefinitionNotFound"
	ErrConditionNotMet             slnet.Reason = "ConditionNotMet"
)
