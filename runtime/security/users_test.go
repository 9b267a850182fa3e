package security_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
)

func ptr[T any](v T) *T { return &v }

func TestCreateUser(t *testing.T) {
	h := open(t)
	h.group("Operators", permission)
	h.group("Editors", slnet.PermissionAutomationEdit)
	user := must(h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{
		Name: "Ann Bell", DisplayName: "Ann (night shift)", Groups: []string{"operators", "EDITORS", "Operators"},
	}))(t).User
	if user.Name != "Ann Bell" || user.DisplayName != "Ann (night shift)" || fmt.Sprint(user.Groups) != "[Editors Operators]" ||
		user.HasPassword || user.Disabled || !user.CreatedAt.Equal(h.now()) {
		t.Errorf("got %+v", user)
	}
	for _, name := range []string{"Ann Bell", "ann bell", "ANN BELL"} {
		if !h.UserExists(name) || !h.Enabled(name) || !h.Has(name, permission) {
			t.Errorf("%q is not the user", name)
		}
		_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: name})
		wantError(t, err, slnet.KindAlreadyExists, "Ann Bell")
	}
	if got := fmt.Sprint(h.Permissions("ann bell")); got != "[ModuleSettingsConfiguration AutomationEdit]" {
		t.Errorf("permissions %s", got)
	}
}

func TestNames(t *testing.T) {
	h := open(t)
	good := []string{"a", "7", "Ann Bell", "o'neill", "a.b_c-d@example+x", "Zoë", "王小明", "x (y) & z", strings.Repeat("é", 64)}
	bad := []string{
		"", " ", " a", "a ", "-rf", ".", "..", ".a", "_a", "a/b", `a\b`, "a:b", "a;b", "a,b", "a*", "a?", `a"b`, "a<b", "a>b", "a|b",
		"a\x00b", "a\nb", "a\tb", "a\x7fb", "a\u00a0b", "a\u200bb", "a\u202eb", "\u0301a", "a\xffb", strings.Repeat("a", 65),
	}
	for _, name := range good {
		if got := h.user(name).Name; got != name {
			t.Errorf("the user %q is called %q", name, got)
		}
		if got := h.group(name).Name; got != name {
			t.Errorf("the group %q is called %q", name, got)
		}
	}
	before := h.dump()
	for _, name := range bad {
		_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: name})
		wantError(t, err, slnet.KindInvalid, "user name")
		_, err = h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: name}})
		wantError(t, err, slnet.KindInvalid, "group name")
		if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
			t.Errorf("the error %q has a control character", err)
		}
	}
	if after := h.dump(); after != before {
		t.Errorf("bad names were stored:\n%s", after)
	}
}

func TestNamesThatAreEqualByCaseAreOneUser(t *testing.T) {
	h := open(t)
	h.user("Kirsten σς")
	for _, name := range []string{"kirsten ΣΣ", "KIRSTEN Σσ", "\u212airsten σς", "Kir\u017ften σς"} {
		if !strings.EqualFold(name, "Kirsten σς") {
			t.Fatalf("%q is not equal by case", name)
		}
		_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: name})
		wantError(t, err, slnet.KindAlreadyExists, "Kirsten")
	}
	_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: "Admini\u017ftrator"})
	wantError(t, err, slnet.KindAlreadyExists, "Administrator")
	_, err = h.DeleteGroup(h.ctx, administrator, &slnet.DeleteGroupMessage{Name: "Admini\u017ftrators"})
	wantError(t, err, slnet.KindInvalid, "Administrators")

	// All letters with a case, as many at once as a name has.
	var letters, others []rune
	check := func() {
		t.Helper()
		h.user("x" + string(letters))
		for range 3 { // no letter has more than four forms
			for i, r := range others {
				others[i] = unicode.SimpleFold(r)
			}
			if !h.UserExists("x" + string(others)) {
				t.Errorf("%q is not %q", string(others), string(letters))
			}
		}
		letters, others = nil, nil
	}
	for r := range unicode.MaxRune {
		if unicode.IsLetter(r) && unicode.SimpleFold(r) > r {
			letters, others = append(letters, r), append(others, r)
		}
		if len(letters) == 63 {
			check()
		}
	}
	check()
}

func TestWrongUserRequests(t *testing.T) {
	h := open(t)
	h.group("Operators")
	h.user("Ann", "Operators")
	before := h.dump()
	for name, c := range map[string]struct {
		kind slnet.Kind
		text string
		send func() error
	}{
		"create with an unknown group": {slnet.KindInvalid, "Nobodies", func() error {
			_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: "Bob", Groups: []string{"Operators", "Nobodies"}})
			return err
		}},
		"create with a short password": {slnet.KindInvalid, "8", func() error {
			_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: "Bob", Password: "1234567"})
			return err
		}},
		"create with a long password": {slnet.KindInvalid, "1024", func() error {
			_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: "Bob", Password: strings.Repeat("x", 1025)})
			return err
		}},
		"create with a control character in the display name": {slnet.KindInvalid, "display name", func() error {
			_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: "Bob", DisplayName: "B\x1b[31m"})
			return err
		}},
		"update an unknown user": {slnet.KindNotFound, "Bob", func() error {
			_, err := h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Bob", DisplayName: ptr("x")})
			return err
		}},
		"update with a long display name": {slnet.KindInvalid, "display name", func() error {
			_, err := h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Ann", DisplayName: ptr(strings.Repeat("x", 129))})
			return err
		}},
		"update to an empty password": {slnet.KindInvalid, "password", func() error {
			_, err := h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Ann", Password: ptr("")})
			return err
		}},
		"add an unknown group": {slnet.KindInvalid, "Nobodies", func() error {
			_, err := h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Ann", DisplayName: ptr("new"), AddGroups: []string{"Nobodies"}})
			return err
		}},
		"remove an unknown group": {slnet.KindInvalid, "Nobodies", func() error {
			_, err := h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Ann", DisplayName: ptr("new"), RemoveGroups: []string{"Nobodies"}})
			return err
		}},
		"add and remove a group": {slnet.KindInvalid, "Operators", func() error {
			_, err := h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Ann", AddGroups: []string{"operators"}, RemoveGroups: []string{"OPERATORS"}})
			return err
		}},
		"delete an unknown user": {slnet.KindNotFound, "Bob", func() error {
			_, err := h.DeleteUser(h.ctx, administrator, &slnet.DeleteUserMessage{Name: "Bob"})
			return err
		}},
		"delete Administrator": {slnet.KindInvalid, "Administrator", func() error {
			_, err := h.DeleteUser(h.ctx, administrator, &slnet.DeleteUserMessage{Name: "ADMINISTRATOR"})
			return err
		}},
		"disable Administrator": {slnet.KindInvalid, "Administrator", func() error {
			_, err := h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "administrator", Disabled: ptr(true)})
			return err
		}},
		"take Administrator out of Administrators": {slnet.KindInvalid, "Administrators", func() error {
			_, err := h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "administrator", RemoveGroups: []string{"administrators"}})
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

func TestUpdateUserChangesWhatIsGiven(t *testing.T) {
	h := open(t)
	h.group("Operators")
	h.group("Editors")
	h.user("Ann", "Operators")
	update := func(m slnet.UpdateUserMessage) string {
		m.Name = "ANN"
		u := must(h.UpdateUser(h.ctx, administrator, &m))(t).User
		return fmt.Sprintf("%s|%s|%v|%v", u.Name, u.DisplayName, u.Groups, u.Disabled)
	}
	for _, c := range []struct {
		m    slnet.UpdateUserMessage
		want string
	}{
		{slnet.UpdateUserMessage{}, "Ann||[Operators]|false"},
		{slnet.UpdateUserMessage{DisplayName: ptr("A")}, "Ann|A|[Operators]|false"},
		{slnet.UpdateUserMessage{AddGroups: []string{"editors", "operators"}}, "Ann|A|[Editors Operators]|false"},
		{slnet.UpdateUserMessage{Disabled: ptr(true), RemoveGroups: []string{"operators"}}, "Ann|A|[Editors]|true"},
		{slnet.UpdateUserMessage{RemoveGroups: []string{"operators"}}, "Ann|A|[Editors]|true"},
		{slnet.UpdateUserMessage{Disabled: ptr(false), DisplayName: ptr("")}, "Ann||[Editors]|false"},
	} {
		if got := update(c.m); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.m, got, c.want)
		}
	}
}

func TestADisabledUserCanDoNothing(t *testing.T) {
	h := open(t)
	h.user("Ann", "Administrators")
	secret := h.token("Ann", 0).Secret
	h.disable("ann", true)
	if !h.UserExists("Ann") || h.Enabled("Ann") || h.Has("Ann", permission) {
		t.Error("a disabled user is enabled")
	}
	h.refuses(secret)
	_, err := h.WhoAmI(security.Caller{User: "Ann"})
	wantError(t, err, slnet.KindUnauthenticated, "Ann")
	_, err = h.CreateToken(h.ctx, administrator, &slnet.CreateTokenMessage{User: "ann"})
	wantError(t, err, slnet.KindConflict, "Ann")
	h.disable("ann", false)
	h.accepts(secret, "Ann")
}

func TestDeleteUserTakesItsTokens(t *testing.T) {
	h := open(t)
	h.user("Ann", "Administrators")
	h.user("Bob")
	ann, bob := h.token("Ann", 0).Secret, h.token("bob", 0).Secret
	must(h.DeleteUser(h.ctx, administrator, &slnet.DeleteUserMessage{Name: "ann"}))(t)
	if h.UserExists("Ann") || h.Enabled("Ann") || h.Has("Ann", permission) || h.Permissions("Ann") != nil {
		t.Error("a deleted user is there")
	}
	h.user("Ann")
	h.refuses(ann)
	h.accepts(bob, "Bob")
	if tokens := must(h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{}))(t).Tokens; len(tokens) != 1 || tokens[0].User != "Bob" {
		t.Errorf("tokens left: %+v", tokens)
	}
}

func TestWhoAmI(t *testing.T) {
	h := open(t)
	h.group("Operators", permission)
	h.user("Ann", "Operators")
	got := must(h.WhoAmI(security.Caller{User: "ann"}))(t)
	if got.User.Name != "Ann" || fmt.Sprint(got.Permissions) != "[ModuleSettingsConfiguration]" {
		t.Errorf("got %+v", got)
	}
	_, err := h.WhoAmI(security.Caller{})
	wantError(t, err, slnet.KindUnauthenticated)
}
