package lint_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// A finding is one broken rule at one place: what is wrong, and what to do.
type finding struct {
	path string
	line int // 0 where the whole file or folder is meant
	text string
}

func (f finding) String() string {
	if f.line == 0 {
		return f.path + ": " + f.text
	}
	return fmt.Sprintf("%s:%d: %s", f.path, f.line, f.text)
}

// A rule looks at a tree and says what is wrong with it.
type rule struct {
	name  string
	check func(*tree) []finding
}

var rules = []rule{
	{"imports", checkImports},
	{"package-comment", checkPackageComments},
	{"doc-comment", checkDocComments},
	{"package-name", checkPackageNames},
	{"init", checkInit},
	{"file-size", checkFileSize},
	{"gofmt", checkFormat},
	{"unfinished", checkUnfinished},
	{"machine", checkMachine},
	{"skip", checkSkip},
	{"sleep", checkSleep},
	{"leaks", checkLeaks},
	{"links", checkLinks},
	{"make-help", checkMakeHelp},
	{"make-named", checkMakeNamed},
}

var repository = sync.OnceValues(func() (*tree, error) {
	return loadTree(os.DirFS("../.."))
})

func TestRepository(t *testing.T) {
	tree, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	used := make([]bool, len(exceptions))
	var mu sync.Mutex
	t.Run("rules", func(t *testing.T) {
		for _, r := range rules {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				for _, f := range sorted(r.check(tree)) {
					i := slices.IndexFunc(exceptions, func(e exception) bool { return e.rule == r.name && e.path == f.path })
					if i < 0 {
						t.Error(f)
						continue
					}
					mu.Lock()
					used[i] = true
					mu.Unlock()
				}
			})
		}
	})
	for i, e := range exceptions {
		if !used[i] {
			t.Errorf("internal/lint/exceptions_test.go: {%s, %s} excepts nothing any more; remove it", e.rule, e.path)
		}
		if e.reason == "" {
			t.Errorf("internal/lint/exceptions_test.go: {%s, %s} has no reason; write it down", e.rule, e.path)
		}
	}
}

func sorted(findings []finding) []finding {
	slices.SortFunc(findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.line, b.line), cmp.Compare(a.text, b.text))
	})
	return findings
}
