package scripttest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
)

func TestImportsCustomers(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/customers", func(t *testing.T, h *scripttest.House) {
		type contact struct{ Name, Phone string }
		type customer struct {
			Name     string
			Contacts []contact `json:",omitempty"`
		}
		input := func(list []customer) string {
			text, err := json.Marshal(map[string]any{"Customers": list})
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		var list []customer
		for i := range 150 {
			list = append(list, customer{fmt.Sprint("customer ", i), []contact{{"Ann", "1"}, {"Ben", ""}}})
		}
		h.FailWith(h.As(h.User("ann")), "customers", input(list), dom.ErrNoPermission)

		var result struct{ Created, Updated int }
		for _, want := range []string{"{150 0}", "{50 100}"} {
			h.RunWith(h.Admin, "customers", input(list), &result)
			if fmt.Sprint(result) != want {
				t.Errorf("created and updated are %v, want %s", result, want)
			}
			for i := 100; i < 150; i++ {
				list[i].Name += "a"
			}
		}
		if n := h.Count("customers"); n != 200 {
			t.Errorf("there are %d customers, want 200", n)
		}

		// One who cannot be stored fails alone.
		big := customer{"big", []contact{{Name: strings.Repeat("x", 100_000)}}}
		run := h.FailWith(h.Admin, "customers", input([]customer{{Name: "good"}, big, {Name: "better"}}), "")
		var failed struct {
			Created int
			Failed  []struct{ Customer, Reason string }
		}
		if err := json.Unmarshal(run.Result, &failed); err != nil || failed.Created != 2 || len(failed.Failed) != 1 ||
			failed.Failed[0].Customer != "big" || !strings.Contains(failed.Failed[0].Reason, string(dom.ErrValueTooLarge)) {
			t.Errorf("the result is %s (%v)", run.Result, err)
		}
	})
}
