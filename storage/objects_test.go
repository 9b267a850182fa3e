package storage_test

import (
	"context"
	"errors"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
)

func TestObjectsAreInsertedReplacedAndRemoved(t *testing.T) {
	h := openHouse(t)
	for _, o := range []dom.Object{
		&dom.ModuleSettings{ModuleID: "m"}, dom.NewSectionDefinition("s"), dom.NewDefinition("d"),
		dom.NewBehaviorDefinition("b"), dom.NewTemplate("t", thing("inner", 1, 5)), thing("i", 1, "v"),
	} {
		stored := func() int64 {
			if is := h.read(here, o.Kind(), o.Key()); is != nil {
				return is.GetTracking().Revision
			}
			return 0
		}
		o.GetTracking().Revision = 77 // is not the caller's to choose
		h.insert(here, o)
		if stored() != 1 {
			t.Errorf("%s: inserted as revision %d", o.Kind(), stored())
		}
		h.replace(here, o)
		h.replace(here, o)
		if stored() != 3 {
			t.Errorf("%s: replaced twice it has revision %d", o.Kind(), stored())
		}
		if h.read(elsewhere, o.Kind(), o.Key()) != nil {
			t.Errorf("%s is in another module too", o.Kind())
		}
		h.remove(here, o, false)
		if stored() != 0 || len(h.keys(storage.SpaceVersion)) != 0 || len(h.keys(storage.SpaceIndex)) != 0 || len(h.keys(storage.SpaceObject)) != 0 {
			t.Errorf("%s: something is left", o.Kind())
		}
	}
}

func TestInsertRefusesWhatExists(t *testing.T) {
	h := openHouse(t)
	o := thing("first", 1, nil)
	h.insert(here, o)
	again := thing("second", 2, nil)
	again.ID = o.ID
	_, err := h.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		_, err := tx.Insert(here, again)
		return err
	})
	if !errors.Is(err, storage.ErrExists) {
		t.Errorf("got %v", err)
	}
	if is := h.read(here, dom.KindInstance, o.Key()).(*dom.Instance); is.Name != "first" {
		t.Errorf("%q is stored", is.Name)
	}
	h.insert(elsewhere, again) // ids are unique within a module
}

func TestRefusedTransactionsWriteNothing(t *testing.T) {
	h := openHouse(t)
	o := thing("o", 1, nil)
	h.insert(here, o)
	before := h.Version()
	refused := errors.New("refused")
	_, err := h.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		if _, err := tx.Insert(here, thing("new", 1, nil)); err != nil {
			return err
		}
		if err := tx.Remove(here, o, false); err != nil {
			return err
		}
		return refused
	})
	if !errors.Is(err, refused) || h.Version() != before || h.read(here, dom.KindInstance, o.Key()) == nil {
		t.Errorf("%v, version %d after %d", err, h.Version(), before)
	}
	if cursor := h.update(func(*storage.Tx) error { return nil }); cursor != before || h.Version() != before {
		t.Errorf("a transaction without a write made version %d of %d", cursor, before)
	}
}

func TestReplaceRefusesAnotherObject(t *testing.T) {
	h := openHouse(t)
	o, stranger := thing("o", 1, nil), thing("stranger", 1, nil)
	h.insert(here, o)
	for name, fn := range map[string]func(tx *storage.Tx) error{
		"another id":   func(tx *storage.Tx) error { _, err := tx.Replace(here, o, stranger); return err },
		"not there":    func(tx *storage.Tx) error { _, err := tx.Replace(here, stranger, stranger); return err },
		"other module": func(tx *storage.Tx) error { _, err := tx.Replace(elsewhere, o, o); return err },
		"remove":       func(tx *storage.Tx) error { return tx.Remove(here, stranger, false) },
	} {
		if _, err := h.Update(t.Context(), storage.Origin{}, fn); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	h.view(func(r *storage.Reader) error {
		if _, err := r.Raw(dom.KindInstance, here, "no guid"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("an id that is none: %v", err)
		}
		return nil
	})
}

func TestObjectsWithoutAnEncodingAreRefused(t *testing.T) {
	h := openHouse(t)
	_, err := h.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		_, err := tx.Insert(here, thing("o", 1, struct{}{}))
		return err
	})
	if err == nil || len(h.keys(storage.SpaceObject)) != 0 {
		t.Errorf("got %v", err)
	}
}

// TestModelDoesNotChangeUnderAnInstance: one side adds instances of a
// definition that exists, the other removes the definition when it has none.
func TestModelDoesNotChangeUnderAnInstance(t *testing.T) {
	h := openHouse(t)
	definition := dom.NewDefinition("d")
	h.insert(here, definition)
	gone := errors.New("gone")
	inUse := errors.New("in use")
	ofDefinition := dom.InstanceExposers.DomDefinitionID.Equal(definition.ID)
	done := make(chan int)
	for range 4 {
		go func() {
			added := 0
			defer func() { done <- added }()
			for {
				_, err := h.Update(context.Background(), storage.Origin{}, func(tx *storage.Tx) error {
					if _, err := tx.ModelVersion(here); err != nil {
						return err
					}
					if _, err := tx.Object(dom.KindDefinition, here, definition.Key()); err != nil {
						return gone
					}
					if added == 3 {
						return inUse // leaves the other side its chance
					}
					_, err := tx.Insert(here, dom.NewInstance(definition.ID))
					return err
				})
				switch {
				case errors.Is(err, gone), errors.Is(err, inUse):
					return
				case err != nil:
					t.Error(err)
					return
				}
				added++
			}
		}()
	}
	removed := 0
	for range 20 {
		_, err := h.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
			ids, err := tx.IDs(t.Context(), dom.KindInstance, here, ofDefinition, 1)
			if err != nil {
				return err
			}
			if len(ids) > 0 {
				return inUse
			}
			old, err := tx.Object(dom.KindDefinition, here, definition.Key())
			if err != nil {
				return gone
			}
			return tx.Remove(here, old, false)
		})
		switch {
		case err == nil:
			removed++
		case !errors.Is(err, inUse) && !errors.Is(err, gone):
			t.Fatal(err)
		}
	}
	added := 0
	for range 4 {
		added += <-done
	}
	if removed > 0 && added > 0 {
		t.Errorf("the definition was removed and has %d instances", added)
	}
	if removed == 0 && added == 0 {
		t.Error("nothing happened")
	}
}

func TestModelVersionFollowsTheModelOnly(t *testing.T) {
	h := openHouse(t)
	version := func() (version uint64) {
		h.view(func(r *storage.Reader) (err error) {
			version, err = r.ModelVersion(here)
			return err
		})
		return version
	}
	for _, c := range []struct {
		o       dom.Object
		changes bool
	}{
		{dom.NewSectionDefinition("s"), true}, {dom.NewDefinition("d"), true}, {dom.NewBehaviorDefinition("b"), true},
		{dom.NewTemplate("t", nil), false}, {thing("i", 1, nil), false}, {&dom.ModuleSettings{ModuleID: "m"}, false},
	} {
		before := version()
		h.insert(here, c.o)
		h.replace(here, c.o)
		h.remove(here, c.o, false)
		if changed := version() - before; c.changes && changed != 3 || !c.changes && changed != 0 {
			t.Errorf("three changes of a %s led from version %d to %d", c.o.Kind(), before, version())
		}
	}
	before := version()
	h.insert(elsewhere, dom.NewDefinition("d"))
	if version() != before {
		t.Error("the model of another module counts")
	}
}

func TestClosedStoreAnswersNothing(t *testing.T) {
	h := newHouse(t)
	h.insert(here, thing("o", 1, nil))
	h.close()
	if _, err := h.Update(t.Context(), storage.Origin{}, func(*storage.Tx) error { return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("update: %v", err)
	}
	if err := h.View(t.Context(), func(*storage.Reader) error { return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("view: %v", err)
	}
	if _, err := h.Wait(t.Context(), h.Version()); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("wait: %v", err)
	}
}
