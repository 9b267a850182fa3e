package security

import (
	"maps"
	"slices"

	"domovoi.dev/sdk/slnet"
)

// directory is all accounts at one moment. Once it is published neither it nor a
// record in it is changed; a change puts changed copies into a clone.
type directory struct {
	users  map[string]*userRecord    // by folded name
	groups map[string]*groupRecord   // by folded name
	tokens map[[32]byte]*tokenRecord // by hash of the secret
}

func newDirectory() *directory {
	return &directory{
		users:  make(map[string]*userRecord),
		groups: make(map[string]*groupRecord),
		tokens: make(map[[32]byte]*tokenRecord),
	}
}

func (d *directory) clone() *directory {
	return &directory{users: maps.Clone(d.users), groups: maps.Clone(d.groups), tokens: maps.Clone(d.tokens)}
}

// enabled returns a user who may do something, or nil.
func (d *directory) enabled(name string) *userRecord {
	if u := d.users[fold(name)]; u != nil && !u.Disabled {
		return u
	}
	return nil
}

// has reports whether one of the user's groups has the permission. What names a
// group or user that does not exist has none.
func (d *directory) has(user string, p slnet.PermissionFlag) bool {
	u := d.enabled(user)
	if u == nil {
		return false
	}
	for _, key := range u.Groups {
		if key == administratorsKey {
			return true
		}
		if g := d.groups[key]; g != nil && slices.Contains(g.Permissions, p) {
			return true
		}
	}
	return false
}

// permissions are those of an enabled user, by number.
func (d *directory) permissions(user string) []slnet.PermissionFlag {
	u := d.enabled(user)
	if u == nil {
		return nil
	}
	var all []slnet.PermissionFlag
	for _, key := range u.Groups {
		if g := d.groups[key]; g != nil {
			all = append(all, permissionsOf(g)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
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
	return nil, slnet.Errorf(slnet.KindNotFound, "there is no user %.64q; the list of users has the names", name)
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
		Name: u.Name, DisplayName: u.DisplayName, Groups: groups,
		Disabled: u.Disabled, HasPassword: u.Password != "", CreatedAt: u.CreatedAt,
	}
}

// groupOf is what others see of a group.
func groupOf(g *groupRecord) slnet.Group {
	return slnet.Group{Name: g.Name, Permissions: permissionsOf(g)}
}

// token is what others see of a token.
func (d *directory) token(t *tokenRecord) slnet.Token {
	user := t.User
	if u := d.users[user]; u != nil {
		user = u.Name
	}
	return slnet.Token{ID: t.ID, User: user, Name: t.Name, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
}
