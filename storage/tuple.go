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
	tupleString   = 0x02
	tupleFolded   = 0x03 // in indexes: the folded form of a text with capitals
	tupleExact    = 0x04 // in indexes: a text with capitals as it is
	tupleInt      = 0x15
	tupleNumber   = 0x16
	tupleFalse    = 0x26
	tupleTrue     = 0x27
	tupleGuid     = 0x30
	tupleDateTime = 0x31
	tupleTimeSpan = 0x32
)

var errTuple = errors.New("malformed key")

// What may follow a zero byte in a string: its end, the end of a text that was
// cut, which comes behind the same text uncut, and the mark of a zero byte that
// belongs to the string. They are on disk and never change.
const (
	endWhole = 0x00
	endCut   = 0x01
	escaped  = 0xff
)

// appendString appends a string of any bytes. A zero byte is escaped as 00 FF,
// the end is 00 00: both keep the order, for no escaped byte is below 00 FF and
// the end is below it.
func appendString[S ~string | ~[]byte](b []byte, s S) []byte {
	b = append(b, tupleString)
	begin := 0
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			b = append(append(b, s[begin:i+1]...), escaped)
			begin = i + 1
		}
	}
	return append(append(b, s[begin:]...), 0, endWhole)
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

// appendNumber appends a number so that integers and doubles share one order:
// the next double at or below it, in the order of doubles, and how far the number
// lies above that, which is 0 but for integers beyond 2^53. NaN comes before all
// other numbers and -0 equals 0, as dom compares them.
func appendNumber(b []byte, v dom.Value) []byte {
	f, above := v.Double(), int64(0)
	if v.Kind() != dom.KindDouble {
		f, above = floorDouble(v.Long())
	}
	var bits uint64
	switch {
	case f == 0:
		bits = 1 << 63
	case f > 0:
		bits = math.Float64bits(f) | 1<<63
	case f < 0:
		bits = ^math.Float64bits(f)
	}
	b = binary.BigEndian.AppendUint64(append(b, tupleNumber), bits)
	return binary.BigEndian.AppendUint16(b, uint16(above))
}

// floorDouble is the largest double that is at most n, and what remains.
func floorDouble(n int64) (f float64, above int64) {
	f = float64(n)
	if f >= 1<<63 || int64(f) > n {
		f = math.Nextafter(f, math.Inf(-1))
	}
	return f, n - int64(f)
}

// readString reads what appendString appended.
func readString(b []byte) (s string, rest []byte, err error) {
	text, isCut, rest, err := readText(b)
	if err == nil && (isCut || b[0] != tupleString) {
		err = errTuple
	}
	return string(text), rest, err
}

// readText reads what appendString or appendText appended. The text may share
// memory with b.
func readText(b []byte) (text []byte, isCut bool, rest []byte, err error) {
	if len(b) == 0 || b[0] < tupleString || b[0] > tupleExact {
		return nil, false, b, errTuple
	}
	b = b[1:]
	for {
		i := bytes.IndexByte(b, 0)
		if i < 0 || i+1 >= len(b) {
			return nil, false, b, errTuple
		}
		if text == nil {
			text = b[:i:i]
		} else {
			text = append(text, b[:i]...)
		}
		switch b[i+1] {
		case endWhole, endCut:
			return text, b[i+1] == endCut, b[i+2:], nil
		case escaped:
			text = append(text, 0)
			b = b[i+2:]
		default:
			return nil, false, b, errTuple
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
	case tupleString, tupleFolded, tupleExact:
		_, _, rest, err := readText(b)
		return rest, err
	case tupleFalse, tupleTrue:
		size = 1
	case tupleInt, tupleDateTime, tupleTimeSpan:
		size = 9
	case tupleNumber:
		size = 11
	case tupleGuid:
		size = 17
	}
	if size == 0 || len(b) < size {
		return nil, errTuple
	}
	return b[size:], nil
}
