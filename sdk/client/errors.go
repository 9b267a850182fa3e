package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"domovoi.dev/sdk/slnet"
)

// ended is the error of a context in the vocabulary of slnet; it is also the
// error of the context itself. It is nil while the context lives.
func ended(ctx context.Context) error {
	switch err := ctx.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", slnet.Errorf(slnet.KindTimeout, "the time allowed for the request has passed"), err)
	default:
		return fmt.Errorf("%w: %w", slnet.Errorf(slnet.KindCanceled, "the request was given up"), err)
	}
}

// unreachable is the error of a request that got no answer.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	for _, late := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, late) {
			return c.broken(ctx, err)
		}
	}
	if failure := c.distrust(err); failure != nil {
		return failure
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return slnet.Errorf(slnet.KindUnavailable,
			"no daemon answers at %s: nothing listens there; start one with \"domovoi serve\", or check the address", c.base)
	}
	return slnet.Errorf(slnet.KindUnavailable,
		"the daemon at %s cannot be reached: %v; check the address, and whether the daemon runs", c.base, err)
}

// distrust is the error of a daemon that could not prove who it is, nil when err
// is another one.
func (c *Client) distrust(err error) error {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var certificate *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &noTLS):
		return slnet.Errorf(slnet.KindUnavailable,
			"what answers at %s does not speak TLS; if the daemon is meant to be reached without encryption, write http:// in front of the address", c.base)
	case errors.As(err, &authority):
		return slnet.Errorf(slnet.KindUnavailable,
			"the certificate of %s was not issued by an authority that is trusted here; say which to trust (--ca-file of the command line, RootCAs of the client), or check the address", c.base)
	case errors.As(err, &name):
		return slnet.Errorf(slnet.KindUnavailable, "the certificate of %s is for another name: %v; check the address", c.base, name)
	case errors.As(err, &certificate):
		return slnet.Errorf(slnet.KindUnavailable, "the certificate of %s is not accepted: %v", c.base, certificate.Err)
	}
	return nil
}

// broken is the error of an answer that ended too early.
func (c *Client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	return slnet.Errorf(slnet.KindUnavailable,
		"the connection to the daemon at %s broke before the answer was complete: %v; the request may have been carried out", c.base, err)
}

// errorOf is the error that a JSON answer carries.
func (c *Client) errorOf(response *http.Response, body []byte) error {
	if contentType(response) == jsonType {
		_, err := c.registry.DecodeReplyJSON(body)
		var failure *slnet.Error
		if errors.As(err, &failure) && failure.Kind.HTTPStatus() == response.StatusCode {
			return failure
		}
	}
	return c.stranger(response, body)
}

// stranger is the error of an answer that is not in a daemon's form: something
// else listens at the address, or stands between.
func (c *Client) stranger(response *http.Response, body []byte) error {
	kind := slnet.KindInternal
	switch response.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		kind = slnet.KindUnavailable
	}
	if response.StatusCode == http.StatusBadRequest && bytes.Contains(body, []byte("HTTP request to an HTTPS server")) {
		return slnet.Errorf(slnet.KindUnavailable, "what answers at %s wants TLS; write https:// in front of the address", c.base)
	}
	text := strings.Join(strings.Fields(string(body[:min(len(body), 200)])), " ")
	return slnet.Errorf(kind, "what answers at %s is not a Domovoi daemon, or not one of this version: %s: %q", c.base, response.Status, text)
}

func contentType(response *http.Response) string {
	value := response.Header.Get("Content-Type")
	if value == messagePack {
		return value
	}
	mediaType, _, _ := mime.ParseMediaType(value)
	return mediaType
}
