// Package stress holds what the long tests share: random modules with random
// operations and a map that knows what they must lead to, a concurrent load
// with an oracle of what must survive a crash, and the comparison of the feed
// with the objects.
//
// Everything random follows from a seed. A test prints its seed; with -seed it
// does the same again.
package stress

import (
	"math/rand/v2"
	"os"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Long reports whether tests are to run in their long forms, as under
// make stress.
func Long() bool { return os.Getenv("DOMOVOI_STRESS") != "" }

// Seed is seed, or a random one for 0.
func Seed(seed uint64) uint64 {
	for seed == 0 {
		seed = rand.Uint64()
	}
	return seed
}

// random draws what a test needs.
type random struct{ *rand.Rand }

func newRandom(seed, stream uint64) random { return random{rand.New(rand.NewPCG(seed, stream))} }

// chance is true in percent of all calls.
func (r random) chance(percent int) bool { return r.IntN(100) < percent }

func (r random) uuid() (id uuid.UUID) {
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// pick draws one of a list, the zero value of an empty one.
func pick[T any](r random, list []T) (item T) {
	if len(list) == 0 {
		return item
	}
	return list[r.IntN(len(list))]
}

// clone is a deep copy of an object.
func clone[T dom.Object](o T) T {
	raw, err := dom.EncodeObject(o)
	if err != nil {
		panic(err) // objects here are made of valid values only
	}
	return decode(o.Kind(), raw).(T)
}

// decode reads an object that came from encode.
func decode(kind dom.ObjectKind, raw slnet.Raw) dom.Object {
	o, err := dom.DecodeObject(kind, raw)
	if err != nil {
		panic(err)
	}
	return o
}
