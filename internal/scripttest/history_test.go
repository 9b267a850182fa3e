package scripttest_test

import (
	"fmt"
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
)

func TestTellsTheHistory(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/history", func(t *testing.T, h *scripttest.House) {
		h.Deploy("scripts/billing")
		h.RunWith(h.Admin, "billing", `{"Action": "setup"}`, nil)
		ann := h.As(h.User("ann"))
		h.RunWith(ann, "billing", `{"Action": "create", "Customer": "acme", "Lines": [{"Text": "work", "Amount": 7}]}`, nil)
		h.RunWith(ann, "billing", `{"Action": "send", "Number": "INV-00001"}`, nil)

		instances, err := dom.NewDomHelper(h.Admin.SendSLNetMessages, "billing").DomInstances.Read(t.Context(), dom.True())
		if err != nil || len(instances) != 1 {
			t.Fatal(instances, err)
		}
		type field struct{ Name, Before, After string }
		var changes []struct {
			Revision   int
			By, Status string
			Fields     []field
		}
		h.RunWith(ann, "history", `{"Module": "billing", "Instance": "`+instances[0].ID.String()+`"}`, &changes)
		fields := map[field]bool{}
		for _, f := range changes[0].Fields {
			fields[f] = true
		}
		if len(changes) != 2 || changes[0].By != "ann" || changes[0].Status != "draft" || changes[1].Status != "sent" || len(fields) != 4 ||
			!fields[field{"Line/Amount", "", "7"}] || !fields[field{"Invoice/Number", "", "INV-00001"}] {
			t.Errorf("the history is %s", fmt.Sprintf("%+v", changes))
		}

		h.FailWith(ann, "history", `{"Module": "billing", "Instance": "00000000-0000-0000-0000-000000000001"}`, "")
		h.FailWith(ann, "history", `{"Module": "nothing", "Instance": "00000000-0000-0000-0000-000000000001"}`, dom.ErrModuleNotInitialized)
	})
}
