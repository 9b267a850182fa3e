package security_test

import (
	"fmt"
	"testing"

	"domovoi.dev/sdk/slnet"
)

func TestCreateAndUpdateGroup(t *testing.T) {
	h := open(t)
	g := h.group("Operators", slnet.PermissionAutomationExecute, permission, permission)
	if g.Name != "Operators" || fmt.Sprint(g.Permissions) != "[ModuleSettingsConfiguration AutomationExecute]" {
		t.Errorf("created %+v", g)
	}
	h.user("Ann", "Operators")
	m := &slnet.UpdateGroupMessage{Group: slnet.Group{Name: "OPERATORS", Permissions: []slnet.PermissionFlag{slnet.PermissionAutomationEdit}}}
	g = must(h.UpdateGroup(h.ctx, administrator, m))(t).Group
	if g.Name != "Operators" || fmt.Sprint(g.Permissions) != "[AutomationEdit]" {
		t.Errorf("updated %+v", g)
	}
	if got := fmt.Sprint(h.Permissions("ann")); got != "[AutomationEdit]" {
		t.Errorf("ann has %s", got)
	}
}

func TestDeleteGroupTakesItFromUsers(t *testing.T) {
	h := open(t)
	h.group("Operators", permission)
	h.group("Editors")
	h.user("Ann", "Operators", "Editors")
	h.user("Bob", "Operators")
	must(h.DeleteGroup(h.ctx, administrator, &slnet.DeleteGroupMessage{Name: "operators"}))(t)
	h.group("Operators", permission)
	for _, u := range must(h.Users(h.ctx, &slnet.GetUsersMessage{}))(t).Users {
		want := map[string]string{"Administrator": "[Administrators]", "Ann": "[Editors]", "Bob": "[]"}[u.Name]
		if got := fmt.Sprint(u.Groups); got != want {
			t.Errorf("%s is in %s, want %s", u.Name, got, want)
		}
	}
	if h.Has("ann", permission) {
		t.Error("a new group of the name brings back the old membership")
	}
}

func TestWrongGroupRequests(t *testing.T) {
	h := open(t)
	h.group("Operators", permission)
	before := h.dump()
	for name, c := range map[string]struct {
		kind slnet.Kind
		text string
		send func() error
	}{
		"create twice": {slnet.KindAlreadyExists, "Operators", func() error {
			_, err := h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "OPERATORS"}})
			return err
		}},
		"create Administrators": {slnet.KindAlreadyExists, "Administrators", func() error {
			_, err := h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "administrators"}})
			return err
		}},
		"create with an unknown permission": {slnet.KindInvalid, "4711", func() error {
			_, err := h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "x", Permissions: []slnet.PermissionFlag{permission, 4711}}})
			return err
		}},
		"update with no permission": {slnet.KindInvalid, "ModuleSettingsConfiguration (291)", func() error {
			_, err := h.UpdateGroup(h.ctx, administrator, &slnet.UpdateGroupMessage{Group: slnet.Group{Name: "Operators", Permissions: []slnet.PermissionFlag{slnet.PermissionNone}}})
			return err
		}},
		"update an unknown group": {slnet.KindNotFound, "Nobodies", func() error {
			_, err := h.UpdateGroup(h.ctx, administrator, &slnet.UpdateGroupMessage{Group: slnet.Group{Name: "Nobodies"}})
			return err
		}},
		"update Administrators": {slnet.KindInvalid, "Administrators", func() error {
			_, err := h.UpdateGroup(h.ctx, administrator, &slnet.UpdateGroupMessage{Group: slnet.Group{Name: "ADMINISTRATORS"}})
			return err
		}},
		"delete an unknown group": {slnet.KindNotFound, "Nobodies", func() error {
			_, err := h.DeleteGroup(h.ctx, administrator, &slnet.DeleteGroupMessage{Name: "Nobodies"})
			return err
		}},
		"delete Administrators": {slnet.KindInvalid, "Administrators", func() error {
			_, err := h.DeleteGroup(h.ctx, administrator, &slnet.DeleteGroupMessage{Name: "administrators"})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, c.send(), c.kind, c.text)
			if after := h.dump(); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

func TestAdministratorsHaveEveryPermission(t *testing.T) {
	h := open(t)
	h.group("Operators", permission)
	h.user("Ann", "administrators")
	h.user("Bob", "Operators")
	for _, p := range append(slnet.Permissions(), 4711) {
		if !h.Has("Administrator", p) || !h.Has("ann", p) {
			t.Errorf("an administrator lacks %v", p)
		}
		if h.Has("nobody", p) || h.Has("", p) || (h.Has("bob", p) != (p == permission)) {
			t.Errorf("somebody has %v without being given it", p)
		}
	}
	if h.Has("bob", slnet.PermissionNone) {
		t.Error("bob has PermissionNone")
	}
	if got := len(h.Permissions("ann")); got != len(slnet.Permissions()) {
		t.Errorf("ann has %d permissions", got)
	}
}
