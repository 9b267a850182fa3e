package dom

import (
	"cmp"
	"strings"
)

// Query is a filter with an order and a limit.
type Query struct {
	// Filter selects the objects.
	Filter Filter `json:"Filter"`
	// Orders are the properties to order by, the first first. Objects that are
	// equal in all of them come in the order of their ids.
	Orders []Order `json:"Orders,omitempty"`
	// Max is the most objects returned, of the ordered set; nil means all.
	Max *int64 `json:"Max,omitempty"`
}

// Order is one property to order by. Objects without a value come last, in
// either direction, so that the first of an ordered query are found without
// looking for them. Of several values the smallest counts in ascending, the
// largest in descending order.
type Order struct {
	// Exposer is the property.
	Exposer Exposer `json:"Exposer"`
	// Descending begins with the largest.
	Descending bool `json:"Descending,omitempty"`
}

// NewQuery returns a query for what the filter selects.
func NewQuery(filter Filter) Query { return Query{Filter: filter} }

// OrderBy returns the query ordered by a property, smallest first. Strings are
// ordered by code point (row QRY-02).
func (q Query) OrderBy(e Exposer) Query { return q.order(Order{Exposer: e}) }

// OrderByDescending returns the query ordered by a property, largest first.
func (q Query) OrderByDescending(e Exposer) Query {
	return q.order(Order{Exposer: e, Descending: true})
}

// ThenBy orders what is equal so far by a further property.
func (q Query) ThenBy(e Exposer) Query { return q.order(Order{Exposer: e}) }

// ThenByDescending orders what is equal so far by a further property, largest
// first.
func (q Query) ThenByDescending(e Exposer) Query { return q.order(Order{Exposer: e, Descending: true}) }

// Limit returns the query cut to the first n objects.
func (q Query) Limit(n int64) Query {
	q.Max = &n
	return q
}

func (q Query) order(o Order) Query {
	q.Orders = append(q.Orders[:len(q.Orders):len(q.Orders)], o)
	return q
}

// Check returns an error when the query cannot be applied to objects of a kind.
func (q Query) Check(kind ObjectKind, types FieldTypes) error {
	for _, o := range q.Orders {
		if err := checkExposer(kind, o.Exposer); err != nil {
			return err
		}
	}
	return q.Filter.Check(kind, types)
}

// Compare orders two objects as the query asks for: negative when a comes
// before b. Objects that are equal in all orders compare by id.
func (q Query) Compare(a, b Object) int {
	if c := q.CompareKeys(q.sortKey(a), q.sortKey(b)); c != 0 {
		return c
	}
	return strings.Compare(a.Key(), b.Key())
}

// SortKey returns the values that decide where an object stands, one for each
// order, the zero Value where the object has none.
func (q Query) SortKey(o *RawObject) []Value { return q.sortKey(o) }

func (q Query) sortKey(o exposing) []Value {
	key := make([]Value, len(q.Orders))
	for i, order := range q.Orders {
		key[i] = order.extreme(o)
	}
	return key
}

// CompareKeys orders the sort keys of two objects.
func (q Query) CompareKeys(a, b []Value) int {
	for i, o := range q.Orders {
		if c := o.compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

func (o Order) compare(v, w Value) int {
	switch {
	case v.kind == KindInvalid || w.kind == KindInvalid:
		return cmp.Compare(presence(w), presence(v))
	case o.Descending:
		return -compareAnyKinds(v, w)
	}
	return compareAnyKinds(v, w)
}

func presence(v Value) int { return min(int(v.kind), 1) }

// extreme is the value that decides where the object stands.
func (o Order) extreme(a exposing) Value {
	var best Value
	for _, v := range a.expose(o.Exposer) {
		if best.kind == KindInvalid || o.compare(v, best) < 0 {
			best = v
		}
	}
	return best
}

// orderOfKinds is how values of different kinds are ordered: numbers by their
// size, whatever their kind.
var orderOfKinds = [...]int{KindString: 1, KindInt: 2, KindLong: 2, KindDouble: 2, KindBool: 3, KindGuid: 4, KindDateTime: 5, KindTimeSpan: 6, KindList: 7}

// compareAnyKinds orders all scalars.
func compareAnyKinds(v, w Value) int {
	if c := cmp.Compare(orderOfKinds[v.kind], orderOfKinds[w.kind]); c != 0 {
		return c
	}
	c, _ := compareScalars(v, w)
	return c
}
