package lint_test

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// starters are the packages of the standard library that start goroutines or
// processes for who uses them.
var starters = []string{"net/http", "net/http/httptest", "os/exec", "os/signal"}

// leakRooms are the testing rooms whose Main fails tests that leave something.
var leakRooms = []string{"internal/leak", "internal/daemontest"}

// checkLeaks wants a TestMain that looks for what was left behind in each package
// whose tests can start goroutines or processes: they, the package, or a package of
// this module that one of them imports does.
func checkLeaks(t *tree) (found []finding) {
	folders := t.packages()
	starts := make(map[string]bool) // what is known of the packages, without their tests
	var startsIn func(files []*file) bool
	startsIn = func(files []*file) bool {
		for _, f := range files {
			if f.starts() {
				return true
			}
			for inner := range f.ownImports() {
				known, ok := starts[inner]
				if !ok {
					code := slices.DeleteFunc(slices.Clone(folders[inner]), (*file).isTest)
					known = startsIn(code)
					starts[inner] = known
				}
				if known {
					return true
				}
			}
		}
		return false
	}
	for _, folder := range sortedKeys(folders) {
		files := folders[folder]
		tested := slices.ContainsFunc(files, (*file).isTest) && !slices.Contains(leakRooms, folder)
		if !tested || slices.ContainsFunc(files, (*file).checksLeaks) || !startsIn(files) {
			continue
		}
		found = append(found, finding{folder, 0, "its tests can start goroutines or processes, and nobody looks whether they end; add func TestMain(m *testing.M) { leak.Main(m) }"})
	}
	return found
}

// starts reports whether a file has code that starts a goroutine or a process.
func (f *file) starts() (does bool) {
	for _, spec := range f.syntax.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil && slices.Contains(starters, name) {
			return true
		}
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			does = true
		case *ast.CallExpr: // of a sync.WaitGroup or an errgroup.Group
			method, ok := n.Fun.(*ast.SelectorExpr)
			does = does || ok && method.Sel.Name == "Go"
		}
		return !does
	})
	return does
}

// ownImports are the folders of the packages of this module that a file imports.
func (f *file) ownImports() map[string]bool {
	folders := make(map[string]bool)
	for _, spec := range f.syntax.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			if inner, own := strings.CutPrefix(name, modulePath+"/"); own {
				folders[inner] = true
			}
		}
	}
	return folders
}

// checksLeaks reports whether a file has the TestMain of a package, and hands the
// tests to one of leakRooms in it.
func (f *file) checksLeaks() (does bool) {
	for _, decl := range f.syntax.Decls {
		main, ok := decl.(*ast.FuncDecl)
		if !ok || !f.isTest() || main.Recv != nil || main.Name.Name != "TestMain" {
			continue
		}
		ast.Inspect(main, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			for _, room := range leakRooms {
				name := importName(f, modulePath+"/"+room)
				does = does || name != "" && (calls(call, name, "Main") || calls(call, name, "Checked"))
			}
			return !does
		})
	}
	return does
}
