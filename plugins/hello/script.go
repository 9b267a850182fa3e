package main

import (
	"context"
	"fmt"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

// Run greets the user it runs as, or whom the parameter name names, and counts
// the modules there are.
func Run(ctx context.Context, engine *sdk.Engine) error {
	name := engine.GetScriptParam("name")
	if name == "" {
		name = engine.User()
	}
	modules, err := engine.ModuleSettingsHelper().ModuleSettings.Count(ctx, dom.True())
	if err != nil {
		return err
	}
	engine.Log.Info("greeting", "name", name, "script", engine.Run().Script)
	if err := engine.GenerateInformation(ctx, "hello was said to "+name); err != nil {
		return err
	}
	engine.AddOrUpdateScriptOutput("greeting", "Hello, "+name+"!")
	engine.AddOrUpdateScriptOutput("modules", fmt.Sprint(modules))
	return nil
}
