package storage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// outlived knows the deleted instances whose history was kept. An instance that
// is created again under such an id goes on with the revisions, so that its new
// history does not mix with the old one. Nearly no instance is one of these, and
// asking the store at every creation would cost more than the creation's other
// reads; so the ids are kept in memory, as hashes: an id that is here by mistake
// costs one read.
type outlived struct {
	seed   maphash.Seed
	mu     sync.RWMutex
	hashes map[uint64]struct{} // guarded by mu
}

func (o *outlived) add(key []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hashes[maphash.Bytes(o.seed, key)] = struct{}{}
}

func (o *outlived) may(key []byte) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	_, ok := o.hashes[maphash.Bytes(o.seed, key)]
	return ok
}

// loadOutlived reads the ids from the store.
func (s *Store) loadOutlived(ctx context.Context) error {
	s.outlived.seed, s.outlived.hashes = maphash.MakeSeed(), make(map[uint64]struct{})
	return s.kv.View(ctx, func(r kv.Reader) error {
		it := r.Scan(kv.PrefixRange([]byte{spaceOutlived}))
		defer it.Close()
		for it.Next() {
			s.outlived.add(it.Key())
		}
		return it.Err()
	})
}

func outlivedKey(moduleID string, id dom.InstanceID) []byte {
	return appendGuid(kindPrefix(spaceOutlived, dom.KindInstance, moduleID), id)
}

// setOutlived notes the last revision of an instance whose history stays. The
// id is known in memory before the commit, so that nobody who comes after it can
// miss it.
func (tx *Tx) setOutlived(moduleID string, old *dom.Instance) error {
	key := outlivedKey(moduleID, old.ID)
	tx.store.outlived.add(key)
	return tx.kv.Set(key, binary.BigEndian.AppendUint64(nil, uint64(old.Revision)))
}

// firstRevision is the revision of an object that is created: 1, or the one
// behind the last when its history was kept.
func (tx *Tx) firstRevision(moduleID string, o dom.Object) (int64, error) {
	instance, ok := o.(*dom.Instance)
	if !ok {
		return 1, nil
	}
	key := outlivedKey(moduleID, instance.ID)
	if !tx.store.outlived.may(key) {
		return 1, nil
	}
	b, err := tx.kv.Get(key)
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return 1, nil
	case err != nil:
		return 0, err
	case len(b) != 8:
		return 0, fmt.Errorf("the last revision of instance %s is damaged: %x", instance.ID, b)
	}
	return int64(binary.BigEndian.Uint64(b)) + 1, tx.kv.Delete(key)
}
