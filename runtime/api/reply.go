package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// buffers holds the buffers replies are encoded in. Nothing refers to one after
// its reply was written.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPooled bounds the buffers kept, so that one large answer does not hold its
// memory for ever.
const maxPooled = 1 << 20

// Later is an error of slnet.KindUnavailable that passes by itself. Who sent the
// request is told when to send it again, and may do so whatever it was to do:
// nothing of it was carried out.
type Later struct {
	After time.Duration
	Err   error
}

func (l *Later) Error() string { return l.Err.Error() }

// Unwrap returns the error itself.
func (l *Later) Unwrap() error { return l.Err }

// reply answers with responses and an error, in the form of the request and
// with the status of the error's kind.
func (e *edge) reply(w http.ResponseWriter, r *http.Request, responses []slnet.Message, err error) {
	status := http.StatusOK
	if err != nil {
		var later *Later
		if len(responses) == 0 && errors.As(err, &later) {
			setRetryAfter(w, later.After)
		}
		failure := e.public(r, err)
		status, err = failure.Kind.HTTPStatus(), failure
	}
	e.write(w, r, status, responses, err)
}

// fail answers with an error and a status that is HTTP's own.
func (e *edge) fail(w http.ResponseWriter, r *http.Request, status int, err *slnet.Error) {
	e.write(w, r, status, nil, err)
}

func (e *edge) write(w http.ResponseWriter, r *http.Request, status int, responses []slnet.Message, err error) {
	f := replyForm(r)
	buffer := buffers.Get().(*[]byte)
	b, encodeErr := f.appendReply((*buffer)[:0], responses, err)
	if encodeErr != nil {
		failure := e.internal(r, fmt.Errorf("encode the reply: %w", encodeErr), false)
		status = failure.Kind.HTTPStatus()
		b, _ = f.appendReply(b[:0], nil, failure)
	}
	send(w, status, f.contentType, b)
	if cap(b) <= maxPooled {
		*buffer = b
		buffers.Put(buffer)
	}
}

// send writes a whole answer, and gives up on a peer that does not take it.
func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="domovoi"`)
	}
	extendWrite(w, len(body))
	w.WriteHeader(status)
	w.Write(body)
}

// extendWrite gives the peer writeTimeout, and more for much, to take the next
// bytes of an answer. The server's own limit counts from the request, which is
// too early for a call that waits for a run.
func extendWrite(w http.ResponseWriter, size int) {
	allowed := writeTimeout + time.Duration(size/slowest)*time.Second
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(allowed))
}

// public returns what the caller is shown of an error. An error that is a
// mistake in the daemon is logged here, and nowhere else.
func (e *edge) public(r *http.Request, err error) *slnet.Error {
	found, known := slnet.AsError(err)
	switch {
	case known && found.Kind != slnet.KindInternal:
		return found
	case !known && errors.Is(err, context.DeadlineExceeded):
		return slnet.Errorf(slnet.KindTimeout, "the time allowed for the request has passed")
	case !known && errors.Is(err, context.Canceled):
		return slnet.Errorf(slnet.KindCanceled, "the caller gave up")
	}
	return e.internal(r, err, known)
}

// internal logs an error under a fresh id and returns what the caller is shown:
// the id, and the text where it was written for the caller.
func (e *edge) internal(r *http.Request, err error, show bool) *slnet.Error {
	id := uuid.NewString()
	e.Logger.Error("request failed", "op", r.Method+" "+r.URL.Path, "id", id, "err", err)
	text := "internal error"
	if show {
		text = err.Error()
	}
	return slnet.Errorf(slnet.KindInternal, "%s; the daemon's log has the cause under %s", text, id)
}
