package script

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"domovoi.dev/sdk/slnet"
)

// TestImports are the packages that tests of a script may import beside
// AllowedImports.
var TestImports = []string{sdktestPath, testingPath}

const (
	sdktestPath = sdkPath + "/sdktest"
	testingPath = "testing"
)

// Exported are the packages whose types come with the daemon.
func Exported() []string {
	list := append([]string{sdktestPath}, AllowedImports...)
	slices.Sort(list)
	return list
}

// IsTest reports whether a file of this name has tests.
func IsTest(name string) bool { return strings.HasSuffix(name, "_test.go") }

// CheckTests is Check for the files of a script and of its tests, which are of the
// same package and may import TestImports. Of package testing there is what
// testing.txt declares.
func CheckTests(files []slnet.ScriptFile) (*Checked, error) {
	c := &checker{tests: true}
	if err := exports().addTesting(); err != nil {
		return nil, err
	}
	return c.check(files)
}

//go:embed testing.txt
var testingSource string

// addTesting adds the package testing to those that can be imported. Types that
// refer to it, as those of package sdktest do, then refer to this one.
func (b *bundle) addTesting() error {
	if b.err != nil {
		return b.err
	}
	b.mu.Lock()
	known := b.packages[testingPath]
	b.mu.Unlock()
	if known != nil {
		return nil
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "testing.txt", testingSource, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	config := types.Config{Importer: b, GoVersion: GoVersion}
	pkg, err := config.Check(testingPath, fset, []*ast.File{file}, nil)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.packages[testingPath] = pkg
	return nil
}

// findTests returns the names of the tests, and notes what only the go command
// can run.
func (c *checker) findTests(files []*ast.File, info *types.Info) []string {
	var names []string
	for _, f := range files {
		if !c.tests || !IsTest(c.fset.File(f.Package).Name()) {
			continue
		}
		for _, d := range f.Decls {
			decl, ok := d.(*ast.FuncDecl)
			if !ok || decl.Recv != nil {
				continue
			}
			name := decl.Name.Name
			switch {
			case name == "TestMain":
				c.errorf(decl.Name.Pos(), "the interpreter has no TestMain; prepare in each test, or test with the go command")
			case isTestName(name, "Test"):
				if c.isTest(decl, info) {
					names = append(names, name)
				}
			case isTestName(name, "Fuzz"), isTestName(name, "Benchmark"):
				c.errorf(decl.Name.Pos(), "the interpreter only runs tests, and %s is none; test with the go command", name)
			case isTestName(name, "Example") && hasOutput(f, decl):
				c.errorf(decl.Name.Pos(), "the interpreter does not compare the output of examples; test %s with the go command", name)
			}
		}
	}
	return names
}

// isTest reports whether a function can be called as a test, and notes why not.
func (c *checker) isTest(decl *ast.FuncDecl, info *types.Info) bool {
	fn, ok := info.Defs[decl.Name].(*types.Func)
	if !ok {
		return false
	}
	s := fn.Signature()
	if s.TypeParams() != nil || s.Variadic() || s.Params().Len() != 1 || s.Results().Len() != 0 || typeName(s.Params().At(0)) != "*testing.T" {
		if !unknownTypes(s.Params()) {
			c.errorf(decl.Name.Pos(), "got %s, want func %s(t *testing.T)", c.signature(decl), decl.Name.Name)
		}
		return false
	}
	return true
}

// isTestName is how the go command tells tests from other functions.
func isTestName(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	first, _ := utf8.DecodeRuneInString(rest)
	return ok && (rest == "" || !unicode.IsLower(first))
}

// hasOutput reports whether an example says what it prints.
func hasOutput(f *ast.File, decl *ast.FuncDecl) bool {
	for _, group := range f.Comments {
		text := strings.ToLower(group.Text())
		if group.Pos() > decl.Pos() && group.End() < decl.End() && (strings.HasPrefix(text, "output:") || strings.HasPrefix(text, "unordered output:")) {
			return true
		}
	}
	return false
}
