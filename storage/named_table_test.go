package storage_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

var named = storage.NewNamedTable("schedule", "named", "named_names", func(s *slnet.Schedule) (uuid.UUID, string) { return s.ID, s.Name })

func TestNamedTable(t *testing.T) {
	h := openHouse(t)
	first, second := &slnet.Schedule{ID: uuid.New(), Name: "First"}, &slnet.Schedule{ID: uuid.New(), Name: "second"}
	h.update(func(tx *storage.Tx) error { return errors.Join(named.Put(tx, nil, second), named.Put(tx, nil, first)) })
	names := func(after string, limit int64) string {
		var list []slnet.Schedule
		h.view(func(r *storage.Reader) (err error) {
			list, err = named.List(t.Context(), r, after, limit, func(s *slnet.Schedule) bool { return s.Name != "hidden" })
			return err
		})
		var names []string
		for _, s := range list {
			names = append(names, s.Name)
		}
		return strings.Join(names, " ")
	}
	find := func(id uuid.UUID, name string) (found *slnet.Schedule, err error) {
		err = h.View(t.Context(), func(r *storage.Reader) error {
			found, err = named.Find(r, id, name)
			return err
		})
		return found, err
	}
	put := func(old, record *slnet.Schedule) error {
		_, err := h.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error { return named.Put(tx, old, record) })
		return err
	}

	if got := names("", 0); got != "First second" {
		t.Errorf("by name: %q", got)
	}
	if a, b := names("FIRST", 0), names("", 1); a != "second" || b != "First" {
		t.Errorf("behind the first: %q, one: %q", a, b)
	}
	for what, refused := range map[string]error{
		"a name in another case": put(nil, &slnet.Schedule{ID: uuid.New(), Name: "SECOND"}),
		"the id of another":      put(nil, &slnet.Schedule{ID: first.ID, Name: "third"}),
		"renamed to another":     put(first, &slnet.Schedule{ID: first.ID, Name: "second"}),
	} {
		if !errors.Is(refused, slnet.KindAlreadyExists) {
			t.Errorf("%s: %v", what, refused)
		}
	}
	renamed := &slnet.Schedule{ID: first.ID, Name: "third"}
	if err := put(first, renamed); err != nil {
		t.Fatal(err)
	}
	if _, err := find(uuid.Nil, "first"); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("by the former name: %v", err)
	}
	for _, found := range []struct {
		id   uuid.UUID
		name string
	}{{first.ID, ""}, {uuid.Nil, "THIRD"}} {
		if got, err := find(found.id, found.name); err != nil || got.Name != "third" {
			t.Errorf("%v: %v, %v", found, got, err)
		}
	}
	if err := put(renamed, &slnet.Schedule{ID: first.ID, Name: "THIRD"}); err != nil {
		t.Errorf("in another case of its own name: %v", err)
	}
	h.update(func(tx *storage.Tx) error { return named.Delete(tx, second) })
	if got := names("", 0); got != "THIRD" {
		t.Errorf("after a deletion: %q", got)
	}
	if _, err := find(second.ID, ""); !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("deleted: %v", err)
	}
	if err := put(nil, second); err != nil {
		t.Errorf("the name of what was deleted: %v", err)
	}
	err := h.View(t.Context(), func(r *storage.Reader) error {
		_, err := named.List(t.Context(), r, "", 1001, func(*slnet.Schedule) bool { return true })
		return err
	})
	if !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("more than can be listed: %v", err)
	}
}
