package sdk

import (
	"context"
	"net/textproto"
	"time"

	"domovoi.dev/sdk/slnet"
)

// HTTPRequest is a request to a server.
type HTTPRequest struct {
	// Method is that of HTTP; empty means GET.
	Method string
	// URL begins with http:// or https://.
	URL string
	// Headers are the headers by name. Host, Connection and those that describe
	// the length of the body are not among them.
	Headers map[string][]string
	// Body has at most slnet.MaxHTTPBody bytes.
	Body []byte
	// Timeout bounds the time until the response is there with its body; 0 means
	// slnet.DefaultHTTPTimeout.
	Timeout time.Duration
}

// HTTPResponse is what a server answered.
type HTTPResponse struct {
	StatusCode int
	// Headers are the headers by canonical name, such as "Content-Type".
	Headers map[string][]string
	Body    []byte
	// URL is what answered, behind all redirects.
	URL string
}

// Header returns the first value of a header, "" when there is none. Case does
// not count.
func (r *HTTPResponse) Header(name string) string {
	return textproto.MIMEHeader(r.Headers).Get(name)
}

// HTTPClient sends requests to the servers that the manifest of the script
// grants (grants.network), each by its exact host and port. The daemon carries
// them out: without a proxy, with the certificates that its system trusts, and
// with at most slnet.MaxHTTPBody bytes of request and response. A response of any
// status is no error. Errors have the kind slnet.KindPermissionDenied for a
// server that is not granted, also behind a redirect, slnet.KindTimeout,
// slnet.KindTooLarge, and slnet.KindUnavailable for one that cannot be reached.
type HTTPClient struct{ engine *Engine }

// HTTP returns a client for servers that the script is granted. It sends nothing
// until it is used.
func (e *Engine) HTTP() *HTTPClient { return &HTTPClient{e} }

// Get gets what is at a URL.
func (c *HTTPClient) Get(ctx context.Context, url string) (*HTTPResponse, error) {
	return c.Do(ctx, HTTPRequest{URL: url})
}

// Post posts a body of a type, such as "application/json".
func (c *HTTPClient) Post(ctx context.Context, url, contentType string, body []byte) (*HTTPResponse, error) {
	return c.Do(ctx, HTTPRequest{Method: "POST", URL: url, Headers: map[string][]string{"Content-Type": {contentType}}, Body: body})
}

// Do sends a request and returns the response with its whole body. It ends with
// ctx and with the run.
func (c *HTTPClient) Do(ctx context.Context, r HTTPRequest) (*HTTPResponse, error) {
	response, err := ask[*slnet.HTTPResponse](ctx, c.engine, &slnet.SendHTTPRequestMessage{
		Method: r.Method, URL: r.URL, Headers: r.Headers, Body: r.Body, Timeout: r.Timeout,
	})
	if err != nil {
		return nil, err
	}
	return &HTTPResponse{StatusCode: int(response.StatusCode), Headers: response.Headers, Body: response.Body, URL: response.URL}, nil
}
