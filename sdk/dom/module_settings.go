package dom

import "domovoi.dev/sdk/slnet"

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
	// any of \ / * ? " < > | space , # : -
	ModuleID           string             `json:"ModuleId"`
	DomManagerSettings DomManagerSettings `json:"DomManagerSettings"`
	Tracking           `json:",flatten"`
}

// DomManagerSettings configure the DOM manager of a module. A change takes
// effect when the manager is reinitialised.
type DomManagerSettings struct {
	SecuritySettings         DomManagerSecuritySettings `json:"SecuritySettings"`
	InformationEventSettings InformationEventSettings   `json:"InformationEventSettings"`
}

// DomManagerSecuritySettings say which permissions the requests to a module
// need. (DOC:DOM_SecuritySettings, DOC:DOM_managers)
type DomManagerSecuritySettings struct {
	// DeleteDomInstancePermission is what deleting an instance needs.
	DeleteDomInstancePermission Permission `json:"DeleteDomInstancePermission,omitempty"`
}

// InformationEventSettings switch information events about the objects of a
// module on. (row MOD-19)
type InformationEventSettings struct {
	Enable bool `json:"Enable,omitempty"`
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
