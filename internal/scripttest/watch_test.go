package scripttest_test

import (
	"fmt"
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
)

func TestWatchesAndGoesOn(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/watch", func(t *testing.T, h *scripttest.House) {
		ctx := t.Context()
		settings := dom.NewModuleSettingsHelper(h.Admin.SendSLNetMessages).ModuleSettings
		if _, err := settings.Create(ctx, &dom.ModuleSettings{ModuleID: "module"}); err != nil {
			t.Fatal(err)
		}
		helper := dom.NewDomHelper(h.Admin.SendSLNetMessages, "module")
		definition, err := helper.DomDefinitions.Create(ctx, dom.NewDefinition("Thing"))
		if err != nil {
			t.Fatal(err)
		}
		thing, err := helper.DomInstances.Create(ctx, dom.NewInstance(definition.ID))
		if err != nil {
			t.Fatal(err)
		}
		if thing, err = helper.DomInstances.Update(ctx, thing); err != nil {
			t.Fatal(err)
		}

		var result struct {
			Created, Updated, Deleted int
			Cursor                    uint64
		}
		watch := func(after string, most int, want string) {
			t.Helper()
			quiet := "1m" // which is not waited for, as there are so many
			if most == 0 {
				most, quiet = 1, "20ms"
			}
			result.Cursor = 0
			h.RunWith(h.Admin, "watch", fmt.Sprintf(`{"Module": "module", "After": %s, "Most": %d, "Quiet": %q}`, after, most, quiet), &result)
			if got := fmt.Sprint(result.Created, result.Updated, result.Deleted); got != want {
				t.Errorf("after %s created, updated and deleted are %s, want %s", after, got, want)
			}
		}
		watch("null", 0, "0 0 0")
		if result.Cursor != 0 {
			t.Errorf("without an event the cursor is %d", result.Cursor)
		}
		watch("0", 2, "1 1 0")
		seen := fmt.Sprint(result.Cursor)
		watch(seen, 0, "0 0 0")
		if fmt.Sprint(result.Cursor) != seen {
			t.Errorf("without an event the cursor went from %s to %d", seen, result.Cursor)
		}
		if err := helper.DomInstances.Delete(ctx, thing); err != nil {
			t.Fatal(err)
		}
		watch(seen, 1, "0 0 1")
	})
}
