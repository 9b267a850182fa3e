package sdk

// RetryableError is what Retryable returns.
type RetryableError struct{ Err error }

// Error is the text of the error.
func (e *RetryableError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *RetryableError) Unwrap() error { return e.Err }

// Retryable marks an error that may not come again, such as of a server that is
// busy. A run that returns one is tried again, as often and after as long as
// retry in the script's manifest says; without that it fails as with any other
// error. It is nil when err is.
//
//	if err := send(ctx); err != nil {
//		return sdk.Retryable(err)
//	}
//
// Each attempt begins from the start. Use the IdempotencyKey of the run to let
// others recognise what an earlier attempt has done.
func Retryable(err error) error {
	if err == nil {
		return nil
	}
	return &RetryableError{Err: err}
}
