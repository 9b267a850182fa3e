package storage

import (
	"errors"
	"strings"
	"testing"
	"time"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/memkv"
)

// openClocked opens a store whose clock moves with every look at it.
func openClocked(t *testing.T) *Store {
	t.Helper()
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	store, err := Open(t.Context(), memkv.New(), func() time.Time {
		now = now.Add(time.Millisecond)
		return now
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func searchPage(t *testing.T, store *Store, s Search) (Answer, error) {
	t.Helper()
	var answer Answer
	err := store.View(t.Context(), func(r *Reader) (err error) {
		answer, err = r.Search(t.Context(), s)
		return err
	})
	return answer, err
}

// Updating every instance of the page just read gives every instance once, in
// whatever order the pages are (row PAG-08).
func TestPAG08EveryInstanceOnceWhilePagesAreUpdated(t *testing.T) {
	exposers := dom.InstanceExposers
	for name, query := range map[string]dom.Query{
		"by id":                       dom.NewQuery(dom.True()),
		"by last modification":        dom.NewQuery(dom.True()).OrderBy(exposers.LastModified),
		"by the updated field":        dom.NewQuery(dom.True()).OrderBy(exposers.FieldValue(fieldText)),
		"by two orders":               dom.NewQuery(dom.True()).OrderBy(exposers.FieldValue(fieldText)).ThenByDescending(exposers.LastModified),
		"with a filter they leave":    dom.NewQuery(exposers.StatusID.NotEqual("done")),
		"ordered, with such a filter": dom.NewQuery(exposers.StatusID.NotEqual("done")).OrderBy(exposers.FieldValue(fieldNumber)),
	} {
		t.Run(name, func(t *testing.T) {
			store := openClocked(t)
			insertMany(t, store, 203)
			seen := make(map[string]int)
			s := Search{Kind: dom.KindInstance, ModuleID: testModule, Query: query, PageSize: 20}
			for more := true; more; more = s.Cursor != "" {
				answer, err := searchPage(t, store, s)
				if err != nil {
					t.Fatal(err)
				}
				for _, raw := range answer.Objects {
					o, err := dom.DecodeObject(dom.KindInstance, raw)
					if err != nil {
						t.Fatal(err)
					}
					seen[o.Key()]++
					updateAsPagesAreRead(t, store, o.(*dom.Instance))
				}
				s.Cursor = answer.Next
			}
			for key, n := range seen {
				if n != 1 {
					t.Errorf("instance %s came %d times", key, n)
				}
			}
			if len(seen) != 203 {
				t.Errorf("%d instances came, want 203", len(seen))
			}
		})
	}
}

func updateAsPagesAreRead(t *testing.T, store *Store, old *dom.Instance) {
	t.Helper()
	update(t, store, func(tx *Tx) error {
		updated := *old
		updated.Sections = nil
		updated.AddOrUpdateFieldValue(testSection, fieldText, "z "+old.Key())
		updated.AddOrUpdateFieldValue(testSection, fieldNumber, 10_000)
		updated.StatusID = "Done"
		updated.LastModified = tx.Now()
		_, err := tx.Replace(testModule, old, &updated)
		return err
	})
}

func TestCursorOfAnotherQueryIsRefused(t *testing.T) {
	store, _ := openTest(t)
	insertMany(t, store, 10)
	s := Search{Kind: dom.KindInstance, ModuleID: testModule, Query: dom.NewQuery(dom.True()).OrderBy(dom.InstanceExposers.Name), PageSize: 3}
	answer, err := searchPage(t, store, s)
	if err != nil || answer.Next == "" {
		t.Fatal(answer, err)
	}
	other := s
	other.Query, other.Cursor = dom.NewQuery(dom.True()), answer.Next
	for _, test := range []struct {
		search Search
		want   string
	}{
		{other, "belongs to another query"},
		{withCursor(s, "no cursor!"), "is not one that a page was answered with"},
		{withCursor(s, answer.Next[:len(answer.Next)-4]), "is not one that a page was answered with"},
	} {
		_, err := searchPage(t, store, test.search)
		if !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("cursor %q: %v, want %q", test.search.Cursor, err, test.want)
		}
	}
}

func withCursor(s Search, cursor string) Search {
	s.Cursor = cursor
	return s
}
