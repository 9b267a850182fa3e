// What the documented reasons mean, in words for people. The daemon's own message
// goes with it where it says which thing it was.

import type { ErrorData, Kind, Reason } from './messages'

/** Complete by its type: a reason that is added to the SDK is asked for here. */
export const reasons: Record<Reason, string> = {
	Unknown: 'Something went wrong that has no reason of its own.',
	ModuleNotInitialized: 'The module could not be started.',
	ObjectAlreadyExisted: 'There is one with this id already.',
	ObjectDidNotExist: 'It does not exist any more.',
	NoPermission: 'You do not have the right to do this.',
	ObjectChangedSinceRead: 'Somebody else has changed it meanwhile.',
	DomInstanceCrudMaxAmountExceeded: 'These are too many at once.',

	InvalidModuleId: 'The module id is not allowed.',
	InvalidDomManagerSettings: 'The settings contradict themselves.',
	InvalidNetworkSharePath: 'The path of the network share is not allowed.',
	InvalidCredentialPermissions: 'You may not use these credentials.',
	DeprecatedSetting: 'This setting is obeyed, and should not be used any more.',
	DomSecurityFieldValueReferenceHasInvalidIds: 'A security link refers to a field or definition that does not exist.',
	DomSecurityFieldValueReferenceHasNoValues: 'A security link by field values has no values.',
	DomSecurityFieldValueReferenceHasTooManyValues: 'A security link by field values has too many values.',

	FieldTypeNotSupported: 'A field of this kind cannot have this type.',
	SectionDefinitionInUseByDomInstances: 'Instances use this section.',
	SectionDefinitionInUseByDomDefinitions: 'Definitions use this section.',
	GenericEnumEntryInUseByDomInstances: 'Instances use this entry of the list. Mark it as removed instead.',
	SectionDefinitionFieldsInUse: 'A field that was removed or changed is in use.',
	StaticSectionDefinitionsCantBeChanged: 'This section belongs to the system.',
	InvalidFieldDescriptor: 'The field contradicts itself.',

	DomDefinitionHasLinkedDomInstances: 'There are instances of this definition.',
	SectionDefinitionLinkInUseByDomInstances: 'Instances have this section. Mark the link as removed instead.',
	DomDefinitionDoesNotContainRequiredModuleSectionDefinitions: 'A section that the module requires is missing.',

	InvalidParentId: 'The behavior cannot inherit from this one.',
	InheritingDefinitionContainsInvalidData: 'A behavior that inherits cannot have statuses of its own.',
	StatusTransitionsReferenceNonExistingStatuses: 'A transition refers to a status that does not exist.',
	StatusSectionDefinitionLinksReferenceNonExistingStatuses: 'A section is linked to a status that does not exist.',
	InvalidStatusIds: 'The id of a status is not allowed: lowercase letters, digits, _ and -.',
	DuplicateStatusIds: 'Two statuses have the same id.',
	InvalidTransitionIds: 'The id of a transition is not allowed: lowercase letters, digits, _ and -.',
	DuplicateTransitionIds: 'Two transitions have the same id.',
	InvalidInitialStatusId: 'The initial status is none of the statuses.',
	DuplicateSectionDefinitionLinks: 'A section is linked twice to one status.',
	InvalidActionDefinitionIds: 'The id of an action is not allowed.',
	DuplicateActionDefinitionIds: 'Two actions have the same id.',
	InvalidButtonDefinitionIds: 'The id of a button is not allowed.',
	DuplicateButtonDefinitionIds: 'Two buttons have the same id.',
	InvalidButtonActionCombination: 'A button does not fit its action.',
	InUseByDomDefinitions: 'Definitions use this behavior.',
	InUseByDomBehaviorDefinitions: 'Other behaviors inherit from this one.',

	DomInstanceSectionInvalidFieldValueTypes: 'The value does not fit the type of the field.',
	DomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition: 'A value is required here.',
	DomInstanceRequiresLinkToValidDomDefinition: 'The definition does not exist.',
	SectionsUsedInDomInstanceDoNotMatchRequirementsOfDomDefinition: 'The sections are not those that the definition asks for.',
	DomInstanceDoesNotContainRequiredModuleSections: 'A section that the module requires is missing.',
	MultipleSectionsNotAllowedForSectionDefinition: 'This section can be there only once.',
	ValueForSoftDeletedFieldNotAllowed: 'This field is removed and takes no new values.',
	ValueTooLarge: 'The value is too large.',
	FieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor: 'There is a value of a field that does not exist.',
	SectionUsedInDomInstanceLinksToNonExistingSectionDefinition: 'There is a section whose definition does not exist.',
	DomInstanceContainsInvalidStatus: 'The status does not exist.',
	DomInstanceHasMissingRequiredFieldsForCurrentStatus: 'The status requires a value here.',
	DomInstanceHasInvalidFieldsForCurrentStatus: 'The value is not valid.',
	ReadOnlyFieldsChangedForCurrentStatus: 'The status does not let this field be changed.',
	DomInstanceContainsUnknownFieldsForCurrentStatus: 'The status does not have this field.',
	StatusChangeNotAllowedForNormalUpdate: 'The status changes by a transition only.',
	ReadFilterNotSupportedBySecurity: 'Your access to this module does not allow this filter.',
	CountFilterNotSupportedBySecurity: 'Your access to this module does not allow this filter.',

	StatusTransitionNotFound: 'There is no such transition.',
	StatusTransitionIncompatibleWithCurrentStatus: 'The transition does not begin at the present status. Somebody may have moved it meanwhile.',
	DomInstanceContainsUnknownFieldsForNextStatus: 'The next status does not have this field. Empty it first.',
	DomInstanceHasInvalidFieldsForNextStatus: 'The value is not valid for the next status.',
	DomInstanceHasMissingRequiredFieldsForNextStatus: 'The next status requires a value here.',
	CrudFailedExceptionOccurred: 'The transition could not be stored.',
	DomInstanceContainsInvalidAmountOfSectionsForNextStatus: 'The next status does not allow this number of sections.',
}

export const kinds: Record<Kind | 'Unreachable', string> = {
	Invalid: 'That did not make sense to the daemon.',
	Unauthenticated: 'Sign in first.',
	PermissionDenied: 'You do not have the right to do this.',
	NotFound: 'It does not exist.',
	AlreadyExists: 'It exists already.',
	Conflict: 'That is not possible now.',
	TooLarge: 'That is too large.',
	RateLimited: 'Too many requests. Try again later.',
	Unavailable: 'The daemon cannot answer now. Try again later.',
	Timeout: 'That took too long.',
	Canceled: 'That was given up.',
	Internal: 'A mistake in the daemon.',
	Unreachable: 'The daemon cannot be reached.',
}

/** What an error means. A reason the console does not know has its message. */
export function reasonText(error: ErrorData): string {
	return (reasons as Record<string, string | undefined>)[error.Reason] ?? error.Message ?? error.Reason
}
