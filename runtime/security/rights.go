package security

import (
	"fmt"
	"slices"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// Rights are what a caller may do, at the moment they were asked for. They do
// not change; who goes on for long asks again.
type Rights struct {
	user     string
	all      bool // is in Administrators: has every permission, also one this program does not list
	readOnly bool
	flags    []slnet.PermissionFlag // sorted
	grants   []slnet.ScriptGrant
	scope    *slnet.TokenScope
	// groups are those of the user, by folded name. Beside what they give
	// themselves, modules can link them to instances; linked says which ones.
	groups []string
	linked func() map[string]bool
}

// User is the name the user has now.
func (r *Rights) User() string { return r.user }

// ReadOnly reports whether the caller may change nothing.
func (r *Rights) ReadOnly() bool { return r.readOnly }

// Has reports whether the caller has a permission. Nobody but members of
// Administrators has PermissionNone, so that a check that forgot what to ask for
// is refused.
func (r *Rights) Has(p slnet.PermissionFlag) bool {
	if !r.inScope(p) {
		return false
	}
	if r.all {
		return true
	}
	_, found := slices.BinarySearch(r.flags, p)
	return found
}

func (r *Rights) inScope(p slnet.PermissionFlag) bool {
	return r.scope == nil || len(r.scope.Permissions) == 0 || p != slnet.PermissionNone && slices.Contains(r.scope.Permissions, p)
}

// ScriptRight is something a caller may do with a script.
type ScriptRight int

// The rights for scripts.
const (
	ViewScript ScriptRight = iota
	EditScript
	ExecuteScript
	DeleteScript
)

// scriptRights is the table of them: the permission that gives the right for
// all scripts, and the grant that gives it for some.
var scriptRights = [...]struct {
	flag    slnet.PermissionFlag
	granted func(g *slnet.ScriptGrant) bool
}{
	ViewScript:    {slnet.PermissionAutomationView, func(g *slnet.ScriptGrant) bool { return g.View || g.Edit }},
	EditScript:    {slnet.PermissionAutomationEdit, func(g *slnet.ScriptGrant) bool { return g.Edit }},
	ExecuteScript: {slnet.PermissionAutomationExecute, func(g *slnet.ScriptGrant) bool { return g.Execute }},
	DeleteScript:  {slnet.PermissionAutomationDelete, func(g *slnet.ScriptGrant) bool { return g.Delete }},
}

// Permission is what gives the right for all scripts.
func (right ScriptRight) Permission() slnet.PermissionFlag { return scriptRights[right].flag }

// MayScript reports whether the caller has a right for a script. Who may edit a
// script may also see it. It says nothing about whether there is such a script.
func (r *Rights) MayScript(right ScriptRight, name string) bool {
	return r.mayScript(right, func(pattern string) bool { return Covers(pattern, name) })
}

// MayAnyScript reports whether the caller has a right for at least one name a
// script can have.
func (r *Rights) MayAnyScript(right ScriptRight) bool {
	return r.mayScript(right, func(string) bool { return true })
}

func (r *Rights) mayScript(right ScriptRight, matches func(pattern string) bool) bool {
	known := scriptRights[right]
	if r.Has(known.flag) || right == ViewScript && r.Has(slnet.PermissionAutomationEdit) {
		return true
	}
	return r.inScope(known.flag) && slices.ContainsFunc(r.grants, func(g slnet.ScriptGrant) bool {
		return known.granted(&g) && matches(g.Pattern)
	})
}

// Covers reports whether a pattern, the name of a script or the beginning of
// names followed by *, matches all names that another pattern or name does. Case
// does not count.
func Covers(pattern, other string) bool {
	pattern, other = fold(pattern), fold(other)
	if prefix, wild := strings.CutSuffix(pattern, "*"); wild {
		return strings.HasPrefix(other, prefix)
	}
	return pattern == other
}

// list is the permissions by number.
func (r *Rights) list() []slnet.PermissionFlag {
	all := r.flags
	if r.all {
		all = slnet.Permissions()
		slices.Sort(all)
	}
	return slices.DeleteFunc(slices.Clone(all), func(p slnet.PermissionFlag) bool { return !r.inScope(p) })
}

// maxMissing bounds how many missing rights an error names.
const maxMissing = 5

// missing names the rights that other has and r has not, "" when there are none.
// Who has all rights of another can do that one no favour by giving them.
func (r *Rights) missing(other *Rights) string {
	var names []string
	if r.readOnly && !other.readOnly {
		names = append(names, "changing anything")
	}
	if other.all && !(r.all && r.scope == nil) {
		names = append(names, "everything members of "+slnet.AdministratorsName+" may do")
	} else {
		for _, p := range other.list() {
			if !r.Has(p) {
				names = append(names, p.String())
			}
		}
	}
	for _, g := range other.grants {
		for right, known := range scriptRights {
			if known.granted(&g) && !r.MayScript(ScriptRight(right), g.Pattern) {
				names = append(names, fmt.Sprintf("%v for scripts %q", known.flag, g.Pattern))
			}
		}
	}
	names = append(names, r.missingInstances(other)...)
	if len(names) > maxMissing {
		names = append(names[:maxMissing], fmt.Sprintf("and %d more", len(names)-maxMissing))
	}
	return strings.Join(names, ", ")
}

// missingInstances names the groups of other, and not of r, that modules link to
// instances. Who configures modules has access to all instances anyway.
func (r *Rights) missingInstances(other *Rights) (names []string) {
	if r.Has(slnet.PermissionModuleSettingsConfiguration) {
		return nil
	}
	foreign := slices.DeleteFunc(slices.Clone(other.groups), func(key string) bool { return slices.Contains(r.groups, key) })
	if len(foreign) == 0 || r.linked == nil {
		return nil
	}
	linked := r.linked()
	for _, key := range foreign {
		if linked[key] {
			names = append(names, fmt.Sprintf("access to the instances that a module links to the group %q", key))
		}
	}
	return names
}

// exceeds is the error of a request that would give r what it does not have, or
// change something that has it; nil when other has nothing that r lacks.
func (r *Rights) exceeds(other *Rights, what string) error {
	missing := r.missing(other)
	if missing == "" {
		return nil
	}
	return denied("user %s may not manage %s, which has rights %s lacks: %s", r.user, what, r.user, missing)
}

func denied(format string, args ...any) *slnet.Error {
	return slnet.Errorf(slnet.KindPermissionDenied, format, args...).WithReason(NoPermission)
}

// NoPermission is the reason of what a caller has no right to.
const NoPermission slnet.Reason = "NoPermission"

// rightsOf are the rights that membership in groups gives.
func (d *directory) rightsOf(groups []string) *Rights {
	r := &Rights{groups: groups, linked: d.linked}
	restricted := 0
	for _, key := range groups {
		g := d.groups[key]
		switch {
		case g == nil:
			continue
		case key == administratorsKey:
			r.all = true
		}
		if g.ReadOnly {
			restricted++
		}
		r.flags = append(r.flags, g.Permissions...)
		r.grants = append(r.grants, g.ScriptGrants...)
	}
	r.readOnly = restricted > 0 && restricted == len(groups)
	slices.Sort(r.flags)
	r.flags = slices.Compact(r.flags)
	return r
}

// userRights are the rights of a user, also a disabled one, found out once in
// the life of the directory.
func (d *directory) userRights(u *userRecord) *Rights {
	if known, ok := d.rights.Load(u); ok {
		return known.(*Rights)
	}
	r := d.rightsOf(u.Groups)
	r.user = u.Name
	d.rights.Store(u, r)
	return r
}

// within limits rights to a scope.
func (r *Rights) within(scope *slnet.TokenScope) *Rights {
	if scope == nil {
		return r
	}
	limited := *r
	limited.scope = scope
	limited.readOnly = r.readOnly || scope.ReadOnly
	return &limited
}
