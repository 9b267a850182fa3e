// Createmodule makes a DOM manager. Below this comment stands the first script of
// the documentation, letter for letter.
package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

// Run creates a DOM manager.
func Run(ctx context.Context, engine *sdk.Engine) error {
	settingsHelper := dom.NewModuleSettingsHelper(engine.SendSLNetMessages)
	_, err := settingsHelper.ModuleSettings.Create(ctx, &dom.ModuleSettings{
		ModuleID: "my_module",
		DomManagerSettings: dom.DomManagerSettings{
			InformationEventSettings: dom.InformationEventSettings{Enable: true},
		},
	})
	return err
}
