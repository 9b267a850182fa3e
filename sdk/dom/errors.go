package dom

import "domovoi.dev/sdk/slnet"

// The families of errors (dom.md 3.14).
const (
	ManagerStoreError          slnet.ErrorType = "ManagerStoreError"
	ModuleSettingsManagerError slnet.ErrorType = "ModuleSettingsManagerError"
	SectionDefinitionError     slnet.ErrorType = "SectionDefinitionError"
	DefinitionError            slnet.ErrorType = "DomDefinitionError"
	InstanceError              slnet.ErrorType = "DomInstanceError"
)

// The documented reasons. Each is an error: errors.Is(err, dom.ErrNoPermission)
// tells whether that was the reason, also across processes.
const (
	ErrModuleNotInitialized   slnet.Reason = "ModuleNotInitialized"
	ErrObjectAlreadyExisted   slnet.Reason = "ObjectAlreadyExisted"
	ErrObjectDidNotExist      slnet.Reason = "ObjectDidNotExist"
	ErrNoPermission           slnet.Reason = "NoPermission"
	ErrObjectChangedSinceRead slnet.Reason = "ObjectChangedSinceRead"

	ErrInvalidModuleID slnet.Reason = "InvalidModuleId"

	ErrFieldTypeNotSupported                  slnet.Reason = "FieldTypeNotSupported"
	ErrSectionDefinitionInUseByDomInstances   slnet.Reason = "SectionDefinitionInUseByDomInstances"
	ErrSectionDefinitionInUseByDomDefinitions slnet.Reason = "SectionDefinitionInUseByDomDefinitions"
	ErrSectionDefinitionFieldsInUse           slnet.Reason = "SectionDefinitionFieldsInUse"

	ErrDomDefinitionHasLinkedDomInstances       slnet.Reason = "DomDefinitionHasLinkedDomInstances"
	ErrSectionDefinitionLinkInUseByDomInstances slnet.Reason = "SectionDefinitionLinkInUseByDomInstances"

	ErrDomInstanceSectionInvalidFieldValueTypes                       slnet.Reason = "DomInstanceSectionInvalidFieldValueTypes"
	ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition slnet.Reason = "DomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition"
	ErrDomInstanceRequiresLinkToValidDomDefinition                    slnet.Reason = "DomInstanceRequiresLinkToValidDomDefinition"
	ErrSectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition slnet.Reason = "SectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition"
	ErrMultipleSectionsNotAllowedForSectionDefinition                 slnet.Reason = "MultipleSectionsNotAllowedForSectionDefinition"
	ErrValueForSoftDeletedFieldNotAllowed                             slnet.Reason = "ValueForSoftDeletedFieldNotAllowed"
	ErrValueTooLarge                                                  slnet.Reason = "ValueTooLarge"
	ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor   slnet.Reason = "FieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor"
	ErrSectionUsedInDomInstanceLinksToNonExistingSectionDefinition    slnet.Reason = "SectionUsedInDomInstanceLinksToNonExistingSectionDefinition"
	ErrDomInstanceContainsInvalidStatus                               slnet.Reason = "DomInstanceContainsInvalidStatus"
)
