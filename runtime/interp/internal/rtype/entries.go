package rtype

import "unsafe"

//go:generate go run gen.go

// The runtime calls a method with the receiver in the place of the first
// argument, and expects code, not a closure. So there is a stock of code, which
// a method can be given when its type is made: entry i calls closure i.
var (
	closures [2000]unsafe.Pointer
	entries  [2000]unsafe.Pointer // filled by the linker
)
