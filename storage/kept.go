package storage

import (
	"sync"

	"domovoi.dev/sdk/slnet"
)

// maxKept bounds what a store keeps of the records of KeptTables, in bytes of
// their encoding.
const maxKept = 4 << 20

// KeptTable is a Table whose records are read far more often than they are written.
// Those that were read are kept decoded, and are never older than the snapshot
// that is read: a transaction that gets one conflicts with changes of it, as if it
// had been read.
type KeptTable[T any, P Record[T]] struct{ Table[T, P] }

// NewKeptTable returns the table of a name, as NewTable does. All changes of it
// must be made through KeptTables.
func NewKeptTable[T any, P Record[T]](name string) KeptTable[T, P] {
	return KeptTable[T, P]{NewTable[T, P](name)}
}

// Get returns a copy of a record, or ErrNotFound. What the record points to is
// that of others too, and must not be changed.
func (t KeptTable[T, P]) Get(r *Reader, key ...string) (P, error) {
	k := t.key(key)
	if known, ok := r.store.kept.get(k); ok {
		if same, err := r.unchangedSince(k, known.version); err != nil {
			return nil, err
		} else if same {
			record := *known.record.(P)
			return &record, nil
		}
	}
	b, err := t.read(r, k)
	if err != nil {
		return nil, err
	}
	record, err := t.decode(b)
	if err != nil {
		return nil, err
	}
	if !r.touched[string(k)] { // else it may never be committed
		kept := *record
		r.store.kept.put(k, keptRecord{P(&kept), r.Version(), len(b)})
	}
	return record, nil
}

// Put stores a record.
func (t KeptTable[T, P]) Put(tx *Tx, record P, key ...string) error {
	tx.touch(t.key(key))
	return t.Table.Put(tx, record, key...)
}

// Delete removes a record; it need not exist.
func (t KeptTable[T, P]) Delete(tx *Tx, key ...string) error {
	tx.touch(t.key(key))
	return t.Table.Delete(tx, key...)
}

// keptRecords are decoded records by their keys.
type keptRecords struct {
	mu      sync.RWMutex
	records map[string]keptRecord // guarded by mu
	size    int                   // guarded by mu: of all, in bytes of their encoding
}

// keptRecord is a record as it was at a version.
type keptRecord struct {
	record  any
	version slnet.Cursor
	size    int
}

func (k *keptRecords) get(key []byte) (keptRecord, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	known, ok := k.records[string(key)]
	return known, ok
}

// put keeps a record, and forgets all others when they are too large together: so
// it stays simple, and what is in use comes back with its next use.
func (k *keptRecords) put(key []byte, r keptRecord) {
	k.mu.Lock()
	defer k.mu.Unlock()
	before := k.records[string(key)]
	if before.version > r.version || r.size > maxKept {
		return
	}
	k.size += r.size - before.size
	if k.size > maxKept || k.records == nil {
		k.records, k.size = make(map[string]keptRecord), r.size
	}
	k.records[string(key)] = r
}
