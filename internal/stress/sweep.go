package stress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// Sweep is a fixed workload on a storage.Store during which one operation on the
// file system fails.
type Sweep struct {
	// Schema says what the instances are like; nothing else of it is stored.
	Schema *Schema
	// Instances and Rounds say how much is done.
	Instances, Rounds int
	// Base is a file system with a store that was made by the same workload
	// before and crashed, nil to begin with none.
	Base *pebblekv.CrashFS
	// Before is the journal of Base.
	Before map[dom.InstanceID]State
}

// id is the id of an instance of the workload.
func (s *Sweep) id(n int) dom.InstanceID { return dom.InstanceID{1, 15: byte(n + 1)} }

// Result is what came of a workload.
type Result struct {
	Fired   bool // the operation was reached
	Refused bool // and the store told of it
}

// Run does the workload with the operation number index failing, then opens the
// store as it is and as a loss of power leaves it, and looks whether everything
// that was acknowledged is there and nothing contradicts itself. The error says
// what is wrong.
func (s *Sweep) Run(ctx context.Context, index int) (Result, error) {
	memory := pebblekv.NewCrashFS()
	if s.Base != nil {
		memory = s.Base.Clone(0)
	}
	journal := NewJournal()
	for id, state := range s.Before {
		journal.Begin(state, id)
		journal.Acknowledge(id)
	}
	faulty := pebblekv.InjectErrors(memory, index)
	told, err := s.work(ctx, faulty, journal, func() {})
	if err != nil {
		return Result{}, err
	}
	sure := journal.Sure()
	for name, fs := range map[string]pebblekv.FS{"the power failed": memory.Clone(0), "the process ended": memory} {
		if _, err := s.Schema.VerifyStore(ctx, fs, "store", journal, sure); err != nil {
			return Result{}, fmt.Errorf("after %s: %w", name, err)
		}
	}
	return Result{faulty.Fired(), told != nil}, nil
}

// work does the workload until the store fails, and calls done before it closes
// it. told is the error the store gave
// for the fault; err says that it did what it must not.
func (s *Sweep) work(ctx context.Context, fs pebblekv.FS, journal *Journal, done func()) (told, err error) {
	engine, told := pebblekv.Open("store", pebblekv.Options{
		FS: fs, MemTableSize: 8 << 10, CacheSize: 16 << 10, Logger: slog.New(slog.DiscardHandler),
	})
	if told != nil {
		return told, nil
	}
	store, told := storage.Open(ctx, engine, nil)
	if told != nil {
		return told, nil
	}
	for round := range s.Rounds {
		for n := range s.Instances {
			if told = s.write(ctx, store, journal, n, round); told != nil {
				break
			}
		}
		if told == nil {
			told, err = s.read(ctx, store, journal)
		}
		if told != nil || err != nil {
			break
		}
	}
	if told != nil && err == nil && !errors.Is(told, kv.ErrFailed) {
		// An error of reading leaves the store usable.
		again, wrong := s.read(ctx, store, journal)
		if err = wrong; err == nil && again != nil && !errors.Is(again, kv.ErrFailed) {
			err = fmt.Errorf("a second error came of one fault: %w", again)
		}
	}
	done()
	closed := store.Close()
	if err == nil && errors.Is(told, kv.ErrFailed) && !errors.Is(closed, kv.ErrFailed) {
		err = fmt.Errorf("the store has failed (%w), but closing it says %v", told, closed)
	}
	return errors.Join(told, closed), err
}

// Crashed does the workload on a file system without a fault and returns what a
// crash at its end leaves.
func (s *Sweep) Crashed(ctx context.Context, fs *pebblekv.CrashFS, journal *Journal) (*pebblekv.CrashFS, error) {
	var left *pebblekv.CrashFS
	told, err := s.work(ctx, fs, journal, func() { left = fs.Clone(0) })
	return left, errors.Join(told, err)
}

// write makes, changes or removes an instance.
func (s *Sweep) write(ctx context.Context, store *storage.Store, journal *Journal, n, round int) error {
	id := s.id(n)
	was := journal.Last(id)
	next := State{was.Revision + 1, statuses[round%len(statuses)], journal.NextN()}
	remove := was.Revision > 0 && (n+round)%4 == 0
	if remove {
		next = State{}
	}
	journal.Begin(next, id)
	_, err := store.Update(ctx, storage.Origin{User: Ann}, func(tx *storage.Tx) error {
		instance := s.Schema.NewVersion(id, next.N)
		instance.StatusID = next.StatusID
		if was.Revision == 0 {
			if _, err := tx.Insert(s.Schema.ModuleID, instance); err != nil {
				return err
			}
			return tx.AddHistory(s.Schema.ModuleID, instance)
		}
		old, err := tx.Object(dom.KindInstance, s.Schema.ModuleID, id.String())
		if err != nil {
			return err
		}
		if remove {
			return tx.Remove(s.Schema.ModuleID, old, false)
		}
		if _, err := tx.Replace(s.Schema.ModuleID, old, instance); err != nil {
			return err
		}
		return tx.AddHistory(s.Schema.ModuleID, instance)
	})
	if err == nil {
		journal.Acknowledge(id)
	}
	return err
}

// read reads everything in several ways. What is read without an error must be
// right.
func (s *Sweep) read(ctx context.Context, store *storage.Store, journal *Journal) (told, err error) {
	stored, told := s.Schema.States(ctx, store)
	if told != nil {
		return told, nil
	}
	if err := journal.Verify(journal.Sure(), stored); err != nil {
		return nil, err
	}
	var counted, selected int64
	var records int
	told = store.View(ctx, func(r *storage.Reader) error {
		var err error
		if counted, err = r.Count(ctx, dom.KindInstance, s.Schema.ModuleID, dom.True()); err != nil {
			return err
		}
		byDefinition := dom.InstanceExposers.DomDefinitionID.Equal(s.Schema.Definition.ID)
		if selected, err = r.Count(ctx, dom.KindInstance, s.Schema.ModuleID, dom.And(byDefinition, byDefinition)); err != nil {
			return err
		}
		history, err := r.Query(ctx, dom.KindHistoryChange, s.Schema.ModuleID, dom.NewQuery(dom.True()))
		records = len(history)
		return err
	})
	var revisions int64
	for _, state := range stored {
		revisions += state.Revision
	}
	if n := int64(len(stored)); told == nil && (counted != n || selected != n || int64(records) != revisions) {
		return nil, fmt.Errorf("%d instances of %d revisions: %d are counted, %d selected, with %d history records", n, revisions, counted, selected, records)
	}
	return told, nil
}
