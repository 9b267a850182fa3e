package dom

import (
	"context"
	"slices"
)

// DomCache keeps the instances of one module that were read by id, so that a
// script which follows many references to the same instances asks for each once.
// It knows nothing of changes: an instance stays as it was read until it is
// forgotten, so a cache is for the length of a run at most. It is for one
// goroutine. (row CCH-01)
type DomCache struct {
	helper    *DomHelper
	instances map[InstanceID]*Instance
}

// NewDomCache returns an empty cache for the module of a helper. Making one sends
// nothing.
func NewDomCache(helper *DomHelper) *DomCache {
	return &DomCache{helper, make(map[InstanceID]*Instance)}
}

// GetInstanceByID returns the instance of an id, nil when there is none or the id
// is zero. It is the caller's own copy. Errors are those of DomInstances.Read.
func (c *DomCache) GetInstanceByID(ctx context.Context, id InstanceID) (*Instance, error) {
	list, err := c.GetInstancesByID(ctx, id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// GetInstancesByID returns the instances of ids, each once and in the order of the
// ids. An id that is zero, and one of no instance, is left out; such an instance
// is asked for again the next time. Only what the cache does not have is asked
// for, DefaultPageSize ids at a time. The instances are the caller's own copies.
// After an error the cache has what was read until then; errors are those of
// DomInstances.Read.
func (c *DomCache) GetInstancesByID(ctx context.Context, ids ...InstanceID) ([]*Instance, error) {
	wanted := make([]InstanceID, 0, len(ids))
	seen := make(map[InstanceID]bool, len(ids))
	for _, id := range ids {
		if !id.IsZero() && !seen[id] {
			seen[id] = true
			wanted = append(wanted, id)
		}
	}
	if err := c.read(ctx, wanted); err != nil {
		return nil, err
	}
	list := make([]*Instance, 0, len(wanted))
	for _, id := range wanted {
		if instance := c.instances[id]; instance != nil {
			clone := instance.Clone()
			clone.Tracking = instance.Tracking
			list = append(list, clone)
		}
	}
	return list, nil
}

// read asks for the instances that the cache does not have.
func (c *DomCache) read(ctx context.Context, ids []InstanceID) error {
	var missing []Filter
	for _, id := range ids {
		if c.instances[id] == nil {
			missing = append(missing, InstanceExposers.ID.Equal(id))
		}
	}
	for some := range slices.Chunk(missing, DefaultPageSize) {
		list, err := c.helper.DomInstances.PreparePaging(Or(some...), DefaultPageSize).GetAll(ctx)
		if err != nil {
			return err
		}
		for _, instance := range list {
			c.instances[instance.ID] = instance
		}
	}
	return nil
}

// Forget has the instances of these ids read again when they are asked for, as
// after a change of them.
func (c *DomCache) Forget(ids ...InstanceID) {
	for _, id := range ids {
		delete(c.instances, id)
	}
}
