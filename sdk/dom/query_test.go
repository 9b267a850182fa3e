package dom_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// named returns an instance with a name and a value of someField, none for nil.
func named(name string, value any) *dom.Instance {
	instance := instanceWith()
	if value != nil {
		instance = instanceWith(value)
	}
	instance.Name = name
	return instance
}

func TestQueryOrders(t *testing.T) {
	name := dom.InstanceExposers.Name
	all := dom.NewQuery(dom.True())
	list := func(instances ...*dom.Instance) []*dom.Instance { return instances }
	for _, c := range []struct {
		row       string
		query     dom.Query
		instances []*dom.Instance
		want      string
	}{
		{"QRY-01", all.OrderBy(name), list(named("b", nil), named("c", nil), named("a", nil)), "a b c"},
		{"QRY-01", all.OrderByDescending(name), list(named("b", nil), named("c", nil), named("a", nil)), "c b a"},
		{"QRY-01 field", all.OrderBy(field), list(named("b", 20), named("a", 3), named("c", 100)), "a b c"},
		{"QRY-02", all.OrderBy(name), list(named("item2", nil), named("item10", nil), named("item1", nil)), "item1 item10 item2"},
		{"QRY-02 capitals first", all.OrderBy(name), list(named("b", nil), named("C", nil), named("a", nil)), "C a b"},
		{"QRY-04", all.OrderBy(field).ThenBy(name), list(named("d", "x"), named("a", "y"), named("c", "x")), "c d a"},
		{"QRY-04", all.OrderByDescending(field).ThenByDescending(name), list(named("c", "x"), named("a", "y"), named("d", "x")), "a d c"},
		{"QRY-05", all.OrderBy(field), list(named("Beta", int32(2)), named("Alpha", int32(3)), named("Gamma", int32(1))), "Gamma Beta Alpha"},
		{"without a value last", all.OrderBy(field), list(named("a", nil), named("b", 1)), "b a"},
		{"without a value last, descending", all.OrderByDescending(field), list(named("a", nil), named("b", 1)), "b a"},
		{"smallest of many", all.OrderBy(field), list(named("b", []int{2}), named("a", []int{9, 1})), "a b"},
		{"largest of many", all.OrderByDescending(field), list(named("b", []int{2}), named("a", []int{9, 1})), "a b"},
		{"numbers of all kinds", all.OrderBy(field), list(named("c", 2), named("b", 1.5), named("a", int32(1))), "a b c"},
	} {
		slices.SortFunc(c.instances, func(a, b *dom.Instance) int { return c.query.Compare(a, b) })
		var names []string
		for _, i := range c.instances {
			names = append(names, i.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.row, got, c.want)
		}
	}
}

func TestQueriesDoNotChangeEachOther(t *testing.T) {
	base := dom.NewQuery(dom.True()).OrderBy(field)
	first, second := base.ThenBy(dom.InstanceExposers.Name), base.ThenByDescending(other).Limit(3)
	if len(base.Orders) != 1 || base.Max != nil || first.Orders[1].Exposer != dom.InstanceExposers.Name || second.Orders[1].Exposer != other {
		t.Errorf("base %v, first %v, second %v", base, first, second)
	}
}

func TestQueryByAnUnknownExposerIsRefused(t *testing.T) {
	query := dom.NewQuery(dom.True()).OrderBy(dom.Exposer{Name: "Colour"})
	if err := query.Check(dom.KindInstance, nil); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("order: %v", err)
	}
	if err := dom.NewQuery(dom.Filter{}).Check(dom.KindInstance, nil); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("filter: %v", err)
	}
}

// anyValue draws a value of any kind, often one of few.
func anyValue() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.SampledFrom([]string{"", "a", "B", "b", "ß"}), func(s string) any { return s }),
		rapid.Map(rapid.Int64Range(-2, 2), func(n int64) any { return n }),
		rapid.Map(rapid.Int32Range(-2, 2), func(n int32) any { return n }),
		rapid.Map(rapid.SampledFrom([]float64{-1.5, math.Copysign(0, -1), 0, 1, math.NaN(), math.Inf(1), 1 << 53}), func(f float64) any { return f }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just[any](time.Hour), rapid.Just[any](time.Unix(0, 0)), rapid.Just[any](uuid.UUID{1}), rapid.Just[any](uuid.UUID{1}.String()),
	)
}

// TestCompareIsAnOrder: whatever is compared, sorting by it is well defined.
func TestCompareIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		query := dom.NewQuery(dom.True()).OrderBy(field)
		if rapid.Bool().Draw(t, "descending") {
			query = dom.NewQuery(dom.True()).OrderByDescending(field)
		}
		var objects [3]*dom.Instance
		for i := range objects {
			objects[i] = named("", anyValue().Draw(t, fmt.Sprintf("value %d", i)))
			objects[i].ID = dom.InstanceID{byte(rapid.IntRange(1, 3).Draw(t, fmt.Sprintf("id %d", i)))}
		}
		sign := func(i, j int) int { return cmp.Compare(query.Compare(objects[i], objects[j]), 0) }
		for i := range objects {
			if sign(i, i) != 0 {
				t.Errorf("%d differs from itself", i)
			}
			for j := range objects {
				if sign(i, j) != -sign(j, i) {
					t.Errorf("%d, %d: %d and %d", i, j, sign(i, j), sign(j, i))
				}
				for k := range objects {
					if sign(i, j) <= 0 && sign(j, k) <= 0 && sign(i, k) > 0 {
						t.Errorf("%d <= %d <= %d, and yet %d > %d", i, j, k, i, k)
					}
				}
			}
		}
	})
}
