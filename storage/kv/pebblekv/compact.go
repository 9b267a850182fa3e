package pebblekv

import (
	"bytes"
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// A step of a compaction rewrites about this many bytes: less on a disk that is
// almost full, for what a step replaces is only free after it.
const (
	maxCompactStep = 256 << 20
	minCompactStep = 4 << 20
)

// Compact rewrites the whole store, which frees the space of what was deleted.
// When ctx ends it returns early; what is done by then stays done.
func (s *Store) Compact(ctx context.Context) error {
	for from := []byte(nil); ; {
		next, _, err := s.CompactFrom(ctx, from)
		if err != nil || next == nil {
			return err
		}
		from = next
	}
}

// CompactFrom takes one step of a compaction, which begins with from nil. The
// next step begins at next, which is nil after the last one; remaining is how
// many bytes of tables are still to be rewritten. Who does not take the next
// step has compacted a part of the store. A store that is read-only gives up
// its ballast for it.
func (s *Store) CompactFrom(ctx context.Context, from []byte) (next []byte, remaining uint64, err error) {
	if err := s.enter(); err != nil {
		return nil, 0, err
	}
	defer s.leave()
	if s.space.watches() {
		s.space.makeRoom()
		s.space.manual.Add(1)
		defer s.space.manual.Add(-1)
	}
	err = s.guard.run(func() (err error) {
		next, remaining, err = s.compactStep(ctx, from)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("compact: %w", err)
	}
	return next, remaining, nil
}

func (s *Store) compactStep(ctx context.Context, from []byte) (next []byte, remaining uint64, err error) {
	begin := from
	if bytes.Compare(begin, []byte{ownSpace}) < 0 {
		begin = []byte{ownSpace}
	}
	tables, err := s.db.SSTables()
	if err != nil {
		return nil, 0, err
	}
	end := stepEnd(tables, begin, s.space.compactStep())
	if bytes.Compare(begin, end) < 0 {
		if err := s.db.Compact(ctx, begin, end, false); err != nil {
			return nil, 0, err
		}
	}
	if bytes.Compare(end, []byte{userEnd}) >= 0 {
		return nil, 0, nil
	}
	next = append(end, 0)
	if tables, err = s.db.SSTables(); err != nil {
		return nil, 0, err
	}
	for _, level := range tables {
		for _, t := range level {
			if bytes.Compare(t.Largest.UserKey, next) >= 0 {
				remaining += t.Size
			}
		}
	}
	return next, remaining, nil
}

// stepEnd is the last key of a step that begins at begin: the end of a table of
// the largest level, in which most of the bytes are.
func stepEnd(tables [][]pebble.SSTableInfo, begin []byte, step uint64) []byte {
	var largest []pebble.SSTableInfo
	var most uint64
	for _, level := range tables[1:] { // the tables of level 0 overlap
		var size uint64
		for _, t := range level {
			size += t.Size
		}
		if size > most {
			largest, most = level, size
		}
	}
	var size uint64
	for _, t := range largest {
		if bytes.Compare(t.Largest.UserKey, begin) <= 0 {
			continue
		}
		if size += t.Size; size >= step {
			return bytes.Clone(t.Largest.UserKey)
		}
	}
	return []byte{userEnd}
}

// compactStep is how many bytes a step of a compaction may rewrite.
func (w *space) compactStep() uint64 {
	if !w.watches() {
		return maxCompactStep
	}
	return min(maxCompactStep, max(minCompactStep, w.lastFree.Load()/4))
}
