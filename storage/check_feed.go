package storage

import (
	"errors"
	"fmt"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// feed decodes every row and compares where the changes lead with the objects.
// A change takes the revision before it away and adds its own, so what is left
// in the end are the objects with their revisions.
func (c *checker) feed() error {
	var (
		led    fingerprint
		recent recentRevisions
		doubt  bool
		n      int
	)
	err := c.each(spaceFeed, func(key, value []byte) {
		c.result.FeedRows++
		cursor, row, err := decodeFeed(key, value)
		if err != nil {
			c.problem("%v", err)
			return
		}
		if cursor > c.r.Version() {
			c.problem("feed row %d is newer than the store", cursor)
		}
		for i := range row.Changes {
			n++
			change := &row.Changes[i]
			key, ok := objectKey(change.Kind, change.ModuleID, change.ObjectID)
			if !ok {
				doubt = true
				continue
			}
			c.lead(&led, key[1:], change)
			doubt = recent.wrong(c.hash.of(key[1:]), change) || doubt
		}
	})
	if err != nil || !doubt && led == c.revisions {
		return err
	}
	// The last change of every object is kept in memory, of some of them at a time.
	parts := uint64(n/maxFollowed + 1)
	for part := range parts {
		if err := c.follow(part, parts); err != nil {
			return err
		}
	}
	return nil
}

// maxFollowed is about how many objects are followed at a time.
const maxFollowed = 1 << 18

// lead applies a change of a subject to the revisions the feed leads to.
func (c *checker) lead(led *fingerprint, tail []byte, change *Change) {
	if change.Type == Updated {
		led.remove(c.hash.revision(tail, change.Revision-1))
	}
	if h := c.hash.revision(tail, change.Revision); change.Type == Deleted {
		led.remove(h)
	} else {
		led.add(h)
	}
}

// recentRevisions are the revisions of the subjects that were changed last, by
// their hashes, gone for one that was deleted. Of two that share a place it knows
// the later.
type recentRevisions [1 << 16]struct {
	hash     uint64
	revision int64
}

const gone = -1

// wrong reports whether a change cannot follow the one before.
func (r *recentRevisions) wrong(hash [2]uint64, change *Change) bool {
	place := &r[hash[0]%uint64(len(r))]
	known, before := place.hash == hash[1], place.revision
	place.hash, place.revision = hash[1], change.Revision
	if change.Type == Deleted {
		place.revision = gone
	}
	return known && ((change.Type == Created) != (before == gone) || change.Revision < before)
}

// follow follows the last change of every object of a part to what is stored.
func (c *checker) follow(part, parts uint64) error {
	type object struct {
		kind         dom.ObjectKind
		moduleID, id string
	}
	last := make(map[object]Change)
	err := c.again(kv.PrefixRange([]byte{spaceFeed}), func(key, value []byte) {
		cursor, row, err := decodeFeed(key, value)
		if err != nil {
			return // feed has said so
		}
		for _, change := range row.Changes {
			at := object{change.Kind, change.ModuleID, change.ObjectID}
			if c.hash.of(fmt.Append(nil, at))[0]%parts != part {
				continue
			}
			if before, ok := last[at]; ok && change.Type != Created && change.Revision < before.Revision {
				c.problem("feed row %d: %s %s/%s goes back from revision %d to %d", cursor, at.kind, at.moduleID, at.id, before.Revision, change.Revision)
			}
			last[at] = Change{Type: change.Type, Revision: change.Revision}
		}
	})
	if err != nil {
		return err
	}
	for at, change := range last {
		if c.full() {
			return nil
		}
		o, err := c.r.Object(at.kind, at.moduleID, at.id)
		switch {
		case change.Type == Deleted && errors.Is(err, ErrNotFound):
		case change.Type == Deleted:
			c.problem("%s %s/%s exists, the feed says it was deleted (%v)", at.kind, at.moduleID, at.id, err)
		case err != nil:
			c.problem("%s %s/%s: the feed has revision %d: %v", at.kind, at.moduleID, at.id, change.Revision, err)
		case o.GetTracking().Revision != change.Revision:
			c.problem("%s %s/%s has revision %d, the feed says %d", at.kind, at.moduleID, at.id, o.GetTracking().Revision, change.Revision)
		}
	}
	return nil
}
