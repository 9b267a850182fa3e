package filtertext_test

import (
	"strings"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
)

func TestParseOrder(t *testing.T) {
	names := house(t)
	for text, want := range map[string][]dom.Order{
		``:                      nil,
		" \n":                   nil,
		`Amount desc, name`:     {{Exposer: value(amount), Descending: true}, {Exposer: dom.InstanceExposers.Name}},
		`amount ASC`:            {{Exposer: value(amount)}},
		"`Due date` DESC":       {{Exposer: value(dueDate), Descending: true}},
		`exists Customer desc`:  {{Exposer: exists(customer), Descending: true}},
		`Parcel.Weight,created`: {{Exposer: value(weight2)}, {Exposer: dom.InstanceExposers.CreatedAt}},
	} {
		got, err := filtertext.ParseOrder(text, names)
		if err != nil {
			t.Errorf("ParseOrder(%s): %v", text, err)
		} else if d := diff(got, want); d != "" {
			t.Errorf("ParseOrder(%s):\n%s", text, d)
		}
	}
	for marked, want := range map[string]string{
		`|Amonut desc`:        "did you mean Amount?",
		`Amount |down`:        "expected asc, desc, a comma or the end of the text, found down",
		`Amount desc |asc`:    "expected asc, desc, a comma or the end of the text, found asc",
		`Amount,|`:            "expected a property or a field, found the end of the text",
		`Amount, |desc`:       "found the word desc",
		`|Weight`:             "several fields are called Weight",
		"exists |name":        "there is no field name",
		"name, `Due| date":    "this ` has no end",
		"name |\xff":          "not valid UTF-8",
		"created, \n |Amuont": "did you mean Amount?",
	} {
		text := strings.Replace(marked, "|", "", 1)
		if strings.Contains(marked, "`") {
			marked = "name, |`Due date"
		}
		_, err := filtertext.ParseOrder(text, names)
		e, ok := err.(*filtertext.Error)
		if !ok || e.Position.Offset != strings.Index(marked, "|") || !strings.Contains(e.Message, want) {
			t.Errorf("ParseOrder(%q) gives %v, want %s", text, err, want)
		}
	}
}
