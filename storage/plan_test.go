package storage

import (
	"fmt"
	"strings"
	"testing"

	"domovoi.dev/sdk/dom"
)

// What the planner makes of the usual queries on 5,000 instances, and how much it
// looks at.
func TestPlans(t *testing.T) {
	store, _ := openTest(t)
	list := insertMany(t, store, 5000)
	e := dom.InstanceExposers
	ofDefinition := e.DomDefinitionID.Equal(testDefinition)
	var byID, byValue []dom.Filter
	for i, o := range list[:2500] {
		byID = append(byID, e.ID.Equal(o.ID))
		byValue = append(byValue, ofDefinition.And(e.FieldValue(fieldNumber).Equal(i)))
	}
	var numbers []dom.Filter
	for i := range 1000 {
		numbers = append(numbers, e.FieldValue(fieldNumber).Equal(i))
	}
	for _, test := range []struct {
		name     string
		query    dom.Query
		returned int64
		plan     string
		objects  int64 // at most
	}{
		{"an id", dom.NewQuery(byID[0]), 1, "1 ids", 1},
		{"FIL-40 ids", dom.NewQuery(dom.Or(byID...)), 2500, "2500 ids", 2500},
		{"definition and value", dom.NewQuery(ofDefinition.And(e.FieldValue(fieldText).Equal("TEXT 7"))), 50, "50 ids of index FieldValue", 50},
		{"no hit", dom.NewQuery(ofDefinition.And(e.FieldValue(fieldText).Equal("none"))), 0, "0 ids", 0},
		{"FIL-41 values of definitions", dom.NewQuery(dom.Or(byValue[:500]...)), 500, "500 ids", 500},
		{"many values", dom.NewQuery(ofDefinition.And(dom.Or(numbers...))), 1000, "1000 ids of index FieldValue", 1000},
		{"a range", dom.NewQuery(e.FieldValue(fieldNumber).GreaterThanOrEqual(4990)), 10, "10 ids of index FieldValue", 10},
		{"first by a field", dom.NewQuery(ofDefinition).OrderBy(e.FieldValue(fieldNumber)).Limit(20), 20, "walk index FieldValue", 20},
		{"last by a field", dom.NewQuery(ofDefinition).OrderByDescending(e.FieldValue(fieldNumber)).Limit(20), 20, "walk index FieldValue", 20},
		{"first by two fields", dom.NewQuery(ofDefinition).OrderBy(e.FieldValue(fieldText)).ThenBy(e.Name).Limit(20), 20, "walk index FieldValue", 50},
		{"a few, sorted", dom.NewQuery(e.FieldValue(fieldText).Equal("text 7")).OrderBy(e.FieldValue(fieldNumber)).Limit(5), 5, "sort by", 50},
		{"a text within", dom.NewQuery(e.FieldValue(fieldText).Contains("XT 99")), 50, "every text", 50},
		{"everything", dom.NewQuery(dom.True()).Limit(3), 3, "look at every", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := store.View(t.Context(), func(r *Reader) error {
				got, err := r.Explain(t.Context(), Search{Kind: dom.KindInstance, ModuleID: testModule, Query: test.query})
				if plan := strings.Join(got.Plan, "; "); got.Returned != test.returned || !strings.Contains(plan, test.plan) || got.Objects > test.objects {
					t.Errorf("%d returned of %d looked at (and %d entries) by %q, want %d of at most %d by %q",
						got.Returned, got.Objects, got.IndexEntries, plan, test.returned, test.objects, test.plan)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("counts", func(t *testing.T) { wantCountsFromIndexes(t, store) })
}

// wantCountsFromIndexes: counts that the indexes decide look at no object.
func wantCountsFromIndexes(t *testing.T, store *Store) {
	e := dom.InstanceExposers
	for _, test := range []struct {
		filter dom.Filter
		want   int64
	}{
		{e.DomDefinitionID.Equal(testDefinition), 5000},
		{e.FieldValue(fieldNumber).LessThan(1000), 1000},
		{e.FieldValue(fieldText).NotEqual("text 1"), 4950},
		{e.KeyExists(fieldText).Equal(false), 0},
		{e.FieldValue(fieldText).Contains("text 1"), 550},
		{e.DomDefinitionID.Equal(testDefinition).And(e.FieldValue(fieldText).Equal("text 1")), 50},
		{dom.Not(e.FieldValue(fieldText).Equal("text 1").Or(e.FieldValue(fieldText).Equal("text 2"))), 4900},
	} {
		err := store.View(t.Context(), func(r *Reader) error {
			q, err := r.newSearch(t.Context(), dom.KindInstance, testModule, dom.NewQuery(test.filter))
			if err != nil {
				return err
			}
			n, err := q.count()
			if n != test.want || q.work.Objects > sampleObjects {
				t.Errorf("%s: %d of %d objects looked at, want %d of none", describeFilter(test.filter), n, q.work.Objects, test.want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNumbersHaveOneOrder(t *testing.T) {
	values := []any{int64(-1 << 63), -1.5, int32(-1), 0, 0.5, int32(1), 1 << 53, 1<<53 + 1, 1<<62 + 1, float64(1 << 63), 1e300}
	var before []byte
	for _, v := range values {
		key := appendExact(nil, dom.ValueOf(v))
		if before != nil && string(key) <= string(before) {
			t.Errorf("the key of %v is not behind that of the value before", v)
		}
		before = key
	}
	if a, b := appendExact(nil, dom.ValueOf(5)), appendExact(nil, dom.ValueOf(5.0)); string(a) != string(b) {
		t.Error("5 and 5.0 have different keys: " + fmt.Sprintf("%x %x", a, b))
	}
}
