package scripttest_test

import (
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestReports(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/report", func(t *testing.T, h *scripttest.House) {
		ben := h.As(h.User("ben")) // reading needs no permission
		h.Fail(ben, "report", nil, dom.ErrModuleNotInitialized)
		h.Deploy("scripts/invoices")
		h.Succeed(h.Admin, "invoices", nil)
		for _, want := range []struct{ customer, customers, invoices, amount, largest string }{
			{"", "10", "1000", "499500.00", "999 998 997"},
			{"customer 3", "1", "100", "49800.00", "993 983 973"},
			{"CUSTOMER 0", "1", "100", "49500.00", "990 980 970"},
		} {
			got := h.Succeed(ben, "report", map[string]string{"customer": want.customer}).Output
			if got["customers"] != want.customers || got["invoices"] != want.invoices ||
				got["amount"] != want.amount || got["largest"] != want.largest {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		run := h.Run(ben, "report", map[string]string{"customer": "nobody"})
		if run.State != slnet.RunFailed || run.ExitReason != "there is no invoice of nobody" {
			t.Errorf("an unknown customer: the run %s: %s", run.State, run.ExitReason)
		}
	})
}
