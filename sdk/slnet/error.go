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
	KindInvalid          Kind = "Invalid"          // the request cannot be understood or is not allowed by a rule
	KindUnauthenticated  Kind = "Unauthenticated"  // who is calling could not be established
	KindPermissionDenied Kind = "PermissionDenied" // the caller lacks a right
	KindNotFound         Kind = "NotFound"         // what the request is about does not exist
	KindAlreadyExists    Kind = "AlreadyExists"    // what the request would create exists
	KindConflict         Kind = "Conflict"         // the state of the thing does not allow the request now
	KindTooLarge         Kind = "TooLarge"         // a size limit is exceeded
	KindRateLimited      Kind = "RateLimited"      // too many requests; try again later
	KindUnavailable      Kind = "Unavailable"      // the daemon cannot answer now; try again later
	KindTimeout          Kind = "Timeout"          // the time allowed has passed
	KindCanceled         Kind = "Canceled"         // the caller gave up
	KindInternal         Kind = "Internal"         // a mistake in Domovoi; the daemon's log has the cause
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
