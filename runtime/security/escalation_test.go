package security_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// caller is a user as a caller, with its id.
func (h *house) caller(name string) security.Caller {
	h.t.Helper()
	for _, u := range must(h.Users(h.ctx, &slnet.GetUsersMessage{}))(h.t).Users {
		if strings.EqualFold(u.Name, name) {
			return security.Caller{User: u.Name, UserID: u.ID}
		}
	}
	h.t.Fatalf("there is no user %s", name)
	return security.Caller{}
}

// Whoever administers users gets and gives no right it does not have: not by a
// group, a user, a password or a token. Each attempt is made by each
// administrator at each target, and succeeds only when the administrator has all
// rights of the target.
func TestNobodyGivesRightsTheyLack(t *testing.T) {
	h := open(t)
	const admin = slnet.PermissionSecurityAdministration
	edit, execute := slnet.PermissionAutomationEdit, slnet.PermissionAutomationExecute
	groups := []slnet.Group{
		{Name: "nothing"},
		{Name: "execute", Permissions: []slnet.PermissionFlag{execute}},
		{Name: "edit", Permissions: []slnet.PermissionFlag{edit}},
		{Name: "both", Permissions: []slnet.PermissionFlag{edit, execute}},
		{Name: "grant", ScriptGrants: []slnet.ScriptGrant{{Pattern: "report*", Execute: true}}},
		{Name: "narrow", ScriptGrants: []slnet.ScriptGrant{{Pattern: "report-1", Execute: true}}},
		{Name: "readers", ReadOnly: true},
		{Name: "helpers", Permissions: []slnet.PermissionFlag{admin}},
		{Name: "linked"}, // gives access to instances
	}
	settings := &dom.ModuleSettings{ModuleID: "m"}
	settings.DomManagerSettings.SecuritySettings.LinkSecurity = &dom.LinkSecuritySettings{GroupLinks: []dom.GroupLink{{GroupName: "LINKED"}, {GroupName: "to come"}}}
	if _, err := h.store.Update(h.ctx, storage.Origin{}, func(tx *storage.Tx) error {
		_, err := tx.Insert("", settings)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	// What the administrators cover, besides what everybody does.
	covers := map[string]string{
		"Administrators": "nothing execute edit both grant narrow readers helpers linked Administrators",
		"helpers":        "nothing readers helpers",
		"executing":      "nothing execute grant narrow readers helpers",
		"granting":       "nothing grant narrow readers helpers",
		"narrowing":      "nothing narrow readers helpers",
		"configuring":    "nothing readers helpers linked",
	}
	for _, g := range append(groups,
		slnet.Group{Name: "executing", Permissions: []slnet.PermissionFlag{admin, execute}},
		slnet.Group{Name: "configuring", Permissions: []slnet.PermissionFlag{admin, slnet.PermissionModuleSettingsConfiguration}},
		slnet.Group{Name: "granting", Permissions: []slnet.PermissionFlag{admin}, ScriptGrants: []slnet.ScriptGrant{{Pattern: "REPORT*", Execute: true}}},
		slnet.Group{Name: "narrowing", Permissions: []slnet.PermissionFlag{admin}, ScriptGrants: []slnet.ScriptGrant{{Pattern: "report-1", Execute: true}}},
	) {
		must(h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: g}))(t)
	}
	targets := append([]slnet.Group{{Name: slnet.AdministratorsName}}, groups...)
	for _, g := range targets {
		h.user("in "+g.Name, g.Name)
	}
	n := 0
	for by, covered := range covers {
		h.user("by "+by, by)
		caller := h.caller("by " + by)
		for _, target := range targets {
			n++
			may := strings.Contains(" "+covered+" ", " "+target.Name+" ")
			in, fresh := "in "+target.Name, fmt.Sprint("new ", n)
			text := "text"
			attempts := map[string]func() error{
				"a user in the group": func() error {
					_, err := h.CreateUser(h.ctx, caller, &slnet.CreateUserMessage{Name: fresh, Groups: []string{target.Name}})
					return err
				},
				"oneself into the group": func() error {
					_, err := h.UpdateUser(h.ctx, caller, &slnet.UpdateUserMessage{Name: caller.User, AddGroups: []string{target.Name}})
					if err == nil && target.Name != by {
						must(h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: caller.User, RemoveGroups: []string{target.Name}}))(t)
					}
					return err
				},
				"the display name": func() error {
					_, err := h.UpdateUser(h.ctx, caller, &slnet.UpdateUserMessage{Name: in, DisplayName: &text})
					return err
				},
				"a token": func() error {
					_, err := h.CreateToken(h.ctx, caller, &slnet.CreateTokenMessage{User: in})
					return err
				},
				"the tokens": func() error {
					_, err := h.Tokens(h.ctx, caller, &slnet.GetTokensMessage{User: in})
					return err
				},
				"acting as the user": func() error {
					_, err := h.ActAs(caller, security.Caller{User: in})
					return err
				},
			}
			// The group that is linked gives nothing by itself.
			if target.Name != slnet.AdministratorsName && target.Name != "linked" {
				attempts["a group like it"] = func() error {
					like := target
					like.Name = fresh
					_, err := h.CreateGroup(h.ctx, caller, &slnet.CreateGroupMessage{Group: like})
					return err
				}
				attempts["an update of it"] = func() error {
					_, err := h.UpdateGroup(h.ctx, caller, &slnet.UpdateGroupMessage{Group: target})
					return err
				}
			}
			for what, attempt := range attempts {
				if err := attempt(); may && err != nil {
					t.Errorf("%s may not do at %s: %s: %v", by, target.Name, what, err)
				} else if !may && !errors.Is(err, slnet.KindPermissionDenied) {
					t.Errorf("%s may do at %s: %s (%v)", by, target.Name, what, err)
				}
			}
			if !may {
				password := "a new password"
				disabled := true
				if target.Name == slnet.AdministratorsName { // once: a hash takes its time
					if _, err := h.UpdateUser(h.ctx, caller, &slnet.UpdateUserMessage{Name: in, Password: &password}); !errors.Is(err, slnet.KindPermissionDenied) {
						t.Errorf("%s may set the password of %s: %v", by, in, err)
					}
				}
				for what, m := range map[string]*slnet.UpdateUserMessage{
					"disable": {Name: in, Disabled: &disabled}, "rename": {Name: in, NewName: &fresh},
				} {
					if _, err := h.UpdateUser(h.ctx, caller, m); !errors.Is(err, slnet.KindPermissionDenied) {
						t.Errorf("%s may %s %s: %v", by, what, in, err)
					}
				}
				if _, err := h.DeleteUser(h.ctx, caller, &slnet.DeleteUserMessage{Name: in}); !errors.Is(err, slnet.KindPermissionDenied) {
					t.Errorf("%s may delete %s: %v", by, in, err)
				}
			}
		}
	}
}

// Who could name a group as a module links it would give its members access to
// instances.
func TestAGroupIsNotRenamedIntoALink(t *testing.T) {
	h := open(t)
	settings := &dom.ModuleSettings{ModuleID: "m"}
	settings.DomManagerSettings.SecuritySettings.LinkSecurity = &dom.LinkSecuritySettings{GroupLinks: []dom.GroupLink{{GroupName: "Linked"}}}
	if _, err := h.store.Update(h.ctx, storage.Origin{}, func(tx *storage.Tx) error {
		_, err := tx.Insert("", settings)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	must(h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "helpers", Permissions: []slnet.PermissionFlag{slnet.PermissionSecurityAdministration}}}))(t)
	must(h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "clerks"}}))(t)
	h.user("ann", "helpers")
	h.user("bob", "clerks")
	rename := func(by security.Caller, from, to string) error {
		_, err := h.UpdateGroup(h.ctx, by, &slnet.UpdateGroupMessage{Group: slnet.Group{Name: from}, NewName: to})
		return err
	}
	if err := rename(h.caller("ann"), "clerks", "LINKED"); !errors.Is(err, slnet.KindPermissionDenied) || !strings.Contains(err.Error(), "a module links") {
		t.Errorf("into a link: %v", err)
	}
	if err := rename(h.caller("ann"), "clerks", "helpers"); !errors.Is(err, slnet.KindAlreadyExists) {
		t.Errorf("into a name that is taken: %v", err)
	}
	if err := rename(administrator, slnet.AdministratorsName, "all"); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("the built-in group: %v", err)
	}
	if err := rename(h.caller("ann"), "clerks", "Writers"); err != nil {
		t.Fatal(err)
	}
	if got := must(h.Users(h.ctx, &slnet.GetUsersMessage{}))(t).Users; !slices.ContainsFunc(got, func(u slnet.User) bool { return u.Name == "bob" && slices.Equal(u.Groups, []string{"Writers"}) }) {
		t.Errorf("members did not stay: %+v", got)
	}
	h.reopen()
	if err := rename(administrator, "writers", "linked"); err != nil {
		t.Errorf("an administrator, after a restart: %v", err)
	}
}

// A token with a scope makes no other tokens of its user, changes no password,
// and has no rights outside of its scope, also of an Administrator.
func TestScopeIsNotEscaped(t *testing.T) {
	h := open(t)
	h.userWithPassword("Ann", password)
	must(h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Ann", AddGroups: []string{slnet.AdministratorsName}}))(t)
	scope := &slnet.TokenScope{Permissions: []slnet.PermissionFlag{slnet.PermissionSecurityAdministration, slnet.PermissionAutomationExecute}}
	secret := must(h.CreateToken(h.ctx, administrator, &slnet.CreateTokenMessage{User: "Ann", Scope: scope}))(t).Secret
	caller := must(h.Authenticate(h.ctx, secret))(t)
	if !h.Accounts.Has(caller, slnet.PermissionAutomationExecute) || h.Accounts.Has(caller, slnet.PermissionAutomationEdit) || h.Accounts.Has(caller, slnet.PermissionNone) {
		t.Error("the rights of the token are not those of its scope")
	}
	fresh := "another password"
	for what, err := range map[string]error{
		"a token of its own user": second(h.CreateToken(h.ctx, caller, &slnet.CreateTokenMessage{User: "Ann"})),
		"its user's password":     second(h.ChangePassword(h.ctx, caller, &slnet.ChangePasswordMessage{OldPassword: password, NewPassword: fresh})),
		"a reset of the password": second(h.UpdateUser(h.ctx, caller, &slnet.UpdateUserMessage{Name: "Ann", Password: &fresh})),
		"a group with more":       second(h.CreateGroup(h.ctx, caller, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "more", Permissions: []slnet.PermissionFlag{slnet.PermissionAutomationEdit}}})),
		"acting as its user":      second(h.ActAs(caller, caller)),
	} {
		if !errors.Is(err, slnet.KindPermissionDenied) {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(h.CreateGroup(h.ctx, caller, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "less", Permissions: []slnet.PermissionFlag{slnet.PermissionAutomationExecute}}}))(t)
}

func second[T any](_ T, err error) error { return err }

// A session ends when it is not used for an hour, after 12 hours, and with the
// password; a login with the password; a token made by a message with neither.
func TestSessions(t *testing.T) {
	h := open(t)
	h.userWithPassword("Ann", password)
	session := func() string { return must(h.Login(h.ctx, "Ann", password, "", security.ForBrowser))(t).Secret }
	ends := func(secret, why string) {
		t.Helper()
		if _, err := h.Authenticate(h.ctx, secret); !errors.Is(err, slnet.KindUnauthenticated) {
			t.Errorf("%s: got %v", why, err)
		}
	}
	works := func(secret, why string) {
		t.Helper()
		if _, err := h.Authenticate(h.ctx, secret); err != nil {
			t.Errorf("%s: %v", why, err)
		}
	}
	idle, used := session(), session()
	for range 12 {
		h.pass(59 * time.Minute)
		works(used, "used every 59 minutes")
	}
	ends(idle, "not used for 12 hours")
	h.pass(15 * time.Minute)
	ends(used, "12 hours old")

	kept := must(h.CreateToken(h.ctx, administrator, &slnet.CreateTokenMessage{User: "Ann"}))(t).Secret
	login, open := must(h.Login(h.ctx, "Ann", password, "", security.ForProgram))(t).Secret, session()
	caller := must(h.Authenticate(h.ctx, open))(t)
	const fresh = "my new password"
	must(h.ChangePassword(h.ctx, caller, &slnet.ChangePasswordMessage{OldPassword: password, NewPassword: fresh}))(t)
	ends(login, "the password changed")
	ends(open, "the password changed")
	works(kept, "made by a message")
	if _, err := h.Rights(caller); !errors.Is(err, slnet.KindUnauthenticated) {
		t.Errorf("a connection of the ended session: %v", err)
	}
	open = must(h.Login(h.ctx, "Ann", fresh, "", security.ForBrowser))(t).Secret
	if err := h.Logout(h.ctx, open); err != nil {
		t.Error(err)
	}
	ends(open, "logged out")
}

// The last use of tokens is stored once a minute at most, and survives.
func TestLastUseOfTokens(t *testing.T) {
	h := open(t)
	h.user("Ann")
	secret := must(h.CreateToken(h.ctx, administrator, &slnet.CreateTokenMessage{User: "Ann"}))(t).Secret
	last := func() time.Time {
		t.Helper()
		return must(h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{User: "Ann"}))(t).Tokens[0].LastUsedAt
	}
	if !last().IsZero() {
		t.Errorf("a token that was not used yet was used at %v", last())
	}
	h.pass(time.Hour)
	must(h.Authenticate(h.ctx, secret))(t)
	used := h.now()
	if err := h.StoreUses(h.ctx, false); err != nil {
		t.Fatal(err)
	}
	version := h.store.Version()
	h.pass(time.Second)
	must(h.Authenticate(h.ctx, secret))(t)
	if err := h.StoreUses(h.ctx, false); err != nil {
		t.Fatal(err)
	}
	if h.store.Version() != version {
		t.Error("a use a second after another was stored")
	}
	h.reopen()
	if !last().Equal(used) {
		t.Errorf("after a restart the last use is %v, want %v", last(), used)
	}
}

func TestPasswordRules(t *testing.T) {
	h := open(t)
	for _, c := range []struct{ password, problem string }{
		{"shrt123", "too short"}, {"Annabella", "user name"}, {"aNNABELLA", "user name"}, {"Password123", "most common"}, {"12345678", "most common"},
	} {
		_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: "Annabella", Password: c.password})
		if !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v", c.problem, err)
		} else if strings.Contains(err.Error(), c.password) {
			t.Errorf("the error has the password: %v", err)
		}
	}
}

// With somebody's session nobody finds the password by trying.
func TestPasswordIsNotGuessedWithASession(t *testing.T) {
	h := open(t)
	h.userWithPassword("Ann", password)
	caller := h.caller("Ann")
	limited := 0
	for range 8 {
		_, err := h.ChangePassword(h.ctx, caller, &slnet.ChangePasswordMessage{OldPassword: "a wrong guess", NewPassword: "does not matter"})
		if errors.Is(err, slnet.KindRateLimited) {
			limited++
		} else if !errors.Is(err, slnet.KindInvalid) {
			t.Error(err)
		}
	}
	if limited != 3 {
		t.Errorf("%d of 8 guesses were refused, want 3", limited)
	}
	h.pass(time.Minute)
	must(h.ChangePassword(h.ctx, caller, &slnet.ChangePasswordMessage{OldPassword: password, NewPassword: "does not matter"}))(t)
}

// A renamed user keeps id, tokens, groups and password; the old name is free.
func TestRename(t *testing.T) {
	h := open(t)
	h.userWithPassword("Ann", password)
	before := h.caller("Ann")
	secret := must(h.CreateToken(h.ctx, before, &slnet.CreateTokenMessage{User: "Ann"}))(t).Secret
	name, taken, root := "Anna", "ADMINISTRATOR", "Root"
	for _, m := range []*slnet.UpdateUserMessage{{Name: "Ann", NewName: &taken}, {Name: slnet.AdministratorName, NewName: &root}} {
		if _, err := h.UpdateUser(h.ctx, administrator, m); err == nil {
			t.Errorf("%s was renamed to %s", m.Name, *m.NewName)
		}
	}
	must(h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Ann", NewName: &name}))(t)
	h.user("Ann")
	h.reopen()
	if caller := must(h.Authenticate(h.ctx, secret))(t); caller.User != "Anna" || caller.UserID != before.UserID {
		t.Errorf("the token stands for %+v", caller)
	}
	if rights, err := h.Rights(before); err != nil || rights.User() != "Anna" {
		t.Errorf("who was connected is now %+v, %v", rights, err)
	}
	must(h.Login(h.ctx, "anna", password, "", security.ForProgram))(t)
}

// Who is in read-only groups only may change nothing; another group lifts that.
func TestReadOnlyGroups(t *testing.T) {
	h := open(t)
	must(h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "readers"}, Preset: slnet.PresetReadOnly}))(t)
	must(h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "others"}}))(t)
	h.user("none")
	h.user("reader", "readers")
	h.user("both", "readers", "others")
	for name, want := range map[string]bool{"none": false, "reader": true, "both": false, slnet.AdministratorName: false} {
		if got := must(h.Rights(h.caller(name)))(t).ReadOnly(); got != want {
			t.Errorf("%s is read-only: %v, want %v", name, got, want)
		}
	}
	if _, err := h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "x"}, Preset: "nonsense"}); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("a preset that does not exist: %v", err)
	}
}

// A script grant gives its rights for the scripts that match, whatever the case.
func TestScriptGrants(t *testing.T) {
	h := open(t)
	must(h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "g", ScriptGrants: []slnet.ScriptGrant{
		{Pattern: "Report*", Execute: true}, {Pattern: "one", Edit: true},
	}}}))(t)
	h.user("Ann", "g")
	rights := must(h.Rights(h.caller("Ann")))(t)
	for _, c := range []struct {
		right security.ScriptRight
		name  string
		want  bool
	}{
		{security.ExecuteScript, "report", true}, {security.ExecuteScript, "REPORT-7", true}, {security.ExecuteScript, "repor", false},
		{security.ViewScript, "report", false}, {security.EditScript, "report", false}, {security.DeleteScript, "report", false},
		{security.EditScript, "One", true}, {security.ViewScript, "one", true}, {security.EditScript, "one2", false}, {security.ExecuteScript, "one", false},
	} {
		if got := rights.MayScript(c.right, c.name); got != c.want {
			t.Errorf("%v %s: %v, want %v", c.right.Permission(), c.name, got, c.want)
		}
	}
	for _, g := range []slnet.ScriptGrant{{Pattern: "", Execute: true}, {Pattern: "a*b", Execute: true}, {Pattern: "a"}, {Pattern: strings.Repeat("x", 600), View: true}} {
		if _, err := h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: "bad", ScriptGrants: []slnet.ScriptGrant{g}}}); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("the grant %.20q was taken: %v", g.Pattern, err)
		}
	}
}

// Users of a store from before users had ids get one, once.
func TestUsersWithoutIdsGetOne(t *testing.T) {
	h := open(t)
	h.user("Ann")
	table := storage.NewTable[msgp.Raw]("users")
	_, err := h.store.Update(h.ctx, storage.Origin{}, func(tx *storage.Tx) error {
		stored, err := table.Get(&tx.Reader, "ann")
		if err != nil {
			return err
		}
		fields, _, err := msgp.ReadMapStrIntfBytes(*stored, nil)
		if err != nil {
			return err
		}
		delete(fields, "Id")
		old, err := msgp.AppendIntf(nil, fields)
		if err != nil {
			return err
		}
		raw := msgp.Raw(old)
		return table.Put(tx, &raw, "ann")
	})
	if err != nil {
		t.Fatal(err)
	}
	h.reopen()
	first := h.caller("Ann")
	h.reopen()
	if again := h.caller("Ann"); first.UserID == uuid.Nil || again.UserID != first.UserID {
		t.Errorf("the ids are %v and %v", first.UserID, again.UserID)
	}
}
