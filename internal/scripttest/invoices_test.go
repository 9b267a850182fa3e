package scripttest_test

import (
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestMakesAThousandInvoicesOnce(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/invoices", func(t *testing.T, h *scripttest.House) {
		ann := h.As(h.User("ann", slnet.PermissionModuleSettingsConfiguration))
		h.Fail(h.As(h.User("ben")), "invoices", nil, dom.ErrNoPermission)
		if n := len(h.Modules()); n != 0 {
			t.Errorf("%d modules are stored, want none", n)
		}
		run := h.Succeed(ann, "invoices", nil)
		if got := run.Output["found"]; got != "10" {
			t.Errorf("found=%s, want 10", got)
		}
		h.Fail(ann, "invoices", nil, dom.ErrObjectAlreadyExisted)
		if n := h.Count("my_secured_module"); n != 1000 {
			t.Errorf("there are %d invoices, want 1000", n)
		}
		made, err := dom.NewDomHelper(h.Admin.SendSLNetMessages, "my_secured_module").DomInstances.
			Count(t.Context(), dom.InstanceExposers.CreatedBy.Equal(run.RunsAs))
		if err != nil || made != 1000 || run.RunsAs != "ann" {
			t.Errorf("%d invoices are by %s, want 1000 by ann (%v)", made, run.RunsAs, err)
		}
	})
}
