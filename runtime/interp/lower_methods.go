package interp

import (
	"go/ast"
	"go/types"
	"reflect"

	"domovoi.dev/runtime/interp/internal/symbols"
	"domovoi.dev/runtime/script"
)

// compiledType is a type that an imported package exports.
type compiledType struct{ path, name string }

// pointer returns the type of pointers to it, nil when there is no such type.
func (t compiledType) pointer() reflect.Type {
	pkg, ok := symbols.Packages[t.path]
	if !ok {
		return nil
	}
	v := pkg.Symbols()[t.name]
	if !v.IsValid() || v.Kind() != reflect.Pointer || !v.IsNil() {
		return nil
	}
	return v.Type()
}

// function is the name of the function of builtin that returns its argument, a
// pointer to the type.
func (t compiledType) function() string { return "As:" + t.path + "." + t.name }

// lowerMethodValues makes method values of compiled types work: yaegi takes the
// type of engine.SendSLNetMessages for one with a receiver when engine was
// declared as *sdk.Engine, but not when a compiled function has returned it. So
// it becomes builtin#.Engine(engine).SendSLNetMessages. The result are the types
// for which builtin needs such a function.
func lowerMethodValues(file *ast.File, info *types.Info) map[compiledType]reflect.Type {
	declared := pointerVariables(file, info)
	needed := make(map[compiledType]reflect.Type)
	called := make(map[ast.Expr]bool)
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			called[ast.Unparen(call.Fun)] = true
		}
		s, ok := n.(*ast.SelectorExpr)
		if !ok || called[s] {
			return true
		}
		t, ok := declared[variable(s.X, info)]
		if !ok {
			return true
		}
		p := t.pointer()
		if p == nil {
			return true
		}
		if _, ok := p.MethodByName(s.Sel.Name); ok {
			needed[t] = p
			s.X = &ast.CallExpr{Fun: fromBuiltin(s.X.Pos(), t.function()), Lparen: s.X.Pos(), Args: []ast.Expr{s.X}, Rparen: s.X.End()}
		}
		return true
	})
	return needed
}

// pointerVariables are the variables, parameters and fields declared as
// pointers to compiled types.
func pointerVariables(file *ast.File, info *types.Info) map[types.Object]compiledType {
	declared := make(map[types.Object]compiledType)
	add := func(names []*ast.Ident, e ast.Expr) {
		star, ok := e.(*ast.StarExpr)
		if !ok {
			return
		}
		path, name := script.ImportedName(star.X, info)
		if path == "" {
			return
		}
		for _, ident := range names {
			if o := info.Defs[ident]; o != nil {
				declared[o] = compiledType{path, name}
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			add(n.Names, n.Type)
		case *ast.ValueSpec:
			add(n.Names, n.Type)
		}
		return true
	})
	return declared
}

// variable returns the variable or field that an expression names, nil when it
// is something else.
func variable(e ast.Expr, info *types.Info) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return info.Uses[e]
	case *ast.SelectorExpr:
		if s, ok := info.Selections[e]; ok {
			return s.Obj()
		}
	}
	return nil
}
