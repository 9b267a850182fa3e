package dommanager

import (
	"errors"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// stampCreated sets who made an object, and when (rows TRK-01, TRK-03).
func stampCreated(tx *storage.Tx, caller security.Caller, o dom.Object) {
	*o.GetTracking() = dom.Tracking{
		CreatedAt: tx.Now(), CreatedBy: caller.User,
		LastModified: tx.Now(), LastModifiedBy: caller.User,
	}
}

// stampUpdated sets who changed an object, and when (row TRK-04).
func stampUpdated(tx *storage.Tx, caller security.Caller, old, updated dom.Object) {
	was := old.GetTracking()
	*updated.GetTracking() = dom.Tracking{
		CreatedAt: was.CreatedAt, CreatedBy: was.CreatedBy,
		LastModified: tx.Now(), LastModifiedBy: caller.User,
	}
}

// existing reads the stored version of an object that is to be replaced.
// ifRevision is the revision it must have, 0 for any.
func existing(tx *storage.Tx, moduleID string, updated dom.Object, ifRevision int64) (dom.Object, error) {
	old, err := tx.Object(updated.Kind(), moduleID, updated.Key())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, didNotExist(updated.Kind(), moduleID, updated.Key())
	}
	if err != nil {
		return nil, err
	}
	if is := old.GetTracking(); ifRevision != 0 && is.Revision != ifRevision {
		return nil, failed(dom.ManagerStoreError, dom.ErrObjectChangedSinceRead,
			slnet.ErrorProperties{ID: updated.Key(), ModuleID: moduleID},
			"%s %s was read at revision %d, it has revision %d since %s changed it; read it again",
			updated.Kind(), updated.Key(), ifRevision, is.Revision, is.LastModifiedBy)
	}
	return old, nil
}

// stored returns an object as it is, or the error that it does not exist.
func stored(tx *storage.Tx, kind dom.ObjectKind, moduleID, key string) (slnet.Raw, dom.Object, error) {
	raw, err := tx.Raw(kind, moduleID, key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil, didNotExist(kind, moduleID, key)
	}
	if err != nil {
		return nil, nil, err
	}
	o, err := dom.DecodeObject(kind, raw)
	return raw, o, err
}
