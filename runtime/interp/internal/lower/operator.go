package lower

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
)

func (f *fn) unary(n *ast.UnaryExpr) ast.Expr {
	pos := n.Pos()
	switch n.Op {
	case token.AND:
		return f.address(n.X)
	case token.ARROW:
		return paren(pos, &ast.UnaryExpr{OpPos: pos, Op: token.ARROW, X: f.expr(n.X)})
	case token.ADD:
		return f.expr(n.X)
	case token.XOR:
		t := f.typeOf(n)
		ones := constant.MakeInt64(-1)
		if b := t.Underlying().(*types.Basic); b.Info()&types.IsUnsigned != 0 {
			ones = constant.UnaryOp(token.XOR, constant.MakeInt64(0), uint(f.work(t, pos).Bits()))
		}
		return binary(pos, f.expr(n.X), token.XOR, f.constant(ones, t, pos))
	case token.SUB:
		t := f.typeOf(n)
		b := t.Underlying().(*types.Basic)
		switch {
		case b.Info()&types.IsComplex != 0:
			return f.complexOp("Neg", t, pos, f.expr(n.X))
		case b.Info()&types.IsFloat != 0:
			return binary(pos, f.constant(constant.MakeInt64(-1), t, pos), token.MUL, f.expr(n.X))
		}
		return binary(pos, f.zero(t, pos), token.SUB, f.expr(n.X))
	}
	return paren(pos, &ast.UnaryExpr{OpPos: pos, Op: n.Op, X: f.expr(n.X)})
}

func (f *fn) binary(n *ast.BinaryExpr) ast.Expr {
	pos := n.OpPos
	t := f.typeOf(n)
	switch n.Op {
	case token.LAND, token.LOR:
		x := f.untypedBool(n.X)
		pre := f.pre
		f.pre = nil
		defer func() { f.pre = pre }()
		return binary(pos, x, n.Op, f.untypedBool(n.Y))
	case token.EQL, token.NEQ:
		return f.equal(n)
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		x, y := f.operandType(n.X, n.Y), f.operandType(n.Y, n.X)
		return binary(pos, f.convert(n.X, x), n.Op, f.convert(n.Y, y))
	case token.SHL, token.SHR:
		return f.shift(f.convert(n.X, t), t, n.Op, n.Y, pos)
	}
	return f.arithmetic(f.convert(n.X, t), f.convert(n.Y, t), t, n.Op, f.unit.Info.Types[n.Y].Value, pos)
}

// untypedBool writes a condition.
func (f *fn) untypedBool(e ast.Expr) ast.Expr { return f.plainBool(f.expr(e), f.typeOf(e), e.Pos()) }

func (f *fn) plainBool(x ast.Expr, t types.Type, pos token.Pos) ast.Expr {
	if n, ok := types.Unalias(t).(*types.Named); ok && !f.own(n) {
		return call(pos, id(pos, "bool"), x)
	}
	return x
}

func (f *fn) arithmetic(x, y ast.Expr, t types.Type, op token.Token, constant constant.Value, pos token.Pos) ast.Expr {
	b := t.Underlying().(*types.Basic)
	if b.Info()&types.IsComplex != 0 {
		names := map[token.Token]string{token.ADD: "Add", token.SUB: "Sub", token.MUL: "Mul", token.QUO: "Quo"}
		return f.complexOp(names[op], t, pos, x, y)
	}
	if op == token.AND_NOT {
		ones := f.ones(t, pos)
		return binary(pos, x, token.AND, binary(pos, y, token.XOR, ones))
	}
	return binary(pos, x, op, y)
}

func (f *fn) ones(t types.Type, pos token.Pos) ast.Expr {
	ones := constant.MakeInt64(-1)
	if b := t.Underlying().(*types.Basic); b.Info()&types.IsUnsigned != 0 {
		ones = constant.UnaryOp(token.XOR, constant.MakeInt64(0), uint(f.work(t, pos).Bits()))
	}
	return f.constant(ones, t, pos)
}

func (f *fn) complexOp(name string, t types.Type, pos token.Pos, args ...ast.Expr) ast.Expr {
	small := t.Underlying().(*types.Basic).Kind() == types.Complex64
	key := "Complex128"
	if small {
		key = "Complex64"
	}
	x := call(pos, f.helper(pos, key+name, func() any { return complexFunc(name, small) }), args...)
	return f.retyped(x, t, pos)
}

func (f *fn) shift(x ast.Expr, t types.Type, op token.Token, count ast.Expr, pos token.Pos) ast.Expr {
	if v := f.unit.Info.Types[count].Value; v != nil {
		n, _ := constant.Uint64Val(constant.ToInt(v))
		bits := uint64(f.work(t, pos).Bits())
		if n >= bits {
			if op == token.SHL || t.Underlying().(*types.Basic).Info()&types.IsUnsigned != 0 {
				return binary(pos, x, token.AND, f.constant(constant.MakeInt64(0), t, pos))
			}
			n = bits - 1
		}
		return binary(pos, x, op, call(pos, id(pos, "uint"), intLit(pos, int(n))))
	}
	y := f.expr(count)
	ct := f.typeOf(count).Underlying().(*types.Basic)
	y = call(pos, id(pos, "uint64"), y)
	if ct.Info()&types.IsUnsigned == 0 {
		y = call(pos, f.helper(pos, "ShiftCount", func() any { return shiftCount }), call(pos, id(pos, "int64"), f.expr(count)))
	}
	return binary(pos, x, op, y)
}

// operandType is the type in which an operand of a comparison is compared.
func (f *fn) operandType(e, other ast.Expr) types.Type {
	t := f.typeOf(e)
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		if o, ok := f.typeOf(other).(*types.Basic); !ok || o.Info()&types.IsUntyped == 0 {
			return f.typeOf(other)
		}
		return types.Default(t)
	}
	return t
}

func (f *fn) equal(n *ast.BinaryExpr) ast.Expr {
	pos := n.OpPos
	if f.unit.Info.Types[n.X].IsNil() || f.unit.Info.Types[n.Y].IsNil() {
		e := n.X
		if f.unit.Info.Types[n.X].IsNil() {
			e = n.Y
		}
		return f.nilTest(f.expr(e), f.typeOf(e), n.Op, pos)
	}
	x := f.compare(f.convertOperand(n.X, n.Y), f.convertOperand(n.Y, n.X), f.common(n.X, n.Y), pos)
	if n.Op == token.NEQ {
		return paren(pos, not(pos, x))
	}
	return x
}

func (f *fn) nilTest(x ast.Expr, t types.Type, op token.Token, pos token.Pos) ast.Expr {
	return binary(pos, x, op, id(pos, "nil"))
}

// common is the type in which two operands are compared.
func (f *fn) common(a, b ast.Expr) types.Type {
	x, y := f.operandType(a, b), f.operandType(b, a)
	if types.IsInterface(x) && !types.IsInterface(y) {
		return x
	}
	if types.IsInterface(y) && !types.IsInterface(x) {
		return y
	}
	return x
}

func (f *fn) convertOperand(e, other ast.Expr) ast.Expr {
	t := f.common(e, other)
	if types.IsInterface(t) {
		return f.toAny(f.convert(e, t), t, e.Pos())
	}
	return f.convert(e, t)
}

// toAny makes an any of an interface of any type.
func (f *fn) toAny(x ast.Expr, t types.Type, pos token.Pos) ast.Expr {
	if f.erased(t) {
		return x
	}
	return f.widen(x, t, anyInterface, pos)
}

var anyInterface = types.NewInterfaceType(nil, nil)

// compare writes whether two values of a type are equal.
func (f *fn) compare(x, y ast.Expr, t types.Type, pos token.Pos) ast.Expr {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Info()&types.IsComplex == 0 {
			return binary(pos, x, token.EQL, y)
		}
	case *types.Interface:
		return call(pos, f.helper(pos, "Equal", func() any { return func(x, y any) bool { return x == y } }), x, y)
	}
	w := f.work(t, pos)
	return call(pos, f.helper(pos, fmt.Sprintf("Equal%d", f.id(t)), func() any { return equalFunc(w) }), x, y)
}

// assertion writes x.(T). With ok it has two values.
func (f *fn) assertion(e ast.Expr, t types.Type, pos token.Pos, ok bool) ast.Expr {
	from := f.typeOf(e)
	return f.assert(f.toAny(f.expr(e), from, pos), from, t, pos, ok)
}

func (f *fn) assert(x ast.Expr, from, t types.Type, pos token.Pos, ok bool) ast.Expr {
	suffix := ""
	if ok {
		suffix = "Ok"
	}
	if types.IsInterface(t) {
		test := f.implements(t, pos)
		to := f.work(t, pos)
		iface := f.typeText(from)
		text := f.typeText(t)
		return call(pos, f.helper(pos, fmt.Sprintf("Impl%s%d", suffix, f.id(t)), func() any { return implementsFunc(to, test, ok, iface, text) }), x)
	}
	face, work := f.face(t, pos), f.work(t, pos)
	iface := f.typeText(from)
	return call(pos, f.helper(pos, fmt.Sprintf("Assert%s%d_%d", suffix, f.id(t), f.id(from)), func() any { return assertFunc(face, work, ok, iface) }), x)
}

func (f *fn) typeText(t types.Type) string {
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if n.Obj().Pkg() == nil {
			return n.Obj().Name()
		}
		return n.Obj().Pkg().Name() + "." + n.Obj().Name()
	}
	if i, ok := t.Underlying().(*types.Interface); ok && i.Empty() {
		return "interface {}"
	}
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

// is writes whether the dynamic type of an any is t.
func (f *fn) is(x ast.Expr, t types.Type, pos token.Pos) ast.Expr {
	if types.IsInterface(t) {
		test := f.implements(t, pos)
		return call(pos, f.helper(pos, fmt.Sprintf("IsImpl%d", f.id(t)), func() any { return func(v any) bool { _, ok := test(v); return ok } }), x)
	}
	face := f.face(t, pos)
	return call(pos, f.helper(pos, fmt.Sprintf("Is%d", f.id(t)), func() any { return func(v any) bool { return reflect.TypeOf(v) == face } }), x)
}

// implements returns a test whether a value implements an interface; it returns
// a method that is missing.
func (f *fn) implements(t types.Type, pos token.Pos) func(v any) (string, bool) {
	if !f.erased(t) {
		face := f.face(t, pos)
		return func(v any) (string, bool) {
			have := reflect.TypeOf(v)
			if have == nil {
				return "", false
			}
			if have.Implements(face) {
				return "", true
			}
			for i := range face.NumMethod() {
				if _, ok := have.MethodByName(face.Method(i).Name); !ok {
					return face.Method(i).Name, false
				}
			}
			return face.Method(0).Name, false
		}
	}
	i := t.Underlying().(*types.Interface)
	wants := make([]reflect.Type, i.NumMethods())
	for k := range wants {
		wants[k] = f.guardedFunc(i.Method(k).Signature(), pos)
	}
	l := f.lowerer
	return func(v any) (string, bool) {
		have := reflect.TypeOf(v)
		if have == nil {
			return "", false
		}
		if n, ok := l.kinds[have]; ok {
			var own types.Type
			if n < 0 {
				own = types.NewPointer(l.faced[-1-n].typ)
			} else {
				own = l.faced[n].typ
			}
			missing, _ := types.MissingMethod(own, i, true)
			if missing == nil {
				return "", true
			}
			return missing.Name(), false
		}
		for k, want := range wants {
			m := i.Method(k)
			got, ok := have.MethodByName(m.Name())
			if !ok || !sameSignature(got.Type, want, have.Kind() != reflect.Interface) {
				return m.Name(), false
			}
		}
		return "", true
	}
}

func (f *fn) guardedFunc(sig *types.Signature, pos token.Pos) reflect.Type {
	return f.face(f.subst(sig), pos)
}

func sameSignature(method, want reflect.Type, receiver bool) bool {
	skip := 0
	if receiver {
		skip = 1
	}
	if method.NumIn()-skip != want.NumIn() || method.NumOut() != want.NumOut() || method.IsVariadic() != want.IsVariadic() {
		return false
	}
	for i := range want.NumIn() {
		if method.In(i+skip) != want.In(i) {
			return false
		}
	}
	for i := range want.NumOut() {
		if method.Out(i) != want.Out(i) {
			return false
		}
	}
	return true
}
