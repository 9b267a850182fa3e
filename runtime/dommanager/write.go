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

// existing reads the stored version of module settings that are to be replaced.
// ifRevision is the revision it must have, 0 for any.
func existing(tx *storage.Tx, moduleID string, updated dom.Object, ifRevision int64) (dom.Object, error) {
	old, err := tx.Object(updated.Kind(), moduleID, updated.Key())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, didNotExist(updated.Kind(), moduleID, updated.Key())
	}
	if err != nil {
		return nil, err
	}
	return old, checkRevision(moduleID, old, ifRevision)
}

// checkRevision refuses to replace a version other than the one that was read; 0
// stands for any.
func checkRevision(moduleID string, old dom.Object, ifRevision int64) error {
	is := old.GetTracking()
	if ifRevision == 0 || is.Revision == ifRevision {
		return nil
	}
	return failed(dom.ManagerStoreError, dom.ErrObjectChangedSinceRead,
		slnet.ErrorProperties{ID: old.Key(), ModuleID: moduleID},
		"%s %s was read at revision %d, it has revision %d since %s changed it; read it again",
		old.Kind(), old.Key(), ifRevision, is.Revision, is.LastModifiedBy)
}

// changeable returns a stored object that is to be changed or deleted.
func (m *manager) changeable(tx *storage.Tx, access security.Access, kind dom.ObjectKind, key string) (slnet.Raw, dom.Object, error) {
	raw, old, err := stored(tx, kind, m.moduleID, key)
	if errors.Is(err, dom.ErrObjectDidNotExist) {
		return nil, nil, m.missing(access, kind, key)
	}
	if err != nil {
		return nil, nil, err
	}
	return raw, old, m.mayChange(access, old)
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
