package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"domovoi.dev/sdk/dom"
)

// Keys are tuples of typed elements whose byte order is the order of their
// values: strings and bytes by code unit, numbers by size, false before true,
// instants and durations by length. Elements of different types order by their
// type byte. The encoding of an element never is a prefix of another's, so a
// tuple is a prefix of exactly the tuples that begin with its elements.

// Type bytes. They are on disk and never change.
const (
	tupleNull     = 0x01
	tupleString   = 0x02
	tupleInt      = 0x15
	tupleDouble   = 0x21
	tupleFalse    = 0x26
	tupleTrue     = 0x27
	tupleGuid     = 0x30
	tupleDateTime = 0x31
	tupleTimeSpan = 0x32
)

var errTuple = errors.New("malformed key")

// appendString appends a string of any bytes. A zero byte is escaped as 00 FF,
// the end is 00 00: both keep the order, for no escaped byte is below 00 FF and
// the end is below it.
func appendString[S ~string | ~[]byte](b []byte, s S) []byte {
	b = append(b, tupleString)
	for i := 0; i < len(s); i++ {
		if b = append(b, s[i]); s[i] == 0 {
			b = append(b, 0xff)
		}
	}
	return append(b, 0, 0)
}

func appendGuid[T ~[16]byte](b []byte, id T) []byte {
	return append(append(b, tupleGuid), id[:]...)
}

func appendInt(b []byte, n int64) []byte { return appendOrdered(b, tupleInt, n) }

// appendOrdered appends an integer with its sign bit flipped, which makes
// negative numbers come first.
func appendOrdered(b []byte, t byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(append(b, t), uint64(n)^1<<63)
}

// appendDouble appends a double so that -Inf < -1 < 0 < 1 < Inf. Zero has no
// sign, and NaN comes before all, in one form, as dom compares them.
func appendDouble(b []byte, f float64) []byte {
	var bits uint64
	if f == 0 {
		f = 0 // also of -0
	}
	if !math.IsNaN(f) {
		if bits = math.Float64bits(f); bits>>63 == 1 {
			bits = ^bits
		} else {
			bits |= 1 << 63
		}
	}
	return binary.BigEndian.AppendUint64(append(b, tupleDouble), bits)
}

// appendValue appends a scalar value. Int and long share a type, so that an
// enumeration's numbers order with those of a filter.
func appendValue(b []byte, v dom.Value) []byte {
	switch v.Kind() {
	case dom.KindString:
		return appendString(b, v.Text())
	case dom.KindInt, dom.KindLong:
		return appendInt(b, v.Long())
	case dom.KindDouble:
		return appendDouble(b, v.Double())
	case dom.KindBool:
		if v.Bool() {
			return append(b, tupleTrue)
		}
		return append(b, tupleFalse)
	case dom.KindDateTime:
		return appendOrdered(b, tupleDateTime, v.Ticks())
	case dom.KindTimeSpan:
		return appendOrdered(b, tupleTimeSpan, v.Ticks())
	case dom.KindGuid:
		return appendGuid(b, v.Guid())
	}
	return append(b, tupleNull)
}

// readString reads what appendString appended.
func readString(b []byte) (s string, rest []byte, err error) {
	if len(b) == 0 || b[0] != tupleString {
		return "", b, errTuple
	}
	b = b[1:]
	var text []byte
	for {
		i := bytes.IndexByte(b, 0)
		if i < 0 || i+1 >= len(b) {
			return "", b, errTuple
		}
		text = append(text, b[:i]...)
		switch b[i+1] {
		case 0:
			return string(text), b[i+2:], nil
		case 0xff:
			text = append(text, 0)
			b = b[i+2:]
		default:
			return "", b, errTuple
		}
	}
}

// readGuid reads what appendGuid appended.
func readGuid(b []byte) (id [16]byte, rest []byte, err error) {
	if len(b) < 17 || b[0] != tupleGuid {
		return id, b, errTuple
	}
	return [16]byte(b[1:17]), b[17:], nil
}

// skipElement returns the key behind its first element.
func skipElement(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errTuple
	}
	size := 0
	switch b[0] {
	case tupleString:
		_, rest, err := readString(b)
		return rest, err
	case tupleNull, tupleFalse, tupleTrue:
		size = 1
	case tupleInt, tupleDouble, tupleDateTime, tupleTimeSpan:
		size = 9
	case tupleGuid:
		size = 17
	}
	if size == 0 || len(b) < size {
		return nil, errTuple
	}
	return b[size:], nil
}
