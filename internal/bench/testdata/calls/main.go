// Command calls is the script of this folder as a plugin binary.
package main

import "domovoi.dev/sdk/plugin"

func main() { plugin.Serve(plugin.Script{Run: Run}) }
