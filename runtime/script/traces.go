package script

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// Traces say what a run of a script can leave behind in its process, as far as
// its source tells. What cannot be told counts as left.
type Traces struct {
	// State: the script may keep something in its package, or in one it imports,
	// that a later run in the same process would find.
	State bool
	// Goroutines: something of the script may go on when its entry point has
	// returned.
	Goroutines bool
}

// findTraces looks for what a run may leave behind. Package variables leave
// nothing when they never change after their initialisation, which does the same
// whenever it happens.
func findTraces(files []*ast.File, pkg *types.Package, info *types.Info) Traces {
	t := tracing{pkg: pkg, info: info}
	for _, f := range files {
		for _, d := range f.Decls {
			t.declaration(d)
		}
		t.file(f)
	}
	return t.found
}

type tracing struct {
	pkg   *types.Package
	info  *types.Info
	found Traces
}

func (t *tracing) state(is bool) { t.found.State = t.found.State || is }

// declaration looks at what happens when the package is initialised.
func (t *tracing) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		t.state(d.Recv == nil && d.Name.Name == "init")
	case *ast.GenDecl:
		if d.Tok != token.VAR {
			return
		}
		for _, spec := range d.Specs {
			v := spec.(*ast.ValueSpec)
			for _, name := range v.Names {
				t.state(name.Name != "_" && !t.keepable(t.info.Defs[name].Type()))
			}
			for _, value := range v.Values {
				// The value of a variable of an interface may be of another type.
				t.state(!t.constant(value) || !t.info.Types[value].IsNil() && named(v) && !t.keepable(t.info.TypeOf(value)))
			}
		}
	}
}

// named reports whether a declaration makes variables, and does not only have its
// values computed.
func named(v *ast.ValueSpec) bool {
	return slices.ContainsFunc(v.Names, func(name *ast.Ident) bool { return name.Name != "_" })
}

// keepable reports whether a package variable of a type may be kept, when it is
// neither assigned nor its address taken.
func (t *tracing) keepable(typ types.Type) bool {
	switch u := typ.Underlying().(type) {
	case *types.Slice:
		return t.immutable(u.Elem())
	case *types.Map:
		return t.immutable(u.Key()) && t.immutable(u.Elem())
	}
	return t.immutable(typ)
}

// opaque are types whose values are what they are made as, whatever is done with
// them besides what mutators names.
var opaque = []string{"error", "time.Time", "*time.Location", "*regexp.Regexp", "*strings.Replacer", "*encoding/base64.Encoding", "*encoding/base32.Encoding"}

// mutators are the methods of types of opaque that change their value.
var mutators = []string{"Longest", "UnmarshalText", "UnmarshalBinary", "UnmarshalJSON", "GobDecode"}

// immutable reports whether a copy of a value shares nothing that can change.
func (t *tracing) immutable(typ types.Type) bool {
	if slices.Contains(opaque, types.TypeString(typ, nil)) {
		return true
	}
	switch u := typ.Underlying().(type) {
	case *types.Basic:
		return u.Kind() != types.UnsafePointer
	case *types.Signature:
		return true // constant refuses those with variables of their own
	case *types.Array:
		return t.immutable(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if !t.immutable(u.Field(i).Type()) {
				return false
			}
		}
		return true
	}
	return false
}

// makers are functions whose results depend on their arguments alone, and are of
// nobody else.
var makers = map[string][]string{
	"errors":                 {"New"},
	"fmt":                    {"Errorf", "Sprint", "Sprintf", "Sprintln"},
	"regexp":                 {"MustCompile", "MustCompilePOSIX", "QuoteMeta"},
	"strings":                {"Fields", "Join", "NewReplacer", "Repeat", "Replace", "ReplaceAll", "Split", "ToLower", "ToUpper", "TrimSpace"},
	"time":                   {"Date", "Unix", "UnixMilli"},
	"github.com/google/uuid": {"MustParse", "NewMD5", "NewSHA1"},
}

// constant reports whether an initialiser yields the same at all times and has
// no other effect. The body of a function is executed later, if at all.
func (t *tracing) constant(e ast.Expr) bool {
	all := func(list []ast.Expr) bool {
		return !slices.ContainsFunc(list, func(e ast.Expr) bool { return !t.constant(e) })
	}
	if tv := t.info.Types[e]; tv.Value != nil || tv.IsType() || tv.IsNil() {
		return true
	}
	switch e := e.(type) {
	case *ast.FuncLit, *ast.Ident:
		return true
	case *ast.ParenExpr:
		return t.constant(e.X)
	case *ast.SelectorExpr:
		return t.info.Selections[e] == nil || t.info.Selections[e].Kind() == types.FieldVal && t.constant(e.X)
	case *ast.IndexExpr:
		return t.constant(e.X) && t.constant(e.Index)
	case *ast.KeyValueExpr:
		return t.constant(e.Key) && t.constant(e.Value)
	case *ast.CompositeLit:
		return all(e.Elts)
	case *ast.UnaryExpr:
		return e.Op != token.AND && e.Op != token.ARROW && t.constant(e.X)
	case *ast.BinaryExpr:
		return t.constant(e.X) && t.constant(e.Y)
	case *ast.CallExpr:
		if !all(e.Args) {
			return false
		}
		if t.info.Types[e.Fun].IsType() {
			return true
		}
		path, name := ImportedName(e.Fun, t.info)
		return slices.Contains(makers[path], name) || t.builtin(e, "len", "cap", "min", "max", "real", "imag", "complex")
	}
	return false
}

func (t *tracing) builtin(call *ast.CallExpr, names ...string) bool {
	name, ok := ast.Unparen(call.Fun).(*ast.Ident)
	return ok && t.info.Types[call.Fun].IsBuiltin() && slices.Contains(names, name.Name)
}

// file looks at all that is done in a file.
func (t *tracing) file(f *ast.File) {
	var stack []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch n := n.(type) {
		case *ast.GoStmt:
			t.found.Goroutines = true
		case *ast.Ident:
			t.use(t.info.Uses[n], stack)
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				t.store(e)
			}
		case *ast.IncDecStmt:
			t.store(n.X)
		case *ast.RangeStmt:
			t.store(n.Key)
			t.store(n.Value)
		}
		return true
	})
}

// use looks at the use of an object, the innermost of the nodes of stack.
func (t *tracing) use(o types.Object, stack []ast.Node) {
	if o == nil || o.Pkg() == nil {
		return
	}
	switch o := o.(type) {
	case *types.Var:
		if o.Parent() != o.Pkg().Scope() {
			return
		}
		if o.Pkg() != t.pkg {
			name := o.Pkg().Path() + "." + o.Name()
			t.state(!t.immutable(o.Type()) && !slices.Contains([]string{"io.Discard", "crypto/rand.Reader"}, name))
		}
		t.state(!t.reads(stack))
	case *types.Func:
		switch o.FullName() {
		case "time.AfterFunc", "context.AfterFunc":
			t.state(true) // it may be called at any time
		case "(*sync.WaitGroup).Go", "context.WithCancel", "context.WithCancelCause", "context.WithDeadline", "context.WithDeadlineCause",
			"context.WithTimeout", "context.WithTimeoutCause":
			t.found.Goroutines = true // a context of the script's own is waited for by a goroutine
		}
	}
}

// readers are functions that only read slices and maps they are given.
var readers = map[string][]string{
	"slices":  {"Contains", "Index", "BinarySearch", "Equal", "Max", "Min", "Clone"},
	"maps":    {"Clone", "Equal"},
	"strings": {"Join"},
}

// reads reports whether a package variable, the innermost node of stack, is only
// read.
func (t *tracing) reads(stack []ast.Node) bool {
	var e ast.Expr = stack[len(stack)-1].(*ast.Ident)
	for i := len(stack) - 2; i >= 0; i-- {
		switch parent := stack[i].(type) {
		case *ast.ParenExpr:
			e = parent
			continue
		case *ast.SelectorExpr:
			selection := t.info.Selections[parent]
			switch {
			case selection == nil: // the variable of another package
			case selection.Kind() != types.FieldVal:
				return t.called(parent, selection)
			}
			e = parent
			continue
		case *ast.IndexExpr:
			if parent.X != e {
				return true
			}
			e = parent
			continue
		}
		return t.readIn(e, stack[i])
	}
	return true
}

// called reports whether a method of a variable leaves it as it is.
func (t *tracing) called(s *ast.SelectorExpr, selection *types.Selection) bool {
	receiver := selection.Obj().(*types.Func).Signature().Recv().Type()
	_, wantsPointer := receiver.(*types.Pointer)
	_, isPointer := t.info.TypeOf(s.X).Underlying().(*types.Pointer)
	return (!wantsPointer || isPointer) && !slices.Contains(mutators, s.Sel.Name)
}

// readIn reports whether a node only reads the variable, or part of one, that is
// in it.
func (t *tracing) readIn(e ast.Expr, parent ast.Node) bool {
	shared := false // whether a copy shares what it holds
	switch t.info.TypeOf(e).Underlying().(type) {
	case *types.Slice, *types.Map:
		shared = true
	}
	switch parent := parent.(type) {
	case *ast.StarExpr:
		return false
	case *ast.UnaryExpr:
		return parent.Op != token.AND
	case *ast.SliceExpr:
		_, text := t.info.TypeOf(e).Underlying().(*types.Basic)
		return text || parent.X != e
	case *ast.IncDecStmt:
		return false
	case *ast.AssignStmt:
		return !shared && !slices.Contains(parent.Lhs, e)
	case *ast.RangeStmt:
		return parent.X == e
	case *ast.BinaryExpr:
		return true
	case *ast.CallExpr:
		path, name := ImportedName(parent.Fun, t.info)
		return !shared || slices.Contains(readers[path], name) || t.builtin(parent, "len", "cap") ||
			t.builtin(parent, "append", "copy") && parent.Args[0] != e
	}
	return !shared
}

// store looks at what is assigned to. What a pointer of another package leads to
// may be its own, such as time.UTC.
func (t *tracing) store(e ast.Expr) {
	if e == nil {
		return
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.StarExpr:
		t.state(t.foreign(t.info.TypeOf(e)))
	case *ast.IndexExpr:
		if p, ok := t.info.TypeOf(e.X).Underlying().(*types.Pointer); ok {
			t.state(t.foreign(p.Elem()))
		}
	}
}

// foreign reports whether a type may be a struct or array of another package
// than the script's and the SDK's.
func (t *tracing) foreign(typ types.Type) bool {
	switch typ := types.Unalias(typ).(type) {
	case *types.TypeParam:
		return true
	case *types.Named:
		if pkg := typ.Obj().Pkg(); pkg == t.pkg || pkg != nil && strings.HasPrefix(pkg.Path(), sdkPath) {
			return false
		}
	}
	switch typ.Underlying().(type) {
	case *types.Struct, *types.Array:
		return true
	}
	return false
}
