package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// History returns the history records of instances that a checked query on
// dom.KindHistoryChange selects, in its order, in their canonical form. Without
// an order they come by instance and revision.
func (r *Reader) History(ctx context.Context, moduleID string, query dom.Query) ([]slnet.Raw, error) {
	limit := -1
	if query.Max != nil {
		limit = int(max(*query.Max, 0))
	}
	var list []*dom.HistoryChange
	err := r.eachHistory(ctx, moduleID, query.Filter, func(change *dom.HistoryChange) bool {
		list = append(list, change)
		return len(query.Orders) > 0 || limit < 0 || len(list) < limit
	})
	if err != nil {
		return nil, err
	}
	if len(query.Orders) > 0 {
		slices.SortStableFunc(list, func(a, b *dom.HistoryChange) int { return query.Compare(a, b) })
	}
	if limit >= 0 && len(list) > limit {
		list = list[:limit]
	}
	raws := make([]slnet.Raw, len(list))
	for i, change := range list {
		if err := r.describeChange(moduleID, change); err != nil {
			return nil, err
		}
		if raws[i], err = dom.EncodeObject(change); err != nil {
			return nil, err
		}
	}
	return raws, nil
}

// CountHistory returns how many history records a checked filter selects.
func (r *Reader) CountHistory(ctx context.Context, moduleID string, filter dom.Filter) (n int64, err error) {
	err = r.eachHistory(ctx, moduleID, filter, func(*dom.HistoryChange) bool {
		n++
		return true
	})
	return n, err
}

// eachHistory calls fn with the records a filter selects, without their
// changes, until fn returns false.
func (r *Reader) eachHistory(ctx context.Context, moduleID string, filter dom.Filter, fn func(*dom.HistoryChange) bool) error {
	prefixes := [][]byte{kindPrefix(spaceHistory, dom.KindInstance, moduleID)}
	if subjects, ok := dom.SubjectsOf(filter); ok {
		prefixes = prefixes[:0]
		for _, id := range subjects {
			prefixes = append(prefixes, historyPrefix(moduleID, id))
		}
	}
	for _, prefix := range prefixes {
		more := true
		err := r.eachHistoryRow(ctx, kv.PrefixRange(prefix), func(key []byte, id dom.InstanceID, row *HistoryRow) error {
			change := &dom.HistoryChange{
				ID: dom.HistoryChangeID(row.ID), SubjectID: id.ToFileFriendlyString(), Time: row.Time,
				FullUsername: row.User, DmaID: nodeID, RunID: row.RunID, Revision: row.Revision,
			}
			if filter.Matches(change) && !fn(change) {
				more = false
				return errStop
			}
			return nil
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
