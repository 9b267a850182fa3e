package storage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv/memkv"
)

// world is a module in a store, and the same instances in a map.
type world struct {
	t           *rapid.T
	store       *Store
	now         time.Time
	instances   map[dom.InstanceID]*dom.Instance
	definitions []dom.DefinitionID
	sections    []dom.SectionDefinitionID
	fields      []dom.FieldDescriptorID
	// single: no instance that is filled has several values of a field.
	single bool
}

const worldModule = "world"

func guid(n byte) (id [16]byte) {
	id[0], id[15] = n*17, n
	return id
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, now: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), instances: make(map[dom.InstanceID]*dom.Instance)}
	var err error
	if w.store, err = Open(t.Context(), memkv.New(), func() time.Time { return w.now }); err != nil {
		t.Fatal(err)
	}
	for n := range byte(3) {
		w.definitions = append(w.definitions, guid(n+1))
		w.sections = append(w.sections, guid(n+11))
	}
	for n := range byte(5) {
		w.fields = append(w.fields, guid(n+21))
	}
	return w
}

var (
	longText = strings.Repeat("Long Text ", 7)
	texts    = []string{"", "a", "A", "ab", "Antwerp", "antwerp", "WERP", "b", "ß", "Ünder", "x\x00y", "x", guidText, strings.ToUpper(guidText),
		"werp", "nderÜnder", "ext long", "Text Long Text L", "aaaa", "aaa", longText, longText + "a", longText + "B", strings.ToLower(longText) + "b", longText[:64], longText[:63] + "é", longText[:63] + "z"}
	guidText = uuid.UUID(guid(7)).String()
)

// value draws a scalar; filters draw from the same few as instances do.
func (w *world) value() dom.Value {
	t := w.t
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0, 1:
		return dom.ValueOf(rapid.SampledFrom(texts).Draw(t, "text"))
	case 2:
		return dom.ValueOf(rapid.SampledFrom([]int64{0, 1, -1, 5, 1 << 53, 1<<53 + 1, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64}).Draw(t, "long"))
	case 3:
		return dom.ValueOf(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1.5, 5, 1 << 53, 1 << 63, -(1 << 63), math.Inf(1), math.Inf(-1), math.NaN(), 1e300}).Draw(t, "double"))
	case 4:
		return dom.ValueOf(rapid.SampledFrom([]int32{0, 1, 5, -7}).Draw(t, "int"))
	case 5:
		return dom.ValueOf(rapid.Bool().Draw(t, "bool"))
	case 6:
		if rapid.Bool().Draw(t, "span") {
			return dom.ValueOf(time.Duration(rapid.IntRange(-2, 2).Draw(t, "hours")) * time.Hour)
		}
		return dom.ValueOf(w.now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "hours")) * time.Hour))
	}
	return dom.ValueOf(uuid.UUID(guid(rapid.SampledFrom([]byte{7, 8, 1, 11, 0}).Draw(t, "guid"))))
}

// fieldValue draws a value, or a list of values of one kind.
func (w *world) fieldValue() dom.Value {
	v := w.value()
	switch rapid.IntRange(0, 9).Draw(w.t, "list") {
	case 0:
		return dom.ValueOf([]string{})
	case 1:
		other := w.value()
		if list := dom.ValueOf([]dom.Value{v, other}); list.Err() == nil {
			return list
		}
	}
	return v
}

func (w *world) fill(o *dom.Instance) {
	t := w.t
	o.DomDefinitionID = rapid.SampledFrom(w.definitions).Draw(t, "definition")
	o.Name = rapid.SampledFrom(texts).Draw(t, "name")
	o.StatusID = rapid.SampledFrom([]string{"", "draft", "Done"}).Draw(t, "status")
	o.Sections = w.drawSections()
	o.CreatedAt, o.CreatedBy = w.now, "Ann"
	o.LastModified, o.LastModifiedBy = w.now, rapid.SampledFrom([]string{"ann", "Bob"}).Draw(t, "by")
}

func (w *world) drawSections() (list []*dom.Section) {
	t := w.t
	for n := range rapid.IntRange(0, 3).Draw(t, "sections") {
		s := dom.NewSection(rapid.SampledFrom(w.sections).Draw(t, "section definition"))
		for _, field := range w.fields[:rapid.IntRange(0, 4).Draw(t, "fields")] {
			switch {
			case !w.single:
				s.FieldValues = append(s.FieldValues, dom.FieldValue{FieldDescriptorID: rapid.SampledFrom(w.fields).Draw(t, "field"), Value: w.fieldValue()})
			case n == 0:
				s.FieldValues = append(s.FieldValues, dom.FieldValue{FieldDescriptorID: field, Value: w.value()})
			}
		}
		list = append(list, s)
	}
	return list
}

// newID draws an id, so that a failing run shrinks to the same ids.
func (w *world) newID() dom.InstanceID {
	return dom.InstanceID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(w.t, "id"))
}

// change stores, changes or removes some instances.
func (w *world) change(most int) {
	for range rapid.IntRange(0, most).Draw(w.t, "changes") {
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 60).Draw(w.t, "pause")) * time.Minute)
		if _, err := w.store.Update(w.t.Context(), Origin{}, w.changeOne()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// changeOne draws a change, makes it in the map and returns how it is made in the
// store.
func (w *world) changeOne() func(tx *Tx) error {
	ids := w.sortedIDs()
	what := rapid.IntRange(0, 5).Draw(w.t, "what")
	if what > 1 || len(ids) == 0 {
		o := &dom.Instance{ID: w.newID()}
		if w.instances[o.ID] != nil {
			return func(*Tx) error { return nil }
		}
		w.fill(o)
		w.instances[o.ID] = o
		return func(tx *Tx) error {
			_, err := tx.Insert(worldModule, o)
			return err
		}
	}
	old := w.instances[ids[rapid.IntRange(0, len(ids)-1).Draw(w.t, "which")]]
	if what == 0 {
		delete(w.instances, old.ID)
		return func(tx *Tx) error { return tx.Remove(worldModule, old, false) }
	}
	updated := *old
	w.fill(&updated)
	w.instances[old.ID] = &updated
	return func(tx *Tx) error {
		_, err := tx.Replace(worldModule, old, &updated)
		return err
	}
}

// multiply copies the instances under other ids, so that there are more than
// samples hold.
func (w *world) multiply(n int) {
	templates := w.sortedIDs()
	if len(templates) == 0 {
		return
	}
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(w.t, "seed"), 0))
	var copies []*dom.Instance
	for range n {
		o := *w.instances[templates[random.IntN(len(templates))]]
		binary.BigEndian.PutUint64(o.ID[:], random.Uint64())
		w.instances[o.ID] = &o
		copies = append(copies, &o)
	}
	_, err := w.store.Update(w.t.Context(), Origin{}, func(tx *Tx) error {
		for _, o := range copies {
			if _, err := tx.Insert(worldModule, o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) sortedIDs() []dom.InstanceID {
	var ids []dom.InstanceID
	for id := range w.instances {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b dom.InstanceID) int { return bytes.Compare(a[:], b[:]) })
	return ids
}

func (w *world) exposer() dom.Exposer {
	e := dom.InstanceExposers
	list := []dom.Exposer{e.Name, e.DomDefinitionID, e.StatusID, e.SectionIDs, e.SectionDefinitionIDs, e.CreatedAt, e.CreatedBy, e.LastModified, e.LastModifiedBy, e.ID}
	for _, f := range w.fields {
		list = append(list, e.FieldValue(f), e.FieldValue(f))
	}
	return rapid.SampledFrom(append(list, e.KeyExists(w.fields[0]))).Draw(w.t, "exposer")
}

func (w *world) leaf() dom.Filter {
	t := w.t
	for {
		e := w.exposer()
		v := w.value()
		if ids := w.sortedIDs(); e == dom.InstanceExposers.ID && len(ids) > 0 {
			v = dom.ValueOf(rapid.SampledFrom(ids).Draw(t, "id"))
		}
		f := dom.Filter{Operator: dom.OperatorCompare, Exposer: e, Value: v, Comparer: rapid.SampledFrom([]dom.Comparer{
			dom.Equals, dom.Equals, dom.Equals, dom.NotEquals, dom.GreaterThan, dom.GreaterThanOrEqual, dom.LessThan, dom.LessThanOrEqual,
			dom.Contains, dom.NotContains, dom.Regex, dom.NotRegex}).Draw(t, "comparer")}
		f.IsOrdinal = rapid.IntRange(0, 4).Draw(t, "ordinal") == 0
		if (f.Comparer == dom.Contains || f.Comparer == dom.NotContains) && v.Kind() == dom.KindString {
			f.Value = dom.ValueOf(w.part(v.Text()))
		}
		if f.Check(dom.KindInstance, nil) == nil {
			return f
		}
	}
}

// part draws a part of a text, at times in capitals.
func (w *world) part(text string) string {
	runes := []rune(text)
	from := rapid.IntRange(0, len(runes)).Draw(w.t, "from")
	part := string(runes[from:rapid.IntRange(from, len(runes)).Draw(w.t, "to")])
	if rapid.IntRange(0, 3).Draw(w.t, "capitals") == 0 {
		part = strings.ToUpper(part)
	}
	return part
}

func (w *world) filter(depth int) dom.Filter {
	t := w.t
	what := rapid.IntRange(0, 9).Draw(t, "filter")
	if depth == 0 || what < 3 {
		return w.leaf()
	}
	operands := func() []dom.Filter {
		n := rapid.SampledFrom([]int{0, 1, 2, 2, 3, 9}).Draw(t, "operands")
		if n > 3 {
			depth = 1
		}
		list := make([]dom.Filter, n)
		for i := range list {
			list[i] = w.filter(depth - 1)
		}
		return list
	}
	switch what {
	case 3, 4:
		return dom.And(operands()...)
	case 5:
		return dom.Or(operands()...)
	case 6:
		e := w.exposer()
		var list []dom.Filter
		for range rapid.IntRange(manyEqualities, 2*manyEqualities).Draw(t, "equalities") {
			if f := e.Equal(w.value()); f.Check(dom.KindInstance, nil) == nil {
				list = append(list, f)
			}
		}
		return dom.Or(list...)
	case 7:
		return dom.Not(w.filter(depth - 1))
	case 8:
		return w.between(w.exposer())
	}
	return rapid.SampledFrom([]dom.Filter{dom.True(), dom.False()}).Draw(t, "constant")
}

// between draws a conjunction of comparisons with one property, at times nested in
// a longer one.
func (w *world) between(e dom.Exposer) dom.Filter {
	t := w.t
	v := w.value()
	isOrdinal := rapid.IntRange(0, 3).Draw(t, "ordinal") == 0
	var list []dom.Filter
	for range rapid.IntRange(2, 3).Draw(t, "ends") {
		f := dom.Filter{Operator: dom.OperatorCompare, Exposer: e, Value: v, IsOrdinal: isOrdinal, Comparer: rapid.SampledFrom([]dom.Comparer{
			dom.Equals, dom.GreaterThan, dom.GreaterThanOrEqual, dom.LessThan, dom.LessThanOrEqual}).Draw(t, "comparer")}
		if f.Check(dom.KindInstance, nil) == nil {
			list = append(list, f)
		}
		for range 10 { // most ranges are of values of one kind
			if other := w.value(); other.Kind() == v.Kind() {
				v = other
				break
			}
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "longer") == 0 {
		list = []dom.Filter{w.leaf(), dom.And(list...)}
	}
	return dom.And(list...)
}

func (w *world) drawQuery() dom.Query {
	if rapid.IntRange(0, 2).Draw(w.t, "range") == 0 {
		e := w.exposer()
		q := dom.NewQuery(w.between(e))
		switch rapid.IntRange(0, 2).Draw(w.t, "in its order") {
		case 0:
			return q
		case 1:
			q = q.OrderBy(e)
		case 2:
			q = q.OrderByDescending(e)
		}
		if rapid.Bool().Draw(w.t, "more orders") {
			q = q.ThenBy(w.exposer())
		}
		return q
	}
	q := dom.NewQuery(w.filter(3))
	for range rapid.IntRange(0, 2).Draw(w.t, "orders") {
		if e := w.exposer(); rapid.Bool().Draw(w.t, "descending") {
			q = q.ThenByDescending(e)
		} else {
			q = q.ThenBy(e)
		}
	}
	return q
}

// expected are the ids the query should answer with.
func (w *world) expected(q dom.Query) []string {
	list := []dom.Object{}
	for _, id := range w.sortedIDs() {
		if o := w.instances[id]; q.Filter.Matches(o) {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, q.Compare)
	keys := []string{}
	for _, o := range list {
		keys = append(keys, o.Key())
	}
	return keys
}

func keysOf(list []candidate) []string {
	keys := []string{}
	for _, c := range list {
		keys = append(keys, c.id)
	}
	return keys
}

func first(keys []string, n int) []string { return keys[:min(n, len(keys))] }

// compare carries a query out in every way there is.
func (w *world) compare(r *Reader, query dom.Query) {
	t, ctx := w.t, context.Background()
	want := w.expected(query)
	same := func(how string, got, want []string, err error) {
		t.Helper()
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%s of %s\n got %v %v\nwant %v", how, describeQuery(query), got, err, want)
		}
	}
	limit := rapid.IntRange(0, 5).Draw(t, "limit")
	fresh := func() *search {
		q, err := r.newSearch(ctx, dom.KindInstance, worldModule, query)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	list, err := fresh().list(-1, nil)
	same("reading", keysOf(list), want, err)
	for i := range list {
		if o, err := dom.DecodeObject(dom.KindInstance, list[i].raw); err != nil || o.Key() != list[i].id {
			t.Fatalf("object %s: %v, %v", list[i].id, o, err)
		}
	}
	list, err = fresh().list(limit, nil)
	same(fmt.Sprint("first ", limit), keysOf(list), first(want, limit), err)

	n, err := r.Count(ctx, dom.KindInstance, worldModule, query.Filter)
	same("count", []string{fmt.Sprint(n)}, []string{fmt.Sprint(len(want))}, err)

	byID := slices.Sorted(slices.Values(want))
	q := fresh()
	if p, err := q.planned(); err != nil {
		t.Fatal(err)
	} else if p.op != pathAll {
		got := []string{}
		err := q.eachOf(p, "", func(f *found) (bool, error) {
			got = append(got, f.id)
			return true, nil
		})
		same("path "+p.describe(true), got, byID, err)
	}
	got := []string{}
	err = q.scan(&path{op: pathAll}, "", func(f *found) (bool, error) {
		got = append(got, f.id)
		return true, nil
	})
	same("scan", got, byID, err)
	if len(query.Orders) > 0 {
		q := fresh()
		if ix, ok := q.indexOf(query.Orders[0].Exposer); ok {
			walk := orderWalk{q: q, index: ix, limit: limit + 1, budget: 1 << 30, descending: query.Orders[0].Descending}
			list, err := walk.list()
			same("walk", keysOf(list), first(want, limit+1), err)
		}
	}
	w.comparePages(r, query, want)
	w.compareSelected(r, query, want)
}

func (w *world) comparePages(r *Reader, query dom.Query, want []string) {
	size := rapid.IntRange(1, 7).Draw(w.t, "page size")
	if len(want) > 100 {
		size += 100
	}
	if rapid.Bool().Draw(w.t, "limited") {
		max := rapid.IntRange(0, 20).Draw(w.t, "max")
		query = query.Limit(int64(max))
		want = first(want, max)
	}
	got := []string{}
	s := Search{Kind: dom.KindInstance, ModuleID: worldModule, Query: query, PageSize: size}
	for {
		answer, err := r.Search(context.Background(), s)
		if err != nil {
			w.t.Fatalf("page of %s: %v", describeQuery(query), err)
		}
		for _, raw := range answer.Objects {
			o, err := dom.DecodeObject(dom.KindInstance, raw)
			if err != nil {
				w.t.Fatal(err)
			}
			got = append(got, o.Key())
		}
		if s.Cursor = answer.Next; s.Cursor == "" {
			break
		}
		if len(answer.Objects) != size {
			w.t.Fatalf("a page of %d objects before the last, want %d", len(answer.Objects), size)
		}
	}
	if !slices.Equal(got, want) {
		w.t.Fatalf("pages of %d of %s\n got %v\nwant %v", size, describeQuery(query), got, want)
	}
}

func (w *world) compareSelected(r *Reader, query dom.Query, want []string) {
	selected := []dom.Exposer{w.exposer(), w.exposer(), dom.InstanceExposers.LastModified}
	answer, err := r.Search(context.Background(), Search{Kind: dom.KindInstance, ModuleID: worldModule, Query: query, Select: selected})
	if err != nil || len(answer.Rows) != len(want) {
		w.t.Fatalf("%d selected rows, %v, want %d", len(answer.Rows), err, len(want))
	}
	for i, row := range answer.Rows {
		id, _ := dom.ParseInstanceID(want[i])
		wantRow := dom.SelectValues(w.instances[id], selected)
		if row.Key != wantRow.Key || !slices.EqualFunc(row.Values, wantRow.Values, sameValues) {
			w.t.Fatalf("selected %v\n got %v\nwant %v", selected, row, wantRow)
		}
	}
}

func sameValues(a, b []dom.Value) bool { return slices.EqualFunc(a, b, dom.Value.Equal) }

func describeQuery(q dom.Query) string {
	return fmt.Sprintf("%s order by %s", describeFilter(q.Filter), describeOrder(q.Orders))
}

func describeFilter(f dom.Filter) string {
	if f.Operator == dom.OperatorCompare {
		return fmt.Sprintf("%s %s %s %q (ordinal %v)", f.Exposer, f.Comparer, f.Value.Kind(), f.Value.String(), f.IsOrdinal)
	}
	parts := make([]string, len(f.Operands))
	for i, o := range f.Operands {
		parts[i] = describeFilter(o)
	}
	return string(f.Operator) + "(" + strings.Join(parts, ", ") + ")"
}

func (w *world) changeIndexes() {
	if !rapid.Bool().Draw(w.t, "change indexes") {
		return
	}
	var values, texts []dom.FieldDescriptorID
	for _, f := range w.fields {
		if rapid.Bool().Draw(w.t, "indexed") {
			values = append(values, f)
		}
		if rapid.Bool().Draw(w.t, "text search") {
			texts = append(texts, f)
		}
	}
	if err := w.store.SetIndexedFields(w.t.Context(), worldModule, values, texts); err != nil {
		w.t.Fatal(err)
	}
	if rapid.Bool().Draw(w.t, "wait") {
		if err := w.store.WaitIndexed(w.t.Context(), worldModule); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) check() {
	if err := w.store.WaitIndexed(w.t.Context(), worldModule); err != nil {
		w.t.Fatal(err)
	}
	result, err := w.store.Check(w.t.Context())
	if err != nil || len(result.Problems) > 0 {
		w.t.Fatalf("check: %v %v", err, result.Problems)
	}
}

// Every way to answer a query gives what brute force over decoded objects gives
// (row FIL-42).
func TestQueriesEqualBruteForce(t *testing.T) {
	if os.Getenv("DOMOVOI_STRESS") == "" {
		fewer(t, 30)
	}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		defer func() {
			if err := w.store.Close(); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}()
		single := rapid.IntRange(0, 3).Draw(t, "rounds with single values")
		for round := range 2 {
			w.single = round < single
			w.change(30)
			if rapid.IntRange(0, 24).Draw(t, "large") == 0 {
				w.multiply(300)
			}
			w.changeIndexes()
			err := w.store.View(t.Context(), func(r *Reader) error {
				for range 6 {
					w.compare(r, w.drawQuery())
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		w.check()
	})
}

// fewer makes that the rest of a test draws fewer examples than rapid does.
func fewer(t *testing.T, n int) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	before := checks.Value.String()
	if before != checks.DefValue {
		return // somebody asked for so many
	}
	if err := checks.Value.Set(strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { checks.Value.Set(before) })
}
