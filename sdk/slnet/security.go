package slnet

import (
	"time"

	"github.com/google/uuid"
)

// PermissionFlag is a right a group can be given. Numbers that the original
// documents are kept.
type PermissionFlag int64

// The permissions.
const (
	PermissionNone PermissionFlag = 0
	// PermissionModuleSettingsConfiguration allows to create, update and delete
	// module settings and model objects, and to reinitialise DOM managers.
	PermissionModuleSettingsConfiguration PermissionFlag = 291
	// PermissionPlmDeleteDomInstances allows to delete DOM instances of modules
	// whose settings ask for it.
	PermissionPlmDeleteDomInstances PermissionFlag = 10_001
	// PermissionAutomationExecute allows to run scripts and to see one's own
	// runs.
	PermissionAutomationExecute PermissionFlag = 10_100
	// PermissionAutomationEdit allows to deploy scripts and plugins.
	PermissionAutomationEdit PermissionFlag = 10_101
	// PermissionAutomationViewRuns allows to see and cancel the runs of others.
	PermissionAutomationViewRuns PermissionFlag = 10_102
	// PermissionSecurityAdministration allows to manage users, groups and
	// tokens.
	PermissionSecurityAdministration PermissionFlag = 10_200
	// PermissionSystemAdministration allows to check and operate the store.
	PermissionSystemAdministration PermissionFlag = 10_201
)

// permissions is the table of all permissions, for listings and for reading
// names.
var permissions = []struct {
	flag PermissionFlag
	name string
}{
	{PermissionModuleSettingsConfiguration, "ModuleSettingsConfiguration"},
	{PermissionPlmDeleteDomInstances, "PlmDeleteDomInstances"},
	{PermissionAutomationExecute, "AutomationExecute"},
	{PermissionAutomationEdit, "AutomationEdit"},
	{PermissionAutomationViewRuns, "AutomationViewRuns"},
	{PermissionSecurityAdministration, "SecurityAdministration"},
	{PermissionSystemAdministration, "SystemAdministration"},
}

// Permissions returns all permissions.
func Permissions() []PermissionFlag {
	list := make([]PermissionFlag, len(permissions))
	for i, p := range permissions {
		list[i] = p.flag
	}
	return list
}

// String is the permission's name, or its number when it has none.
func (p PermissionFlag) String() string {
	for _, known := range permissions {
		if known.flag == p {
			return known.name
		}
	}
	return Errorf(KindInvalid, "%d", int64(p)).Message
}

// ParsePermission reads a permission by its name.
func ParsePermission(name string) (PermissionFlag, error) {
	for _, known := range permissions {
		if known.name == name {
			return known.flag, nil
		}
	}
	var names string
	for i, known := range permissions {
		if i > 0 {
			names += ", "
		}
		names += known.name
	}
	return 0, Errorf(KindInvalid, "unknown permission %q; the permissions are %s", name, names)
}

// AdministratorName is the name of the built-in user, AdministratorsName that
// of the built-in group, which has every permission.
const (
	AdministratorName  = "Administrator"
	AdministratorsName = "Administrators"
)

// User is a person or program that can be given rights.
type User struct {
	Name        string    `json:"Name"`
	DisplayName string    `json:"DisplayName,omitempty"`
	Groups      []string  `json:"Groups,omitempty"`
	Disabled    bool      `json:"Disabled,omitempty"`
	HasPassword bool      `json:"HasPassword,omitempty"`
	CreatedAt   time.Time `json:"CreatedAt,omitzero"`
}

// Group is a named set of users with rights.
type Group struct {
	Name        string           `json:"Name"`
	Permissions []PermissionFlag `json:"Permissions,omitempty"`
}

// Token is what stands for a user in a request. The secret itself is shown once
// and not kept.
type Token struct {
	ID        uuid.UUID `json:"Id"`
	User      string    `json:"User"`
	Name      string    `json:"Name,omitempty"`
	CreatedAt time.Time `json:"CreatedAt,omitzero"`
	// ExpiresAt is when the token stops to work; zero means never.
	ExpiresAt time.Time `json:"ExpiresAt,omitzero"`
}

// WhoAmIMessage asks who the caller is. Answered with WhoAmIResponse.
type WhoAmIMessage struct{}

// WhoAmIResponse says who the caller is and what it may do.
type WhoAmIResponse struct {
	User        User             `json:"User"`
	Permissions []PermissionFlag `json:"Permissions,omitempty"`
}

// CreateUserMessage makes a user. Without a password the user can only use
// tokens. Answered with UserResponse.
type CreateUserMessage struct {
	Name        string   `json:"Name"`
	DisplayName string   `json:"DisplayName,omitempty"`
	Password    string   `json:"Password,omitempty"`
	Groups      []string `json:"Groups,omitempty"`
}

// UpdateUserMessage changes what is given of a user. Answered with
// UserResponse.
type UpdateUserMessage struct {
	Name         string   `json:"Name"`
	DisplayName  *string  `json:"DisplayName,omitempty"`
	Password     *string  `json:"Password,omitempty"`
	Disabled     *bool    `json:"Disabled,omitempty"`
	AddGroups    []string `json:"AddGroups,omitempty"`
	RemoveGroups []string `json:"RemoveGroups,omitempty"`
}

// DeleteUserMessage removes a user and its tokens. Answered with Empty.
type DeleteUserMessage struct {
	Name string `json:"Name"`
}

// GetUsersMessage asks for all users. Answered with UsersResponse.
type GetUsersMessage struct{}

// UserResponse carries one user.
type UserResponse struct {
	User User `json:"User"`
}

// UsersResponse carries users by name.
type UsersResponse struct {
	Users []User `json:"Users"`
}

// CreateGroupMessage makes a group. Answered with GroupResponse.
type CreateGroupMessage struct {
	Group Group `json:"Group"`
}

// UpdateGroupMessage replaces the permissions of a group. Answered with
// GroupResponse.
type UpdateGroupMessage struct {
	Group Group `json:"Group"`
}

// DeleteGroupMessage removes a group from the system and from all users.
// Answered with Empty.
type DeleteGroupMessage struct {
	Name string `json:"Name"`
}

// GetGroupsMessage asks for all groups. Answered with GroupsResponse.
type GetGroupsMessage struct{}

// GroupResponse carries one group.
type GroupResponse struct {
	Group Group `json:"Group"`
}

// GroupsResponse carries groups by name.
type GroupsResponse struct {
	Groups []Group `json:"Groups"`
}

// CreateTokenMessage makes a token for a user. Answered with
// CreateTokenResponse.
type CreateTokenMessage struct {
	User string `json:"User"`
	Name string `json:"Name,omitempty"`
	// ExpiresIn is how long the token works; 0 means for ever.
	ExpiresIn time.Duration `json:"ExpiresIn,omitempty"`
}

// CreateTokenResponse carries the new token's secret, the only time it is
// shown.
type CreateTokenResponse struct {
	Token  Token  `json:"Token"`
	Secret string `json:"Secret"`
}

// GetTokensMessage asks for the tokens of a user, or of all when User is empty.
// Answered with TokensResponse.
type GetTokensMessage struct {
	User string `json:"User,omitempty"`
}

// TokensResponse carries tokens without their secrets.
type TokensResponse struct {
	Tokens []Token `json:"Tokens"`
}

// RevokeTokenMessage ends a token at once. Answered with Empty.
type RevokeTokenMessage struct {
	ID uuid.UUID `json:"Id"`
}
