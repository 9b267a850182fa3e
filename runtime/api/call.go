package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"domovoi.dev/sdk/slnet"
)

// call is POST /slnet: it sends the messages of the body and answers with their
// responses. The request's context ends when the caller goes away, and with it
// what the caller waits for.
func (e *edge) call(w http.ResponseWriter, r *http.Request, c *caller) {
	body, refused := readBody(w, r, e.MaxBody, messagePack, jsonForm)
	if refused != nil {
		e.fail(w, r, refused.status, refused.err)
		return
	}
	messages, err := formOf(r).decode(e.Registry, body)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	responses, err := c.SendSLNetMessages(r.Context(), messages...)
	e.reply(w, r, responses, err)
}

// exactBody is up to which size a buffer is made as large as the caller says
// its body is; above it the buffer grows with what really arrives.
const exactBody = 1 << 20

// readBody reads a body in one of the forms, which must keep arriving and have
// at most limit bytes. The buffer is the caller's to keep: messages decoded from
// it may refer to it, so it is not pooled.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, forms ...*form) ([]byte, *refusal) {
	if err := checkContent(r, forms...); err != nil {
		return nil, &refusal{http.StatusUnsupportedMediaType, err}
	}
	return readAll(w, r, limit)
}

// readAll reads a body of at most limit bytes, which must keep arriving.
func readAll(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *refusal) {
	if r.ContentLength > limit {
		return nil, bodyTooLarge(limit)
	}
	body := newPacedReader(w, r, limit)
	var b bytes.Buffer
	if n := r.ContentLength; n > 0 {
		// ReadFrom wants bytes.MinRead of room to see the end.
		b.Grow(int(min(n, exactBody)) + bytes.MinRead)
	}
	b.ReadFrom(body) // its error is the body's
	if refused := body.end(r.Context()); refused != nil {
		return nil, refused
	}
	return b.Bytes(), nil
}

// refuse is a refusal with the status of the error's kind.
func refuse(err *slnet.Error) *refusal { return &refusal{err.Kind.HTTPStatus(), err} }

func bodyTooLarge(limit int64) *refusal {
	return refuse(slnet.Errorf(slnet.KindTooLarge, "the request body is larger than %d bytes", limit))
}

// pacedReader reads a body whose sender must not be slow: it has bodyTimeout, and
// what has arrived buys more time, a second for as much as the slowest sends in
// one.
type pacedReader struct {
	source  io.Reader
	control *http.ResponseController
	began   time.Time
	n       int64         // bytes that have arrived
	allowed time.Duration // what the deadline was last set to
	err     error         // why there was no more to read
}

func newPacedReader(w http.ResponseWriter, r *http.Request, limit int64) *pacedReader {
	return &pacedReader{source: http.MaxBytesReader(bare(w), r.Body, limit), control: http.NewResponseController(w), began: time.Now()}
}

func (p *pacedReader) Read(b []byte) (int, error) {
	if allowed := bodyTimeout + time.Duration(p.n/slowest)*time.Second; allowed != p.allowed {
		p.allowed = allowed
		p.control.SetReadDeadline(p.began.Add(allowed))
	}
	n, err := p.source.Read(b)
	p.n += int64(n)
	p.err = err
	return n, err
}

// end is called when nothing more is read, and returns why the body could not be
// read to its end. That it was not read further is no reason.
func (p *pacedReader) end(ctx context.Context) *refusal {
	var tooLarge *http.MaxBytesError
	switch err := p.err; {
	case err == nil:
		p.control.SetReadDeadline(time.Now().Add(strayTimeout))
		return nil
	case err == io.EOF:
		// From here on only the end of the connection is of interest.
		p.control.SetReadDeadline(time.Time{})
		return nil
	case errors.As(err, &tooLarge):
		p.control.SetReadDeadline(time.Now().Add(strayTimeout))
		return bodyTooLarge(tooLarge.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return &refusal{http.StatusRequestTimeout, slnet.Errorf(slnet.KindTimeout,
			"the request body did not arrive in time; it has %s, and a second more for each %d KiB", bodyTimeout, slowest>>10)}
	case errors.Is(err, io.ErrUnexpectedEOF), ctx.Err() != nil:
		return refuse(slnet.Errorf(slnet.KindCanceled, "the caller went away before the request body was complete"))
	}
	return refuse(slnet.Errorf(slnet.KindInvalid, "the request body cannot be read: %v", p.err))
}
