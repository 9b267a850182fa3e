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
	if len(query.Orders) > 0 {
		return r.queryOrdered(ctx, kind, moduleID, query)
	}
	limit := limitOf(query)
	if limit == 0 {
		return nil, nil
	}
	var raws []slnet.Raw
	err := r.each(ctx, kind, moduleID, query.Filter, func(f found) (bool, error) {
		raws = append(raws, f.owned())
		return len(raws) != limit, nil
	})
	return raws, err
}

// limitOf is the most objects a query wants, negative for all.
func limitOf(query dom.Query) int {
	if query.Max == nil {
		return -1
	}
	return int(max(*query.Max, 0))
}

func (r *Reader) queryOrdered(ctx context.Context, kind dom.ObjectKind, moduleID string, query dom.Query) ([]slnet.Raw, error) {
	type candidate struct {
		raw    slnet.Raw
		object dom.Object
	}
	var list []candidate
	err := r.each(ctx, kind, moduleID, query.Filter, func(f found) (bool, error) {
		o, err := f.object()
		list = append(list, candidate{f.owned(), o})
		return true, err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b candidate) int { return query.Compare(a.object, b.object) })
	if limit := limitOf(query); limit >= 0 && len(list) > limit {
		list = list[:limit]
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
	err := r.each(ctx, kind, moduleID, filter, func(found) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}

// IDs returns the ids of the first objects a checked filter selects, at most
// limit.
func (r *Reader) IDs(ctx context.Context, kind dom.ObjectKind, moduleID string, filter dom.Filter, limit int) ([]string, error) {
	var ids []string
	err := r.each(ctx, kind, moduleID, filter, func(f found) (bool, error) {
		o, err := f.object()
		if err != nil {
			return false, err
		}
		ids = append(ids, o.Key())
		return len(ids) < limit, nil
	})
	return ids, err
}

// found is an object on its way to who asked for it. It is decoded only where
// that is needed.
type found struct {
	kind    dom.ObjectKind
	raw     slnet.Raw
	isOwned bool       // raw outlives the visit
	decoded dom.Object // nil until it is needed
}

func (f *found) object() (dom.Object, error) {
	if f.decoded != nil {
		return f.decoded, nil
	}
	return dom.DecodeObject(f.kind, f.raw)
}

func (f *found) owned() slnet.Raw {
	if f.isOwned {
		return f.raw
	}
	return slices.Clone(f.raw)
}

// cancelEvery is after how many objects a scan looks whether its caller still
// waits.
const cancelEvery = 256

// each calls fn with the objects the filter selects, by id, until fn returns
// false.
func (r *Reader) each(ctx context.Context, kind dom.ObjectKind, moduleID string, filter dom.Filter, fn func(f found) (bool, error)) error {
	ids, byID := idsOf(kind, filter)
	definition, byDefinition := definitionOf(kind, filter)
	exact := byID && isIDFilter(filter) || byDefinition && filter.Operator == dom.OperatorCompare || filter.Operator == dom.OperatorTrue
	visited := 0
	visit := func(raw slnet.Raw, owned bool) (bool, error) {
		if visited++; visited%cancelEvery == 0 {
			if err := ctx.Err(); err != nil {
				return false, err
			}
		}
		f := found{kind: kind, raw: raw, isOwned: owned}
		if exact {
			return fn(f)
		}
		o, err := f.object()
		if err != nil || !filter.Matches(o) {
			return true, err
		}
		f.decoded = o
		return fn(f)
	}
	switch {
	case byID:
		return r.eachID(kind, moduleID, ids, visit)
	case byDefinition:
		prefix := appendGuid(indexPrefix(kind, moduleID, indexDefinition), definition)
		return r.eachIndexed(kind, moduleID, prefix, visit)
	}
	it := r.kv.Scan(kv.PrefixRange(kindPrefix(spaceObject, kind, moduleID)))
	defer it.Close()
	for it.Next() {
		if more, err := visit(it.Value(), false); err != nil || !more {
			return err
		}
	}
	return it.Err()
}

// isIDFilter reports whether a filter that is limited to ids consists of nothing
// else.
func isIDFilter(filter dom.Filter) bool {
	switch filter.Operator {
	case dom.OperatorCompare, dom.OperatorFalse:
		return true
	case dom.OperatorOr:
		return !slices.ContainsFunc(filter.Operands, func(f dom.Filter) bool { return !isIDFilter(f) })
	}
	return false
}

// eachID visits objects by their ids.
func (r *Reader) eachID(kind dom.ObjectKind, moduleID string, ids []string, visit func(raw slnet.Raw, owned bool) (bool, error)) error {
	for _, id := range ids {
		raw, err := r.Raw(kind, moduleID, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if more, err := visit(raw, true); err != nil || !more {
			return err
		}
	}
	return nil
}

// eachIndexed visits the objects of the index entries below a prefix. Index
// entries and objects are both in the order of ids, so one iterator over the
// objects moves forward only.
func (r *Reader) eachIndexed(kind dom.ObjectKind, moduleID string, prefix []byte, visit func(raw slnet.Raw, owned bool) (bool, error)) error {
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
		if more, err := visit(objects.Value(), false); err != nil || !more {
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
			id := filter.Value.String()
			if !filter.IsOrdinal {
				id = foldText(id)
			}
			return []string{id}, true
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
