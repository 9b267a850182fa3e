package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// forStmt writes a for statement. A variable that lives on its own, because a
// function literal has it, is a new one in each iteration.
func (f *fn) forStmt(n *ast.ForStmt, label string) []ast.Stmt {
	pos := n.Pos()
	var init []ast.Stmt
	var own []*types.Var
	if n.Init != nil {
		init = f.stmt(n.Init)
		if a, ok := n.Init.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
			for _, e := range a.Lhs {
				if v, ok := f.unit.Info.Defs[e.(*ast.Ident)].(*types.Var); ok && f.tree.boxed[v] {
					own = append(own, v)
				}
			}
		}
	}
	var cond ast.Expr
	if n.Cond != nil {
		pre := f.pre
		f.pre = nil
		cond = f.untypedBool(n.Cond)
		f.pre = pre
	}
	var post []ast.Stmt
	if n.Post != nil {
		post = f.stmt(n.Post)
	}
	body := f.block(n.Body)
	if len(own) == 0 && len(post) <= 1 {
		s := &ast.ForStmt{For: pos, Cond: cond, Body: body}
		if len(post) == 1 {
			s.Post = post[0]
		}
		out := append(init, labelledWith(label, s, pos))
		if len(init) == 0 {
			return out
		}
		return []ast.Stmt{block(pos, out...)}
	}
	// Behind the body comes what continue must not leave out, so it stands
	// before it and is left out the first time.
	first := f.fresh("first")
	var next []ast.Stmt
	for _, v := range own {
		old := f.fresh("t")
		t := f.subst(v.Type())
		next = append(next, declare(pos, old, f.typ(t, pos), star(pos, id(pos, f.name(v)))),
			assign(pos, id(pos, f.name(v)), call(pos, id(pos, "new"), f.typ(t, pos))),
			assign(pos, star(pos, id(pos, f.name(v))), id(pos, old)))
	}
	next = append(next, post...)
	step := ifStmt(pos, id(pos, first), assign(pos, id(pos, first), id(pos, "false")))
	step.Else = block(pos, next...)
	list := []ast.Stmt{step}
	if cond != nil {
		list = append(list, ifStmt(pos, not(pos, paren(pos, cond)), &ast.BranchStmt{TokPos: pos, Tok: token.BREAK}))
	}
	body.List = append(list, body.List...)
	out := append(init, declare(pos, first, id(pos, "bool"), id(pos, "true")))
	out = append(out, labelledWith(label, &ast.ForStmt{For: pos, Body: body}, pos))
	return []ast.Stmt{block(pos, out...)}
}

// rangeStmt writes a range statement as a for statement.
// Within is the position of the bracket of an index that is never out of range.
const Within = token.NoPos

func (f *fn) rangeStmt(n *ast.RangeStmt, label string) []ast.Stmt {
	pos := n.Pos()
	t := f.typeOf(n.X)
	used := func(e ast.Expr) bool {
		ident, ok := e.(*ast.Ident)
		return e != nil && !(ok && ident.Name == "_")
	}
	key, value := used(n.Key), used(n.Value)
	x := f.fresh("x")
	i := f.fresh("i")
	intDecl := func(name string, v ast.Expr) ast.Stmt { return declare(pos, name, id(pos, "int"), v) }
	loop := func(init []ast.Stmt, cond ast.Expr, post ast.Stmt, first []ast.Stmt) []ast.Stmt {
		body := &ast.BlockStmt{Lbrace: n.Body.Lbrace, List: append(first, f.list(n.Body.List)...), Rbrace: n.Body.Rbrace}
		return []ast.Stmt{block(pos, append(init, labelledWith(label, &ast.ForStmt{For: pos, Cond: cond, Post: post, Body: body}, pos))...)}
	}
	increment := assign(pos, id(pos, i), binary(pos, id(pos, i), token.ADD, intLit(pos, 1)))
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Info()&types.IsString != 0 {
			next, r := f.fresh("next"), f.fresh("r")
			init := []ast.Stmt{declare(pos, x, id(pos, "string"), f.plainString(f.expr(n.X), t, pos)), intDecl(i, intLit(pos, 0)), intDecl(next, intLit(pos, 0))}
			first := []ast.Stmt{
				define(pos, call(pos, f.helper(pos, "NextRune", func() any { return nextRune }), id(pos, x), id(pos, i)), r, next+"n"),
				assign(pos, id(pos, next), id(pos, next+"n")),
			}
			first = append(first, f.bindRange(n, key, value, id(pos, i), types.Typ[types.Int], id(pos, r), types.Typ[types.Rune])...)
			return loop(init, binary(pos, id(pos, i), token.LSS, call(pos, id(pos, "len"), id(pos, x))), assign(pos, id(pos, i), id(pos, next)), first)
		}
		if b := u; b.Info()&types.IsUntyped != 0 {
			t = types.Typ[types.Int]
			if n.Key != nil && key {
				t = f.typeOf(n.Key)
			}
		}
		count := f.fresh("n")
		zero := f.zero(t, pos)
		init := []ast.Stmt{declare(pos, count, f.typ(t, pos), f.convert(n.X, t)), declare(pos, i, f.typ(t, pos), zero)}
		one := call(pos, f.typ(t, pos), intLit(pos, 1))
		return loop(init, binary(pos, id(pos, i), token.LSS, id(pos, count)), assign(pos, id(pos, i), binary(pos, id(pos, i), token.ADD, one)),
			f.bindRange(n, key, value, id(pos, i), t, nil, nil))
	case *types.Slice:
		count := f.fresh("n")
		init := []ast.Stmt{declare(pos, x, f.typ(t, pos), f.expr(n.X)), intDecl(count, call(pos, id(pos, "len"), id(pos, x))), intDecl(i, intLit(pos, 0))}
		return loop(init, binary(pos, id(pos, i), token.LSS, id(pos, count)), increment,
			f.bindRange(n, key, value, id(pos, i), types.Typ[types.Int], &ast.IndexExpr{X: id(pos, x), Lbrack: Within, Index: id(pos, i)}, u.Elem()))
	case *types.Array:
		init := []ast.Stmt{intDecl(i, intLit(pos, 0))}
		if value || f.hasCall(n.X) {
			init = append(init, declare(pos, x, f.typ(t, pos), f.expr(n.X)))
		}
		return loop(init, binary(pos, id(pos, i), token.LSS, intLit(pos, int(u.Len()))), increment,
			f.bindRange(n, key, value, id(pos, i), types.Typ[types.Int], &ast.IndexExpr{X: id(pos, x), Lbrack: Within, Index: id(pos, i)}, u.Elem()))
	case *types.Pointer:
		a := u.Elem().Underlying().(*types.Array)
		init := []ast.Stmt{intDecl(i, intLit(pos, 0)), declare(pos, x, f.typ(t, pos), f.expr(n.X))}
		return loop(init, binary(pos, id(pos, i), token.LSS, intLit(pos, int(a.Len()))), increment,
			f.bindRange(n, key, value, id(pos, i), types.Typ[types.Int], &ast.IndexExpr{X: f.deref(id(pos, x), pos), Lbrack: pos, Index: id(pos, i)}, a.Elem()))
	case *types.Map:
		w := f.work(t, pos)
		init := []ast.Stmt{define(pos, call(pos, f.helper(pos, fmt.Sprintf("MapRange%d", f.id(t)), func() any { return mapRangeFunc(w) }), f.expr(n.X)), x)}
		k := call(pos, f.helper(pos, fmt.Sprintf("MapKey%d", f.id(t)), func() any { return mapKeyFunc(w) }), id(pos, x))
		v := call(pos, f.helper(pos, fmt.Sprintf("MapValue%d", f.id(t)), func() any { return mapValueFunc(w) }), id(pos, x))
		return loop(init, call(pos, f.helper(pos, "MapNext", func() any { return mapNext }), id(pos, x)), nil, f.bindRange(n, key, value, k, u.Key(), v, u.Elem()))
	case *types.Chan:
		v, ok := f.fresh("v"), f.fresh("ok")
		init := []ast.Stmt{declare(pos, x, f.typ(t, pos), f.expr(n.X))}
		first := []ast.Stmt{
			define(pos, &ast.UnaryExpr{OpPos: pos, Op: token.ARROW, X: id(pos, x)}, v, ok),
			ifStmt(pos, not(pos, id(pos, ok)), &ast.BranchStmt{TokPos: pos, Tok: token.BREAK}),
		}
		return loop(init, nil, nil, append(first, f.bindRange(n, key, false, id(pos, v), u.Elem(), nil, nil)...))
	}
	f.refuse(n.X.Pos(), "the interpreter cannot range over a %s", t)
	return nil
}

func (f *fn) plainString(x ast.Expr, t types.Type, pos token.Pos) ast.Expr {
	if !types.Identical(t, types.Typ[types.String]) {
		return call(pos, id(pos, "string"), x)
	}
	return x
}

// bindRange gives the variables of a range statement their values.
func (f *fn) bindRange(n *ast.RangeStmt, key, value bool, k ast.Expr, kt types.Type, v ast.Expr, vt types.Type) []ast.Stmt {
	var out, assigned []ast.Stmt
	pos := n.Pos()
	bind := func(e ast.Expr, x ast.Expr, t types.Type) {
		if n.Tok == token.DEFINE {
			obj := f.unit.Info.Defs[e.(*ast.Ident)].(*types.Var)
			out = append(out, f.declareVar(obj, pos, x)...)
			return
		}
		var pre []ast.Stmt
		saved := f.pre
		f.pre = &pre
		place := f.place(e, &out, keepAll)
		f.pre = saved
		assigned = append(assigned, assign(pos, place, f.conv(x, t, f.typeOf(e), pos)))
	}
	if key {
		bind(n.Key, k, kt)
	}
	if value {
		bind(n.Value, v, vt)
	}
	return append(out, assigned...)
}

// switchStmt writes a switch with conditions.
func (f *fn) switchStmt(n *ast.SwitchStmt, label string) []ast.Stmt {
	pos := n.Pos()
	var init []ast.Stmt
	if n.Init != nil {
		init = f.stmt(n.Init)
	}
	var tag ast.Expr
	var t types.Type
	if n.Tag != nil {
		t = f.typeOf(n.Tag)
		if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
			t = types.Default(t)
		}
		name := f.fresh("tag")
		x := f.convert(n.Tag, t)
		init = append(init, *f.pre...)
		*f.pre = nil
		init = append(init, declare(pos, name, f.typ(t, pos), x))
		tag = id(pos, name)
	}
	pre := f.pre
	f.pre = nil
	var clauses []branch
	for _, s := range n.Body.List {
		c := s.(*ast.CaseClause)
		var b branch
		b.pos, b.isDefault, b.body = c.Pos(), c.List == nil, c.Body
		for _, e := range c.List {
			var x ast.Expr
			if et := f.typeOf(e); tag == nil && types.IsInterface(et) {
				x = f.compare(call(e.Pos(), id(e.Pos(), "any"), id(e.Pos(), "true")), f.toAny(f.expr(e), et, e.Pos()), et, e.Pos())
			} else if tag == nil {
				x = f.untypedBool(e)
			} else {
				x = f.caseEqual(tag, t, e)
			}
			b.conds = append(b.conds, x)
		}
		clauses = append(clauses, b)
	}
	f.pre = pre
	return f.branches(init, clauses, label, pos)
}

func (f *fn) caseEqual(tag ast.Expr, t types.Type, e ast.Expr) ast.Expr {
	pos := e.Pos()
	if f.unit.Info.Types[e].IsNil() {
		return f.nilTest(tag, t, token.EQL, pos)
	}
	et := f.typeOf(e)
	switch {
	case types.IsInterface(t) && !types.IsInterface(et):
		return f.compare(f.toAny(tag, t, pos), f.convertDefaultAny(e), t, pos)
	case !types.IsInterface(t) && types.IsInterface(et):
		return f.compare(f.box(tag, t, pos), f.toAny(f.expr(e), et, pos), et, pos)
	case types.IsInterface(t):
		return f.compare(f.toAny(tag, t, pos), f.toAny(f.expr(e), et, pos), t, pos)
	}
	return f.compare(tag, f.convert(e, t), t, pos)
}

// convertDefaultAny writes a value as an any.
func (f *fn) convertDefaultAny(e ast.Expr) ast.Expr {
	t := f.typeOf(e)
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		t = types.Default(t)
	}
	return f.box(f.convert(e, t), t, e.Pos())
}

// branch is a clause of a switch.
type branch struct {
	pos       token.Pos
	conds     []ast.Expr
	isDefault bool
	first     []ast.Stmt
	body      []ast.Stmt // of the script
	written   []ast.Stmt // instead of body
}

// branches writes a switch: first a number is found, then the clause with that
// number is taken, for the default clause may stand anywhere.
func (f *fn) branches(init []ast.Stmt, clauses []branch, label string, pos token.Pos) []ast.Stmt {
	which := f.fresh("case")
	other := -1
	for i, c := range clauses {
		if c.isDefault {
			other = i
		}
	}
	out := append(init, declare(pos, which, id(pos, "int"), intLit(pos, other)))
	var chain, last *ast.IfStmt
	for i, c := range clauses {
		for _, x := range c.conds {
			s := ifStmt(c.pos, x, assign(c.pos, id(c.pos, which), intLit(c.pos, i)))
			if chain == nil {
				chain = s
			} else {
				last.Else = block(c.pos, s)
			}
			last = s
		}
	}
	if chain != nil {
		out = append(out, chain)
	}
	s := &ast.SwitchStmt{Switch: pos, Tag: id(pos, which), Body: block(pos)}
	for i, c := range clauses {
		body := c.written
		if body == nil {
			body = append(c.first, f.list(c.body)...)
		}
		s.Body.List = append(s.Body.List, &ast.CaseClause{Case: c.pos, List: []ast.Expr{intLit(c.pos, i)}, Colon: c.pos, Body: body})
	}
	if len(clauses) > 0 {
		out = append(out, labelledWith(label, s, pos))
	}
	return []ast.Stmt{block(pos, out...)}
}

func (f *fn) typeSwitch(n *ast.TypeSwitchStmt, label string) []ast.Stmt {
	pos := n.Pos()
	var init []ast.Stmt
	if n.Init != nil {
		init = f.stmt(n.Init)
	}
	var e ast.Expr
	switch a := n.Assign.(type) {
	case *ast.ExprStmt:
		e = a.X
	case *ast.AssignStmt:
		e = a.Rhs[0]
	}
	operand := ast.Unparen(e).(*ast.TypeAssertExpr).X
	from := f.typeOf(operand)
	name := f.fresh("value")
	x := f.toAny(f.expr(operand), from, pos)
	init = append(init, *f.pre...)
	*f.pre = nil
	init = append(init, declare(pos, name, id(pos, "any"), x))
	var clauses []branch
	for _, s := range n.Body.List {
		c := s.(*ast.CaseClause)
		b := branch{pos: c.Pos(), isDefault: c.List == nil, body: c.Body}
		for _, e := range c.List {
			if f.unit.Info.Types[e].IsNil() {
				b.conds = append(b.conds, f.nilTest(id(pos, name), anyInterface, token.EQL, e.Pos()))
			} else {
				b.conds = append(b.conds, f.is(id(pos, name), f.typeOf(e), e.Pos()))
			}
		}
		if v, ok := f.unit.Info.Implicits[c].(*types.Var); ok {
			t := f.subst(v.Type())
			var value ast.Expr
			switch {
			case len(c.List) == 1 && !f.unit.Info.Types[c.List[0]].IsNil():
				value = f.assert(id(c.Pos(), name), from, t, c.Pos(), false)
			case f.erased(t):
				value = id(c.Pos(), name)
			default:
				value = f.toInterface(id(c.Pos(), name), t, c.Pos())
			}
			b.first = f.declareVar(v, c.Pos(), value)
		}
		clauses = append(clauses, b)
	}
	return f.branches(init, clauses, label, pos)
}

// selectStmt writes a select statement: a function chooses, then comes the
// clause.
func (f *fn) selectStmt(n *ast.SelectStmt, label string) []ast.Stmt {
	pos := n.Pos()
	var out []ast.Stmt
	var cases []ast.Expr
	wait := true
	chosen, got := f.fresh("case"), f.fresh("got")
	s := &ast.SwitchStmt{Switch: pos, Tag: id(pos, chosen), Body: block(pos)}
	number := 0
	total := 0
	for _, c := range n.Body.List {
		if c.(*ast.CommClause).Comm != nil {
			total++
		}
	}
	for _, c := range n.Body.List {
		c := c.(*ast.CommClause)
		p := c.Pos()
		clause := &ast.CaseClause{Case: p, Colon: p}
		var first []ast.Stmt
		hold := func(x ast.Expr) {
			name := f.fresh("t")
			out = append(out, *f.pre...)
			*f.pre = nil
			out = append(out, declare(p, name, id(p, "any"), x))
			cases = append(cases, id(p, name))
		}
		recv := func(e ast.Expr) (ast.Expr, types.Type) {
			ch := ast.Unparen(e).(*ast.UnaryExpr).X
			t := f.typeOf(ch)
			w := f.work(t, p)
			hold(call(p, f.helper(p, fmt.Sprintf("RecvCase%d", f.id(t)), func() any { return recvCaseFunc(w) }), f.expr(ch)))
			elem := t.Underlying().(*types.Chan).Elem()
			we := f.work(elem, p)
			return call(p, f.helper(p, fmt.Sprintf("Selected%d", f.id(elem)), func() any { return selectedFunc(we) }), id(p, got)), elem
		}
		switch m := c.Comm.(type) {
		case nil:
			wait = false
			clause.List = []ast.Expr{intLit(p, total)}
			clause.Body = f.list(c.Body)
			s.Body.List = append(s.Body.List, clause)
			continue
		case *ast.SendStmt:
			t := f.typeOf(m.Chan)
			w := f.work(t, p)
			hold(call(p, f.helper(p, fmt.Sprintf("SendCase%d", f.id(t)), func() any { return sendCaseFunc(w) }), f.expr(m.Chan), f.convert(m.Value, t.Underlying().(*types.Chan).Elem())))
		case *ast.ExprStmt:
			recv(m.X)
		case *ast.AssignStmt:
			x, t := recv(m.Rhs[0])
			values := []ast.Expr{x}
			from := []types.Type{t}
			if len(m.Lhs) == 2 {
				values = append(values, call(p, f.helper(p, "SelectedOk", func() any { return selectedOk }), id(p, got)))
				from = append(from, types.Typ[types.Bool])
			}
			for i, e := range m.Lhs {
				if ident, ok := e.(*ast.Ident); ok && ident.Name == "_" {
					continue
				}
				if m.Tok == token.DEFINE {
					first = append(first, f.declareVar(f.unit.Info.Defs[e.(*ast.Ident)].(*types.Var), p, values[i])...)
					continue
				}
				place := f.place(e, &first, keepNothing)
				first = append(first, assign(p, place, f.conv(values[i], from[i], f.typeOf(e), p)))
			}
		}
		clause.List = []ast.Expr{intLit(p, number)}
		number++
		clause.Body = append(first, f.list(c.Body)...)
		s.Body.List = append(s.Body.List, clause)
	}
	flag := "true"
	if !wait {
		flag = "false"
	}
	out = append(out, define(pos, call(pos, f.helper(pos, "Select", func() any { return selectFrom }), append([]ast.Expr{id(pos, flag)}, cases...)...), chosen, got))
	if len(s.Body.List) > 0 {
		out = append(out, labelledWith(label, s, pos))
	}
	return []ast.Stmt{block(pos, out...)}
}
