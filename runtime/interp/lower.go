package interp

import (
	"encoding"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"go/ast"
	"go/token"
	"reflect"
	"strconv"

	"github.com/traefik/yaegi/interp"

	"domovoi.dev/runtime/script"
)

// builtin is a package that lower imports for itself. No script can have the
// name.
const builtin = "builtin#"

// builtins are the symbols of that package: a type, and functions that make
// interpreted values compiled interfaces, which a conversion does not.
func builtins() interp.Exports {
	return interp.Exports{exportKey(builtin, builtin): {
		"Error":             reflect.ValueOf((*error)(nil)),
		"AsError":           reflect.ValueOf(as[error]),
		"AsFormatter":       reflect.ValueOf(as[fmt.Formatter]),
		"AsStringer":        reflect.ValueOf(as[fmt.Stringer]),
		"AsJSONMarshaler":   reflect.ValueOf(as[json.Marshaler]),
		"AsJSONUnmarshaler": reflect.ValueOf(as[json.Unmarshaler]),
		"AsTextMarshaler":   reflect.ValueOf(as[encoding.TextMarshaler]),
		"AsTextUnmarshaler": reflect.ValueOf(as[encoding.TextUnmarshaler]),
		"AsXMLMarshaler":    reflect.ValueOf(as[xml.Marshaler]),
		"AsXMLUnmarshaler":  reflect.ValueOf(as[xml.Unmarshaler]),
		"Panic":             reflect.ValueOf(panicWith),
	}}
}

func as[T any](v T) T { return v }

func panicWith(v any) { panic(v) }

// fromBuiltin is a symbol of that package.
func fromBuiltin(pos token.Pos, name string) ast.Expr {
	return &ast.SelectorExpr{X: &ast.Ident{NamePos: pos, Name: builtin}, Sel: &ast.Ident{NamePos: pos, Name: name}}
}

// lower rewrites what yaegi gets wrong or cannot do into what it gets right. It
// keeps the meaning of the source and the positions of its parts. The result is
// the package that the rewritten source imports.
func lower(fset *token.FileSet, file *ast.File) interp.Exports {
	exports := builtins()
	if pkg, info := script.OwnTypes(fset, []*ast.File{file}); pkg != nil {
		lowerArguments(file, pkg, info)
		for t, pointer := range lowerMethodValues(file, info) {
			same := reflect.FuncOf([]reflect.Type{pointer}, []reflect.Type{pointer}, false)
			exports[exportKey(builtin, builtin)][t.function()] = reflect.MakeFunc(same, func(in []reflect.Value) []reflect.Value { return in })
		}
	}
	lowerDefers(file)
	lowerTypeSwitches(file)
	importBuiltin(file)
	return exports
}

func importBuiltin(file *ast.File) {
	pos := file.Package
	file.Decls = append([]ast.Decl{&ast.GenDecl{
		Tok: token.IMPORT, TokPos: pos,
		Specs: []ast.Spec{&ast.ImportSpec{
			Name: &ast.Ident{NamePos: pos, Name: builtin},
			Path: &ast.BasicLit{ValuePos: pos, Kind: token.STRING, Value: strconv.Quote(builtin)},
		}},
	}}, file.Decls...)
}

// lowerTypeSwitches makes type switches choose what Go would choose, where yaegi
// chooses another case without a word. A switch that does not assign compares
// the names of types, in which map[string]any does not look like itself; so it
// assigns. And the predeclared error matches no compiled value, while the same
// interface from a package does.
func lowerTypeSwitches(file *ast.File) {
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
					list[i] = fromBuiltin(ident.NamePos, "Error")
				}
			}
		}
		return true
	})
}
