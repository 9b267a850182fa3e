package lower

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
)

// call writes a call, a conversion or the use of a builtin function.
func (f *fn) call(n *ast.CallExpr) ast.Expr {
	pos := n.Pos()
	if f.unit.Info.Types[n.Fun].IsType() {
		return f.conversion(n.Args[0], f.typeOf(n.Fun), pos)
	}
	if isBuiltin(f.unit.Info, n.Fun, "") {
		return f.builtin(n)
	}
	fun, args, ellipsis := f.prepared(n)
	c := call(pos, fun, args...)
	if ellipsis {
		c.Ellipsis = pos
	}
	return c
}

// prepared writes the function and the arguments of a call.
func (f *fn) prepared(n *ast.CallExpr) (fun ast.Expr, args []ast.Expr, ellipsis bool) {
	pos := n.Pos()
	target := ast.Unparen(n.Fun)
	sig := f.typeOf(n.Fun).Underlying().(*types.Signature)
	if s, ok := target.(*ast.SelectorExpr); ok {
		if selection := f.unit.Info.Selections[s]; selection != nil && selection.Kind() == types.MethodVal {
			m := f.find(f.typeOf(s.X), selection.Obj().Pkg(), s.Sel.Name)
			f.checkInterfaces(m.fn, n)
			recv, t := f.receiver(s.X, m, pos)
			name, selector := f.methodFunc(m.fn, t, s.Sel.Pos())
			args, ellipsis = f.arguments(n, sig, selector)
			if selector {
				return f.watched(n, sel(s.Sel.Pos(), recv, name), t, true), args, ellipsis
			}
			return id(pos, name), append([]ast.Expr{recv}, args...), false
		}
	}
	callee := f.callee(target)
	f.checkInterfaces(callee, n)
	compiled := callee != nil && f.funcs[callee] == nil && f.library[callee.Pkg().Path()+"."+callee.Name()] == nil
	args, ellipsis = f.arguments(n, sig, compiled)
	if callee != nil {
		if _, ok := f.Watch.Calls[n]; ok && !compiled {
			return f.watched(n, f.expr(n.Fun), nil, false), args, ellipsis // it needs a value
		}
		return f.watched(n, f.functionName(callee, rootIdent(target), pos), nil, compiled), args, ellipsis
	}
	return f.watched(n, f.expr(n.Fun), nil, false), args, ellipsis
}

// callee is the function that an expression names, nil when it is a value.
func (f *fn) callee(e ast.Expr) *types.Func {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		fn, _ := f.unit.Info.Uses[e].(*types.Func)
		return fn
	case *ast.SelectorExpr:
		if f.unit.Info.Selections[e] == nil {
			fn, _ := f.unit.Info.Uses[e.Sel].(*types.Func)
			return fn
		}
	case *ast.IndexExpr:
		return f.callee(e.X)
	case *ast.IndexListExpr:
		return f.callee(e.X)
	}
	return nil
}

// arguments writes the arguments of a call. To functions of the script the
// variable part goes as a slice.
func (f *fn) arguments(n *ast.CallExpr, sig *types.Signature, compiled bool) (args []ast.Expr, ellipsis bool) {
	params := sig.Params()
	if len(n.Args) == 1 {
		if tuple, ok := f.typeOf(n.Args[0]).(*types.Tuple); ok {
			return f.spreadCall(n, tuple, sig, compiled)
		}
	}
	var rest []ast.Expr
	for i, a := range n.Args {
		if sig.Variadic() && i >= params.Len()-1 && !n.Ellipsis.IsValid() {
			rest = append(rest, f.convert(a, params.At(params.Len()-1).Type().(*types.Slice).Elem()))
			continue
		}
		x := f.convert(a, f.subst(params.At(i).Type()))
		args = append(args, x)
	}
	if !sig.Variadic() {
		return args, false
	}
	if n.Ellipsis.IsValid() {
		return args, compiled
	}
	if compiled {
		return append(args, rest...), false
	}
	return append(args, f.packed(rest, params.At(params.Len()-1).Type(), n.Pos())), false
}

func (f *fn) packed(rest []ast.Expr, t types.Type, pos token.Pos) ast.Expr {
	if len(rest) == 0 {
		return id(pos, "nil")
	}
	return &ast.CompositeLit{Type: f.typ(t, pos), Lbrace: pos, Elts: rest, Rbrace: pos}
}

// spreadCall writes f(g()) where g has several results. They go through a
// function that has them as parameters, so what is called must not need them.
func (f *fn) spreadCall(n *ast.CallExpr, tuple *types.Tuple, sig *types.Signature, compiled bool) ([]ast.Expr, bool) {
	if f.pre == nil || !f.first[n] {
		f.refuse(n.Pos(), "the interpreter cannot pass the results of a call on to another here; assign them to variables first")
		return nil, false
	}
	pos := n.Pos()
	first, from := f.multi(n.Args[0], tuple.Len())
	*f.pre = append(*f.pre, first.stmt)
	var args, rest []ast.Expr
	params := sig.Params()
	for i, name := range first.names {
		if sig.Variadic() && i >= params.Len()-1 {
			rest = append(rest, f.conv(id(pos, name), from[i], params.At(params.Len()-1).Type().(*types.Slice).Elem(), pos))
		} else {
			args = append(args, f.conv(id(pos, name), from[i], params.At(i).Type(), pos))
		}
	}
	if !sig.Variadic() {
		return args, false
	}
	if compiled {
		return append(args, rest...), false
	}
	return append(args, f.packed(rest, params.At(params.Len()-1).Type(), pos)), false
}

// temporaries are new variables that a statement declares.
type temporaries struct {
	stmt  ast.Stmt
	names []string
}

// multi writes a statement that gives the values of an expression with several
// to new variables.
func (f *fn) multi(e ast.Expr, n int) (temporaries, []types.Type) {
	e = ast.Unparen(e)
	pos := e.Pos()
	t := temporaries{}
	for range n {
		t.names = append(t.names, f.fresh("t"))
	}
	var from []types.Type
	switch x := f.typeOf(e).(type) {
	case *types.Tuple:
		for i := range x.Len() {
			from = append(from, x.At(i).Type())
		}
	default:
		from = []types.Type{x, types.Typ[types.Bool]}
	}
	var rhs ast.Expr
	switch e := e.(type) {
	case *ast.CallExpr:
		rhs = f.call(e)
	case *ast.TypeAssertExpr:
		rhs = f.assertion(e.X, f.typeOf(e.Type), pos, true)
	case *ast.IndexExpr:
		rhs = f.index(e)
	case *ast.UnaryExpr:
		rhs = &ast.UnaryExpr{OpPos: pos, Op: token.ARROW, X: f.expr(e.X)}
	default:
		f.refuse(pos, "the interpreter does not know what has several values here")
	}
	t.stmt = define(pos, rhs, t.names...)
	return t, from
}

func (f *fn) conversion(e ast.Expr, t types.Type, pos token.Pos) ast.Expr {
	from := f.typeOf(e)
	tv := f.unit.Info.Types[e]
	if types.IsInterface(t) || tv.IsNil() {
		return f.convert(e, t)
	}
	if tv.Value != nil {
		if b, ok := t.Underlying().(*types.Basic); ok {
			if b.Info()&types.IsString == 0 || tv.Value.Kind() == constant.String {
				return f.constant(tv.Value, t, pos)
			}
		}
		from = types.Default(from)
	}
	x := f.convert(e, from)
	a, b := f.work(from, pos), f.work(t, pos)
	ab, aok := from.Underlying().(*types.Basic)
	bb, bok := t.Underlying().(*types.Basic)
	switch {
	case a == b:
		return x
	case bok && bb.Info()&types.IsString != 0 && aok && ab.Info()&types.IsInteger != 0:
		return f.retyped(call(pos, f.helper(pos, "RuneString"+a.String(), func() any { return runeStringFunc(a) }), x), t, pos)
	case aok && bok && ab.Info()&types.IsComplex == 0:
		return call(pos, f.typ(t, pos), x)
	case a.Kind() == reflect.Struct, a.Kind() == reflect.Pointer, a.Kind() == b.Kind() && (f.involved(from) || f.involved(t)):
		return call(pos, f.helper(pos, fmt.Sprintf("As%d_%d", f.id(from), f.id(t)), func() any { return retypeFunc(a, b) }), x)
	}
	if !a.ConvertibleTo(b) {
		return call(pos, f.helper(pos, fmt.Sprintf("As%d_%d", f.id(from), f.id(t)), func() any { return retypeFunc(a, b) }), x)
	}
	return call(pos, f.helper(pos, fmt.Sprintf("Convert%d_%d", f.id(from), f.id(t)), func() any { return convertFunc(a, b) }), x)
}

func (f *fn) builtin(n *ast.CallExpr) ast.Expr {
	pos := n.Pos()
	name := ast.Unparen(n.Fun).(*ast.Ident).Name
	switch name {
	case "len", "cap":
		t := f.typeOf(n.Args[0])
		x := f.expr(n.Args[0])
		if f.hasCall(n.Args[0]) {
			if p, ok := t.Underlying().(*types.Pointer); ok {
				w := f.work(t, pos)
				n := int(p.Elem().Underlying().(*types.Array).Len())
				return call(pos, f.helper(pos, fmt.Sprintf("Len%d", f.id(t)), func() any { return lenFunc(w, n) }), x)
			}
		}
		if p, ok := t.Underlying().(*types.Pointer); ok {
			return intLit(pos, int(p.Elem().Underlying().(*types.Array).Len()))
		}
		if a, ok := t.Underlying().(*types.Array); ok && f.unit.Info.Types[n.Args[0]].Addressable() {
			return intLit(pos, int(a.Len()))
		}
		return call(pos, id(pos, name), x)
	case "new":
		return call(pos, id(pos, "new"), f.typ(f.typeOf(n.Args[0]), pos))
	case "make":
		return f.make(n)
	case "append":
		return f.append(n)
	case "copy":
		w := f.work(f.typeOf(n.Args[0]), pos)
		from := f.work(f.typeOf(n.Args[1]), pos)
		return call(pos, f.helper(pos, fmt.Sprintf("Copy%s,%s", w, from), func() any { return copyFunc(w, from) }), f.expr(n.Args[0]), f.expr(n.Args[1]))
	case "delete":
		t := f.typeOf(n.Args[0])
		w := f.work(t, pos)
		return call(pos, f.helper(pos, fmt.Sprintf("Delete%d", f.id(t)), func() any { return deleteFunc(w) }), f.expr(n.Args[0]), f.convert(n.Args[1], t.Underlying().(*types.Map).Key()))
	case "clear":
		t := f.typeOf(n.Args[0])
		w := f.work(t, pos)
		return call(pos, f.helper(pos, fmt.Sprintf("Clear%d", f.id(t)), func() any { return clearFunc(w) }), f.expr(n.Args[0]))
	case "min", "max":
		t := f.typeOf(n)
		w := f.work(t, pos)
		fun := f.helper(pos, fmt.Sprintf("%s%d", name, f.id(t)), func() any { return extremeFunc(w, name == "min") })
		x := f.convert(n.Args[0], t)
		for _, a := range n.Args[1:] {
			x = call(pos, fun, x, f.convert(a, t))
		}
		return x
	case "panic":
		return call(pos, f.helper(pos, "Panic", func() any { return panicWith }), f.convert(n.Args[0], anyInterface))
	case "recover":
		if f.panics == "" {
			return call(pos, f.helper(pos, "NoPanic", func() any { return func() any { return nil } }))
		}
		return call(pos, f.helper(pos, "Recover", func() any { return (*Defers).Recover }), id(pos, f.panics))
	case "close":
		t := f.typeOf(n.Args[0])
		w := f.work(t, pos)
		return call(pos, f.helper(pos, fmt.Sprintf("Close%d", f.id(t)), func() any { return closeFunc(w) }), f.expr(n.Args[0]))
	case "print", "println":
		var args []ast.Expr
		for _, a := range n.Args {
			x := f.convertDefault(a)
			args = append(args, x)
		}
		return call(pos, f.helper(pos, "Builtin"+name, func() any { return builtinPrint(name == "println") }), args...)
	case "complex":
		t := f.typeOf(n)
		part := types.Typ[types.Float64]
		if t.Underlying().(*types.Basic).Kind() == types.Complex64 {
			part = types.Typ[types.Float32]
		}
		return call(pos, f.helper(pos, "Complex"+part.Name(), func() any { return makeComplexFunc(part == types.Typ[types.Float32]) }), f.plain(n.Args[0], part), f.plain(n.Args[1], part))
	case "real", "imag":
		t := f.typeOf(n.Args[0])
		w := f.work(t, pos)
		return call(pos, f.helper(pos, name+w.String(), func() any { return partFunc(w, name == "real") }), f.expr(n.Args[0]))
	}
	f.refuse(pos, "a script cannot use %s", name)
	return id(pos, "nil")
}

// plain writes a number as one of a predeclared type.
func (f *fn) plain(e ast.Expr, t *types.Basic) ast.Expr {
	if f.unit.Info.Types[e].Value != nil {
		return f.convert(e, t)
	}
	return f.expr(e)
}

func (f *fn) convertDefault(e ast.Expr) ast.Expr {
	t := f.typeOf(e)
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 && b.Kind() != types.UntypedNil {
		return f.convert(e, types.Default(t))
	}
	if types.IsInterface(t) {
		return f.toAny(f.expr(e), t, e.Pos())
	}
	return f.box(f.expr(e), t, e.Pos())
}

func (f *fn) make(n *ast.CallExpr) ast.Expr {
	pos := n.Pos()
	t := f.typeOf(n.Args[0])
	w := f.work(t, pos)
	args := []ast.Expr{}
	for _, a := range n.Args[1:] {
		if f.unit.Info.Types[a].Value != nil {
			args = append(args, f.convert(a, types.Typ[types.Int]))
		} else {
			args = append(args, f.intIndex(a))
		}
	}
	return call(pos, f.helper(pos, fmt.Sprintf("Make%d_%d", f.id(t), len(args)), func() any { return makeFuncOf(w, len(args)) }), args...)
}

func (f *fn) append(n *ast.CallExpr) ast.Expr {
	pos := n.Pos()
	t := f.typeOf(n)
	w := f.work(t, pos)
	s, ok := t.Underlying().(*types.Slice)
	if !ok {
		return f.expr(n.Args[0])
	}
	x := f.convert(n.Args[0], t)
	if len(n.Args) == 1 {
		return x
	}
	if n.Ellipsis.IsValid() {
		if f.unit.Info.Types[n.Args[1]].IsNil() {
			return x
		}
		from := f.work(f.typeOf(n.Args[1]), pos)
		return call(pos, f.helper(pos, fmt.Sprintf("Append%s,%s", w, from), func() any { return appendFunc(w, from) }), x, f.expr(n.Args[1]))
	}
	var rest []ast.Expr
	for _, a := range n.Args[1:] {
		rest = append(rest, f.convert(a, s.Elem()))
	}
	if len(rest) == 1 {
		return call(pos, f.helper(pos, fmt.Sprintf("Append1%s", w), func() any { return appendOneFunc(w) }), x, rest[0])
	}
	list := f.packed(rest, types.NewSlice(s.Elem()), pos)
	from := reflect.SliceOf(w.Elem())
	return call(pos, f.helper(pos, fmt.Sprintf("Append%s,%s", w, from), func() any { return appendFunc(w, from) }), x, list)
}
