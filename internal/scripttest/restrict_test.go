package scripttest_test

import (
	"errors"
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestRestrictsAModule(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/restrict", func(t *testing.T, h *scripttest.House) {
		h.Deploy("scripts/billing")
		h.RunWith(h.Admin, "billing", `{"Action": "setup"}`, nil)
		ann, ben := h.As(h.User("ann")), h.As(h.User("ben"))
		configure := h.As(h.User("carl", slnet.PermissionModuleSettingsConfiguration))
		read := func(conn slnet.Connection) error {
			invoices := dom.InstanceExposers.DomDefinitionID.Equal(dom.DefinitionID{1})
			_, err := dom.NewDomHelper(conn.SendSLNetMessages, "billing").DomInstances.Read(t.Context(), invoices)
			return err
		}

		const links = `{"Module": "billing", "Links": [{"Group": "anns", "Definitions": ["Invoice"]}]}`
		h.FailWith(ann, "restrict", links, dom.ErrNoPermission)
		h.RunWith(configure, "restrict", links, nil)
		if err := read(ann); err != nil {
			t.Errorf("ann is linked: %v", err)
		}
		if err := read(ben); !errors.Is(err, dom.ErrNoPermission) {
			t.Errorf("ben is not linked: %v", err)
		}
		h.FailWith(configure, "restrict", `{"Module": "billing", "Links": [{"Group": "bens", "Definitions": ["Invoices"]}]}`, "")
		h.FailWith(configure, "restrict", `{"Module": "nothing"}`, dom.ErrModuleNotInitialized)
		h.RunWith(configure, "restrict", `{"Module": "billing"}`, nil)
		if err := read(ben); err != nil {
			t.Errorf("without links: %v", err)
		}
	})
}
