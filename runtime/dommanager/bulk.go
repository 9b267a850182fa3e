package dommanager

import (
	"context"
	"errors"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// checkBulk refuses a bulk request with too many items (row BLK-02), or of a
// kind that is not stored in bulk.
func checkBulk(kind dom.ObjectKind, items int) error {
	switch {
	case kind != dom.KindInstance:
		return slnet.Errorf(slnet.KindInvalid, "bulk requests are about %s, not %q", dom.KindInstance, kind)
	case items > dom.MaxAmountBulkOperation:
		return slnet.Errorf(slnet.KindTooLarge, "%d instances are given, a bulk request takes at most %d", items, dom.MaxAmountBulkOperation).
			WithReason(dom.ErrMaxAmountExceeded)
	}
	return nil
}

func (m *Managers) bulkCreateOrUpdate(ctx context.Context, caller security.Caller, request *dom.ManagerStoreBulkCreateOrUpdateRequest) (slnet.Message, error) {
	if err := checkBulk(request.Kind, len(request.Objects)); err != nil {
		return nil, err
	}
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return nil, err
	}
	access := manager.access(caller)
	return manager.bulk(ctx, caller, func(tx *storage.Tx, response *dom.ManagerStoreBulkResponse) error {
		// Decoded anew in every run of the transaction, for they are changed.
		objects, err := decodeLast(request.Objects)
		if err != nil {
			return err
		}
		for _, o := range objects {
			raw, err := manager.createOrUpdate(ctx, tx, caller, access, o)
			if err := note(response, o.Key(), raw, err); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *Managers) bulkDelete(ctx context.Context, caller security.Caller, request *dom.ManagerStoreBulkDeleteRequest) (slnet.Message, error) {
	if err := checkBulk(request.Kind, len(request.Keys)); err != nil {
		return nil, err
	}
	keys, err := instanceKeys(request.Keys)
	if err != nil {
		return nil, err
	}
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return nil, err
	}
	access := manager.access(caller)
	return manager.bulk(ctx, caller, func(tx *storage.Tx, response *dom.ManagerStoreBulkResponse) error {
		for _, key := range keys {
			_, err := manager.remove(ctx, tx, caller, access, request.Kind, key)
			if err := note(response, key, nil, err); err != nil {
				return err
			}
		}
		return nil
	})
}

// bulk carries out the items of a bulk request in one transaction, which makes
// one event (row BLK-04). An item is refused before anything of it is written,
// so that the others are stored without it; what is no refusal ends the whole.
func (m *manager) bulk(ctx context.Context, caller security.Caller, items func(tx *storage.Tx, response *dom.ManagerStoreBulkResponse) error) (slnet.Message, error) {
	var response *dom.ManagerStoreBulkResponse
	_, err := m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		response = &dom.ManagerStoreBulkResponse{Kind: dom.KindInstance, TraceDataPerItem: make(map[string]slnet.TraceData)}
		return items(tx, response)
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// createOrUpdate replaces an object that exists and creates one that does not.
func (m *manager) createOrUpdate(ctx context.Context, tx *storage.Tx, caller security.Caller, access security.Access, o dom.Object) (slnet.Raw, error) {
	if err := m.mayStore(access, o); err != nil {
		return nil, err
	}
	old, err := tx.Object(o.Kind(), m.moduleID, o.Key())
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return m.insert(ctx, tx, caller, o)
	case err != nil:
		return nil, err
	}
	if err := m.mayChange(access, old); err != nil {
		return nil, err
	}
	return m.replace(ctx, tx, caller, old, o)
}

// note adds what became of an item: it was stored, as raw, or refused with the
// TraceData of err. Any other error is returned.
func note(response *dom.ManagerStoreBulkResponse, key string, raw slnet.Raw, err error) error {
	if trace := slnet.TraceDataOf(err); trace != nil {
		response.UnsuccessfulKeys = append(response.UnsuccessfulKeys, key)
		response.TraceDataPerItem[key] = *trace
		return nil
	}
	if err != nil {
		return err
	}
	response.SuccessfulKeys = append(response.SuccessfulKeys, key)
	if raw != nil {
		response.Objects = append(response.Objects, raw)
	}
	return nil
}

// decodeLast decodes instances, of several with the same id only the last (row
// BLK-08).
func decodeLast(raws []slnet.Raw) ([]dom.Object, error) {
	objects := make([]dom.Object, len(raws))
	last := make(map[string]int, len(raws))
	for i, raw := range raws {
		o, err := dom.DecodeObject(dom.KindInstance, raw)
		if err != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "instance %d: %v", i+1, err)
		}
		objects[i], last[o.Key()] = o, i
	}
	kept := objects[:0]
	for i, o := range objects {
		if last[o.Key()] == i {
			kept = append(kept, o)
		}
	}
	return kept, nil
}

// instanceKeys returns the canonical form of the ids of instances, each once.
func instanceKeys(texts []string) ([]string, error) {
	keys := make([]string, 0, len(texts))
	seen := make(map[dom.InstanceID]bool, len(texts))
	for _, text := range texts {
		id, err := dom.ParseInstanceID(text)
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			seen[id] = true
			keys = append(keys, id.String())
		}
	}
	return keys, nil
}

// denyBulk answers a bulk request whose sender lacks a permission: every item is
// refused.
func denyBulk(keys []string, trace slnet.TraceData) slnet.Message {
	response := &dom.ManagerStoreBulkResponse{
		Kind: dom.KindInstance, UnsuccessfulKeys: keys, TraceDataPerItem: make(map[string]slnet.TraceData, len(keys)),
	}
	for _, key := range keys {
		response.TraceDataPerItem[key] = trace
	}
	return response
}
