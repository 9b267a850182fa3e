package main

import "domovoi.dev/sdk/plugin"

func main() { plugin.Serve(plugin.Script{Run: Run}) }
