//go:build !domovoi

// Hello is a plugin binary: a script that is compiled before it is deployed. It
// runs in a process of its own, as an interpreted script does, and is handed the
// same engine.
package main

import "domovoi.dev/sdk/plugin"

func main() { plugin.Serve(plugin.Script{Run: Run}) }
