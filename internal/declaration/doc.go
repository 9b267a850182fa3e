// Package declaration makes a daemon have what files declare: groups, users,
// modules, libraries, scripts, plugins, triggers, schedules, webhooks and API
// definitions.
//
// Read reads files of YAML or JSON, NewPlan compares what they say with what the
// daemon has, and Plan.Apply carries out what differs. An object that is as its
// document says is left alone, so a second application changes nothing. What no
// document names is never touched.
//
// A document has the members of the object as the messages about it have them, and
// a Kind; or it is the answer of a daemon, such as {"Trigger": {...}}, as the
// command line prints it. docs/apply.md describes the files.
package declaration
