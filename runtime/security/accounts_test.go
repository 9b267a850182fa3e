package security_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv/memkv"
)

const permission = slnet.PermissionModuleSettingsConfiguration

var administrator = security.Caller{User: slnet.AdministratorName}

// house is accounts on a store in memory, with a clock that stands still.
type house struct {
	*security.Accounts
	t      testing.TB
	ctx    context.Context
	engine *memkv.Store
	store  *storage.Store
	passed atomic.Int64 // by the clock
}

// open opens an empty house. When the test ends, the store has to be in order
// and to hold what is in memory.
func open(t testing.TB) *house {
	h := &house{t: t, ctx: context.Background(), engine: memkv.New()}
	h.store = must(storage.Open(h.ctx, h.engine, h.now))(t)
	h.Accounts = must(security.Open(h.ctx, h.store, h.now))(t)
	t.Cleanup(func() {
		if checked := must(h.store.Check(h.ctx))(t); len(checked.Problems) > 0 {
			t.Errorf("the store has problems: %v", checked.Problems)
		}
		if err := h.StoreUses(h.ctx, true); err != nil {
			t.Error(err)
		}
		inMemory := h.dump()
		if h.reopen(); h.dump() != inMemory {
			t.Errorf("in memory:\n%s\nin the store:\n%s", inMemory, h.dump())
		}
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// reopen opens the store and the accounts again, on the same engine.
func (h *house) reopen() {
	h.t.Helper()
	h.store = must(storage.Open(h.ctx, h.engine, h.now))(h.t)
	h.Accounts = must(security.Open(h.ctx, h.store, h.now))(h.t)
}

func (h *house) now() time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(h.passed.Load()))
}

func (h *house) pass(d time.Duration) { h.passed.Add(int64(d)) }

// dump is all that can be seen of the accounts.
func (h *house) dump() string {
	h.t.Helper()
	b, err := json.MarshalIndent([]any{
		must(h.Users(h.ctx, &slnet.GetUsersMessage{}))(h.t),
		must(h.Groups(h.ctx, &slnet.GetGroupsMessage{}))(h.t),
		must(h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{}))(h.t),
	}, "", " ")
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// Has, Permissions, Enabled and UserExists are questions about a user by name.
func (h *house) Has(user string, p slnet.PermissionFlag) bool {
	return h.Accounts.Has(security.Caller{User: user}, p)
}

func (h *house) Permissions(user string) []slnet.PermissionFlag {
	who, err := h.WhoAmI(security.Caller{User: user})
	if err != nil {
		return nil
	}
	return who.Permissions
}

func (h *house) Enabled(user string) bool { return h.Accounts.Enabled(security.Caller{User: user}) }

func (h *house) UserExists(user string) bool {
	h.t.Helper()
	return slices.ContainsFunc(must(h.Users(h.ctx, &slnet.GetUsersMessage{}))(h.t).Users, func(u slnet.User) bool {
		return strings.EqualFold(u.Name, user)
	})
}

// raw is all stored records.
func (h *house) raw() string {
	h.t.Helper()
	var all strings.Builder
	err := h.store.View(h.ctx, func(r *storage.Reader) error {
		for _, table := range []string{"users", "groups", "tokens"} {
			err := storage.NewTable[msgp.Raw](table).Scan(r, storage.Walk{}, func(record *msgp.Raw) (bool, error) {
				all.Write(*record)
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all.String()
}

func (h *house) user(name string, groups ...string) slnet.User {
	h.t.Helper()
	return must(h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: name, Groups: groups}))(h.t).User
}

func (h *house) group(name string, permissions ...slnet.PermissionFlag) slnet.Group {
	h.t.Helper()
	m := &slnet.CreateGroupMessage{Group: slnet.Group{Name: name, Permissions: permissions}}
	return must(h.CreateGroup(h.ctx, administrator, m))(h.t).Group
}

func (h *house) token(user string, expiresIn time.Duration) *slnet.CreateTokenResponse {
	h.t.Helper()
	m := &slnet.CreateTokenMessage{User: user, Name: "a token", ExpiresIn: expiresIn}
	return must(h.CreateToken(h.ctx, administrator, m))(h.t)
}

func (h *house) disable(user string, disabled bool) {
	h.t.Helper()
	must(h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: user, Disabled: &disabled}))(h.t)
}

// accepts and refuses tell what the secret of a token is worth now.
func (h *house) accepts(secret, user string) {
	h.t.Helper()
	if got := must(h.Authenticate(h.ctx, secret))(h.t); got.User != user {
		h.t.Errorf("the secret stands for %q, want %q", got.User, user)
	}
}

func (h *house) refuses(secret string) {
	h.t.Helper()
	caller, err := h.Authenticate(h.ctx, secret)
	h.sameRefusal(err, "Authenticate", func() error { _, err := h.Authenticate(h.ctx, ""); return err })
	if caller.User != "" {
		h.t.Errorf("a refused secret stands for %q", caller.User)
	}
}

// sameRefusal wants an error that cannot be told from another refusal.
func (h *house) sameRefusal(err error, what string, other func() error) {
	h.t.Helper()
	if !errors.Is(err, slnet.KindUnauthenticated) {
		h.t.Fatalf("%s: got %v, want an error of kind Unauthenticated", what, err)
	}
	if want := other(); err.Error() != want.Error() {
		h.t.Errorf("%s says %q, otherwise %q", what, err, want)
	}
}

// must returns a function that ends the test on an error.
func must[T any](value T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// wantError wants a *slnet.Error of the kind that names what is given.
func wantError(t testing.TB, err error, kind slnet.Kind, names ...string) {
	t.Helper()
	var e *slnet.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
	for _, name := range names {
		if !strings.Contains(e.Message, name) {
			t.Errorf("the error %q does not name %q", e.Message, name)
		}
	}
}

func TestOpenOnAnEmptyStore(t *testing.T) {
	h := open(t)
	users := must(h.Users(h.ctx, &slnet.GetUsersMessage{}))(t).Users
	if len(users) != 1 || users[0].Name != "Administrator" || fmt.Sprint(users[0].Groups) != "[Administrators]" ||
		users[0].HasPassword || users[0].Disabled || !users[0].CreatedAt.Equal(h.now()) {
		t.Errorf("users: %+v", users)
	}
	groups := must(h.Groups(h.ctx, &slnet.GetGroupsMessage{}))(t).Groups
	if len(groups) != 1 || groups[0].Name != "Administrators" || len(groups[0].Permissions) != len(slnet.Permissions()) {
		t.Errorf("groups: %+v", groups)
	}
	if tokens := must(h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{}))(t).Tokens; len(tokens) != 0 {
		t.Errorf("tokens: %+v", tokens)
	}
}

func TestEverythingIsThereAfterReopening(t *testing.T) {
	h := open(t)
	h.group("Operators", permission, slnet.PermissionAutomationExecute)
	must(h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: "Ann", DisplayName: "Ann B.", Password: "correct horse", Groups: []string{"operators"}}))(t)
	forever, soon := h.token("ann", 0), h.token("ann", time.Hour)
	before := h.dump()

	h.reopen()
	if after := h.dump(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	h.accepts(forever.Secret, "Ann")
	h.accepts(soon.Secret, "Ann")
	if !h.Has("ANN", permission) || h.Has("ann", slnet.PermissionAutomationEdit) {
		t.Errorf("permissions of ann: %v", h.Permissions("ann"))
	}
	must(h.Login(h.ctx, "ann", "correct horse", "", security.ForProgram))(t)
	h.pass(time.Hour)
	h.refuses(soon.Secret)
}

func TestOpenReportsADamagedRecord(t *testing.T) {
	for _, table := range []string{"users", "groups", "tokens"} {
		engine := memkv.New()
		store := must(storage.Open(context.Background(), engine, nil))(t)
		_, err := store.Update(context.Background(), administrator.Origin(), func(tx *storage.Tx) error {
			damaged := msgp.Raw{0x93, 1, 2, 3}
			return storage.NewTable[msgp.Raw](table).Put(tx, &damaged, "x")
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := security.Open(context.Background(), store, nil); err == nil || !strings.Contains(err.Error(), table) {
			t.Errorf("got %v, want an error that names the table %s", err, table)
		}
		if checked := must(store.Check(context.Background()))(t); len(checked.Problems) > 0 {
			t.Error(checked.Problems)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestConcurrentChangesAreAllKept(t *testing.T) {
	h := open(t)
	h.group("Team")
	h.user("shared")
	const workers, each = 8, 12
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				name := fmt.Sprintf("user %d-%d", w, i)
				group := fmt.Sprintf("group %d-%d", w, i)
				errs := []error{}
				_, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: name, Groups: []string{"Team"}})
				errs = append(errs, err)
				_, err = h.CreateGroup(h.ctx, administrator, &slnet.CreateGroupMessage{Group: slnet.Group{Name: group}})
				errs = append(errs, err)
				_, err = h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "shared", AddGroups: []string{group}})
				errs = append(errs, err)
				_, err = h.CreateToken(h.ctx, administrator, &slnet.CreateTokenMessage{User: name})
				if err := errors.Join(append(errs, err)...); err != nil {
					t.Error(err)
				}
				h.Has(name, permission)
			}
		})
	}
	wg.Wait()
	const n = workers * each
	if got := len(must(h.Users(h.ctx, &slnet.GetUsersMessage{}))(t).Users); got != n+2 {
		t.Errorf("%d users, want %d", got, n+2)
	}
	if got := len(must(h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{}))(t).Tokens); got != n {
		t.Errorf("%d tokens, want %d", got, n)
	}
	shared := must(h.WhoAmI(security.Caller{User: "shared"}))(t).User
	if len(shared.Groups) != n {
		t.Errorf("the shared user is in %d groups, want %d", len(shared.Groups), n)
	}
}

func TestOneOfManyConcurrentCreatesWins(t *testing.T) {
	h := open(t)
	var made atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			switch _, err := h.CreateUser(h.ctx, administrator, &slnet.CreateUserMessage{Name: "Ann"}); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, slnet.KindAlreadyExists):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("the user was made %d times", made.Load())
	}
}

func TestARightIsGoneAtTheNextCall(t *testing.T) {
	h := open(t)
	h.group("Operators", permission)
	h.user("Ann", "Operators")
	for name, take := range map[string]func(){
		"taken from the group": func() {
			must(h.UpdateGroup(h.ctx, administrator, &slnet.UpdateGroupMessage{Group: slnet.Group{Name: "operators"}}))(t)
		},
		"user taken out of the group": func() {
			must(h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "ann", RemoveGroups: []string{"OPERATORS"}}))(t)
		},
		"user disabled": func() { h.disable("ann", true) },
	} {
		if !h.Has("ann", permission) {
			t.Fatalf("%s: ann does not have the permission before", name)
		}
		take()
		if h.Has("ann", permission) || len(h.Permissions("ann")) > 0 {
			t.Errorf("%s: ann still has %v", name, h.Permissions("ann"))
		}
		must(h.UpdateGroup(h.ctx, administrator, &slnet.UpdateGroupMessage{Group: slnet.Group{Name: "Operators", Permissions: []slnet.PermissionFlag{permission}}}))(t)
		enabled := false
		must(h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "ann", Disabled: &enabled, AddGroups: []string{"Operators"}}))(t)
	}
	must(h.DeleteGroup(h.ctx, administrator, &slnet.DeleteGroupMessage{Name: "operators"}))(t)
	if h.Has("ann", permission) {
		t.Error("ann has a permission of a deleted group")
	}
}

func TestAChangeThatIsNotStoredHasNoEffect(t *testing.T) {
	h := open(t)
	h.group("Operators", permission)
	h.group("Editors")
	h.user("Ann", "Operators", "Editors")
	before := h.dump()
	ended, cancel := context.WithCancel(h.ctx)
	cancel()
	_, err := h.CreateUser(ended, administrator, &slnet.CreateUserMessage{Name: "Bob"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
	_, err = h.DeleteUser(ended, administrator, &slnet.DeleteUserMessage{Name: "Ann"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
	_, err = h.DeleteGroup(ended, administrator, &slnet.DeleteGroupMessage{Name: "Editors"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
	if after := h.dump(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
