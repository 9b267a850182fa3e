package symbols

import (
	"errors"
	"fmt"
	"reflect"
)

var errorType = reflect.TypeFor[error]()

// scriptValue returns the value of a script's own type that a wrapper stands
// for, and v itself when it is no wrapper.
func scriptValue(v error) any {
	if !isWrapper(v) {
		return v
	}
	return reflect.ValueOf(v).Field(0).Interface()
}

// errorsIs is errors.Is for scripts: it also finds errors of the script's own
// types, which compiled code sees in wrappers that cannot be compared.
func errorsIs(err, target error) bool {
	if errors.Is(err, target) {
		return true
	}
	if target == nil {
		return false
	}
	want := scriptValue(target)
	if !reflect.TypeOf(want).Comparable() {
		return false
	}
	return anyInChain(err, func(e error) bool {
		got := scriptValue(e)
		return reflect.TypeOf(got).Comparable() && got == want
	})
}

func anyInChain(err error, matches func(error) bool) bool {
	if err == nil {
		return false
	}
	if matches(err) {
		return true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return anyInChain(e.Unwrap(), matches)
	case interface{ Unwrap() []error }:
		for _, branch := range e.Unwrap() {
			if anyInChain(branch, matches) {
				return true
			}
		}
	}
	return false
}

// errorsAs is errors.As for scripts. Different types of a script can look the
// same to compiled code, so it refuses them instead of finding a wrong one.
func errorsAs(err error, target any) bool {
	if t := reflect.TypeOf(target); t != nil && t.Kind() == reflect.Pointer {
		if e := t.Elem(); e.Kind() != reflect.Interface && !e.Implements(errorType) {
			panic(fmt.Errorf("errors.As finds no error types that the script itself defines when it is interpreted; use errors.Is, or one of the error types of the SDK"))
		}
	}
	return errors.As(err, target)
}

// The wrappers of error types of a script that have more than Error. They stand
// in the order in which the interpreter must try them.
type (
	errorUnwrapIs struct {
		IValue  any
		WError  func() string
		WUnwrap func() error
		WIs     func(error) bool
	}
	errorUnwrap struct {
		IValue  any
		WError  func() string
		WUnwrap func() error
	}
	errorIs struct {
		IValue any
		WError func() string
		WIs    func(error) bool
	}
)

func (w errorUnwrapIs) Error() string        { return w.WError() }
func (w errorUnwrapIs) Unwrap() error        { return w.WUnwrap() }
func (w errorUnwrapIs) Is(target error) bool { return w.WIs(target) }

func (w errorUnwrap) Error() string { return w.WError() }
func (w errorUnwrap) Unwrap() error { return w.WUnwrap() }

func (w errorIs) Error() string        { return w.WError() }
func (w errorIs) Is(target error) bool { return w.WIs(target) }

// ErrorWrappers are the types through which error types of a script keep their
// methods Unwrap and Is, besides Error.
var ErrorWrappers = []reflect.Type{
	reflect.TypeFor[errorUnwrapIs](), reflect.TypeFor[errorUnwrap](), reflect.TypeFor[errorIs](),
}
