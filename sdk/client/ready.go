package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

// Ready asks whether the daemon can do its work, and returns why it cannot. It
// needs no token.
func (c *Client) Ready(ctx context.Context) error {
	request, err := c.request(ctx, http.MethodGet, "/readyz", nil)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.unreachable(ctx, err)
	}
	defer response.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(io.LimitReader(response.Body, 1<<20)); err != nil {
		return c.broken(ctx, err)
	}
	if response.StatusCode != http.StatusOK {
		return c.errorOf(response, answer.Bytes())
	}
	return nil
}
