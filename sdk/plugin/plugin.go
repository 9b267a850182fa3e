// Package plugin runs scripts in a process of their own. A script becomes a
// plugin binary by a main function of one line:
//
//	func main() { plugin.Serve(plugin.Script{Run: Run}) }
//
// The daemon starts the process, and hands it one session for each run. See
// package session for what is said between them.
package plugin

//go:generate go -C ../../tools run ./protogen ../sdk/plugin/session session.proto
