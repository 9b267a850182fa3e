package security

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// A secret is this prefix, by which tools that look for leaked secrets know it,
// and 32 random bytes in base64url. So much randomness needs no slow hash.
const (
	secretPrefix = "dmv_"
	secretRandom = 32
)

var secretSize = len(secretPrefix) + base64.RawURLEncoding.EncodedLen(secretRandom)

func newSecret() string {
	random := make([]byte, secretRandom)
	rand.Read(random) // never fails
	return secretPrefix + base64.RawURLEncoding.EncodeToString(random)
}

// Authenticate returns the caller that a token's secret stands for. A secret
// that is malformed, unknown, expired or revoked, and one of a disabled user,
// all give the same error of KindUnauthenticated. Call it for every request: it
// reads no disk.
func (a *Accounts) Authenticate(_ context.Context, secret string) (Caller, error) {
	if len(secret) != secretSize {
		return Caller{}, tokenRefused()
	}
	d := a.directory.Load()
	t := d.tokens[sha256.Sum256([]byte(secret))]
	if t == nil || !t.worksAt(a.now()) {
		return Caller{}, tokenRefused()
	}
	u := d.enabled(t.User)
	if u == nil {
		return Caller{}, tokenRefused()
	}
	return Caller{User: u.Name}, nil
}

func tokenRefused() error {
	return slnet.Errorf(slnet.KindUnauthenticated, "the token is not accepted; send it whole, log in again, or ask an administrator for a new one")
}

// CreateToken makes a token for a user. Its secret is in the response and
// nowhere else.
func (a *Accounts) CreateToken(ctx context.Context, origin storage.Origin, m *slnet.CreateTokenMessage) (*slnet.CreateTokenResponse, error) {
	if err := checkText("token name", m.Name); err != nil {
		return nil, err
	}
	if m.ExpiresIn < 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "a token cannot expire %v before it is made; give a duration above 0, or 0 for never", -m.ExpiresIn)
	}
	response := new(slnet.CreateTokenResponse)
	err := a.change(ctx, origin, func(e *edit) error {
		u, err := e.userNamed(m.User)
		if err != nil {
			return err
		}
		if u.Disabled {
			return slnet.Errorf(slnet.KindConflict, "the user %q is disabled and can have no new token; enable the user first", u.Name)
		}
		t := tokenRecord{User: fold(u.Name), Name: m.Name}
		if m.ExpiresIn > 0 {
			t.ExpiresAt = e.now.Add(m.ExpiresIn)
		}
		*response = e.addToken(t, newSecret())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// addToken completes a token and adds it. Tokens that have expired leave at this
// occasion, so that logins do not pile up.
func (e *edit) addToken(t tokenRecord, secret string) slnet.CreateTokenResponse {
	for _, other := range e.tokens {
		if !other.worksAt(e.now) {
			e.deleteToken(other)
		}
	}
	t.ID, t.Hash, t.CreatedAt = uuid.New(), sha256.Sum256([]byte(secret)), e.now
	e.putToken(&t)
	return slnet.CreateTokenResponse{Token: e.token(&t), Secret: secret}
}

// Tokens lists the tokens of a user, or of all when none is named, by user and
// age. One that has expired is listed until the next token is made.
func (a *Accounts) Tokens(_ context.Context, m *slnet.GetTokensMessage) (*slnet.TokensResponse, error) {
	d := a.directory.Load()
	if m.User != "" {
		if _, err := d.userNamed(m.User); err != nil {
			return nil, err
		}
	}
	var found []*tokenRecord
	for _, t := range d.tokens {
		if m.User == "" || t.User == fold(m.User) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *tokenRecord) int {
		return cmp.Or(cmp.Compare(a.User, b.User), a.CreatedAt.Compare(b.CreatedAt), slices.Compare(a.ID[:], b.ID[:]))
	})
	response := &slnet.TokensResponse{Tokens: make([]slnet.Token, len(found))}
	for i, t := range found {
		response.Tokens[i] = d.token(t)
	}
	return response, nil
}

// RevokeToken ends a token: the next Authenticate with it is refused.
func (a *Accounts) RevokeToken(ctx context.Context, origin storage.Origin, m *slnet.RevokeTokenMessage) (*slnet.Empty, error) {
	err := a.change(ctx, origin, func(e *edit) error {
		for _, t := range e.tokens {
			if t.ID == m.ID {
				e.deleteToken(t)
				return nil
			}
		}
		return slnet.Errorf(slnet.KindNotFound, "there is no token %s; it may have expired or been revoked, the list of tokens has the ids", m.ID)
	})
	if err != nil {
		return nil, err
	}
	return new(slnet.Empty), nil
}
