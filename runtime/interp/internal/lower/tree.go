package lower

import (
	"go/ast"
	"go/token"
	"strconv"
)

func id(pos token.Pos, name string) *ast.Ident { return &ast.Ident{NamePos: pos, Name: name} }

func call(pos token.Pos, f ast.Expr, args ...ast.Expr) *ast.CallExpr {
	return &ast.CallExpr{Fun: f, Lparen: pos, Args: args, Rparen: pos}
}

func star(pos token.Pos, x ast.Expr) ast.Expr { return &ast.StarExpr{Star: pos, X: x} }

func paren(pos token.Pos, x ast.Expr) ast.Expr { return &ast.ParenExpr{Lparen: pos, X: x, Rparen: pos} }

func sel(pos token.Pos, x ast.Expr, name string) ast.Expr {
	return &ast.SelectorExpr{X: x, Sel: id(pos, name)}
}

func intLit(pos token.Pos, n int) ast.Expr {
	if n < 0 {
		return &ast.UnaryExpr{OpPos: pos, Op: token.SUB, X: intLit(pos, -n)}
	}
	return &ast.BasicLit{ValuePos: pos, Kind: token.INT, Value: strconv.Itoa(n)}
}

func binary(pos token.Pos, x ast.Expr, op token.Token, y ast.Expr) ast.Expr {
	return paren(pos, &ast.BinaryExpr{X: x, OpPos: pos, Op: op, Y: y})
}

func not(pos token.Pos, x ast.Expr) ast.Expr {
	return &ast.UnaryExpr{OpPos: pos, Op: token.NOT, X: x}
}

func assign(pos token.Pos, lhs, rhs ast.Expr) ast.Stmt {
	return &ast.AssignStmt{Lhs: []ast.Expr{lhs}, TokPos: pos, Tok: token.ASSIGN, Rhs: []ast.Expr{rhs}}
}

// define declares names with the values of a call, whose types they get.
func define(pos token.Pos, rhs ast.Expr, names ...string) ast.Stmt {
	s := &ast.AssignStmt{TokPos: pos, Tok: token.DEFINE, Rhs: []ast.Expr{rhs}}
	for _, n := range names {
		s.Lhs = append(s.Lhs, id(pos, n))
	}
	return s
}

func varDecl(pos token.Pos, name string, typ, value ast.Expr) *ast.GenDecl {
	return &ast.GenDecl{Tok: token.VAR, TokPos: pos, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(pos, name)}, Type: typ, Values: []ast.Expr{value}}}}
}

func declare(pos token.Pos, name string, typ, value ast.Expr) ast.Stmt {
	return &ast.DeclStmt{Decl: varDecl(pos, name, typ, value)}
}

func block(pos token.Pos, list ...ast.Stmt) *ast.BlockStmt {
	return &ast.BlockStmt{Lbrace: pos, List: list, Rbrace: pos}
}

func ifStmt(pos token.Pos, cond ast.Expr, then ...ast.Stmt) *ast.IfStmt {
	return &ast.IfStmt{If: pos, Cond: cond, Body: block(pos, then...)}
}

func fields(list ...*ast.Field) *ast.FieldList { return &ast.FieldList{List: list} }
