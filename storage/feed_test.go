package storage_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// feedRow is a row of the feed with its cursor.
type feedRow struct {
	cursor slnet.Cursor
	*storage.FeedRow
}

// feedOf are the rows behind a cursor.
func feedOf(h *house, after slnet.Cursor) iter.Seq[feedRow] {
	return func(yield func(feedRow) bool) {
		h.view(func(r *storage.Reader) error {
			_, err := r.Feed(after, func(cursor slnet.Cursor, row *storage.FeedRow) (bool, error) {
				return yield(feedRow{cursor, row}), nil
			})
			return err
		})
	}
}

func TestFeedHasARowForEveryCommitThatChangedAnObject(t *testing.T) {
	h := openHouse(t)
	begin := h.Version()
	o, run := thing("o", 1, nil), uuid.New()
	created := h.insert(here, o)
	h.update(func(tx *storage.Tx) error { return lines.Put(tx, &slnet.LogLine{}, "a") }) // no row
	both, err := h.Update(t.Context(), storage.Origin{User: "chris", RunID: run}, func(tx *storage.Tx) error {
		if _, err := tx.Replace(here, o, o); err != nil {
			return err
		}
		if _, err := tx.Insert(elsewhere, thing("new", 1, nil)); err != nil {
			return err
		}
		return tx.AddEvent(here, &slnet.GenerateInformationMessage{Text: "said"})
	})
	if err != nil {
		t.Fatal(err)
	}
	said := h.update(func(tx *storage.Tx) error { return tx.AddEvent("", &slnet.Empty{}) })
	deleted := h.remove(here, o, false)

	rows := slices.Collect(feedOf(h, begin))
	if len(rows) != 4 || rows[0].cursor != created || rows[1].cursor != both || rows[2].cursor != said || rows[3].cursor != deleted {
		t.Fatalf("the rows are %+v", rows)
	}
	if row := rows[0]; row.User != "ann" || row.RunID != uuid.Nil || !row.Time.Equal(h.time.Add(-4_000_000_000)) {
		t.Errorf("origin of the first: %+v", row.FeedRow)
	}
	if row := rows[1]; row.User != "chris" || row.RunID != run || len(row.Changes) != 2 || len(row.Events) != 1 ||
		row.Changes[0].Type != storage.Updated || row.Changes[0].Revision != 2 || row.Changes[0].ModuleID != here ||
		row.Changes[1].Type != storage.Created || row.Changes[1].ModuleID != elsewhere ||
		row.Events[0].Name != "GenerateInformationMessage" || row.Events[0].ModuleID != here {
		t.Errorf("a commit with several: %+v", row.FeedRow)
	}
	if change := rows[3].Changes[0]; change.Type != storage.Deleted || change.Revision != 2 || change.ObjectID != o.Key() || len(change.Object) == 0 {
		t.Errorf("the deletion: %+v", change)
	}
}

func TestFeedInPages(t *testing.T) {
	h := openHouse(t)
	var want []slnet.Cursor
	for range 7 {
		want = append(want, h.insert(here, thing("o", 1, nil)))
	}
	last := h.update(func(tx *storage.Tx) error { return lines.Put(tx, &slnet.LogLine{}, "a") })
	var got []slnet.Cursor
	after := want[0]
	for page := 0; after != last; page++ {
		if page > 10 {
			t.Fatal("the pages do not end")
		}
		h.view(func(r *storage.Reader) (err error) {
			n := 0
			after, err = r.Feed(after, func(cursor slnet.Cursor, _ *storage.FeedRow) (bool, error) {
				got = append(got, cursor)
				n++
				return n < 2, nil
			})
			return err
		})
	}
	if !slices.Equal(got, want[1:]) {
		t.Errorf("got the rows %v, want %v", got, want[1:])
	}
	h.view(func(r *storage.Reader) error {
		after, err := r.Feed(last+5, func(slnet.Cursor, *storage.FeedRow) (bool, error) {
			t.Error("a row from the future")
			return false, nil
		})
		if after != last+5 {
			t.Errorf("the cursor went back to %d", after)
		}
		return err
	})
	stop := errors.New("stop")
	err := h.View(t.Context(), func(r *storage.Reader) error {
		after, err := r.Feed(0, func(slnet.Cursor, *storage.FeedRow) (bool, error) { return true, stop })
		if after != 0 {
			t.Errorf("a row that failed counts as seen: %d", after)
		}
		return err
	})
	if !errors.Is(err, stop) {
		t.Errorf("an error of the function: %v", err)
	}
}

func TestVersionsBehindChanges(t *testing.T) {
	h := openHouse(t)
	begin := h.Version()
	o := thing("first", 1, nil)
	h.insert(here, o)
	for _, name := range []string{"second", "third"} {
		next := o.Clone()
		next.Name = name
		h.replace(here, next)
	}
	name := func(o dom.Object) string { return o.(*dom.Instance).Name }
	changed := func(change *storage.Change) (text string) {
		h.view(func(r *storage.Reader) error {
			raw, err := r.ChangedObject(change)
			if errors.Is(err, storage.ErrNotFound) {
				text = "gone"
				return nil
			}
			if err != nil {
				return err
			}
			o, err := dom.DecodeObject(change.Kind, raw)
			text = name(o)
			return err
		})
		return text
	}
	before := func(change *storage.Change) (text string) {
		h.view(func(r *storage.Reader) error {
			o, err := r.VersionBefore(change)
			if errors.Is(err, storage.ErrNotFound) {
				text = "gone"
				return nil
			}
			text = name(o)
			return err
		})
		return text
	}
	rows := slices.Collect(feedOf(h, begin))
	for i, want := range []string{"first", "second", "third"} {
		if got := changed(&rows[i].Changes[0]); got != want {
			t.Errorf("change %d is about %q, want %q", i, got, want)
		}
	}
	for i, want := range []string{"gone", "first", "second"} {
		if got := before(&rows[i].Changes[0]); got != want {
			t.Errorf("before change %d was %q, want %q", i, got, want)
		}
	}
	h.remove(here, o, false)
	rows = slices.Collect(feedOf(h, begin))
	for i, want := range []string{"gone", "gone", "gone", "third"} {
		if got := changed(&rows[i].Changes[0]); got != want {
			t.Errorf("after the deletion change %d is about %q, want %q", i, got, want)
		}
	}
	if got := before(&rows[2].Changes[0]); got != "gone" {
		t.Errorf("after the deletion the version before is %q", got)
	}
}

func TestWaitReturnsWithTheNextCommit(t *testing.T) {
	h := openHouse(t)
	before := h.Version()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Wait(ctx, before); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	woken := make(chan slnet.Cursor)
	go func() {
		cursor, err := h.Wait(context.Background(), before)
		if err != nil {
			t.Error(err)
		}
		woken <- cursor
	}()
	cursor := h.insert(here, thing("o", 1, nil))
	if got := <-woken; got < cursor {
		t.Errorf("woken at %d, the commit was %d", got, cursor)
	}
	if got, err := h.Wait(t.Context(), before); err != nil || got != cursor {
		t.Errorf("behind: %d, %v", got, err)
	}
}

func TestDeletedObjectIsKeptInTheFeed(t *testing.T) {
	h := openHouse(t)
	o := thing("kept", 1, "v")
	h.insert(here, o)
	want := h.keys(storage.SpaceObject)[string(storage.ObjectKey(dom.KindInstance, here, o.Key()))]
	before := h.Version()
	h.remove(here, o, false)
	for row := range feedOf(h, before) {
		if !bytes.Equal(row.Changes[0].Object, want) {
			t.Errorf("the feed has %x, want %x", row.Changes[0].Object, want)
		}
	}
}
