package scripttest_test

import (
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestCreatesTheModuleOnce(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/createmodule", func(t *testing.T, h *scripttest.House) {
		ann := h.As(h.User("ann", slnet.PermissionModuleSettingsConfiguration))
		h.Fail(h.As(h.User("ben")), "createmodule", nil, dom.ErrNoPermission)
		if n := len(h.Modules()); n != 0 {
			t.Errorf("%d modules are stored, want none", n)
		}
		h.Succeed(ann, "createmodule", nil)
		h.Fail(h.Admin, "createmodule", nil, dom.ErrObjectAlreadyExisted)
		modules := h.Modules()
		if len(modules) != 1 || modules[0].ModuleID != "my_module" || modules[0].CreatedBy != "ann" || modules[0].Revision != 1 {
			t.Errorf("stored are %+v", modules)
		}
		if !modules[0].DomManagerSettings.InformationEventSettings.Enable {
			t.Error("information events are off")
		}
	})
}
