package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
)

// Watch lets somebody know of calls while they are made.
type Watch struct {
	// Calls are the calls that are watched: of functions and methods of compiled
	// packages, and of functions of the script. The value says whether the function
	// around a call acts for its own caller.
	Calls map[*ast.CallExpr]bool
	// Enter is called before a call is made, when its arguments are there, and what
	// it returns after it.
	Enter func(pos token.Pos, forCaller bool) (leave func())
}

// watched writes the function of a call, which is watched if somebody wants to
// know of the call. A method of a compiled type is selected of recv.
func (f *fn) watched(n *ast.CallExpr, fun ast.Expr, recv types.Type, compiled bool) ast.Expr {
	forCaller, ok := f.Watch.Calls[n]
	if !ok {
		return fun
	}
	pos := n.Lparen
	sig := f.typeOf(n.Fun).Underlying().(*types.Signature)
	w := f.work(sig, pos)
	if compiled {
		w = f.face(sig, pos) // variadic where the function is
	}
	flag := 0
	if forCaller {
		flag = 1
	}
	name := fmt.Sprintf("Watch%d,%v", f.id(sig), compiled)
	from, method := w, ""
	if s, ok := fun.(*ast.SelectorExpr); ok && recv != nil {
		// The interpreter has methods as values only with their receivers.
		fun, from, method = s.X, f.work(recv, pos), s.Sel.Name
		name += fmt.Sprintf(",%d.%s", f.id(recv), method)
	}
	watch := f.helper(pos, name, func() any { return watchFunc(from, method, w, f.Watch.Enter) })
	return call(n.Pos(), watch, intLit(pos, int(pos)), intLit(pos, flag), fun)
}

// watchFunc makes a function that is watched of another, or of a method of a
// value of the type from.
func watchFunc(from reflect.Type, method string, w reflect.Type, enter func(pos token.Pos, forCaller bool) func()) any {
	return makeFunc([]reflect.Type{intType, intType, from}, []reflect.Type{w}, func(in []reflect.Value) []reflect.Value {
		pos, forCaller, f := token.Pos(in[0].Int()), in[1].Int() == 1, in[2]
		if method != "" {
			f = f.MethodByName(method)
		}
		return one(reflect.MakeFunc(w, func(in []reflect.Value) []reflect.Value {
			defer enter(pos, forCaller)()
			if w.IsVariadic() {
				return f.CallSlice(in)
			}
			return f.Call(in)
		}))
	})
}
