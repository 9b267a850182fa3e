package filtertext_test

import (
	"os"
	"strings"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
)

// TestPage reads every example of docs/filters.md, and writes it and reads it
// again.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	names := house(t)
	kind, examples := "", make(map[string]int)
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSuffix(line, "\n")
		if fence, ok := strings.CutPrefix(line, "```"); ok {
			kind = fence
			continue
		}
		examples[kind]++
		switch kind {
		case "filter":
			again(t, line, names)
		case "order":
			orders, err := filtertext.ParseOrder(line, names)
			if err != nil {
				t.Errorf("%s: %v", line, err)
			} else if len(orders) == 0 {
				t.Errorf("%s orders by nothing", line)
			}
		}
	}
	if examples["filter"] < 20 || examples["order"] < 3 {
		t.Errorf("the page has %v lines; its examples are gone", examples)
	}
	_, err = filtertext.Parse(`definition = "Invoice" and Amont > 100`, names)
	e, ok := err.(*filtertext.Error)
	if !ok || !strings.Contains(string(page), "```text\n"+e.Error()+"\n"+e.Caret()+"\n```") {
		t.Errorf("the page shows another error than\n%v", err)
	}
}

func again(t *testing.T, text string, names filtertext.Names) {
	filter, err := filtertext.Parse(text, names)
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return
	}
	if err := filter.Check(dom.KindInstance, nil); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	printed := filtertext.Format(filter, names)
	if got, err := filtertext.Parse(printed, names); err != nil || !same(got, filter) {
		t.Errorf("%s is written %s, which is read as another, or not: %v", text, printed, err)
	}
}
