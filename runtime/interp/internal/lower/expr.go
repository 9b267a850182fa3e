package lower

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
)

// convert writes an expression as a value of a type it is assigned to.
func (f *fn) convert(e ast.Expr, to types.Type) ast.Expr {
	tv := f.unit.Info.Types[e]
	if tv.IsNil() {
		return f.zero(to, e.Pos())
	}
	from := f.typeOf(e)
	if tv.Value != nil && !types.IsInterface(to) {
		return f.constant(tv.Value, to, e.Pos())
	}
	if b, ok := from.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 && !types.IsInterface(to) {
		return f.untyped(e, to)
	}
	return f.conv(f.expr(e), from, to, e.Pos())
}

// untyped writes an expression of an untyped type that is no constant: a
// comparison or a shift.
func (f *fn) untyped(e ast.Expr, to types.Type) ast.Expr {
	x := f.expr(e)
	return f.retyped(x, to, e.Pos())
}

// conv converts a value to a type that it can be assigned to.
func (f *fn) conv(x ast.Expr, from, to types.Type, pos token.Pos) ast.Expr {
	if !types.IsInterface(to) {
		return f.reform(x, from, to, pos)
	}
	if types.IsInterface(from) {
		return f.widen(x, from, to, pos)
	}
	if b, ok := from.(*types.Basic); ok && b.Kind() == types.UntypedNil {
		return id(pos, "nil")
	}
	boxed := f.box(x, from, pos)
	if f.erased(to) {
		return boxed
	}
	return f.toInterface(boxed, to, pos)
}

// box makes an interface of a value.
func (f *fn) box(x ast.Expr, from types.Type, pos token.Pos) ast.Expr {
	if _, ok := types.Unalias(from).(*types.Basic); ok {
		return call(pos, id(pos, "any"), x)
	}
	if !f.involved(from) && !f.known(from) {
		// A type that its package does not export. Such a value has its type
		// already.
		return call(pos, f.helper(pos, "Any", func() any { return func(v any) any { return v } }), x)
	}
	if st, ok := types.Unalias(from).(*types.Struct); ok && types.NewMethodSet(types.NewPointer(st)).Len() > 0 {
		f.refuse(pos, "the interpreter cannot make an interface of a struct type without a name that has methods; declare the type")
	}
	face := f.face(from, pos)
	w := f.work(from, pos)
	return call(pos, f.helper(pos, fmt.Sprintf("Face%d", f.id(from)), func() any { return boxFunc(w, face) }), x)
}

// toInterface makes an interface of a compiled package of a value in an any.
func (f *fn) toInterface(x ast.Expr, to types.Type, pos token.Pos) ast.Expr {
	t := f.face(to, pos)
	return call(pos, f.helper(pos, fmt.Sprintf("To%d", f.id(to)), func() any { return toInterfaceFunc(t) }), x)
}

// widen converts between interfaces.
func (f *fn) widen(x ast.Expr, from, to types.Type, pos token.Pos) ast.Expr {
	switch {
	case f.erased(from) && f.erased(to):
		return x
	case f.erased(to):
		return call(pos, f.helper(pos, "Any", func() any { return func(v any) any { return v } }), x)
	case types.Identical(from, to):
		return x
	}
	return f.toInterface(x, to, pos)
}

// reform changes the form of a value between identical types, where one has a
// name for compiled code and the other has none.
func (f *fn) reform(x ast.Expr, from, to types.Type, pos token.Pos) ast.Expr {
	if types.Identical(from, to) {
		return x
	}
	if b, ok := from.(*types.Basic); ok && b.Kind() == types.UntypedNil {
		return id(pos, "nil")
	}
	a, b := f.work(from, pos), f.work(to, pos)
	if a == b {
		return x
	}
	if a.Kind() == b.Kind() && (f.involved(from) || f.involved(to)) {
		return call(pos, f.helper(pos, fmt.Sprintf("As%d_%d", f.id(from), f.id(to)), func() any { return retypeFunc(a, b) }), x)
	}
	if a.Kind() == reflect.Chan || a.Kind() == reflect.Func {
		return call(pos, f.helper(pos, fmt.Sprintf("As%d_%d", f.id(from), f.id(to)), func() any { return convertFunc(a, b) }), x)
	}
	return call(pos, paren(pos, f.typ(to, pos)), x)
}

// constant writes a constant of a type.
func (f *fn) constant(v constant.Value, t types.Type, pos token.Pos) ast.Expr {
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		t = types.Default(f.constType(v))
		b = t.Underlying().(*types.Basic)
	}
	var x ast.Expr
	switch {
	case b.Info()&types.IsBoolean != 0:
		x = id(pos, strconv.FormatBool(constant.BoolVal(v)))
		return f.retyped(x, t, pos)
	case b.Info()&types.IsString != 0:
		x = &ast.BasicLit{ValuePos: pos, Kind: token.STRING, Value: strconv.Quote(constant.StringVal(v))}
		return f.retyped(x, t, pos)
	case b.Info()&types.IsInteger != 0:
		v = constant.ToInt(v)
		neg := constant.Sign(v) < 0
		if neg {
			v = constant.UnaryOp(token.SUB, v, 0)
		}
		x = &ast.BasicLit{ValuePos: pos, Kind: token.INT, Value: v.ExactString()}
		if neg {
			x = &ast.UnaryExpr{OpPos: pos, Op: token.SUB, X: x}
		}
		if b.Kind() == types.Int && types.Identical(t, types.Typ[types.Int]) || b.Kind() == types.UntypedInt {
			return x
		}
	case b.Info()&types.IsFloat != 0:
		x = f.float(v, b.Kind() == types.Float32, pos)
	case b.Info()&types.IsComplex != 0:
		v = constant.ToComplex(v)
		small := b.Kind() == types.Complex64
		re, im := f.float(constant.Real(v), small, pos), f.float(constant.Imag(v), small, pos)
		float := "float64"
		if small {
			float = "float32"
		}
		x = call(pos, id(pos, "complex"), call(pos, id(pos, float), re), call(pos, id(pos, float), im))
		if n, ok := types.Unalias(t).(*types.Named); ok && !f.own(n) {
			return call(pos, f.typ(t, pos), x)
		}
		return x
	default:
		f.refuse(pos, "the interpreter does not know constants of the type %s", t)
		return id(pos, "nil")
	}
	return call(pos, f.typ(t, pos), x)
}

func (f *fn) constType(v constant.Value) types.Type {
	return map[constant.Kind]types.Type{
		constant.Bool: types.Typ[types.UntypedBool], constant.String: types.Typ[types.UntypedString], constant.Int: types.Typ[types.UntypedInt],
		constant.Float: types.Typ[types.UntypedFloat], constant.Complex: types.Typ[types.UntypedComplex],
	}[v.Kind()]
}

func (f *fn) float(v constant.Value, small bool, pos token.Pos) ast.Expr {
	var text string
	if small {
		n, _ := constant.Float32Val(v)
		text = strconv.FormatFloat(float64(n), 'e', -1, 64)
	} else {
		n, _ := constant.Float64Val(v)
		text = strconv.FormatFloat(n, 'e', -1, 64)
	}
	if text[0] == '-' {
		return &ast.UnaryExpr{OpPos: pos, Op: token.SUB, X: &ast.BasicLit{ValuePos: pos, Kind: token.FLOAT, Value: text[1:]}}
	}
	return &ast.BasicLit{ValuePos: pos, Kind: token.FLOAT, Value: text}
}

// expr writes an expression that has one value.
func (f *fn) expr(e ast.Expr) ast.Expr {
	e = ast.Unparen(e)
	pos := e.Pos()
	tv := f.unit.Info.Types[e]
	if tv.Value != nil {
		return f.constant(tv.Value, f.typeOf(e), pos)
	}
	switch n := e.(type) {
	case *ast.Ident:
		return f.ident(n, n)
	case *ast.BasicLit:
		f.refuse(pos, "the interpreter does not know this literal")
		return n
	case *ast.FuncLit:
		return f.literal(n)
	case *ast.CompositeLit:
		return f.composite(n, f.typeOf(n))
	case *ast.SelectorExpr:
		return f.selector(n)
	case *ast.IndexExpr:
		return f.index(n)
	case *ast.IndexListExpr:
		return f.ident(rootIdent(n.X), n)
	case *ast.SliceExpr:
		return f.slice(n)
	case *ast.StarExpr:
		return f.deref(f.expr(n.X), pos)
	case *ast.UnaryExpr:
		return f.unary(n)
	case *ast.BinaryExpr:
		return f.binary(n)
	case *ast.CallExpr:
		return f.call(n)
	case *ast.TypeAssertExpr:
		return f.assertion(n.X, f.typeOf(n.Type), pos, false)
	}
	f.refuse(pos, "the interpreter does not know a %T", e)
	return id(pos, "nil")
}

func rootIdent(e ast.Expr) *ast.Ident {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr:
		return rootIdent(e.X)
	case *ast.IndexListExpr:
		return rootIdent(e.X)
	}
	return nil
}

func (f *fn) deref(x ast.Expr, pos token.Pos) ast.Expr { return paren(pos, star(pos, x)) }

// ident writes a name, that may stand for a generic function.
func (f *fn) ident(n *ast.Ident, whole ast.Expr) ast.Expr {
	pos := whole.Pos()
	switch obj := f.unit.Info.Uses[n].(type) {
	case *types.Nil:
		return id(pos, "nil")
	case *types.Var:
		return f.variable(obj, pos)
	case *types.Func:
		return f.functionValue(obj, n, f.typeOf(whole).(*types.Signature), pos)
	case nil:
		if v, ok := f.unit.Info.Defs[n].(*types.Var); ok {
			return f.variable(v, pos)
		}
	}
	f.refuse(pos, "the interpreter does not know what %s is", n.Name)
	return id(pos, "nil")
}

// functionValue writes a function as a value. One of the script is made by
// another, like a function literal.
func (f *fn) functionValue(obj *types.Func, n *ast.Ident, sig *types.Signature, pos token.Pos) ast.Expr {
	x := f.functionName(obj, n, pos)
	target, ok := x.(*ast.Ident)
	if !ok {
		return x
	}
	if d := f.funcs[obj]; d != nil && recovering(d.unit.Info, d.decl.Body) {
		f.refuse(pos, "the interpreter lets only functions recover that a defer statement itself calls; write defer %s()", n.Name)
	}
	name := target.Name + ".value"
	if !f.values[name] {
		f.values[name] = true
		typ, args, ret := f.signature(sig, pos)
		lit := &ast.FuncLit{Type: typ, Body: block(pos-1, f.returning(call(pos, target, args...), ret, pos))}
		f.decls = append(f.decls, &ast.FuncDecl{Name: id(pos, name), Type: &ast.FuncType{Func: pos, Params: fields(), Results: fields(&ast.Field{Type: f.funcType(sig, pos, 0)})},
			Body: block(pos-1, &ast.ReturnStmt{Return: pos, Results: []ast.Expr{lit}})})
	}
	return call(pos, id(pos, name))
}

// functionName refers to a function by the identifier that names it.
func (f *fn) functionName(obj *types.Func, n *ast.Ident, pos token.Pos) ast.Expr {
	var args []types.Type
	if inst, ok := f.unit.Info.Instances[n]; ok {
		for i := range inst.TypeArgs.Len() {
			args = append(args, f.subst(inst.TypeArgs.At(i)))
		}
	}
	if d := f.funcs[obj]; d != nil {
		if native, ok := f.LibraryFunctions[obj.Name()]; ok && d.decl.Body == nil {
			return f.helper(pos, "Library_"+obj.Name(), func() any { return native })
		}
		return id(pos, f.instance(obj, args, pos))
	}
	path := obj.Pkg().Path()
	if own := f.library[path+"."+obj.Name()]; own != nil && len(args) > 0 {
		return id(pos, f.instance(own, args, pos))
	}
	if len(args) > 0 {
		f.refuse(pos, "the interpreter does not have the generic function %s.%s", path, obj.Name())
		return id(pos, "nil")
	}
	if !f.Symbol(path, obj.Name()).IsValid() {
		f.refuse(pos, "scripts have no function %s of package %q", obj.Name(), path)
	}
	return f.symbol(pos, path, obj.Name())
}

func (f *fn) selector(n *ast.SelectorExpr) ast.Expr {
	pos := n.Sel.Pos()
	s := f.unit.Info.Selections[n]
	if s == nil {
		switch obj := f.unit.Info.Uses[n.Sel].(type) {
		case *types.Func:
			return f.functionValue(obj, n.Sel, f.typeOf(n).(*types.Signature), pos)
		case *types.Var:
			if !f.Symbol(obj.Pkg().Path(), obj.Name()).IsValid() {
				f.refuse(pos, "scripts have no variable %s of package %q", obj.Name(), obj.Pkg().Path())
			}
			return f.symbol(pos, obj.Pkg().Path(), obj.Name())
		}
		f.refuse(pos, "the interpreter does not know what %s is", n.Sel.Name)
		return id(pos, "nil")
	}
	switch s.Kind() {
	case types.FieldVal:
		x, _ := f.field(n)
		return x
	case types.MethodVal:
		return f.methodValue(n)
	}
	return f.methodExpr(n)
}

// field writes the selection of a field, with the embedded ones on its way.
func (f *fn) field(n *ast.SelectorExpr) (ast.Expr, types.Type) {
	t := f.typeOf(n.X)
	name := n.Sel.Name
	pkg := f.unit.Info.Selections[n].Obj().Pkg()
	_, path, _ := types.LookupFieldOrMethod(t, true, pkg, name)
	return f.path(f.expr(n.X), t, path, n.Sel.Pos())
}

// path selects fields by their indexes.
func (f *fn) path(x ast.Expr, t types.Type, path []int, pos token.Pos) (ast.Expr, types.Type) {
	for _, i := range path {
		under := t.Underlying()
		if p, ok := under.(*types.Pointer); ok {
			t = p.Elem()
			x = f.deref(x, pos)
			under = t.Underlying()
		}
		st := under.(*types.Struct)
		x, t = sel(pos, x, f.fieldOf(t, st, i)), st.Field(i).Type()
	}
	return x, t
}

// fieldOf is the name of a field in the program.
func (f *fn) fieldOf(t types.Type, st *types.Struct, i int) string {
	if n, ok := types.Unalias(t).(*types.Named); ok && !f.own(n) {
		return st.Field(i).Name()
	}
	return fieldName(i)
}

func (f *fn) index(n *ast.IndexExpr) ast.Expr {
	if tv := f.unit.Info.Types[n.Index]; tv.IsType() {
		return f.ident(rootIdent(n.X), n)
	}
	pos := n.X.Pos()
	t := f.typeOf(n.X)
	switch u := t.Underlying().(type) {
	case *types.Map:
		return &ast.IndexExpr{X: f.expr(n.X), Lbrack: pos, Index: f.convert(n.Index, u.Key())}
	case *types.Pointer:
		return f.element(f.deref(f.expr(n.X), pos), u.Elem(), n.Index, n.X, pos)
	}
	return f.element(f.expr(n.X), t, n.Index, n.X, pos)
}

// element indexes a slice, an array or a string.
func (f *fn) element(x ast.Expr, t types.Type, index ast.Expr, orig ast.Expr, pos token.Pos) ast.Expr {
	i := f.intIndex(index)
	if b, ok := t.Underlying().(*types.Basic); ok && b.Info()&types.IsString != 0 {
		if !types.Identical(t, b) {
			x = call(pos, id(pos, "string"), x)
		}
		if _, lit := ast.Unparen(x).(*ast.BasicLit); lit || f.recovers {
			return call(pos, f.helper(pos, "ByteAt", func() any { return func(s string, i int) byte { return s[i] } }), x, i)
		}
		return &ast.IndexExpr{X: x, Lbrack: pos, Index: i}
	}
	if f.recovers && !(f.unit.Info.Types[index].Value != nil && isArray(t)) {
		i = f.checked(x, i, orig, pos)
	}
	return &ast.IndexExpr{X: x, Lbrack: pos, Index: i}
}

func isArray(t types.Type) bool { _, ok := t.Underlying().(*types.Array); return ok }

// checked compares an index with the length where the script could see the
// panic, whose text has both.
func (f *fn) checked(x, i ast.Expr, orig ast.Expr, pos token.Pos) ast.Expr {
	if !simple(orig) {
		return i
	}
	return call(pos, f.helper(pos, "Index", func() any { return checkIndex }), i, call(pos, id(pos, "len"), x))
}

// simple reports whether an expression can be written twice.
func simple(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident, *ast.BasicLit:
		return true
	case *ast.SelectorExpr:
		return simple(e.X)
	case *ast.StarExpr:
		return simple(e.X)
	}
	return false
}

func (f *fn) intIndex(e ast.Expr) ast.Expr {
	if v := f.unit.Info.Types[e].Value; v != nil {
		return f.constant(v, types.Typ[types.Int], e.Pos())
	}
	t := f.typeOf(e)
	x := f.expr(e)
	if b, ok := t.Underlying().(*types.Basic); ok && (b.Kind() != types.Int || !types.Identical(t, b)) {
		if b.Info()&types.IsUnsigned != 0 && f.recovers {
			return call(e.Pos(), f.helper(e.Pos(), "UintIndex", func() any {
				return func(n uint64) int { return int(min(n, 1<<63-1)) }
			}), call(e.Pos(), id(e.Pos(), "uint64"), x))
		}
		return call(e.Pos(), id(e.Pos(), "int"), x)
	}
	return x
}

func (f *fn) slice(n *ast.SliceExpr) ast.Expr {
	pos := n.X.Pos()
	t := f.typeOf(n.X)
	x := f.expr(n.X)
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
		x = f.deref(x, pos)
		if f.work(t, pos).Kind() == reflect.Array {
			x = f.arraySlice(f.expr(n.X), t, pos)
		}
	} else if _, ok := t.Underlying().(*types.Array); ok {
		x = f.arraySlice(f.address(n.X), t, pos)
	}
	var s [3]ast.Expr
	for i, e := range []ast.Expr{n.Low, n.High, n.Max} {
		if e != nil {
			s[i] = f.intIndex(e)
		}
	}
	if s[0] == nil && s[1] == nil && s[2] == nil {
		return x
	}
	w := f.work(t, pos)
	if w.Kind() == reflect.Array {
		w = reflect.SliceOf(w.Elem())
	}
	if f.recovers || w.Kind() == reflect.String {
		missing := func(e ast.Expr) ast.Expr {
			if e == nil {
				return intLit(pos, -1<<31)
			}
			return e
		}
		return call(pos, f.helper(pos, fmt.Sprintf("Slice%s", w), func() any { return sliceFunc(w) }), x, missing(s[0]), missing(s[1]), missing(s[2]))
	}
	return &ast.SliceExpr{X: x, Lbrack: pos, Low: s[0], High: s[1], Max: s[2], Slice3: n.Slice3}
}

// arraySlice makes a slice of a pointer to an array.
func (f *fn) arraySlice(p ast.Expr, t types.Type, pos token.Pos) ast.Expr {
	w := f.work(t, pos)
	return call(pos, f.helper(pos, fmt.Sprintf("ArraySlice%d", f.id(t)), func() any { return arraySliceFunc(w) }), p)
}

// address writes the address of a variable, field, element or new value.
func (f *fn) address(e ast.Expr) ast.Expr {
	e = ast.Unparen(e)
	pos := e.Pos()
	switch n := e.(type) {
	case *ast.CompositeLit:
		t := f.typeOf(n)
		w := f.work(t, pos)
		return call(pos, f.helper(pos, fmt.Sprintf("New%d", f.id(t)), func() any { return newFunc(w) }), f.composite(n, t))
	case *ast.StarExpr:
		p := f.expr(n.X)
		w := f.work(f.typeOf(n.X), pos)
		return call(pos, f.helper(pos, fmt.Sprintf("NotNil%d", f.id(f.typeOf(n.X))), func() any { return notNilFunc(w) }), p)
	case *ast.Ident:
		obj := f.unit.Info.Uses[n]
		if f.tree.boxed[obj] {
			return id(pos, f.name(obj))
		}
		return &ast.UnaryExpr{OpPos: pos, Op: token.AND, X: f.expr(n)}
	case *ast.SelectorExpr:
		s := f.unit.Info.Selections[n]
		if s == nil {
			return &ast.UnaryExpr{OpPos: pos, Op: token.AND, X: f.expr(n)}
		}
		t := f.typeOf(n.X)
		_, path, _ := types.LookupFieldOrMethod(t, true, s.Obj().Pkg(), n.Sel.Name)
		return f.fieldAddress(n.X, t, path, pos)
	case *ast.IndexExpr:
		t := f.typeOf(n.X)
		i := f.intIndex(n.Index)
		if s, ok := t.Underlying().(*types.Slice); ok {
			w := f.work(s, pos)
			return call(pos, f.helper(pos, fmt.Sprintf("At%d", f.id(s)), func() any { return atFunc(w) }), f.reform(f.expr(n.X), t, s, pos), i)
		}
		var p ast.Expr
		if q, ok := t.Underlying().(*types.Pointer); ok {
			t, p = q.Elem(), f.expr(n.X)
		} else {
			p = f.address(n.X)
		}
		w := f.work(t, pos)
		return call(pos, f.helper(pos, fmt.Sprintf("AtArray%d", f.id(t)), func() any { return atArrayFunc(w) }), p, i)
	}
	f.refuse(pos, "the interpreter cannot take the address of this")
	return id(pos, "nil")
}

// fieldAddress is the address of a field of what e is or points to.
func (f *fn) fieldAddress(e ast.Expr, t types.Type, path []int, pos token.Pos) ast.Expr {
	var x ast.Expr
	if p, ok := t.Underlying().(*types.Pointer); ok {
		x, t = f.expr(e), p.Elem()
	} else {
		x = f.address(e)
	}
	return f.pathAddress(x, t, path, pos)
}

// pathAddress is the address of a field of what x points to.
func (f *fn) pathAddress(x ast.Expr, t types.Type, path []int, pos token.Pos) ast.Expr {
	for k, i := range path {
		w := f.work(t, pos)
		x = call(pos, f.helper(pos, fmt.Sprintf("Field%d_%d", f.id(t), i), func() any { return fieldFunc(w, i) }), x)
		t = t.Underlying().(*types.Struct).Field(i).Type()
		if p, ok := t.Underlying().(*types.Pointer); ok && k < len(path)-1 {
			x, t = f.deref(x, pos), p.Elem()
		}
	}
	return x
}

func (f *fn) composite(n *ast.CompositeLit, t types.Type) ast.Expr {
	pos := n.Pos()
	lit := &ast.CompositeLit{Type: f.typ(t, pos), Lbrace: pos, Rbrace: pos}
	element := func(e ast.Expr, t types.Type) ast.Expr {
		if c, ok := ast.Unparen(e).(*ast.CompositeLit); ok && c.Type == nil {
			if p, ok := t.Underlying().(*types.Pointer); ok {
				w := f.work(p.Elem(), pos)
				return call(e.Pos(), f.helper(pos, fmt.Sprintf("New%d", f.id(p.Elem())), func() any { return newFunc(w) }), f.composite(c, p.Elem()))
			}
			return f.composite(c, t)
		}
		return f.convert(e, t)
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				name := kv.Key.(*ast.Ident).Name
				for j := range u.NumFields() {
					if u.Field(j).Name() == name {
						i = j
					}
				}
				e = kv.Value
			}
			lit.Elts = append(lit.Elts, &ast.KeyValueExpr{Key: id(e.Pos(), f.fieldOf(t, u, i)), Colon: e.Pos(), Value: element(e, u.Field(i).Type())})
		}
	case *types.Map:
		for _, e := range n.Elts {
			kv := e.(*ast.KeyValueExpr)
			lit.Elts = append(lit.Elts, &ast.KeyValueExpr{Key: element(kv.Key, u.Key()), Colon: e.Pos(), Value: element(kv.Value, u.Elem())})
		}
	case *types.Slice:
		return f.elements(n, lit, u.Elem(), -1, t, element)
	case *types.Array:
		return f.elements(n, lit, u.Elem(), int(u.Len()), t, element)
	}
	return lit
}

// elements writes the elements of an array or slice, with those between them
// that the script leaves out.
func (f *fn) elements(n *ast.CompositeLit, lit *ast.CompositeLit, t types.Type, size int, whole types.Type, element func(ast.Expr, types.Type) ast.Expr) ast.Expr {
	pos := n.Pos()
	values := make(map[int]ast.Expr)
	next, length := 0, 0
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			k, _ := constant.Int64Val(constant.ToInt(f.unit.Info.Types[kv.Key].Value))
			next, e = int(k), kv.Value
		}
		values[next] = element(e, t)
		next++
		length = max(length, next)
	}
	if size > length {
		length = size
	}
	if len(values) == 0 {
		return lit
	}
	if length > 10000 && length > 4*len(values) {
		f.refuse(pos, "the interpreter has no composite literals with so many elements left out")
		return lit
	}
	for i := range length {
		x, ok := values[i]
		if !ok {
			x = f.zero(t, pos)
		}
		lit.Elts = append(lit.Elts, x)
	}
	return lit
}
