package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"domovoi.dev/sdk/slnet"
)

// call is POST /slnet: it sends the messages of the body and answers with their
// responses. The request's context ends when the caller goes away, and with it
// what the caller waits for.
func (e *edge) call(w http.ResponseWriter, r *http.Request) {
	if err := checkContent(r, messagePack, jsonForm); err != nil {
		e.fail(w, r, http.StatusUnsupportedMediaType, err)
		return
	}
	connection, err := e.connect(r)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	body, err := readBody(w, r, e.MaxBody)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	messages, err := formOf(r).decode(e.Registry, body)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	responses, err := connection.SendSLNetMessages(r.Context(), messages...)
	e.reply(w, r, responses, err)
}

// maxSecret bounds what is looked at as a token.
const maxSecret = 4096

// connect authenticates the request by its bearer token.
func (e *edge) connect(r *http.Request) (slnet.Connection, error) {
	secret, err := bearer(r)
	if err != nil {
		return nil, err
	}
	return e.Connect(r.Context(), secret)
}

// bearer returns the token of the request.
func bearer(r *http.Request) (string, error) {
	value := r.Header.Get("Authorization")
	if value == "" {
		return "", slnet.Errorf(slnet.KindUnauthenticated, `no token; send one in the header "Authorization: Bearer <token>"`)
	}
	scheme, secret, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" || len(secret) > maxSecret || strings.ContainsFunc(secret, notVisible) {
		return "", slnet.Errorf(slnet.KindUnauthenticated, `the Authorization header is malformed; want "Bearer <token>"`)
	}
	return secret, nil
}

func notVisible(r rune) bool { return r <= ' ' || r > '~' }

// exactBody is up to which size a buffer is made as large as the caller says
// its body is; above it the buffer grows with what really arrives.
const exactBody = 1 << 20

// readBody reads the body, which must arrive within bodyTimeout and have at
// most limit bytes. The buffer is the caller's to keep: messages decoded from
// it may refer to it, so it is not pooled.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, bodyTooLarge(limit)
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(bodyTimeout))
	// From here on only the end of the connection is of interest.
	defer control.SetReadDeadline(time.Time{})

	var b bytes.Buffer
	if n := r.ContentLength; n > 0 {
		// ReadFrom wants bytes.MinRead of room to see the end.
		b.Grow(int(min(n, exactBody)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return b.Bytes(), nil
	case errors.As(err, &tooLarge):
		return nil, bodyTooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return nil, slnet.Errorf(slnet.KindTimeout, "the request body did not arrive within %s", bodyTimeout)
	case errors.Is(err, io.ErrUnexpectedEOF), r.Context().Err() != nil:
		return nil, slnet.Errorf(slnet.KindCanceled, "the caller went away before the request body was complete")
	}
	return nil, slnet.Errorf(slnet.KindInvalid, "the request body cannot be read: %v", err)
}

func bodyTooLarge(limit int64) error {
	return slnet.Errorf(slnet.KindTooLarge, "the request body is larger than %d bytes", limit)
}
