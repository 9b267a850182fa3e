package storage

import (
	"sync"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// modelClock knows which models have not changed since a version, without
// asking the engine: reading a key costs more than everything else that is done
// to validate a small instance.
//
// It is exact. A commit that changes a model is known to be under way before it
// happens, and its version before it counts as over.
type modelClock struct {
	mu      sync.RWMutex
	modules map[string]*modelState // guarded by mu
}

type modelState struct {
	underWay int          // commits that change the model and are not over
	changed  slnet.Cursor // the newest commit that changed it
}

// begin says that a commit that changes a model is under way.
func (c *modelClock) begin(moduleID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.modules == nil {
		c.modules = make(map[string]*modelState)
	}
	state := c.modules[moduleID]
	if state == nil {
		state = new(modelState)
		c.modules[moduleID] = state
	}
	state.underWay++
}

// end says that it is over, and the version it led to; 0 when nothing was
// written.
func (c *modelClock) end(moduleID string, version slnet.Cursor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	state := c.modules[moduleID]
	state.underWay--
	state.changed = max(state.changed, version)
}

// unchanged reports whether the model is certainly the same at both versions.
func (c *modelClock) unchanged(moduleID string, a, b slnet.Cursor) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	state := c.modules[moduleID]
	return state == nil || state.underWay == 0 && state.changed <= min(a, b)
}

// ModelTouched reports whether the transaction itself has changed the model of a
// module. What it reads of the model then must not be kept: the commit may fail.
func (r *Reader) ModelTouched(moduleID string) bool { return r.touched[moduleID] }

// ModelUnchangedSince reports whether the model of a module is certainly the one
// it was at an earlier version. Like ModelVersion it makes a transaction conflict
// with changes of the model. False means: ask ModelVersion.
func (r *Reader) ModelUnchangedSince(moduleID string, version slnet.Cursor) (bool, error) {
	if tx, ok := r.kv.(kv.Tx); ok {
		if err := tx.AddReadConflictKey(modelKey(moduleID)); err != nil {
			return false, err
		}
	}
	return r.store.models.unchanged(moduleID, version, r.Version()), nil
}
