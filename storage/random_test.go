package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// anyName draws texts that differ by case, are longer than an index keeps, or
// hold a zero byte.
func anyName() *rapid.Generator[string] {
	long := string(bytes.Repeat([]byte("é"), 130))
	return rapid.SampledFrom([]string{"", "a", "A", "b", "a\x00b", "é", "É", "İ", "K", long, long + "x", long + "y"})
}

// place names an object.
type place struct {
	moduleID string
	kind     dom.ObjectKind
	id       string
}

// anyObject draws an object of a kind with one of few ids.
func anyObject(t *rapid.T) dom.Object {
	id := byte(rapid.IntRange(1, 5).Draw(t, "id"))
	name := anyName().Draw(t, "name")
	switch kind := rapid.SampledFrom(dom.ObjectKinds()).Draw(t, "kind"); kind {
	case dom.KindModuleSettings:
		return &dom.ModuleSettings{ModuleID: fmt.Sprintf("m%d", id)}
	case dom.KindSectionDefinition:
		return &dom.SectionDefinition{ID: dom.SectionDefinitionID{id}, Name: name}
	case dom.KindBehaviorDefinition:
		return &dom.BehaviorDefinition{ID: dom.BehaviorDefinitionID{id}, Name: name}
	case dom.KindDefinition:
		return &dom.Definition{ID: dom.DefinitionID{id}, Name: name}
	case dom.KindTemplate:
		return &dom.Template{ID: dom.TemplateID{id}, Name: name}
	}
	o := thing(name, byte(rapid.IntRange(1, 2).Draw(t, "definition")), nil)
	o.ID, o.StatusID = dom.InstanceID{id}, rapid.SampledFrom([]string{"", "draft", "Draft"}).Draw(t, "status")
	return o
}

// TestEverythingFollowsFromTheObjects does random things to a store and to a
// map, and compares the two: objects, index entries, counters.
func TestEverythingFollowsFromTheObjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHouse(t)
		defer h.close()
		model := make(map[place][]byte)
		for range rapid.IntRange(1, 30).Draw(t, "changes") {
			o := anyObject(t)
			moduleID := rapid.SampledFrom([]string{here, elsewhere}).Draw(t, "module")
			at := place{moduleID, o.Kind(), o.Key()}
			stored := h.read(moduleID, o.Kind(), o.Key())
			if raw := model[at]; (stored != nil) != (raw != nil) {
				t.Fatalf("%v is stored: %v, want %v", at, stored != nil, raw != nil)
			}
			h.update(func(tx *storage.Tx) (err error) {
				var raw slnet.Raw
				switch {
				case stored == nil:
					raw, err = tx.Insert(moduleID, o)
				case rapid.Bool().Draw(t, "remove"):
					delete(model, at)
					return tx.Remove(moduleID, stored, false)
				default:
					raw, err = tx.Replace(moduleID, stored, o)
				}
				model[at] = raw
				return err
			})
		}
		compare(t, h, model)
	})
}

// compare rebuilds what follows from the objects of the model.
func compare(t *rapid.T, h *house, model map[place][]byte) {
	t.Helper()
	objects, entries, counters := make(map[string][]byte), make(map[string][]byte), make(map[string]int64)
	for at, raw := range model {
		o, err := dom.DecodeObject(at.kind, raw)
		if err != nil {
			t.Fatal(err)
		}
		objects[string(storage.ObjectKey(at.kind, at.moduleID, at.id))] = raw
		for _, entry := range storage.IndexKeys(at.moduleID, o) {
			entries[string(entry)] = nil
		}
		counters[string(storage.CounterKey(at.kind, at.moduleID))]++
		if instance, ok := o.(*dom.Instance); ok {
			counters[string(storage.DefinitionCounterKey(at.moduleID, instance.DomDefinitionID))]++
		}
	}
	if got := h.keys(storage.SpaceObject); !maps.EqualFunc(got, objects, bytes.Equal) {
		t.Errorf("%d objects are stored, want %d", len(got), len(objects))
	}
	if got := h.keys(storage.SpaceIndex); !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(entries))) {
		t.Errorf("the index entries are\n%q, want\n%q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(entries)))
	}
	for key, value := range h.keys(storage.SpaceCounter) {
		if got := int64(binary.BigEndian.Uint64(value)); got != counters[key] {
			t.Errorf("counter %q is %d, want %d", key, got, counters[key])
		}
		delete(counters, key)
	}
	if len(counters) > 0 {
		t.Errorf("the counters %v are missing", counters)
	}
	h.view(func(r *storage.Reader) error {
		n, err := r.Count(context.Background(), dom.KindInstance, here, dom.True())
		want := 0
		for at := range model {
			if at.kind == dom.KindInstance && at.moduleID == here {
				want++
			}
		}
		if n != int64(want) {
			t.Errorf("%d instances are counted, want %d", n, want)
		}
		return err
	})
}
