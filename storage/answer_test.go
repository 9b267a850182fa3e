package storage_test

import (
	"errors"
	"strings"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

var field = dom.NewFieldDescriptorID()

// large returns an instance of about so many bytes.
func large(bytes int) *dom.Instance {
	o := dom.NewInstance(dom.NewDefinitionID())
	o.AddOrUpdateFieldValue(dom.NewSectionDefinitionID(), field, strings.Repeat("x", bytes))
	return o
}

// A module may have more than one answer can carry, and be read all the same.
func TestEachIsNotBounded(t *testing.T) {
	h := openHouse(t)
	for range 4 {
		h.insert(here, large(storage.MaxAnswerBytes/3))
	}
	n := 0
	h.view(func(r *storage.Reader) error {
		return r.Each(t.Context(), dom.KindInstance, here, func(dom.Object) { n++ })
	})
	if n != 4 {
		t.Errorf("%d objects, want 4", n)
	}
}

// An answer is bounded; pages end early and lead to all objects.
func TestAnswersAreBounded(t *testing.T) {
	h := openHouse(t)
	const objects, size = 5, storage.MaxAnswerBytes/3 + 1
	want := make(map[string]bool)
	for range objects {
		o := large(size)
		want[o.Key()] = true
		h.insert(here, o)
	}
	byName := dom.NewQuery(dom.True()).OrderBy(dom.InstanceExposers.Name)
	for name, query := range map[string]dom.Query{"by id": dom.NewQuery(dom.True()), "ordered": byName, "by two orders": byName.ThenByDescending(dom.InstanceExposers.CreatedAt)} {
		h.view(func(r *storage.Reader) error {
			_, err := r.Search(t.Context(), storage.Search{Kind: dom.KindInstance, ModuleID: here, Query: query})
			if !errors.Is(err, slnet.KindTooLarge) {
				t.Errorf("%s: all at once: %v", name, err)
			}
			value := dom.InstanceExposers.FieldValue(field)
			_, err = r.Search(t.Context(), storage.Search{Kind: dom.KindInstance, ModuleID: here, Query: query, Select: []dom.Exposer{value}})
			if !errors.Is(err, slnet.KindTooLarge) {
				t.Errorf("%s: selected values: %v", name, err)
			}
			seen := make(map[string]bool)
			for search := (storage.Search{Kind: dom.KindInstance, ModuleID: here, Query: query, PageSize: 100}); ; {
				answer, err := r.Search(t.Context(), search)
				if err != nil {
					return err
				}
				for _, raw := range answer.Objects {
					o, err := dom.DecodeObject(dom.KindInstance, raw)
					if err != nil {
						return err
					}
					if seen[o.Key()] {
						t.Errorf("%s: %s comes twice", name, o.Key())
					}
					seen[o.Key()] = true
				}
				if len(answer.Objects) > 2 {
					t.Errorf("%s: a page of %d objects", name, len(answer.Objects))
				}
				if search.Cursor = answer.Next; answer.Next == "" {
					break
				}
			}
			if len(seen) != len(want) {
				t.Errorf("%s: the pages have %d objects, want %d", name, len(seen), len(want))
			}
			return nil
		})
	}
}
