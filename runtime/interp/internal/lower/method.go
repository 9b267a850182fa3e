package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
)

// method is a method found in a type: by fields on the way, if any.
type method struct {
	fn   *types.Func
	path []int
}

func (f *fn) find(t types.Type, pkg *types.Package, name string) method {
	obj, index, _ := types.LookupFieldOrMethod(t, true, pkg, name)
	fn, ok := obj.(*types.Func)
	if !ok {
		panic(fmt.Errorf("%s has no method %s", t, name))
	}
	return method{fn, index[:len(index)-1]}
}

// receiver writes what stands before a method call, as the method's own
// receiver or, where the method is of an interface, as that.
func (f *fn) receiver(e ast.Expr, m method, pos token.Pos) (ast.Expr, types.Type) {
	t := f.typeOf(e)
	recv := m.fn.Signature().Recv().Type()
	_, wantsPointer := types.Unalias(recv).(*types.Pointer)
	if len(m.path) == 0 {
		_, isPointer := t.Underlying().(*types.Pointer)
		if _, named := types.Unalias(t).(*types.Named); named && isPointer {
			isPointer = false
		}
		switch {
		case types.IsInterface(t), isPointer == wantsPointer:
			return f.expr(e), t
		case wantsPointer:
			return f.address(e), types.NewPointer(t)
		default:
			return f.deref(f.expr(e), pos), t.Underlying().(*types.Pointer).Elem()
		}
	}
	last := t
	_, x := f.pathType(t, m.path)
	last = x
	_, isPointer := last.Underlying().(*types.Pointer)
	if wantsPointer && !isPointer && !types.IsInterface(last) {
		return f.fieldAddress(e, t, m.path, pos), types.NewPointer(last)
	}
	r, last := f.path(f.expr(e), t, m.path, pos)
	if isPointer && !wantsPointer {
		return f.deref(r, pos), last.Underlying().(*types.Pointer).Elem()
	}
	return r, last
}

// pathType is the type of a field by its path.
func (f *fn) pathType(t types.Type, path []int) (*types.Struct, types.Type) {
	var st *types.Struct
	for _, i := range path {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		st = t.Underlying().(*types.Struct)
		t = st.Field(i).Type()
	}
	return st, t
}

// methodFunc is how a method is called with its receiver: as a function with it
// as the first argument, or of it by a selector.
func (f *fn) methodFunc(m *types.Func, recv types.Type, pos token.Pos) (name string, selector bool) {
	if types.IsInterface(recv) {
		if f.erased(recv) {
			return f.dispatch(recv, m, pos), false
		}
		return m.Name(), true
	}
	if d := f.funcs[m.Origin()]; d != nil {
		t := recv
		if p, ok := types.Unalias(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		var args []types.Type
		if n, ok := types.Unalias(t).(*types.Named); ok {
			for i := range n.TypeArgs().Len() {
				args = append(args, n.TypeArgs().At(i))
			}
		}
		return f.instance(m.Origin(), args, pos), false
	}
	return m.Name(), true
}

// applied writes the call of a method.
func (f *fn) applied(m *types.Func, recv ast.Expr, t types.Type, args []ast.Expr, pos token.Pos) ast.Expr {
	name, selector := f.methodFunc(m, t, pos)
	if selector {
		return call(pos, sel(pos, recv, name), args...)
	}
	return call(pos, id(pos, name), append([]ast.Expr{recv}, args...)...)
}

// methodValue writes x.M as a function: one that another returns, which has x.
func (f *fn) methodValue(n *ast.SelectorExpr) ast.Expr {
	pos := n.Sel.Pos()
	m := f.find(f.typeOf(n.X), f.unit.Info.Selections[n].Obj().Pkg(), n.Sel.Name)
	x, t := f.receiver(n.X, m, pos)
	sig := f.typeOf(n).(*types.Signature)
	if types.IsInterface(t) {
		// An interface without a value panics here, not in the call.
		w := f.work(t, pos)
		x = call(pos, f.helper(pos, fmt.Sprintf("NotNil%d", f.id(t)), func() any { return notNilFunc(w) }), x)
	}
	name := f.fresh("bound")
	recv := "recv"
	typ, args, ret := f.signature(sig, pos)
	inner := &ast.FuncLit{Type: typ, Body: block(pos, f.returning(f.spread(m.fn, id(pos, recv), t, args, pos), ret, pos))}
	f.decls = append(f.decls, &ast.FuncDecl{
		Name: id(pos, name),
		Type: &ast.FuncType{Func: pos, Params: fields(&ast.Field{Names: []*ast.Ident{id(pos, recv)}, Type: f.typ(t, pos)}), Results: fields(&ast.Field{Type: f.funcType(sig, pos, 0)})},
		Body: block(pos-1, &ast.ReturnStmt{Return: pos, Results: []ast.Expr{inner}}),
	})
	return call(pos, id(pos, name), x)
}

// signature writes parameters with names, and those names.
func (f *fn) signature(sig *types.Signature, pos token.Pos) (*ast.FuncType, []ast.Expr, bool) {
	typ := f.funcType(sig, pos, 0)
	var args []ast.Expr
	for i, field := range typ.Params.List {
		n := fmt.Sprintf("a%d", i)
		field.Names = []*ast.Ident{id(pos, n)}
		args = append(args, id(pos, n))
	}
	return typ, args, sig.Results().Len() > 0
}

func (f *fn) returning(x ast.Expr, results bool, pos token.Pos) ast.Stmt {
	if results {
		return &ast.ReturnStmt{Return: pos, Results: []ast.Expr{x}}
	}
	return &ast.ExprStmt{X: x}
}

// methodExpr writes T.M.
func (f *fn) methodExpr(n *ast.SelectorExpr) ast.Expr {
	pos := n.Sel.Pos()
	t := f.typeOf(n.X)
	m := f.find(t, f.unit.Info.Selections[n].Obj().Pkg(), n.Sel.Name)
	sig := f.typeOf(n).(*types.Signature)
	typ, args, ret := f.signature(sig, pos)
	name := f.fresh("method")
	x, recv := f.through(args[0], t, m, pos)
	lit := &ast.FuncLit{Type: typ, Body: block(pos, f.returning(f.spread(m.fn, x, recv, args[1:], pos), ret, pos))}
	f.decls = append(f.decls, &ast.FuncDecl{Name: id(pos, name), Type: &ast.FuncType{Func: pos, Params: fields(), Results: fields(&ast.Field{Type: f.funcType(sig, pos, 0)})},
		Body: block(pos-1, &ast.ReturnStmt{Return: pos, Results: []ast.Expr{lit}})})
	return call(pos, id(pos, name))
}

// spread calls a method with the arguments of a function that is not variadic.
func (f *fn) spread(m *types.Func, recv ast.Expr, t types.Type, args []ast.Expr, pos token.Pos) ast.Expr {
	x := f.applied(m, recv, t, args, pos).(*ast.CallExpr)
	if _, selector := x.Fun.(*ast.SelectorExpr); selector && m.Signature().Variadic() {
		x.Ellipsis = pos
	}
	return x
}

// through selects the receiver of a method in a value or pointer x of type t.
func (f *fn) through(x ast.Expr, t types.Type, m method, pos token.Pos) (ast.Expr, types.Type) {
	_, wantsPointer := types.Unalias(m.fn.Signature().Recv().Type()).(*types.Pointer)
	if len(m.path) > 0 {
		_, last := f.pathType(t, m.path)
		_, isPointer := last.Underlying().(*types.Pointer)
		if p, ok := t.Underlying().(*types.Pointer); ok && wantsPointer && !isPointer {
			return f.pathAddress(x, p.Elem(), m.path, pos), types.NewPointer(last)
		}
		if wantsPointer && !isPointer {
			// Only what an embedded pointer points to has an address.
			for k := len(m.path) - 1; k > 0; k-- {
				_, on := f.pathType(t, m.path[:k])
				if p, ok := on.Underlying().(*types.Pointer); ok {
					x, _ = f.path(x, t, m.path[:k], pos)
					return f.pathAddress(x, p.Elem(), m.path[k:], pos), types.NewPointer(last)
				}
			}
		}
		x, t = f.path(x, t, m.path, pos)
	}
	p, isPointer := types.Unalias(t).(*types.Pointer)
	if isPointer && !wantsPointer {
		return f.deref(x, pos), p.Elem()
	}
	return x, t
}

// bindMethods writes the methods of a type as compiled code calls them: as
// functions of a pointer to a value.
func (s *scriptType) bindMethods() {
	l := s.l
	f := l.newFunc(l.Script, nil)
	n := s.typ.(*types.Named)
	if _, ok := n.Underlying().(*types.Pointer); ok {
		return
	}
	collect := func(t types.Type) map[string]bool {
		names := make(map[string]bool)
		set := types.NewMethodSet(t)
		for i := range set.Len() {
			if m := set.At(i).Obj(); m.Exported() {
				names[m.Name()] = true
			}
		}
		return names
	}
	pointer := types.NewPointer(n)
	ofValue, ofPointer := collect(n), collect(pointer)
	set := types.NewMethodSet(pointer)
	slots := make(map[string]*binding)
	for i := range set.Len() {
		obj := set.At(i).Obj().(*types.Func)
		if !obj.Exported() {
			continue
		}
		pos := s.pos
		m := f.find(pointer, obj.Pkg(), obj.Name())
		sig := m.fn.Signature()
		name := l.fresh("face")
		typ, args, ret := f.signature(sig, pos)
		recv := "recv"
		typ.Params.List = append([]*ast.Field{{Names: []*ast.Ident{id(pos, recv)}, Type: f.typ(pointer, pos)}}, typ.Params.List...)
		x, t := f.through(id(pos, recv), pointer, m, pos)
		l.decls = append(l.decls, &ast.FuncDecl{Name: id(pos, name), Type: typ, Body: block(pos, f.returning(f.spread(m.fn, x, t, args, pos), ret, pos))})
		b := &binding{
			face: l.guarded(types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic()), facing, pos),
			work: l.guarded(types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic()), working, pos),
			recv: reflect.PointerTo(l.reflected(n, working)), of: s.face.Type,
		}
		slots[obj.Name()] = b
		bind := l.helper(pos, "Bind_"+name, func() any { return func(fn any) { b.fn = reflect.ValueOf(fn) } })
		l.binds = append(l.binds, &ast.ExprStmt{X: call(pos, bind, id(pos, name))})
	}
	if err := s.face.Methods(bindings(slots, ofValue, true), bindings(slots, ofPointer, false)); err != nil {
		l.refuse(s.pos, "%s has methods, but %v", n.Obj().Name(), err)
	}
}

// dispatcher is a function that calls a method of an interface of the script,
// by the type of the value.
type dispatcher struct {
	f     *fn
	iface types.Type
	m     *types.Func
	sig   *types.Signature
	name  string
	pos   token.Pos
	cases map[*scriptType]bool
	list  []ast.Stmt
}

func (f *fn) dispatch(recv types.Type, m *types.Func, pos token.Pos) string {
	sig := types.NewSignatureType(nil, nil, nil, m.Signature().Params(), m.Signature().Results(), m.Signature().Variadic())
	key := fmt.Sprintf("%s %d", m.Name(), f.id(sig))
	if d, ok := f.dispatchers[key]; ok {
		return d.name
	}
	g := f.newFunc(f.Script, nil)
	iface := types.NewInterfaceType([]*types.Func{types.NewFunc(token.NoPos, m.Pkg(), m.Name(), sig)}, nil).Complete()
	d := &dispatcher{f: g, iface: iface, m: m, sig: sig, name: f.fresh("call_" + m.Name()), pos: m.Pos(), cases: make(map[*scriptType]bool)}
	f.dispatchers[key] = d
	f.order = append(f.order, d)
	return d.name
}

// add takes a type into account.
func (d *dispatcher) add(s *scriptType) bool {
	if d.cases[s] {
		return false
	}
	d.cases[s] = true
	for _, t := range []types.Type{s.typ, types.NewPointer(s.typ)} {
		if missing, _ := types.MissingMethod(t, d.iface.Underlying().(*types.Interface), true); missing != nil {
			continue
		}
		if types.IsInterface(t) {
			continue
		}
		n := d.f.kinds[d.f.face(t, d.pos)]
		m := d.f.find(t, d.m.Pkg(), d.m.Name())
		_, args, ret := d.f.signature(d.sig, d.pos)
		face, work := d.f.face(t, d.pos), d.f.work(t, d.pos)
		value := call(d.pos, d.f.helper(d.pos, fmt.Sprintf("Known%d", d.f.id(t)), func() any { return knownFunc(face, work) }), id(d.pos, "recv"))
		x, rt := d.f.through(id(d.pos, "value"), t, m, d.pos)
		// A value in an interface cannot be changed, so a method that takes its
		// address in an embedded field is not there.
		body := []ast.Stmt{declare(d.pos, "value", d.f.typ(t, d.pos), value), d.f.returning(d.f.spread(m.fn, x, rt, args, d.pos), ret, d.pos)}
		if !ret {
			body = append(body, &ast.ReturnStmt{Return: d.pos})
		}
		d.list = append(d.list, ifStmt(d.pos, binary(d.pos, id(d.pos, "kind"), token.EQL, intLit(d.pos, n)), body...))
	}
	return true
}

func (d *dispatcher) emit() {
	f, pos := d.f, d.pos
	typ, args, ret := f.signature(d.sig, pos)
	typ.Params.List = append([]*ast.Field{{Names: []*ast.Ident{id(pos, "recv")}, Type: id(pos, "any")}}, typ.Params.List...)
	l := f.lowerer
	kind := f.helper(pos, "Kind", func() any {
		return func(v any) int {
			if n, ok := l.kinds[reflect.TypeOf(v)]; ok {
				return n
			}
			return 1 << 30
		}
	})
	face, work := f.face(d.sig, pos), f.work(d.sig, pos)
	other := f.helper(pos, "Other_"+d.name, func() any { return otherFunc(d.m.Name(), face, work) })
	list := append([]ast.Stmt{declare(pos, "kind", id(pos, "int"), call(pos, kind, id(pos, "recv")))}, d.list...)
	list = append(list, f.returning(call(pos, other, append([]ast.Expr{id(pos, "recv")}, args...)...), ret, pos))
	f.decls = append(f.decls, &ast.FuncDecl{Name: id(pos, d.name), Type: typ, Body: block(pos, list...)})
}
