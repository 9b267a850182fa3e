package security

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// CreateUser makes a user. A name that is taken gives KindAlreadyExists.
func (a *Accounts) CreateUser(ctx context.Context, by Caller, m *slnet.CreateUserMessage) (*slnet.UserResponse, error) {
	if err := checkName("user", m.Name); err != nil {
		return nil, err
	}
	if err := checkText("display name", m.DisplayName); err != nil {
		return nil, err
	}
	password := ""
	if m.Password != "" {
		var err error
		if password, err = a.passwords.create(ctx, m.Name, m.Password); err != nil {
			return nil, err
		}
	}
	response := new(slnet.UserResponse)
	err := a.changeAs(ctx, by, func(e *edit) error {
		if err := e.nameIsFree(m.Name); err != nil {
			return err
		}
		groups, err := e.groupKeys(m.Groups)
		if err != nil {
			return err
		}
		slices.Sort(groups)
		u := &userRecord{
			ID: uuid.New(), Name: m.Name, DisplayName: m.DisplayName, Groups: slices.Compact(groups),
			Password: password, CreatedAt: e.now,
		}
		if err := e.mayManage(u); err != nil {
			return err
		}
		e.putUser(u)
		e.about("user", u.Name)
		response.User = e.user(u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (d *directory) nameIsFree(name string) error {
	if u := d.users[fold(name)]; u != nil {
		return slnet.Errorf(slnet.KindAlreadyExists, "there is a user %q already; choose another name, or update that user", u.Name)
	}
	return nil
}

// mayManage refuses to manage a user with more rights than the one who asks:
// whoever could would get them, by a password, a token or a group.
func (e *edit) mayManage(u *userRecord) error {
	return e.by.exceeds(e.rightsOf(u.Groups), fmt.Sprintf("the user %q", u.Name))
}

// UpdateUser changes what the message gives of a user: all of it, or nothing. A
// new password, and disabling the user, end the user's logins and sessions; the
// other tokens of a disabled user do not work until the user is enabled again.
func (a *Accounts) UpdateUser(ctx context.Context, by Caller, m *slnet.UpdateUserMessage) (*slnet.UserResponse, error) {
	if m.NewName != nil {
		if err := checkName("user", *m.NewName); err != nil {
			return nil, err
		}
	}
	if m.DisplayName != nil {
		if err := checkText("display name", *m.DisplayName); err != nil {
			return nil, err
		}
	}
	password := ""
	if m.Password != nil {
		var err error
		if password, err = a.passwords.create(ctx, m.Name, *m.Password); err != nil {
			return nil, err
		}
	}
	response := new(slnet.UserResponse)
	err := a.changeAs(ctx, by, func(e *edit) error {
		old, err := e.userNamed(m.Name)
		if err != nil {
			return err
		}
		if err := e.mayManage(old); err != nil {
			return err
		}
		u := *old
		if u.Groups, err = e.changeGroups(old, m); err != nil {
			return err
		}
		if err := e.mayManage(&u); err != nil {
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
		if u.Disabled && !old.Disabled || m.Password != nil {
			e.endLogins(old)
		}
		if m.NewName != nil {
			if err := e.rename(old, *m.NewName); err != nil {
				return err
			}
			u.Name = *m.NewName
		}
		if err := keepAdministrator(&u); err != nil {
			return err
		}
		e.putUser(&u)
		e.about("user", old.Name)
		if u.Name != old.Name {
			e.about("user", u.Name)
		}
		response.User = e.user(&u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// rename takes the old name of a user away, also from the user's tokens. The
// caller puts the user under the new one.
func (e *edit) rename(old *userRecord, name string) error {
	from, to := fold(old.Name), fold(name)
	if from == administratorKey && to != administratorKey {
		return slnet.Errorf(slnet.KindInvalid, "the user %s is built in and cannot be renamed", slnet.AdministratorName)
	}
	if from == to {
		return nil
	}
	if err := e.nameIsFree(name); err != nil {
		return err
	}
	for _, t := range e.tokens {
		if t.User == from {
			renamed := *t
			renamed.User = to
			e.putToken(&renamed)
		}
	}
	e.deleteUser(old)
	return nil
}

// ChangePassword gives the caller a new password, who has to know the old one,
// and ends the caller's logins and sessions. Whoever has only a part of the
// caller's rights could get them all by it: runs and tokens with a scope may not.
func (a *Accounts) ChangePassword(ctx context.Context, by Caller, m *slnet.ChangePasswordMessage) (*slnet.Empty, error) {
	if by.RunID != uuid.Nil || by.Scope != nil {
		return nil, denied("a run, or a token with a scope, may not change the password of %s; log in to do it", by.User)
	}
	u := a.directory.Load().callerUser(by)
	if u == nil || u.Password == "" {
		return nil, slnet.Errorf(slnet.KindConflict, "the user %s has no password to change; an administrator can set one", by.User)
	}
	if !a.guesses.allow(u.ID, a.now()) {
		return nil, slnet.Errorf(slnet.KindRateLimited, "too many attempts to change the password of %s; try again in %v", u.Name, guessEvery)
	}
	matches, err := a.passwords.matches(ctx, u.Password, m.OldPassword)
	if err != nil {
		return nil, err
	}
	if !matches {
		return nil, slnet.Errorf(slnet.KindInvalid, "the old password is not right; the password of %s stays as it was", u.Name)
	}
	password, err := a.passwords.create(ctx, u.Name, m.NewPassword)
	if err != nil {
		return nil, err
	}
	err = a.changeAs(ctx, by, func(e *edit) error {
		old := e.callerUser(by)
		if old == nil || old.Password != u.Password {
			return slnet.Errorf(slnet.KindConflict, "the password of %s was changed meanwhile; nothing was done", u.Name)
		}
		changed := *old
		changed.Password = password
		e.endLogins(old)
		e.putUser(&changed)
		e.about("user", old.Name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return new(slnet.Empty), nil
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
func (a *Accounts) DeleteUser(ctx context.Context, by Caller, m *slnet.DeleteUserMessage) (*slnet.Empty, error) {
	err := a.changeAs(ctx, by, func(e *edit) error {
		u, err := e.userNamed(m.Name)
		if err != nil {
			return err
		}
		key := fold(u.Name)
		if key == administratorKey {
			return slnet.Errorf(slnet.KindInvalid, "the user %s is built in and cannot be deleted", slnet.AdministratorName)
		}
		if err := e.mayManage(u); err != nil {
			return err
		}
		for _, t := range e.tokens {
			if t.User == key {
				e.deleteToken(t)
			}
		}
		e.deleteUser(u)
		e.about("user", u.Name)
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

// ActAs returns a user, given by id or by name, as a caller, when by may let
// scripts run as that user: itself, or somebody with no more rights, with the
// permission AutomationRunAs or SecurityAdministration. A run may not do it for
// its own user, for the script outlives it; nor may a token with a scope.
func (a *Accounts) ActAs(by, other Caller) (Caller, error) {
	d := a.directory.Load()
	rights, err := d.callerRights(by, a.now())
	if err != nil {
		return Caller{}, err
	}
	u := d.users[fold(other.User)]
	if other.UserID != uuid.Nil {
		u = d.userIDs[other.UserID]
	}
	if u == nil {
		return Caller{}, noUser(other.User)
	}
	as := Caller{User: u.Name, UserID: u.ID}
	if d.callerUser(by) == u && by.RunID == uuid.Nil && by.Scope == nil {
		return as, nil
	}
	if !rights.Has(slnet.PermissionAutomationRunAs) && !rights.Has(slnet.PermissionSecurityAdministration) {
		return Caller{}, denied("user %s lacks the permission %v", rights.User(), slnet.PermissionAutomationRunAs)
	}
	return as, rights.exceeds(d.userRights(u), fmt.Sprintf("what runs as the user %q", u.Name))
}
