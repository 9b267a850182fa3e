package security

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"domovoi.dev/sdk/slnet"
)

// readGroup makes the record of a group from a request.
func readGroup(g slnet.Group) (*groupRecord, error) {
	permissions, err := readPermissions(g.Permissions)
	if err != nil {
		return nil, err
	}
	grants, err := readGrants(g.ScriptGrants)
	if err != nil {
		return nil, err
	}
	return &groupRecord{Name: g.Name, Permissions: permissions, ScriptGrants: grants, ReadOnly: g.ReadOnly}, nil
}

// mayManageGroup refuses to make, change or delete a group with rights that the
// one who asks does not have.
func (e *edit) mayManageGroup(g *groupRecord) error {
	rights := &Rights{all: fold(g.Name) == administratorsKey, readOnly: g.ReadOnly, flags: g.Permissions, grants: g.ScriptGrants}
	return e.by.exceeds(rights, fmt.Sprintf("the group %q", g.Name))
}

// CreateGroup makes a group. A name that is taken gives KindAlreadyExists.
func (a *Accounts) CreateGroup(ctx context.Context, by Caller, m *slnet.CreateGroupMessage) (*slnet.GroupResponse, error) {
	if err := checkName("group", m.Group.Name); err != nil {
		return nil, err
	}
	wanted := m.Group
	if err := m.Preset.Apply(&wanted); err != nil {
		return nil, err
	}
	g, err := readGroup(wanted)
	if err != nil {
		return nil, err
	}
	err = a.changeAs(ctx, by, func(e *edit) error {
		if taken := e.groups[fold(g.Name)]; taken != nil {
			return slnet.Errorf(slnet.KindAlreadyExists, "there is a group %q already; choose another name, or update that group", taken.Name)
		}
		if err := e.mayManageGroup(g); err != nil {
			return err
		}
		e.putGroup(g)
		e.about("group", g.Name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &slnet.GroupResponse{Group: groupOf(g)}, nil
}

// UpdateGroup replaces the rights of a group, and its name where the message
// gives another. Links in the settings of modules stay with the old name.
func (a *Accounts) UpdateGroup(ctx context.Context, by Caller, m *slnet.UpdateGroupMessage) (*slnet.GroupResponse, error) {
	if m.NewName != "" {
		if err := checkName("group", m.NewName); err != nil {
			return nil, err
		}
	}
	g, err := readGroup(m.Group)
	if err != nil {
		return nil, err
	}
	err = a.changeAs(ctx, by, func(e *edit) error {
		old, err := e.changeableGroup(m.Group.Name)
		if err != nil {
			return err
		}
		if err := e.mayManageGroup(old); err != nil {
			return err
		}
		g.Name = old.Name
		if err := e.mayManageGroup(g); err != nil {
			return err
		}
		if m.NewName != "" {
			if err := e.renameGroup(old, m.NewName); err != nil {
				return err
			}
			g.Name = m.NewName
		}
		e.putGroup(g)
		e.about("group", old.Name)
		if g.Name != old.Name {
			e.about("group", g.Name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &slnet.GroupResponse{Group: groupOf(g)}, nil
}

// renameGroup takes the old name of a group away, also from its members. The
// caller puts the group under the new one. A name that a module links to
// instances gives the members access to them.
func (e *edit) renameGroup(old *groupRecord, name string) error {
	from, to := fold(old.Name), fold(name)
	if from == to {
		return nil
	}
	if taken := e.groups[to]; taken != nil {
		return slnet.Errorf(slnet.KindAlreadyExists, "there is a group %q already; choose another name", taken.Name)
	}
	if err := e.by.exceeds(&Rights{groups: []string{to}}, fmt.Sprintf("the name %q for a group", name)); err != nil {
		return err
	}
	for _, member := range e.users {
		if i := slices.Index(member.Groups, from); i >= 0 {
			u := *member
			u.Groups = slices.Clone(member.Groups)
			u.Groups[i] = to
			slices.Sort(u.Groups)
			e.putUser(&u)
		}
	}
	e.deleteGroup(from)
	return nil
}

// DeleteGroup removes a group, also from all users.
func (a *Accounts) DeleteGroup(ctx context.Context, by Caller, m *slnet.DeleteGroupMessage) (*slnet.Empty, error) {
	err := a.changeAs(ctx, by, func(e *edit) error {
		g, err := e.changeableGroup(m.Name)
		if err != nil {
			return err
		}
		if err := e.mayManageGroup(g); err != nil {
			return err
		}
		key := fold(g.Name)
		for _, old := range e.users {
			if i := slices.Index(old.Groups, key); i >= 0 {
				u := *old
				u.Groups = slices.Delete(slices.Clone(old.Groups), i, i+1)
				e.putUser(&u)
			}
		}
		e.deleteGroup(key)
		e.about("group", g.Name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return new(slnet.Empty), nil
}

// Groups lists all groups by name.
func (a *Accounts) Groups(_ context.Context, _ *slnet.GetGroupsMessage) (*slnet.GroupsResponse, error) {
	d := a.directory.Load()
	response := &slnet.GroupsResponse{Groups: make([]slnet.Group, 0, len(d.groups))}
	for _, key := range slices.Sorted(maps.Keys(d.groups)) {
		response.Groups = append(response.Groups, groupOf(d.groups[key]))
	}
	return response, nil
}

// changeableGroup returns a group that a request wants to change.
func (d *directory) changeableGroup(name string) (*groupRecord, error) {
	if fold(name) == administratorsKey {
		return nil, slnet.Errorf(slnet.KindInvalid, "the group %s is built in and always has every permission; it cannot be changed or deleted", slnet.AdministratorsName)
	}
	return d.groupNamed(name)
}
