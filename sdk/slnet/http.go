package slnet

import "time"

// The bounds of requests over HTTP: the most bytes of the body of a request and of
// its response, what ends a request without a timeout of its own, and the longest
// timeout.
const (
	MaxHTTPBody        = 16 << 20
	DefaultHTTPTimeout = 30 * time.Second
	MaxHTTPTimeout     = time.Hour
)

// SendHTTPRequestMessage lets the daemon send a request over HTTP to a server
// that the manifest of the script grants (grants.network). Only a run may send
// it. Redirects are followed, to servers that are granted. Answered with
// HTTPResponse, whatever its status.
type SendHTTPRequestMessage struct {
	// Method is that of HTTP; empty means GET.
	Method string `json:"Method,omitempty"`
	// URL begins with http:// or https://.
	URL string `json:"Url"`
	// Headers are those of the request by name.
	Headers map[string][]string `json:"Headers,omitempty"`
	// Body has at most MaxHTTPBody bytes.
	Body []byte `json:"Body,omitempty"`
	// Timeout bounds the time until the response is there with its body; 0 means
	// DefaultHTTPTimeout, and MaxHTTPTimeout is the most.
	Timeout time.Duration `json:"Timeout,omitempty"`
}

// HTTPResponse is what a server answered.
type HTTPResponse struct {
	StatusCode int64 `json:"StatusCode"`
	// Headers are those of the response by canonical name, such as "Content-Type".
	Headers map[string][]string `json:"Headers,omitempty"`
	Body    []byte              `json:"Body,omitempty"`
	// URL is what answered, behind all redirects.
	URL string `json:"Url"`
}
