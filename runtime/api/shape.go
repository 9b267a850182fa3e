package api

import (
	"bytes"

	"domovoi.dev/sdk/slnet"
)

// maxContainers bounds the lists and maps of a JSON body. A few bytes of JSON
// become a struct of hundreds; without a bound a hostile body could cost far
// more memory than it is long. MessagePack bodies have the bound of
// slnet.Registry.DecodeRequests.
const maxContainers = 1 << 18

// checkJSON refuses a body that is out of bounds. It counts brackets, also
// those in strings: a body that has as many of them is refused either way.
// encoding/json bounds the depth by itself.
func checkJSON(b []byte) error {
	if bytes.Count(b, []byte{'{'})+bytes.Count(b, []byte{'['}) > maxContainers {
		return slnet.Errorf(slnet.KindTooLarge, "the body has more than %d lists and maps", maxContainers)
	}
	return nil
}
