package security

import (
	"context"
	"maps"
	"slices"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// CreateGroup makes a group. A name that is taken gives KindAlreadyExists.
func (a *Accounts) CreateGroup(ctx context.Context, origin storage.Origin, m *slnet.CreateGroupMessage) (*slnet.GroupResponse, error) {
	if err := checkName("group", m.Group.Name); err != nil {
		return nil, err
	}
	permissions, err := readPermissions(m.Group.Permissions)
	if err != nil {
		return nil, err
	}
	g := &groupRecord{Name: m.Group.Name, Permissions: permissions}
	err = a.change(ctx, origin, func(e *edit) error {
		if taken := e.groups[fold(g.Name)]; taken != nil {
			return slnet.Errorf(slnet.KindAlreadyExists, "there is a group %q already; choose another name, or update that group", taken.Name)
		}
		e.putGroup(g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &slnet.GroupResponse{Group: groupOf(g)}, nil
}

// UpdateGroup replaces the permissions of a group. Its name stays as it was
// given first.
func (a *Accounts) UpdateGroup(ctx context.Context, origin storage.Origin, m *slnet.UpdateGroupMessage) (*slnet.GroupResponse, error) {
	permissions, err := readPermissions(m.Group.Permissions)
	if err != nil {
		return nil, err
	}
	var g *groupRecord
	err = a.change(ctx, origin, func(e *edit) error {
		old, err := e.changeableGroup(m.Group.Name)
		if err != nil {
			return err
		}
		g = &groupRecord{Name: old.Name, Permissions: permissions}
		e.putGroup(g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &slnet.GroupResponse{Group: groupOf(g)}, nil
}

// DeleteGroup removes a group, also from all users.
func (a *Accounts) DeleteGroup(ctx context.Context, origin storage.Origin, m *slnet.DeleteGroupMessage) (*slnet.Empty, error) {
	err := a.change(ctx, origin, func(e *edit) error {
		g, err := e.changeableGroup(m.Name)
		if err != nil {
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
