package stress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv/pebblekv"
)

// VerifyStore opens the store in a directory that nobody uses and compares it
// with the journal, with itself, and its feed with its objects. It returns the
// instances of the schema's module.
func (s *Schema) VerifyStore(ctx context.Context, fs pebblekv.FS, dir string, j *Journal, sure map[dom.InstanceID]int) (stored map[dom.InstanceID]State, err error) {
	store, err := openStore(ctx, fs, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if stored, err = s.States(ctx, store); err != nil {
		return nil, err
	}
	if err := j.Verify(sure, stored); err != nil {
		return nil, err
	}
	result, err := store.Check(ctx)
	if err != nil {
		return nil, err
	}
	if err := Sound(result); err != nil {
		return nil, err
	}
	return stored, CompareFeed(ctx, store)
}

// openStore opens the store in a directory that nobody uses.
func openStore(ctx context.Context, fs pebblekv.FS, dir string) (*storage.Store, error) {
	engine, err := pebblekv.Open(dir, pebblekv.Options{FS: fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return storage.Open(ctx, engine, nil)
}

// InstanceChanges are all changes of instances in the store in a directory that
// nobody uses, in the order of their commits, by module.
func InstanceChanges(ctx context.Context, dir string) (changes map[string][]storage.Change, err error) {
	store, err := openStore(ctx, nil, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	changes = make(map[string][]storage.Change)
	err = store.View(ctx, func(r *storage.Reader) error {
		_, err := r.Feed(0, func(_ slnet.Cursor, row *storage.FeedRow) (bool, error) {
			for _, c := range row.Changes {
				if c.Kind == dom.KindInstance {
					c.ObjectID, c.ModuleID, c.Object = strings.Clone(c.ObjectID), strings.Clone(c.ModuleID), nil
					changes[c.ModuleID] = append(changes[c.ModuleID], c)
				}
			}
			return true, nil
		})
		return err
	})
	return changes, err
}

// States are the instances of the schema's module in a store.
func (s *Schema) States(ctx context.Context, store *storage.Store) (map[dom.InstanceID]State, error) {
	var raws []slnet.Raw
	err := store.View(ctx, func(r *storage.Reader) (err error) {
		raws, err = r.Query(ctx, dom.KindInstance, s.ModuleID, dom.NewQuery(dom.True()))
		return err
	})
	if err != nil {
		return nil, err
	}
	stored := make(map[dom.InstanceID]State, len(raws))
	for _, raw := range raws {
		o, err := dom.DecodeObject(dom.KindInstance, raw)
		if err != nil {
			return nil, err
		}
		instance := o.(*dom.Instance)
		if stored[instance.ID], err = s.StateOf(instance); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// CompareFeed goes through the whole feed: no change may be missing between two
// of an object, and what the last ones lead to must be what is stored.
func CompareFeed(ctx context.Context, store *storage.Store) error {
	return store.View(ctx, func(r *storage.Reader) error {
		replay := replay{revisions: make(map[place]int64)}
		_, err := r.Feed(0, func(cursor slnet.Cursor, row *storage.FeedRow) (bool, error) {
			if cursor <= replay.cursor {
				return false, fmt.Errorf("feed row %d follows row %d", cursor, replay.cursor)
			}
			replay.cursor = cursor
			for i := range row.Changes {
				if err := replay.apply(&row.Changes[i]); err != nil {
					return false, fmt.Errorf("feed row %d: %w", cursor, err)
				}
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		return replay.compare(ctx, r)
	})
}

// place names an object.
type place struct {
	kind     dom.ObjectKind
	moduleID string
	id       string
}

// replay is what the feed has led to.
type replay struct {
	cursor    slnet.Cursor
	revisions map[place]int64 // of what is there
}

func (p *replay) apply(c *storage.Change) error {
	at := place{c.Kind, c.ModuleID, c.ObjectID}
	before, there := p.revisions[at]
	want := before
	if c.Type == storage.Updated {
		want++
	}
	switch {
	case there == (c.Type == storage.Created):
		return fmt.Errorf("%+v: change of type %d, and it is there before: %v", at, c.Type, there)
	case there && c.Revision != want:
		return fmt.Errorf("%+v: change of type %d to revision %d, before it is %d", at, c.Type, c.Revision, before)
	}
	if p.revisions[at] = c.Revision; c.Type == storage.Deleted {
		delete(p.revisions, at)
	}
	return nil
}

// compare compares what the feed has led to with what is stored.
func (p *replay) compare(ctx context.Context, r *storage.Reader) error {
	type group struct {
		kind     dom.ObjectKind
		moduleID string
	}
	counts := make(map[group]int64)
	for at, revision := range p.revisions {
		o, err := r.Object(at.kind, at.moduleID, at.id)
		if err != nil {
			return fmt.Errorf("%+v has revision %d by the feed: %w", at, revision, err)
		}
		if is := o.GetTracking().Revision; is != revision {
			return fmt.Errorf("%+v has revision %d, by the feed %d", at, is, revision)
		}
		counts[group{at.kind, at.moduleID}]++
	}
	for of, want := range counts {
		if got, err := r.Count(ctx, of.kind, of.moduleID, dom.True()); err != nil || got != want {
			return fmt.Errorf("%+v: %d objects, by the feed %d (%w)", of, got, want, err)
		}
	}
	return nil
}
