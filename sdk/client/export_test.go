package client

import (
	"context"
	"net"
	"net/http"
)

// DialWith is Dial over connections that dial makes.
func DialWith(o Options, dial func(ctx context.Context, network, address string) (net.Conn, error)) (*Client, error) {
	c, err := Dial(o)
	if err == nil {
		c.http.Transport.(*http.Transport).DialContext = dial
	}
	return c, err
}
