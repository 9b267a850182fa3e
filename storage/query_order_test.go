package storage

import (
	"bytes"
	"fmt"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// What is kept of a large group is bounded by what an answer can hold, however
// many objects are asked for.
func TestTopListIsBoundedByBytes(t *testing.T) {
	query := dom.NewQuery(dom.True()).OrderBy(dom.InstanceExposers.Name)
	raw := slnet.Raw(bytes.Repeat([]byte{1}, 1<<20))
	add := func(top *topList, n int) error {
		c := candidate{id: fmt.Sprintf("%06d", n), key: []dom.Value{dom.ValueOf(fmt.Sprintf("%06d", n*7919%1000))}, raw: raw}
		if !top.wants(c.id, c.key) {
			return nil
		}
		return top.add(c)
	}
	top := topList{query: &query, limit: 10_000}
	for n := range 1000 {
		if err := add(&top, n); err != nil {
			t.Fatal(err)
		}
		if top.size > 2*MaxAnswerBytes+len(raw) {
			t.Fatalf("%d MiB are kept", top.size>>20)
		}
	}
	list := top.sorted()
	if most := MaxAnswerBytes>>20 + 1; len(list) != most || fitting(list) != most-1 {
		t.Errorf("%d are kept, of which %d fit, want %d", len(list), fitting(list), most)
	}
	for i, c := range list {
		if want := fmt.Sprintf("%06d", i); c.key[0].Text() != want {
			t.Errorf("place %d has %s, want %s", i, c.key[0].Text(), want)
		}
	}
	all := topList{query: &query, limit: -1}
	var err error
	for n := 0; n < 100 && err == nil; n++ {
		err = add(&all, n)
	}
	if err == nil || len(all.list) != MaxAnswerBytes>>20+1 {
		t.Errorf("without a limit %d are kept, %v", len(all.list), err)
	}
}

// What has no value of the order comes last, in pages that together look at each
// object about once; equal values with the id as second order are streamed.
func TestPagesWithoutValuesAreOnePass(t *testing.T) {
	store, _ := openTest(t)
	const objects, size = 2000, 50
	update(t, store, func(tx *Tx) error {
		for n := range objects {
			o := testInstance(n, tx.Now())
			o.StatusID = "same"
			if n%2 == 1 {
				o.Sections = nil
			}
			if _, err := tx.Insert(testModule, o); err != nil {
				return err
			}
		}
		return nil
	})
	e := dom.InstanceExposers
	for name, query := range map[string]dom.Query{
		"half have a value":     dom.NewQuery(dom.True()).OrderBy(e.FieldValue(fieldNumber)),
		"the same, backwards":   dom.NewQuery(dom.True()).OrderByDescending(e.FieldValue(fieldNumber)),
		"the same, then by id":  dom.NewQuery(dom.True()).OrderBy(e.FieldValue(fieldNumber)).ThenBy(e.ID),
		"one value, then by id": dom.NewQuery(dom.True()).OrderBy(e.StatusID).ThenBy(e.ID),
		"of one definition":     dom.NewQuery(e.DomDefinitionID.Equal(testDefinition)).OrderBy(e.FieldValue(fieldNumber)),
	} {
		s := Search{Kind: dom.KindInstance, ModuleID: testModule, Query: query, PageSize: size}
		seen, looked := 0, int64(0)
		for more := true; more; more = s.Cursor != "" {
			answer, err := searchPage(t, store, s)
			if err != nil {
				t.Fatal(err)
			}
			seen += len(answer.Objects)
			looked += answer.Explanation.Objects
			s.Cursor = answer.Next
		}
		if seen != objects || looked > 3*objects {
			t.Errorf("%s: %d objects in pages, %d looked at; want %d and at most %d", name, seen, looked, objects, 3*objects)
		}
	}
}
