package storage

import (
	"context"
	"errors"
	"time"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// maxExpiredBytes bounds the objects that one answer of Expired names, so that a
// transaction can hold their deletion.
const maxExpiredBytes = 4 << 20

// Expired returns the ids of objects of a kind in a module that were last
// modified before a time, by id, from behind the id after, at most limit. more
// says that there may be others behind the last.
func (r *Reader) Expired(ctx context.Context, kind dom.ObjectKind, moduleID string, before time.Time, after string, limit int) (ids []string, more bool, err error) {
	rng := kv.PrefixRange(kindPrefix(spaceObject, kind, moduleID))
	if after != "" {
		key, ok := objectKey(kind, moduleID, after)
		if !ok {
			return nil, false, ErrNotFound
		}
		rng.Begin = append(key, 0)
	}
	it := r.kv.Scan(rng)
	defer it.Close()
	size := 0
	for n := 0; it.Next(); n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		o, err := dom.DecodeObject(kind, it.Value())
		if err != nil {
			return nil, false, err
		}
		if !o.GetTracking().LastModified.Before(before) {
			continue
		}
		ids = append(ids, o.Key())
		if size += len(it.Value()); len(ids) == limit || size > maxExpiredBytes {
			return ids, true, nil
		}
	}
	return ids, false, it.Err()
}

// HistoryKey names a history record.
type HistoryKey struct {
	InstanceID dom.InstanceID
	Revision   int64
}

// ExpiredHistory returns the history records of a module from before a time, by
// instance and revision, from behind the record after, at most limit. more says
// that there may be others behind the last.
func (r *Reader) ExpiredHistory(ctx context.Context, moduleID string, before time.Time, after HistoryKey, limit int) (keys []HistoryKey, more bool, err error) {
	rng := kv.PrefixRange(kindPrefix(spaceHistory, dom.KindInstance, moduleID))
	if after != (HistoryKey{}) {
		rng.Begin = append(historyKey(moduleID, after), 0)
	}
	err = r.eachHistoryRow(ctx, rng, func(_ []byte, id dom.InstanceID, row *HistoryRow) error {
		if !row.Time.Before(before) {
			return nil
		}
		if keys = append(keys, HistoryKey{id, row.Revision}); len(keys) == limit {
			more = true
			return errStop
		}
		return nil
	})
	return keys, more, err
}

func historyKey(moduleID string, key HistoryKey) []byte {
	return appendInt(historyPrefix(moduleID, key.InstanceID), key.Revision)
}

// RemoveHistory removes history records; they need not exist. Earlier versions
// of an instance that exists stay, for the feed refers to them too; those of a
// deleted one go with its last record.
func (tx *Tx) RemoveHistory(moduleID string, keys []HistoryKey) error {
	for i, key := range keys {
		if err := tx.kv.Delete(historyKey(moduleID, key)); err != nil {
			return err
		}
		if i+1 < len(keys) && keys[i+1].InstanceID == key.InstanceID {
			continue
		}
		if err := tx.removeOutlived(moduleID, key.InstanceID); err != nil {
			return err
		}
	}
	return nil
}

// removeOutlived removes the versions of an instance that was deleted and has no
// history any more.
func (tx *Tx) removeOutlived(moduleID string, id dom.InstanceID) error {
	_, err := tx.Raw(dom.KindInstance, moduleID, id.String())
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	it := tx.kv.Scan(kv.PrefixRange(historyPrefix(moduleID, id)))
	has := it.Next()
	if err := errors.Join(it.Err(), it.Close()); err != nil || has {
		return err
	}
	if err := tx.kv.Delete(outlivedKey(moduleID, id)); err != nil {
		return err
	}
	versions := versionPrefix(dom.KindInstance, moduleID, id.String())
	return tx.kv.DeleteRange(versions, kv.PrefixEnd(versions))
}
