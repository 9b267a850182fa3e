package endpoint

import (
	"errors"
	"io"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
)

// maxStreams is how many bodies of one token's requests may be in the files of
// attachments at once without being attached, so that no token fills the disk.
const maxStreams = 16

// streamRetry is how long who has too many is told to wait.
const streamRetry = time.Second

// stream takes the body of a request while it arrives.
func (q *request) stream(body io.Reader) (*slnet.StreamedBody, func(), error) {
	if err := q.beginStream(); err != nil {
		return nil, nil, err
	}
	streamed, release, err := q.apis.Stream(body)
	if err != nil {
		q.endStream()
		return nil, nil, err
	}
	return streamed, func() {
		release()
		q.endStream()
	}, nil
}

func (q *request) beginStream() error {
	a, token := q.apis, q.run.TokenID
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.streams[token] == maxStreams {
		return &api.CustomError{RetryAfter: streamRetry, Err: slnet.Errorf(slnet.KindRateLimited,
			"%d requests with this token whose bodies are streamed are being carried out, and can be no more at once", maxStreams).
			WithReason(slnet.ErrApiRateLimitExceeded)}
	}
	a.streams[token]++
	return nil
}

func (q *request) endStream() {
	a, token := q.apis, q.run.TokenID
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.streams[token]--; a.streams[token] == 0 {
		delete(a.streams, token)
	}
}

// reader is who reads the attachment that a run answers with: who the run was.
func reader(run *slnet.Run) security.Caller {
	return security.Caller{User: run.RunsAs, UserID: run.RunsAsID, Scope: run.Scope, RunID: run.ID, Parents: run.Parents}
}

// isRefused reports whether an attachment was not opened because of who asked, or
// because there is none.
func isRefused(err error) bool {
	for _, kind := range []slnet.Kind{slnet.KindNotFound, slnet.KindPermissionDenied, slnet.KindUnauthenticated, slnet.KindInvalid} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
