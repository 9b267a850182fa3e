package stress

import (
	"fmt"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// operate does one operation.
func (r *run) operate() error {
	user := pick(r.random, []string{Ann, Ann, Ben, Cat})
	switch n := r.random.IntN(100); {
	case n < 17:
		return r.createOperation(user)
	case n < 37:
		return r.updateOperation(user)
	case n < 44:
		return r.deleteOperation(user)
	case n < 50:
		return r.bulkOperation(user)
	case n < 53:
		return r.bulkDeleteOperation(user)
	case n < 61:
		return r.transitionOperation(user)
	case n < 66:
		return r.modelOperation(user)
	}
	return r.readOperation(user)
}

// newInstance draws an instance under an id, and for what reason it is refused.
func (r *run) newInstance(id dom.InstanceID) (*dom.Instance, slnet.Reason) {
	d := r.anyDefinition()
	instance := &dom.Instance{ID: id, DomDefinitionID: d.ID}
	r.model.fill(r.random, instance, d)
	return instance, r.mayBeSpoilt(instance)
}

// mayBeSpoilt spoils some instances, and says why an instance is refused.
func (r *run) mayBeSpoilt(instance *dom.Instance) slnet.Reason {
	if r.random.chance(10) {
		return r.model.spoil(r.random, instance)
	}
	return ""
}

// changedInstance draws a new version of an instance, at times of another
// definition, and for what reason it is refused.
func (r *run) changedInstance(old *dom.Instance) (*dom.Instance, slnet.Reason) {
	instance, d := clone(old), r.model.definitionOf(old)
	if r.random.chance(15) {
		d = r.anyDefinition()
		instance.DomDefinitionID = d.ID
		if d.DomBehaviorDefinitionID.IsZero() {
			instance.StatusID = ""
		}
	}
	if !r.random.chance(20) || d.ID != old.DomDefinitionID {
		r.model.fill(r.random, instance, d)
	}
	return instance, r.mayBeSpoilt(instance)
}

// anyDefinition draws a definition, often one with a status system.
func (r *run) anyDefinition() *dom.Definition {
	list := all[*dom.Definition](r.model, dom.KindDefinition)
	if r.random.chance(40) {
		list = slices.DeleteFunc(list, func(d *dom.Definition) bool { return d.DomBehaviorDefinitionID.IsZero() })
	}
	return pick(r.random, list)
}

// anyInstance draws an instance that is there, nil when none is.
func (r *run) anyInstance() *dom.Instance {
	return pick(r.random, all[*dom.Instance](r.model, dom.KindInstance))
}

func (r *run) createOperation(user string) error {
	id := pick(r.random, r.model.ids)
	if r.model.instance(id) != nil && r.random.chance(80) {
		id = pick(r.random, r.model.ids) // rather one that is free
	}
	instance, want := r.newInstance(id)
	if want == "" && r.model.instance(instance.ID) != nil {
		want = dom.ErrObjectAlreadyExisted
	}
	r.say("%s creates instance %s of %s with %d sections", user, instance.ID, instance.DomDefinitionID, len(instance.Sections))
	return r.create(user, instance, want)
}

func (r *run) updateOperation(user string) error {
	old := r.anyInstance()
	if old == nil || r.random.chance(5) {
		instance, _ := r.newInstance(dom.InstanceID(r.random.uuid()))
		r.say("%s updates instance %s, which does not exist", user, instance.ID)
		return r.update(user, instance, 0, dom.ErrObjectDidNotExist)
	}
	instance, want := r.changedInstance(old)
	ifRevision := pick(r.random, []int64{0, old.Revision, old.Revision, old.Revision + 1})
	if ifRevision > old.Revision {
		want = dom.ErrObjectChangedSinceRead
	}
	r.say("%s updates instance %s if its revision is %d", user, instance.ID, ifRevision)
	return r.update(user, instance, ifRevision, want)
}

// mayDelete reports whether a user may delete instances.
func (r *run) mayDelete(user string) bool {
	return user != Ben || r.model.settings.DomManagerSettings.SecuritySettings.DeleteDomInstancePermission == dom.PermissionNone
}

func (r *run) deleteOperation(user string) error {
	id, want := pick(r.random, r.model.ids), slnet.Reason("")
	if old := r.anyInstance(); old != nil && r.random.chance(80) {
		id = old.ID
	}
	switch {
	case !r.mayDelete(user):
		want = dom.ErrNoPermission
	case r.model.instance(id) == nil:
		want = dom.ErrObjectDidNotExist
	}
	r.say("%s deletes instance %s", user, id)
	return r.delete(user, dom.KindInstance, id.String(), want)
}

func (r *run) transitionOperation(user string) error {
	id, transition := pick(r.random, r.model.ids), fmt.Sprintf("%s%d", pick(r.random, statuses), r.random.IntN(2))
	old := r.anyInstance()
	for try := 0; try < 3 && old != nil && old.StatusID == ""; try++ {
		old = r.anyInstance()
	}
	if old != nil && r.random.chance(90) {
		id = old.ID
		if old.StatusID != "" && r.random.chance(70) {
			transition = fmt.Sprintf("%s%d", old.StatusID, r.random.IntN(2))
		}
	}
	r.say("%s moves instance %s by %s", user, id, transition)
	request := &dom.DomInstanceStatusTransitionRequest{ModuleID: r.model.settings.ModuleID, DomInstanceID: id, TransitionID: transition}
	switch old = r.model.instance(id); {
	case old == nil:
		return r.write(user, request, nil, dom.ErrObjectDidNotExist)
	case old.StatusID == "":
		return r.write(user, request, nil, dom.ErrStatusTransitionNotFound)
	}
	from := slices.Index(statuses, transition[:len(transition)-1])
	if statuses[from] != old.StatusID {
		return r.write(user, request, nil, dom.ErrStatusTransitionIncompatibleWithCurrentStatus)
	}
	moved := clone(old)
	moved.StatusID = statuses[(from+int(transition[len(transition)-1]-'0'))%len(statuses)]
	return r.write(user, request, moved, "")
}

// bulkItem is an instance of a bulk request, and why it must be refused.
type bulkItem struct {
	instance *dom.Instance
	want     slnet.Reason
}

// bulkOperation creates and updates several instances, some of which may be
// refused, some sent twice.
func (r *run) bulkOperation(user string) error {
	items := make([]bulkItem, 1+r.random.IntN(9))
	request := &dom.ManagerStoreBulkCreateOrUpdateRequest{ModuleID: r.model.settings.ModuleID, Kind: dom.KindInstance}
	for i := range items {
		id := pick(r.random, r.model.ids)
		if old := r.model.instance(id); old != nil {
			items[i].instance, items[i].want = r.changedInstance(old)
		} else {
			items[i].instance, items[i].want = r.newInstance(id)
		}
		raw, err := dom.EncodeObject(items[i].instance)
		if err != nil {
			return err
		}
		request.Objects = append(request.Objects, raw)
	}
	r.say("%s saves %d instances", user, len(items))
	response, _, err := r.ask(user, request)
	if err != nil {
		return err
	}
	bulk := newBulk(response)
	for i, item := range items {
		sameID := func(other bulkItem) bool { return other.instance.ID == item.instance.ID }
		if slices.ContainsFunc(items[i+1:], sameID) {
			continue // only the last counts
		}
		raw, err := bulk.next(item.instance.Key(), item.want)
		if err != nil {
			return err
		}
		if item.want != "" {
			r.came("refused ", item.want)
			continue
		}
		if err := r.model.stored(user, item.instance, raw); err != nil {
			return err
		}
		r.cameOf(item.instance)
	}
	return bulk.end()
}

func (r *run) bulkDeleteOperation(user string) error {
	request := &dom.ManagerStoreBulkDeleteRequest{ModuleID: r.model.settings.ModuleID, Kind: dom.KindInstance}
	for range 1 + r.random.IntN(5) {
		request.Keys = append(request.Keys, pick(r.random, r.model.ids).String())
	}
	r.say("%s deletes %d instances", user, len(request.Keys))
	response, _, err := r.ask(user, request)
	if err != nil {
		return err
	}
	bulk := newBulk(response)
	for i, key := range request.Keys {
		var want slnet.Reason
		switch {
		case !r.mayDelete(user):
			want = dom.ErrNoPermission
		case slices.Contains(request.Keys[:i], key):
			continue
		case r.model.objects[dom.KindInstance][key] == nil:
			want = dom.ErrObjectDidNotExist
		}
		if _, err := bulk.next(key, want); err != nil {
			return err
		}
		if want == "" {
			r.model.deleted(dom.KindInstance, key)
		}
		r.came(key, want)
	}
	return bulk.end()
}

// bulk is the answer to a bulk request, to be gone through item by item.
type bulk struct {
	*dom.ManagerStoreBulkResponse
	good, bad int
}

func newBulk(response slnet.Message) *bulk {
	return &bulk{ManagerStoreBulkResponse: response.(*dom.ManagerStoreBulkResponse)}
}

// next compares what became of the next item. It returns the object as stored.
func (b *bulk) next(key string, want slnet.Reason) (raw slnet.Raw, err error) {
	if want != "" {
		if b.bad == len(b.UnsuccessfulKeys) || b.UnsuccessfulKeys[b.bad] != key {
			return nil, fmt.Errorf("item %s is not the next of the refused %q, want %q", key, b.UnsuccessfulKeys, want)
		}
		b.bad++
		return nil, refused(b.TraceDataPerItem[key], want)
	}
	if b.good == len(b.SuccessfulKeys) || b.SuccessfulKeys[b.good] != key {
		return nil, fmt.Errorf("item %s is not the next of the stored %q: %+v", key, b.SuccessfulKeys, b.TraceDataPerItem[key])
	}
	if b.good < len(b.Objects) {
		raw = b.Objects[b.good]
	}
	b.good++
	return raw, nil
}

// end says whether the answer tells of more than was sent.
func (b *bulk) end() error {
	if b.good != len(b.SuccessfulKeys) || b.bad != len(b.UnsuccessfulKeys) {
		return fmt.Errorf("%d items stored, %d refused; the answer tells of %d and %d", b.good, b.bad, len(b.SuccessfulKeys), len(b.UnsuccessfulKeys))
	}
	return nil
}
