package security

import (
	"fmt"
	"slices"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// Rights returns what a caller may do now. A caller whose user is disabled or
// gone, or whose token ended, gets an error of KindUnauthenticated.
func (a *Accounts) Rights(caller Caller) (*Rights, error) {
	return a.directory.Load().callerRights(caller, a.now())
}

// Has reports whether a caller has a permission now.
func (a *Accounts) Has(caller Caller, p slnet.PermissionFlag) bool {
	rights, err := a.Rights(caller)
	return err == nil && rights.Has(p)
}

// RightsOf returns the rights that a user would have now, with a session of no
// scope. The error of a disabled one is of KindInvalid.
func (a *Accounts) RightsOf(user string) (*Rights, error) {
	d := a.directory.Load()
	u, err := d.userNamed(user)
	if err != nil {
		return nil, err
	}
	if u.Disabled {
		return nil, slnet.Errorf(slnet.KindInvalid, "user %s is disabled, and has access to nothing", u.Name)
	}
	return d.userRights(u), nil
}

// GroupRights returns the rights that a group gives to members who are in no other.
func (a *Accounts) GroupRights(group string) (*Rights, error) {
	d := a.directory.Load()
	if _, err := d.groupNamed(group); err != nil {
		return nil, err
	}
	return d.rightsOf([]string{fold(group)}), nil
}

// Enabled reports whether the user of a caller exists and is not disabled.
func (a *Accounts) Enabled(caller Caller) bool {
	return a.directory.Load().callerUser(caller) != nil
}

// DisplayName is the name to show of the user of a caller, empty where there is
// none.
func (a *Accounts) DisplayName(caller Caller) string {
	if u := a.directory.Load().callerUser(caller); u != nil {
		return u.DisplayName
	}
	return ""
}

// WhoAmI answers a WhoAmIMessage of the caller.
func (a *Accounts) WhoAmI(caller Caller) (*slnet.WhoAmIResponse, error) {
	d := a.directory.Load()
	rights, err := d.callerRights(caller, a.now())
	if err != nil {
		return nil, err
	}
	u := d.callerUser(caller)
	response := &slnet.WhoAmIResponse{
		User: d.user(u), Permissions: rights.list(), ReadOnly: rights.ReadOnly(), Scope: caller.Scope,
	}
	for _, key := range u.Groups {
		if g := d.groups[key]; g != nil {
			response.Groups = append(response.Groups, groupOf(g))
		}
	}
	if t := d.tokenIDs[caller.TokenID]; t != nil {
		token := d.token(t)
		response.Token = &token
	}
	return response, nil
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

const (
	// maxGrants is the most grants a group has.
	maxGrants = 1000
	// maxPattern is the most bytes of a pattern: more than the name of a script.
	maxPattern = 512
)

// readGrants checks the grants of a request.
func readGrants(requested []slnet.ScriptGrant) ([]slnet.ScriptGrant, error) {
	if len(requested) > maxGrants {
		return nil, slnet.Errorf(slnet.KindTooLarge, "a group has at most %d script grants, these are %d", maxGrants, len(requested))
	}
	for _, g := range requested {
		if problem := grantProblem(g); problem != "" {
			return nil, slnet.Errorf(slnet.KindInvalid, "the script grant %.64q cannot be taken: %s", g.Pattern, problem)
		}
	}
	return slices.Clone(requested), nil
}

func grantProblem(g slnet.ScriptGrant) string {
	switch star := strings.IndexByte(g.Pattern, '*'); {
	case g.Pattern == "":
		return "the pattern is empty; give the name of a script, or the beginning of names followed by *"
	case len(g.Pattern) > maxPattern:
		return fmt.Sprintf("the pattern has more than %d bytes", maxPattern)
	case star >= 0 && star != len(g.Pattern)-1:
		return "a * can only stand at the end of a pattern"
	case !g.View && !g.Edit && !g.Execute && !g.Delete:
		return "it gives no right; choose among View, Edit, Execute and Delete"
	}
	return ""
}

// readScope checks the scope of a request.
func readScope(requested *slnet.TokenScope) (*slnet.TokenScope, error) {
	if requested == nil || len(requested.Permissions) == 0 && !requested.ReadOnly {
		return nil, nil
	}
	named := slices.DeleteFunc(slices.Clone(requested.Permissions), func(p slnet.PermissionFlag) bool { return p == slnet.PermissionNone })
	permissions, err := readPermissions(named)
	if err != nil {
		return nil, err
	}
	if len(permissions) == 0 && len(requested.Permissions) > 0 {
		permissions = []slnet.PermissionFlag{slnet.PermissionNone}
	}
	return &slnet.TokenScope{Permissions: permissions, ReadOnly: requested.ReadOnly}, nil
}
