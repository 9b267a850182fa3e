package filtertext_test

import (
	"strings"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
)

// FuzzParse wants an error with a place, or a filter that dom accepts and that
// is read again from what Format makes of it.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`definition = "Invoice" and Amount > 100 and Customer contains "acme"`,
		"not exists `Due date` or (Priority in (\"High\", 2) and created >= today-7d)",
		"field(00000000-0000-0000-0000-0000000000ff) = [1, int(2)] ordinal",
		`Effort not in (1h30m, -1.02:03:04.5) or and() or Customer matches '\d+'`,
		`Colour = string("Blue") or Amount < double(-Infinity)`,
		"\"\\u{1F600}\\", "((((((((", "not not not", "`````", "= = =", "\xff",
	} {
		f.Add(seed)
	}
	names := house(f)
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := filtertext.Parse(text, names)
		if err != nil {
			e, ok := err.(*filtertext.Error)
			if !ok || e.Position.Offset > len(text) || e.Message == "" || strings.Count(e.Caret(), "\n") != 1 {
				t.Fatalf("a bad error: %#v", err)
			}
			return
		}
		if err := filter.Check(dom.KindInstance, nil); err != nil {
			t.Fatal(err)
		}
		printed := filtertext.Format(filter, names)
		again, err := filtertext.Parse(printed, names)
		if err != nil {
			t.Fatalf("%s: %v", printed, err)
		}
		if d := diff(again, filter); d != "" {
			t.Fatalf("%s is read as another filter:\n%s", printed, d)
		}
	})
}

// FuzzParseOrder is FuzzParse for orders.
func FuzzParseOrder(f *testing.F) {
	for _, seed := range []string{"Amount desc, name", "exists `Due date`, Parcel.Weight asc", ",", "desc"} {
		f.Add(seed)
	}
	names := house(f)
	f.Fuzz(func(t *testing.T, text string) {
		orders, err := filtertext.ParseOrder(text, names)
		if err != nil {
			return
		}
		printed := filtertext.FormatOrder(orders, names)
		again, err := filtertext.ParseOrder(printed, names)
		if err != nil {
			t.Fatalf("%s: %v", printed, err)
		}
		if d := diff(again, orders); d != "" {
			t.Fatalf("%s is read as another order:\n%s", printed, d)
		}
	})
}

// TestLargeTexts wants large texts, good and bad, to be read in one go: what
// grows with the square of their length would not end here.
func TestLargeTexts(t *testing.T) {
	names := house(t)
	const n = 100_000
	for _, test := range []struct {
		text string
		ok   bool
	}{
		{"true" + strings.Repeat(" or Customer = \"a\"", n), true},
		{"Customer in (\"a\"" + strings.Repeat(", \"b\"", n) + ")", true},
		{"Customer = '" + strings.Repeat("''", 5*n) + "'", true},
		{strings.Repeat("(", 10*n), false},
		{strings.Repeat("not ", 3*n), false},
		{strings.Repeat("a", 10*n), false},
		{"Customer = " + strings.Repeat("1", 10*n), false},
		{"Customer = \"" + strings.Repeat("a", 10*n), false},
		{strings.Repeat("`", 10*n), false},
		{strings.Repeat(" ", 10*n), false},
		{strings.Repeat("true and ", n) + "x", false},
	} {
		filter, err := filtertext.Parse(test.text, names)
		if (err == nil) != test.ok {
			t.Errorf("%.20s... gives %v", test.text, err)
		}
		if err == nil {
			if _, err := filtertext.Parse(filtertext.Format(filter, names), names); err != nil {
				t.Error(err)
			}
		}
	}
}
