package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// fn is a function of the script that is being written: one of possibly many
// for a generic function, by its type arguments.
type fn struct {
	*lowerer
	unit   *Unit
	args   map[*types.TypeParam]types.Type
	tree   *tree
	sig    *types.Signature  // substituted
	named  []*types.Var      // its named results
	split  bool              // results are variables of the caller
	defers string            // the variable with the deferred calls, in functions that have some
	panics string            // the variable with those of the function that defers this one
	out    []string          // their names then
	label  string            // of the statement that comes next
	first  map[ast.Expr]bool // calls that the statement begins with
	pre    *[]ast.Stmt       // what must come before the statement
}

// tree is what is known of a declared function and of all functions in it.
type tree struct {
	names    map[types.Object]string
	boxed    map[types.Object]bool
	captured map[*ast.FuncLit][]*types.Var
}

func (l *lowerer) newFunc(u *Unit, args map[*types.TypeParam]types.Type) *fn {
	return &fn{lowerer: l, unit: u, args: args, tree: &tree{names: make(map[types.Object]string), boxed: make(map[types.Object]bool), captured: make(map[*ast.FuncLit][]*types.Var)}}
}

// instance returns the name of a function, which it writes if it is the first
// to ask.
func (l *lowerer) instance(obj *types.Func, args []types.Type, pos token.Pos) string {
	return l.variant(obj, args, pos, false)
}

// variant is instance, or with deferred the form of a function that recovers
// which has the deferred calls of its caller as the first parameter.
func (l *lowerer) variant(obj *types.Func, args []types.Type, pos token.Pos, deferred bool) string {
	key := fmt.Sprintf("%p %v", obj, deferred)
	for _, a := range args {
		key += fmt.Sprintf(",%d", l.id(a))
	}
	if name, ok := l.instances[key]; ok {
		return name
	}
	d := l.funcs[obj]
	if d == nil || d.decl.Body == nil {
		l.refuse(pos, "%s has no body", obj.Name())
		panic(tooMany{})
	}
	if len(l.instances) > 20000 {
		l.refuse(pos, "%s has too many instances", obj.Name())
		panic(tooMany{})
	}
	name := obj.Name()
	if recv := obj.Signature().Recv(); recv != nil {
		t := recv.Type()
		if p, ok := types.Unalias(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		if n, ok := types.Unalias(t).(*types.Named); ok {
			name = n.Obj().Name() + "." + name
		}
	}
	// Entry points keep their names, for the host to find them.
	if !slices.Contains(l.EntryPoints, name) || deferred || obj.Signature().Recv() != nil || obj.Pkg() != l.Script.Package {
		name = l.fresh(strings.ReplaceAll(name, ".", "_"))
	}
	l.instances[key] = name
	l.queue = append(l.queue, func() {
		sig := obj.Signature()
		m := make(map[*types.TypeParam]types.Type)
		params := sig.TypeParams()
		if sig.Recv() != nil {
			params = sig.RecvTypeParams()
		}
		for i := range params.Len() {
			m[params.At(i)] = args[i]
		}
		f := l.newFunc(d.unit, m)
		f.capture(d.decl.Body, d.decl.Type)
		if deferred {
			f.panics = f.fresh("panics")
		}
		if len(m) > 0 {
			f.refuseLocalTypes(d.decl.Body)
		}
		var vars []*types.Var
		if sig.Recv() != nil {
			vars = append(vars, sig.Recv())
		}
		for i := range sig.Params().Len() {
			vars = append(vars, sig.Params().At(i))
		}
		typ, body := f.function(name, nil, vars, sig, d.decl.Body)
		if deferred {
			typ.Params.List = append([]*ast.Field{{Names: []*ast.Ident{id(d.decl.Pos(), f.panics)}, Type: f.deferType(d.decl.Pos())}}, typ.Params.List...)
		}
		l.decls = append(l.decls, &ast.FuncDecl{Name: id(d.decl.Name.Pos(), name), Type: typ, Body: body})
	})
	return name
}

func (f *fn) refuseLocalTypes(body ast.Node) {
	ast.Inspect(body, func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok && !s.Assign.IsValid() {
			f.refuse(s.Pos(), "the interpreter has no types that generic functions declare; declare %s outside of the function", s.Name.Name)
		}
		return true
	})
}

// function writes the parameters and the body of a function. With captured
// variables it is one that another function returns, which has them.
func (f *fn) function(name string, captured []*types.Var, params []*types.Var, sig *types.Signature, body *ast.BlockStmt) (*ast.FuncType, *ast.BlockStmt) {
	pos := body.Lbrace
	g := *f
	g.label = ""
	g.sig = f.subst(sig).(*types.Signature)
	g.named, g.out, g.split, g.defers = nil, nil, false, ""
	results := g.sig.Results()
	for i := range results.Len() {
		v := sig.Results().At(i)
		if v.Name() != "" {
			g.named = append(g.named, v)
		}
	}
	typ := &ast.FuncType{Func: pos, Params: fields()}
	var prologue []ast.Stmt
	for _, v := range params {
		typ.Params.List = append(typ.Params.List, g.param(v, pos, &prologue))
	}
	if results.Len() > 0 {
		typ.Results = fields()
	}
	for i := range results.Len() {
		typ.Results.List = append(typ.Results.List, &ast.Field{Type: g.typ(results.At(i).Type(), pos)})
	}
	if !direct(body) {
		for i, v := range g.named {
			if v.Name() == "_" {
				continue
			}
			prologue = append(prologue, g.declareVar(v, pos, g.zero(results.At(i).Type(), pos))...)
		}
		return typ, &ast.BlockStmt{Lbrace: pos, List: append(prologue, g.list(body.List)...), Rbrace: body.Rbrace}
	}
	// Deferred calls may change the results, also after a panic, so the results
	// are variables of a function around, which runs the body and them.
	g.split = true
	g.defers = g.fresh("defers")
	inner := &ast.FuncType{Func: pos, Params: fields()}
	outer := &ast.BlockStmt{Lbrace: pos - 1, Rbrace: pos}
	c := call(pos, id(pos, name+".body"))
	pass := func(n string, t ast.Expr) {
		inner.Params.List = append(inner.Params.List, &ast.Field{Names: []*ast.Ident{id(pos, n)}, Type: t})
		c.Args = append(c.Args, id(pos, n))
	}
	pass(g.defers, g.deferType(pos))
	outer.List = append(outer.List, declare(pos, g.defers, g.deferType(pos), call(pos, id(pos, "new"), g.deferType(pos).(*ast.StarExpr).X)))
	if g.panics != "" {
		pass(g.panics, g.deferType(pos))
	}
	for _, v := range captured {
		field := g.capturedParam(v, pos)
		pass(field.Names[0].Name, field.Type)
	}
	ret := &ast.ReturnStmt{Return: pos}
	for i := range results.Len() {
		out := g.fresh("r")
		t := results.At(i).Type()
		if len(g.named) > 0 {
			v := g.named[i]
			g.tree.names[v], g.tree.boxed[v] = out, true
		}
		g.out = append(g.out, out)
		outer.List = append(outer.List, g.newBox(pos, out, t, nil)...)
		pass(out, star(pos, g.typ(t, pos)))
		ret.Results = append(ret.Results, paren(pos, star(pos, id(pos, out))))
	}
	for i, field := range typ.Params.List {
		n := g.fresh("a")
		inner.Params.List = append(inner.Params.List, field)
		typ.Params.List[i] = &ast.Field{Names: []*ast.Ident{id(pos, n)}, Type: field.Type}
		c.Args = append(c.Args, id(pos, n))
	}
	outer.List = append(outer.List, &ast.ExprStmt{X: call(pos, f.helper(pos, "Do", func() any { return (*Defers).Do }), id(pos, g.defers), c)}, ret)
	list := append(prologue, g.list(body.List)...)
	lit := &ast.FuncLit{Type: &ast.FuncType{Func: pos, Params: fields()}, Body: &ast.BlockStmt{Lbrace: pos, List: list, Rbrace: body.Rbrace}}
	inner.Results = fields(&ast.Field{Type: &ast.FuncType{Func: pos, Params: fields()}})
	f.decls = append(f.decls, &ast.FuncDecl{Name: id(pos, name+".body"), Type: inner, Body: block(pos-1, &ast.ReturnStmt{Return: pos, Results: []ast.Expr{lit}})})
	return typ, outer
}

func (f *fn) deferType(pos token.Pos) ast.Expr {
	return star(pos, f.helper(pos, "Defers", func() any { return (*Defers)(nil) }))
}

// direct reports whether a function itself defers.
func direct(body *ast.BlockStmt) (defers bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			defers = true
		}
		return true
	})
	return defers
}

// recovering reports whether a function itself calls recover.
func recovering(info *types.Info, body *ast.BlockStmt) (recovers bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			recovers = recovers || isBuiltin(info, n.Fun, "recover")
		}
		return true
	})
	return recovers
}

// param writes a parameter; prologue gets what must be done with it first.
func (f *fn) param(v *types.Var, pos token.Pos, prologue *[]ast.Stmt) *ast.Field {
	t := f.subst(v.Type())
	n := f.fresh("a")
	if v.Name() != "_" && v.Name() != "" {
		if f.tree.boxed[v] {
			*prologue = append(*prologue, f.newBox(pos, f.name(v), t, id(pos, n))...)
		} else {
			n = f.name(v)
		}
	}
	return &ast.Field{Names: []*ast.Ident{id(pos, n)}, Type: f.typ(t, pos)}
}

func (f *fn) capturedParam(v *types.Var, pos token.Pos) *ast.Field {
	t := f.typ(f.subst(v.Type()), pos)
	if f.tree.boxed[v] {
		t = star(pos, t)
	}
	return &ast.Field{Names: []*ast.Ident{id(pos, f.name(v))}, Type: t}
}

// newBox declares a pointer to a new variable.
func (f *fn) newBox(pos token.Pos, name string, t types.Type, value ast.Expr) []ast.Stmt {
	typ := f.typ(t, pos)
	list := []ast.Stmt{declare(pos, name, star(pos, typ), call(pos, id(pos, "new"), f.typ(t, pos)))}
	if value != nil {
		list = append(list, assign(pos, star(pos, id(pos, name)), value))
	}
	return list
}

// declareVar declares a variable of the script.
func (f *fn) declareVar(v *types.Var, pos token.Pos, value ast.Expr) []ast.Stmt {
	t := f.subst(v.Type())
	if f.tree.boxed[v] {
		// The value may use what the name stood for before.
		if value == nil {
			return f.newBox(pos, f.name(v), t, nil)
		}
		tmp := f.fresh("t")
		return append([]ast.Stmt{declare(pos, tmp, f.typ(t, pos), value)}, f.newBox(pos, f.name(v), t, id(pos, tmp))...)
	}
	if value == nil {
		value = f.zero(t, pos)
	}
	return []ast.Stmt{declare(pos, f.name(v), f.typ(t, pos), value)}
}

// name is the name of a local variable.
func (f *fn) name(obj types.Object) string {
	n, ok := f.tree.names[obj]
	if !ok {
		n = f.fresh(obj.Name())
		f.tree.names[obj] = n
	}
	return n
}

// variable refers to a variable.
func (f *fn) variable(obj types.Object, pos token.Pos) ast.Expr {
	if obj.Parent() == obj.Pkg().Scope() {
		if f.units[obj.Pkg()] == nil {
			return f.symbol(pos, obj.Pkg().Path(), obj.Name())
		}
		return id(pos, f.global(obj))
	}
	if f.tree.boxed[obj] {
		return paren(pos, star(pos, id(pos, f.name(obj))))
	}
	return id(pos, f.name(obj))
}

// literal writes a function literal: a function returns it, which has the
// variables it uses.
func (f *fn) literal(n *ast.FuncLit) ast.Expr {
	pos := n.Pos()
	if recovering(f.unit.Info, n.Body) {
		f.refuse(pos, "the interpreter lets only functions recover that a defer statement itself calls; write defer func() { ... }()")
	}
	name, captured := f.lift(n)
	c := call(pos, id(pos, name+".new"))
	for _, v := range captured {
		c.Args = append(c.Args, id(pos, f.name(v)))
	}
	return c
}

// lift writes a function literal as one that a declared function returns.
func (f *fn) lift(n *ast.FuncLit) (name string, captured []*types.Var) {
	pos := n.Pos()
	sig := f.unit.Info.TypeOf(n).(*types.Signature)
	captured = f.tree.captured[n]
	name = f.fresh("func")
	g := *f
	g.panics = ""
	typ, body := g.function(name, captured, parameters(sig), sig, n.Body)
	outer := &ast.FuncType{Func: pos, Params: fields(), Results: fields(&ast.Field{Type: f.funcType(f.subst(sig).(*types.Signature), pos, 0)})}
	for _, v := range captured {
		outer.Params.List = append(outer.Params.List, f.capturedParam(v, pos))
	}
	f.decls = append(f.decls, &ast.FuncDecl{Name: id(pos, name+".new"), Type: outer, Body: block(pos-1, &ast.ReturnStmt{Return: pos, Results: []ast.Expr{&ast.FuncLit{Type: typ, Body: body}}})})
	return name, captured
}

func parameters(sig *types.Signature) (list []*types.Var) {
	for i := range sig.Params().Len() {
		list = append(list, sig.Params().At(i))
	}
	return list
}

// deferred writes a function literal that a defer statement calls: a function
// with the variables and arguments returns it.
func (f *fn) deferred(n *ast.FuncLit, args []ast.Expr) ast.Expr {
	pos := n.Pos()
	sig := f.unit.Info.TypeOf(n).(*types.Signature)
	captured := f.tree.captured[n]
	name := f.fresh("func")
	g := *f
	g.panics = f.defers
	typ, body := g.function(name, captured, parameters(sig), sig, n.Body)
	outer := &ast.FuncType{Func: pos, Params: fields(&ast.Field{Names: []*ast.Ident{id(pos, f.defers)}, Type: f.deferType(pos)}), Results: fields(&ast.Field{Type: &ast.FuncType{Func: pos, Params: fields()}})}
	c := call(pos, id(pos, name+".new"), id(pos, f.defers))
	for _, v := range captured {
		outer.Params.List = append(outer.Params.List, f.capturedParam(v, pos))
		c.Args = append(c.Args, id(pos, f.name(v)))
	}
	// The arguments are parameters of the outer function, which are the
	// variables of the inner one.
	outer.Params.List = append(outer.Params.List, typ.Params.List...)
	c.Args = append(c.Args, args...)
	lit := &ast.FuncLit{Type: &ast.FuncType{Func: pos, Params: fields(), Results: typ.Results}, Body: body}
	if typ.Results != nil {
		outer.Results = fields(&ast.Field{Type: &ast.FuncType{Func: pos, Params: fields(), Results: typ.Results}})
	}
	f.decls = append(f.decls, &ast.FuncDecl{Name: id(pos, name+".new"), Type: outer, Body: block(pos-1, &ast.ReturnStmt{Return: pos, Results: []ast.Expr{lit}})})
	if typ.Results != nil {
		return call(pos, f.helper(pos, "DropResults", func() any { return dropResults }), c)
	}
	return c
}

// capture finds out which variables of a declared function live on their own:
// those whose address is taken, and those that change and that a function
// literal uses.
func (f *fn) capture(body *ast.BlockStmt, typ *ast.FuncType) {
	info := f.unit.Info
	declaredIn := make(map[types.Object]*ast.FuncLit)
	changed := make(map[types.Object]bool)
	used := make(map[types.Object]bool) // by another function
	var lits []*ast.FuncLit
	var walk func(n ast.Node)
	note := func(e ast.Expr, m map[types.Object]bool) {
		if obj := f.root(e); obj != nil {
			m[obj] = true
		}
	}
	walk = func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			var in *ast.FuncLit
			if len(lits) > 0 {
				in = lits[len(lits)-1]
			}
			if obj := info.Implicits[n]; n != nil && obj != nil {
				if _, ok := obj.(*types.Var); ok {
					declaredIn[obj] = in
				}
			}
			switch n := n.(type) {
			case *ast.FuncLit:
				lits = append(lits, n)
				walk(n.Type)
				walk(n.Body)
				lits = lits[:len(lits)-1]
				return false
			case *ast.Ident:
				if v, ok := info.Defs[n].(*types.Var); ok && !v.IsField() {
					declaredIn[v] = in
				}
				if v, ok := info.Uses[n].(*types.Var); ok && !v.IsField() && v.Parent() != nil && v.Parent() != v.Pkg().Scope() {
					home := declaredIn[v]
					if home != in {
						used[v] = true
						for i := len(lits) - 1; i >= 0 && lits[i] != home; i-- {
							f.tree.captured[lits[i]] = addVar(f.tree.captured[lits[i]], v)
						}
					}
				}
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					note(n.X, f.tree.boxed)
				}
			case *ast.SliceExpr:
				if t, ok := f.typeOf(n.X).Underlying().(*types.Array); ok && t != nil {
					note(n.X, f.tree.boxed)
				}
			case *ast.SelectorExpr:
				if s := info.Selections[n]; s != nil && s.Kind() == types.MethodVal {
					if f.addressed(n) {
						note(n.X, f.tree.boxed)
					}
				}
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					if ident, ok := e.(*ast.Ident); ok && info.Defs[ident] != nil {
						continue
					}
					note(e, changed)
				}
			case *ast.IncDecStmt:
				note(n.X, changed)
			case *ast.RangeStmt:
				if n.Tok == token.ASSIGN {
					for _, e := range []ast.Expr{n.Key, n.Value} {
						if e != nil {
							note(e, changed)
						}
					}
				}
			case *ast.ValueSpec:
				if len(n.Values) == 0 {
					break
				}
			}
			return true
		})
	}
	if typ != nil {
		walk(typ)
		for _, v := range results(info, typ) {
			changed[v] = true
		}
	}
	walk(body)
	for obj := range used {
		if changed[obj] {
			f.tree.boxed[obj] = true
		}
	}
}

func results(info *types.Info, typ *ast.FuncType) (list []types.Object) {
	if typ.Results != nil {
		for _, field := range typ.Results.List {
			for _, n := range field.Names {
				list = append(list, info.Defs[n])
			}
		}
	}
	return list
}

func addVar(list []*types.Var, v *types.Var) []*types.Var {
	for _, w := range list {
		if w == v {
			return list
		}
	}
	return append(list, v)
}

// addressed reports whether a call of a method takes the address of what stands
// before it.
func (f *fn) addressed(n *ast.SelectorExpr) bool {
	m := f.unit.Info.Selections[n].Obj().(*types.Func)
	recv := f.typeOf(n.X)
	if _, ok := recv.Underlying().(*types.Pointer); ok {
		return false
	}
	obj, _, indirect := types.LookupFieldOrMethod(recv, true, m.Pkg(), m.Name())
	if g, ok := obj.(*types.Func); ok && g.Signature().Recv() != nil {
		_, ptr := types.Unalias(g.Signature().Recv().Type()).(*types.Pointer)
		return ptr && !indirect || ptr
	}
	return false
}

// root is the local variable that an expression is a part of, nil when there is
// none.
func (f *fn) root(e ast.Expr) types.Object {
	for {
		switch n := ast.Unparen(e).(type) {
		case *ast.Ident:
			obj := f.unit.Info.Uses[n]
			if obj == nil {
				obj = f.unit.Info.Defs[n]
			}
			if v, ok := obj.(*types.Var); ok && v.Pkg() != nil && v.Parent() != v.Pkg().Scope() {
				return v
			}
			return nil
		case *ast.SelectorExpr:
			if f.unit.Info.Selections[n] == nil {
				return nil
			}
			if _, ok := f.typeOf(n.X).Underlying().(*types.Pointer); ok {
				return nil
			}
			e = n.X
		case *ast.IndexExpr:
			if _, ok := f.typeOf(n.X).Underlying().(*types.Array); !ok {
				return nil
			}
			e = n.X
		default:
			return nil
		}
	}
}

func (f *fn) typeOf(e ast.Expr) types.Type {
	t := f.unit.Info.TypeOf(e)
	if t == nil {
		panic(fmt.Errorf("%s: an expression without a type", f.FileSet.Position(e.Pos())))
	}
	return f.subst(t)
}
