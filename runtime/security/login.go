package security

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	loginName  = "login"
	loginWorks = 12 * time.Hour
)

// Login exchanges a password for a token named "login" that works for 12 hours.
// Whatever is wrong, a caller gets the same error of KindUnauthenticated at the
// same cost: for users who do not exist, are disabled or have no password, the
// password is hashed too. The error is that of ctx when it ends before a hash
// could be begun. Limiting how often somebody may try is up to the edge.
func (a *Accounts) Login(ctx context.Context, user, password string) (slnet.CreateTokenResponse, error) {
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
		response = e.addToken(tokenRecord{User: fold(u.Name), Name: loginName, ExpiresAt: e.now.Add(loginWorks)}, newSecret())
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
