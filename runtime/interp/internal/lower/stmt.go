package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// list writes statements.
func (f *fn) list(list []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	for _, s := range list {
		out = append(out, f.stmt(s)...)
	}
	return out
}

// stmt writes a statement, with what must come before it.
func (f *fn) stmt(s ast.Stmt) []ast.Stmt {
	outer := f.pre
	var pre []ast.Stmt
	f.pre = &pre
	label := f.label
	f.label = ""
	f.first = firstCalls(s)
	out := f.statement(s, label)
	f.pre = outer
	return append(pre, out...)
}

// firstCalls are the calls that a statement makes before it does anything else.
func firstCalls(s ast.Stmt) map[ast.Expr]bool {
	var e ast.Expr
	switch s := s.(type) {
	case *ast.ExprStmt:
		e = s.X
	case *ast.AssignStmt:
		if len(s.Rhs) == 1 {
			e = s.Rhs[0]
		}
	case *ast.ReturnStmt:
		if len(s.Results) == 1 {
			e = s.Results[0]
		}
	case *ast.DeferStmt:
		e = s.Call
	case *ast.GoStmt:
		e = s.Call
	case *ast.IfStmt:
		e = s.Cond
	case *ast.DeclStmt:
		if d, ok := s.Decl.(*ast.GenDecl); ok && d.Tok == token.VAR && len(d.Specs) == 1 {
			if v := d.Specs[0].(*ast.ValueSpec); len(v.Values) == 1 {
				e = v.Values[0]
			}
		}
	}
	calls := make(map[ast.Expr]bool)
	for e != nil {
		c, ok := ast.Unparen(e).(*ast.CallExpr)
		if !ok {
			break
		}
		calls[c] = true
		if len(c.Args) != 1 {
			break
		}
		e = c.Args[0]
	}
	return calls
}

func (f *fn) statement(s ast.Stmt, label string) []ast.Stmt {
	pos := s.Pos()
	switch n := s.(type) {
	case *ast.EmptyStmt:
		return nil
	case *ast.BlockStmt:
		return []ast.Stmt{f.block(n)}
	case *ast.ExprStmt:
		return f.exprStmt(n.X)
	case *ast.DeclStmt:
		return f.declStmt(n.Decl.(*ast.GenDecl))
	case *ast.AssignStmt:
		return f.assignStmt(n)
	case *ast.IncDecStmt:
		op := token.ADD
		if n.Tok == token.DEC {
			op = token.SUB
		}
		return f.update(n.X, op, nil, pos)
	case *ast.ReturnStmt:
		return f.returnStmt(n)
	case *ast.IfStmt:
		return f.ifStmt(n)
	case *ast.ForStmt:
		return f.forStmt(n, label)
	case *ast.RangeStmt:
		return f.rangeStmt(n, label)
	case *ast.SwitchStmt:
		return f.switchStmt(n, label)
	case *ast.TypeSwitchStmt:
		return f.typeSwitch(n, label)
	case *ast.SelectStmt:
		return f.selectStmt(n, label)
	case *ast.LabeledStmt:
		return f.labeled(n)
	case *ast.BranchStmt:
		if n.Tok == token.GOTO {
			f.refuse(pos, "the interpreter has no goto")
		}
		if n.Label != nil {
			return []ast.Stmt{&ast.BranchStmt{TokPos: pos, Tok: n.Tok, Label: id(pos, f.labelName(n.Label))}}
		}
		return []ast.Stmt{&ast.BranchStmt{TokPos: pos, Tok: n.Tok}}
	case *ast.GoStmt:
		return f.later(n.Call, pos, func(c *ast.CallExpr) ast.Stmt { return &ast.GoStmt{Go: pos, Call: c} })
	case *ast.DeferStmt:
		return f.deferStmt(n.Call, pos)
	case *ast.SendStmt:
		t := f.typeOf(n.Chan).Underlying().(*types.Chan)
		return []ast.Stmt{&ast.SendStmt{Chan: f.expr(n.Chan), Arrow: pos, Value: f.convert(n.Value, t.Elem())}}
	}
	f.refuse(pos, "the interpreter does not know a %T", s)
	return nil
}

func (f *fn) block(n *ast.BlockStmt) *ast.BlockStmt {
	return &ast.BlockStmt{Lbrace: n.Lbrace, List: f.list(n.List), Rbrace: n.Rbrace}
}

func (f *fn) labelName(l *ast.Ident) string {
	obj := f.unit.Info.Uses[l]
	if obj == nil {
		obj = f.unit.Info.Defs[l]
	}
	return f.name(obj)
}

func (f *fn) labeled(n *ast.LabeledStmt) []ast.Stmt {
	f.label = f.labelName(n.Label)
	switch n.Stmt.(type) {
	case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
		return f.stmt(n.Stmt)
	}
	f.label = ""
	for _, refers := range breaks(n) {
		f.refuse(refers, "the interpreter has no labels of other statements than loops, switch and select")
	}
	return f.stmt(n.Stmt)
}

// breaks are the statements that refer to the label of a statement.
func breaks(n *ast.LabeledStmt) (list []token.Pos) {
	ast.Inspect(n.Stmt, func(m ast.Node) bool {
		if b, ok := m.(*ast.BranchStmt); ok && b.Tok == token.BREAK && b.Label != nil && b.Label.Name == n.Label.Name {
			list = append(list, b.Pos())
		}
		return true
	})
	return list
}

// labelledWith puts a label before a statement.
func labelledWith(label string, s ast.Stmt, pos token.Pos) ast.Stmt {
	if label == "" {
		return s
	}
	return &ast.LabeledStmt{Label: id(pos, label), Colon: pos, Stmt: s}
}

func (f *fn) exprStmt(e ast.Expr) []ast.Stmt {
	e = ast.Unparen(e)
	pos := e.Pos()
	switch n := e.(type) {
	case *ast.CallExpr:
		x := f.call(n)
		t := f.typeOf(n)
		if isBuiltin(f.unit.Info, n.Fun, "") || f.unit.Info.Types[n.Fun].IsType() {
			if _, isCall := x.(*ast.CallExpr); isCall {
				return []ast.Stmt{&ast.ExprStmt{X: x}}
			}
			return []ast.Stmt{f.discard(pos, x, t)}
		}
		return []ast.Stmt{&ast.ExprStmt{X: x}}
	case *ast.UnaryExpr:
		return []ast.Stmt{f.discard(pos, f.expr(e), f.typeOf(e))}
	}
	return []ast.Stmt{f.discard(pos, f.expr(e), f.typeOf(e))}
}

// discard evaluates an expression.
func (f *fn) discard(pos token.Pos, x ast.Expr, t types.Type) ast.Stmt {
	return declare(pos, f.fresh("t"), f.typ(t, pos), x)
}

func (f *fn) declStmt(d *ast.GenDecl) []ast.Stmt {
	if d.Tok != token.VAR {
		return nil
	}
	var out []ast.Stmt
	for _, s := range d.Specs {
		s := s.(*ast.ValueSpec)
		pos := s.Pos()
		if len(s.Values) == 0 {
			for _, n := range s.Names {
				if v, ok := f.unit.Info.Defs[n].(*types.Var); ok && n.Name != "_" {
					out = append(out, f.declareVar(v, pos, nil)...)
				}
			}
			continue
		}
		var lhs []ast.Expr
		for _, n := range s.Names {
			lhs = append(lhs, n)
		}
		var t types.Type
		if s.Type != nil {
			t = f.typeOf(s.Type)
		}
		out = append(out, f.assignAll(lhs, s.Values, t, pos)...)
	}
	return out
}

func (f *fn) assignStmt(n *ast.AssignStmt) []ast.Stmt {
	if n.Tok != token.ASSIGN && n.Tok != token.DEFINE {
		ops := map[token.Token]token.Token{
			token.ADD_ASSIGN: token.ADD, token.SUB_ASSIGN: token.SUB, token.MUL_ASSIGN: token.MUL, token.QUO_ASSIGN: token.QUO, token.REM_ASSIGN: token.REM,
			token.AND_ASSIGN: token.AND, token.OR_ASSIGN: token.OR, token.XOR_ASSIGN: token.XOR, token.SHL_ASSIGN: token.SHL, token.SHR_ASSIGN: token.SHR, token.AND_NOT_ASSIGN: token.AND_NOT,
		}
		return f.update(n.Lhs[0], ops[n.Tok], n.Rhs[0], n.TokPos)
	}
	return f.assignAll(n.Lhs, n.Rhs, nil, n.Pos())
}

// assignAll writes an assignment or a declaration. What the left side needs is
// evaluated first, then the right side, and then comes one assignment after the
// other.
func (f *fn) assignAll(lhs, rhs []ast.Expr, declared types.Type, pos token.Pos) []ast.Stmt {
	info := f.unit.Info
	isNew := func(e ast.Expr) *types.Var {
		if ident, ok := e.(*ast.Ident); ok {
			if v, ok := info.Defs[ident].(*types.Var); ok {
				return v
			}
		}
		return nil
	}
	blank := func(e ast.Expr) bool {
		ident, ok := ast.Unparen(e).(*ast.Ident)
		return ok && ident.Name == "_"
	}
	target := func(e ast.Expr, from types.Type) types.Type {
		switch v := isNew(e); {
		case blank(e) && declared != nil:
			return declared
		case blank(e):
			if b, ok := from.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
				return types.Default(from)
			}
			return from
		case v != nil:
			return f.subst(v.Type())
		}
		return f.typeOf(e)
	}
	if len(lhs) == 1 {
		e := lhs[0]
		t := target(e, f.typeOf(rhs[0]))
		if blank(e) {
			return []ast.Stmt{f.discard(pos, f.convert(rhs[0], t), t)}
		}
		if v := isNew(e); v != nil {
			x := f.convert(rhs[0], t)
			return f.declareVar(v, pos, x)
		}
		var out []ast.Stmt
		keep := keepNothing
		if f.hasCall(rhs[0]) {
			keep = keepAll
		}
		l := f.place(e, &out, keep)
		x := f.convert(rhs[0], t)
		out = append(out, *f.pre...)
		*f.pre = nil
		return append(out, assign(pos, l, x))
	}
	var out []ast.Stmt
	places := make([]ast.Expr, len(lhs))
	for i, e := range lhs {
		if !blank(e) && isNew(e) == nil {
			places[i] = f.place(e, &out, keepAll)
		}
	}
	var names []string
	var from []types.Type
	if len(rhs) == 1 {
		first, types := f.multi(rhs[0], len(lhs))
		out = append(out, *f.pre...)
		*f.pre = nil
		out = append(out, first.stmt)
		names, from = first.names, types
	} else {
		for i, e := range rhs {
			t := target(lhs[i], f.typeOf(e))
			name := f.fresh("t")
			x := f.convert(e, t)
			out = append(out, *f.pre...)
			*f.pre = nil
			out = append(out, declare(pos, name, f.typ(t, pos), x))
			names, from = append(names, name), append(from, t)
		}
	}
	for i, e := range lhs {
		if blank(e) {
			continue
		}
		t := target(e, from[i])
		x := f.conv(id(pos, names[i]), from[i], t, pos)
		if v := isNew(e); v != nil {
			out = append(out, f.declareVar(v, pos, x)...)
			continue
		}
		out = append(out, assign(pos, places[i], x))
	}
	return out
}

func (f *fn) hasCall(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = found || !f.unit.Info.Types[n.Fun].IsType()
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		}
		return true
	})
	return found
}

// keeping says which operands of what is assigned to go to variables first.
type keeping int

const (
	keepNothing  keeping = iota
	keepComputed         // those that would be computed twice; nothing changes them meanwhile
	keepAll              // all, because something could change them before the assignment
)

// place writes what is assigned to. Operands that have to be kept go to
// variables.
func (f *fn) place(e ast.Expr, out *[]ast.Stmt, keep keeping) ast.Expr {
	e = ast.Unparen(e)
	pos := e.Pos()
	hold := func(x ast.Expr, t types.Type) ast.Expr {
		*out = append(*out, *f.pre...)
		*f.pre = nil
		if keep == keepNothing || keep == keepComputed && isOperand(x) {
			return x
		}
		name := f.fresh("t")
		*out = append(*out, declare(pos, name, f.typ(t, pos), x))
		return id(pos, name)
	}
	switch n := e.(type) {
	case *ast.Ident:
		return f.expr(n)
	case *ast.StarExpr:
		return star(pos, hold(f.expr(n.X), f.typeOf(n.X)))
	case *ast.SelectorExpr:
		s := f.unit.Info.Selections[n]
		if s == nil {
			f.refuse(pos, "a script cannot change %s of another package", n.Sel.Name)
			return f.expr(n)
		}
		t := f.typeOf(n.X)
		_, path, _ := types.LookupFieldOrMethod(t, true, s.Obj().Pkg(), n.Sel.Name)
		if keep != keepNothing && f.root(n) == nil && !(keep == keepComputed && simple(n.X)) {
			return star(pos, hold(f.fieldAddress(n.X, t, path, pos), types.NewPointer(f.typeOf(n))))
		}
		x, _ := f.path(f.place(n.X, out, keep), t, path, pos)
		return x
	case *ast.IndexExpr:
		t := f.typeOf(n.X)
		switch u := t.Underlying().(type) {
		case *types.Map:
			m := hold(f.expr(n.X), t)
			return &ast.IndexExpr{X: m, Lbrack: pos, Index: hold(f.convert(n.Index, u.Key()), u.Key())}
		case *types.Slice:
			x := hold(f.expr(n.X), t)
			i := hold(f.intIndex(n.Index), types.Typ[types.Int])
			if f.recovers {
				w := f.work(u, pos)
				return star(pos, call(pos, f.helper(pos, fmt.Sprintf("At%d", f.id(u)), func() any { return atFunc(w) }), f.reform(x, t, u, pos), i))
			}
			return &ast.IndexExpr{X: x, Lbrack: pos, Index: i}
		case *types.Pointer:
			x := hold(f.expr(n.X), t)
			return &ast.IndexExpr{X: f.deref(x, pos), Lbrack: pos, Index: hold(f.intIndex(n.Index), types.Typ[types.Int])}
		case *types.Array:
			i := hold(f.intIndex(n.Index), types.Typ[types.Int])
			if f.recovers && f.unit.Info.Types[n.Index].Value == nil {
				i = call(pos, f.helper(pos, "Index", func() any { return checkIndex }), i, intLit(pos, int(u.Len())))
			}
			return &ast.IndexExpr{X: f.place(n.X, out, keep), Lbrack: pos, Index: i}
		}
	}
	f.refuse(pos, "the interpreter cannot assign to this")
	return id(pos, "_")
}

// isOperand reports whether an expression costs nothing to compute again.
func isOperand(e ast.Expr) bool {
	switch e.(type) {
	case *ast.Ident, *ast.BasicLit:
		return true
	}
	return false
}

// update writes x op= y, or x++ and x-- without y.
func (f *fn) update(e ast.Expr, op token.Token, y ast.Expr, pos token.Pos) []ast.Stmt {
	t := f.typeOf(e)
	var out []ast.Stmt
	keep := keepComputed
	if _, ident := ast.Unparen(e).(*ast.Ident); ident {
		keep = keepNothing
	} else if f.hasCall(e) || y != nil && f.hasCall(y) {
		keep = keepAll
	}
	place := f.place(e, &out, keep)
	var x ast.Expr
	switch {
	case y == nil:
		one := &ast.BasicLit{ValuePos: pos, Kind: token.INT, Value: "1"}
		if types.Identical(t, types.Typ[types.Int]) {
			x = binary(pos, place, op, one)
		} else {
			x = f.arithmetic(place, call(pos, f.typ(t, pos), one), t, op, nil, pos)
		}
	case op == token.SHL || op == token.SHR:
		x = f.shift(place, t, op, y, pos)
	default:
		x = f.arithmetic(place, f.convert(y, t), t, op, f.unit.Info.Types[y].Value, pos)
	}
	out = append(out, *f.pre...)
	*f.pre = nil
	return append(out, assign(pos, place, x))
}

func (f *fn) returnStmt(n *ast.ReturnStmt) []ast.Stmt {
	pos := n.Pos()
	results := f.sig.Results()
	var values []ast.Expr
	var out []ast.Stmt
	switch {
	case len(n.Results) == 0:
		if f.split || results.Len() == 0 {
			return []ast.Stmt{&ast.ReturnStmt{Return: pos}}
		}
		for i, v := range f.named {
			if v.Name() == "_" {
				values = append(values, f.zero(results.At(i).Type(), pos))
			} else {
				values = append(values, f.variable(v, pos))
			}
		}
		return []ast.Stmt{&ast.ReturnStmt{Return: pos, Results: values}}
	case len(n.Results) == 1 && results.Len() > 1:
		first, from := f.multi(n.Results[0], results.Len())
		out = append(out, first.stmt)
		for i, name := range first.names {
			values = append(values, f.conv(id(pos, name), from[i], results.At(i).Type(), pos))
		}
	default:
		for i, e := range n.Results {
			values = append(values, f.convert(e, results.At(i).Type()))
		}
	}
	if !f.split {
		return append(out, &ast.ReturnStmt{Return: pos, Results: values})
	}
	var names []string
	for i, x := range values {
		name := f.fresh("t")
		names = append(names, name)
		out = append(out, declare(pos, name, f.typ(results.At(i).Type(), pos), x))
	}
	for i, name := range names {
		out = append(out, assign(pos, star(pos, id(pos, f.out[i])), id(pos, name)))
	}
	return append(out, &ast.ReturnStmt{Return: pos})
}

func (f *fn) ifStmt(n *ast.IfStmt) []ast.Stmt {
	pos := n.Pos()
	var init []ast.Stmt
	if n.Init != nil {
		init = f.stmt(n.Init)
	}
	pre := *f.pre
	*f.pre = nil
	cond := f.untypedBool(n.Cond)
	init = append(init, *f.pre...)
	*f.pre = pre
	s := &ast.IfStmt{If: pos, Cond: cond, Body: f.block(n.Body)}
	if n.Else != nil {
		list := f.stmt(n.Else)
		if _, ok := n.Else.(*ast.BlockStmt); ok && len(list) == 1 {
			s.Else = list[0]
		} else {
			s.Else = block(n.Else.Pos(), list...)
		}
	}
	if len(init) == 0 {
		return []ast.Stmt{s}
	}
	return []ast.Stmt{block(pos, append(init, s)...)}
}

// deferStmt adds a function to the deferred calls.
func (f *fn) deferStmt(n *ast.CallExpr, pos token.Pos) []ast.Stmt {
	add := func(x ast.Expr) []ast.Stmt {
		return []ast.Stmt{&ast.ExprStmt{X: call(pos, f.helper(pos, "Defer", func() any { return (*Defers).Add }), id(pos, f.defers), x)}}
	}
	if lit, ok := ast.Unparen(n.Fun).(*ast.FuncLit); ok {
		args, _ := f.arguments(n, f.typeOf(lit).(*types.Signature), false)
		return add(f.deferred(lit, args))
	}
	made, c := f.bound(n, pos, true)
	if made == nil {
		return nil
	}
	name := f.fresh("later")
	f.decls = append(f.decls, &ast.FuncDecl{Name: id(pos, name), Type: &ast.FuncType{Func: pos, Params: made.params, Results: fields(&ast.Field{Type: &ast.FuncType{Func: pos, Params: fields()}})},
		Body: block(pos-1, &ast.ReturnStmt{Return: pos, Results: []ast.Expr{&ast.FuncLit{Type: &ast.FuncType{Func: pos, Params: fields()}, Body: block(pos-1, &ast.ExprStmt{X: c})}}})})
	return add(call(pos, id(pos, name), made.args...))
}

// boundCall is what a call needs when it is made later.
type boundCall struct {
	params *ast.FieldList
	args   []ast.Expr
}

// bound writes a call that is made later, with parameters for all it needs.
func (f *fn) bound(n *ast.CallExpr, pos token.Pos, deferred bool) (*boundCall, *ast.CallExpr) {
	b := &boundCall{params: fields()}
	add := func(x, t ast.Expr) ast.Expr {
		p := f.fresh("a")
		b.params.List = append(b.params.List, &ast.Field{Names: []*ast.Ident{id(pos, p)}, Type: t})
		b.args = append(b.args, x)
		return id(pos, p)
	}
	inner := call(pos, nil)
	if isBuiltin(f.unit.Info, n.Fun, "") || f.unit.Info.Types[n.Fun].IsType() {
		return f.boundBuiltin(n, b, inner, add, pos)
	}
	sig := f.typeOf(n.Fun).Underlying().(*types.Signature)
	target := ast.Unparen(n.Fun)
	compiled := false
	var static *types.Func
	var recv types.Type
	var typeArgs []types.Type
	if s, ok := target.(*ast.SelectorExpr); ok && f.unit.Info.Selections[s] != nil && f.unit.Info.Selections[s].Kind() == types.MethodVal {
		m := f.find(f.typeOf(s.X), f.unit.Info.Selections[s].Obj().Pkg(), s.Sel.Name)
		x, t := f.receiver(s.X, m, pos)
		name, selector := f.methodFunc(m.fn, t, pos)
		compiled, recv = selector, t
		p := add(x, f.typ(t, pos))
		if selector {
			inner.Fun = sel(pos, p, name)
		} else {
			inner.Fun = id(pos, name)
			inner.Args = append(inner.Args, p)
			static = m.fn.Origin()
			if q, ok := types.Unalias(t).(*types.Pointer); ok {
				t = q.Elem()
			}
			if named, ok := types.Unalias(t).(*types.Named); ok {
				for i := range named.TypeArgs().Len() {
					typeArgs = append(typeArgs, named.TypeArgs().At(i))
				}
			}
		}
	} else if obj := f.callee(target); obj != nil {
		inner.Fun = f.functionName(obj, rootIdent(target), pos)
		static = obj
		compiled = f.funcs[obj] == nil && f.library[obj.Pkg().Path()+"."+obj.Name()] == nil
		if inst, ok := f.unit.Info.Instances[rootIdent(target)]; ok {
			for i := range inst.TypeArgs.Len() {
				typeArgs = append(typeArgs, f.subst(inst.TypeArgs.At(i)))
			}
		}
	} else {
		inner.Fun = add(f.expr(n.Fun), f.typ(sig, pos))
	}
	if d := f.funcs[static]; d != nil && deferred && recovering(d.unit.Info, d.decl.Body) {
		inner.Fun = id(pos, f.variant(static, typeArgs, pos, true))
		inner.Args = append([]ast.Expr{add(id(pos, f.defers), f.deferType(pos))}, inner.Args...)
	} else if _, ok := f.Watch.Calls[n]; ok && !compiled && recv == nil && static != nil {
		inner.Fun = f.watched(n, f.expr(n.Fun), nil, false)
	} else {
		inner.Fun = f.watched(n, inner.Fun, recv, compiled)
	}
	args, ellipsis := f.arguments(n, sig, compiled)
	for i, a := range args {
		t := types.Type(nil)
		if sig.Variadic() && i >= sig.Params().Len()-1 {
			t = sig.Params().At(sig.Params().Len() - 1).Type()
			if compiled && !ellipsis {
				t = t.(*types.Slice).Elem()
			}
		} else {
			t = sig.Params().At(i).Type()
		}
		inner.Args = append(inner.Args, add(a, f.typ(f.subst(t), pos)))
	}
	if ellipsis {
		inner.Ellipsis = pos
	}
	return b, inner
}

func (f *fn) boundBuiltin(n *ast.CallExpr, b *boundCall, inner *ast.CallExpr, add func(x, t ast.Expr) ast.Expr, pos token.Pos) (*boundCall, *ast.CallExpr) {
	if isBuiltin(f.unit.Info, n.Fun, "recover") {
		f.refuse(pos, "the interpreter cannot defer recover itself; call it in a deferred function")
		return nil, nil
	}
	c, ok := f.call(n).(*ast.CallExpr)
	if !ok {
		return nil, nil
	}
	inner.Fun = c.Fun
	for i, a := range c.Args {
		t := types.Type(anyInterface)
		switch ast.Unparen(n.Fun).(*ast.Ident).Name {
		case "panic", "print", "println":
		default:
			t = f.typeOf(n.Args[min(i, len(n.Args)-1)])
		}
		inner.Args = append(inner.Args, add(a, f.typ(t, pos)))
	}
	return b, inner
}

// later writes a go statement.
func (f *fn) later(n *ast.CallExpr, pos token.Pos, make func(*ast.CallExpr) ast.Stmt) []ast.Stmt {
	if lit, ok := ast.Unparen(n.Fun).(*ast.FuncLit); ok {
		sig := f.typeOf(lit).(*types.Signature)
		args, _ := f.arguments(n, sig, false)
		fv := f.fresh("t")
		return []ast.Stmt{declare(pos, fv, f.typ(sig, pos), f.literal(lit)), make(call(pos, id(pos, fv), args...))}
	}
	made, c := f.bound(n, pos, false)
	if made == nil {
		return nil
	}
	name := f.fresh("later")
	f.decls = append(f.decls, &ast.FuncDecl{Name: id(pos, name), Type: &ast.FuncType{Func: pos, Params: made.params}, Body: block(pos-1, &ast.ExprStmt{X: c})})
	return []ast.Stmt{make(call(pos, id(pos, name), made.args...))}
}
