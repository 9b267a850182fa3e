// Greeter is a plugin for the stories of the command line.
package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin"
)

func main() { plugin.Serve(plugin.Script{Run: Run}) }

// Run greets the user it runs as.
func Run(_ context.Context, engine *sdk.Engine) error {
	engine.Log.Info("greeting", "user", engine.User())
	return engine.AddScriptOutput("greeting", engine.GetScriptParam("word")+" "+engine.User())
}
