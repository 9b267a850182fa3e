package dommanager

import (
	"context"
	"errors"
	"time"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Access returns what a caller has access to now among the instances of a module,
// by the links its manager was started with. Without module settings there is no
// manager, and the error is of KindNotFound.
func (m *Managers) Access(ctx context.Context, moduleID string, caller security.Caller) (security.Access, error) {
	manager, err := m.manager(ctx, moduleID)
	if err != nil {
		return security.Access{}, err
	}
	return manager.access(caller), nil
}

// AccessWith returns what somebody with some rights has access to among the
// instances of a module, as Access does for a caller.
func (m *Managers) AccessWith(ctx context.Context, moduleID string, rights *security.Rights) (security.Access, error) {
	manager, err := m.manager(ctx, moduleID)
	if err != nil {
		return security.Access{}, err
	}
	return rights.Access(manager.links), nil
}

// mayStore refuses a new version that its sender may not store. What the manager
// fills in later, such as numbers, does not count.
func (m *manager) mayStore(access security.Access, o dom.Object) error {
	if i, ok := o.(*dom.Instance); ok && !access.Writes(i) {
		return security.DenyNew(m.moduleID, i)
	}
	return nil
}

// mayChange refuses to change or delete a stored version.
func (m *manager) mayChange(access security.Access, old dom.Object) error {
	if i, ok := old.(*dom.Instance); ok && !access.Writes(i) {
		return security.DenyInstances(m.moduleID, i.ID)
	}
	return nil
}

// missing is the error of an object that does not exist. Who does not have access
// to every instance is told the same as of one that is not accessible.
func (m *manager) missing(access security.Access, kind dom.ObjectKind, key string) error {
	if kind == dom.KindInstance && !access.IsFull() {
		if id, err := dom.ParseInstanceID(key); err == nil {
			return security.DenyInstances(m.moduleID, id)
		}
	}
	return didNotExist(kind, m.moduleID, key)
}

// taken is the error of a new object whose id is taken: by one that its sender
// cannot read, which is not told, or by another.
func (m *manager) taken(tx *storage.Tx, access security.Access, o dom.Object) error {
	i, ok := o.(*dom.Instance)
	if !ok || access.IsFull() {
		return alreadyExisted(o, m.moduleID)
	}
	old, err := tx.Object(dom.KindInstance, m.moduleID, i.Key())
	if err != nil {
		return err
	}
	if !access.Reads(old.(*dom.Instance)) {
		return security.DenyInstances(m.moduleID, i.ID)
	}
	return alreadyExisted(o, m.moduleID)
}

// scope limits a search to what its sender has access to, as far as it is about
// instances or their history. The query must be a checked one.
func (m *manager) scope(r *storage.Reader, access security.Access, s *storage.Search) error {
	switch s.Kind {
	case dom.KindInstance:
		if m.links != nil {
			defer m.costs.took(time.Now())
		}
		scope, err := access.ScopeRead(s.Query.Filter)
		s.Query.Filter, s.Visible, s.IsPrivate = scope.Filter, scope.Visible, scope.IsPartial
		return err
	case dom.KindHistoryChange:
		return m.mayReadHistory(r, access, s.Query.Filter, dom.ErrReadFilterNotSupportedBySecurity)
	}
	return nil
}

// scopeCount is scope for a count, and returns the filter to count by.
func (m *manager) scopeCount(r *storage.Reader, access security.Access, kind dom.ObjectKind, f dom.Filter) (dom.Filter, error) {
	switch kind {
	case dom.KindInstance:
		return access.ScopeCount(f)
	case dom.KindHistoryChange:
		return f, m.mayReadHistory(r, access, f, dom.ErrCountFilterNotSupportedBySecurity)
	}
	return f, nil
}

// mayReadHistory refuses a filter on history that is not scoped to instances, or
// to one that is not accessible or does not exist. Who can read an instance can
// read all of its history. (rows SEC-12, SEC-13)
func (m *manager) mayReadHistory(r *storage.Reader, access security.Access, f dom.Filter, reason slnet.Reason) error {
	if !access.IsRestricted() {
		return nil
	}
	ids, err := access.HistorySubjects(f, reason)
	if err != nil || access.IsFull() {
		return err
	}
	visible := access.Visible()
	var denied []dom.InstanceID
	var o dom.RawObject
	for _, id := range ids {
		raw, err := r.Raw(dom.KindInstance, m.moduleID, id.String())
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		if err == nil {
			o.Reset(dom.KindInstance, raw)
			if visible(&o) && o.Err() == nil {
				continue
			}
		}
		denied = append(denied, id)
	}
	if len(denied) > 0 {
		return security.DenyInstances(m.moduleID, denied...)
	}
	return nil
}
