package security

import (
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

//go:generate go -C ../../tools run ./msgpgen -package ../runtime/security -files records.go -unexported "replace slnet.PermissionFlag with:int64" "replace slnet.TokenKind with:string"

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
	ID          uuid.UUID `json:"Id"` // stays when the user is renamed
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
	Name         string                 `json:"Name"`
	Permissions  []slnet.PermissionFlag `json:"Permissions,omitempty"` // sorted
	ScriptGrants []slnet.ScriptGrant    `json:"ScriptGrants,omitempty"`
	ReadOnly     bool                   `json:"ReadOnly,omitempty"`
}

// tokenRecord is a stored token.
type tokenRecord struct {
	ID        uuid.UUID       `json:"Id"`
	User      string          `json:"User"` // folded name
	Name      string          `json:"Name,omitempty"`
	Kind      slnet.TokenKind `json:"Kind,omitempty"`
	Hash      [32]byte        `json:"Hash"` // SHA-256 of the secret
	CreatedAt time.Time       `json:"CreatedAt"`
	ExpiresAt time.Time       `json:"ExpiresAt,omitzero"` // zero: never
	// IdleTimeout is how long the token works without being used; 0: for ever.
	IdleTimeout time.Duration     `json:"IdleTimeout,omitempty"`
	Scope       *slnet.TokenScope `json:"Scope,omitempty"` // nil: all rights of the user
	// LastUsedAt is the last use that was stored; use has the last one.
	LastUsedAt time.Time `json:"LastUsedAt,omitzero"`
	// ForFile marks the token made for the Administrator's token file.
	ForFile bool `json:"ForFile,omitempty"`

	// use is the time of the last use in Unix milliseconds, 0 for none, shared
	// by all versions of the record.
	use *atomic.Int64 `json:"-"`
}

// worksAt reports whether the token has not expired.
func (t *tokenRecord) worksAt(now time.Time) bool {
	if !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) {
		return false
	}
	if t.IdleTimeout == 0 {
		return true
	}
	used := t.lastUsed()
	if used.IsZero() {
		used = t.CreatedAt
	}
	return now.Before(used.Add(t.IdleTimeout))
}

// lastUsed is the time of the last use, zero for none.
func (t *tokenRecord) lastUsed() time.Time {
	if ms := t.use.Load(); ms != 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}
