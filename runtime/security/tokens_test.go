package security_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

func TestToken(t *testing.T) {
	h := open(t)
	h.user("Ann")
	made := h.token("ANN", 0)
	if made.Token.User != "Ann" || made.Token.Name != "a token" || made.Token.ID == uuid.Nil ||
		!made.Token.CreatedAt.Equal(h.now()) || !made.Token.ExpiresAt.IsZero() {
		t.Errorf("got %+v", made.Token)
	}
	if !regexp.MustCompile(`^dmv_[A-Za-z0-9_-]{43}$`).MatchString(made.Secret) {
		t.Error("the secret does not have its form")
	}
	if other := h.token("Ann", 0); other.Secret == made.Secret || other.Token.ID == made.Token.ID {
		t.Error("two tokens are the same")
	}
	h.accepts(made.Secret, "Ann")

	hash := sha256.Sum256([]byte(made.Secret))
	stored := h.raw()
	if !strings.Contains(stored, string(hash[:])) {
		t.Error("the hash of the secret is not stored")
	}
	random, err := base64.RawURLEncoding.DecodeString(made.Secret[4:])
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{stored, h.dump(), fmt.Sprintf("%+v %#v", h.Accounts, h.Accounts)} {
		if strings.Contains(place, made.Secret[4:]) || strings.Contains(place, string(random)) {
			t.Error("the secret is kept")
		}
	}
}

func TestRefusedSecretsLookTheSame(t *testing.T) {
	h := open(t)
	for _, name := range []string{"Ann", "Bob"} {
		h.user(name)
	}
	good, disabled := h.token("Ann", 0).Secret, h.token("Bob", 0).Secret
	revoked, expired := h.token("Ann", 0), h.token("Ann", time.Minute).Secret
	must(h.RevokeToken(h.ctx, administrator, &slnet.RevokeTokenMessage{ID: revoked.Token.ID}))(t)
	h.disable("Bob", true)
	h.pass(time.Minute)
	for _, secret := range []string{
		disabled, revoked.Secret, expired,
		"", "dmv_", good[4:], good[:46], good + "A", good + "\n", " " + good, strings.ToUpper(good), "DMV_" + good[4:],
		"dmv_" + strings.Repeat("A", 43), strings.Repeat("\x00", 47), strings.Repeat("é", 47), strings.Repeat("x", 1<<20),
	} {
		h.refuses(secret)
	}
	// The last character carries unused bits: another one that decodes to the
	// same bytes is another secret.
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if other := good[:46] + string(last); other != good {
			h.refuses(other)
		}
	}
	h.accepts(good, "Ann")
}

func TestTokenExpiry(t *testing.T) {
	h := open(t)
	h.user("Ann")
	made := h.token("Ann", time.Hour)
	far := h.token("Ann", math.MaxInt64)
	if !made.Token.ExpiresAt.Equal(h.now().Add(time.Hour)) {
		t.Errorf("expires at %v", made.Token.ExpiresAt)
	}
	h.pass(time.Hour - time.Nanosecond)
	h.accepts(made.Secret, "Ann")
	h.pass(time.Nanosecond)
	h.refuses(made.Secret)
	h.accepts(far.Secret, "Ann")

	h.token("Ann", 0) // takes what has expired along
	for _, token := range must(h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{}))(t).Tokens {
		if token.ID == made.Token.ID {
			t.Error("an expired token is kept")
		}
	}
}

func TestListTokens(t *testing.T) {
	h := open(t)
	h.user("Bob")
	h.user("Ann")
	var want []uuid.UUID
	for range 3 {
		want = append(want, h.token("ann", 0).Token.ID)
		h.pass(time.Second)
	}
	bob := h.token("bob", 0).Token
	list := func(user string) string {
		var ids []uuid.UUID
		for _, token := range must(h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{User: user}))(t).Tokens {
			ids = append(ids, token.ID)
		}
		return fmt.Sprint(ids)
	}
	if got := list("ANN"); got != fmt.Sprint(want) {
		t.Errorf("tokens of ann: %s, want %v", got, want)
	}
	if got, all := list(""), fmt.Sprint(append(want, bob.ID)); got != all {
		t.Errorf("all tokens: %s, want %s", got, all)
	}
	if got := list("administrator"); got != "[]" {
		t.Errorf("tokens of Administrator: %s", got)
	}
}

func TestWrongTokenRequests(t *testing.T) {
	h := open(t)
	h.user("Ann")
	before := h.dump()
	_, err := h.CreateToken(h.ctx, administrator, &slnet.CreateTokenMessage{User: "Bob"})
	wantError(t, err, slnet.KindNotFound, "Bob")
	_, err = h.CreateToken(h.ctx, administrator, &slnet.CreateTokenMessage{})
	wantError(t, err, slnet.KindNotFound)
	_, err = h.CreateToken(h.ctx, administrator, &slnet.CreateTokenMessage{User: "Ann", ExpiresIn: -time.Second})
	wantError(t, err, slnet.KindInvalid, "1s")
	_, err = h.CreateToken(h.ctx, administrator, &slnet.CreateTokenMessage{User: "Ann", Name: "a\nb"})
	wantError(t, err, slnet.KindInvalid, "token name")
	_, err = h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{User: "Bob"})
	wantError(t, err, slnet.KindNotFound, "Bob")
	unknown := uuid.New()
	_, err = h.RevokeToken(h.ctx, administrator, &slnet.RevokeTokenMessage{ID: unknown})
	wantError(t, err, slnet.KindNotFound, unknown.String())
	if after := h.dump(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func FuzzAuthenticate(f *testing.F) {
	h := open(f)
	h.user("Ann")
	good := h.token("Ann", 0).Secret
	for _, seed := range []string{"", "dmv_", good, good[:46], good + "=", strings.Repeat("\xff", 47), "Bearer " + good, "dmv_" + strings.Repeat("A", 43)} {
		f.Add(seed)
	}
	_, refused := h.Authenticate(h.ctx, "")
	f.Fuzz(func(t *testing.T, secret string) {
		caller, err := h.Authenticate(h.ctx, secret)
		switch {
		case secret == good && (err != nil || caller.User != "Ann"):
			t.Errorf("the secret gives %+v, %v", caller, err)
		case secret != good && (!errors.Is(err, slnet.KindUnauthenticated) || err.Error() != refused.Error() || caller.User != ""):
			t.Errorf("%q gives %+v, %v", secret, caller, err)
		}
	})
}
