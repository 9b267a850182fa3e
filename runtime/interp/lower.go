package interp

import (
	"go/ast"
	"go/token"
	"reflect"

	"github.com/traefik/yaegi/interp"
)

// builtin is a package that lower imports for itself. No script can have the
// name.
const builtin = "builtin#"

// builtins are the symbols of that package.
func builtins() interp.Exports {
	return interp.Exports{
		exportKey(builtin, builtin): {"Error": reflect.ValueOf((*error)(nil))},
	}
}

// lower rewrites what yaegi gets wrong without a word into what it gets right:
//
//   - a type switch that does not assign compares the names of types, in which
//     map[string]any does not look like itself; so it assigns;
//   - in a type switch the predeclared error matches no compiled value, while
//     the same interface from a package does.
func lower(file *ast.File) {
	needsBuiltin := false
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.TypeSwitchStmt)
		if !ok {
			return true
		}
		if e, ok := s.Assign.(*ast.ExprStmt); ok {
			s.Assign = &ast.AssignStmt{
				Lhs: []ast.Expr{&ast.Ident{NamePos: e.Pos(), Name: "value#"}}, TokPos: e.Pos(), Tok: token.DEFINE,
				Rhs: []ast.Expr{e.X},
			}
		}
		for _, clause := range s.Body.List {
			list := clause.(*ast.CaseClause).List
			for i, e := range list {
				if ident, ok := e.(*ast.Ident); ok && ident.Name == "error" {
					needsBuiltin = true
					list[i] = &ast.SelectorExpr{
						X:   &ast.Ident{NamePos: ident.NamePos, Name: builtin},
						Sel: &ast.Ident{NamePos: ident.NamePos, Name: "Error"},
					}
				}
			}
		}
		return true
	})
	if needsBuiltin {
		pos := file.Package
		file.Decls = append([]ast.Decl{&ast.GenDecl{
			Tok: token.IMPORT, TokPos: pos,
			Specs: []ast.Spec{&ast.ImportSpec{
				Name: &ast.Ident{NamePos: pos, Name: builtin},
				Path: &ast.BasicLit{ValuePos: pos, Kind: token.STRING, Value: `"` + builtin + `"`},
			}},
		}}, file.Decls...)
	}
}
