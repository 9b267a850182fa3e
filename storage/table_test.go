package storage_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

var (
	lines  = storage.NewTable[slnet.LogLine]("lines")
	others = storage.NewTable[slnet.LogLine]("line") // a name that another begins with
)

// openTable opens a store with a record for each key, and some of other tables
// around them.
func openTable(t *testing.T, keys ...string) *house {
	t.Helper()
	h := openHouse(t)
	h.update(func(tx *storage.Tx) error {
		for _, key := range keys {
			if err := lines.Put(tx, &slnet.LogLine{Text: key}, strings.Split(key, "/")...); err != nil {
				return err
			}
		}
		return others.Put(tx, &slnet.LogLine{Text: "other"}, "a")
	})
	return h
}

func TestTableScans(t *testing.T) {
	h := openTable(t, "a", "a/1", "a/2", "ab/1", "b/1", "b/1/x", "c")
	for _, c := range []struct {
		name string
		walk storage.Walk
		max  int
		want string
	}{
		{"all", storage.Walk{}, 99, "a a/1 a/2 ab/1 b/1 b/1/x c"},
		{"backwards", storage.Walk{Reverse: true}, 99, "c b/1/x b/1 ab/1 a/2 a/1 a"},
		{"below a prefix", storage.Walk{Prefix: []string{"a"}}, 99, "a a/1 a/2"},
		{"below a prefix, backwards", storage.Walk{Prefix: []string{"b"}, Reverse: true}, 99, "b/1/x b/1"},
		{"below nothing", storage.Walk{Prefix: []string{"x"}}, 99, ""},
		{"after", storage.Walk{After: []string{"a", "2"}}, 99, "ab/1 b/1 b/1/x c"},
		{"after one that is not there", storage.Walk{After: []string{"aa"}}, 99, "ab/1 b/1 b/1/x c"},
		{"after the last", storage.Walk{After: []string{"c"}}, 99, ""},
		{"after, backwards", storage.Walk{After: []string{"ab", "1"}, Reverse: true}, 99, "a/2 a/1 a"},
		{"after, below a prefix", storage.Walk{Prefix: []string{"a"}, After: []string{"a", "1"}}, 99, "a/2"},
		{"after, below a prefix, backwards", storage.Walk{Prefix: []string{"a"}, After: []string{"a", "2"}, Reverse: true}, 99, "a/1 a"},
		{"the first two", storage.Walk{}, 2, "a a/1"},
	} {
		var got []string
		h.view(func(r *storage.Reader) error {
			return lines.Scan(r, c.walk, func(line *slnet.LogLine) (bool, error) {
				got = append(got, line.Text)
				return len(got) < c.max, nil
			})
		})
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
	stop := errors.New("stop")
	err := h.View(t.Context(), func(r *storage.Reader) error {
		return lines.Scan(r, storage.Walk{}, func(*slnet.LogLine) (bool, error) { return true, stop })
	})
	if !errors.Is(err, stop) {
		t.Errorf("an error of the function: %v", err)
	}
}

func TestTableRecords(t *testing.T) {
	h := openTable(t, "a")
	h.view(func(r *storage.Reader) error {
		if line, err := lines.Get(r, "a"); err != nil || line.Text != "a" {
			t.Errorf("got %v, %v", line, err)
		}
		for _, key := range [][]string{{"b"}, {"a", ""}, {}, {"A"}} {
			if _, err := lines.Get(r, key...); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%q: %v", key, err)
			}
		}
		return nil
	})
	before := h.Version()
	cursor := h.update(func(tx *storage.Tx) error {
		if err := lines.Put(tx, &slnet.LogLine{Text: "new"}, "a"); err != nil {
			return err
		}
		if err := lines.Delete(tx, "never", "there"); err != nil {
			return err
		}
		line, err := lines.Get(&tx.Reader, "a")
		if err == nil && line.Text != "new" {
			t.Errorf("the transaction reads %q", line.Text)
		}
		return err
	})
	if cursor != before+1 {
		t.Errorf("version %d after %d", cursor, before)
	}
	if rows := slices.Collect(feedOf(h, before)); len(rows) != 0 {
		t.Errorf("the feed tells of records: %v", rows)
	}
	h.update(func(tx *storage.Tx) error { return lines.Delete(tx, "a") })
	h.view(func(r *storage.Reader) error {
		if _, err := lines.Get(r, "a"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("deleted: %v", err)
		}
		return nil
	})
}
