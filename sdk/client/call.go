package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"domovoi.dev/sdk/slnet"
)

const (
	messagePack = "application/msgpack"
	jsonType    = "application/json"
)

// askFirst is from which size on the daemon is asked whether it takes a body
// before it is sent.
const askFirst = 1 << 20

// SendSLNetMessages implements slnet.Connection. It waits as long as the daemon
// needs, such as for the end of a run; the context says how long it may.
func (c *Client) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	body, err := slnet.AppendMessages(nil, messages)
	if err != nil {
		return nil, err
	}
	attempts := newAttempts(c.retryFor, c.registry.Reads(messages...))
	for {
		responses, err := c.call(ctx, body, len(messages))
		if err == nil || !attempts.another(ctx, err) {
			return responses, plain(err)
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w; before that: %w", ended(ctx), plain(err))
		}
	}
}

// call sends messages once.
func (c *Client) call(ctx context.Context, body []byte, count int) ([]slnet.Message, error) {
	response, answer, err := c.post(ctx, "/slnet", messagePack, body)
	if err != nil {
		return nil, err
	}
	if contentType(response) != messagePack {
		return nil, refusedUntil(response, c.stranger(response, answer))
	}
	responses, err := c.registry.DecodeReply(answer)
	if err == nil && len(responses) != count {
		return nil, slnet.Errorf(slnet.KindInternal, "got %d responses to %d messages", len(responses), count)
	}
	if err != nil && len(responses) == 0 {
		err = refusedUntil(response, err)
	}
	return responses, err
}

// Login exchanges a user name and a password for a token. The client itself
// goes on with the token it has.
func (c *Client) Login(ctx context.Context, user, password string) (slnet.CreateTokenResponse, error) {
	var token slnet.CreateTokenResponse
	body, err := json.Marshal(struct{ User, Password string }{user, password})
	if err != nil {
		return token, slnet.Errorf(slnet.KindInvalid, "the credentials cannot be encoded: %v", err)
	}
	response, answer, err := c.post(ctx, "/login", jsonType, body)
	if err != nil {
		return token, plain(err)
	}
	if response.StatusCode != http.StatusOK || contentType(response) != jsonType {
		return token, c.errorOf(response, answer)
	}
	if err := json.Unmarshal(answer, &token); err != nil {
		return token, c.stranger(response, answer)
	}
	return token, nil
}

// post sends a body and returns the whole answer. Where there is none its error is
// an unanswered, unless the context has ended.
func (c *Client) post(ctx context.Context, path, contentType string, body []byte) (*http.Response, []byte, error) {
	request, err := c.request(ctx, http.MethodPost, path, body)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Content-Type", contentType)
	if len(body) > askFirst {
		request.Header.Set("Expect", "100-continue")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, nil, c.unanswered(ctx, err)
	}
	defer response.Body.Close()
	var answer bytes.Buffer
	if response.ContentLength > 0 {
		answer.Grow(int(min(response.ContentLength, 64<<20)) + bytes.MinRead)
	}
	if _, err := answer.ReadFrom(response.Body); err != nil {
		return nil, nil, &unanswered{error: c.broken(ctx, err)}
	}
	return response, answer.Bytes(), nil
}

func (c *Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "%s %s%s: %v", method, c.base, path, err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	return request, nil
}
