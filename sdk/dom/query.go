package dom

import "strings"

// Query is a filter with an order and a limit.
type Query struct {
	Filter Filter `json:"Filter"`
	// Orders are the properties to order by, the first first. Objects that are
	// equal in all of them come in the order of their ids.
	Orders []Order `json:"Orders,omitempty"`
	// Max is the most objects returned, of the ordered set; nil means all.
	Max *int64 `json:"Max,omitempty"`
}

// Order is one property to order by. Objects without a value come first in
// ascending order. Of several values the smallest counts in ascending, the
// largest in descending order.
type Order struct {
	Exposer    Exposer `json:"Exposer"`
	Descending bool    `json:"Descending,omitempty"`
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
	for _, o := range q.Orders {
		if c := o.compare(a, b); c != 0 {
			return c
		}
	}
	return strings.Compare(a.Key(), b.Key())
}

func (o Order) compare(a, b Object) int {
	v, hasV := o.extreme(a)
	w, hasW := o.extreme(b)
	c := 0
	switch {
	case hasV && hasW:
		if c, _ = compareScalars(v, w); v.kind != w.kind && !(isNumber(v.kind) && isNumber(w.kind)) {
			c = int(v.kind) - int(w.kind)
		}
	case hasV:
		c = 1
	case hasW:
		c = -1
	}
	if o.Descending {
		return -c
	}
	return c
}

// extreme is the value that decides where the object stands.
func (o Order) extreme(a Object) (Value, bool) {
	values := a.expose(o.Exposer)
	if len(values) == 0 {
		return Value{}, false
	}
	best := values[0]
	for _, v := range values[1:] {
		if c, ok := compareScalars(v, best); ok && (c < 0) != o.Descending && c != 0 {
			best = v
		}
	}
	return best, true
}
