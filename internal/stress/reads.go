package stress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// readKinds are the kinds that are read, as often as they stand here.
var readKinds = []dom.ObjectKind{
	dom.KindInstance, dom.KindInstance, dom.KindInstance, dom.KindInstance, dom.KindInstance, dom.KindInstance,
	dom.KindHistoryChange, dom.KindHistoryChange, dom.KindSectionDefinition, dom.KindDefinition, dom.KindBehaviorDefinition,
}

func (r *run) readOperation(user string) error {
	s := r.model.subject(pick(r.random, readKinds))
	query := s.query(r.random)
	if r.random.chance(20) {
		read, err := r.model.throughText(s.kind, query.Filter)
		if err != nil {
			return err
		}
		if a, b := r.model.selected(s.kind, dom.NewQuery(query.Filter)), r.model.selected(s.kind, dom.NewQuery(read)); len(a) != len(b) {
			return fmt.Errorf("%s selects %d objects, and %d when it was written as text and read", describeFilter(query.Filter), len(a), len(b))
		}
		query.Filter = read
	}
	switch n := r.random.IntN(20); {
	case n < 6:
		return r.count(user, s, query.Filter)
	case n < 8 && s.kind == dom.KindInstance:
		return r.readSelected(user, s, query)
	case n < 10:
		return r.readPages(user, s, query)
	case n < 11 && s.kind == dom.KindInstance:
		return r.readPagesMeanwhile(user, query)
	}
	r.say("%s reads %s: %s", user, s.kind, describeQuery(query))
	return r.compareRead(user, s.kind, query)
}

// compareRead reads what a query selects and compares.
func (r *run) compareRead(user string, kind dom.ObjectKind, query dom.Query) error {
	response, trace, err := r.ask(user, &dom.ManagerStoreReadRequest{ModuleID: r.model.settings.ModuleID, Kind: kind, Query: query})
	if err != nil {
		return err
	}
	if err := refused(trace, ""); err != nil {
		return err
	}
	crud, ok := response.(*dom.ManagerStoreCrudResponse)
	if !ok {
		return fmt.Errorf("answered with %+v", response)
	}
	want := r.model.selected(kind, query)
	for _, o := range want {
		r.came(o.Key(), ".", o.GetTracking().Revision)
	}
	if kind == dom.KindHistoryChange {
		return sameHistory(crud.Objects, want)
	}
	return same(crud.Objects, want)
}

// selected is what a query must select.
func (m *model) selected(kind dom.ObjectKind, query dom.Query) []dom.Object {
	if kind == dom.KindHistoryChange {
		return selected(m.changes(), query)
	}
	return selected(all[dom.Object](m, kind), query)
}

// sameHistory compares history records but for their ids and runs.
func sameHistory(got []slnet.Raw, want []dom.Object) error {
	raws := make([]slnet.Raw, len(got))
	for i, raw := range got {
		o, err := dom.DecodeObject(dom.KindHistoryChange, raw)
		if err != nil {
			return err
		}
		change := o.(*dom.HistoryChange)
		change.ID, change.RunID = dom.HistoryChangeID{}, uuid.Nil
		if raws[i], err = dom.EncodeObject(change); err != nil {
			return err
		}
	}
	return same(raws, want)
}

func (r *run) count(user string, s *subject, filter dom.Filter) error {
	r.say("%s counts %s: %s", user, s.kind, describeFilter(filter))
	response, trace, err := r.ask(user, &dom.ManagerStoreCountRequest{ModuleID: r.model.settings.ModuleID, Kind: s.kind, Filter: filter})
	if err != nil {
		return err
	}
	want := int64(len(selected(s.objects, dom.NewQuery(filter))))
	r.came(want)
	if got := response.(*dom.ManagerStoreCountResponse).Count; got != want {
		return fmt.Errorf("%d are counted, want %d", got, want)
	}
	return refused(trace, "")
}

func (r *run) readSelected(user string, s *subject, query dom.Query) error {
	exposers := make([]dom.Exposer, 1+r.random.IntN(3))
	for i := range exposers {
		exposers[i] = pick(r.random, s.exposers)
	}
	r.say("%s selects %v of %s: %s", user, exposers, s.kind, describeQuery(query))
	response, trace, err := r.ask(user, &dom.ManagerStoreReadRequest{
		ModuleID: r.model.settings.ModuleID, Kind: s.kind, Query: query, Select: exposers,
	})
	if err != nil {
		return err
	}
	if err := refused(trace, ""); err != nil {
		return err
	}
	rows, want := response.(*dom.ManagerStoreSelectResponse).Rows, selected(s.objects, query)
	r.came(len(want))
	if len(rows) != len(want) {
		return fmt.Errorf("%d rows, want %d", len(rows), len(want))
	}
	for i, row := range rows {
		expected := dom.SelectValues(want[i], exposers)
		equal := row.Key == expected.Key && slices.EqualFunc(row.Values, expected.Values, func(a, b []dom.Value) bool {
			return slices.EqualFunc(a, b, dom.Value.Equal)
		})
		if !equal {
			return fmt.Errorf("row %d is %+v, want %+v", i+1, row, expected)
		}
	}
	return nil
}

func describeQuery(q dom.Query) string {
	text := describeFilter(q.Filter)
	for _, o := range q.Orders {
		text += fmt.Sprintf(", by %s (descending: %v)", o.Exposer, o.Descending)
	}
	if q.Max != nil {
		text += fmt.Sprintf(", at most %d", *q.Max)
	}
	return text
}

func describeFilter(f dom.Filter) string {
	if f.Operator == dom.OperatorCompare {
		return fmt.Sprintf("%s %s %q (%s, ordinal: %v)", f.Exposer, f.Comparer, f.Value.String(), f.Value.Kind(), f.IsOrdinal)
	}
	parts := make([]string, len(f.Operands))
	for i, operand := range f.Operands {
		parts[i] = describeFilter(operand)
	}
	return fmt.Sprintf("%s(%s)", f.Operator, strings.Join(parts, "; "))
}
