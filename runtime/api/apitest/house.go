// Package apitest has a connection small enough to test the HTTP edge and its
// client with: it authenticates, answers a few messages and has a feed of
// events, all in memory.
package apitest

import (
	"context"
	"errors"
	"sync"

	"domovoi.dev/runtime/api"
	"domovoi.dev/sdk/slnet"
)

// Secret is the token of the user ann, Password her password.
const (
	Secret   = "ann-token"
	Password = "ann-password"
)

// House is what stands behind the connections.
type House struct {
	// Ended receives the error of the context of each execution that was waited
	// for.
	Ended chan error
	// Unsubscribed receives a value for each subscription that was closed, as
	// long as it has room.
	Unsubscribed chan struct{}

	mu      sync.Mutex
	revoked bool          // guarded by mu
	cursor  slnet.Cursor  // guarded by mu
	feed    []slnet.Event // guarded by mu
	changed chan struct{} // guarded by mu; closed and replaced at each commit
}

// NewHouse returns a house with the user ann.
func NewHouse() *House {
	return &House{Ended: make(chan error, 1), Unsubscribed: make(chan struct{}, 1), changed: make(chan struct{})}
}

// Options are the options of an edge on this house.
func (h *House) Options() api.Options {
	return api.Options{Connect: h.Connect, Login: h.Login, Logout: h.Logout}
}

// Connect knows the token Secret.
func (h *House) Connect(_ context.Context, secret, _ string) (slnet.Connection, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if secret != Secret || h.revoked {
		return nil, slnet.Errorf(slnet.KindUnauthenticated, "the token is not valid")
	}
	return &connection{h, "ann"}, nil
}

// Login knows ann and her password.
func (h *House) Login(_ context.Context, user, password, _ string, _ bool) (slnet.CreateTokenResponse, error) {
	if user != "ann" || password != Password {
		return slnet.CreateTokenResponse{}, slnet.Errorf(slnet.KindUnauthenticated, "wrong user name or password")
	}
	return slnet.CreateTokenResponse{Token: slnet.Token{User: user}, Secret: Secret}, nil
}

// Logout is Revoke for those who have the token.
func (h *House) Logout(ctx context.Context, secret string) error {
	_, err := h.Connect(ctx, secret, "")
	if err == nil {
		h.Revoke()
	}
	return err
}

// Revoke ends the token.
func (h *House) Revoke() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.revoked = true
}

// Commit appends events to the feed as one commit and returns its cursor.
func (h *House) Commit(messages ...slnet.Message) slnet.Cursor {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cursor++
	for _, message := range messages {
		h.feed = append(h.feed, slnet.Event{Cursor: h.cursor, Message: message})
	}
	close(h.changed)
	h.changed = make(chan struct{})
	return h.cursor
}

type connection struct {
	house *House
	user  string
}

// SendSLNetMessages implements slnet.Connection.
func (c *connection) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	var responses []slnet.Message
	for _, message := range messages {
		response, err := c.answer(ctx, message)
		if err != nil {
			return responses, err
		}
		responses = append(responses, response)
	}
	return responses, nil
}

func (c *connection) answer(ctx context.Context, message slnet.Message) (slnet.Message, error) {
	switch m := message.(type) {
	case *slnet.WhoAmIMessage:
		return &slnet.WhoAmIResponse{User: slnet.User{Name: c.user}}, nil
	case *slnet.GetScriptMessage:
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no script %q", m.Name).WithReason("ScriptNotFound")
	case *slnet.UploadMessage:
		return &slnet.Empty{}, nil
	case *slnet.GenerateInformationMessage:
		c.house.Commit(&slnet.InformationEventMessage{User: c.user, Text: m.Text})
		return &slnet.Empty{}, nil
	case *slnet.GetSystemInfoMessage:
		c.house.mu.Lock()
		defer c.house.mu.Unlock()
		return &slnet.SystemInfoResponse{StoreVersion: int64(c.house.cursor)}, nil
	case *slnet.ExecuteScriptMessage: // runs until the caller goes away
		<-ctx.Done()
		c.house.Ended <- ctx.Err()
		return nil, ctx.Err()
	case *slnet.CheckStoreMessage:
		panic("the store is upside down")
	}
	return nil, errors.New("the cellar is flooded")
}

// Subscribe implements slnet.Connection.
func (c *connection) Subscribe(_ context.Context, s slnet.Subscription) (*slnet.EventStream, error) {
	if s.ModuleID == "forbidden" {
		return nil, slnet.Errorf(slnet.KindPermissionDenied, "you may not listen to this module")
	}
	h := c.house
	h.mu.Lock()
	defer h.mu.Unlock()
	at := len(h.feed)
	if s.After != nil {
		at = 0
		for at < len(h.feed) && h.feed[at].Cursor <= *s.After {
			at++
		}
	}
	closed := make(chan struct{})
	next := func(ctx context.Context) (slnet.Event, error) {
		for {
			h.mu.Lock()
			changed := h.changed
			for at < len(h.feed) {
				event := h.feed[at]
				at++
				if s.Wants(event.Message.MessageName(), "") {
					h.mu.Unlock()
					event.SetID = s.SetID
					return event, nil
				}
			}
			h.mu.Unlock()
			select {
			case <-changed:
			case <-closed:
				return slnet.Event{}, slnet.Errorf(slnet.KindCanceled, "the stream is closed")
			case <-ctx.Done():
				return slnet.Event{}, ctx.Err()
			}
		}
	}
	return slnet.NewEventStream(next, func() {
		close(closed)
		select {
		case h.Unsubscribed <- struct{}{}:
		default:
		}
	}), nil
}
