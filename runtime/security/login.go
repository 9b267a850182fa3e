package security

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Purpose says what a login is for, and so how long what it yields works.
type Purpose struct {
	kind           slnet.TokenKind
	lifetime, idle time.Duration
}

// The purposes of logins.
var (
	// ForProgram is a login of a command line or a program: it yields a token
	// that works for 12 hours.
	ForProgram = Purpose{kind: slnet.TokenLogin, lifetime: 12 * time.Hour}
	// ForBrowser is a login of the console: it yields a token that works for 12
	// hours, and ends earlier when it was not used for one hour.
	ForBrowser = Purpose{kind: slnet.TokenSession, lifetime: 12 * time.Hour, idle: time.Hour}
)

// Login exchanges a password for a token. Whatever is wrong, a caller gets the
// same error of KindUnauthenticated at the same cost: for users who do not exist,
// are disabled or have no password, the password is hashed too. The error is that
// of ctx when it ends before a hash could be begun. At most two hashes are
// computed at once; limiting how often somebody may try is up to the edge.
//
// address is where the caller is, for the audit; empty when it is not known.
func (a *Accounts) Login(ctx context.Context, user, password, address string, purpose Purpose) (slnet.CreateTokenResponse, error) {
	u := a.directory.Load().enabled(user)
	hash := a.passwords.nobody
	if u != nil && u.Password != "" {
		hash = u.Password
	}
	matches, err := a.passwords.matches(ctx, hash, password)
	if err != nil {
		return slnet.CreateTokenResponse{}, fmt.Errorf("log in: %w", err)
	}
	if u == nil || !matches {
		return slnet.CreateTokenResponse{}, loginRefused()
	}
	var response slnet.CreateTokenResponse
	err = a.change(ctx, storage.Origin{User: u.Name, Message: slnet.AuditLogin, Address: address}, func(e *edit) error {
		// Hashing took a while. The password must still be the user's, and the
		// user still be enabled.
		u := e.enabled(user)
		if u == nil || u.Password != hash {
			return loginRefused()
		}
		response = e.addToken(tokenRecord{
			User: fold(u.Name), Name: string(purpose.kind), Kind: purpose.kind,
			ExpiresAt: e.now.Add(purpose.lifetime), IdleTimeout: purpose.idle,
		}, newSecret())
		e.about("token", response.Token.ID.String())
		return nil
	})
	return response, err
}

func loginRefused() error {
	return slnet.Errorf(slnet.KindUnauthenticated, "the login is not accepted; check the user name and the password, or ask an administrator")
}

// Logout ends the token with the secret. A secret that stands for no token is
// refused as Authenticate does.
func (a *Accounts) Logout(ctx context.Context, secret string) error {
	hash := sha256.Sum256([]byte(secret))
	t := a.directory.Load().tokens[hash]
	if t == nil {
		return tokenRefused()
	}
	return a.change(ctx, storage.Origin{User: t.User}, func(e *edit) error {
		t := e.tokens[hash]
		if t == nil {
			return tokenRefused()
		}
		e.deleteToken(t)
		return nil
	})
}

// endLogins ends the logins and sessions of a user.
func (e *edit) endLogins(u *userRecord) {
	for _, t := range e.tokens {
		if t.User == fold(u.Name) && t.Kind != slnet.TokenMade {
			e.deleteToken(t)
		}
	}
}
