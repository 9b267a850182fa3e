package slnet

import (
	"encoding/binary"
	"errors"
)

const (
	// maxDepth bounds how deep arrays and maps of a message may be nested. The
	// decoders are recursive; without a bound a hostile message could exhaust
	// the stack, which ends the process.
	maxDepth = 5000
	// maxContainers bounds the arrays and maps of a request. The decoders make a
	// list as long as its header says, and an empty map of one byte becomes a
	// struct of hundreds; without a bound a hostile request could cost far more
	// memory than it is long.
	maxContainers = 1 << 18
)

var (
	errTooDeep   = errors.New("nested too deep")
	errTooMany   = errors.New("too many lists and maps")
	errTruncated = errors.New("cut short")
	errBadByte   = errors.New("a byte that begins no value")
)

// checkWellFormed walks over one MessagePack value, with at most so many arrays
// and maps, without recursion. It returns the number of bytes it has.
func checkWellFormed(b []byte, containers int) (size int, err error) {
	var open [maxDepth]uint64 // values still to come on each level
	depth, at := 0, 0
	open[0] = 1
	for {
		for open[depth] == 0 {
			if depth == 0 {
				return at, nil
			}
			depth--
		}
		open[depth]--
		if at >= len(b) {
			return 0, errTruncated
		}
		header, payload, children, ok := measure(b[at:])
		if !ok {
			return 0, errBadByte
		}
		if uint64(len(b)-at) < header+payload {
			return 0, errTruncated
		}
		at += int(header + payload)
		if isContainer(b[at-int(header+payload)]) {
			if containers--; containers < 0 {
				return 0, errTooMany
			}
		}
		if children > 0 {
			if children > uint64(len(b)-at) {
				return 0, errTruncated
			}
			if depth++; depth == maxDepth {
				return 0, errTooDeep
			}
			open[depth] = children
		}
	}
}

// isContainer reports whether an array or a map begins with a byte.
func isContainer(c byte) bool { return c >= 0x80 && c <= 0x9f || c >= 0xdc && c <= 0xdf }

// measure returns the size of the header, that of the payload behind it, and
// the number of values inside an array or map.
func measure(b []byte) (header, payload, children uint64, ok bool) {
	// length reads a big endian number of n bytes behind the first byte; short
	// input reads as 0 and is found by the caller, for the header is counted in.
	length := func(n int) uint64 {
		if len(b) < 1+n {
			return 0
		}
		switch n {
		case 1:
			return uint64(b[1])
		case 2:
			return uint64(binary.BigEndian.Uint16(b[1:]))
		}
		return uint64(binary.BigEndian.Uint32(b[1:]))
	}
	switch c := b[0]; {
	case c <= 0x7f || c >= 0xe0: // small integers
		return 1, 0, 0, true
	case c <= 0x8f: // fixmap
		return 1, 0, 2 * uint64(c&0xf), true
	case c <= 0x9f: // fixarray
		return 1, 0, uint64(c & 0xf), true
	case c <= 0xbf: // fixstr
		return 1, uint64(c & 0x1f), 0, true
	case c == 0xc0 || c == 0xc2 || c == 0xc3: // nil, false, true
		return 1, 0, 0, true
	case c >= 0xc4 && c <= 0xc6: // bin
		n := 1 << (c - 0xc4)
		return 1 + uint64(n), length(n), 0, true
	case c >= 0xc7 && c <= 0xc9: // ext
		n := 1 << (c - 0xc7)
		return 2 + uint64(n), length(n), 0, true
	case c == 0xca || c == 0xcb: // floats
		return 1, 4 << (c - 0xca), 0, true
	case c >= 0xcc && c <= 0xcf: // unsigned integers
		return 1, 1 << (c - 0xcc), 0, true
	case c >= 0xd0 && c <= 0xd3: // signed integers
		return 1, 1 << (c - 0xd0), 0, true
	case c >= 0xd4 && c <= 0xd8: // fixext
		return 2, 1 << (c - 0xd4), 0, true
	case c >= 0xd9 && c <= 0xdb: // str
		n := 1 << (c - 0xd9)
		return 1 + uint64(n), length(n), 0, true
	case c == 0xdc || c == 0xdd: // array
		n := 2 << (c - 0xdc)
		return 1 + uint64(n), 0, length(n), true
	case c == 0xde || c == 0xdf: // map
		n := 2 << (c - 0xde)
		return 1 + uint64(n), 0, 2 * length(n), true
	}
	return 0, 0, 0, false
}
