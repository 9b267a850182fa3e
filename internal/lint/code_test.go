package lint_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/token"
	"path"
	"strconv"
	"strings"
)

// checkInit finds code that runs because a package is imported: init functions,
// and blank variables set by a call. What is to be known elsewhere is passed
// as a value.
func checkInit(t *tree) (found []finding) {
	for _, f := range t.goFiles() {
		if f.generated || f.outside {
			continue
		}
		for _, decl := range f.syntax.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					found = append(found, f.at(f.line(d.Pos()), "init() runs on import; return the values from a function and let the caller pass them on, or list the file with its reason"))
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && isBlankCall(v) {
						found = append(found, f.at(f.line(v.Pos()), "a blank variable set by a call runs on import; call the function where its effect is wanted"))
					}
				}
			}
		}
	}
	return found
}

// isBlankCall tells `var _ = register(x)` from `var _ I = (*T)(nil)`.
func isBlankCall(v *ast.ValueSpec) bool {
	for _, name := range v.Names {
		if name.Name != "_" {
			return false
		}
	}
	for _, value := range v.Values {
		if call, ok := value.(*ast.CallExpr); ok {
			switch call.Fun.(type) {
			case *ast.Ident, *ast.SelectorExpr:
				return v.Type == nil
			}
		}
	}
	return false
}

const maxLines = 800

func checkFileSize(t *tree) (found []finding) {
	for _, f := range t.goFiles() {
		if lines := bytes.Count(f.data, []byte("\n")); lines > maxLines && !f.generated {
			found = append(found, finding{f.path, 0, strconv.Itoa(lines) + " lines, more than " + strconv.Itoa(maxLines) + "; split it by mechanism, or list it with its reason"})
		}
	}
	return found
}

func checkFormat(t *tree) (found []finding) {
	for _, f := range t.files {
		if path.Ext(f.path) != ".go" {
			continue
		}
		want, err := format.Source(f.data)
		if err != nil {
			if f.isTestdata() {
				continue // broken on purpose
			}
			found = append(found, finding{f.path, 0, err.Error()})
			continue
		}
		if !bytes.Equal(want, f.data) {
			found = append(found, f.at(f.lineAt(firstDifference(want, f.data)), "not formatted; run gofmt -w %s", f.path))
		}
	}
	return found
}

func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// checkSkip wants a message with every skipped test.
func checkSkip(t *tree) (found []finding) {
	for _, f := range t.goFiles() {
		if importName(f, "testing") == "" {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch name := method.Sel.Name; {
			case name == "SkipNow",
				(name == "Skip" || name == "Skipf") && (len(call.Args) == 0 || isEmptyString(call.Args[0])):
				found = append(found, f.at(f.line(call.Pos()), "a test is skipped without a message; say what is missing on the machine"))
			}
			return true
		})
	}
	return found
}

func isEmptyString(e ast.Expr) bool {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return false
	}
	text, err := strconv.Unquote(literal.Value)
	return err == nil && strings.TrimSpace(text) == ""
}

// checkSleep finds tests that wait for time to pass. Within synctest.Test a
// sleep takes no time and is how a test says "later".
func checkSleep(t *tree) (found []finding) {
	for _, f := range t.goFiles() {
		clock, bubble := importName(f, "time"), importName(f, "testing/synctest")
		if !f.isTest() || clock == "" {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && bubble != "" && calls(call, bubble, "Test") {
				return false
			}
			if ok && calls(call, clock, "Sleep") {
				found = append(found, f.at(f.line(call.Pos()), "a test sleeps; wait for the event itself (a channel, a subscription), or run it in synctest.Test"))
			}
			return true
		})
	}
	return found
}

func calls(call *ast.CallExpr, pkg, name string) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != name {
		return false
	}
	x, ok := selector.X.(*ast.Ident)
	return ok && x.Name == pkg
}

// importName is the name a file knows a package of the standard library by, or "".
func importName(f *file, pkg string) string {
	for _, spec := range f.syntax.Imports {
		if spec.Path.Value != strconv.Quote(pkg) {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(pkg)
	}
	return ""
}
