package script

import (
	"go/ast"
	"go/types"
)

// checkVariables refuses to change a variable of a package of the platform: what a
// script has of it is a copy.
func (c *checker) checkVariables(files []*ast.File, info *types.Info) {
	change := func(e ast.Expr) {
		s, ok := ast.Unparen(e).(*ast.SelectorExpr)
		if !ok {
			return
		}
		if v, ok := info.Uses[s.Sel].(*types.Var); ok && info.Selections[s] == nil && !IsLibrary(v.Pkg().Path()) {
			c.errorf(e.Pos(), "a script cannot change %s of package %s", v.Name(), v.Pkg().Path())
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					change(e)
				}
			case *ast.IncDecStmt:
				change(n.X)
			}
			return true
		})
	}
}

// ImportedName returns the package and the name that an expression selects from
// an import, and nothing when it is something else.
func ImportedName(e ast.Expr, info *types.Info) (path, name string) {
	s, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	ident, ok := s.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	pkg, ok := info.Uses[ident].(*types.PkgName)
	if !ok {
		return "", ""
	}
	return pkg.Imported().Path(), s.Sel.Name
}
