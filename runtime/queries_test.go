package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// queryModel is a module with fields of many types, and named instances.
type queryModel struct {
	t          *testing.T
	conn       slnet.Connection
	helper     *dom.DomHelper
	definition dom.DefinitionID
	main       dom.SectionDefinitionID
	extra      dom.SectionDefinitionID
	fields     map[string]dom.FieldDescriptorID
	names      map[dom.InstanceID]string
	ids        map[string]dom.InstanceID
}

func newQueryModel(t *testing.T, conn slnet.Connection, moduleID string) *queryModel {
	t.Helper()
	m := &queryModel{t: t, conn: conn, fields: make(map[string]dom.FieldDescriptorID), names: make(map[dom.InstanceID]string), ids: make(map[string]dom.InstanceID)}
	name := dom.NewFieldDescriptor("key", dom.TypeString)
	createModule(t, conn, moduleID)
	m.helper = dom.NewDomHelper(conn.SendSLNetMessages, moduleID)
	descriptors := []*dom.FieldDescriptor{name}
	for fieldName, fieldType := range map[string]dom.FieldType{
		"text": dom.TypeString, "long": dom.TypeLong, "double": dom.TypeDouble, "time": dom.TypeDateTime, "span": dom.TypeTimeSpan, "bool": dom.TypeBool,
	} {
		descriptors = append(descriptors, dom.NewFieldDescriptor(fieldName, fieldType))
	}
	for _, fd := range descriptors {
		fd.IsOptional = true
		m.fields[fd.Name] = fd.ID
	}
	main := dom.NewSectionDefinition("Main", descriptors...)
	place := dom.NewFieldDescriptor("place", dom.TypeString)
	place.IsOptional = true
	m.fields["place"] = place.ID
	extra := dom.NewSectionDefinition("Extra", place)
	for _, section := range []*dom.SectionDefinition{main, extra} {
		if _, err := m.helper.SectionDefinitions.Create(t.Context(), section); err != nil {
			t.Fatal(err)
		}
	}
	definition := dom.NewDefinition("Thing", dom.SectionDefinitionLink{SectionDefinitionID: main.ID},
		dom.SectionDefinitionLink{SectionDefinitionID: extra.ID, IsOptional: true, AllowMultipleSections: true})
	if _, err := m.helper.DomDefinitions.Create(t.Context(), definition); err != nil {
		t.Fatal(err)
	}
	m.definition, m.main, m.extra = definition.ID, main.ID, extra.ID
	return m
}

// add stores an instance with values by the names of fields; "place" may have
// several, each in a section of its own.
func (m *queryModel) add(name string, values map[string]any) *dom.Instance {
	m.t.Helper()
	i := dom.NewInstance(m.definition)
	i.AddOrUpdateFieldValue(m.main, m.fields["key"], name)
	for field, v := range values {
		if places, ok := v.([]string); ok {
			for _, place := range places {
				s := dom.NewSection(m.extra)
				s.AddOrReplaceFieldValue(m.fields[field], place)
				i.Sections = append(i.Sections, s)
			}
			continue
		}
		i.AddOrUpdateFieldValue(m.main, m.fields[field], v)
	}
	stored, err := m.helper.DomInstances.Create(m.t.Context(), i)
	if err != nil {
		m.t.Fatal(err)
	}
	m.names[stored.ID], m.ids[name] = name, stored.ID
	return stored
}

func (m *queryModel) field(name string) dom.Exposer {
	return dom.InstanceExposers.FieldValue(m.fields[name])
}

// read returns the names of what a query selects, joined in its order.
func (m *queryModel) read(query dom.Query) string {
	m.t.Helper()
	list, err := m.helper.DomInstances.ReadQuery(m.t.Context(), query)
	if err != nil {
		m.t.Fatal(err)
	}
	names := []string{}
	for _, i := range list {
		names = append(names, m.names[i.ID])
	}
	if len(query.Orders) == 0 {
		slices.Sort(names)
	}
	return strings.Join(names, " ")
}

func TestFilterRows(t *testing.T) {
	m := newQueryModel(t, daemontest.Start(t).Administrator(), "filters")
	noon := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	antwerp := m.add("antwerp", map[string]any{"text": "Antwerp", "long": 123, "double": 1.5, "time": noon, "span": time.Hour, "bool": true, "place": []string{"London", "Helsinki"}})
	m.add("brussels", map[string]any{"text": "Brussels", "long": 456, "double": -2.0, "time": noon.Add(time.Hour), "span": 2 * time.Hour, "bool": false, "place": []string{"Brussels", "Paris"}})
	m.add("empty", nil)
	e := dom.InstanceExposers
	local := noon.In(time.FixedZone("UTC+2", 2*3600))
	many := make([]dom.Filter, 2500)
	for i := range many {
		many[i] = e.ID.Equal(dom.NewInstanceID())
	}
	many[1234] = e.ID.Equal(antwerp.ID)
	for _, test := range []struct {
		row    string
		filter dom.Filter
		want   string
	}{
		{"FIL-01", m.field("long").Equal(int64(123)), "antwerp"},
		{"FIL-02", m.field("long").Equal(int64(999)), ""},
		{"FIL-05", m.field("place").Equal("London").And(m.field("place").Equal("Helsinki")), "antwerp"},
		{"FIL-07", m.field("place").NotEqual("London"), "brussels empty"},
		{"FIL-08", m.field("place").Equal("Paris"), "brussels"},
		{"FIL-09 equal", m.field("text").Equal("x"), ""},
		{"FIL-09 greater", m.field("long").GreaterThan(0), "antwerp brussels"},
		{"FIL-10", m.field("text").NotContains("x"), "antwerp brussels empty"},
		{"FIL-11", dom.Not(m.field("text").Equal("Antwerp")), "brussels empty"},
		{"FIL-12", dom.Not(m.field("long").GreaterThan(200)), "antwerp empty"},
		{"FIL-13 equal", m.field("text").Equal("antwerp"), "antwerp"},
		{"FIL-13 contains", m.field("text").Contains("WERP"), "antwerp"},
		{"FIL-14", m.field("text").Contains("werp").Ordinal(), "antwerp"},
		{"FIL-14 case", m.field("text").Contains("WERP").Ordinal(), ""},
		{"FIL-15", m.field("text").NotEqual("ANTWERP"), "brussels empty"},
		{"FIL-16", e.CreatedBy.Equal(strings.ToUpper(antwerp.CreatedBy)), "antwerp brussels empty"},
		{"FIL-23", m.field("time").GreaterThanOrEqual(noon).And(m.field("time").LessThanOrEqual(noon)), "antwerp"},
		{"FIL-24", m.field("time").Equal(local), "antwerp"},
		{"FIL-25 equal", m.field("span").Equal(time.Hour), "antwerp"},
		{"FIL-25 greater", m.field("span").GreaterThan(time.Hour), "brussels"},
		{"FIL-26 true", m.field("bool").Equal(true), "antwerp"},
		{"FIL-26 false", m.field("bool").Equal(false), "brussels"},
		{"FIL-29", e.StatusID.NotEqual("draft"), "antwerp brussels empty"},
		{"FIL-30", e.SectionDefinitionIDs.Contains(m.extra), "antwerp brussels"},
		{"FIL-30 not", e.SectionDefinitionIDs.NotContains(m.extra), "empty"},
		{"FIL-31", e.SectionIDs.Contains(antwerp.Sections[0].ID), "antwerp"},
		{"FIL-32", e.KeyExists(m.fields["bool"]).Equal(true), "antwerp brussels"},
		{"FIL-32 not", e.KeyExists(m.fields["bool"]).Equal(false), "empty"},
		{"FIL-33", e.CreatedAt.GreaterThan(noon), "antwerp brussels empty"},
		{"FIL-34 id", e.ID.Equal(antwerp.ID), "antwerp"},
		{"FIL-34 Guid", e.ID.Equal(uuid.UUID(antwerp.ID)), "antwerp"},
		{"FIL-35", e.ID.Equal(dom.NewInstanceID()), ""},
		{"FIL-36", dom.True(), "antwerp brussels empty"},
		{"FIL-36 false", dom.False(), ""},
		{"FIL-37", dom.Or(), ""},
		{"FIL-39", dom.And(), "antwerp brussels empty"},
		{"FIL-40", dom.Or(many...), "antwerp"},
		{"FIL-44", m.field("text").Contains("w"), "antwerp"},
		{"FIL-45", m.field("text").Regex("^A"), "antwerp"},
		{"FIL-45 not", m.field("text").NotRegex("^A"), "brussels empty"},
	} {
		if got := m.read(dom.NewQuery(test.filter)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.row, got, test.want)
		}
		count, err := m.helper.DomInstances.Count(t.Context(), test.filter)
		if want := int64(len(strings.Fields(test.want))); err != nil || count != want {
			t.Errorf("%s: counted %d (%v), want %d", test.row, count, err, want)
		}
	}
	for row, filter := range map[string]dom.Filter{
		"FIL-46": m.field("text").Equal(nil), "FIL-47": m.field("bool").Equal("yes"),
	} {
		if _, err := m.helper.DomInstances.Read(t.Context(), filter); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%s: %v, want an error of invalid input", row, err)
		}
	}
}

func TestOrderRows(t *testing.T) {
	m := newQueryModel(t, daemontest.Start(t).Administrator(), "orders")
	for i, name := range []string{"item2", "item10", "item1", "Item3"} {
		m.add(name, map[string]any{"long": i % 2, "double": -float64(i)})
	}
	m.add("none", nil)
	query := dom.NewQuery(dom.True())
	name := m.field("key")
	for _, test := range []struct {
		row   string
		query dom.Query
		want  string
	}{
		{"QRY-02", query.OrderBy(name), "Item3 item1 item10 item2 none"},
		{"QRY-01 descending", query.OrderByDescending(name), "none item2 item10 item1 Item3"},
		{"QRY-01 field", query.OrderBy(m.field("double")), "Item3 item1 item10 item2 none"},
		{"QRY-01 last modification", query.OrderByDescending(dom.InstanceExposers.LastModified), "none Item3 item1 item10 item2"},
		{"QRY-04", query.OrderByDescending(m.field("long")).ThenBy(name), "Item3 item10 item1 item2 none"},
		{"QRY-06", query.OrderBy(name).Limit(3), "Item3 item1 item10"},
		{"QRY-06 none", query.OrderBy(name).Limit(0), ""},
		{"QRY-06 more", query.OrderBy(name).Limit(9), "Item3 item1 item10 item2 none"},
	} {
		if got := m.read(test.query); got != test.want {
			t.Errorf("%s: got %q, want %q", test.row, got, test.want)
		}
	}
}

// TestCCH01EachInstanceIsAskedForOnce counts what a cache asks for.
func TestCCH01EachInstanceIsAskedForOnce(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		m := newQueryModel(t, conn, "cached")
		var ids []dom.InstanceID
		for i := range 4 {
			ids = append(ids, m.add(fmt.Sprintf("n%d", i), nil).ID)
		}
		var asked []int // how many ids each request names
		cache := dom.NewDomCache(dom.NewDomHelper(func(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
			for _, message := range messages {
				asked = append(asked, len(message.(*dom.ManagerStorePagingRequest).Query.Filter.Operands))
			}
			return conn.SendSLNetMessages(ctx, messages...)
		}, "cached"))
		get := func(want string, requests []int, ids ...dom.InstanceID) []*dom.Instance {
			t.Helper()
			asked = nil
			list, err := cache.GetInstancesByID(t.Context(), ids...)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, instance := range list {
				names = append(names, m.names[instance.ID])
			}
			if got := strings.Join(names, " "); got != want || !slices.Equal(asked, requests) {
				t.Errorf("got %q with requests for %v ids, want %q and %v", got, asked, want, requests)
			}
			return list
		}
		none, unknown := dom.InstanceID{}, dom.NewInstanceID()
		get("n1", []int{1}, ids[1])
		first := get("n1", nil, ids[1])[0]
		if first.Revision == 0 {
			t.Error("an instance of the cache has no revision")
		}
		get("n3 n1 n0", []int{2}, ids[3], ids[1], none, ids[0], ids[3])
		get("", nil, none)
		get("", nil)
		get("n0", []int{1}, unknown, ids[0])
		get("", []int{1}, unknown)

		first.AddOrUpdateFieldValue(m.main, m.fields["key"], "changed")
		again, err := cache.GetInstanceByID(t.Context(), ids[1])
		if v, _ := again.GetFieldValue(m.main, m.fields["key"]); err != nil || v.Text() != "n1" {
			t.Errorf("a change of what was returned changed the cache: %v (%v)", v, err)
		}
		if _, err := m.helper.DomInstances.UpdateIfUnchanged(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		cache.Forget(ids[1])
		asked = nil
		again, err = cache.GetInstanceByID(t.Context(), ids[1])
		if v, _ := again.GetFieldValue(m.main, m.fields["key"]); err != nil || v.Text() != "changed" || len(asked) != 1 {
			t.Errorf("forgotten, then read: %v with %d requests (%v)", v, len(asked), err)
		}
		if missing, err := cache.GetInstanceByID(t.Context(), unknown); missing != nil || err != nil {
			t.Errorf("an instance that does not exist: %v (%v)", missing, err)
		}
	})
}

func TestPagingRows(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		m := newQueryModel(t, open(d.Token()), "pages")
		for i := range 23 {
			m.add(fmt.Sprintf("n%02d", i), map[string]any{"long": i})
		}
		instances := m.helper.DomInstances
		pages := instances.PreparePagingQuery(dom.NewQuery(dom.True()).OrderByDescending(m.field("long")), 10)
		if page, err := pages.GetCurrentPage(); err != nil || len(page) != 0 {
			t.Errorf("PAG-02: a page of %d (%v) before the first move", len(page), err)
		}
		var sizes []int
		var names []string
		for {
			more, err := pages.MoveToNextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			page, err := pages.GetCurrentPage()
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, len(page))
			for _, i := range page {
				names = append(names, m.names[i.ID])
			}
		}
		if !slices.Equal(sizes, []int{10, 10, 3}) || names[0] != "n22" || names[22] != "n00" || !slices.IsSortedFunc(names, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Errorf("PAG-01, PAG-11: pages of %v with %v", sizes, names)
		}
		empty := instances.PreparePaging(dom.False(), 0)
		if more, err := empty.MoveToNextPage(t.Context()); more || err != nil {
			t.Errorf("PAG-04: %v %v", more, err)
		}
		exact := instances.PreparePaging(m.field("long").LessThan(20), 10)
		loops, items := 0, 0
		for {
			more, err := exact.HasNextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			if _, err := exact.MoveToNextPage(t.Context()); err != nil {
				t.Fatal(err)
			}
			page, err := exact.GetCurrentPage()
			if err != nil {
				t.Fatal(err)
			}
			loops, items = loops+1, items+len(page)
		}
		if loops != 2 || items != 20 {
			t.Errorf("PAG-05, PAG-07: %d pages with %d instances, want 2 with 20", loops, items)
		}
		testPagesOfTwo(t, m)
		all := instances.PreparePagingSelected(dom.NewQuery(dom.True()), 2, m.field("key"), m.field("long"))
		list, err := all.GetAll(t.Context())
		if err != nil || len(list) != 23 {
			t.Fatalf("SEL-07: %d rows (%v)", len(list), err)
		}
		if v, err := list[0].GetValue(m.field("key")); err != nil || v.Text() != m.names[list[0].InstanceID()] {
			t.Errorf("SEL-07: key %v (%v)", v, err)
		}
		if _, err := all.GetAll(t.Context()); !errors.Is(err, slnet.KindConflict) {
			t.Errorf("a second GetAll: %v", err)
		}
		definitions, err := m.helper.SectionDefinitions.PreparePaging(dom.True(), 10).GetAll(t.Context())
		if err != nil || len(definitions) != 2 {
			t.Errorf("PAG-10: %d section definitions (%v)", len(definitions), err)
		}
		if _, err := instances.PreparePaging(dom.True(), dom.MaxPageSize+1).MoveToNextPage(t.Context()); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("too large a page: %v", err)
		}
		_, err = instances.PreparePagingSelected(dom.NewQuery(dom.True()), 2, dom.InstanceExposers.FieldValue(dom.FieldDescriptorID{})).MoveToNextPage(t.Context())
		if !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("SEL-05: %v", err)
		}
	})
}

// testPagesOfTwo is row PAG-06 for 23 instances.
func testPagesOfTwo(t *testing.T, m *queryModel) {
	t.Helper()
	pages := m.helper.DomInstances.PreparePaging(dom.True(), 2)
	seen := make(map[string]bool)
	for {
		more, err := pages.MoveToNextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
		page, err := pages.GetCurrentPage()
		if err != nil || len(page) == 0 || len(page) > 2 {
			t.Fatalf("PAG-06: a page of %d (%v)", len(page), err)
		}
		for _, instance := range page {
			if name := m.names[instance.ID]; seen[name] {
				t.Errorf("PAG-06: %s came twice", name)
			} else {
				seen[name] = true
			}
		}
	}
	if len(seen) != 23 {
		t.Errorf("PAG-06: %d instances came, want all 23", len(seen))
	}
}

// TestPAG09PagesGoOnAfterARestart is more than a session that was idle for long:
// the daemon that gave the first page is gone.
func TestPAG09PagesGoOnAfterARestart(t *testing.T) {
	dir, fs := t.TempDir(), pebblekv.MemFS()
	var conn slnet.Connection
	var pages *dom.DomInstancePages
	var names map[dom.InstanceID]string
	var got []string
	next := func(t *testing.T) bool {
		t.Helper()
		more, err := pages.MoveToNextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		page, err := pages.GetCurrentPage()
		if err != nil {
			t.Fatal(err)
		}
		for _, instance := range page {
			got = append(got, names[instance.ID])
		}
		return more
	}
	t.Run("before", func(t *testing.T) {
		conn = daemontest.StartOn(t, dir, daemontest.StoreOn(t, fs)).Administrator()
		m := newQueryModel(t, conn, "pages")
		for i := range 7 {
			m.add(fmt.Sprintf("n%d", i), map[string]any{"long": i})
		}
		names = m.names
		send := func(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
			return conn.SendSLNetMessages(ctx, messages...)
		}
		pages = dom.NewDomHelper(send, m.helper.ModuleID).DomInstances.PreparePagingQuery(dom.NewQuery(dom.True()).OrderBy(m.field("long")), 3)
		next(t)
	})
	t.Run("after", func(t *testing.T) {
		conn = daemontest.StartOn(t, dir, daemontest.StoreOn(t, fs)).Administrator()
		for next(t) {
		}
	})
	if want := []string{"n0", "n1", "n2", "n3", "n4", "n5", "n6"}; !slices.Equal(got, want) {
		t.Errorf("the pages have %v, want %v", got, want)
	}
}

func TestExplainOverTheAPI(t *testing.T) {
	m := newQueryModel(t, daemontest.Start(t).Administrator(), "explained")
	m.add("one", map[string]any{"long": 1})
	query := dom.NewQuery(m.field("long").Equal(1)).OrderBy(dom.InstanceExposers.Name)
	explanation, err := m.helper.DomInstances.Explain(t.Context(), query)
	if err != nil || explanation.Returned != 1 || len(explanation.Plan) == 0 || !strings.Contains(explanation.String(), "returned 1") {
		t.Errorf("%v (%v)", explanation, err)
	}
}
