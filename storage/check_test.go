package storage_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
)

// TestCheckFindsDamage plants each kind of damage into a sound store.
func TestCheckFindsDamage(t *testing.T) {
	const instance = dom.KindInstance
	type set = func(key, value []byte)
	for _, c := range []struct {
		name  string
		plant func(t *testing.T, h *house, o *dom.Instance, put set, drop func(key []byte))
		want  string // part of a problem
	}{
		{"missing index entry", func(_ *testing.T, _ *house, o *dom.Instance, _ set, drop func([]byte)) {
			drop(storage.IndexKeys(here, o)[0])
		}, "index entry"},
		{"foreign index entry", func(_ *testing.T, _ *house, o *dom.Instance, put set, _ func([]byte)) {
			stranger := o.Clone()
			stranger.Name = "another name"
			put(storage.IndexKeys(here, stranger)[0], nil)
		}, "does not belong"},
		{"index entry of nobody", func(_ *testing.T, _ *house, _ *dom.Instance, put set, _ func([]byte)) {
			put(storage.IndexKeys(here, thing("nobody", 1, nil))[0], nil)
		}, "not found"},
		{"missing index entry of a field", func(_ *testing.T, _ *house, o *dom.Instance, _ set, drop func([]byte)) {
			keys := storage.IndexKeys(here, o)
			drop(keys[len(keys)-1])
		}, "%s: index entry"},
		{"index entry moved to another value", func(_ *testing.T, _ *house, o *dom.Instance, put set, drop func([]byte)) {
			drop(storage.IndexKeys(here, o)[0])
			stranger := o.Clone()
			stranger.Name = "another name"
			put(storage.IndexKeys(here, stranger)[0], nil)
		}, "does not belong to DomInstance here/%s"},
		{"index entry of an index nobody has", func(_ *testing.T, _ *house, o *dom.Instance, put set, _ func([]byte)) {
			key := storage.IndexKeys(here, o)[0]
			key[len("i_")+len(storage.AppendString(nil, here))] = 0xee
			put(key, nil)
		}, "does not belong to DomInstance here/%s"},
		{"index entry without an id", func(_ *testing.T, _ *house, o *dom.Instance, put set, _ func([]byte)) {
			key := storage.IndexKeys(here, o)[0]
			put(key[:len(key)-1], nil)
		}, "malformed key"},
		{"malformed index key", func(_ *testing.T, _ *house, _ *dom.Instance, put set, _ func([]byte)) {
			put([]byte{storage.SpaceIndex, 0xee}, nil)
		}, "malformed key"},
		{"missing object", func(_ *testing.T, _ *house, o *dom.Instance, _ set, drop func([]byte)) {
			drop(storage.ObjectKey(instance, here, o.Key()))
		}, "not found"},
		{"object under a wrong id", func(t *testing.T, _ *house, o *dom.Instance, put set, _ func([]byte)) {
			put(storage.ObjectKey(instance, here, uuid.NewString()), withRevision(t, o.Clone(), 1))
		}, "holds the object " + "%s"},
		{"bytes that are not canonical", func(t *testing.T, h *house, o *dom.Instance, put set, _ func([]byte)) {
			key := storage.ObjectKey(instance, here, o.Key())
			raw := h.keys(storage.SpaceObject)[string(key)]
			// The format version as an integer of two bytes.
			put(key, append([]byte{raw[0], 0xcc, raw[1]}, raw[2:]...))
		}, "canonical"},
		{"bytes that are no object", func(_ *testing.T, _ *house, o *dom.Instance, put set, _ func([]byte)) {
			put(storage.ObjectKey(instance, here, o.Key()), []byte("\x92\x01\xc0"))
		}, "malformed DomInstance"},
		{"malformed object key", func(_ *testing.T, _ *house, _ *dom.Instance, put set, _ func([]byte)) {
			put([]byte{storage.SpaceObject, 4, 'x'}, nil)
		}, "malformed key"},
		{"object without a revision", func(t *testing.T, _ *house, o *dom.Instance, put set, _ func([]byte)) {
			put(storage.ObjectKey(instance, here, o.Key()), withRevision(t, o.Clone(), 0))
		}, "has revision 0"},
		{"version newer than the object", func(t *testing.T, _ *house, o *dom.Instance, put set, _ func([]byte)) {
			put(storage.VersionKey(instance, here, o.Key(), 9), withRevision(t, o.Clone(), 9))
		}, "the object has revision 2"},
		{"version of nobody", func(t *testing.T, _ *house, _ *dom.Instance, put set, _ func([]byte)) {
			stranger := thing("nobody", 1, nil)
			put(storage.VersionKey(instance, here, stranger.Key(), 1), withRevision(t, stranger, 1))
		}, "earlier version 1"},
		{"version under a wrong revision", func(t *testing.T, _ *house, o *dom.Instance, put set, _ func([]byte)) {
			put(storage.VersionKey(instance, here, o.Key(), 0), withRevision(t, o.Clone(), 1))
		}, "under another revision"},
		{"missing version", func(_ *testing.T, _ *house, o *dom.Instance, _ set, drop func([]byte)) {
			drop(storage.VersionKey(instance, here, o.Key(), 1))
		}, "revision 1 is missing"},
		{"history under a wrong revision", func(_ *testing.T, h *house, o *dom.Instance, put set, _ func([]byte)) {
			row := h.keys(storage.SpaceHistory)[string(storage.HistoryKeyOf(here, o.ID, 2))]
			put(storage.HistoryKeyOf(here, o.ID, 1), row)
		}, "is kept under another"},
		{"damaged history", func(_ *testing.T, _ *house, o *dom.Instance, put set, _ func([]byte)) {
			put(storage.HistoryKeyOf(here, o.ID, 2), []byte{0xc1})
		}, "history of DomInstance here/%s: a record is damaged"},
		{"history of a revision that was never", func(_ *testing.T, h *house, o *dom.Instance, put set, _ func([]byte)) {
			put(storage.HistoryKeyOf(here, o.ID, 3), h.keys(storage.SpaceHistory)[string(storage.HistoryKeyOf(here, o.ID, 2))])
		}, "is kept under another"},
		{"wrong counter", func(_ *testing.T, _ *house, _ *dom.Instance, put set, _ func([]byte)) {
			put(storage.CounterKey(instance, here), []byte{0, 0, 0, 0, 0, 0, 0, 7})
		}, "says 7, there are 2"},
		{"missing counter", func(_ *testing.T, _ *house, o *dom.Instance, _ set, drop func([]byte)) {
			drop(storage.DefinitionCounterKey(here, o.DomDefinitionID))
		}, "says 0, there are 2"},
		{"counter of nothing", func(_ *testing.T, _ *house, _ *dom.Instance, put set, _ func([]byte)) {
			put(storage.CounterKey(instance, "nowhere"), []byte{0, 0, 0, 0, 0, 0, 0, 1})
		}, "says 1, there are 0"},
		{"feed row with another revision", func(t *testing.T, h *house, o *dom.Instance, put set, _ func([]byte)) {
			last := h.Version()
			put(storage.FeedKey(last), feedBytes(t, storage.Change{Type: storage.Updated, Kind: instance, ModuleID: here, ObjectID: o.Key(), Revision: 5}))
		}, "the feed says 5"},
		{"feed row that goes back", func(t *testing.T, h *house, o *dom.Instance, put set, _ func([]byte)) {
			put(storage.FeedKey(h.Version()), feedBytes(t,
				storage.Change{Type: storage.Updated, Kind: instance, ModuleID: here, ObjectID: o.Key(), Revision: 3},
				storage.Change{Type: storage.Updated, Kind: instance, ModuleID: here, ObjectID: o.Key(), Revision: 2}))
		}, "goes back"},
		{"feed rows in the wrong order", func(_ *testing.T, h *house, o *dom.Instance, put set, _ func([]byte)) {
			rows := h.keys(storage.SpaceFeed)
			cursors := slices.Sorted(maps.Keys(rows))
			created, updated := cursors[0], cursors[1]
			put([]byte(created), rows[updated])
			put([]byte(updated), rows[created])
		}, "the feed says 1"},
		{"feed row of what is no object", func(t *testing.T, h *house, _ *dom.Instance, put set, _ func([]byte)) {
			put(storage.FeedKey(h.Version()), feedBytes(t, storage.Change{Type: storage.Updated, Kind: instance, ModuleID: here, ObjectID: "me", Revision: 2}))
		}, "DomInstance here/me: the feed has revision 2: not found"},
		{"feed row of a deletion that was not", func(t *testing.T, h *house, o *dom.Instance, put set, _ func([]byte)) {
			put(storage.FeedKey(h.Version()), feedBytes(t, storage.Change{Type: storage.Deleted, Kind: instance, ModuleID: here, ObjectID: o.Key(), Revision: 2}))
		}, "the feed says it was deleted"},
		{"feed row of nobody", func(t *testing.T, h *house, _ *dom.Instance, put set, _ func([]byte)) {
			put(storage.FeedKey(h.Version()), feedBytes(t, storage.Change{Type: storage.Created, Kind: instance, ModuleID: here, ObjectID: uuid.NewString(), Revision: 1}))
		}, "not found"},
		{"feed row from the future", func(t *testing.T, h *house, _ *dom.Instance, put set, _ func([]byte)) {
			put(storage.FeedKey(h.Version()+100), feedBytes(t))
		}, "newer than the store"},
		{"damaged feed row", func(_ *testing.T, h *house, _ *dom.Instance, put set, _ func([]byte)) {
			put(storage.FeedKey(h.Version()), []byte{0xc1})
		}, "is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			defer h.Close()
			o := thing("o", 1, "v")
			record(h, storage.Origin{User: "ann"}, o)
			record(h, storage.Origin{User: "ann"}, o)
			h.insert(here, thing("other", 1, nil))
			if problems := h.problems(); len(problems) > 0 {
				t.Fatalf("before: %q", problems)
			}
			h.plant(func(tx kv.Tx) (err error) {
				put := func(key, value []byte) {
					if err == nil {
						err = tx.Set(key, value)
					}
				}
				drop := func(key []byte) {
					if err == nil {
						err = tx.Delete(key)
					}
				}
				c.plant(t, h, o, put, drop)
				return err
			})
			want := strings.ReplaceAll(c.want, "%s", o.Key())
			if problems := h.problems(); !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, want) }) {
				t.Errorf("the problems are %q, want one with %q", problems, want)
			}
		})
	}
}

// feedBytes encodes a feed row.
func feedBytes(t *testing.T, changes ...storage.Change) []byte {
	t.Helper()
	b, err := (&storage.FeedRow{Changes: changes}).MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCheckCountsWhatItSaw(t *testing.T) {
	h := openHouse(t)
	o := thing("o", 1, nil)
	o.StatusID = "draft"
	h.insert(here, o)
	h.replace(here, o)
	result, err := h.Check(t.Context())
	// Definition, name, status, and who made and changed it, and when.
	want := slnet.CheckStoreResponse{Objects: 1, IndexEntries: 7, FeedRows: 2, Versions: 1, Counters: result.Counters}
	if err != nil || !reflect.DeepEqual(result, want) || result.Counters == 0 || h.Checked() != 0 {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestCheckListsABoundedNumberOfProblems(t *testing.T) {
	h := newHouse(t)
	defer h.Close()
	h.plant(func(tx kv.Tx) error {
		for i := range 300 {
			if err := tx.Set([]byte{storage.SpaceObject, 0xff, byte(i >> 8), byte(i)}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if problems := h.problems(); len(problems) != 101 || problems[100] != "and more" {
		t.Errorf("%d problems, the last %q", len(problems), problems[len(problems)-1])
	}
}
