// Package symbols holds what scripts can use of the packages they import: one
// generated file per package, made by go generate in package interp.
package symbols

import "reflect"

// Package is what a script sees of one package.
type Package struct {
	Name string
	// Symbols makes the table of the package's exported names. Each table has
	// its own copies of the package's variables, so that no script can change
	// what others see.
	Symbols func() map[string]reflect.Value
}

// variable makes the symbol of a package variable: a copy that the script may
// take the address of.
func variable[T any](v T) reflect.Value { return reflect.ValueOf(&v).Elem() }
