package scripttest_test

import (
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestBilling(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/billing", func(t *testing.T, h *scripttest.House) {
		type invoice struct {
			Number, Status string
			Total          float64
		}
		ann := h.As(h.User("ann")) // who works with invoices need not configure modules
		h.FailWith(ann, "billing", `{"Action": "setup"}`, dom.ErrNoPermission)
		h.RunWith(h.As(h.User("ben", slnet.PermissionModuleSettingsConfiguration)), "billing", `{"Action": "setup"}`, nil)
		h.FailWith(h.Admin, "billing", `{"Action": "setup"}`, dom.ErrObjectAlreadyExisted)
		do := func(input string, want invoice) {
			t.Helper()
			var got invoice
			if h.RunWith(ann, "billing", input, &got); got != want {
				t.Errorf("%s: got %+v, want %+v", input, got, want)
			}
		}

		do(`{"Action": "create", "Customer": "acme", "Lines": [{"Text": "work", "Amount": 100}, {"Text": "travel", "Amount": 9.5}]}`,
			invoice{"INV-00001", "draft", 109.5})
		do(`{"Action": "create", "Customer": "ben", "Lines": [{"Text": "work", "Amount": 1}]}`, invoice{"INV-00002", "draft", 1})
		do(`{"Action": "send", "Number": "INV-00001"}`, invoice{"INV-00001", "sent", 109.5})
		do(`{"Action": "pay", "Number": "INV-00001"}`, invoice{"INV-00001", "paid", 109.5})

		h.FailWith(ann, "billing", `{"Action": "create", "Customer": "acme"}`, "")
		h.FailWith(ann, "billing", `{"Action": "send", "Number": "INV-00009"}`, "")
		h.FailWith(ann, "billing", `{"Action": "send", "Number": "INV-00001"}`, dom.ErrStatusTransitionIncompatibleWithCurrentStatus)
		h.FailWith(ann, "billing", `{"Action": "pay", "Number": "INV-00002"}`, dom.ErrDomInstanceContainsUnknownFieldsForCurrentStatus)
		do(`{"Action": "send", "Number": "INV-00002"}`, invoice{"INV-00002", "sent", 1})
	})
}
