package security

import (
	"context"
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
func (a *Accounts) Login(ctx context.Context, user, password string, purpose Purpose) (slnet.CreateTokenResponse, error) {
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
	err = a.change(ctx, storage.Origin{User: u.Name}, func(e *edit) error {
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
		return nil
	})
	return response, err
}

func loginRefused() error {
	return slnet.Errorf(slnet.KindUnauthenticated, "the login is not accepted; check the user name and the password, or ask an administrator")
}

// Logout ends the login or session of a caller. A token that was made with a
// message stays, for other programs may use it.
func (a *Accounts) Logout(ctx context.Context, by Caller) error {
	return a.change(ctx, by.Origin(), func(e *edit) error {
		if t := e.tokenIDs[by.TokenID]; t != nil && t.Kind != slnet.TokenMade {
			e.deleteToken(t)
		}
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
