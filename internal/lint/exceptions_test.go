package lint_test

// An exception accepts all findings of a rule in one file or folder.
type exception struct {
	rule, path, reason string
}

var exceptions = []exception{
	{"init", "sdk/plugin/serve.go",
		"standard input is the lifeline to the daemon and must be taken before the script's own package variables can read it"},
}
