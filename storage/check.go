package storage

import (
	"context"
	"fmt"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// maxProblems bounds how many contradictions a check lists.
const maxProblems = 100

// checker compares everything in a store with everything else, at one
// snapshot.
type checker struct {
	r      *Reader
	blobs  *blobs // nil when the store has no folder for them
	ctx    context.Context
	result slnet.CheckStoreResponse
	rows   int64            // looked at so far, as Checked tells
	counts map[string]int64 // by counter key, counted from the objects
	hash   hasher
	// indexed are the entries the objects must have, by the prefix of their index.
	indexed map[string]*fingerprint
	// revisions are the objects with their revisions.
	revisions fingerprint
	// states are which indexes the modules have.
	states map[string]indexes
}

// Check compares objects, earlier versions, indexes, counters, the feed and
// attachments with each other at one snapshot, while the store is in use, and
// the contents of attachments with their files. A file that no record refers to
// is no contradiction: a crash may leave one. The error is one of
// reading; contradictions stand in the result.
//
// A sound store is walked over once, in the order of its keys: what is kept under
// the same ids is compared side by side, and what is not by fingerprints. Only
// what these say is wrong is looked up row by row, to name it. Where the feed has
// the right rows of an object in the wrong order that is noticed only when not
// many thousands of other changes lie between them.
func (s *Store) Check(ctx context.Context) (slnet.CheckStoreResponse, error) {
	var c checker
	defer func() { s.checked.Add(-c.rows) }()
	err := s.View(ctx, func(r *Reader) error {
		c = checker{
			r: r, blobs: s.blobs, ctx: ctx, hash: newHasher(),
			counts: make(map[string]int64), indexed: make(map[string]*fingerprint), states: make(map[string]indexes),
		}
		for _, step := range []func() error{c.objects, c.indexes, c.counters, c.feed, c.attachments, c.references, c.information, c.audit, c.records} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	return c.result, err
}

func (c *checker) problem(format string, args ...any) {
	switch n := len(c.result.Problems); {
	case n < maxProblems:
		c.result.Problems = append(c.result.Problems, fmt.Sprintf(format, args...))
	case n == maxProblems:
		c.result.Problems = append(c.result.Problems, "and more")
	}
}

// full reports whether no more problems are listed.
func (c *checker) full() bool { return len(c.result.Problems) > maxProblems }

// each walks over a space of the key space.
func (c *checker) each(space byte, fn func(key, value []byte)) error {
	return c.again(kv.PrefixRange([]byte{space}), func(key, value []byte) {
		c.row()
		fn(key, value)
	})
}

// again walks over a range whose rows were counted before.
func (c *checker) again(rng kv.Range, fn func(key, value []byte)) error {
	it := c.r.kv.Scan(rng)
	defer it.Close()
	for n := 0; it.Next(); n++ {
		if n%cancelEvery == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		fn(it.Key(), it.Value())
	}
	return it.Err()
}

// parseKind reads space, kind and module id of a key.
func parseKind(key []byte) (kind dom.ObjectKind, moduleID string, rest []byte, err error) {
	if len(key) < 2 || kindOf[key[1]] == "" {
		return "", "", nil, errTuple
	}
	moduleID, rest, err = readString(key[2:])
	return kindOf[key[1]], moduleID, rest, err
}

// counters compares the counters with what was counted.
func (c *checker) counters() error {
	err := c.each(spaceCounter, func(key, _ []byte) {
		c.result.Counters++
		if _, ok := c.counts[string(key)]; !ok {
			c.counts[string(key)] = 0
		}
	})
	if err != nil {
		return err
	}
	for key, want := range c.counts {
		got, err := c.r.kv.GetCounter([]byte(key))
		if err != nil {
			return err
		}
		if got != want {
			c.problem("counter %x says %d, there are %d", key, got, want)
		}
	}
	return nil
}
