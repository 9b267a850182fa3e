package runtime

import (
	"context"
	"errors"
	"slices"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// accesses is what one caller has access to in the modules of some events. It is
// asked for once for each, and not kept: rights change.
type accesses struct {
	runtime *Runtime
	caller  security.Caller
	known   map[string]moduleAccess
}

// moduleAccess is what a user has access to in a module. isUnknown says that
// nobody could tell, for the module has no manager: its settings were deleted, or
// cannot be read.
type moduleAccess struct {
	security.Access
	isUnknown bool
}

func (r *Runtime) accessesOf(caller security.Caller) *accesses {
	return &accesses{r, caller, make(map[string]moduleAccess)}
}

// to returns the access to the instances of a module.
func (a *accesses) to(ctx context.Context, moduleID string) (moduleAccess, error) {
	if known, ok := a.known[moduleID]; ok {
		return known, nil
	}
	access, err := a.runtime.managers.Access(ctx, moduleID, a.caller)
	m := moduleAccess{Access: access}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return m, ctx.Err()
	case a.runtime.accounts.Has(a.caller, slnet.PermissionModuleSettingsConfiguration):
		m.Access = security.FullAccess()
	default:
		if !errors.Is(err, slnet.KindNotFound) {
			a.runtime.log.WarnContext(ctx, "the link security of a module cannot be evaluated", "op", "runtime.events", "module", moduleID, "user", a.caller.User, "err", err)
		}
		m.isUnknown = true
	}
	a.known[moduleID] = m
	return m, nil
}

// seesInformation reports whether a user gets to see an information event. One
// about an instance is for those who can read the instance, as it is now; when it
// does not exist any more, for those who can read all of its definition.
func (a *accesses) seesInformation(ctx context.Context, r *storage.Reader, e *slnet.InformationEventMessage) (bool, error) {
	if e.ModuleID == "" || e.ObjectKind != "" && e.ObjectKind != string(dom.KindInstance) {
		return true, nil
	}
	access, err := a.to(ctx, e.ModuleID)
	if err != nil || access.isUnknown || access.IsFull() {
		return !access.isUnknown, err
	}
	if e.ObjectKind == "" { // made by a version that did not say what it is about
		return false, nil
	}
	o, err := r.Object(dom.KindInstance, e.ModuleID, e.ObjectID)
	if errors.Is(err, storage.ErrNotFound) {
		definition, err := dom.ParseDefinitionID(e.DomDefinitionID)
		return err == nil && access.Grant(definition).Reads == security.ReachAll, nil
	}
	if err != nil {
		return false, err
	}
	return access.Reads(o.(*dom.Instance)), nil
}

// visibleInformation leaves out the events that a user does not get to see.
func (a *accesses) visibleInformation(ctx context.Context, r *storage.Reader, events []slnet.InformationEventMessage) ([]slnet.InformationEventMessage, error) {
	var failed error
	visible := slices.DeleteFunc(events, func(e slnet.InformationEventMessage) bool {
		sees, err := a.seesInformation(ctx, r, &e)
		failed = errors.Join(failed, err)
		return !sees
	})
	return visible, failed
}

// seesTransition reports whether a user gets to see a status transition of a
// commit: who can read the instance as the transition left it. Of an instance
// that was deleted since nobody knows that, so it is for those who can read all.
func (a *accesses) seesTransition(ctx context.Context, r *storage.Reader, row *storage.FeedRow, moduleID string, id dom.InstanceID) (bool, error) {
	access, err := a.to(ctx, moduleID)
	if err != nil || access.isUnknown || access.IsFull() {
		return !access.isUnknown, err
	}
	at := slices.IndexFunc(row.Changes, func(c storage.Change) bool {
		return c.Kind == dom.KindInstance && c.ModuleID == moduleID && c.ObjectID == id.String()
	})
	if at < 0 {
		return false, nil
	}
	raw, err := r.ChangedObject(&row.Changes[at])
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	o, err := dom.DecodeObject(dom.KindInstance, raw)
	if err != nil {
		return false, err
	}
	return access.Reads(o.(*dom.Instance)), nil
}

// reads reports whether an object may be read; only instances are restricted.
func (m moduleAccess) reads(o dom.Object) bool {
	i, ok := o.(*dom.Instance)
	return !ok || m.Reads(i)
}

// lost is what there is to say at its deletion of an object whose changes were not
// delivered, because it had been deleted when they were looked at. It may have
// been selected before those. Whether somebody with access by value could read it
// then is not known any more; they are told so, and nothing else.
func (m moduleAccess) lost(o dom.Object, raw slnet.Raw) *selected {
	if m.reads(o) {
		return &selected{raw: raw, left: true}
	}
	if m.Grant(o.(*dom.Instance).DomDefinitionID).Reads == security.ReachValues {
		return &selected{isUnknown: true}
	}
	return nil
}

// tombstone is what remains of an instance for a subscriber who had access to it
// and has no more: which it was.
func tombstone(before *dom.Instance) (slnet.Raw, error) {
	return dom.EncodeObject(&dom.Instance{ID: before.ID, ModuleID: before.ModuleID, DomDefinitionID: before.DomDefinitionID})
}
