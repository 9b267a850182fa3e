package security

import (
	"context"
	"sync"
	"sync/atomic"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Links are the group links of a module, made ready to be asked. What they say
// does not change; a manager has those it was started with (row SEC-02). Nil stands for a
// module without links, which is open to everybody.
type Links struct {
	groups map[string]int32 // number of a linked group by its folded name
	grants map[linked]granted
	known  atomic.Pointer[knownAccess]
}

// knownAccess is what callers were found to have access to under one directory. It
// ends with the directory, so a change of rights or groups counts at once.
type knownAccess struct {
	directory *directory
	callers   sync.Map // Access by accessKey
}

// accessKey is all that access depends on in a directory. A token may leave out
// the permission of its user to configure modules.
type accessKey struct {
	user       *userRecord
	configures bool
}

// linked is a group and a definition that it has a reference to.
type linked struct {
	group      int32
	definition dom.DefinitionID
}

// granted are the references of one group to one definition.
type granted struct {
	all, allReadOnly bool
	values           *dom.FieldValueReference // the first, nil for none
}

// NewLinks prepares the links of a module, which must not change afterwards.
// Several links of one group are as one with the references of all.
func NewLinks(settings []dom.GroupLink) *Links {
	if len(settings) == 0 {
		return nil
	}
	l := &Links{groups: make(map[string]int32, len(settings)), grants: make(map[linked]granted, len(settings))}
	for i := range settings {
		l.add(&settings[i])
	}
	return l
}

func (l *Links) add(link *dom.GroupLink) {
	name := fold(link.GroupName)
	group, ok := l.groups[name]
	if !ok {
		group = int32(len(l.groups))
		l.groups[name] = group
	}
	for _, r := range link.DomDefinitionReferences {
		at := linked{group, r.DomDefinitionID}
		g := l.grants[at]
		g.all, g.allReadOnly = g.all || !r.ReadOnly, g.allReadOnly || r.ReadOnly
		l.grants[at] = g
	}
	for i := range link.FieldValueReferences {
		r := &link.FieldValueReferences[i]
		at := linked{group, r.DomDefinitionID}
		if g := l.grants[at]; g.values == nil { // row SEC-23
			g.values = r
			l.grants[at] = g
		}
	}
}

// Access is what somebody may do with the instances of a module. It holds for
// one request: rights and memberships change at any time.
type Access struct {
	links  *Links
	groups []int32 // those of the user that are linked, by name
	all    bool
}

// FullAccess is that of the daemon itself, which obeys no rules for filters
// either.
func FullAccess() Access { return Access{all: true} }

// Access returns what a caller has access to now. It looks at the user's groups
// and at nothing else of the directory and the links, however many there are, and
// only when the directory has changed since it was last asked. Of nil Accounts
// nobody is a member.
func (a *Accounts) Access(caller Caller, links *Links) Access {
	if links == nil {
		return FullAccess()
	}
	if a == nil {
		return Access{links: links}
	}
	d := a.directory.Load()
	rights, err := d.callerRights(caller, a.now())
	if err != nil {
		return Access{links: links}
	}
	known := links.known.Load()
	if known == nil || known.directory != d {
		known = &knownAccess{directory: d}
		links.known.Store(known)
	}
	as := accessKey{d.callerUser(caller), rights.Has(slnet.PermissionModuleSettingsConfiguration)}
	if access, ok := known.callers.Load(as); ok {
		return access.(Access)
	}
	access := rights.Access(links)
	known.callers.Store(as, access)
	return access
}

// Access returns what somebody with these rights has access to.
func (r *Rights) Access(links *Links) Access {
	return links.Access(r.groups, r.Has(slnet.PermissionModuleSettingsConfiguration))
}

// Access returns what the members of groups have access to. The names of the
// groups are folded and sorted, as the directory has them. configures says that
// they have PermissionModuleSettingsConfiguration: then it is everything.
func (l *Links) Access(groups []string, configures bool) Access {
	if l == nil {
		return FullAccess()
	}
	access := Access{links: l, all: configures}
	if configures {
		return access
	}
	for _, name := range groups {
		if group, ok := l.groups[name]; ok {
			access.groups = append(access.groups, group)
		}
	}
	return access
}

// IsRestricted reports whether the module is in restricted access mode.
func (a Access) IsRestricted() bool { return a.links != nil }

// IsFull reports whether all instances are accessible.
func (a Access) IsFull() bool { return a.all }

// Reach says which instances of a definition something may be done with.
type Reach uint8

// What there is to reach.
const (
	ReachNone   Reach = iota
	ReachValues       // those that the filter of the grant selects
	ReachAll
)

// Grant is what somebody may do with the instances of a definition.
type Grant struct {
	Reads, Writes Reach
	values        *dom.FieldValueReference
}

// Filter selects, among the instances of the definition, those of ReachValues.
func (g Grant) Filter() dom.Filter { return g.values.Filter() }

// Reference is what decides where a reach is ReachValues; nil where none is.
func (g Grant) Reference() *dom.FieldValueReference {
	if g.Reads != ReachValues && g.Writes != ReachValues {
		return nil
	}
	return g.values
}

// Grant decides about the instances of a definition. It takes the first that
// applies:
//
//  1. The user has PermissionModuleSettingsConfiguration, or a group of the user
//     has a DomDefinitionReference that is not read-only: everything.
//  2. Reading: a group has a read-only DomDefinitionReference: everything.
//  3. The FieldValueReference that decides: the first one of the first group, by
//     name without regard to case, that has any for the definition. Reading what
//     it selects; writing it too, unless that reference is read-only.
//  4. Nothing.
//
// So full access goes before access by value, and the right to write before
// read-only; but a second reference by value adds nothing, in either direction,
// for else somebody could write what they cannot read. (rows SEC-17, SEC-21 to
// SEC-23, DOC:DOM_SecuritySettings)
func (a Access) Grant(definition dom.DefinitionID) Grant {
	if a.all {
		return Grant{Reads: ReachAll, Writes: ReachAll}
	}
	var g Grant
	for _, group := range a.groups {
		granted := a.links.grants[linked{group, definition}]
		if granted.all {
			return Grant{Reads: ReachAll, Writes: ReachAll}
		}
		if granted.allReadOnly {
			g.Reads = ReachAll
		}
		if g.values == nil {
			g.values = granted.values
		}
	}
	if g.values != nil {
		g.Reads = max(g.Reads, ReachValues)
		if !g.values.ReadOnly {
			g.Writes = ReachValues
		}
	}
	return g
}

// Reads reports whether an instance may be read.
func (a Access) Reads(i *dom.Instance) bool {
	g := a.Grant(i.DomDefinitionID)
	return g.has(g.Reads, i)
}

// Writes reports whether an instance may be created, be the version that an
// update makes or replaces, or be deleted.
func (a Access) Writes(i *dom.Instance) bool {
	g := a.Grant(i.DomDefinitionID)
	return g.has(g.Writes, i)
}

func (g Grant) has(reach Reach, i *dom.Instance) bool {
	return reach == ReachAll || reach == ReachValues && g.Filter().Matches(i)
}

// Visible returns what tells whether an instance may be read, by its canonical
// form; nil when all may. It is for one goroutine.
func (a Access) Visible() func(o *dom.RawObject) bool {
	if a.all {
		return nil
	}
	// The grant to the definition of the last instance, and its matcher where it is
	// by value: instances are mostly read of one definition at a time.
	var last dom.DefinitionID
	var grant Grant
	var matcher *dom.Matcher
	isFirst := true
	return func(o *dom.RawObject) bool {
		var definition dom.DefinitionID
		for _, v := range o.Values(dom.InstanceExposers.DomDefinitionID) {
			definition = dom.DefinitionID(v.Guid())
		}
		if isFirst || definition != last {
			isFirst, last, grant = false, definition, a.Grant(definition)
			if grant.Reads == ReachValues {
				matcher = dom.NewMatcher(grant.Filter())
			}
		}
		return grant.Reads == ReachAll || grant.Reads == ReachValues && matcher.Matches(o)
	}
}

// linkedGroups returns the groups that the stored settings of modules link to
// instances, by folded name. When they cannot be read it is every group.
func (a *Accounts) linkedGroups() map[string]bool {
	linked := make(map[string]bool)
	err := a.store.View(context.Background(), func(r *storage.Reader) error {
		return r.Each(context.Background(), dom.KindModuleSettings, "", func(o dom.Object) {
			for _, link := range o.(*dom.ModuleSettings).DomManagerSettings.SecuritySettings.GroupLinks() {
				linked[fold(link.GroupName)] = true
			}
		})
	})
	if err != nil {
		for key := range a.directory.Load().groups {
			linked[key] = true
		}
	}
	return linked
}
