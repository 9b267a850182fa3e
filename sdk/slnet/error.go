package slnet

import (
	"errors"
	"fmt"
)

// Kind classes request errors. A Kind is an error itself, so that
// errors.Is(err, slnet.KindNotFound) works, also across processes. The names
// are part of the wire form; they are never changed or reused.
type Kind string

// The kinds of request errors.
const (
	// That did not make sense to the daemon.
	//
	// The request cannot be understood, or a rule does not allow it; the message says which and
	// where. Sending it again does not help.
	KindInvalid Kind = "Invalid"
	// Sign in first.
	//
	// Who is calling could not be established: no token, or one that is unknown, expired or
	// revoked.
	KindUnauthenticated Kind = "Unauthenticated"
	// You do not have the right to do this.
	//
	// The message names the permission that is missing.
	KindPermissionDenied Kind = "PermissionDenied"
	// It does not exist.
	//
	// What the request is about is not there, or the caller may not know of it.
	KindNotFound Kind = "NotFound"
	// It exists already.
	//
	// What the request would create is there.
	KindAlreadyExists Kind = "AlreadyExists"
	// That is not possible now.
	//
	// The state of the thing does not allow the request: read it again and decide anew.
	KindConflict Kind = "Conflict"
	// That is too large.
	//
	// A limit of size is exceeded; the message has it.
	KindTooLarge Kind = "TooLarge"
	// Too many requests. Try again later.
	//
	// Over HTTP the header Retry-After has the seconds to wait.
	KindRateLimited Kind = "RateLimited"
	// The daemon cannot answer now. Try again later.
	//
	// It is stopping, or its store takes no writes; the message says which.
	KindUnavailable Kind = "Unavailable"
	// That took too long.
	//
	// The time allowed has passed. Whether a change was made is not known; read again.
	KindTimeout Kind = "Timeout"
	// That was given up.
	//
	// The caller went away, or the run was cancelled.
	KindCanceled Kind = "Canceled"
	// A mistake in the daemon.
	//
	// It is Domovoi's, or the disk's. The daemon's log has the cause.
	KindInternal Kind = "Internal"
)

// kinds is the one table from a kind to what programs outside see.
var kinds = map[Kind]struct{ http, exit int }{
	KindInvalid:          {400, 2},
	KindUnauthenticated:  {401, 3},
	KindPermissionDenied: {403, 4},
	KindNotFound:         {404, 5},
	KindAlreadyExists:    {409, 6},
	KindConflict:         {409, 6},
	KindTooLarge:         {413, 2},
	KindRateLimited:      {429, 7},
	KindUnavailable:      {503, 7},
	KindTimeout:          {504, 8},
	KindCanceled:         {499, 8},
	KindInternal:         {500, 1},
}

func (k Kind) Error() string { return string(k) }

// HTTPStatus is the status code a response with an error of this kind has.
func (k Kind) HTTPStatus() int { return kinds[k.known()].http }

// ExitCode is the exit code of a command that ends with an error of this kind.
func (k Kind) ExitCode() int { return kinds[k.known()].exit }

func (k Kind) known() Kind {
	if _, ok := kinds[k]; ok {
		return k
	}
	return KindInternal
}

// Reason names one documented cause of a failure, such as
// ObjectAlreadyExisted. Like a Kind it is an error itself, for errors.Is.
type Reason string

func (r Reason) Error() string { return string(r) }

// Error is a request that failed as a whole.
type Error struct {
	Kind Kind `json:"Kind"`
	// Reason is the documented reason, empty where there is none.
	Reason Reason `json:"Reason,omitempty"`
	// Message says what was wrong, where, and what to do.
	Message string `json:"Message"`
}

// Errorf returns an *Error with a formatted message.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// WithReason sets the documented reason.
func (e *Error) WithReason(reason Reason) *Error {
	e.Reason = reason
	return e
}

func (e *Error) Error() string { return e.Message }

// Is reports whether target is the error's Kind or Reason.
func (e *Error) Is(target error) bool {
	switch t := target.(type) {
	case Kind:
		return e.Kind == t
	case Reason:
		return e.Reason == t && t != ""
	}
	return false
}

// AsError returns err as an *Error whose message is that of err as a whole.
// An error from elsewhere becomes one of KindInternal; known is false then, and
// the caller should log it and not show its text to others.
func AsError(err error) (e *Error, known bool) {
	var found *Error
	if errors.As(err, &found) {
		return &Error{Kind: found.Kind, Reason: found.Reason, Message: err.Error()}, true
	}
	var kind Kind
	if errors.As(err, &kind) {
		return &Error{Kind: kind, Message: err.Error()}, true
	}
	return &Error{Kind: KindInternal, Message: err.Error()}, false
}
