package scripttest_test

import (
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestDeletesSmallInvoices(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/cleanup", func(t *testing.T, h *scripttest.House) {
		h.Deploy("scripts/invoices")
		h.Succeed(h.Admin, "invoices", nil)
		below := map[string]string{"below": "99.5"}

		h.Fail(h.As(h.User("ben")), "cleanup", below, dom.ErrNoPermission)
		if n := h.Count("my_secured_module"); n != 1000 {
			t.Errorf("without the permission %d invoices are left, want 1000", n)
		}
		ann := h.As(h.User("ann", slnet.PermissionPlmDeleteDomInstances))
		for _, deleted := range []string{"100", "0"} {
			run := h.Succeed(ann, "cleanup", below)
			if run.Output["deleted"] != deleted || run.Output["left"] != "900" {
				t.Errorf("the output is %v, want deleted=%s left=900", run.Output, deleted)
			}
		}
		for _, wrong := range []string{"", "much"} {
			run := h.Run(ann, "cleanup", map[string]string{"below": wrong})
			if run.State != slnet.RunFailed || run.ExitReason == "" {
				t.Errorf("below %q: the run %s: %s", wrong, run.State, run.ExitReason)
			}
		}
		if n := h.Count("my_secured_module"); n != 900 {
			t.Errorf("%d invoices are left, want 900", n)
		}
	})
}
