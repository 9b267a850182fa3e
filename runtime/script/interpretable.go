package script

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
)

// checkInterpretable refuses what the interpreter would run with another
// meaning than Go has. Values of a script's own types lose their type when they
// are stored in an interface that is not the script's own, such as any and
// error: compiled code has no room for it.
//
// Where types are unknown because of mistakes it finds nothing.
func (c *checker) checkInterpretable(files []*ast.File, pkg *types.Package, info *types.Info) {
	i := &interpretable{checker: c, pkg: pkg, info: info}
	for _, f := range files {
		ast.Inspect(f, i.visit)
	}
}

// OwnTypes checks the types of the files as far as that goes without the
// packages they import: what the script declares has its type, what depends on
// other packages is invalid. pkg is nil when there is nothing to check.
func OwnTypes(fset *token.FileSet, files []*ast.File) (pkg *types.Package, info *types.Info) {
	info = &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue),
		Uses:  make(map[*ast.Ident]types.Object),
		Defs:  make(map[*ast.Ident]types.Object),

		Selections: make(map[*ast.SelectorExpr]*types.Selection),
	}
	config := types.Config{
		GoVersion: "go1.22",
		Importer:  noImporter{},
		Error:     func(error) {},
	}
	pkg, _ = config.Check("main", fset, files, info)
	return pkg, info
}

// ImportedName returns the package and the name that an expression selects from
// an import, and nothing when it is something else.
func ImportedName(e ast.Expr, info *types.Info) (path, name string) {
	s, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	ident, ok := s.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	pkg, ok := info.Uses[ident].(*types.PkgName)
	if !ok {
		return "", ""
	}
	return pkg.Imported().Path(), s.Sel.Name
}

// noImporter leaves all imported packages unknown.
type noImporter struct{}

var errNotImported = errors.New("not imported")

func (noImporter) Import(string) (*types.Package, error) { return nil, errNotImported }

// interpretable looks for what checkInterpretable refuses.
type interpretable struct {
	*checker
	pkg  *types.Package
	info *types.Info
}

func (i *interpretable) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.TypeSwitchStmt:
		i.typeSwitch(n)
	case *ast.TypeAssertExpr:
		if n.Type == nil {
			break
		}
		if name, _ := i.ownType(n.Type); name != "" {
			i.errorf(n.Type.Pos(), "the interpreter cannot tell whether a value is a %s in a type assertion, because the script declares the type itself; use a type switch on an interface that the script declares, or a plugin binary", name)
		}
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			i.comparison(n)
		}
	case *ast.AssignStmt:
		for _, e := range n.Lhs {
			i.assignment(e)
		}
	case *ast.IncDecStmt:
		i.assignment(n.X)
	case *ast.MapType:
		if i.ownInterface(n.Key) {
			i.errorf(n.Key.Pos(), "the interpreter cannot compare values of an interface that the script declares, so it cannot be the key of a map; use a string or a struct")
		}
	case *ast.CallExpr:
		i.errorsAs(n)
	}
	return true
}

// typeSwitch refuses cases that would never be chosen.
func (i *interpretable) typeSwitch(s *ast.TypeSwitchStmt) {
	operand := switchOperand(s)
	own := i.ownInterface(operand)
	for _, clause := range s.Body.List {
		for _, e := range clause.(*ast.CaseClause).List {
			if literal, ok := ast.Unparen(e).(*ast.InterfaceType); ok && literal.Methods.NumFields() > 0 {
				i.errorf(e.Pos(), "the interpreter cannot choose a case by an interface literal; use a type assertion before the switch")
			}
			switch name, isInterface := i.ownType(e); {
			case name == "":
			case isInterface:
				i.errorf(e.Pos(), "the interpreter cannot choose a case by %s, because the script declares the interface itself; name the concrete types", name)
			case !own:
				i.errorf(e.Pos(), "the interpreter cannot tell whether a value is a %s here, because the script declares the type itself; that works in a type switch on an interface with methods that the script declares too", name)
			}
		}
	}
}

// switchOperand is the expression whose type a type switch is about.
func switchOperand(s *ast.TypeSwitchStmt) ast.Expr {
	var e ast.Expr
	switch a := s.Assign.(type) {
	case *ast.ExprStmt:
		e = a.X
	case *ast.AssignStmt:
		e = a.Rhs[0]
	}
	if t, ok := ast.Unparen(e).(*ast.TypeAssertExpr); ok {
		return t.X
	}
	return e
}

// assignment refuses to change a variable of another package, which would
// change nothing.
func (i *interpretable) assignment(e ast.Expr) {
	if path, name := ImportedName(e, i.info); path != "" {
		i.errorf(e.Pos(), "a script cannot change %s of package %s", name, path)
	}
}

// comparison refuses comparisons in which a value of the script's own types
// would be compared as an interface.
func (i *interpretable) comparison(n *ast.BinaryExpr) {
	x, y := i.info.TypeOf(n.X), i.info.TypeOf(n.Y)
	if isNil(i.info, n.X) || isNil(i.info, n.Y) || x == nil || y == nil {
		return
	}
	mixed := func(a, b types.Type) bool {
		name, isInterface := i.ownTypeOf(a)
		return name != "" && !isInterface && types.IsInterface(b)
	}
	_, xOwn := i.ownTypeOf(x)
	_, yOwn := i.ownTypeOf(y)
	if xOwn || yOwn || mixed(x, y) || mixed(y, x) {
		i.errorf(n.OpPos, "the interpreter cannot compare values of the script's own types that are held in an interface; compare what they hold, or errors with errors.Is")
	}
}

func isNil(info *types.Info, e ast.Expr) bool { return info.Types[e].IsNil() }

// errorsAs refuses errors.As with an error type that the script declares.
func (i *interpretable) errorsAs(call *ast.CallExpr) {
	if path, name := ImportedName(call.Fun, i.info); path != "errors" || name != "As" || len(call.Args) != 2 {
		return
	}
	pointer, ok := i.info.TypeOf(call.Args[1]).(*types.Pointer)
	if !ok {
		return
	}
	if name, _ := i.ownTypeOf(pointer.Elem()); name != "" {
		i.errorf(call.Args[1].Pos(), "the interpreter cannot find a %s in an error, because the script declares the type itself; use errors.Is, or one of the error types of the SDK", name)
	}
}

// ownInterface reports whether an expression, or the type it names, is of an
// interface with methods that the script declares.
func (i *interpretable) ownInterface(e ast.Expr) bool {
	_, isInterface := i.ownTypeOf(i.info.TypeOf(e))
	return isInterface
}

// ownType returns the name of the type that e names, when the script declares
// it: the type itself or the one that it is a pointer to.
func (i *interpretable) ownType(e ast.Expr) (name string, isInterface bool) {
	return i.ownTypeOf(i.info.TypeOf(e))
}

func (i *interpretable) ownTypeOf(t types.Type) (name string, isInterface bool) {
	if t == nil {
		return "", false
	}
	prefix := ""
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		prefix, t = "*", types.Unalias(p.Elem())
	}
	named, ok := t.(*types.Named)
	if !ok || named.Obj().Pkg() != i.pkg {
		return "", false
	}
	underlying, ok := named.Underlying().(*types.Interface)
	if ok && underlying.NumMethods() == 0 && underlying.NumEmbeddeds() == 0 {
		return "", false // another name for any
	}
	return prefix + named.Obj().Name(), ok && prefix == ""
}
