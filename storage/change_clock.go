package storage

import (
	"sync"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// changeClock knows which keys have not changed since a version, without asking
// the engine: reading the key of a model costs more than everything else that is
// done to validate a small instance, and decoding a script more than everything
// else that is done to queue a run of it.
//
// It is exact. A commit that changes one of the keys is known to be under way
// before it happens, and its version before it counts as over.
type changeClock struct {
	mu   sync.RWMutex
	keys map[string]*keyState // guarded by mu
}

type keyState struct {
	underWay int          // commits that change the key and are not over
	changed  slnet.Cursor // the newest commit that changed it
}

// begin says that a commit that changes a key is under way.
func (c *changeClock) begin(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = make(map[string]*keyState)
	}
	state := c.keys[key]
	if state == nil {
		state = new(keyState)
		c.keys[key] = state
	}
	state.underWay++
}

// end says that it is over, and the version it led to; 0 when nothing was
// written.
func (c *changeClock) end(key string, version slnet.Cursor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	state := c.keys[key]
	state.underWay--
	state.changed = max(state.changed, version)
}

// unchanged reports whether what a key has is certainly the same at both versions.
func (c *changeClock) unchanged(key []byte, a, b slnet.Cursor) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	state := c.keys[string(key)]
	return state == nil || state.underWay == 0 && state.changed <= min(a, b)
}

// touch says that the transaction changes a key of the clock.
func (tx *Tx) touch(key []byte) {
	if !tx.touched[string(key)] {
		tx.touched[string(key)] = true
		tx.store.clock.begin(string(key))
	}
}

// unchangedSince reports whether what a key has is certainly the same as at an
// earlier version. It makes a transaction conflict with changes of the key, as
// reading it does.
func (r *Reader) unchangedSince(key []byte, version slnet.Cursor) (bool, error) {
	if tx, ok := r.kv.(kv.Tx); ok {
		if err := tx.AddReadConflictKey(key); err != nil {
			return false, err
		}
	}
	return r.store.clock.unchanged(key, version, r.Version()), nil
}

// ModelTouched reports whether the transaction itself has changed the model of a
// module. What it reads of the model then must not be kept: the commit may fail.
func (r *Reader) ModelTouched(moduleID string) bool { return r.touched[string(modelKey(moduleID))] }

// ModelUnchangedSince reports whether the model of a module is certainly the one
// it was at an earlier version. Like ModelVersion it makes a transaction conflict
// with changes of the model. False means: ask ModelVersion.
func (r *Reader) ModelUnchangedSince(moduleID string, version slnet.Cursor) (bool, error) {
	return r.unchangedSince(modelKey(moduleID), version)
}
