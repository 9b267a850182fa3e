package interchange

import (
	"fmt"

	"domovoi.dev/sdk/slnet"
)

// Error is a file that cannot be read, or an object that cannot be written. It
// is a slnet.KindInvalid, or a slnet.KindTooLarge.
type Error struct {
	// File is the path inside the zip or folder.
	File string
	// Path leads to the place inside the file, such as
	// [0].SectionDefinitions[3].Name; empty means the whole.
	Path string
	// Message says what was expected and what was found.
	Message string

	kind slnet.Kind
}

func (e *Error) Error() string {
	text := e.Message
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	if e.File != "" {
		text = e.File + ": " + text
	}
	return text
}

// Unwrap gives the error its kind.
func (e *Error) Unwrap() error {
	if e.kind == "" {
		return slnet.KindInvalid
	}
	return e.kind
}

func errorAt(file, path, format string, args ...any) *Error {
	return &Error{File: file, Path: path, Message: fmt.Sprintf(format, args...)}
}

func errTooLarge(file, path, format string, args ...any) *Error {
	err := errorAt(file, path, format, args...)
	err.kind = slnet.KindTooLarge
	return err
}
