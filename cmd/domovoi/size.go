package main

import (
	"fmt"
	"strconv"

	"domovoi.dev/internal/bytesize"
)

// size is a flag for a number of bytes: 64MiB, 1.5GiB, 100000.
type size int64

// String implements pflag.Value.
func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type implements pflag.Value.
func (*size) Type() string { return "size" }

// Set implements pflag.Value.
func (s *size) Set(text string) error {
	if n, ok := bytesize.Parse(text); ok && n > 0 {
		*s = size(n)
		return nil
	}
	return fmt.Errorf("%q is not a size such as 512KiB, 64MiB or 1.5GiB", text)
}

// sizeOrOff is a size that may be off, which is a negative one.
type sizeOrOff int64

// String implements pflag.Value.
func (s *sizeOrOff) String() string {
	if *s < 0 {
		return "off"
	}
	return (*size)(s).String()
}

// Type implements pflag.Value.
func (*sizeOrOff) Type() string { return "size" }

// Set implements pflag.Value.
func (s *sizeOrOff) Set(text string) error {
	if text == "off" {
		*s = -1
		return nil
	}
	return (*size)(s).Set(text)
}
