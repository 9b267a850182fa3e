// Package lower makes a simpler program of a script that has been checked: one
// without generic functions, methods, interfaces of its own, closures over
// variables, constants and statements in which the interpreter has its own
// opinion. What it makes means the same as the script does to the Go compiler;
// what it cannot make it refuses.
//
// The types of a script exist twice. In the program that is made they are
// plain: names of types other than structs are gone, methods are functions, and
// interfaces that the script declares are any. Where a value becomes an
// interface it gets its face, a type made by package rtype with the name, the
// fields and the methods that the script declares, so that what compiled code
// sees, and what type switches compare, is what Go has. Both have the same
// memory.
package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"sort"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/types/typeutil"

	"domovoi.dev/runtime/interp/internal/rtype"
)

// Package is the import path and the name of the package of helpers that the
// program imports. No script can have the name.
const Package = "lowered#"

// Unit is a checked package: the script itself, or an implementation of a
// package that only has generic functions.
type Unit struct {
	Files   []*ast.File
	Package *types.Package
	Info    *types.Info
}

// Config says what a script meets.
type Config struct {
	FileSet *token.FileSet
	Script  *Unit
	// Packages are those that the script comes with, each behind what it imports.
	Packages []*Unit
	// Library has implementations of generic functions, by import path.
	Library map[string]*Unit
	// LibraryFunctions are functions of Library that are compiled.
	LibraryFunctions map[string]any
	// Symbol returns a symbol of a compiled package: a function, a variable, or
	// for a type a nil pointer to it; invalid where there is none.
	Symbol func(path, name string) reflect.Value
	// EntryPoints are functions that keep their names.
	EntryPoints []string
	// Watch says which calls somebody wants to know of.
	Watch Watch
}

// Refusal is a part of a script that cannot be interpreted as Go means it.
type Refusal struct {
	Pos     token.Pos
	Message string
}

// Program is what Lower makes.
type Program struct {
	File    *ast.File
	Symbols map[string]reflect.Value // of Package
	// EntryPoints are the types of the functions of that name as compiled code
	// sees them.
	EntryPoints map[string]reflect.Type
}

// Callable makes an entry point, as the interpreter has it, a function of the
// type that compiled code sees. With it, call carries out the call.
func Callable(f reflect.Value, face reflect.Type, call func([]reflect.Value) []reflect.Value) reflect.Value {
	work := f.Type()
	return reflect.MakeFunc(face, func(in []reflect.Value) []reflect.Value {
		for i := range in {
			in[i] = rtype.As(in[i], work.In(i))
		}
		out := call(in)
		for i := range out {
			out[i] = rtype.As(out[i], face.Out(i))
		}
		return out
	})
}

// Lower makes the program of a script.
func Lower(c Config) (p *Program, refusals []Refusal) {
	l := &lowerer{
		Config: c, program: append(slices.Clone(c.Packages), c.Script), symbols: make(map[string]reflect.Value), imports: make(map[string]string),
		funcs: make(map[*types.Func]*funcDecl), instances: make(map[string]string), globals: make(map[types.Object]string),
		kinds: make(map[reflect.Type]int), values: make(map[string]bool), dispatchers: make(map[string]*dispatcher), units: make(map[*types.Package]*Unit),
	}
	defer func() {
		if v := recover(); v != nil {
			if _, ok := v.(tooMany); !ok {
				if len(l.refusals) == 0 || !isBug(v) {
					panic(v)
				}
			}
			p, refusals = nil, l.sorted()
		}
	}()
	l.collect(c.Script, "")
	for _, u := range c.Packages {
		l.collect(u, "")
	}
	for _, u := range l.program {
		l.unqualify(u)
	}
	for path, u := range c.Library {
		l.collect(u, path)
	}
	l.emit()
	if len(l.refusals) > 0 {
		return nil, l.sorted()
	}
	p = &Program{File: l.file(), Symbols: l.symbols, EntryPoints: make(map[string]reflect.Type)}
	for _, name := range c.EntryPoints {
		if obj, ok := c.Script.Package.Scope().Lookup(name).(*types.Func); ok {
			p.EntryPoints[name] = l.face(obj.Signature(), obj.Pos())
		}
	}
	l.drain()
	return p, nil
}

func isBug(v any) bool { _, ok := v.(error); return ok }

type tooMany struct{}

type funcDecl struct {
	decl *ast.FuncDecl
	unit *Unit
}

type lowerer struct {
	Config
	program   []*Unit // in the order of their initialisation, the script last
	refusals  []Refusal
	symbols   map[string]reflect.Value
	imports   map[string]string // aliases by path
	units     map[*types.Package]*Unit
	funcs     map[*types.Func]*funcDecl
	library   map[string]*types.Func // by path and name
	instances map[string]string
	globals   map[types.Object]string
	queue     []func()
	decls     []ast.Decl
	binds     []ast.Stmt
	counter   int

	types       typeutil.Map // of types.Type to *scriptType
	ids         typeutil.Map // of types.Type to int
	cycles      typeutil.Map // of types.Type to bool
	faced       []*scriptType
	kinds       map[reflect.Type]int // faced types by face
	dispatchers map[string]*dispatcher
	order       []*dispatcher
	recovers    bool
	values      map[string]bool // functions that exist as values
}

// refuse notes what cannot be interpreted.
func (l *lowerer) refuse(pos token.Pos, format string, args ...any) {
	l.refusals = append(l.refusals, Refusal{pos, fmt.Sprintf(format, args...)})
	if len(l.refusals) > 50 {
		panic(tooMany{})
	}
}

func (l *lowerer) sorted() []Refusal {
	sort.SliceStable(l.refusals, func(i, j int) bool { return l.refusals[i].Pos < l.refusals[j].Pos })
	return l.refusals
}

func (l *lowerer) collect(u *Unit, path string) {
	l.units[u.Package] = u
	if l.library == nil {
		l.library = make(map[string]*types.Func)
	}
	for _, f := range u.Files {
		for _, d := range f.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			obj, ok := u.Info.Defs[d.Name].(*types.Func)
			if !ok {
				continue
			}
			l.funcs[obj] = &funcDecl{d, u}
			if path != "" && d.Recv == nil {
				l.library[path+"."+d.Name.Name] = obj
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && isBuiltin(u.Info, call.Fun, "recover") {
				l.recovers = true
			}
			return true
		})
	}
}

// fresh makes a name that no script has.
func (l *lowerer) fresh(name string) string {
	l.counter++
	return fmt.Sprintf("%s#%d", name, l.counter)
}

// unqualify replaces the names that a unit selects from other packages of the
// program by the selected identifiers, which mean the same objects: the program
// that is made is one package.
func (l *lowerer) unqualify(u *Unit) {
	for i, file := range u.Files {
		u.Files[i] = astutil.Apply(file, nil, func(c *astutil.Cursor) bool {
			n, ok := c.Node().(*ast.SelectorExpr)
			if !ok || u.Info.Selections[n] != nil {
				return true
			}
			if obj := u.Info.Uses[n.Sel]; obj == nil || l.units[obj.Pkg()] == nil {
				return true
			}
			if tv, ok := u.Info.Types[n]; ok {
				u.Info.Types[n.Sel] = tv
			}
			c.Replace(n.Sel)
			return true
		}).(*ast.File)
	}
}

// emit writes all that can be reached from functions, init functions and
// variables of the script, and from the initialisation of its packages.
func (l *lowerer) emit() {
	var start []ast.Stmt
	for _, u := range l.program {
		start = append(start, l.initialise(u)...)
	}
	l.drain()
	for _, name := range l.EntryPoints {
		if obj, ok := l.Script.Package.Scope().Lookup(name).(*types.Func); ok {
			l.face(obj.Signature(), obj.Pos())
		}
	}
	l.drain()
	for again := true; again; {
		again = false
		for _, d := range l.order {
			for _, t := range l.faced {
				if d.add(t) {
					again = true
				}
			}
		}
		l.drain()
	}
	for _, d := range l.order {
		d.emit()
	}
	l.drain()
	pos := l.Script.Files[0].Package
	l.decls = append(l.decls, &ast.FuncDecl{
		Name: id(pos, "init"), Type: &ast.FuncType{Func: pos, Params: &ast.FieldList{}},
		Body: &ast.BlockStmt{Lbrace: pos, List: append(l.binds, start...), Rbrace: pos},
	})
}

// initialise writes the variables of a package and returns what initialises it.
// Of the script it also writes all functions, of another package what is used.
func (l *lowerer) initialise(u *Unit) (start []ast.Stmt) {
	f := l.newFunc(u, nil)
	for _, file := range u.Files {
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				for _, ident := range s.(*ast.ValueSpec).Names {
					if obj := u.Info.Defs[ident]; obj != nil && ident.Name != "_" {
						t := f.subst(obj.Type())
						l.decls = append(l.decls, varDecl(ident.Pos(), l.global(obj), f.typ(t, ident.Pos()), f.zero(t, ident.Pos())))
					}
				}
			}
		}
	}
	for _, i := range u.Info.InitOrder {
		f := l.newFunc(u, nil)
		p := i.Rhs.Pos()
		var body []ast.Stmt
		if len(i.Lhs) == 1 {
			v := i.Lhs[0]
			f.capture(&ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: i.Rhs}}}, nil)
			x := f.convert(i.Rhs, v.Type())
			if v.Name() == "_" {
				body = []ast.Stmt{f.discard(p, x, v.Type())}
			} else {
				body = []ast.Stmt{assign(p, id(p, l.global(v)), x)}
			}
		} else {
			f.capture(&ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: i.Rhs}}}, nil)
			var names []string
			var from []types.Type
			first, fromTypes := f.multi(i.Rhs, len(i.Lhs))
			names, from = first.names, fromTypes
			body = append(body, first.stmt)
			for k, v := range i.Lhs {
				if v.Name() != "_" {
					body = append(body, assign(p, id(p, l.global(v)), f.conv(id(p, names[k]), from[k], v.Type(), p)))
				}
			}
		}
		name := l.fresh("init")
		l.decls = append(l.decls, &ast.FuncDecl{Name: id(p, name), Type: &ast.FuncType{Func: p, Params: &ast.FieldList{}}, Body: &ast.BlockStmt{Lbrace: p, List: body, Rbrace: p}})
		start = append(start, &ast.ExprStmt{X: call(p, id(p, name))})
	}
	for _, file := range u.Files {
		for _, d := range file.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok || d.Recv != nil || d.Type.TypeParams != nil {
				continue
			}
			switch d.Name.Name {
			case "init":
				obj := u.Info.Defs[d.Name].(*types.Func)
				name := l.instance(obj, nil, d.Pos())
				start = append(start, &ast.ExprStmt{X: call(d.Pos(), id(d.Pos(), name))})
			case "_":
			default:
				if u != l.Script {
					continue
				}
				l.instance(u.Info.Defs[d.Name].(*types.Func), nil, d.Pos())
			}
		}
	}
	return start
}

func (l *lowerer) drain() {
	for len(l.queue) > 0 {
		next := l.queue[0]
		l.queue = l.queue[1:]
		next()
	}
}

// global is the name of a package variable.
func (l *lowerer) global(obj types.Object) string {
	name, ok := l.globals[obj]
	if !ok {
		name = l.fresh(obj.Name())
		l.globals[obj] = name
	}
	return name
}

func (l *lowerer) file() *ast.File {
	first := l.Script.Files[0]
	pos := first.Package
	file := &ast.File{Package: pos, Name: id(pos, "main"), FileStart: first.FileStart, FileEnd: l.Script.Files[len(l.Script.Files)-1].FileEnd}
	l.imports[Package] = Package
	var paths []string
	for path := range l.imports {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		file.Decls = append(file.Decls, &ast.GenDecl{Tok: token.IMPORT, TokPos: pos, Specs: []ast.Spec{&ast.ImportSpec{
			Name: id(pos, l.imports[path]), Path: &ast.BasicLit{ValuePos: pos, Kind: token.STRING, Value: fmt.Sprintf("%q", path)},
		}}})
	}
	file.Decls = append(file.Decls, l.decls...)
	return file
}

// symbol refers to an exported name of a compiled package.
func (l *lowerer) symbol(pos token.Pos, path, name string) ast.Expr {
	alias, ok := l.imports[path]
	if !ok {
		alias = l.fresh("p")
		l.imports[path] = alias
	}
	return &ast.SelectorExpr{X: id(pos, alias), Sel: id(pos, name)}
}

// helper refers to a helper function, which it makes the first time.
func (l *lowerer) helper(pos token.Pos, name string, f func() any) ast.Expr {
	if _, ok := l.symbols[name]; !ok {
		l.symbols[name] = reflect.Value{}
		switch v := f().(type) {
		case reflect.Value:
			l.symbols[name] = v
		default:
			l.symbols[name] = reflect.ValueOf(v)
		}
	}
	return &ast.SelectorExpr{X: id(pos, Package), Sel: id(pos, name)}
}

func isBuiltin(info *types.Info, e ast.Expr, name string) bool {
	ident, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	b, ok := info.Uses[ident].(*types.Builtin)
	return ok && (name == "" || b.Name() == name)
}
