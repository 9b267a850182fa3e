package kvtest

import (
	"bytes"
	"context"
	"testing"

	"domovoi.dev/storage/kv"
)

func testContextEnded(t *testing.T, s kv.Store) {
	set(t, s, "a", "1")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Update(ended, func(tx kv.Tx) error { return setAll(tx, "a", "2") })
	mustBe(t, "Update with an ended context", err, context.Canceled)
	err = s.View(ended, func(r kv.Reader) error { return nil })
	mustBe(t, "View with an ended context", err, context.Canceled)

	ctx, cancel := context.WithCancel(t.Context())
	_, err = s.Update(ctx, func(tx kv.Tx) error {
		cancel()
		return setAll(tx, "a", "3")
	})
	mustBe(t, "Update whose context ends inside", err, context.Canceled)
	mustEqual(t, "the store", all(t, s), []string{"a=1"})
	mustEqual(t, "version", s.Version(), 1)
}

func testFunctionFails(t *testing.T, s kv.Store) {
	set(t, s, "a", "1")
	_, err := s.Update(t.Context(), func(tx kv.Tx) error {
		if err := setAll(tx, "a", "2", "b", "3"); err != nil {
			return err
		}
		return errTest
	})
	mustBe(t, "Update", err, errTest)
	err = s.View(t.Context(), func(r kv.Reader) error { return errTest })
	mustBe(t, "View", err, errTest)
	for name, call := range map[string]func(){
		"Update": func() { s.Update(t.Context(), func(tx kv.Tx) error { setAll(tx, "a", "4"); panic(errTest) }) },
		"View":   func() { s.View(t.Context(), func(r kv.Reader) error { panic(errTest) }) },
	} {
		func() {
			defer func() { mustEqual(t, name+" panics", recover(), errTest) }()
			call()
		}()
	}
	mustEqual(t, "the store", all(t, s), []string{"a=1"})
	mustEqual(t, "version", s.Version(), 1)
}

func testLimits(t *testing.T, s kv.Store) {
	longest := repeat('k', kv.MaxKeySize)
	tooLong := repeat('k', kv.MaxKeySize+1)
	value := make([]byte, kv.MaxValueSize)
	for name, write := range map[string]func(tx kv.Tx) error{
		"key of Set":          func(tx kv.Tx) error { return tx.Set(tooLong, nil) },
		"key of Delete":       func(tx kv.Tx) error { return tx.Delete(tooLong) },
		"key of DeleteRange":  func(tx kv.Tx) error { return tx.DeleteRange(nil, tooLong) },
		"key of Add":          func(tx kv.Tx) error { return tx.Add(tooLong, 1) },
		"key of SetVersioned": func(tx kv.Tx) error { return tx.SetVersioned(longest[:len(longest)-8], []byte("s"), nil) },
		"value of Set":        func(tx kv.Tx) error { return tx.Set(nil, make([]byte, kv.MaxValueSize+1)) },
		"transaction": func(tx kv.Tx) error {
			for i := range 2 {
				if err := tx.Set([]byte{byte(i)}, value); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		for _, ignored := range []bool{false, true} {
			_, err := s.Update(t.Context(), func(tx kv.Tx) error {
				if err := setAll(tx, "written", "too"); err != nil {
					return err
				}
				err := write(tx)
				mustBe(t, name, err, kv.ErrTooLarge)
				if ignored {
					return nil
				}
				return err
			})
			mustBe(t, "Update with too large a "+name, err, kv.ErrTooLarge)
		}
	}
	mustEqual(t, "the store", all(t, s), []string{})
	update(t, s, func(tx kv.Tx) error {
		if err := tx.SetVersioned(longest[:len(longest)-8], nil, nil); err != nil {
			return err
		}
		return tx.Set(longest, value)
	})
	view(t, s, func(r kv.Reader) error {
		got, err := r.Get(longest)
		if !bytes.Equal(got, value) {
			t.Errorf("the largest value has come back as %d bytes", len(got))
		}
		return err
	})
}

func testWait(t *testing.T, s kv.Store) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Wait(ended, s.Version())
	mustBe(t, "Wait with an ended context", err, context.Canceled)

	type outcome struct {
		v   kv.Version
		err error
	}
	const waiters = 4
	outcomes := make(chan outcome, waiters)
	started := make(chan struct{}, waiters)
	for range waiters {
		go func() {
			started <- struct{}{}
			v, err := s.Wait(background(), 0)
			outcomes <- outcome{v, err}
		}()
	}
	for range waiters {
		<-started
	}
	// A commit that writes nothing wakes nobody.
	update(t, s, func(tx kv.Tx) error { return nil })
	v := set(t, s, "a", "1")
	within(t, "Wait", func() {
		for range waiters {
			if got := <-outcomes; got.err != nil || got.v != v {
				t.Errorf("Wait = %d, %v; want %d", got.v, got.err, v)
			}
		}
	})
	within(t, "Wait for what has happened", func() {
		got, err := s.Wait(t.Context(), v-1)
		if err != nil || got != v {
			t.Errorf("Wait = %d, %v; want %d", got, err, v)
		}
	})
	// What Wait returned can be read.
	view(t, s, func(r kv.Reader) error {
		mustEqual(t, "version", r.Version(), v)
		return nil
	})
}

func testClose(t *testing.T, s kv.Store) {
	v := set(t, s, "a", "1")
	waited := make(chan error, 1)
	go func() {
		_, err := s.Wait(background(), v)
		waited <- err
	}()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	within(t, "Wait on a closed store", func() { mustBe(t, "Wait", <-waited, kv.ErrClosed) })
	called := false
	mustBe(t, "View", s.View(t.Context(), func(r kv.Reader) error { called = true; return nil }), kv.ErrClosed)
	_, err := s.Update(t.Context(), func(tx kv.Tx) error { called = true; return nil })
	mustBe(t, "Update", err, kv.ErrClosed)
	_, err = s.Wait(t.Context(), 0)
	mustBe(t, "Wait", err, kv.ErrClosed)
	mustBe(t, "second Close", s.Close(), kv.ErrClosed)
	s.Version()
	if called {
		t.Error("a function was called on a closed store")
	}
}

func testCloseWaits(t *testing.T, s kv.Store) {
	set(t, s, "a", "1")
	inside, goOn := make(chan struct{}, 2), make(chan struct{})
	outcome := make(chan error, 2)
	go func() {
		outcome <- s.View(background(), func(r kv.Reader) error {
			it := r.Scan(kv.Range{})
			defer it.Close()
			inside <- struct{}{}
			<-goOn
			if !it.Next() {
				t.Error("the iterator of a running View is gone")
			}
			_, err := r.Get([]byte("a"))
			return err
		})
	}()
	go func() {
		_, err := s.Update(background(), func(tx kv.Tx) error {
			inside <- struct{}{}
			<-goOn
			return setAll(tx, "b", "2")
		})
		outcome <- err
	}()
	<-inside
	<-inside
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	// New calls are refused while the running ones go on.
	within(t, "refusal", func() {
		for s.View(background(), func(kv.Reader) error { return nil }) == nil {
		}
	})
	select {
	case err := <-closed:
		t.Errorf("Close has not waited for running transactions, and returned %v", err)
	default:
	}
	close(goOn)
	within(t, "Close", func() {
		for range 2 {
			if err := <-outcome; err != nil {
				t.Errorf("a transaction that ran at Close: %v", err)
			}
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}
