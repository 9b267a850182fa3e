package security

import (
	"fmt"
	"slices"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// Has reports whether a user has a permission now. A disabled or unknown user
// has none. Members of Administrators have every permission, also one this
// program does not list; nobody else has PermissionNone, so that a check that
// forgot what to ask for is refused.
func (a *Accounts) Has(user string, p slnet.PermissionFlag) bool {
	return a.directory.Load().has(user, p)
}

// Permissions returns the permissions a user has now, by number; none for a
// disabled or unknown user.
func (a *Accounts) Permissions(user string) []slnet.PermissionFlag {
	return a.directory.Load().permissions(user)
}

// UserExists reports whether there is a user of the name, also a disabled one.
func (a *Accounts) UserExists(user string) bool {
	return a.directory.Load().users[fold(user)] != nil
}

// Enabled reports whether there is a user of the name who is not disabled.
func (a *Accounts) Enabled(user string) bool {
	return a.directory.Load().enabled(user) != nil
}

// WhoAmI answers a WhoAmIMessage of the caller.
func (a *Accounts) WhoAmI(caller Caller) (*slnet.WhoAmIResponse, error) {
	d := a.directory.Load()
	u := d.enabled(caller.User)
	if u == nil {
		return nil, slnet.Errorf(slnet.KindUnauthenticated, "the user %.64q was deleted or disabled; ask an administrator", caller.User)
	}
	return &slnet.WhoAmIResponse{User: d.user(u), Permissions: d.permissions(u.Name)}, nil
}

// readPermissions checks the permissions of a request and returns them sorted,
// each once.
func readPermissions(requested []slnet.PermissionFlag) ([]slnet.PermissionFlag, error) {
	known := slnet.Permissions()
	for _, p := range requested {
		if !slices.Contains(known, p) {
			names := make([]string, len(known))
			for i, k := range known {
				names[i] = fmt.Sprintf("%v (%d)", k, int64(k))
			}
			return nil, slnet.Errorf(slnet.KindInvalid, "there is no permission %d; the permissions are %s", int64(p), strings.Join(names, ", "))
		}
	}
	sorted := slices.Clone(requested)
	slices.Sort(sorted)
	return slices.Compact(sorted), nil
}
