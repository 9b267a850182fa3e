package security

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// directory is all accounts at one moment. Once it is published neither it nor a
// record in it is changed; a change puts changed copies into a clone.
type directory struct {
	users    map[string]*userRecord     // by folded name
	userIDs  map[uuid.UUID]*userRecord  // the same
	groups   map[string]*groupRecord    // by folded name
	tokens   map[[32]byte]*tokenRecord  // by hash of the secret
	tokenIDs map[uuid.UUID]*tokenRecord // the same
	rights   sync.Map                   // *userRecord -> *Rights, as far as somebody asked
	linked   func() map[string]bool     // the groups that modules link to instances now, by folded name
}

func newDirectory(linked func() map[string]bool) *directory {
	return &directory{
		linked:   linked,
		users:    make(map[string]*userRecord),
		userIDs:  make(map[uuid.UUID]*userRecord),
		groups:   make(map[string]*groupRecord),
		tokens:   make(map[[32]byte]*tokenRecord),
		tokenIDs: make(map[uuid.UUID]*tokenRecord),
	}
}

func (d *directory) clone() *directory {
	return &directory{
		users: maps.Clone(d.users), userIDs: maps.Clone(d.userIDs), groups: maps.Clone(d.groups),
		tokens: maps.Clone(d.tokens), tokenIDs: maps.Clone(d.tokenIDs), linked: d.linked,
	}
}

func (d *directory) setUser(u *userRecord) {
	d.users[fold(u.Name)] = u
	d.userIDs[u.ID] = u
}

func (d *directory) setToken(t *tokenRecord) {
	d.tokens[t.Hash] = t
	d.tokenIDs[t.ID] = t
}

// enabled returns a user who may do something, or nil.
func (d *directory) enabled(name string) *userRecord {
	if u := d.users[fold(name)]; u != nil && !u.Disabled {
		return u
	}
	return nil
}

// callerUser returns the user of a caller, nil when the user is disabled or
// gone.
func (d *directory) callerUser(c Caller) *userRecord {
	if c.UserID == uuid.Nil {
		return d.enabled(c.User)
	}
	if u := d.userIDs[c.UserID]; u != nil && !u.Disabled {
		return u
	}
	return nil
}

// callerRights are the rights of a caller, or an error of KindUnauthenticated.
func (d *directory) callerRights(c Caller, now time.Time) (*Rights, error) {
	u := d.callerUser(c)
	if u == nil {
		return nil, slnet.Errorf(slnet.KindUnauthenticated, "user %s is disabled or does not exist", c.User)
	}
	if c.TokenID != uuid.Nil {
		if t := d.tokenIDs[c.TokenID]; t == nil || !t.worksAt(now) {
			return nil, tokenRefused()
		}
	}
	return d.userRights(u).within(c.Scope), nil
}

// permissionsOf are the permissions of a group, by number.
func permissionsOf(g *groupRecord) []slnet.PermissionFlag {
	if fold(g.Name) == administratorsKey {
		all := slnet.Permissions()
		slices.Sort(all)
		return all
	}
	return slices.Clone(g.Permissions)
}

// userNamed returns a user that a request is about.
func (d *directory) userNamed(name string) (*userRecord, error) {
	if u := d.users[fold(name)]; u != nil {
		return u, nil
	}
	return nil, noUser(name)
}

func noUser(name string) error {
	return slnet.Errorf(slnet.KindNotFound, "there is no user %.64q; the list of users has the names", name)
}

// groupNamed returns a group that a request is about.
func (d *directory) groupNamed(name string) (*groupRecord, error) {
	if g := d.groups[fold(name)]; g != nil {
		return g, nil
	}
	return nil, slnet.Errorf(slnet.KindNotFound, "there is no group %.64q; the list of groups has the names", name)
}

// groupKeys are the folded names of groups that a request about something else
// mentions.
func (d *directory) groupKeys(names []string) ([]string, error) {
	var keys []string
	for _, name := range names {
		key := fold(name)
		if d.groups[key] == nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "there is no group %.64q; create it first, or correct the name", name)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// user is what others see of a user.
func (d *directory) user(u *userRecord) slnet.User {
	var groups []string
	for _, key := range u.Groups {
		if g := d.groups[key]; g != nil {
			groups = append(groups, g.Name)
		}
	}
	return slnet.User{
		ID: u.ID, Name: u.Name, DisplayName: u.DisplayName, Groups: groups,
		Disabled: u.Disabled, HasPassword: u.Password != "", CreatedAt: u.CreatedAt,
	}
}

// groupOf is what others see of a group.
func groupOf(g *groupRecord) slnet.Group {
	return slnet.Group{Name: g.Name, Permissions: permissionsOf(g), ScriptGrants: slices.Clone(g.ScriptGrants), ReadOnly: g.ReadOnly}
}

// token is what others see of a token.
func (d *directory) token(t *tokenRecord) slnet.Token {
	user := t.User
	if u := d.users[user]; u != nil {
		user = u.Name
	}
	return slnet.Token{
		ID: t.ID, User: user, Name: t.Name, Kind: t.Kind, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
		IdleTimeout: t.IdleTimeout, LastUsedAt: t.lastUsed(), Scope: t.Scope,
	}
}
