package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

// between is a range of numbers with two ends, of which the upper one is outside.
func between(from, to int) dom.Filter {
	number := dom.InstanceExposers.FieldValue(fieldNumber)
	return dom.InstanceExposers.DomDefinitionID.Equal(testDefinition).And(number.GreaterThanOrEqual(from)).And(number.LessThan(to))
}

// explained carries a query out, and returns how many it found and how.
func explained(t *testing.T, store *Store, query dom.Query) (e Explanation, plan string) {
	t.Helper()
	err := store.View(t.Context(), func(r *Reader) (err error) {
		e, err = r.Explain(t.Context(), Search{Kind: dom.KindInstance, ModuleID: testModule, Query: query})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e, strings.Join(e.Plan, "; ")
}

// counted returns a count, and what was looked at for it.
func counted(t *testing.T, store *Store, f dom.Filter) (n int64, did work) {
	t.Helper()
	err := store.View(t.Context(), func(r *Reader) error {
		q, err := r.newSearch(t.Context(), dom.KindInstance, testModule, dom.NewQuery(f))
		if err == nil {
			n, err = q.count()
			did = q.work
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, did
}

// severalNumbers gives an instance two numbers, in two sections.
func severalNumbers(o *dom.Instance, numbers ...int) *dom.Instance {
	updated := o.Clone()
	updated.Sections = nil
	for _, n := range numbers {
		s := dom.NewSection(testSection)
		s.AddOrReplaceFieldValue(fieldNumber, n)
		updated.Sections = append(updated.Sections, s)
	}
	return updated
}

func replace(t *testing.T, store *Store, old, updated *dom.Instance) {
	t.Helper()
	update(t, store, func(tx *Tx) error {
		_, err := tx.Replace(testModule, old, updated)
		return err
	})
}

// Two ends of a field of which no instance has several values are one range of its
// index, until an instance has.
func TestTwoEndsAreOneRange(t *testing.T) {
	store, _ := openTest(t)
	list := insertMany(t, store, 1000)
	number, name := dom.InstanceExposers.FieldValue(fieldNumber), dom.InstanceExposers.Name
	for _, test := range []struct {
		name     string
		query    dom.Query
		returned int64
		plan     string
		objects  int64 // at most
	}{
		{"by id", dom.NewQuery(between(100, 300)), 200, "200 ids of index FieldValue", 200},
		{"beside other conditions", dom.NewQuery(between(100, 200).And(dom.InstanceExposers.FieldValue(fieldText).Equal("text 7"))), 1, "a range with two ends", 100},
		{"of a property", dom.NewQuery(name.GreaterThan("INSTANCE 00010").And(name.LessThanOrEqual("instance 00020"))), 10, "10 ids of index Name, a range with two ends", 10},
		{"in its order", dom.NewQuery(between(100, 900)).OrderBy(number).Limit(20), 20, "walk a range of index FieldValue", 20},
		{"in its order, backwards", dom.NewQuery(between(100, 900)).OrderByDescending(number).Limit(20), 20, "walk a range of index FieldValue", 20},
		{"all of it in its order", dom.NewQuery(between(100, 200)).OrderBy(number), 100, "walk a range of index FieldValue", 100},
		{"one end, in its order", dom.NewQuery(number.GreaterThan(800)).OrderBy(number).Limit(20), 20, "walk a range of index FieldValue", 20},
		{"low above high", dom.NewQuery(between(200, 100)), 0, "0 ids", 0},
		{"two values", dom.NewQuery(number.Equal(1).And(number.Equal(2))), 0, "0 ids", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if e, plan := explained(t, store, test.query); e.Returned != test.returned || !strings.Contains(plan, test.plan) || e.Objects > test.objects {
				t.Errorf("%d returned of %d looked at by %q, want %d of at most %d by %q", e.Returned, e.Objects, plan, test.returned, test.objects, test.plan)
			}
		})
	}
	if n, did := counted(t, store, between(100, 600)); n != 500 || did.Entries != 500 || did.Objects != 0 {
		t.Errorf("counted %d, looking at %+v, want 500 entries and nothing else", n, did)
	}

	replace(t, store, list[0], severalNumbers(list[0], 1, 100))
	f := number.GreaterThan(50).And(number.LessThan(10)) // FIL-06
	if e, plan := explained(t, store, dom.NewQuery(f)); e.Returned != 1 || strings.Contains(plan, "two ends") {
		t.Errorf("%d returned by %q, want 1 of several values", e.Returned, plan)
	}
	if n, _ := counted(t, store, f); n != 1 {
		t.Errorf("counted %d, want 1", n)
	}
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Error(problems)
	}
}

// isSingle asks the stored state.
func isSingle(t *testing.T, store *Store, id dom.FieldDescriptorID) (single bool) {
	t.Helper()
	err := store.View(t.Context(), func(r *Reader) error {
		state, err := r.indexState(testModule)
		single = state.isSingle(id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return single
}

func TestFieldsWithSeveralEntries(t *testing.T) {
	long := strings.Repeat("x", maxIndexedText)
	for _, test := range []struct {
		name   string
		value  any
		single bool
	}{
		{"a text", "text", true},
		{"a text with capitals", "Text", true},
		{"a long text with capitals", long + "A", true},
		{"no value", []string{}, true},
		{"a list of one", []string{"Text"}, true},
		{"a list of equal texts", []string{"Text", "Text"}, true},
		{"texts that are one when they are cut", []string{long + "a", long + "b"}, true},
		{"texts that are one without regard to case", []string{"text", "Text"}, false},
		{"two forms of one text", []string{"TEXT", "Text"}, false},
		{"two texts", []string{"text", "another"}, false},
		{"cut and whole", []string{long, long + "a"}, false},
	} {
		o := testInstance(0, time.Time{})
		o.AddOrUpdateFieldValue(testSection, fieldText, test.value)
		several := slices.Contains(severalFields(testModule, indexKeys(testModule, o, fieldSet{all: true})), fieldText)
		if several == test.single {
			t.Errorf("%s: several is %v", test.name, several)
		}
	}
}

// A field is one of several values until its index is made anew.
func TestSeveralValuesAreForgottenWithTheIndex(t *testing.T) {
	store, _ := openTest(t)
	list := insertMany(t, store, 3)
	several := severalNumbers(list[0], 1, 100)
	replace(t, store, list[0], several)
	again := severalNumbers(several, 1)
	replace(t, store, several, again)
	if isSingle(t, store, fieldNumber) || !isSingle(t, store, fieldText) {
		t.Error("the field that an instance had several values of is not known")
	}
	for _, fields := range [][]dom.FieldDescriptorID{{fieldText}, {fieldText, fieldNumber}} {
		if err := store.SetIndexedFields(t.Context(), testModule, fields, nil); err != nil {
			t.Fatal(err)
		}
		if err := store.WaitIndexed(t.Context(), testModule); err != nil {
			t.Fatal(err)
		}
	}
	if !isSingle(t, store, fieldNumber) {
		t.Error("the new index knows of several values, which nobody has")
	}
}

// Filling an index finds who has several values.
func TestFillingFindsSeveralValues(t *testing.T) {
	store, _ := openTest(t)
	set := func(fields ...dom.FieldDescriptorID) {
		t.Helper()
		if err := store.SetIndexedFields(t.Context(), testModule, fields, nil); err != nil {
			t.Fatal(err)
		}
		if err := store.WaitIndexed(t.Context(), testModule); err != nil {
			t.Fatal(err)
		}
	}
	set(fieldText)
	list := insertMany(t, store, 3)
	replace(t, store, list[0], severalNumbers(list[0], 1, 100))
	set()
	if isSingle(t, store, fieldNumber) {
		t.Error("the filling has not found that an instance has two numbers")
	}
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Error(problems)
	}
}

// A transaction that read a range as one conflicts with the commit of the first
// instance that has several values, though that puts nothing into the range.
func TestRangeConflictsWithTheFirstOfSeveralValues(t *testing.T) {
	store, _ := openTest(t)
	list := insertMany(t, store, 10)
	number := dom.InstanceExposers.FieldValue(fieldNumber)
	var found []int
	_, err := store.Update(t.Context(), Origin{}, func(tx *Tx) error {
		objects, err := tx.Query(t.Context(), dom.KindInstance, testModule, dom.NewQuery(number.GreaterThan(40).And(number.LessThan(60))))
		if err != nil {
			return err
		}
		if found = append(found, len(objects)); len(found) == 1 {
			replace(t, store, list[0], severalNumbers(list[0], 1, 100))
		}
		updated := *list[1]
		updated.Name = "changed"
		_, err = tx.Replace(testModule, list[1], &updated)
		return err
	})
	if err != nil || !slices.Equal(found, []int{0, 1}) {
		t.Errorf("found %v, %v; want none and, in a second attempt, the one with several values", found, err)
	}
}

func TestCheckFindsUnknownSeveralValues(t *testing.T) {
	store, engine := openTest(t)
	list := insertMany(t, store, 3)
	replace(t, store, list[0], severalNumbers(list[0], 1, 100))
	if _, err := engine.Update(t.Context(), func(tx kv.Tx) error { return tx.Delete(indexStateKey(testModule)) }); err != nil {
		t.Fatal(err)
	}
	want := list[0].Key() + " has several index entries of field " + fieldNumber.String()
	if problems := strings.Join(checkProblems(t, store), "\n"); !strings.Contains(problems, want) {
		t.Errorf("problems %q, want %q", problems, want)
	}
}

// A store of format 3 plans as before until it has gone over its instances, and uses
// its indexes meanwhile.
func TestFormatThreeLearnsSeveralValues(t *testing.T) {
	for _, test := range []struct {
		name    string
		limited []dom.FieldDescriptorID
	}{
		{"all fields", nil},
		{"some fields", []dom.FieldDescriptorID{fieldNumber, fieldText}},
	} {
		t.Run(test.name, func(t *testing.T) {
			engine := memkv.New()
			store := openOn(t, kept{engine})
			if err := store.SetIndexedFields(t.Context(), testModule, test.limited, nil); err != nil {
				t.Fatal(err)
			}
			list := insertMany(t, store, 10)
			replace(t, store, list[0], severalNumbers(list[0], 1, 100))
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := engine.Update(t.Context(), func(tx kv.Tx) error { return asFormatThree(tx, test.limited != nil) }); err != nil {
				t.Fatal(err)
			}
			store = openOn(t, engine)
			defer store.Close()
			if isSingle(t, store, fieldText) || isSingle(t, store, fieldNumber) {
				t.Error("fields are taken to have one value before anybody looked")
			}
			text := dom.InstanceExposers.FieldValue(fieldText)
			if e, plan := explained(t, store, dom.NewQuery(text.Equal("text 3"))); e.Returned != 1 || !strings.Contains(plan, "1 ids of index") {
				t.Errorf("%d returned by %q, want 1 by its index", e.Returned, plan)
			}
			if problems := checkProblems(t, store); len(problems) > 0 {
				t.Error(problems)
			}
			if err := store.SetIndexedFields(t.Context(), testModule, test.limited, nil); err != nil {
				t.Fatal(err)
			}
			if err := store.WaitIndexed(t.Context(), testModule); err != nil {
				t.Fatal(err)
			}
			if !isSingle(t, store, fieldText) || isSingle(t, store, fieldNumber) {
				t.Error("which field has several values is not known after the filling")
			}
			if problems := checkProblems(t, store); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
}

// asFormatThree makes a store what one of format 3 was, which had a state only of
// modules whose fields are limited.
func asFormatThree(tx kv.Tx, isLimited bool) error {
	key := indexStateKey(testModule)
	value, err := tx.Get(key)
	if err != nil {
		return err
	}
	state := new(IndexState)
	if _, err := state.UnmarshalMsg(value); err != nil {
		return err
	}
	state.Several = nil
	if value, err = state.MarshalMsg(nil); err != nil {
		return err
	}
	value[0] = hadEight
	value, ok := bytes.CutSuffix(value, noSeveral)
	if err = tx.Delete(key); isLimited && ok {
		err = tx.Set(key, value)
	}
	if !ok {
		err = errors.New("the state ends otherwise")
	}
	return errors.Join(err, tx.Set(metaFormatKey, binary.BigEndian.AppendUint32(nil, formatOneValue)))
}
