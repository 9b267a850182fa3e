package interp

import (
	"go/ast"

	"golang.org/x/tools/go/ast/astutil"
)

// lowerDefers keeps deferred calls from waiting for ever. While a function runs
// its deferred calls, yaegi holds a lock that each closure made in the function
// takes when it returns. So in functions with deferred calls
//
//	func(x int) { ... }
//
// becomes
//
//	func() func(x int) { return func(x int) { ... } }()
//
// and the closure is made in another function.
func lowerDefers(file *ast.File) {
	astutil.Apply(file, nil, func(c *astutil.Cursor) bool {
		switch n := c.Node().(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				detachClosures(n.Body)
			}
		case *ast.FuncLit:
			detachClosures(n.Body)
		}
		return true
	})
}

// detachClosures rewrites the closures of one function, not of those within it.
func detachClosures(body *ast.BlockStmt) {
	defers := false
	called := make(map[*ast.FuncLit]bool) // as the very function of a go or defer statement
	ast.Inspect(body, func(n ast.Node) bool {
		var call *ast.CallExpr
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			defers, call = true, n.Call
		case *ast.GoStmt:
			call = n.Call
		}
		if call != nil {
			if literal, ok := call.Fun.(*ast.FuncLit); ok {
				called[literal] = true
			}
		}
		return true
	})
	if !defers {
		return
	}
	astutil.Apply(body, func(c *astutil.Cursor) bool {
		literal, ok := c.Node().(*ast.FuncLit)
		if ok && !called[literal] {
			c.Replace(detached(literal))
		}
		return !ok
	}, nil)
}

func detached(literal *ast.FuncLit) ast.Expr {
	pos := literal.Pos()
	return &ast.CallExpr{
		Fun: &ast.FuncLit{
			Type: &ast.FuncType{
				Func:    pos,
				Params:  &ast.FieldList{Opening: pos, Closing: pos},
				Results: &ast.FieldList{List: []*ast.Field{{Type: literal.Type}}},
			},
			Body: &ast.BlockStmt{
				Lbrace: pos, Rbrace: pos,
				List: []ast.Stmt{&ast.ReturnStmt{Return: pos, Results: []ast.Expr{literal}}},
			},
		},
		Lparen: pos, Rparen: pos,
	}
}
