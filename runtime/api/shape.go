package api

import (
	"bytes"

	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/sdk/slnet"
)

// Bounds on the shape of a body. The decoders of messages make a list as long
// as its header says before they read its elements, and follow any nesting;
// these bounds keep a few hostile bytes from costing much more memory or stack
// than they are long.
const (
	maxDepth      = 1000
	maxContainers = 1 << 20 // lists and maps
	maxElements   = 1 << 20 // of one list or map
)

// checkMessagePack refuses a body that is no MessagePack, and one that is out
// of bounds.
func checkMessagePack(b []byte) error {
	s := shape{rest: b}
	return s.value(0)
}

// shape walks over MessagePack.
type shape struct {
	rest       []byte
	containers int
}

// value walks over one value.
func (s *shape) value(depth int) error {
	var elements uint32
	var err error
	switch msgp.NextType(s.rest) {
	case msgp.MapType:
		elements, s.rest, err = msgp.ReadMapHeaderBytes(s.rest)
		if err == nil && elements > maxElements {
			return tooMany("elements in one map", maxElements)
		}
		elements *= 2
	case msgp.ArrayType:
		elements, s.rest, err = msgp.ReadArrayHeaderBytes(s.rest)
		if err == nil && elements > maxElements {
			return tooMany("elements in one list", maxElements)
		}
	default:
		s.rest, err = msgp.Skip(s.rest)
		if err != nil {
			return malformed(err)
		}
		return nil
	}
	if err == nil && int(elements) > len(s.rest) { // every value has at least a byte
		err = msgp.ErrShortBytes
	}
	if err != nil {
		return malformed(err)
	}
	if s.containers++; s.containers > maxContainers {
		return tooMany("lists and maps", maxContainers)
	}
	if depth == maxDepth {
		return tooMany("levels of nesting", maxDepth)
	}
	for range elements {
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// checkJSON refuses a body that is out of bounds. It counts brackets, also
// those in strings: a body that has as many of them is refused either way.
// encoding/json bounds the depth by itself.
func checkJSON(b []byte) error {
	if bytes.Count(b, []byte{'{'})+bytes.Count(b, []byte{'['}) > maxContainers {
		return tooMany("lists and maps", maxContainers)
	}
	return nil
}

func malformed(err error) error {
	return slnet.Errorf(slnet.KindInvalid, "the body is not MessagePack: %v", err)
}

func tooMany(what string, limit int) error {
	return slnet.Errorf(slnet.KindTooLarge, "the body has more than %d %s", limit, what)
}
