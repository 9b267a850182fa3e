package storage_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
)

// record stores a version of an instance with a history record.
func record(h *house, origin storage.Origin, o *dom.Instance) {
	h.t.Helper()
	_, err := h.Update(h.t.(*testing.T).Context(), origin, func(tx *storage.Tx) error {
		old, err := tx.Object(dom.KindInstance, here, o.Key())
		if err == nil {
			_, err = tx.Replace(here, old, o)
		} else {
			_, err = tx.Insert(here, o)
		}
		if err != nil {
			return err
		}
		return tx.AddHistory(here, o)
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// historyOf reads history records.
func historyOf(h *house, query dom.Query) (list []*dom.HistoryChange) {
	h.t.Helper()
	if err := query.Check(dom.KindHistoryChange, nil); err != nil {
		h.t.Fatal(err)
	}
	h.view(func(r *storage.Reader) error {
		raws, err := r.Query(h.t.(*testing.T).Context(), dom.KindHistoryChange, here, query)
		for _, raw := range raws {
			o, err := dom.DecodeObject(dom.KindHistoryChange, raw)
			if err != nil {
				return err
			}
			list = append(list, o.(*dom.HistoryChange))
		}
		return err
	})
	return list
}

// historyPages reads history records in pages and calls between, when it is not
// nil, after each.
func historyPages(h *house, query dom.Query, size int, between func()) (list []*dom.HistoryChange) {
	h.t.Helper()
	search := storage.Search{Kind: dom.KindHistoryChange, ModuleID: here, Query: query, PageSize: size}
	for more := true; more; more = search.Cursor != "" {
		h.view(func(r *storage.Reader) error {
			answer, err := r.Search(context.Background(), search)
			if len(answer.Objects) > size {
				h.t.Errorf("a page of %d records, want at most %d", len(answer.Objects), size)
			}
			for _, raw := range answer.Objects {
				o, err := dom.DecodeObject(dom.KindHistoryChange, raw)
				if err != nil {
					return err
				}
				list = append(list, o.(*dom.HistoryChange))
			}
			search.Cursor = answer.Next
			return err
		})
		if between != nil {
			between()
		}
	}
	return list
}

// Records that are there all the time come once, while others are made on all
// sides of the page just read.
func TestHistoryPagesWhileRecordsAreMade(t *testing.T) {
	for name, query := range map[string]dom.Query{
		"by instance and revision": allHistory,
		"newest first":             allHistory.OrderByDescending(dom.HistoryExposers.Time),
		"by user":                  allHistory.OrderBy(dom.HistoryExposers.FullUsername),
	} {
		t.Run(name, func(t *testing.T) {
			h := openHouse(t)
			var things []*dom.Instance
			for n := range byte(5) {
				o := thing("o", 1, "a")
				o.ID = dom.InstanceID{50 * n, 1}
				things = append(things, o)
				for range 4 {
					record(h, storage.Origin{User: string('a' + rune(n))}, o)
				}
			}
			there := make(map[string]bool)
			for _, c := range historyOf(h, allHistory) {
				there[c.Key()] = true
			}
			made := 0
			seen := make(map[string]bool)
			for _, c := range historyPages(h, query, 3, func() {
				if made++; made < 10 {
					record(h, storage.Origin{User: "b"}, things[made%len(things)])
				}
			}) {
				if seen[c.Key()] {
					t.Errorf("record %d of %s comes twice", c.Revision, c.SubjectID)
				}
				seen[c.Key()] = true
				delete(there, c.Key())
			}
			if len(there) > 0 {
				t.Errorf("%d records are missing", len(there))
			}
		})
	}
}

// short writes a record in short: 2: Update v1->v2.
func short(c *dom.HistoryChange) string {
	text := fmt.Sprintf("%d:", c.Revision)
	value := func(v *dom.Value) string {
		if v == nil {
			return ""
		}
		return v.String()
	}
	for _, section := range c.SectionChanges {
		for _, change := range section.FieldValueChanges {
			text += fmt.Sprintf(" %s %s->%s", change.CrudType, value(change.ValueBefore), value(change.ValueAfter))
		}
	}
	if c.StatusChange != nil {
		text += fmt.Sprintf(" status %s->%s", c.StatusChange.StatusIDBefore, c.StatusChange.StatusIDAfter)
	}
	return text
}

func wantHistory(t *testing.T, what string, list []*dom.HistoryChange, want ...string) {
	t.Helper()
	var got []string
	for _, c := range list {
		got = append(got, short(c))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: the history is\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var allHistory = dom.NewQuery(dom.True())

func TestHistoryTellsWhatEachRevisionChanged(t *testing.T) {
	h := openHouse(t)
	o := thing("o", 1, "v1")
	record(h, storage.Origin{User: "ann"}, o)
	next := o.Clone()
	next.StatusID = "draft"
	next.Sections[0].AddOrReplaceFieldValue(dom.FieldDescriptorID{1}, "v2")
	record(h, storage.Origin{User: "chris", RunID: uuid.UUID{7}}, next)
	h.replace(here, next) // revision 3 is not recorded
	last := next.Clone()
	last.Sections = nil
	record(h, storage.Origin{User: "ann"}, last)
	list := historyOf(h, allHistory)
	wantHistory(t, "all", list, "1: Create ->v1", "2: Update v1->v2 status ->draft", "4: Delete v2->")
	if c := list[1]; c.FullUsername != "chris" || c.RunID != (uuid.UUID{7}) || c.DmaID != 1 || c.SubjectID != o.ID.ToFileFriendlyString() || c.ID.IsZero() || c.Time.Location() != time.UTC {
		t.Errorf("the record is %+v", c)
	}
}

func TestHistoryIsQueried(t *testing.T) {
	h := openHouse(t)
	first, second := thing("first", 1, "a"), thing("second", 1, "b")
	first.ID, second.ID = dom.InstanceID{1}, dom.InstanceID{2}
	record(h, storage.Origin{User: "ann"}, first)
	record(h, storage.Origin{User: "chris", RunID: uuid.UUID{7}}, second)
	changed := first.Clone()
	changed.Sections[0].AddOrReplaceFieldValue(dom.FieldDescriptorID{1}, "c")
	record(h, storage.Origin{User: "chris"}, changed)
	all := historyOf(h, allHistory)
	e := dom.HistoryExposers
	for _, c := range []struct {
		name  string
		query dom.Query
		want  []string
	}{
		{"by instance and revision", allHistory, []string{"1: Create ->a", "2: Update a->c", "1: Create ->b"}},
		{"subject", dom.NewQuery(e.SubjectID.Equal(first.ID.ToFileFriendlyString())), []string{"1: Create ->a", "2: Update a->c"}},
		{"subject in capitals", dom.NewQuery(e.SubjectID.Equal(strings.ToUpper(first.ID.ToFileFriendlyString()))), []string{"1: Create ->a", "2: Update a->c"}},
		{"two subjects", dom.NewQuery(dom.Or(e.SubjectID.Equal(second.ID.ToFileFriendlyString()), e.SubjectID.Equal(first.ID.ToFileFriendlyString()))), []string{"1: Create ->a", "2: Update a->c", "1: Create ->b"}},
		{"subject and user", dom.NewQuery(e.SubjectID.Equal(first.ID.ToFileFriendlyString()).And(e.FullUsername.Equal("chris"))), []string{"2: Update a->c"}},
		{"no subject", dom.NewQuery(e.SubjectID.Equal("DomInstanceId_")), nil},
		{"unknown subject", dom.NewQuery(e.SubjectID.Equal(dom.NewInstanceID().ToFileFriendlyString())), nil},
		{"not the subject", dom.NewQuery(e.SubjectID.NotEqual(first.ID.ToFileFriendlyString())), []string{"1: Create ->b"}},
		{"user", dom.NewQuery(e.FullUsername.Equal("CHRIS")), []string{"2: Update a->c", "1: Create ->b"}},
		{"run", dom.NewQuery(e.RunID.Equal(uuid.UUID{7})), []string{"1: Create ->b"}},
		{"no run", dom.NewQuery(e.RunID.NotEqual(uuid.UUID{7})), []string{"1: Create ->a", "2: Update a->c"}},
		{"node", dom.NewQuery(e.DmaID.GreaterThan(1)), nil},
		{"id", dom.NewQuery(e.ID.Equal(uuid.UUID(all[1].ID))), []string{"2: Update a->c"}},
		{"time range", dom.NewQuery(e.Time.GreaterThan(all[0].Time).And(e.Time.LessThan(all[1].Time))), []string{"1: Create ->b"}},
		{"newest first", allHistory.OrderByDescending(e.Time), []string{"2: Update a->c", "1: Create ->b", "1: Create ->a"}},
		{"the newest two", allHistory.OrderByDescending(e.Time).Limit(2), []string{"2: Update a->c", "1: Create ->b"}},
		{"the first", allHistory.Limit(1), []string{"1: Create ->a"}},
		{"none", allHistory.Limit(0), nil},
		{"false", dom.NewQuery(dom.False()), nil},
	} {
		wantHistory(t, c.name, historyOf(h, c.query), c.want...)
		for size := range 3 {
			wantHistory(t, fmt.Sprintf("%s in pages of %d", c.name, size+1), historyPages(h, c.query, size+1, nil), c.want...)
		}
		if c.query.Max == nil {
			h.view(func(r *storage.Reader) error {
				if n, err := r.Count(t.Context(), dom.KindHistoryChange, here, c.query.Filter); err != nil || n != int64(len(c.want)) {
					t.Errorf("%s: counted %d, %v", c.name, n, err)
				}
				return nil
			})
		}
	}
}

func TestHistoryGoesWithItsInstanceUnlessKept(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("keep %v", keep), func(t *testing.T) {
			h := openHouse(t)
			o := thing("o", 1, "a")
			record(h, storage.Origin{User: "ann"}, o)
			o.Sections[0].AddOrReplaceFieldValue(dom.FieldDescriptorID{1}, "b")
			record(h, storage.Origin{User: "ann"}, o)
			plain := thing("without history", 1, "x")
			h.insert(here, plain)
			h.replace(here, plain)
			h.remove(here, o, keep)
			h.remove(here, plain, keep)
			if keep {
				wantHistory(t, "kept", historyOf(h, allHistory), "1: Create ->a", "2: Update a->b")
				h.view(func(r *storage.Reader) error {
					keys, _, err := r.ExpiredHistory(t.Context(), here, h.time.Add(time.Hour), storage.HistoryKey{}, 10)
					if err != nil {
						return err
					}
					h.update(func(tx *storage.Tx) error { return tx.RemoveHistory(here, keys) })
					return nil
				})
			}
			if rows, versions := h.keys(storage.SpaceHistory), h.keys(storage.SpaceVersion); len(rows)+len(versions) > 0 {
				t.Errorf("%d records and %d versions are left", len(rows), len(versions))
			}
		})
	}
}
