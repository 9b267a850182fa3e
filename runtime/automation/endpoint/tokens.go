package endpoint

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/naming"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	maxTokens = 10_000
	maxLinks  = maxDefinitions
)

// A secret is this prefix, by which tools that look for leaked secrets know it,
// and 32 random bytes in base64url. So much randomness needs no slow hash, and
// finding the hash in a map tells by its time nothing that is of use.
const (
	secretPrefix = "dma_"
	secretRandom = 32
)

func newSecret() string {
	random := make([]byte, secretRandom)
	rand.Read(random) // never fails
	return secretPrefix + base64.RawURLEncoding.EncodeToString(random)
}

// user is whose rights the runs of a token have.
func (t *tokenRecord) user() security.Caller {
	return security.Caller{User: t.Token.User, UserID: t.Token.UserID}
}

// worksAt reports whether a token is neither disabled nor expired.
func (t *tokenRecord) worksAt(now time.Time) bool {
	return !t.Token.Disabled && (t.Token.ExpiresAt.IsZero() || now.Before(t.Token.ExpiresAt))
}

// checkToken completes a token a person sent and returns an error that names the
// field that is wrong.
func (a *APIs) checkToken(caller security.Caller, given *slnet.ApiToken) error {
	const what = "API token"
	if err := naming.Check(what, given.Name); err != nil {
		return err
	}
	if len(given.Definitions) > maxLinks {
		return naming.BadField(what, "Definitions", "are %d; at most %d can be", len(given.Definitions), maxLinks)
	}
	given.Definitions = slices.Clone(given.Definitions)
	slices.SortFunc(given.Definitions, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	given.Definitions = slices.Compact(given.Definitions)
	given.ExpiresAt = given.ExpiresAt.UTC()
	user := security.Caller{User: given.User, UserID: given.UserID}
	if given.User == "" {
		user = security.Caller{User: caller.User, UserID: caller.UserID}
	}
	user, err := a.ActAs(caller, user)
	given.User, given.UserID = user.User, user.UserID
	return err
}

// fits refuses a token whose name is that of another one, or which is for
// definitions that do not exist.
func (d *directory) fits(given *slnet.ApiToken) error {
	for _, other := range d.tokens {
		if other.Token.ID != given.ID && strings.EqualFold(other.Token.Name, given.Name) {
			return slnet.Errorf(slnet.KindAlreadyExists, "there is an API token %q already", other.Token.Name)
		}
	}
	for _, id := range given.Definitions {
		if _, err := d.definition(id, ""); err != nil {
			return err
		}
	}
	return nil
}

// CreateToken makes a token. Its secret is in the response and nowhere else.
func (a *APIs) CreateToken(ctx context.Context, caller security.Caller, m *slnet.CreateApiTokenMessage) (*slnet.CreateApiTokenResponse, error) {
	t := &tokenRecord{Token: m.Token, use: new(atomic.Int64)}
	t.Token.UserID = uuid.Nil
	if t.Token.ID == uuid.Nil {
		t.Token.ID = uuid.New()
	}
	if err := a.checkToken(caller, &t.Token); err != nil {
		return nil, err
	}
	secret := newSecret()
	t.Hash = sha256.Sum256([]byte(secret))
	err := a.changeAs(ctx, caller, func(e *edit) error {
		switch {
		case e.tokens[t.Token.ID] != nil:
			return slnet.Errorf(slnet.KindAlreadyExists, "there is an API token with the ID %s already", t.Token.ID)
		case len(e.tokens) >= maxTokens:
			return slnet.Errorf(slnet.KindTooLarge, "there are %d API tokens, and can be no more", maxTokens)
		case !t.Token.ExpiresAt.IsZero() && !t.Token.ExpiresAt.After(e.now):
			return naming.BadField("API token", "ExpiresAt", "%s has passed", t.Token.ExpiresAt.Format(time.RFC3339))
		}
		if err := e.fits(&t.Token); err != nil {
			return err
		}
		e.changeToken(nil, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &slnet.CreateApiTokenResponse{Token: t.shown(), Secret: secret}, nil
}

// UpdateToken replaces what people can set of a token.
func (a *APIs) UpdateToken(ctx context.Context, caller security.Caller, m *slnet.UpdateApiTokenMessage) (*slnet.ApiTokenResponse, error) {
	given := m.Token
	given.UserID = uuid.Nil
	return a.changeOneToken(ctx, caller, given.ID, given.Name, func(e *edit, old *tokenRecord) (*slnet.ApiToken, error) {
		if err := naming.CheckRevision("API token", old.Token.Name, old.Token.ChangedBy, old.Token.Revision, given.Revision); err != nil {
			return nil, err
		}
		changed := given
		changed.ID = old.Token.ID
		if changed.User == old.Token.User { // who may have been renamed
			changed.UserID = old.Token.UserID
		}
		if err := a.checkToken(caller, &changed); err != nil {
			return nil, err
		}
		return &changed, e.fits(&changed)
	})
}

// DisableToken disables a token or enables it again.
func (a *APIs) DisableToken(ctx context.Context, caller security.Caller, m *slnet.DisableApiTokenMessage) (*slnet.ApiTokenResponse, error) {
	return a.changeOneToken(ctx, caller, m.ID, "", func(_ *edit, old *tokenRecord) (*slnet.ApiToken, error) {
		changed := old.Token
		changed.Disabled = m.Disabled
		return &changed, nil
	})
}

// mayChangeToken refuses to change a token to callers who may not act as its user.
// The token of a user who is gone works no more, and anybody may clear it away.
func (a *APIs) mayChangeToken(caller security.Caller, t *tokenRecord) error {
	if _, err := a.ActAs(caller, t.user()); !errors.Is(err, slnet.KindNotFound) {
		return err
	}
	return nil
}

// changeOneToken changes a token for a caller who may act as its user.
func (a *APIs) changeOneToken(ctx context.Context, caller security.Caller, id uuid.UUID, name string,
	change func(e *edit, old *tokenRecord) (*slnet.ApiToken, error)) (*slnet.ApiTokenResponse, error) {
	var response slnet.ApiTokenResponse
	err := a.changeAs(ctx, caller, func(e *edit) error {
		old, err := e.token(id, name)
		if err != nil {
			return err
		}
		if err := a.mayChangeToken(caller, old); err != nil {
			return err
		}
		changed, err := change(e, old)
		if err != nil {
			return err
		}
		t := *old
		t.Token = *changed
		e.changeToken(old, &t)
		response.Token = t.shown()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &response, nil
}

// DeleteToken deletes a token: the next request with it is refused.
func (a *APIs) DeleteToken(ctx context.Context, caller security.Caller, m *slnet.DeleteApiTokenMessage) (*slnet.Empty, error) {
	err := a.changeAs(ctx, caller, func(e *edit) error {
		old, err := e.token(m.ID, "")
		if err == nil {
			err = a.mayChangeToken(caller, old)
		}
		if err != nil {
			return err
		}
		e.deleteToken(old)
		return nil
	})
	return &slnet.Empty{}, err
}

// Token returns one token.
func (a *APIs) Token(_ context.Context, m *slnet.GetApiTokenMessage) (*slnet.ApiTokenResponse, error) {
	found, err := a.directory.Load().token(m.ID, m.Name)
	if err != nil {
		return nil, err
	}
	return &slnet.ApiTokenResponse{Token: found.shown()}, nil
}

// Tokens returns tokens by name.
func (a *APIs) Tokens(_ context.Context, m *slnet.GetApiTokensMessage) (*slnet.ApiTokensResponse, error) {
	limit, err := storage.Limit(m.Limit)
	if err != nil {
		return nil, err
	}
	response := &slnet.ApiTokensResponse{Tokens: []slnet.ApiToken{}}
	for _, t := range a.directory.Load().tokensOf(m.DefinitionID) {
		if len(response.Tokens) < limit && compareNames(t.Token.Name, m.After) > 0 {
			response.Tokens = append(response.Tokens, t.shown())
		}
	}
	return response, nil
}
