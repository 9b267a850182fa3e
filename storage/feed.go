package storage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

func (tx *Tx) addChange(t ChangeType, moduleID string, o dom.Object, deleted slnet.Raw) {
	tx.row.Changes = append(tx.row.Changes, Change{
		Type: t, Kind: o.Kind(), ModuleID: moduleID, ObjectID: o.Key(),
		Revision: o.GetTracking().Revision, Object: deleted,
	})
}

// AddEvent adds an event to the feed row of the commit. Subscribers get it after
// the commit, and only then. Information events can be read later besides.
func (tx *Tx) AddEvent(moduleID string, message slnet.Message) error {
	b, err := tx.encode(message)
	if err != nil {
		return err
	}
	b = bytes.Clone(b)
	tx.row.Events = append(tx.row.Events, FeedEvent{Name: message.MessageName(), ModuleID: moduleID, Message: b})
	if _, ok := message.(*slnet.InformationEventMessage); ok {
		return tx.keepInformation(b)
	}
	return nil
}

// finish writes the audit row and the feed row.
func (tx *Tx) finish() error {
	if err := tx.keepAudit(); err != nil {
		return err
	}
	if len(tx.row.Changes)+len(tx.row.Events) == 0 {
		return nil
	}
	b, err := tx.encode(&tx.row)
	if err != nil {
		return err
	}
	return tx.kv.SetVersioned([]byte{spaceFeed}, nil, b)
}

func feedKey(version slnet.Cursor) []byte {
	return binary.BigEndian.AppendUint64([]byte{spaceFeed}, uint64(version))
}

// Feed calls fn with the rows behind a cursor, in commit order, until fn
// returns false. It returns the cursor of the snapshot when all rows were seen,
// otherwise that of the last row fn was called with.
func (r *Reader) Feed(after slnet.Cursor, fn func(cursor slnet.Cursor, row *FeedRow) (bool, error)) (slnet.Cursor, error) {
	it := r.kv.Scan(kv.Range{Begin: feedKey(after + 1), End: kv.PrefixEnd([]byte{spaceFeed})})
	defer it.Close()
	for it.Next() {
		cursor, row, err := decodeFeed(it.Key(), it.Value())
		if err != nil {
			return after, err
		}
		more, err := fn(cursor, row)
		if err != nil {
			return after, err
		}
		if after = cursor; !more {
			return after, nil
		}
	}
	if err := it.Err(); err != nil {
		return after, err
	}
	return max(after, r.Version()), nil
}

func decodeFeed(key, value []byte) (slnet.Cursor, *FeedRow, error) {
	if len(key) != 9 {
		return 0, nil, fmt.Errorf("feed key %x: %w", key, errTuple)
	}
	cursor := slnet.Cursor(binary.BigEndian.Uint64(key[1:]))
	row := new(FeedRow)
	// The row is copied, for the value ends with the iterator's next step and
	// raw parts of the row refer to it.
	rest, err := row.UnmarshalMsg(append([]byte(nil), value...))
	if err == nil && len(rest) > 0 {
		err = errTuple
	}
	if err != nil {
		return cursor, nil, fmt.Errorf("feed row %d is damaged: %w", cursor, err)
	}
	return cursor, row, nil
}

// ChangedObject returns the version of an object a change is about, in its
// canonical form. ErrNotFound says that the object was deleted later.
func (r *Reader) ChangedObject(c *Change) (slnet.Raw, error) {
	if c.Type == Deleted {
		return c.Object, nil
	}
	raw, err := r.Raw(c.Kind, c.ModuleID, c.ObjectID)
	if err != nil {
		return nil, err
	}
	o, err := dom.DecodeObject(c.Kind, raw)
	if err != nil || o.GetTracking().Revision == c.Revision {
		return raw, err
	}
	old, err := r.kv.Get(versionKey(c.Kind, c.ModuleID, c.ObjectID, c.Revision))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, ErrNotFound
	}
	return old, err
}

// VersionBefore returns the version of an object that an update replaced, or
// ErrNotFound when the object was deleted since.
func (r *Reader) VersionBefore(c *Change) (dom.Object, error) {
	raw, err := r.kv.Get(versionKey(c.Kind, c.ModuleID, c.ObjectID, c.Revision-1))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return dom.DecodeObject(c.Kind, raw)
}

// Wait blocks until a commit behind the cursor is durable.
func (s *Store) Wait(ctx context.Context, after slnet.Cursor) (slnet.Cursor, error) {
	version, err := s.kv.Wait(ctx, kv.Version(after))
	return slnet.Cursor(version), err
}
