package pebblekv

import (
	"io"

	"domovoi.dev/storage/kv/occ"
)

// counterSum is one running merge of a counter. Addition is the same in either
// direction.
type counterSum struct {
	sum int64
}

func (s *counterSum) MergeNewer(value []byte) error {
	s.sum += occ.LenientCounter(value)
	return nil
}

func (s *counterSum) MergeOlder(value []byte) error { return s.MergeNewer(value) }

func (s *counterSum) Finish(bool) ([]byte, io.Closer, error) {
	return occ.AppendCounter(nil, s.sum), nil, nil
}
