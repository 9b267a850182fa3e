package security

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
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
// reads no disk, and notes the use.
func (a *Accounts) Authenticate(_ context.Context, secret string) (Caller, error) {
	if len(secret) != secretSize {
		return Caller{}, tokenRefused()
	}
	d := a.directory.Load()
	now := a.now()
	t := d.tokens[sha256.Sum256([]byte(secret))]
	if t == nil || !t.worksAt(now) {
		return Caller{}, tokenRefused()
	}
	u := d.enabled(t.User)
	if u == nil {
		return Caller{}, tokenRefused()
	}
	t.use.Store(now.UnixMilli())
	return Caller{User: u.Name, UserID: u.ID, TokenID: t.ID, Scope: t.Scope}, nil
}

// useEvery is how much older the stored time of a token's last use may be than
// the real one.
const useEvery = time.Minute

// StoreUses stores when tokens were used last, in one commit, as far as what is
// stored is too old, and all of it with all set.
func (a *Accounts) StoreUses(ctx context.Context, all bool) error {
	stale := func(t *tokenRecord) bool {
		used := t.lastUsed()
		return used.Sub(t.LastUsedAt) >= useEvery || all && !used.Equal(t.LastUsedAt)
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(a.directory.Load().tokens)), stale) {
		return nil
	}
	return a.change(ctx, systemOrigin, func(e *edit) error {
		for _, t := range e.tokens {
			if stale(t) {
				used := *t
				used.LastUsedAt = t.lastUsed()
				e.putToken(&used)
			}
		}
		return nil
	})
}

func tokenRefused() error {
	return slnet.Errorf(slnet.KindUnauthenticated, "the token is not accepted; send it whole, log in again, or ask an administrator for a new one")
}

// mayManageTokens refuses callers who may not manage the tokens of a user: their
// own, or those of somebody with no more rights, with a permission. A run may not
// manage its user's own, for a token outlives it; nor may a token with a scope,
// for it would get rid of the scope.
func (d *directory) mayManageTokens(by Caller, rights *Rights, u *userRecord) error {
	if d.callerUser(by) == u && by.RunID == uuid.Nil && by.Scope == nil {
		return nil
	}
	if !rights.Has(slnet.PermissionSecurityTokens) && !rights.Has(slnet.PermissionSecurityAdministration) {
		return denied("user %s lacks the permission %v, which managing the tokens of others takes, and those of one's own in a run or with a token that has a scope",
			rights.User(), slnet.PermissionSecurityTokens)
	}
	return rights.exceeds(d.userRights(u), fmt.Sprintf("the tokens of the user %q", u.Name))
}

// CreateToken makes a token for a user. Its secret is in the response and
// nowhere else.
func (a *Accounts) CreateToken(ctx context.Context, by Caller, m *slnet.CreateTokenMessage) (*slnet.CreateTokenResponse, error) {
	if err := checkText("token name", m.Name); err != nil {
		return nil, err
	}
	if m.ExpiresIn < 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "a token cannot expire %v before it is made; give a duration above 0, or 0 for never", -m.ExpiresIn)
	}
	scope, err := readScope(m.Scope)
	if err != nil {
		return nil, err
	}
	response := new(slnet.CreateTokenResponse)
	err = a.changeAs(ctx, by, func(e *edit) error {
		u, err := e.tokenUser(by, e.by, m.User)
		if err != nil {
			return err
		}
		if u.Disabled {
			return slnet.Errorf(slnet.KindConflict, "the user %q is disabled and can have no new token; enable the user first", u.Name)
		}
		t := tokenRecord{User: fold(u.Name), Name: m.Name, Scope: scope}
		if m.ExpiresIn > 0 {
			t.ExpiresAt = e.now.Add(m.ExpiresIn)
		}
		*response = e.addToken(t, newSecret())
		e.about("token", response.Token.ID.String())
		e.about("user", u.Name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// tokenUser returns the user whose tokens a caller wants to manage. Who may
// manage none does not learn who exists.
func (d *directory) tokenUser(by Caller, rights *Rights, name string) (*userRecord, error) {
	u := d.users[fold(name)]
	if u == nil {
		if err := d.mayManageTokens(by, rights, &userRecord{Name: name}); err != nil {
			return nil, err
		}
		return d.userNamed(name)
	}
	return u, d.mayManageTokens(by, rights, u)
}

// addToken completes a token and adds it. Tokens that have expired leave at this
// occasion, so that logins do not pile up.
func (e *edit) addToken(t tokenRecord, secret string) slnet.CreateTokenResponse {
	for _, other := range e.tokens {
		if !other.worksAt(e.now) {
			e.deleteToken(other)
		}
	}
	t.ID, t.Hash, t.CreatedAt, t.use = uuid.New(), sha256.Sum256([]byte(secret)), e.now, new(atomic.Int64)
	e.putToken(&t)
	return slnet.CreateTokenResponse{Token: e.token(&t), Secret: secret}
}

// Tokens lists the tokens, logins and sessions of a user, or when none is named
// all that the caller may manage, by user and age. One that has expired is listed
// until the next token is made.
func (a *Accounts) Tokens(_ context.Context, by Caller, m *slnet.GetTokensMessage) (*slnet.TokensResponse, error) {
	d := a.directory.Load()
	rights, err := d.callerRights(by, a.now())
	if err != nil {
		return nil, err
	}
	if m.User != "" {
		_, err = d.tokenUser(by, rights, m.User)
	} else if !rights.Has(slnet.PermissionSecurityTokens) && !rights.Has(slnet.PermissionSecurityAdministration) {
		err = denied("user %s lacks the permission %v, which seeing the tokens of others takes; ask for one's own by name",
			rights.User(), slnet.PermissionSecurityTokens)
	}
	if err != nil {
		return nil, err
	}
	var found []*tokenRecord
	for _, t := range d.tokens {
		u := d.users[t.User]
		if m.User == "" && u != nil && d.mayManageTokens(by, rights, u) == nil || m.User != "" && t.User == fold(m.User) {
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

// RevokeToken ends a token: the next Authenticate with it is refused. Who may
// not manage a token does not learn that it exists.
func (a *Accounts) RevokeToken(ctx context.Context, by Caller, m *slnet.RevokeTokenMessage) (*slnet.Empty, error) {
	err := a.changeAs(ctx, by, func(e *edit) error {
		u := &userRecord{}
		t := e.tokenIDs[m.ID]
		if t != nil {
			u = e.users[t.User]
		}
		if err := e.mayManageTokens(by, e.by, u); err != nil {
			return err
		}
		if t == nil {
			return slnet.Errorf(slnet.KindNotFound, "there is no token %s; it may have expired or been revoked, the list of tokens has the ids", m.ID)
		}
		e.deleteToken(t)
		e.about("token", t.ID.String())
		e.about("user", u.Name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return new(slnet.Empty), nil
}
