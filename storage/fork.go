package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/overlay"
)

// maxForkFill is the most instances of a module whose indexes a fork fills. With
// more the indexes stay unused, as they do while they are being filled: the
// entries of a large module would take all the memory a fork has.
const maxForkFill = 1000

// Fork is a store that begins as another was at one moment and goes its own way
// from there, in memory. The other store does not see what is written to it, nor
// does it see what is written to the other.
type Fork struct {
	*Store
	engine *overlay.Store
	below  *Store
}

// Fork returns a fork of the store. It keeps at most about max bytes, and as many
// of attachments; a write beyond that is kv.ErrFull. Until it is closed, which
// must be before the store is, it holds a snapshot of the engine, and the
// contents of attachments that are removed from the store are kept.
func (s *Store) Fork(ctx context.Context, max int) (*Fork, error) {
	s.blobs.retain()
	engine, err := overlay.Open(s.kv, max)
	if err != nil {
		s.blobs.letGo()
		return nil, err
	}
	store, err := Open(ctx, engine, s.now)
	if err != nil {
		s.blobs.letGo()
		return nil, err
	}
	store.maxFill = maxForkFill
	if s.blobs != nil {
		store.blobs = &blobs{store: store, below: s.blobs, held: make(map[BlobHash]int), kept: make(map[BlobHash][]byte), room: max}
	}
	return &Fork{Store: store, engine: engine, below: s}, nil
}

// Close forgets what was written and lets go of the store below.
func (f *Fork) Close() error {
	err := f.Store.Close()
	if !errors.Is(err, kv.ErrClosed) { // it was closed before
		f.below.blobs.letGo()
	}
	return err
}

// Difference is what became of an object since the fork was made.
type Difference struct {
	Kind     dom.ObjectKind
	ModuleID string
	ObjectID string
	// Before and After are the object in its canonical form, nil where it does not
	// exist. They are equal when only its attachments differ.
	Before, After slnet.Raw
	Attachments   []AttachmentDifference
}

// AttachmentDifference is what became of a file attached to an instance. Before
// and After are nil where it does not exist.
type AttachmentDifference struct {
	Before, After *AttachmentRow
}

// Differences calls each with the objects that are not what they were when the
// fork was made, in the order in which they were first changed, and informed with
// the information events made since. What was created and deleted again is no
// difference. The files of an instance that was deleted are not listed.
func (f *Fork) Differences(ctx context.Context, each func(d Difference) error, informed func(e *slnet.InformationEventMessage) error) error {
	return f.engine.ViewBase(ctx, func(before kv.Reader) error {
		return f.View(ctx, func(after *Reader) error {
			c := comparison{before: &Reader{kv: before, store: f.Store}, after: after, seen: make(map[string]bool), each: each}
			if err := c.readAttachments(f.engine.Written(kv.PrefixRange([]byte{spaceAttachment}))); err != nil {
				return err
			}
			_, err := after.Feed(slnet.Cursor(before.Version()), func(_ slnet.Cursor, row *FeedRow) (bool, error) {
				for i := range row.Changes {
					if err := c.compare(&row.Changes[i]); err != nil {
						return false, err
					}
				}
				return true, errors.Join(tellInformation(row, informed), ctx.Err())
			})
			if err != nil {
				return err
			}
			return c.compareAttached()
		})
	})
}

func tellInformation(row *FeedRow, informed func(e *slnet.InformationEventMessage) error) error {
	for _, event := range row.Events {
		e := new(slnet.InformationEventMessage)
		if event.Name != e.MessageName() {
			continue
		}
		if _, err := e.UnmarshalMsg(event.Message); err != nil {
			return err
		}
		if err := informed(e); err != nil {
			return err
		}
	}
	return nil
}

// comparison compares two states of a store.
type comparison struct {
	before, after *Reader
	seen          map[string]bool // keys of objects that were compared
	each          func(d Difference) error
	// attached are instances whose attachments differ, and files the differences.
	attached []Change
	files    map[string][]AttachmentDifference
}

// compare tells the difference of an object that was changed, once.
func (c *comparison) compare(change *Change) error {
	key, ok := objectKey(change.Kind, change.ModuleID, change.ObjectID)
	if !ok || c.seen[string(key)] {
		return nil
	}
	c.seen[string(key)] = true
	d := Difference{Kind: change.Kind, ModuleID: change.ModuleID, ObjectID: change.ObjectID}
	var err error
	if d.Before, err = c.before.rawOrNil(change); err != nil {
		return err
	}
	if d.After, err = c.after.rawOrNil(change); err != nil {
		return err
	}
	if d.After != nil {
		d.Attachments = c.files[string(key)]
	}
	if bytes.Equal(d.Before, d.After) && len(d.Attachments) == 0 {
		return nil
	}
	return c.each(d)
}

func (r *Reader) rawOrNil(change *Change) (slnet.Raw, error) {
	raw, err := r.Raw(change.Kind, change.ModuleID, change.ObjectID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return raw, err
}

// readAttachments finds out which of the attachments under some keys differ.
func (c *comparison) readAttachments(keys [][]byte) error {
	c.files = make(map[string][]AttachmentDifference)
	for _, key := range keys {
		was, err := c.before.attachment(key)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		is, err := c.after.attachment(key)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if was == nil && is == nil || was != nil && is != nil && *was == *is {
			continue
		}
		kind, moduleID, rest, err := parseKind(key)
		if err != nil {
			return fmt.Errorf("attachment key %x: %w", key, err)
		}
		id, _, err := readObjectID(kind, rest)
		if err != nil {
			return fmt.Errorf("attachment key %x: %w", key, err)
		}
		object, _ := objectKey(kind, moduleID, id)
		if c.files[string(object)] == nil {
			c.attached = append(c.attached, Change{Kind: kind, ModuleID: moduleID, ObjectID: id})
		}
		c.files[string(object)] = append(c.files[string(object)], AttachmentDifference{was, is})
	}
	return nil
}

// compareAttached tells of the instances of which only the attachments differ.
func (c *comparison) compareAttached() error {
	for i := range c.attached {
		if err := c.compare(&c.attached[i]); err != nil {
			return err
		}
	}
	return nil
}

// retain keeps contents from being removed until letGo.
func (b *blobs) retain() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.forks++; b.postponed == nil {
		b.postponed = make(map[BlobHash]struct{})
	}
}

func (b *blobs) letGo() {
	if b == nil {
		return
	}
	b.mu.Lock()
	var hashes []BlobHash
	if b.forks--; b.forks == 0 {
		for hash := range b.postponed {
			hashes = append(hashes, hash)
		}
		clear(b.postponed)
	}
	b.mu.Unlock()
	b.discard(hashes)
}

// keep is write for a fork.
func (b *blobs) keep(hash BlobHash, content []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.kept[hash]; ok {
		return nil
	}
	if len(content) > b.room {
		return fmt.Errorf("%d bytes, there is room for %d: %w", len(content), b.room, kv.ErrFull)
	}
	b.room -= len(content)
	b.kept[hash] = bytes.Clone(content)
	return nil
}
