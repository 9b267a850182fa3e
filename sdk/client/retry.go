package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"domovoi.dev/sdk/slnet"
)

// unanswered is the error of a call of which it is not known what became of it, or
// of which nothing came because nothing of it was sent.
type unanswered struct {
	error
	unsent bool
}

// Unwrap returns the error itself.
func (u *unanswered) Unwrap() error { return u.error }

// refused is the error of a call that was not carried out, from somebody who says
// when to come again.
type refused struct {
	error
	wait time.Duration
}

// Unwrap returns the error itself.
func (r *refused) Unwrap() error { return r.error }

// plain is an error as the caller gets it.
func plain(err error) error {
	switch err := err.(type) {
	case *unanswered:
		return err.error
	case *refused:
		return err.error
	}
	return err
}

// unanswered is the error of a request that got no answer.
func (c *Client) unanswered(ctx context.Context, err error) error {
	var dial *net.OpError
	unsent := errors.As(err, &dial) && dial.Op == "dial"
	if unsent { // a name or an address that is wrong stays so
		var name *net.DNSError
		unsent = dial.Timeout() || errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &name) && name.IsTemporary
	}
	return &unanswered{error: c.unreachable(ctx, err), unsent: unsent}
}

// refusedUntil marks an error as one of a call that can be sent again, where the
// answer says when. Nobody says so who has begun to carry it out.
func refusedUntil(response *http.Response, err error) error {
	if response.StatusCode != http.StatusServiceUnavailable && response.StatusCode != http.StatusTooManyRequests {
		return err
	}
	seconds, notNumber := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 31)
	if notNumber != nil {
		return err
	}
	return &refused{err, time.Duration(seconds) * time.Second}
}

// attempts says when a call is sent again.
type attempts struct {
	until time.Time
	reads bool
	pause time.Duration
}

func newAttempts(retryFor time.Duration, reads bool) *attempts {
	return &attempts{until: time.Now().Add(retryFor), reads: reads, pause: minPause}
}

// another waits until a call that failed is to be sent again, or the context ends,
// and reports false where it is not to be sent again. The pauses double and are of random lengths, so that those who were refused
// together do not come again together.
func (a *attempts) another(ctx context.Context, err error) bool {
	var wait time.Duration
	switch err := err.(type) {
	case *refused:
		wait = err.wait
	case *unanswered:
		if ctx.Err() != nil || !errors.Is(err.error, slnet.KindUnavailable) || !err.unsent && !a.reads {
			return false
		}
	default:
		return false
	}
	wait += a.pause/2 + rand.N(a.pause/2)
	a.pause = min(2*a.pause, maxPause)
	if time.Now().Add(wait).After(a.until) {
		return false
	}
	sleep(ctx, wait)
	return true
}
