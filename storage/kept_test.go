package storage_test

import (
	"context"
	"errors"
	"testing"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// A kept record is that of the snapshot it is read from, and what a transaction
// read of it makes the transaction conflict.
func TestKeptRecordsAreNeverStale(t *testing.T) {
	s := openHouse(t).Store
	ctx := context.Background()
	table := storage.NewKeptTable[slnet.User]("kept")
	put := func(name string) {
		t.Helper()
		if _, err := s.Update(ctx, storage.Origin{}, func(tx *storage.Tx) error { return table.Put(tx, &slnet.User{Name: name}, "x") }); err != nil {
			t.Fatal(err)
		}
	}
	read := func(r *storage.Reader) string {
		t.Helper()
		user, err := table.Get(r, "x")
		if errors.Is(err, storage.ErrNotFound) {
			return ""
		}
		if err != nil {
			t.Fatal(err)
		}
		name := user.Name
		user.Name = "changed by who read it"
		return name
	}
	want := func(r *storage.Reader, name string) {
		t.Helper()
		for range 2 { // from the store, and kept
			if got := read(r); got != name {
				t.Errorf("read %q, want %q", got, name)
			}
		}
	}
	view := func(name string) {
		t.Helper()
		if err := s.View(ctx, func(r *storage.Reader) error { want(r, name); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	view("")
	put("first")
	view("first")

	// A snapshot from before a change goes on to have the record of then, and does
	// not hide the change from others.
	if err := s.View(ctx, func(r *storage.Reader) error {
		want(r, "first")
		put("second")
		want(r, "first")
		view("second")
		want(r, "first")
		return nil
	}); err != nil {
		t.Fatal(err)
	}

	// What a transaction wrote, only it reads, until it is committed.
	errNo := errors.New("no")
	if _, err := s.Update(ctx, storage.Origin{}, func(tx *storage.Tx) error {
		want(&tx.Reader, "second")
		if err := table.Put(tx, &slnet.User{Name: "never"}, "x"); err != nil {
			return err
		}
		want(&tx.Reader, "never")
		view("second")
		return errNo
	}); !errors.Is(err, errNo) {
		t.Fatal(err)
	}
	view("second")

	// Who read a kept record conflicts with its change.
	attempts := 0
	if _, err := s.Update(ctx, storage.Origin{}, func(tx *storage.Tx) error {
		name := read(&tx.Reader)
		if attempts++; attempts == 1 {
			put("third")
		}
		return table.Put(tx, &slnet.User{Name: "after " + name}, "y")
	}); err != nil {
		t.Fatal(err)
	}
	if attempts != 2 {
		t.Errorf("the transaction was carried out %d times, want 2", attempts)
	}
	if err := s.View(ctx, func(r *storage.Reader) error {
		y, err := table.Get(r, "y")
		if err == nil && y.Name != "after third" {
			t.Errorf("written after reading %q", y.Name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}

	if _, err := s.Update(ctx, storage.Origin{}, func(tx *storage.Tx) error { return table.Delete(tx, "x") }); err != nil {
		t.Fatal(err)
	}
	view("")
}
