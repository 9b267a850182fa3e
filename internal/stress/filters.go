package stress

import (
	"domovoi.dev/sdk/dom"
)

// subject is what filters are drawn for: the exposers of a kind, with objects
// and others to take values from.
type subject struct {
	kind     dom.ObjectKind
	exposers []dom.Exposer
	objects  []dom.Object
	fields   map[dom.FieldDescriptorID]*dom.FieldDescriptor
	ids      []dom.InstanceID
}

// subject is what there is to know about the objects of a kind.
func (m *model) subject(kind dom.ObjectKind) *subject {
	s := &subject{kind: kind, ids: m.ids, fields: make(map[dom.FieldDescriptorID]*dom.FieldDescriptor)}
	if kind == dom.KindHistoryChange {
		e := dom.HistoryExposers
		s.exposers = []dom.Exposer{e.SubjectID, e.Time, e.FullUsername, e.DmaID}
		s.objects = m.changes()
		return s
	}
	s.objects = all[dom.Object](m, kind)
	switch kind {
	case dom.KindSectionDefinition:
		e := dom.SectionDefinitionExposers
		s.exposers = []dom.Exposer{e.ID, e.Name, e.FieldDescriptorIDs, e.FieldDescriptorNames, e.CreatedAt, e.LastModifiedBy}
	case dom.KindBehaviorDefinition:
		e := dom.BehaviorDefinitionExposers
		s.exposers = []dom.Exposer{e.ID, e.Name, e.ParentID, e.CreatedBy, e.LastModified}
	case dom.KindDefinition:
		e := dom.DefinitionExposers
		s.exposers = []dom.Exposer{e.ID, e.Name, e.SectionDefinitionIDs, e.DomBehaviorDefinitionID, e.CreatedAt, e.LastModifiedBy}
	case dom.KindInstance:
		m.instanceExposers(s)
	}
	return s
}

func (m *model) instanceExposers(s *subject) {
	e := dom.InstanceExposers
	s.exposers = []dom.Exposer{
		e.ID, e.ID, e.Name, e.DomDefinitionID, e.DomDefinitionID, e.StatusID, e.SectionIDs, e.SectionDefinitionIDs,
		e.CreatedAt, e.CreatedBy, e.LastModified, e.LastModifiedBy,
	}
	for _, section := range all[*dom.SectionDefinition](m, dom.KindSectionDefinition) {
		for _, fd := range section.FieldDescriptors {
			s.fields[fd.ID] = fd
			s.exposers = append(s.exposers, e.FieldValue(fd.ID), e.FieldValue(fd.ID), e.KeyExists(fd.ID))
		}
	}
}

var comparers = []dom.Comparer{
	dom.Equals, dom.Equals, dom.NotEquals, dom.GreaterThan, dom.GreaterThanOrEqual, dom.LessThan, dom.LessThanOrEqual,
	dom.Contains, dom.NotContains,
}

// filter draws a filter of some depth.
func (s *subject) filter(r random, depth int) dom.Filter {
	if depth == 0 || r.chance(20) {
		return s.leaf(r)
	}
	switch n := r.IntN(10); {
	case n < 4:
		return dom.And(s.filters(r, depth-1)...)
	case n < 8:
		return dom.Or(s.filters(r, depth-1)...)
	case n < 9:
		return dom.Not(s.filter(r, depth-1))
	}
	return pick(r, []dom.Filter{dom.True(), dom.False(), dom.And(), dom.Or()})
}

func (s *subject) filters(r random, depth int) []dom.Filter {
	list := make([]dom.Filter, 1+r.IntN(3))
	for i := range list {
		list[i] = s.filter(r, depth)
	}
	return list
}

// leaf draws a comparison, mostly with a value that some object has.
func (s *subject) leaf(r random) dom.Filter {
	e := pick(r, s.exposers)
	leaf := dom.Filter{Operator: dom.OperatorCompare, Exposer: e, Comparer: pick(r, comparers), Value: s.valueFor(r, e), IsOrdinal: r.chance(20)}
	if leaf.Value.Kind() == dom.KindString && r.chance(10) {
		leaf.Comparer = pick(r, []dom.Comparer{dom.Regex, dom.NotRegex})
		leaf.Value = dom.ValueOf(pick(r, []string{"^a", "b$", "(?i)É", "^$", "x{100}"}))
	}
	return leaf
}

// valueFor draws a value to compare with. It is of the kind of the exposed ones.
func (s *subject) valueFor(r random, e dom.Exposer) dom.Value {
	if o := pick(r, s.objects); o != nil && r.chance(75) {
		if values := dom.SelectValues(o, []dom.Exposer{e}).Values[0]; len(values) > 0 {
			return s.near(r, pick(r, values))
		}
	}
	switch fd := s.fields[e.FieldID]; {
	case e == dom.InstanceExposers.KeyExists(e.FieldID):
		return dom.ValueOf(r.chance(50))
	case fd != nil:
		return r.scalar(fd, s.ids)
	}
	for _, o := range s.objects {
		if values := dom.SelectValues(o, []dom.Exposer{e}).Values[0]; len(values) > 0 {
			return s.other(r, values[0].Kind())
		}
	}
	return s.otherOf(r, e)
}

// near is a value, or for numbers and texts at times one close to it.
func (s *subject) near(r random, v dom.Value) dom.Value {
	switch {
	case r.chance(80):
	case v.Kind() == dom.KindLong:
		return dom.ValueOf(float64(v.Long()) + 0.5)
	case v.Kind() == dom.KindDouble:
		return dom.ValueOf(pick(r, longs))
	case v.Kind() == dom.KindString:
		runes := []rune(v.Text())
		return dom.ValueOf(string(runes[:r.IntN(len(runes)+1)]))
	}
	return v
}

// other draws a value of a kind.
func (s *subject) other(r random, kind dom.ValueKind) dom.Value {
	switch kind {
	case dom.KindGuid:
		return dom.ValueOf(r.uuid())
	case dom.KindDateTime:
		return dom.ValueOf(pick(r, times))
	case dom.KindLong:
		return dom.ValueOf(pick(r, longs))
	}
	return dom.ValueOf(pick(r, texts))
}

// otherOf draws a value for an exposer that exposes nothing yet: a Guid or its
// text, for both pass where texts, Guids and times are not mixed up.
func (s *subject) otherOf(r random, e dom.Exposer) dom.Value {
	for _, kind := range []dom.ValueKind{dom.KindGuid, dom.KindDateTime, dom.KindLong} {
		v := s.other(r, kind)
		if e.Equal(v).Check(s.kind, nil) == nil {
			return v
		}
	}
	return dom.ValueOf(pick(r, texts))
}

// query draws a filter three deep, orders and a limit.
func (s *subject) query(r random) dom.Query {
	q := dom.NewQuery(s.filter(r, 3))
	if r.chance(10) {
		q.Filter = dom.True()
	}
	for range r.IntN(3) {
		q.Orders = append(q.Orders, dom.Order{Exposer: pick(r, s.exposers), Descending: r.chance(50)})
	}
	if r.chance(40) {
		q = q.Limit(int64(r.IntN(12)))
	}
	return q
}
