package security

import (
	"context"
	"maps"
	"slices"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// CreateUser makes a user. A name that is taken gives KindAlreadyExists.
func (a *Accounts) CreateUser(ctx context.Context, origin storage.Origin, m *slnet.CreateUserMessage) (*slnet.UserResponse, error) {
	if err := checkName("user", m.Name); err != nil {
		return nil, err
	}
	if err := checkText("display name", m.DisplayName); err != nil {
		return nil, err
	}
	password := ""
	if m.Password != "" {
		var err error
		if password, err = a.passwords.create(ctx, m.Password); err != nil {
			return nil, err
		}
	}
	response := new(slnet.UserResponse)
	err := a.change(ctx, origin, func(e *edit) error {
		if u := e.users[fold(m.Name)]; u != nil {
			return slnet.Errorf(slnet.KindAlreadyExists, "there is a user %q already; choose another name, or update that user", u.Name)
		}
		groups, err := e.groupKeys(m.Groups)
		if err != nil {
			return err
		}
		slices.Sort(groups)
		u := &userRecord{
			Name: m.Name, DisplayName: m.DisplayName, Groups: slices.Compact(groups),
			Password: password, CreatedAt: e.now,
		}
		e.putUser(u)
		response.User = e.user(u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// UpdateUser changes what the message gives of a user: all of it, or nothing.
// The tokens of a disabled user do not work until the user is enabled again.
func (a *Accounts) UpdateUser(ctx context.Context, origin storage.Origin, m *slnet.UpdateUserMessage) (*slnet.UserResponse, error) {
	if m.DisplayName != nil {
		if err := checkText("display name", *m.DisplayName); err != nil {
			return nil, err
		}
	}
	password := ""
	if m.Password != nil {
		var err error
		if password, err = a.passwords.create(ctx, *m.Password); err != nil {
			return nil, err
		}
	}
	response := new(slnet.UserResponse)
	err := a.change(ctx, origin, func(e *edit) error {
		old, err := e.userNamed(m.Name)
		if err != nil {
			return err
		}
		u := *old
		if u.Groups, err = e.changeGroups(old, m); err != nil {
			return err
		}
		if m.DisplayName != nil {
			u.DisplayName = *m.DisplayName
		}
		if m.Password != nil {
			u.Password = password
		}
		if m.Disabled != nil {
			u.Disabled = *m.Disabled
		}
		if err := keepAdministrator(&u); err != nil {
			return err
		}
		e.putUser(&u)
		response.User = e.user(&u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// changeGroups returns the groups a user has after an update.
func (d *directory) changeGroups(u *userRecord, m *slnet.UpdateUserMessage) ([]string, error) {
	add, err := d.groupKeys(m.AddGroups)
	if err != nil {
		return nil, err
	}
	remove, err := d.groupKeys(m.RemoveGroups)
	if err != nil {
		return nil, err
	}
	for _, key := range add {
		if slices.Contains(remove, key) {
			return nil, slnet.Errorf(slnet.KindInvalid, "the user %q cannot be added to the group %q and removed from it at once; leave one out", u.Name, d.groups[key].Name)
		}
	}
	groups := slices.Concat(u.Groups, add)
	groups = slices.DeleteFunc(groups, func(key string) bool { return slices.Contains(remove, key) })
	slices.Sort(groups)
	return slices.Compact(groups), nil
}

// DeleteUser removes a user and its tokens.
func (a *Accounts) DeleteUser(ctx context.Context, origin storage.Origin, m *slnet.DeleteUserMessage) (*slnet.Empty, error) {
	err := a.change(ctx, origin, func(e *edit) error {
		u, err := e.userNamed(m.Name)
		if err != nil {
			return err
		}
		key := fold(u.Name)
		if key == administratorKey {
			return slnet.Errorf(slnet.KindInvalid, "the user %s is built in and cannot be deleted", slnet.AdministratorName)
		}
		for _, t := range e.tokens {
			if t.User == key {
				e.deleteToken(t)
			}
		}
		e.deleteUser(key)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return new(slnet.Empty), nil
}

// Users lists all users by name.
func (a *Accounts) Users(_ context.Context, _ *slnet.GetUsersMessage) (*slnet.UsersResponse, error) {
	d := a.directory.Load()
	response := &slnet.UsersResponse{Users: make([]slnet.User, 0, len(d.users))}
	for _, key := range slices.Sorted(maps.Keys(d.users)) {
		response.Users = append(response.Users, d.user(d.users[key]))
	}
	return response, nil
}
