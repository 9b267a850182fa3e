package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// nodeID is the number of this node in history records. There is one node.
const nodeID = 1

func historyPrefix(moduleID string, id dom.InstanceID) []byte {
	return appendGuid(kindPrefix(spaceHistory, dom.KindInstance, moduleID), id)
}

// AddHistory records in the history of an instance the revision that the
// transaction has just written.
func (tx *Tx) AddHistory(moduleID string, instance *dom.Instance) error {
	row := HistoryRow{
		ID: uuid.New(), Time: tx.row.Time, User: tx.row.User, RunID: tx.row.RunID, Revision: instance.Revision,
	}
	b, err := row.MarshalMsg(nil)
	if err != nil {
		return err
	}
	return tx.kv.Set(appendInt(historyPrefix(moduleID, instance.ID), instance.Revision), b)
}

// historyPlace is the text form of where a record stands in the order of
// instances and revisions, which is that of such texts.
func historyPlace(id dom.InstanceID, revision int64) string {
	return fmt.Sprintf("%s/%019d", id, revision)
}

func parseHistoryPlace(text string) (key HistoryKey, ok bool) {
	id, revision, _ := strings.Cut(text, "/")
	var err, err2 error
	key.InstanceID, err = dom.ParseInstanceID(id)
	key.Revision, err2 = strconv.ParseInt(revision, 10, 64)
	return key, err == nil && err2 == nil && historyPlace(key.InstanceID, key.Revision) == text
}

// listHistory returns the first history records of the query behind a mark, at
// most limit when that is not negative. Without an order they come by instance
// and revision, which also decides between those that are equal in the order.
func (q *search) listHistory(limit int, after *Mark) ([]candidate, error) {
	q.work.how = append(q.work.how, "history records of the instances the filter names, or of all")
	top := topList{query: &q.query, limit: limit}
	isOrdered := len(q.query.Orders) > 0
	var from HistoryKey
	if after != nil && !isOrdered {
		from, _ = parseHistoryPlace(after.ID)
	}
	var o dom.RawObject
	err := q.r.eachHistory(q.ctx, q.moduleID, q.query.Filter, from, func(id dom.InstanceID, change *dom.HistoryChange) (bool, error) {
		q.work.Objects++
		raw, err := dom.EncodeObject(change)
		if err != nil {
			return false, err
		}
		o.Reset(q.kind, raw)
		c := candidate{id: historyPlace(id, change.Revision), key: q.query.SortKey(&o)}
		if isOrdered && (after != nil && !q.isBehind(after, c.key, c.id) || !top.wants(c.id, c.key)) {
			return true, o.Err()
		}
		if len(q.selected) > 0 {
			c.row = o.Select(change.Key(), q.selected)
		} else {
			c.raw = raw
		}
		err = top.add(c)
		more := isOrdered || limit < 0 || len(top.list) < limit && !top.isFull
		return more, errors.Join(err, o.Err())
	})
	if err != nil {
		return nil, err
	}
	return q.describeChanges(top.sorted())
}

// describeChanges fills in what changed, as far as one answer can hold it.
func (q *search) describeChanges(list []candidate) ([]candidate, error) {
	size := 0
	for i := range list {
		if len(q.selected) > 0 {
			break // no exposer asks for it
		}
		o, err := dom.DecodeObject(q.kind, list[i].raw)
		if err != nil {
			return nil, err
		}
		if err := q.r.describeChange(q.moduleID, o.(*dom.HistoryChange)); err != nil {
			return nil, err
		}
		if list[i].raw, err = dom.EncodeObject(o); err != nil {
			return nil, err
		}
		if size += len(list[i].raw); size > MaxAnswerBytes {
			return list[:i+1], nil
		}
	}
	return list, nil
}

// countHistory returns how many history records a checked filter selects.
func (r *Reader) countHistory(ctx context.Context, moduleID string, filter dom.Filter) (n int64, err error) {
	err = r.eachHistory(ctx, moduleID, filter, HistoryKey{}, func(dom.InstanceID, *dom.HistoryChange) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}

// eachHistory calls fn with the records a filter selects, without their
// changes, by instance and revision, behind a record when it is not zero, until
// fn returns false.
func (r *Reader) eachHistory(ctx context.Context, moduleID string, filter dom.Filter, after HistoryKey, fn func(dom.InstanceID, *dom.HistoryChange) (bool, error)) error {
	prefixes := [][]byte{kindPrefix(spaceHistory, dom.KindInstance, moduleID)}
	if subjects, ok := dom.SubjectsOf(filter); ok {
		prefixes = prefixes[:0]
		for _, id := range subjects {
			prefixes = append(prefixes, historyPrefix(moduleID, id))
		}
	}
	var begin []byte
	if after != (HistoryKey{}) {
		begin = append(historyKey(moduleID, after), 0)
	}
	for _, prefix := range prefixes {
		rng := kv.PrefixRange(prefix)
		if bytes.Compare(begin, rng.Begin) > 0 {
			rng.Begin = begin
		}
		if bytes.Compare(rng.Begin, rng.End) >= 0 {
			continue
		}
		more := true
		err := r.eachHistoryRow(ctx, rng, func(key []byte, id dom.InstanceID, row *HistoryRow) error {
			change := &dom.HistoryChange{
				ID: dom.HistoryChangeID(row.ID), SubjectID: id.ToFileFriendlyString(), Time: row.Time,
				FullUsername: row.User, DmaID: nodeID, RunID: row.RunID, Revision: row.Revision,
			}
			if !filter.Matches(change) {
				return nil
			}
			var err error
			if more, err = fn(id, change); err == nil && !more {
				err = errStop
			}
			return err
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// errStop ends a walk that has seen enough.
var errStop = errors.New("stop")

func (r *Reader) eachHistoryRow(ctx context.Context, rng kv.Range, fn func(key []byte, id dom.InstanceID, row *HistoryRow) error) error {
	it := r.kv.Scan(rng)
	defer it.Close()
	for n := 0; it.Next(); n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key := it.Key()
		if len(key) < 26 {
			return fmt.Errorf("history key %x: %w", key, errTuple)
		}
		guid, _, err := readGuid(key[len(key)-26:])
		if err != nil {
			return fmt.Errorf("history key %x: %w", key, err)
		}
		row := new(HistoryRow)
		if rest, err := row.UnmarshalMsg(it.Value()); err != nil || len(rest) > 0 {
			return fmt.Errorf("history row %x is damaged: %w", key, errors.Join(err, errTuple))
		}
		switch err := fn(key, dom.InstanceID(guid), row); {
		case errors.Is(err, errStop):
			return nil
		case err != nil:
			return err
		}
	}
	return it.Err()
}

// version returns a version of an instance, nil for one that is not kept.
func (r *Reader) version(moduleID, id string, revision int64) (*dom.Instance, error) {
	if revision == 0 {
		return nil, nil
	}
	raw, err := r.kv.Get(versionKey(dom.KindInstance, moduleID, id, revision))
	if errors.Is(err, kv.ErrNotFound) {
		raw, err = r.Raw(dom.KindInstance, moduleID, id)
	}
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o, err := dom.DecodeObject(dom.KindInstance, raw)
	if err != nil || o.GetTracking().Revision != revision {
		return nil, err
	}
	return o.(*dom.Instance), nil
}

// describeChange fills in what changed: the difference between two versions.
func (r *Reader) describeChange(moduleID string, change *dom.HistoryChange) error {
	id, err := dom.ParseSubjectID(change.SubjectID)
	if err != nil {
		return err
	}
	after, err := r.version(moduleID, id.String(), change.Revision)
	if err != nil || after == nil {
		return err
	}
	before, err := r.version(moduleID, id.String(), change.Revision-1)
	if err != nil || before == nil && change.Revision > 1 {
		return err
	}
	if before != nil && !before.CreatedAt.Equal(after.CreatedAt) {
		before = nil // it was deleted then, and created again
	}
	differences := dom.Differences(before, after)
	if differences.StatusBefore != differences.StatusAfter {
		change.StatusChange = &dom.StatusChange{StatusIDBefore: differences.StatusBefore, StatusIDAfter: differences.StatusAfter}
	}
	at := make(map[dom.SectionID]int)
	for _, d := range differences.FieldValues.Get() {
		i, ok := at[d.SectionID]
		if !ok {
			i = len(change.SectionChanges)
			at[d.SectionID] = i
			change.SectionChanges = append(change.SectionChanges, dom.SectionChange{SectionID: d.SectionID, SectionDefinitionID: d.SectionDefinitionID})
		}
		value := dom.FieldValueChange{FieldDescriptorID: d.FieldDescriptorID, CrudType: d.Type}
		if d.Type != dom.CrudCreate {
			value.ValueBefore = &d.ValueBefore
		}
		if d.Type != dom.CrudDelete {
			value.ValueAfter = &d.ValueAfter
		}
		change.SectionChanges[i].FieldValueChanges = append(change.SectionChanges[i].FieldValueChanges, value)
	}
	return nil
}

// keepHistory makes the history of an instance outlive it: the last version is
// kept with the earlier ones. It reports false when there is no history.
func (tx *Tx) keepHistory(moduleID string, old *dom.Instance, raw slnet.Raw) (bool, error) {
	it := tx.kv.Scan(kv.PrefixRange(historyPrefix(moduleID, old.ID)))
	has := it.Next()
	if err := errors.Join(it.Err(), it.Close()); err != nil || !has {
		return false, err
	}
	if err := tx.setOutlived(moduleID, old); err != nil {
		return false, err
	}
	return true, tx.kv.Set(versionKey(old.Kind(), moduleID, old.Key(), old.Revision), raw)
}
