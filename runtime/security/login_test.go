package security_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const password = "correct horse battery"

func (h *house) userWithPassword(name, password string) {
	h.t.Helper()
	m := &slnet.CreateUserMessage{Name: name, Password: password}
	if u := must(h.CreateUser(h.ctx, administrator, m))(h.t).User; !u.HasPassword {
		h.t.Errorf("%s has no password", name)
	}
}

func TestLogin(t *testing.T) {
	h := open(t)
	h.userWithPassword("Ann", password)
	made := must(h.Login(h.ctx, "ANN", password, "", security.ForProgram))(t)
	if made.Token.User != "Ann" || made.Token.Name != "login" || !made.Token.ExpiresAt.Equal(h.now().Add(12*time.Hour)) {
		t.Errorf("got %+v", made.Token)
	}
	h.accepts(made.Secret, "Ann")
	h.pass(12 * time.Hour)
	h.refuses(made.Secret)
}

func TestRefusedLoginsLookTheSame(t *testing.T) {
	h := open(t)
	h.userWithPassword("Ann", password)
	h.userWithPassword("Off", password)
	h.user("Tokens only")
	h.disable("Off", true)
	before := h.dump()
	_, first := h.Login(h.ctx, "nobody", password, "", security.ForProgram)
	for _, c := range []struct{ user, password string }{
		{"Ann", "wrong password"}, {"Ann", ""}, {"Ann", strings.ToUpper(password)}, {"Ann", password + " "},
		{"Off", password}, {"Off", "wrong password"}, {"Tokens only", password}, {"Tokens only", ""}, {"", ""},
	} {
		// A hash is computed whatever is wrong: the memory it takes shows it.
		var start, end runtime.MemStats
		runtime.ReadMemStats(&start)
		response, err := h.Login(h.ctx, c.user, c.password, "", security.ForProgram)
		runtime.ReadMemStats(&end)
		if got := end.TotalAlloc - start.TotalAlloc; got < 19<<20 {
			t.Errorf("login as %q took %d bytes, less than a hash", c.user, got)
		}
		h.sameRefusal(err, "login as "+c.user, func() error { return first })
		if response.Secret != "" {
			t.Errorf("a refused login as %q has a secret", c.user)
		}
	}
	if after := h.dump(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestLoginWaitsNoLongerThanItsContext(t *testing.T) {
	h := open(t)
	ended, cancel := context.WithCancel(h.ctx)
	cancel()
	for _, user := range []string{"Administrator", "nobody"} {
		if _, err := h.Login(ended, user, password, "", security.ForProgram); !errors.Is(err, context.Canceled) {
			t.Errorf("login as %s: got %v, want the error of the context", user, err)
		}
	}
	_, err := h.CreateUser(ended, administrator, &slnet.CreateUserMessage{Name: "Ann", Password: password})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
}

// meanwhile is a context that does something when it is first asked whether it
// has ended: a login asks after it has read the user and before it computes the
// hash.
type meanwhile struct {
	context.Context
	asked atomic.Bool
	do    func()
}

func (m *meanwhile) Done() <-chan struct{} {
	if m.asked.CompareAndSwap(false, true) {
		m.do()
	}
	return m.Context.Done()
}

func TestLoginSeesWhatChangesWhileItHashes(t *testing.T) {
	h := open(t)
	for name, do := range map[string]func(){
		"disabled": func() { h.disable("disabled", true) },
		"deleted": func() {
			must(h.DeleteUser(h.ctx, administrator, &slnet.DeleteUserMessage{Name: "deleted"}))(t)
		},
		"another password": func() {
			must(h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "another password", Password: ptr("another one")}))(t)
		},
	} {
		h.userWithPassword(name, password)
		ctx := &meanwhile{Context: h.ctx, do: do}
		_, err := h.Login(ctx, name, password, "", security.ForProgram)
		h.sameRefusal(err, name, func() error { _, err := h.Login(h.ctx, "nobody", password, "", security.ForProgram); return err })
		if !ctx.asked.Load() {
			t.Errorf("%s: nothing changed meanwhile", name)
		}
	}
	if tokens := must(h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{}))(t).Tokens; len(tokens) > 0 {
		t.Errorf("tokens were made: %+v", tokens)
	}
}

func TestADamagedPasswordHashOpensNothing(t *testing.T) {
	h := open(t)
	h.userWithPassword("Ann", password)
	users := storage.NewTable[msgp.Raw]("users")
	// replace changes the stored hash, to a text of the same length.
	replace := func(old, damaged string) {
		t.Helper()
		_, err := h.store.Update(h.ctx, administrator.Origin(), func(tx *storage.Tx) error {
			record, err := users.Get(&tx.Reader, "ann")
			if err != nil {
				return err
			}
			changed := msgp.Raw(strings.Replace(string(*record), old, damaged, 1))
			if bytes.Equal(changed, *record) {
				t.Fatalf("the stored hash has no %s", old)
			}
			return users.Put(tx, &changed, "ann")
		})
		if err != nil {
			t.Fatal(err)
		}
		h.reopen()
	}
	for _, c := range []struct{ old, damaged string }{
		{"argon2id", "argon2iX"}, {"v=19", "v=18"}, {"t=2", "t=0"}, {"p=1$", "p=0$"}, {"p=1$", "p=1."}, {"m=19456", "m=99999"}, {"m=1", "m=x"}, {"$v=", "_v="},
	} {
		replace(c.old, c.damaged)
		_, err := h.Login(h.ctx, "Ann", password, "", security.ForProgram)
		if err == nil || errors.Is(err, slnet.KindUnauthenticated) || strings.Contains(err.Error(), "argon2i") {
			t.Errorf("%s for %s: got %v, want an error that says the record is damaged", c.damaged, c.old, err)
		}
		replace(c.damaged, c.old)
	}
	must(h.Login(h.ctx, "Ann", password, "", security.ForProgram))(t)
}

func TestPasswords(t *testing.T) {
	h := open(t)
	shortest, longest := "Zoë 王小明!", strings.Repeat("é", 1024)
	h.userWithPassword("Ann", shortest)
	must(h.Login(h.ctx, "ann", shortest, "", security.ForProgram))(t)
	must(h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Ann", Password: &longest}))(t)
	must(h.Login(h.ctx, "ann", longest, "", security.ForProgram))(t)
	if _, err := h.Login(h.ctx, "ann", shortest, "", security.ForProgram); !errors.Is(err, slnet.KindUnauthenticated) {
		t.Errorf("the old password gives %v", err)
	}
	if stored := h.raw(); !strings.Contains(stored, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(stored, longest[:16]) {
		t.Error("the password is not stored as argon2id in PHC form")
	}
	for _, wrong := range []string{"1234567", "sëcret!", strings.Repeat("x", 1025)} {
		_, err := h.UpdateUser(h.ctx, administrator, &slnet.UpdateUserMessage{Name: "Ann", Password: &wrong})
		wantError(t, err, slnet.KindInvalid, "password", "8", "1024")
		if strings.Contains(err.Error(), wrong) {
			t.Errorf("the error %q shows the password", err)
		}
	}
	must(h.Login(h.ctx, "ann", longest, "", security.ForProgram))(t)
}
