//go:build !domovoi

package main

import "domovoi.dev/sdk/plugin"

// main makes a plugin binary of the script. It is no part of the script itself.
func main() { plugin.Serve(plugin.Script{Run: Run, OnDomAction: OnDomAction}) }
