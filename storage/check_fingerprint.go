package storage

import "hash/maphash"

// fingerprint is that of a multiset of keys: how many they are, and the sums of
// two hashes of each. Sums do not depend on the order, and a key can be taken
// away again. The hashes have random seeds, so two fingerprints are equal by
// accident once in 2^128 checks.
type fingerprint struct {
	count int64
	sums  [2]uint64
}

func (f *fingerprint) add(h [2]uint64)    { f.put(h, 1) }
func (f *fingerprint) remove(h [2]uint64) { f.put(h, -1) }

func (f *fingerprint) put(h [2]uint64, sign int64) {
	f.count += sign
	for i := range h {
		f.sums[i] += h[i] * uint64(sign)
	}
}

// hasher makes the hashes of one check.
type hasher struct{ seeds [2]maphash.Seed }

func newHasher() hasher { return hasher{[2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}} }

func (h *hasher) of(key []byte) [2]uint64 {
	return [2]uint64{maphash.Bytes(h.seeds[0], key), maphash.Bytes(h.seeds[1], key)}
}
