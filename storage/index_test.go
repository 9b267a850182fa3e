package storage

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

const testModule = "m"

var (
	testDefinition = dom.DefinitionID(guid(1))
	testSection    = dom.SectionDefinitionID(guid(2))
	fieldText      = dom.FieldDescriptorID(guid(3))
	fieldNumber    = dom.FieldDescriptorID(guid(4))
)

// kept is an engine that outlives the store on it.
type kept struct{ kv.Store }

func (kept) Close() error { return nil }

func openOn(t *testing.T, engine kv.Store) *Store {
	t.Helper()
	store, err := Open(t.Context(), engine, nil)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func openTest(t *testing.T) (*Store, kv.Store) {
	t.Helper()
	engine := memkv.New()
	store := openOn(t, engine)
	t.Cleanup(func() { store.Close() })
	return store, engine
}

func update(t *testing.T, store *Store, fn func(tx *Tx) error) {
	t.Helper()
	if _, err := store.Update(t.Context(), Origin{}, fn); err != nil {
		t.Fatal(err)
	}
}

// testInstance is the n-th instance of insertMany.
func testInstance(n int, now time.Time) *dom.Instance {
	i := dom.NewInstance(testDefinition)
	i.Name = fmt.Sprintf("instance %05d", n)
	i.AddOrUpdateFieldValue(testSection, fieldText, fmt.Sprintf("text %d", n%100))
	i.AddOrUpdateFieldValue(testSection, fieldNumber, n)
	i.CreatedAt, i.LastModified, i.CreatedBy, i.LastModifiedBy = now, now, "ann", "ann"
	return i
}

// insertMany stores n instances.
func insertMany(t *testing.T, store *Store, n int) []*dom.Instance {
	t.Helper()
	var list []*dom.Instance
	update(t, store, func(tx *Tx) error {
		list = nil
		for i := range n {
			o := testInstance(i, tx.Now())
			if _, err := tx.Insert(testModule, o); err != nil {
				return err
			}
			list = append(list, o)
		}
		return nil
	})
	return list
}

func checkProblems(t *testing.T, store *Store) []string {
	t.Helper()
	result, err := store.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return result.Problems
}

func TestCheckFindsDamagedIndexes(t *testing.T) {
	for _, test := range []struct {
		name string
		harm func(tx kv.Tx, entry []byte) error
		want string
	}{
		{"a missing entry", func(tx kv.Tx, entry []byte) error { return tx.Delete(entry) }, "key not found"},
		{"an entry of another value", func(tx kv.Tx, entry []byte) error {
			entry[len(entry)-idSize-3]++
			return tx.Set(entry, nil)
		}, "does not belong to"},
		{"an entry of no object", func(tx kv.Tx, entry []byte) error {
			entry[len(entry)-1]++
			return tx.Set(entry, nil)
		}, "not found"},
		{"a malformed entry", func(tx kv.Tx, entry []byte) error { return tx.Set(entry[:len(entry)-3], nil) }, "malformed key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			store, engine := openTest(t)
			o := insertMany(t, store, 3)[1]
			if problems := checkProblems(t, store); len(problems) > 0 {
				t.Fatalf("before the damage: %v", problems)
			}
			entry := appendExact(fieldIndexPrefix(testModule, fieldText), dom.ValueOf("text 1"))
			entry = appendGuid(entry, o.ID)
			if _, err := engine.Update(t.Context(), func(tx kv.Tx) error { return test.harm(tx, entry) }); err != nil {
				t.Fatal(err)
			}
			if problems := strings.Join(checkProblems(t, store), "\n"); !strings.Contains(problems, test.want) {
				t.Errorf("problems %q, want %q among them", problems, test.want)
			}
		})
	}
}

// countEntries counts the index entries of a module that begin with a prefix.
func countEntries(t *testing.T, engine kv.Store, prefix []byte) (n int) {
	t.Helper()
	err := engine.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.PrefixRange(prefix))
		defer it.Close()
		for it.Next() {
			n++
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUpdateWritesOnlyEntriesThatChanged(t *testing.T) {
	store, _ := openTest(t)
	old := insertMany(t, store, 1)[0]
	update(t, store, func(tx *Tx) error {
		updated := *old
		updated.Name = "other"
		counting := &countingTx{Tx: tx.kv}
		tx.kv = counting
		if _, err := tx.Replace(testModule, old, &updated); err != nil {
			return err
		}
		if counting.sets != 1 || counting.deletes != 1 {
			t.Errorf("%d entries written and %d removed, want 1 and 1", counting.sets, counting.deletes)
		}
		return nil
	})
}

// countingTx counts the writes to indexes.
type countingTx struct {
	kv.Tx
	sets, deletes int
}

func (c *countingTx) Set(key, value []byte) error {
	if key[0] == spaceIndex {
		c.sets++
	}
	return c.Tx.Set(key, value)
}

func (c *countingTx) Delete(key []byte) error {
	if key[0] == spaceIndex {
		c.deletes++
	}
	return c.Tx.Delete(key)
}

func TestIndexedFieldsLimitAndFill(t *testing.T) {
	store, engine := openTest(t)
	set := func(fields ...dom.FieldDescriptorID) {
		t.Helper()
		if err := store.SetIndexedFields(t.Context(), testModule, fields, nil); err != nil {
			t.Fatal(err)
		}
	}
	set(fieldNumber)
	insertMany(t, store, 3*fillObjects)
	textPrefix := fieldIndexPrefix(testModule, fieldText)
	if n := countEntries(t, engine, textPrefix); n != 0 {
		t.Errorf("%d entries of a field that is not indexed", n)
	}
	filter := dom.InstanceExposers.FieldValue(fieldText).Equal("text 7")
	count := func() (n int64) {
		t.Helper()
		err := store.View(t.Context(), func(r *Reader) (err error) {
			n, err = r.Count(t.Context(), dom.KindInstance, testModule, filter)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != 6 {
		t.Errorf("counted %d without an index, want 6", n)
	}
	set() // all fields
	if n := count(); n != 6 {
		t.Errorf("counted %d while the index is being filled, want 6", n)
	}
	if err := store.WaitIndexed(t.Context(), testModule); err != nil {
		t.Fatal(err)
	}
	if n, e := count(), countEntries(t, engine, textPrefix); n != 6 || e != 3*fillObjects {
		t.Errorf("counted %d with an index of %d entries, want 6 and %d", n, e, 3*fillObjects)
	}
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Error(problems)
	}
	set(fieldText)
	if n := countEntries(t, engine, fieldIndexPrefix(testModule, fieldNumber)); n != 0 {
		t.Errorf("%d entries are left of a field that is not indexed any more", n)
	}
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Error(problems)
	}
}

// A filling that was interrupted goes on where it was.
func TestFillingIsResumed(t *testing.T) {
	engine := memkv.New()
	store := openOn(t, kept{engine})
	if err := store.SetIndexedFields(t.Context(), testModule, []dom.FieldDescriptorID{fieldNumber}, nil); err != nil {
		t.Fatal(err)
	}
	list := insertMany(t, store, 3*fillObjects)
	update(t, store, func(tx *Tx) error {
		_, err := tx.changeIndexes(testModule, fieldSet{all: true})
		return err
	})
	update(t, store, func(tx *Tx) error {
		n, done, err := tx.fillSome(testModule, fillObjects)
		if n != fillObjects || done {
			t.Errorf("%d instances were indexed, done is %v", n, done)
		}
		return err
	})
	var progress fill
	if err := store.countFilled(testModule, &progress); err != nil || progress.instances.Load() != fillObjects || progress.all.Load() != 3*fillObjects {
		t.Errorf("%d of %d instances are indexed, %v", progress.instances.Load(), progress.all.Load(), err)
	}
	prefix := fieldIndexPrefix(testModule, fieldText)
	if n := countEntries(t, engine, prefix); n != fillObjects {
		t.Fatalf("%d entries after the first step, want %d", n, fillObjects)
	}
	// Objects on both sides of where it stands are changed and removed meanwhile.
	for _, o := range list[:40] {
		update(t, store, func(tx *Tx) error {
			updated := *o
			updated.Sections = nil
			updated.AddOrUpdateFieldValue(testSection, fieldText, "changed")
			_, err := tx.Replace(testModule, o, &updated)
			return err
		})
	}
	for _, o := range list[40:80] {
		update(t, store, func(tx *Tx) error { return tx.Remove(testModule, o, false) })
	}
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Fatal(problems)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = openOn(t, engine)
	defer store.Close()
	if err := store.SetIndexedFields(t.Context(), testModule, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := store.WaitIndexed(t.Context(), testModule); err != nil {
		t.Fatal(err)
	}
	if n := countEntries(t, engine, prefix); n != len(list)-40 {
		t.Errorf("%d entries, want %d", n, len(list)-40)
	}
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Error(problems)
	}
}

// A store of format 1 gets its indexes anew.
func TestFormatOneIsUpgraded(t *testing.T) {
	engine := memkv.New()
	store := openOn(t, kept{engine})
	insertMany(t, store, 10)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := engine.Update(t.Context(), func(tx kv.Tx) error {
		if err := tx.DeleteRange([]byte{spaceIndex}, []byte{spaceIndex + 1}); err != nil {
			return err
		}
		if err := tx.Set([]byte("i of the old layout"), nil); err != nil {
			return err
		}
		return tx.Set(metaFormatKey, binary.BigEndian.AppendUint32(nil, formatOneIndex))
	})
	if err != nil {
		t.Fatal(err)
	}
	store = openOn(t, engine)
	defer store.Close()
	err = store.View(t.Context(), func(r *Reader) error {
		n, err := r.Count(context.Background(), dom.KindInstance, testModule, dom.InstanceExposers.Name.Equal("instance 00003"))
		if n != 1 {
			t.Errorf("counted %d before the filling, want 1", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SetIndexedFields(t.Context(), testModule, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := store.WaitIndexed(t.Context(), testModule); err != nil {
		t.Fatal(err)
	}
	if n := countEntries(t, engine, fieldIndexPrefix(testModule, fieldNumber)); n != 10 {
		t.Errorf("%d entries, want 10", n)
	}
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Error(problems)
	}
}

// Filling gets through while others write all the time, and what they write is
// indexed too.
func TestFillingUnderLoad(t *testing.T) {
	store, _ := openTest(t)
	if err := store.SetIndexedFields(t.Context(), testModule, []dom.FieldDescriptorID{fieldNumber}, nil); err != nil {
		t.Fatal(err)
	}
	list := insertMany(t, store, 2*fillObjects)
	if err := store.SetIndexedFields(t.Context(), testModule, nil, nil); err != nil {
		t.Fatal(err)
	}
	indexed := make(chan error, 1)
	go func() { indexed <- store.WaitIndexed(t.Context(), testModule) }()
	written := 0
	for working := true; working; {
		select {
		case err := <-indexed:
			if err != nil {
				t.Fatal(err)
			}
			working = false
		default:
		}
		n := written % len(list)
		updated := *list[n]
		updated.Sections = nil
		updated.AddOrUpdateFieldValue(testSection, fieldText, fmt.Sprint("changed ", written))
		update(t, store, func(tx *Tx) error {
			if _, err := tx.Replace(testModule, list[n], &updated); err != nil {
				return err
			}
			_, err := tx.Insert(testModule, testInstance(n, tx.Now()))
			return err
		})
		list[n] = &updated
		written++
	}
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Errorf("after %d writes meanwhile: %v", written, problems)
	}
}

// TestFoldingLooksAtEveryByte puts each kind of character at each place of a text.
func TestFoldingLooksAtEveryByte(t *testing.T) {
	for _, at := range []string{"A", "M", "Z", "@", "[", "a", "z", "\x00", "\x7f", "é", "É", "İ", "\u212a", "\xff"} {
		for before := range 17 {
			for after := range 9 {
				text := strings.Repeat("x", before) + at + strings.Repeat("z", after)
				if got, want := foldText(text), strings.ToLower(text); got != want {
					t.Fatalf("%q is folded to %q, want %q", text, got, want)
				}
			}
		}
	}
}
