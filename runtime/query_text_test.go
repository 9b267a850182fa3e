package runtime_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// TestFiltersAsTextAreReadByTheDaemon: with the names of the module, in the zone of
// the caller, and what is wrong is said with its place.
func TestFiltersAsTextAreReadByTheDaemon(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	m := newQueryModel(t, admin, "texts")
	parse := func(message *dom.ParseQueryMessage) *dom.ParseQueryResponse {
		t.Helper()
		return daemontest.Send[*dom.ParseQueryResponse](t, admin, message)
	}

	got := parse(&dom.ParseQueryMessage{ModuleID: "texts", Filter: "long > 3 and time >= 2024-06-01", Order: "text desc", TimeZone: "Europe/Berlin"})
	if got.Problem != nil || len(got.Query.Filter.Operands) != 2 {
		t.Fatalf("got %+v", got)
	}
	if at := got.Query.Filter.Operands[1].Value.String(); !strings.Contains(at, "2024-05-31") {
		t.Errorf("midnight in Berlin is %s, want the day before in UTC", at)
	}
	if order := got.Query.Orders; len(order) != 1 || order[0].Exposer.FieldID != m.fields["text"] || !order[0].Descending {
		t.Errorf("the order is %+v", order)
	}
	if empty := parse(&dom.ParseQueryMessage{ModuleID: "texts"}); empty.Problem != nil || empty.Query.Filter.Operator != dom.OperatorTrue {
		t.Errorf("no text: got %+v, want all", empty)
	}

	text := daemontest.Send[*dom.FormatQueryResponse](t, admin, &dom.FormatQueryMessage{ModuleID: "texts", Query: got.Query})
	if !strings.Contains(text.Filter, "long > 3") || text.Order != "text desc" {
		t.Errorf("the query is written as %+v", text)
	}
	if again := parse(&dom.ParseQueryMessage{ModuleID: "texts", Filter: text.Filter, Order: text.Order}); !reflect.DeepEqual(again.Query, got.Query) {
		t.Errorf("%q and %q are read as %+v, want %+v", text.Filter, text.Order, again.Query, got.Query)
	}
	if _, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, &dom.FormatQueryMessage{ModuleID: "ghost", Query: got.Query}); err == nil {
		t.Error("a query is written with the names of a module that does not exist")
	}

	for text, want := range map[string]dom.QueryProblem{
		"long > 3 and\n nam = 1": {Line: 2, Column: 2},
		"long > ":                {Line: 1, Column: 8},
	} {
		if p := parse(&dom.ParseQueryMessage{ModuleID: "texts", Filter: text}).Problem; p == nil || p.Line != want.Line || p.Column != want.Column || p.Message == "" {
			t.Errorf("%q: got %+v, want a problem at %d:%d", text, p, want.Line, want.Column)
		}
	}
	if p := parse(&dom.ParseQueryMessage{ModuleID: "texts", Order: "nothing"}).Problem; p == nil || !p.InOrder {
		t.Errorf("got %+v, want a problem of the order", p)
	}

	for _, bad := range []*dom.ParseQueryMessage{
		{ModuleID: "ghost", Filter: "true"}, {ModuleID: "texts", TimeZone: "Mars/Base"}, {ModuleID: "texts", Filter: strings.Repeat(" ", 1<<17)},
	} {
		_, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, bad)
		var known *slnet.Error
		if !errors.As(err, &known) || known.Kind == slnet.KindInternal {
			t.Errorf("module %q, zone %q: got %v", bad.ModuleID, bad.TimeZone, err)
		}
	}
}
