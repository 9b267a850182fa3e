package storage_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

var (
	fieldOne = dom.FieldDescriptorID{1}
	fieldTwo = dom.FieldDescriptorID{2}
)

// anyInstance draws an instance with none to two sections of few values.
func anyInstance(t *rapid.T, id byte) *dom.Instance {
	o := thing(rapid.SampledFrom([]string{"", "a", "A", "b"}).Draw(t, "name"), byte(rapid.IntRange(1, 3).Draw(t, "definition")), nil)
	o.ID, o.StatusID = dom.InstanceID{id}, rapid.SampledFrom([]string{"", "draft", "active"}).Draw(t, "status")
	for range rapid.IntRange(0, 2).Draw(t, "sections") {
		section := &dom.Section{ID: dom.SectionID{byte(rapid.IntRange(1, 3).Draw(t, "section"))}, SectionDefinitionID: dom.SectionDefinitionID{byte(rapid.IntRange(1, 2).Draw(t, "section definition"))}}
		for _, field := range []dom.FieldDescriptorID{fieldOne, fieldTwo} {
			if v := anyScalar().Draw(t, "value"); v != nil {
				section.AddOrReplaceFieldValue(field, v)
			}
		}
		o.Sections = append(o.Sections, section)
	}
	return o
}

func anyScalar() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.Int64Range(0, 3), func(n int64) any { return n }),
		rapid.Map(rapid.SampledFrom([]string{"x", "X", "xy"}), func(s string) any { return s }),
		rapid.Map(rapid.SampledFrom([][]string{{}, {"x"}, {"y", "xy"}}), func(s []string) any { return s }),
		rapid.Just[any](1.5),
	)
}

// anyLeaf draws a comparison, among them those a reader has short cuts for.
func anyLeaf(t *rapid.T) dom.Filter {
	e := dom.InstanceExposers
	guid := uuid.UUID{byte(rapid.IntRange(1, 4).Draw(t, "guid"))}
	var value any = guid
	if rapid.Bool().Draw(t, "as text") {
		value = guid.String()
	}
	comparers := []func(dom.Exposer, any) dom.Filter{
		dom.Exposer.Equal, dom.Exposer.NotEqual, dom.Exposer.GreaterThan, dom.Exposer.GreaterThanOrEqual,
		dom.Exposer.LessThan, dom.Exposer.LessThanOrEqual, dom.Exposer.Contains, dom.Exposer.NotContains,
	}
	if rapid.Bool().Draw(t, "equal") {
		comparers = comparers[:1]
	}
	compare := rapid.SampledFrom(comparers).Draw(t, "comparer")
	switch rapid.IntRange(0, 5).Draw(t, "leaf") {
	case 0:
		return compare(e.ID, value)
	case 1:
		return compare(e.DomDefinitionID, value)
	case 2:
		return compare(rapid.SampledFrom([]dom.Exposer{e.SectionIDs, e.SectionDefinitionIDs}).Draw(t, "exposer"), value)
	case 3:
		filter := compare(rapid.SampledFrom([]dom.Exposer{e.Name, e.StatusID}).Draw(t, "exposer"), rapid.SampledFrom([]string{"a", "A", "draft", "DRAFT", "x"}).Draw(t, "text"))
		if rapid.Bool().Draw(t, "ordinal") {
			filter = filter.Ordinal()
		}
		return filter
	case 4:
		return e.KeyExists(fieldOne).Equal(rapid.Bool().Draw(t, "exists"))
	}
	v := anyScalar().Filter(func(v any) bool { _, isList := v.([]string); return v != nil && !isList }).Draw(t, "value")
	return compare(e.FieldValue(rapid.SampledFrom([]dom.FieldDescriptorID{fieldOne, fieldTwo}).Draw(t, "field")), v)
}

// anyFilter draws a filter at most depth levels deep.
func anyFilter(t *rapid.T, depth int) dom.Filter {
	operator := rapid.IntRange(0, 9).Draw(t, "operator")
	if depth == 0 && operator > 1 {
		return anyLeaf(t)
	}
	operands := func() []dom.Filter {
		list := make([]dom.Filter, rapid.IntRange(0, 3).Draw(t, "operands"))
		for i := range list {
			list[i] = anyFilter(t, depth-1)
		}
		return list
	}
	switch operator {
	case 0:
		return dom.True()
	case 1:
		return dom.False()
	case 2, 3, 4:
		return dom.And(operands()...)
	case 5, 6, 7:
		return dom.Or(operands()...)
	case 8:
		return dom.Not(anyFilter(t, depth-1))
	}
	return anyLeaf(t)
}

func anyQuery(t *rapid.T) dom.Query {
	e := dom.InstanceExposers
	query := dom.NewQuery(anyFilter(t, 3))
	for range rapid.IntRange(0, 2).Draw(t, "orders") {
		exposer := rapid.SampledFrom([]dom.Exposer{e.Name, e.StatusID, e.ID, e.SectionIDs, e.FieldValue(fieldOne)}).Draw(t, "order")
		if rapid.Bool().Draw(t, "descending") {
			query = query.ThenByDescending(exposer)
		} else {
			query = query.ThenBy(exposer)
		}
	}
	if rapid.Bool().Draw(t, "limited") {
		query = query.Limit(rapid.Int64Range(-1, 6).Draw(t, "limit"))
	}
	return query
}

// selected does what a query says the plain way.
func selected[T dom.Object](objects []T, query dom.Query) []string {
	keys := []string{}
	matching := slices.DeleteFunc(slices.Clone(objects), func(o T) bool { return !query.Filter.Matches(o) })
	slices.SortFunc(matching, func(a, b T) int { return query.Compare(a, b) })
	if query.Max != nil && int64(len(matching)) > max(*query.Max, 0) {
		matching = matching[:max(*query.Max, 0)]
	}
	for _, o := range matching {
		keys = append(keys, o.Key())
	}
	return keys
}

func keysOf(kind dom.ObjectKind, raws []slnet.Raw) (keys []string, err error) {
	keys = []string{}
	for _, raw := range raws {
		o, err := dom.DecodeObject(kind, raw)
		if err != nil {
			return nil, err
		}
		keys = append(keys, o.Key())
	}
	return keys, nil
}

// TestFIL42QueriesEqualBruteForce also covers QRY-06 and QRY-07: limits, and
// counts that ignore them.
func TestFIL42QueriesEqualBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHouse(t)
		defer h.close()
		var objects []*dom.Instance
		h.update(func(tx *storage.Tx) error {
			for id := range rapid.IntRange(0, 8).Draw(t, "instances") {
				o := anyInstance(t, byte(id+1))
				objects = append(objects, o)
				if _, err := tx.Insert(here, o); err != nil {
					return err
				}
			}
			_, err := tx.Insert(elsewhere, anyInstance(t, 1))
			return err
		})
		ctx := context.Background()
		for range 10 {
			query := anyQuery(t)
			if err := query.Check(dom.KindInstance, nil); err != nil {
				t.Fatalf("%v: %v", query, err)
			}
			h.view(func(r *storage.Reader) error {
				raws, err := r.Query(ctx, dom.KindInstance, here, query)
				if err != nil {
					return err
				}
				got, err := keysOf(dom.KindInstance, raws)
				if want := selected(objects, query); !slices.Equal(got, want) {
					t.Errorf("%+v selects %v, want %v", query, got, want)
				}
				if err != nil {
					return err
				}
				all := selected(objects, dom.NewQuery(query.Filter))
				if n, err := r.Count(ctx, dom.KindInstance, here, query.Filter); err != nil || n != int64(len(all)) {
					t.Errorf("%+v: count %d (%v), want %d", query.Filter, n, err, len(all))
				}
				if ids, err := r.IDs(ctx, dom.KindInstance, here, query.Filter, 3); err != nil || !slices.Equal(ids, all[:min(3, len(all))]) {
					t.Errorf("%+v: ids %v (%v), want %v", query.Filter, ids, err, all)
				}
				return nil
			})
		}
	})
}

func TestQueriesOfModuleSettingsEqualBruteForce(t *testing.T) {
	h := openHouse(t)
	var objects []*dom.ModuleSettings
	for _, id := range []string{"b", "a", "straße", "a_b"} {
		objects = append(objects, &dom.ModuleSettings{ModuleID: id})
		h.insert("", objects[len(objects)-1])
	}
	id := dom.ModuleSettingsExposers.ModuleID
	all := dom.NewQuery(dom.True())
	for _, query := range []dom.Query{
		all, all.OrderByDescending(id), all.OrderBy(id).Limit(2),
		dom.NewQuery(id.Equal("a")), dom.NewQuery(id.Equal("A")), dom.NewQuery(id.Equal("A").Ordinal()), dom.NewQuery(id.Equal("a").Ordinal()),
		dom.NewQuery(id.Equal("STRASSE")), dom.NewQuery(id.Equal("STRAßE")), dom.NewQuery(id.Contains("A")), dom.NewQuery(id.Equal("")),
		dom.NewQuery(dom.Or(id.Equal("b"), id.Equal("A"), id.Equal("a"))), dom.NewQuery(dom.And(id.Equal("a"), id.NotEqual("a"))),
		dom.NewQuery(id.Equal(uuid.New())),
	} {
		h.view(func(r *storage.Reader) error {
			raws, err := r.Query(t.Context(), dom.KindModuleSettings, "", query)
			if err != nil {
				return err
			}
			got, err := keysOf(dom.KindModuleSettings, raws)
			want := selected(objects, query)
			slices.Sort(want)
			if len(query.Orders) == 0 {
				slices.Sort(got)
			} else {
				want = selected(objects, query)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v selects %v, want %v", query, got, want)
			}
			return err
		})
	}
}

// TestFIL40ManyIds is one Or of 2,500 equalities.
func TestFIL40ManyIds(t *testing.T) {
	h := openHouse(t)
	filters := make([]dom.Filter, 2500)
	var want []string
	h.update(func(tx *storage.Tx) error {
		for i := range filters {
			o := thing(fmt.Sprint(i), 1, nil)
			filters[i] = dom.InstanceExposers.ID.Equal(o.ID)
			if i%2 == 1 {
				continue // does not exist
			}
			want = append(want, o.Key())
			if _, err := tx.Insert(here, o); err != nil {
				return err
			}
		}
		return nil
	})
	slices.Sort(want)
	h.view(func(r *storage.Reader) error {
		raws, err := r.Query(t.Context(), dom.KindInstance, here, dom.NewQuery(dom.Or(append(filters, filters...)...)))
		if err != nil {
			return err
		}
		got, err := keysOf(dom.KindInstance, raws)
		if !slices.Equal(got, want) {
			t.Errorf("got %d of %d instances", len(got), len(want))
		}
		return err
	})
}
