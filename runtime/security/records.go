package security

import (
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

//go:generate go -C ../../tools run ./msgpgen -package ../runtime/security -files records.go -unexported "replace slnet.PermissionFlag with:int64"

// The tables of the store. Their names, and the names of the fields of the
// records, are on disk and never change. Users and groups are kept by folded
// name, tokens by id.
var (
	userTable  = storage.NewTable[userRecord]("users")
	groupTable = storage.NewTable[groupRecord]("groups")
	tokenTable = storage.NewTable[tokenRecord]("tokens")
)

// userRecord is a stored user.
type userRecord struct {
	Name        string    `json:"Name"`
	DisplayName string    `json:"DisplayName,omitempty"`
	Groups      []string  `json:"Groups,omitempty"` // folded names, sorted
	Disabled    bool      `json:"Disabled,omitempty"`
	Password    string    `json:"Password,omitempty"` // hash in PHC form; empty: has none
	CreatedAt   time.Time `json:"CreatedAt"`
}

// groupRecord is a stored group. The permissions of Administrators are not
// stored: it has all.
type groupRecord struct {
	Name        string                 `json:"Name"`
	Permissions []slnet.PermissionFlag `json:"Permissions,omitempty"` // sorted
}

// tokenRecord is a stored token.
type tokenRecord struct {
	ID        uuid.UUID `json:"Id"`
	User      string    `json:"User"` // folded name
	Name      string    `json:"Name,omitempty"`
	Hash      [32]byte  `json:"Hash"` // SHA-256 of the secret
	CreatedAt time.Time `json:"CreatedAt"`
	ExpiresAt time.Time `json:"ExpiresAt,omitzero"` // zero: never
	// ForFile marks the token made for the Administrator's token file.
	ForFile bool `json:"ForFile,omitempty"`
}

// worksAt reports whether the token has not expired.
func (t *tokenRecord) worksAt(now time.Time) bool {
	return t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt)
}
