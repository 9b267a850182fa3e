package dom

import (
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// Permission is a right that a setting can ask for.
type Permission = slnet.PermissionFlag

// The permissions that concern DOM.
const (
	PermissionNone                        = slnet.PermissionNone
	PermissionModuleSettingsConfiguration = slnet.PermissionModuleSettingsConfiguration
	PermissionPlmDeleteDomInstances       = slnet.PermissionPlmDeleteDomInstances
)

// ModuleSettings describe a module. Creating them makes the module: its DOM
// manager starts with the first request. (DOC:DOM_ModuleSettings)
type ModuleSettings struct {
	// ModuleID identifies the module: lowercase, at most 40 characters, without
	// any of \ / * ? " ' < > | space , # : -
	ModuleID string `json:"ModuleId"`
	// DomManagerSettings are all settings but the id.
	DomManagerSettings DomManagerSettings `json:"DomManagerSettings"`
	Tracking           `json:",flatten"`
}

// DomManagerSettings configure the DOM manager of a module. A change takes
// effect when the manager is reinitialised.
type DomManagerSettings struct {
	// ModuleSections are section definitions that every DOM definition must
	// link, unless it uses a status system.
	ModuleSections []SectionDefinitionID `json:"ModuleSections,omitempty"`
	// FieldAliases are second names for fields. A field that has one counts as in
	// use.
	FieldAliases []FieldAlias `json:"FieldAliases,omitempty"`
	// ScriptSettings are the scripts started by changes of instances.
	ScriptSettings ScriptSettings `json:"ScriptSettings,omitempty"`
	// InformationEventSettings switch information events on.
	InformationEventSettings InformationEventSettings `json:"InformationEventSettings,omitempty"`
	// DomInstanceNameDefinition says how the names of instances are made; nil or
	// empty means the instance's id.
	DomInstanceNameDefinition *NameDefinition `json:"DomInstanceNameDefinition,omitempty"`
	// ModuleBehaviorDefinition is what the behavior definitions of the module
	// may inherit from, zero for none.
	ModuleBehaviorDefinition BehaviorDefinitionID `json:"ModuleBehaviorDefinition"`
	// TTLSettings say when objects are removed by themselves.
	TTLSettings TTLSettings `json:"TtlSettings,omitempty"`
	// DomInstanceHistorySettings say whether changes of instances are recorded.
	DomInstanceHistorySettings HistorySettings `json:"DomInstanceHistorySettings,omitempty"`
	// StorageSettings say what is kept in memory and what has an index.
	StorageSettings StorageSettings `json:"StorageSettings"`
	// SecuritySettings say who may do what in the module.
	SecuritySettings DomManagerSecuritySettings `json:"SecuritySettings,omitempty"`
	// DomInstanceNetworkAttachmentSettings are stored, and used by nothing here.
	DomInstanceNetworkAttachmentSettings NetworkAttachmentSettings `json:"DomInstanceNetworkAttachmentSettings,omitempty"`
}

// FieldAlias is a second name for a field, for lookups.
type FieldAlias struct {
	// Name is the second name, unique in the module.
	Name string `json:"Name"`
	// FieldDescriptorID is the field.
	FieldDescriptorID FieldDescriptorID `json:"FieldDescriptorId"`
}

// ScriptType says what a script started by a change is given.
type ScriptType string

// The script types.
const (
	ScriptIDOnly       ScriptType = ""             // the id of the instance
	ScriptFullCrudMeta ScriptType = "FullCrudMeta" // the versions before and after
)

// ScriptSettings are the scripts that start when an instance is created,
// updated or deleted. (DOC:ExecuteScriptOnDomInstanceActionSettings)
type ScriptSettings struct {
	// OnCreate is the name of the script for instances that are created, empty for
	// none.
	OnCreate string `json:"OnCreate,omitempty"`
	// OnUpdate is the one for updates and status transitions.
	OnUpdate string `json:"OnUpdate,omitempty"`
	// OnDelete is the one for deletions.
	OnDelete string `json:"OnDelete,omitempty"`
	// ScriptType says what the scripts are given.
	ScriptType ScriptType `json:"ScriptType,omitempty"`
	// OnUpdateTriggerConditions limit OnUpdate to updates that meet one of them;
	// none means every update and every status transition. With conditions on
	// fields only, transitions do not start it, as in the original.
	OnUpdateTriggerConditions []UpdateTriggerCondition `json:"OnUpdateTriggerConditions,omitempty"`
}

// UpdateTriggerCondition is met by an update that added, changed or removed a
// value of a field, or by a transition to a status. It names one of the two.
type UpdateTriggerCondition struct {
	// FieldDescriptorID is the field, zero for a condition on a status.
	FieldDescriptorID FieldDescriptorID `json:"FieldDescriptorId"`
	// StatusID is the status; the original knows conditions on fields only.
	StatusID string `json:"StatusId,omitempty"`
}

// InformationEventSettings switch information events about the objects of a
// module on. (row MOD-19)
type InformationEventSettings struct {
	// Enable makes one event of each change of an instance, definition, template
	// or section definition.
	Enable bool `json:"Enable,omitempty"`
}

// NameDefinition says how the name of an instance is put together.
// (DOC:DomInstanceNameDefinition)
type NameDefinition struct {
	// ConcatenationItems are the parts in order.
	ConcatenationItems []NameItem `json:"ConcatenationItems,omitempty"`
}

// NameItem is one part of a name: the value of a field, or a static text when
// FieldDescriptorID is zero.
type NameItem struct {
	// Value is the static text.
	Value string `json:"Value,omitempty"`
	// FieldDescriptorID is the field whose value is taken.
	FieldDescriptorID FieldDescriptorID `json:"FieldDescriptorId"`
}

// NameText is a static part of a name.
func NameText(text string) NameItem { return NameItem{Value: text} }

// NameField is the value of a field as part of a name.
func NameField(id FieldDescriptorID) NameItem { return NameItem{FieldDescriptorID: id} }

// TTLSettings say after which time without change objects are removed; 0 means
// never.
type TTLSettings struct {
	// DomInstanceTTL is for instances, counted from their last change.
	DomInstanceTTL time.Duration `json:"DomInstanceTtl,omitempty"`
	// DomTemplateTTL is for templates.
	DomTemplateTTL time.Duration `json:"DomTemplateTtl,omitempty"`
	// DomInstanceHistoryTTL is for records of history.
	DomInstanceHistoryTTL time.Duration `json:"DomInstanceHistoryTtl,omitempty"`
}

// HistoryStorageBehavior says whether changes of instances are recorded.
type HistoryStorageBehavior string

// The history modes. Both enabled ones record a change in the very commit of
// the change, which is more than the original promises for either.
const (
	HistoryEnabledAsync HistoryStorageBehavior = ""
	HistoryEnabledSync  HistoryStorageBehavior = "EnabledSync"
	HistoryDisabled     HistoryStorageBehavior = "Disabled"
)

// HistorySettings configure the history of instances.
type HistorySettings struct {
	// StorageBehavior is whether and when they are recorded.
	StorageBehavior HistoryStorageBehavior `json:"StorageBehavior,omitempty"`
}

// CachingPolicy says whether the manager keeps objects of a kind in memory.
type CachingPolicy string

// The caching policies.
const (
	CachingDefault  CachingPolicy = "" // acts as Full
	CachingDisabled CachingPolicy = "Disabled"
	CachingFull     CachingPolicy = "Full"
)

// CachingSettings are the caching policies by kind.
type CachingSettings struct {
	// DomDefinition is for DOM definitions.
	DomDefinition CachingPolicy `json:"DomDefinition,omitempty"`
	// DomBehaviorDefinition is for behavior definitions.
	DomBehaviorDefinition CachingPolicy `json:"DomBehaviorDefinition,omitempty"`
	// SectionDefinition is for section definitions.
	SectionDefinition CachingPolicy `json:"SectionDefinition,omitempty"`
}

// StorageSettings configure how objects are kept.
type StorageSettings struct {
	// CachingSettings say which model objects the manager keeps in memory.
	CachingSettings CachingSettings `json:"CachingSettings,omitempty"`
	// IndexedFields limits the indexes of field values to these fields; none means
	// that all fields have one. Without an index a filter or order by a field is as
	// right, but may have to look at every instance; writing is cheaper. Fields
	// that are added get their index in the background when the manager is
	// reinitialised, and it is used once it is complete.
	IndexedFields []FieldDescriptorID `json:"IndexedFields,omitempty"`
	// TextSearchFields are fields of texts that have an index for contains besides:
	// of each three characters in a row, with the instances whose texts have them. A
	// filter for a text of three characters or more then looks only at instances
	// that may contain it, however long their texts are; without this it looks at
	// the text of every instance. Writing costs an entry for each three characters
	// that are different. Fields are added as to IndexedFields.
	TextSearchFields []FieldDescriptorID `json:"TextSearchFields,omitempty"`
}

// DomManagerSecuritySettings say who may do what in a module.
// (DOC:DOM_SecuritySettings, DOC:DOM_managers)
//
// The permissions are deprecated, as in the original, where link security has
// taken their place: they are obeyed, and saving them gives a warning.
type DomManagerSecuritySettings struct {
	// LinkSecurity restricts the access to instances; nil does not.
	LinkSecurity *LinkSecuritySettings `json:"LinkSecurity,omitempty"`
	// ViewPermissions is what reading instances, their history and attachments
	// needs, and what their events need.
	ViewPermissions Permission `json:"ViewPermissions,omitempty"`
	// CreateAndUpdateDomInstancePermission is what creating and updating an
	// instance needs, and its transitions and attachments.
	CreateAndUpdateDomInstancePermission Permission `json:"CreateAndUpdateDomInstancePermission,omitempty"`
	// DeleteDomInstancePermission is what deleting an instance needs.
	DeleteDomInstancePermission Permission `json:"DeleteDomInstancePermission,omitempty"`
	// ConfigurePermission is what changing the model of the module needs, besides
	// ModuleSettingsConfiguration.
	ConfigurePermission Permission `json:"ConfigurePermission,omitempty"`
}

// NetworkAttachmentSettings name a network share for attachments. Attachments
// are kept in the data directory all the same; the settings are validated and
// stored for systems that share them.
type NetworkAttachmentSettings struct {
	// NetworkSharePath is the path of a share, beginning with two backslashes.
	NetworkSharePath string `json:"NetworkSharePath,omitempty"`
	// CredentialID names credentials; it is set when and only when the path is.
	CredentialID uuid.UUID `json:"CredentialId"`
}

// Kind implements Object.
func (s *ModuleSettings) Kind() ObjectKind { return KindModuleSettings }

// Key implements Object.
func (s *ModuleSettings) Key() string { return s.ModuleID }

func (s *ModuleSettings) expose(e Exposer) []Value {
	if e.Name == exposeModuleID {
		return []Value{ValueOf(s.ModuleID)}
	}
	return s.Tracking.expose(e)
}
