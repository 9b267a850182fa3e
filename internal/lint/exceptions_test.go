package lint_test

// An exception accepts all findings of a rule in one file or folder.
type exception struct {
	rule, path, reason string
}

var exceptions = []exception{
	{"init", "plugins/sandbox/early.go",
		"a process that is to execute a plugin binary must not wait for the packages of the daemon, of which it uses none"},
	{"imports", "runtime/interp/tests.go",
		"it runs the tests of scripts, with the package testing, in a process of their own"},
	{"skip", "runtime/interp/tests.go",
		"it passes on what tests of scripts say when they skip"},
	{"init", "sdk/plugin/serve.go",
		"standard input is the lifeline to the daemon and must be taken before the script's own package variables can read it"},
}
