package dommanager_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

// instances are new instances with a value, not saved.
func (f fixture) instances(n int, value any) []*dom.Instance {
	list := make([]*dom.Instance, n)
	for i := range list {
		list[i] = f.instance(value)
	}
	return list
}

func idsOf(instances []*dom.Instance) []dom.InstanceID {
	ids := make([]dom.InstanceID, len(instances))
	for i, instance := range instances {
		ids[i] = instance.ID
	}
	return ids
}

// bulkRequest is what a client sends that does not use the helper.
func bulkRequest(t testing.TB, moduleID string, instances []*dom.Instance) *dom.ManagerStoreBulkCreateOrUpdateRequest {
	t.Helper()
	request := &dom.ManagerStoreBulkCreateOrUpdateRequest{ModuleID: moduleID, Kind: dom.KindInstance}
	for _, instance := range instances {
		raw, err := dom.EncodeObject(instance)
		if err != nil {
			t.Fatal(err)
		}
		request.Objects = append(request.Objects, raw)
	}
	return request
}

// mixed are 99 valid instances with an invalid one at position 50.
func mixed(f fixture) (list []*dom.Instance, invalid *dom.Instance) {
	list = f.instances(100, "x")
	list[50] = f.instance(1)
	return list, list[50]
}

// wantPartial checks the result of saving mixed instances.
func wantPartial(t testing.TB, h *dom.DomHelper, result *dom.BulkResult, list []*dom.Instance, invalid *dom.Instance) {
	t.Helper()
	valid := slices.DeleteFunc(idsOf(list), func(id dom.InstanceID) bool { return id == invalid.ID })
	if !slices.Equal(result.SuccessfulIDs, valid) || !slices.Equal(idsOf(result.SuccessfulItems), valid) {
		t.Errorf("%d of %d ids succeeded, %d items", len(result.SuccessfulIDs), len(valid), len(result.SuccessfulItems))
	}
	if !slices.Equal(result.UnsuccessfulIDs, []dom.InstanceID{invalid.ID}) || !result.HasFailures() {
		t.Errorf("failed: %v", result.UnsuccessfulIDs)
	}
	e := wantReason(t, &slnet.CrudFailedError{TraceData: result.TraceDataPerItem[invalid.ID]}, dom.InstanceError, dom.ErrDomInstanceSectionInvalidFieldValueTypes)
	if e.Properties.ID != invalid.Key() || len(result.TraceDataPerItem) != 1 {
		t.Errorf("trace data %+v", result.TraceDataPerItem)
	}
	if n, err := h.DomInstances.Count(t.Context(), dom.True()); err != nil || n != int64(len(valid)) {
		t.Errorf("%d stored, %v", n, err)
	}
}

func TestBulk(t *testing.T) {
	newText := func(t *testing.T, h *dom.DomHelper) fixture { return newFixture(t, h, plainField("F", dom.TypeString)) }
	eachDoor(t, []row{
		{"BLK-02", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			list := newText(t, h).instances(101, "x")
			_, saveErr := h.DomInstances.CreateOrUpdate(t.Context(), list)
			_, deleteErr := h.DomInstances.DeleteMany(t.Context(), list)
			_, saved := h.DomInstances.TryCreateOrUpdate(t.Context(), list)
			_, deleted := h.DomInstances.TryDeleteMany(t.Context(), list)
			_, sendErr := conn.SendSLNetMessages(t.Context(), bulkRequest(t, h.ModuleID, list))
			keys := make([]string, 101)
			_, sendDeleteErr := conn.SendSLNetMessages(t.Context(), &dom.ManagerStoreBulkDeleteRequest{ModuleID: h.ModuleID, Kind: dom.KindInstance, Keys: keys})
			for _, err := range []error{saveErr, deleteErr, sendErr, sendDeleteErr} {
				if !errors.Is(err, dom.ErrMaxAmountExceeded) || !strings.Contains(err.Error(), "101") {
					t.Errorf("got %v", err)
				}
				examples.NoteText(string(dom.ErrMaxAmountExceeded), err.Error())
			}
			if n, err := h.DomInstances.Count(t.Context(), dom.True()); saved || deleted || n != 0 || err != nil {
				t.Errorf("%d stored, %v", n, err)
			}
		}},
		{"BLK-03", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			if n := h.DomInstances.MaxAmountBulkOperation(); n != 100 {
				t.Errorf("at most %d", n)
			}
		}},
		{"BLK-04", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			f := newText(t, h)
			existing, err := h.DomInstances.CreateOrUpdate(t.Context(), f.instances(40, "x"))
			if err != nil {
				t.Fatal(err)
			}
			for _, instance := range existing.SuccessfulItems {
				instance.AddOrUpdateFieldValue(f.section.ID, f.section.FieldDescriptors[0].ID, "y")
			}
			events, err := conn.Subscribe(t.Context(), slnet.Subscription{ModuleID: h.ModuleID})
			if err != nil {
				t.Fatal(err)
			}
			defer events.Close()
			list := slices.Concat(f.instances(30, "x"), existing.SuccessfulItems, f.instances(30, "x"))
			result, err := h.DomInstances.CreateOrUpdate(t.Context(), list)
			if err != nil || !slices.Equal(result.SuccessfulIDs, idsOf(list)) || result.HasFailures() {
				t.Fatalf("%d succeeded, %v", len(result.SuccessfulIDs), err)
			}
			if result.SuccessfulItems[0].Revision != 1 || result.SuccessfulItems[30].Revision != 2 {
				t.Errorf("revisions %d and %d", result.SuccessfulItems[0].Revision, result.SuccessfulItems[30].Revision)
			}
			event, err := events.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			changed, ok := event.Message.(*dom.ObjectsChangedEventMessage)
			if !ok || len(changed.Created) != 60 || len(changed.Updated) != 40 || len(changed.Deleted) != 0 {
				t.Errorf("event %T: %d created, %d updated", event.Message, len(changed.Created), len(changed.Updated))
			}
		}},
		{"BLK-05", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			list, invalid := mixed(newText(t, h))
			_, err := h.DomInstances.CreateOrUpdate(t.Context(), list)
			var failed *dom.BulkCrudFailedError
			if !errors.As(err, &failed) {
				t.Fatalf("got %v", err)
			}
			wantPartial(t, h, failed.Result, list, invalid)
		}},
		{"BLK-06", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			list, invalid := mixed(newText(t, h))
			result, ok := h.DomInstances.TryCreateOrUpdate(t.Context(), list)
			if ok {
				t.Error("all succeeded")
			}
			wantPartial(t, h, result, list, invalid)
		}},
		{"BLK-06 all fail", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			list := newText(t, h).instances(3, 1)
			refused := refusedBulk(t, h, func() error {
				_, err := h.DomInstances.CreateOrUpdate(t.Context(), list)
				return err
			})
			if len(refused.ErrorData) != 3 {
				t.Errorf("errors %+v", refused.ErrorData)
			}
			if result, ok := h.DomInstances.TryCreateOrUpdate(t.Context(), list); ok || result != nil {
				t.Errorf("tried: %+v, %v", result, ok)
			}
		}},
		{"BLK-08", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newText(t, h)
			list := f.instances(3, "first")
			last := f.instance("last")
			last.ID = list[0].ID
			result, err := h.DomInstances.CreateOrUpdate(t.Context(), append(list, last))
			if err != nil || !slices.Equal(result.SuccessfulIDs, []dom.InstanceID{list[1].ID, list[2].ID, last.ID}) {
				t.Fatalf("succeeded %v, %v", result, err)
			}
			stored := readInstance(t, h, last.ID)
			if v, _ := stored.GetFieldValue(f.section.ID, f.section.FieldDescriptors[0].ID); v.Text() != "last" || stored.Revision != 1 {
				t.Errorf("stored %v at revision %d", v, stored.Revision)
			}
		}},
		{"BLK-09", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			_, saveErr := h.DomInstances.CreateOrUpdate(t.Context(), nil)
			_, deleteErr := h.DomInstances.DeleteMany(t.Context(), nil)
			_, itemErr := h.DomInstances.CreateOrUpdate(t.Context(), []*dom.Instance{nil})
			for _, err := range []error{saveErr, deleteErr, itemErr} {
				if !errors.Is(err, slnet.KindInvalid) {
					t.Errorf("got %v", err)
				}
			}
		}},
		{"BLK-10", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newText(t, h)
			list := f.instances(10, "x")
			if _, err := h.DomInstances.CreateOrUpdate(t.Context(), slices.Concat(list[:4], list[6:])); err != nil {
				t.Fatal(err)
			}
			_, err := h.DomInstances.DeleteMany(t.Context(), append(list, list[0]))
			var failed *dom.BulkCrudFailedError
			if !errors.As(err, &failed) {
				t.Fatalf("got %v", err)
			}
			r := failed.Result
			if !slices.Equal(r.SuccessfulIDs, idsOf(slices.Concat(list[:4], list[6:]))) || !slices.Equal(r.UnsuccessfulIDs, idsOf(list[4:6])) || len(r.SuccessfulItems) != 0 {
				t.Errorf("result %+v", r)
			}
			e := wantReason(t, &slnet.CrudFailedError{TraceData: r.TraceDataPerItem[list[4].ID]}, dom.ManagerStoreError, dom.ErrObjectDidNotExist)
			if n, err := h.DomInstances.Count(t.Context(), dom.True()); e.Properties.ID != list[4].Key() || n != 0 || err != nil {
				t.Errorf("properties %+v, %d stored, %v", e.Properties, n, err)
			}
		}},
		{"BLK-11", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			f := newText(t, h)
			list := f.instances(1_000, "x")
			list[777] = f.instance(1)
			saved, failed := 0, 0
			for chunk := range slices.Chunk(list, h.DomInstances.MaxAmountBulkOperation()) {
				result, _ := h.DomInstances.TryCreateOrUpdate(t.Context(), chunk)
				saved, failed = saved+len(result.SuccessfulIDs), failed+len(result.UnsuccessfulIDs)
			}
			if saved != 999 || failed != 1 {
				t.Errorf("%d saved, %d failed", saved, failed)
			}
		}},
		{"BLK-12", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			list := newText(t, h).instances(100, "x")
			if _, err := h.DomInstances.CreateOrUpdate(t.Context(), list); err != nil {
				t.Fatal(err)
			}
			history, err := h.DomInstanceHistory.Read(t.Context(), dom.True())
			subjects := make(map[string]bool)
			for _, change := range history {
				subjects[change.SubjectID] = true
			}
			if err != nil || len(history) != 100 || len(subjects) != 100 {
				t.Errorf("%d records of %d instances, %v", len(history), len(subjects), err)
			}
		}},
		{"TRK-01", func(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
			result, err := h.DomInstances.CreateOrUpdate(t.Context(), newText(t, h).instances(2, "x"))
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range result.SuccessfulIDs {
				stored := readInstance(t, h, id)
				if stored.CreatedBy != "Administrator" || stored.LastModifiedBy != "Administrator" || stored.CreatedAt.IsZero() || !stored.LastModified.Equal(stored.CreatedAt) {
					t.Errorf("tracking %+v", stored.Tracking)
				}
			}
		}},
		{"other kinds", func(t *testing.T, conn slnet.Connection, h *dom.DomHelper) {
			for _, request := range []slnet.Message{
				&dom.ManagerStoreBulkCreateOrUpdateRequest{ModuleID: h.ModuleID, Kind: dom.KindTemplate},
				&dom.ManagerStoreBulkDeleteRequest{ModuleID: h.ModuleID, Kind: dom.KindDefinition},
				&dom.ManagerStoreBulkDeleteRequest{ModuleID: h.ModuleID, Kind: dom.KindInstance, Keys: []string{"no id"}},
			} {
				if _, err := conn.SendSLNetMessages(t.Context(), request); !errors.Is(err, slnet.KindInvalid) {
					t.Errorf("%s: %v", request.MessageName(), err)
				}
			}
		}},
	})
}

// refusedBulk is the TraceData of a bulk request that must change nothing.
func refusedBulk(t testing.TB, h *dom.DomHelper, request func() error) *slnet.TraceData {
	t.Helper()
	before := snapshot(t, h)
	trace := slnet.TraceDataOf(request())
	examples.Note(trace)
	if trace == nil || !maps.Equal(before, snapshot(t, h)) {
		t.Fatalf("trace data %v, or the module changed", trace)
	}
	return trace
}

func TestBulkDeleteNeedsThePermissionOfDelete(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		admin := d.Administrator()
		settings := dom.DomManagerSettings{}
		settings.SecuritySettings.DeleteDomInstancePermission = dom.PermissionPlmDeleteDomInstances
		f := newFixture(t, dom.NewDomHelper(admin.SendSLNetMessages, newModuleWith(t, admin, settings)))
		list := f.instances(2, nil)
		if _, err := f.DomInstances.CreateOrUpdate(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		ann := dom.NewDomHelper(open(d.User("ann")).SendSLNetMessages, f.ModuleID)
		trace := refusedBulk(t, f.DomHelper, func() error {
			_, err := ann.DomInstances.DeleteMany(t.Context(), list)
			return err
		})
		for _, e := range trace.ErrorData {
			if e.Reason != dom.ErrNoPermission || e.Properties.Permission != int64(dom.PermissionPlmDeleteDomInstances) {
				t.Errorf("error %+v", e)
			}
		}
		ben := dom.NewDomHelper(open(d.User("ben", dom.PermissionPlmDeleteDomInstances)).SendSLNetMessages, f.ModuleID)
		if result, err := ben.DomInstances.DeleteMany(t.Context(), list); err != nil || len(result.SuccessfulIDs) != 2 {
			t.Errorf("with the permission: %+v, %v", result, err)
		}
	})
}

// TestSOF11RemovalOfAField follows the documented recipe: soft delete the field,
// page over the instances that have it, strip the values, remove the field.
func TestSOF11RemovalOfAField(t *testing.T) {
	eachDoor(t, []row{{"SOF-11", removeFieldInUse}})
}

func removeFieldInUse(t *testing.T, _ slnet.Connection, h *dom.DomHelper) {
	f := newFixture(t, h, plainField("Old", dom.TypeString), plainField("Kept", dom.TypeString))
	old, kept := f.section.FieldDescriptors[0].ID, f.section.FieldDescriptors[1].ID
	for range 12 {
		list := f.instances(100, "x")
		for _, instance := range list {
			instance.AddOrUpdateFieldValue(f.section.ID, kept, "y")
		}
		if _, err := h.DomInstances.CreateOrUpdate(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	f.refusedUpdate(t, dom.ErrSectionDefinitionFieldsInUse, removeField)
	if err := f.update(t, func(s *dom.SectionDefinition) { s.FieldDescriptors[0].IsSoftDeleted = true }); err != nil {
		t.Fatal(err)
	}
	hasOld := dom.InstanceExposers.KeyExists(old).Equal(true)
	for page := 0; ; page++ {
		list, err := h.DomInstances.ReadQuery(t.Context(), dom.NewQuery(hasOld).Limit(100))
		if err != nil || page > 12 {
			t.Fatalf("page %d: %v", page, err)
		}
		if len(list) == 0 {
			break
		}
		for _, instance := range list {
			instance.RemoveFieldValue(f.section.ID, old)
		}
		if _, err := h.DomInstances.CreateOrUpdate(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.update(t, removeField); err != nil {
		t.Fatal(err)
	}
	s, err := h.SectionDefinitions.Read(t.Context(), dom.SectionDefinitionExposers.ID.Equal(f.section.ID))
	if err != nil || len(s) != 1 || len(s[0].FieldDescriptors) != 1 || s[0].FieldDescriptors[0].ID != kept {
		t.Errorf("section definitions %+v, %v", s, err)
	}
	with, err1 := h.DomInstances.Count(t.Context(), dom.InstanceExposers.KeyExists(kept).Equal(true))
	without, err2 := h.DomInstances.Count(t.Context(), hasOld)
	if with != 1_200 || without != 0 || err1 != nil || err2 != nil {
		t.Errorf("%d have the kept field, %d the removed one, %v, %v", with, without, err1, err2)
	}
}

// commitCounter counts the transactions of a store, each of which costs a sync of
// the disk.
type commitCounter struct {
	kv.Store
	commits int
}

func (c *commitCounter) Update(ctx context.Context, fn func(tx kv.Tx) error) (kv.Version, error) {
	c.commits++
	return c.Store.Update(ctx, fn)
}

// TestBLK13BulkIsFaster compares what takes the time of 100 instances: one commit
// in bulk, 100 one by one.
func TestBLK13BulkIsFaster(t *testing.T) {
	counter := &commitCounter{Store: memkv.New()}
	h := dom.NewDomHelper(onStore(t, counter, "m"), "m")
	f := newFixture(t, h, plainField("F", dom.TypeString))
	before := counter.commits
	for _, instance := range f.instances(100, "x") {
		createInstance(t, h, instance)
	}
	single := counter.commits - before
	if _, err := h.DomInstances.CreateOrUpdate(t.Context(), f.instances(100, "x")); err != nil {
		t.Fatal(err)
	}
	if bulk := counter.commits - before - single; bulk != 1 || single != 100 {
		t.Errorf("%d commits in bulk, %d one by one", bulk, single)
	}
}

// TestBulkConflicts lets bulk requests update the same instances at once: every
// one of them is applied as a whole.
func TestBulkConflicts(t *testing.T) {
	h := newHelper(t, daemontest.Start(t).Administrator())
	f := newFixture(t, h, plainField("F", dom.TypeString))
	list := f.instances(20, "x")
	if _, err := h.DomInstances.CreateOrUpdate(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for range 8 {
		text := uuid.NewString()
		go func() {
			changed := make([]*dom.Instance, len(list))
			for i, instance := range list {
				changed[i] = f.instance(text)
				changed[i].ID = instance.ID
			}
			_, err := h.DomInstances.CreateOrUpdate(t.Context(), changed)
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	texts := make(map[string]bool)
	for _, instance := range list {
		stored := readInstance(t, h, instance.ID)
		v, _ := stored.GetFieldValue(f.section.ID, f.section.FieldDescriptors[0].ID)
		texts[v.Text()] = true
		if stored.Revision != 9 {
			t.Errorf("revision %d", stored.Revision)
		}
	}
	if len(texts) != 1 {
		t.Errorf("texts %v of several requests", texts)
	}
}
