package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"domovoi.dev/runtime/interp/internal/lower"
	"domovoi.dev/sdk/plugin"
)

// When a script panics, yaegi says in which function, but not where in it. So
// the tracer adds to the script what is missing: each function has a package
// variable, and before each statement that can panic the variable is set to the
// statement's position. That costs some 30 ns per statement, where a statement
// takes 100 and a call of the engine 700. The variable belongs to the function, not to the call:
// with several goroutines in one function it may tell the place of another.

// lineVariable is the name of a function's variable. It is exported, for the
// interpreter to hand it out, and no identifier of Go, so that no script can
// have it.
func lineVariable(function int) string { return "Line#" + strconv.Itoa(function) }

// instrument adds the variables and assignments to the file and notes where
// the functions begin.
func (t *tracer) instrument(fset *token.FileSet, file *ast.File) {
	declarations := &ast.GenDecl{Tok: token.VAR, TokPos: file.Package}
	t.fset = fset
	if underRace && startsGoroutines(file) {
		return
	}
	ast.Inspect(file, func(n ast.Node) bool {
		var body *ast.BlockStmt
		entry := ""
		switch n := n.(type) {
		case *ast.FuncDecl:
			body = n.Body
			if n.Recv == nil && isEntryPoint(n.Name.Name) {
				entry = n.Name.Name
			}
		case *ast.FuncLit:
			body = n.Body
		}
		if body == nil {
			return true
		}
		function := len(t.functions)
		m := &marker{name: lineVariable(function), returns: entry != "", lineOf: func(pos token.Pos) int { return fset.Position(pos).Line }}
		ast.Walk(m, body)
		if !m.used && entry == "" {
			return true
		}
		body.List = append([]ast.Stmt{m.mark(body.Lbrace)}, body.List...)
		declarations.Specs = append(declarations.Specs, &ast.ValueSpec{
			Names:  []*ast.Ident{{NamePos: file.Package, Name: m.name}},
			Values: []ast.Expr{&ast.BasicLit{ValuePos: file.Package, Kind: token.INT, Value: "0"}},
		})
		t.functions = append(t.functions, body.Lbrace)
		t.byPlace[t.names.Replace(fset.Position(body.Lbrace).String())] = function
		if entry != "" {
			t.entries[entry] = function
		}
		return true
	})
	if len(declarations.Specs) > 0 {
		file.Decls = append(file.Decls, declarations)
	}
}

func isEntryPoint(name string) bool {
	return slices.ContainsFunc(plugin.EntryPoints(), func(e plugin.EntryPoint) bool { return e.Name == name })
}

func startsGoroutines(file *ast.File) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		_, ok := n.(*ast.GoStmt)
		found = found || ok
		return !found
	})
	return found
}

// marker adds assignments to the statements of one function. It leaves alone
// the functions within, which have their own.
type marker struct {
	name    string
	returns bool // whether every return statement is marked
	lineOf  func(token.Pos) int
	used    bool
}

// Visit implements ast.Visitor.
func (m *marker) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.FuncLit:
		return nil
	case *ast.BlockStmt:
		n.List = m.markList(n.List)
	case *ast.CaseClause:
		n.Body = m.markList(n.Body)
	case *ast.CommClause:
		n.Body = m.markList(n.Body)
	}
	return m
}

func (m *marker) markList(list []ast.Stmt) []ast.Stmt {
	var marked []ast.Stmt
	line := 0 // that the variable certainly has; 0 where that is not known
	for _, s := range list {
		if m.wants(s) {
			m.used = true
			if at := m.lineOf(s.Pos()); at != line {
				marked = append(marked, m.mark(s.Pos()))
				line = at
			}
		}
		if !keepsLine(s) {
			line = 0
		}
		marked = append(marked, s)
	}
	return marked
}

// keepsLine reports whether a statement leaves the variable of its function as
// it is: it has no marks of its own, and calls nothing that could come back.
func keepsLine(s ast.Stmt) bool {
	keeps := true
	ast.Inspect(s, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.CallExpr, *ast.BlockStmt, *ast.LabeledStmt, *ast.CaseClause, *ast.CommClause:
			keeps = false
		}
		return keeps
	})
	return keeps
}

// mark makes the assignment of a position.
func (m *marker) mark(pos token.Pos) ast.Stmt {
	return &ast.AssignStmt{
		Lhs: []ast.Expr{&ast.Ident{NamePos: pos, Name: m.name}}, TokPos: pos, Tok: token.ASSIGN,
		Rhs: []ast.Expr{&ast.BasicLit{ValuePos: pos, Kind: token.INT, Value: fmt.Sprint(int(pos))}},
	}
}

// wants reports whether the statement itself, without the blocks in it, can
// panic.
func (m *marker) wants(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.BlockStmt, *ast.EmptyStmt, *ast.BranchStmt, *ast.CaseClause, *ast.CommClause:
		return false
	case *ast.GoStmt, *ast.DeferStmt, *ast.SendStmt, *ast.RangeStmt:
		return true
	case *ast.ReturnStmt:
		if m.returns {
			return true
		}
	case *ast.LabeledStmt:
		return m.wants(s.Stmt)
	}
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt, *ast.CommClause, *ast.FuncLit:
			return false
		case *ast.CaseClause:
			for _, e := range n.List {
				found = found || canPanic(e)
			}
			return false
		case ast.Expr:
			found = found || canPanic(n)
		}
		return !found
	})
	return found
}

// isPositive reports whether an expression is a number that can divide and shift.
func isPositive(e ast.Expr) bool {
	l, ok := e.(*ast.BasicLit)
	return ok && l.Kind == token.INT && strings.Trim(l.Value, "0") != "" && l.Value[0] != '0'
}

// canPanic reports whether an expression may panic, by its form alone.
func canPanic(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr, *ast.SliceExpr, *ast.StarExpr, *ast.SelectorExpr, *ast.TypeAssertExpr:
			found = true
		case *ast.IndexExpr:
			found = found || n.Lbrack != lower.Within
		case *ast.BinaryExpr:
			switch n.Op {
			case token.QUO, token.REM, token.SHL, token.SHR:
				found = found || !isPositive(n.Y)
			}
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		}
		return !found
	})
	return found
}
