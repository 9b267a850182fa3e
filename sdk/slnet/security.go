package slnet

import (
	"time"

	"github.com/google/uuid"
)

// AdministratorName is the name of the built-in user, AdministratorsName that
// of the built-in group, which has every permission.
const (
	AdministratorName  = "Administrator"
	AdministratorsName = "Administrators"
)

// User is a person or program that can be given rights.
type User struct {
	// ID stays when the user is renamed.
	ID          uuid.UUID `json:"Id"`
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
	// ScriptGrants are rights for some scripts, beside those for all that the
	// permissions give.
	ScriptGrants []ScriptGrant `json:"ScriptGrants,omitempty"`
	// ReadOnly keeps the members from changing anything and from running
	// scripts, unless they are also in a group that is not ReadOnly.
	ReadOnly bool `json:"ReadOnly,omitempty"`
}

// ScriptGrant gives rights for the scripts whose names match.
type ScriptGrant struct {
	// Pattern is the name of a script, or the beginning of names followed by *.
	// Case does not count.
	Pattern string `json:"Pattern"`
	View    bool   `json:"View,omitempty"`
	Edit    bool   `json:"Edit,omitempty"`
	Execute bool   `json:"Execute,omitempty"`
	Delete  bool   `json:"Delete,omitempty"`
}

// TokenKind says where a token comes from.
type TokenKind string

// The kinds of tokens. Logins and sessions end when their user's password
// changes or the user is disabled.
const (
	TokenMade    TokenKind = ""        // made with a CreateTokenMessage
	TokenLogin   TokenKind = "login"   // made with a password, for a command line or a program
	TokenSession TokenKind = "session" // made with a password, for a browser; ends when it is not used
)

// TokenScope limits what can be done with a token, whatever its user may do.
type TokenScope struct {
	// Permissions are the only ones the token has, as far as its user has them.
	// None given means all of the user; PermissionNone alone means none.
	Permissions []PermissionFlag `json:"Permissions,omitempty"`
	// ReadOnly keeps the token from changing anything and from running scripts.
	ReadOnly bool `json:"ReadOnly,omitempty"`
}

// Token is what stands for a user in a request. The secret itself is shown once
// and not kept.
type Token struct {
	ID        uuid.UUID `json:"Id"`
	User      string    `json:"User"`
	Name      string    `json:"Name,omitempty"`
	Kind      TokenKind `json:"Kind,omitempty"`
	CreatedAt time.Time `json:"CreatedAt,omitzero"`
	// ExpiresAt is when the token stops to work; zero means never.
	ExpiresAt time.Time `json:"ExpiresAt,omitzero"`
	// IdleTimeout is how long the token works without being used; 0 means for
	// ever.
	IdleTimeout time.Duration `json:"IdleTimeout,omitempty"`
	// LastUsedAt is zero for a token that was never used.
	LastUsedAt time.Time   `json:"LastUsedAt,omitzero"`
	Scope      *TokenScope `json:"Scope,omitempty"`
}

// WhoAmIMessage asks who the caller is. Answered with WhoAmIResponse.
type WhoAmIMessage struct{}

// WhoAmIResponse says who the caller is and what it may do.
type WhoAmIResponse struct {
	User User `json:"User"`
	// Permissions are those the caller has: the user's, within the scope of the
	// token.
	Permissions []PermissionFlag `json:"Permissions,omitempty"`
	// ReadOnly reports that the caller can change nothing, because of its groups
	// or its token.
	ReadOnly bool `json:"ReadOnly,omitempty"`
	// Groups are the groups of the user with what each of them gives.
	Groups []Group `json:"Groups,omitempty"`
	// Token is the token the message was sent with; nil in a run.
	Token *Token `json:"Token,omitempty"`
	// Scope is that of the token, in a run that of the token it was started with.
	Scope *TokenScope `json:"Scope,omitempty"`
}

// CreateUserMessage makes a user. Without a password the user can only use
// tokens. Answered with UserResponse.
type CreateUserMessage struct {
	Name        string   `json:"Name"`
	DisplayName string   `json:"DisplayName,omitempty"`
	Password    string   `json:"Password,omitempty"`
	Groups      []string `json:"Groups,omitempty"`
}

// UpdateUserMessage changes what is given of a user. A new password, and
// disabling the user, end the user's logins and sessions. Answered with
// UserResponse.
type UpdateUserMessage struct {
	Name string `json:"Name"`
	// NewName renames the user. Its id, tokens and runs stay; history and audit
	// keep the name of their time.
	NewName      *string  `json:"NewName,omitempty"`
	DisplayName  *string  `json:"DisplayName,omitempty"`
	Password     *string  `json:"Password,omitempty"`
	Disabled     *bool    `json:"Disabled,omitempty"`
	AddGroups    []string `json:"AddGroups,omitempty"`
	RemoveGroups []string `json:"RemoveGroups,omitempty"`
}

// ChangePasswordMessage gives the caller a new password, which ends the
// caller's logins and sessions, also the one the message is sent with. Neither a
// run nor a token with a scope can send it. Answered with Empty.
type ChangePasswordMessage struct {
	OldPassword string `json:"OldPassword"`
	NewPassword string `json:"NewPassword"`
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
	// Preset adds the rights of a preset to those of Group.
	Preset GroupPreset `json:"Preset,omitempty"`
}

// UpdateGroupMessage replaces everything of a group. Answered with
// GroupResponse.
type UpdateGroupMessage struct {
	// Group has the name that the group has.
	Group Group `json:"Group"`
	// NewName renames the group. Links in module settings refer to groups by
	// their names, so those of the old name end (SEC-27).
	NewName string `json:"NewName,omitempty"`
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
	// Scope limits the token; nil means that it has all rights of the user.
	Scope *TokenScope `json:"Scope,omitempty"`
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

// RevokeTokenMessage ends a token, login or session at once. Answered with
// Empty.
type RevokeTokenMessage struct {
	ID uuid.UUID `json:"Id"`
}
