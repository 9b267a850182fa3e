package storage

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// Query returns the objects of a kind that a checked query selects, in its
// order, in their canonical form. Without an order they come by id.
func (r *Reader) Query(ctx context.Context, kind dom.ObjectKind, moduleID string, query dom.Query) ([]slnet.Raw, error) {
	limit := -1
	if query.Max != nil {
		limit = int(max(*query.Max, 0))
	}
	if limit == 0 {
		return nil, nil
	}
	type found struct {
		raw    slnet.Raw
		object dom.Object
	}
	var list []found
	ordered := len(query.Orders) > 0
	err := r.each(ctx, kind, moduleID, query.Filter, func(raw slnet.Raw, o dom.Object) bool {
		list = append(list, found{slices.Clone(raw), o})
		return ordered || len(list) != limit
	})
	if err != nil {
		return nil, err
	}
	if ordered {
		slices.SortFunc(list, func(a, b found) int { return query.Compare(a.object, b.object) })
		if limit >= 0 && len(list) > limit {
			list = list[:limit]
		}
	}
	raws := make([]slnet.Raw, len(list))
	for i := range list {
		raws[i] = list[i].raw
	}
	return raws, nil
}

// Count returns how many objects of a kind a checked filter selects. It asks a
// counter where the filter is a whole kind or definition.
func (r *Reader) Count(ctx context.Context, kind dom.ObjectKind, moduleID string, filter dom.Filter) (int64, error) {
	if filter.Operator == dom.OperatorTrue {
		return r.kv.GetCounter(counterKey(kind, moduleID))
	}
	if kind == dom.KindInstance && filter.Operator == dom.OperatorCompare {
		if id, ok := definitionLeaf(filter); ok {
			return r.kv.GetCounter(definitionCounterKey(moduleID, id))
		}
	}
	var n int64
	err := r.each(ctx, kind, moduleID, filter, func(slnet.Raw, dom.Object) bool {
		n++
		return true
	})
	return n, err
}

// cancelEvery is after how many objects a scan looks whether its caller still
// waits.
const cancelEvery = 256

// each calls fn with the objects the filter selects, by id, until fn returns
// false. raw is valid until fn returns.
func (r *Reader) each(ctx context.Context, kind dom.ObjectKind, moduleID string, filter dom.Filter, fn func(raw slnet.Raw, o dom.Object) bool) error {
	visited := 0
	visit := func(raw slnet.Raw) (bool, error) {
		if visited++; visited%cancelEvery == 0 {
			if err := ctx.Err(); err != nil {
				return false, err
			}
		}
		o, err := dom.DecodeObject(kind, raw)
		if err != nil {
			return false, err
		}
		return !filter.Matches(o) || fn(raw, o), nil
	}
	if ids, ok := idsOf(kind, filter); ok {
		return r.eachID(kind, moduleID, ids, visit)
	}
	if id, ok := definitionOf(kind, filter); ok {
		prefix := appendGuid(indexPrefix(kind, moduleID, indexDefinition), id)
		return r.eachIndexed(kind, moduleID, prefix, visit)
	}
	it := r.kv.Scan(kv.PrefixRange(kindPrefix(spaceObject, kind, moduleID)))
	defer it.Close()
	for it.Next() {
		if more, err := visit(it.Value()); err != nil || !more {
			return err
		}
	}
	return it.Err()
}

// eachID visits objects by their ids.
func (r *Reader) eachID(kind dom.ObjectKind, moduleID string, ids []string, visit func(slnet.Raw) (bool, error)) error {
	for _, id := range ids {
		raw, err := r.Raw(kind, moduleID, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if more, err := visit(raw); err != nil || !more {
			return err
		}
	}
	return nil
}

// eachIndexed visits the objects of the index entries below a prefix. Index
// entries and objects are both in the order of ids, so one iterator over the
// objects moves forward only.
func (r *Reader) eachIndexed(kind dom.ObjectKind, moduleID string, prefix []byte, visit func(slnet.Raw) (bool, error)) error {
	index := r.kv.Scan(kv.PrefixRange(prefix))
	defer index.Close()
	objectPrefix := kindPrefix(spaceObject, kind, moduleID)
	objects := r.kv.Scan(kv.PrefixRange(objectPrefix))
	defer objects.Close()
	key := slices.Clone(objectPrefix)
	for index.Next() {
		key = append(key[:len(objectPrefix)], index.Key()[len(prefix):]...)
		if !objects.Seek(key) || string(objects.Key()) != string(key) {
			if err := objects.Err(); err != nil {
				return err
			}
			return errors.New("an index entry without its object; run domovoi check")
		}
		if more, err := visit(objects.Value()); err != nil || !more {
			return err
		}
	}
	return index.Err()
}

// idsOf returns the ids a filter is limited to: those of an equality with the
// id, of an Or of such, or of an And with such a part; sorted, without
// duplicates.
func idsOf(kind dom.ObjectKind, filter dom.Filter) ([]string, bool) {
	switch filter.Operator {
	case dom.OperatorFalse:
		return nil, true
	case dom.OperatorCompare:
		exposer := dom.InstanceExposers.ID
		if kind == dom.KindModuleSettings {
			exposer = dom.ModuleSettingsExposers.ModuleID
		}
		if filter.Exposer != exposer || filter.Comparer != dom.Equals {
			return nil, false
		}
		if kind == dom.KindModuleSettings {
			// Module ids are lowercase, so an equality without regard to case is
			// one with the folded text.
			return []string{foldText(filter.Value.String())}, true
		}
		id, err := uuid.Parse(filter.Value.String())
		return []string{id.String()}, err == nil
	case dom.OperatorAnd:
		for _, operand := range filter.Operands {
			if ids, ok := idsOf(kind, operand); ok {
				return ids, true
			}
		}
	case dom.OperatorOr:
		var all []string
		for _, operand := range filter.Operands {
			ids, ok := idsOf(kind, operand)
			if !ok {
				return nil, false
			}
			all = append(all, ids...)
		}
		slices.Sort(all)
		return slices.Compact(all), true
	}
	return nil, false
}

// definitionOf returns the definition a filter on instances is limited to.
func definitionOf(kind dom.ObjectKind, filter dom.Filter) (dom.DefinitionID, bool) {
	if kind != dom.KindInstance {
		return dom.DefinitionID{}, false
	}
	switch filter.Operator {
	case dom.OperatorCompare:
		return definitionLeaf(filter)
	case dom.OperatorAnd:
		for _, operand := range filter.Operands {
			if id, ok := definitionOf(kind, operand); ok {
				return id, true
			}
		}
	}
	return dom.DefinitionID{}, false
}

func definitionLeaf(filter dom.Filter) (dom.DefinitionID, bool) {
	if filter.Exposer != dom.InstanceExposers.DomDefinitionID || filter.Comparer != dom.Equals {
		return dom.DefinitionID{}, false
	}
	id, err := uuid.Parse(filter.Value.String())
	return dom.DefinitionID(id), err == nil
}
