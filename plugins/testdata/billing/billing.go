// Billing is a script whose runs go wrong in different ways.
package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

func main() { plugin.Serve(plugin.Script{Run: Run}) }

// Run fails as the parameter mode says.
func Run(ctx context.Context, engine *sdk.Engine) error {
	switch engine.GetScriptParam("mode") {
	case "panic":
		return invoice(nil)
	case "goroutine":
		go collect()
		<-ctx.Done()
	}
	return slnet.Errorf(slnet.KindNotFound, "no such customer").WithReason("ObjectNotFound")
}

func invoice(lines []string) error {
	return engineError(lines[3])
}

func collect() {
	panic("no such customer")
}

func engineError(text string) error { return slnet.Errorf(slnet.KindInvalid, "%s", text) }
