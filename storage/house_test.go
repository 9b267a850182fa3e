package storage_test

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

const (
	here      = "here"      // the module of most tests
	elsewhere = "elsewhere" // another
)

// house is a store under test with its engine.
type house struct {
	*storage.Store
	t      rapid.TB
	engine kv.Store
	time   time.Time // of the next transaction; a second later each time
}

// newHouse opens a store in memory. The caller closes it with check.
func newHouse(t rapid.TB) *house {
	t.Helper()
	h := &house{t: t, engine: memkv.New(), time: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)}
	store, err := storage.Open(context.Background(), h.engine, func() time.Time {
		h.time = h.time.Add(time.Second)
		return h.time
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Store = store
	return h
}

// openHouse opens a store in memory that is checked at the end of the test.
func openHouse(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	t.Cleanup(h.close)
	return h
}

// close checks the store and closes it.
func (h *house) close() {
	h.t.Helper()
	if problems := h.problems(); len(problems) > 0 {
		h.t.Errorf("the store is not sound:\n%s", strings.Join(problems, "\n"))
	}
	if err := h.Close(); err != nil {
		h.t.Errorf("close: %v", err)
	}
}

func (h *house) problems() []string {
	h.t.Helper()
	result, err := h.Check(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	return result.Problems
}

// update runs a transaction that must succeed.
func (h *house) update(fn func(tx *storage.Tx) error) slnet.Cursor {
	h.t.Helper()
	cursor, err := h.Update(context.Background(), storage.Origin{User: "ann"}, fn)
	if err != nil {
		h.t.Fatal(err)
	}
	return cursor
}

// view runs a read that must succeed.
func (h *house) view(fn func(r *storage.Reader) error) {
	h.t.Helper()
	if err := h.View(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) insert(moduleID string, o dom.Object) slnet.Cursor {
	h.t.Helper()
	return h.update(func(tx *storage.Tx) error {
		_, err := tx.Insert(moduleID, o)
		return err
	})
}

// replace stores a new version of what is stored.
func (h *house) replace(moduleID string, updated dom.Object) slnet.Cursor {
	h.t.Helper()
	return h.update(func(tx *storage.Tx) error {
		old, err := tx.Object(updated.Kind(), moduleID, updated.Key())
		if err == nil {
			_, err = tx.Replace(moduleID, old, updated)
		}
		return err
	})
}

func (h *house) remove(moduleID string, o dom.Object, keepHistory bool) slnet.Cursor {
	h.t.Helper()
	return h.update(func(tx *storage.Tx) error {
		old, err := tx.Object(o.Kind(), moduleID, o.Key())
		if err == nil {
			err = tx.Remove(moduleID, old, keepHistory)
		}
		return err
	})
}

// read returns a stored object, nil when it does not exist.
func (h *house) read(moduleID string, kind dom.ObjectKind, id string) (o dom.Object) {
	h.t.Helper()
	h.view(func(r *storage.Reader) (err error) {
		if o, err = r.Object(kind, moduleID, id); errors.Is(err, storage.ErrNotFound) {
			o, err = nil, nil
		}
		return err
	})
	return o
}

// plant writes past the store.
func (h *house) plant(fn func(tx kv.Tx) error) {
	h.t.Helper()
	if _, err := h.engine.Update(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// keys are all keys of a space with what is stored under them.
func (h *house) keys(space byte) map[string][]byte {
	h.t.Helper()
	all := make(map[string][]byte)
	err := h.engine.View(context.Background(), func(r kv.Reader) error {
		it := r.Scan(kv.PrefixRange([]byte{space}))
		defer it.Close()
		for it.Next() {
			all[string(it.Key())] = append([]byte(nil), it.Value()...)
		}
		return it.Err()
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// thing returns an instance with a name, a definition and a value.
func thing(name string, definition byte, value any) *dom.Instance {
	instance := dom.NewInstance(dom.DefinitionID{definition})
	instance.Name = name
	if value != nil {
		instance.AddOrUpdateFieldValue(dom.SectionDefinitionID{1}, dom.FieldDescriptorID{1}, value)
	}
	return instance
}

// withRevision returns the encoding of an object under a revision.
func withRevision(t rapid.TB, o dom.Object, revision int64) []byte {
	t.Helper()
	o.GetTracking().Revision = revision
	raw, err := dom.EncodeObject(o)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestNewerFormatIsRefused(t *testing.T) {
	for version, want := range map[uint32]error{storage.FormatVersion: nil, storage.FormatVersion + 1: kv.ErrNewerFormat} {
		engine := memkv.New()
		_, err := engine.Update(t.Context(), func(tx kv.Tx) error {
			return tx.Set(storage.MetaFormatKey, binary.BigEndian.AppendUint32(nil, version))
		})
		if err != nil {
			t.Fatal(err)
		}
		store, err := storage.Open(t.Context(), engine, nil)
		if !errors.Is(err, want) {
			t.Errorf("version %d: %v", version, err)
		}
		if err == nil {
			err = store.Close()
		} else if engine.View(t.Context(), func(kv.Reader) error { return nil }) == nil {
			t.Errorf("version %d: the engine was not closed", version)
			err = engine.Close()
		} else {
			err = nil
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func TestDamagedFormatVersionIsRefused(t *testing.T) {
	engine := memkv.New()
	if _, err := engine.Update(t.Context(), func(tx kv.Tx) error { return tx.Set(storage.MetaFormatKey, []byte{1}) }); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.Open(t.Context(), engine, nil); err == nil || errors.Is(err, kv.ErrNewerFormat) {
		t.Errorf("got %v", err)
	}
}

func TestCancelEndsALongScan(t *testing.T) {
	h := openHouse(t)
	h.update(func(tx *storage.Tx) error {
		for range 600 {
			instance := thing("n", 1, nil)
			if _, err := tx.Insert(here, instance); err != nil {
				return err
			}
			if err := tx.AddHistory(here, instance); err != nil {
				return err
			}
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all := dom.NewQuery(dom.InstanceExposers.Name.Equal("n"))
	for name, read := range map[string]func(r *storage.Reader) error{
		"query": func(r *storage.Reader) error { _, err := r.Query(ctx, dom.KindInstance, here, all); return err },
		"ordered query": func(r *storage.Reader) error {
			_, err := r.Query(ctx, dom.KindInstance, here, all.OrderBy(dom.InstanceExposers.ID))
			return err
		},
		"by definition": func(r *storage.Reader) error {
			_, err := r.Query(ctx, dom.KindInstance, here, dom.NewQuery(dom.InstanceExposers.DomDefinitionID.Equal(uuid.UUID{1})))
			return err
		},
		"count": func(r *storage.Reader) error { _, err := r.Count(ctx, dom.KindInstance, here, all.Filter); return err },
		"ids": func(r *storage.Reader) error {
			_, err := r.IDs(ctx, dom.KindInstance, here, all.Filter, 1000)
			return err
		},
		"history": func(r *storage.Reader) error {
			_, err := r.Query(ctx, dom.KindHistoryChange, here, dom.NewQuery(dom.True()))
			return err
		},
	} {
		h.view(func(r *storage.Reader) error {
			if err := read(r); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
			return nil
		})
	}
	if _, err := h.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("check: %v", err)
	}
}
