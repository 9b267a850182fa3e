package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"unsafe"

	"domovoi.dev/runtime/interp/internal/rtype"
)

// scriptType is a type that compiled code does not know: one the script
// declares, or a struct type it writes.
type scriptType struct {
	l       *lowerer
	typ     types.Type // *types.Named or *types.Struct
	number  int
	shape   reflect.Type
	face    *rtype.Type
	work    *rtype.Type // of structs
	unnamed reflect.Type
	pos     token.Pos
}

var anyType = reflect.TypeFor[any]()

// id numbers types, identical ones alike.
func (l *lowerer) id(t types.Type) int {
	if n, ok := l.ids.At(t).(int); ok {
		return n
	}
	n := l.ids.Len()
	l.ids.Set(t, n)
	return n
}

// own reports whether a script or the library declares the named type.
func (l *lowerer) own(n *types.Named) bool { return l.units[n.Obj().Pkg()] != nil }

func (l *lowerer) script(t types.Type) *scriptType {
	if s, ok := l.types.At(t).(*scriptType); ok {
		return s
	}
	s := &scriptType{l: l, typ: t, number: l.types.Len()}
	l.types.Set(t, s)
	if n, ok := t.(*types.Named); ok {
		s.pos = n.Obj().Pos()
	}
	return s
}

// erased reports whether an interface type is any in the program.
func (l *lowerer) erased(t types.Type) bool {
	t = types.Unalias(t)
	if _, ok := t.Underlying().(*types.Interface); !ok {
		return false
	}
	n, ok := t.(*types.Named)
	return !ok || l.own(n) || n.Underlying().(*types.Interface).Empty()
}

// own methods: an interface of the script with methods.
func (l *lowerer) scriptInterface(t types.Type) bool {
	return l.erased(t) && !t.Underlying().(*types.Interface).Empty()
}

var basicTypes = map[types.BasicKind]reflect.Type{
	types.Bool: reflect.TypeFor[bool](), types.Int: reflect.TypeFor[int](), types.Int8: reflect.TypeFor[int8](),
	types.Int16: reflect.TypeFor[int16](), types.Int32: reflect.TypeFor[int32](), types.Int64: reflect.TypeFor[int64](),
	types.Uint: reflect.TypeFor[uint](), types.Uint8: reflect.TypeFor[uint8](), types.Uint16: reflect.TypeFor[uint16](),
	types.Uint32: reflect.TypeFor[uint32](), types.Uint64: reflect.TypeFor[uint64](), types.Uintptr: reflect.TypeFor[uintptr](),
	types.Float32: reflect.TypeFor[float32](), types.Float64: reflect.TypeFor[float64](),
	types.Complex64: reflect.TypeFor[complex64](), types.Complex128: reflect.TypeFor[complex128](),
	types.String: reflect.TypeFor[string](), types.UnsafePointer: reflect.TypeFor[unsafe.Pointer](),
	types.UntypedBool: reflect.TypeFor[bool](), types.UntypedInt: reflect.TypeFor[int](), types.UntypedRune: reflect.TypeFor[rune](),
	types.UntypedFloat: reflect.TypeFor[float64](), types.UntypedComplex: reflect.TypeFor[complex128](), types.UntypedString: reflect.TypeFor[string](),
	types.UntypedNil: anyType,
}

// mode is which of the two forms of a type is meant.
type mode int

const (
	working mode = iota
	facing
	shaping
)

// reflected is the type in memory, in one of its forms.
func (l *lowerer) reflected(t types.Type, m mode) reflect.Type {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return basicTypes[t.Kind()]
	case *types.Named:
		if !l.own(t) {
			return l.compiled(t)
		}
		switch t.Underlying().(type) {
		case *types.Interface:
			return anyType
		case *types.Struct:
			return l.script(t).reflected(m)
		}
		if m == facing || m == working && l.recursive(t) {
			return l.script(t).reflected(m)
		}
		return l.reflected(t.Underlying(), m)
	case *types.Interface:
		return anyType
	case *types.Struct:
		if t.NumFields() == 0 {
			return reflect.TypeFor[struct{}]()
		}
		return l.script(t).reflected(m)
	case *types.Array:
		return reflect.ArrayOf(int(t.Len()), l.reflected(t.Elem(), m))
	}
	if m == shaping {
		switch t.Underlying().(type) {
		case *types.Pointer:
			return reflect.TypeFor[unsafe.Pointer]()
		case *types.Slice:
			return reflect.TypeFor[[]byte]()
		case *types.Map:
			return reflect.TypeFor[map[int]int]()
		case *types.Chan:
			return reflect.TypeFor[chan int]()
		case *types.Signature:
			return reflect.TypeFor[func()]()
		}
	}
	switch t := types.Unalias(t).(type) {
	case *types.Pointer:
		return reflect.PointerTo(l.reflected(t.Elem(), m))
	case *types.Slice:
		return reflect.SliceOf(l.reflected(t.Elem(), m))
	case *types.Map:
		return reflect.MapOf(l.reflected(t.Key(), m), l.reflected(t.Elem(), m))
	case *types.Chan:
		dir := map[types.ChanDir]reflect.ChanDir{types.SendRecv: reflect.BothDir, types.SendOnly: reflect.SendDir, types.RecvOnly: reflect.RecvDir}[t.Dir()]
		return reflect.ChanOf(dir, l.reflected(t.Elem(), m))
	case *types.Signature:
		return l.function(t, m)
	}
	panic(fmt.Sprintf("no type for %s", t))
}

// function is the type of functions of a signature, without receiver. In the
// program no function is variadic.
func (l *lowerer) function(sig *types.Signature, m mode) reflect.Type {
	var in, out []reflect.Type
	for i := range sig.Params().Len() {
		in = append(in, l.reflected(sig.Params().At(i).Type(), m))
	}
	for i := range sig.Results().Len() {
		out = append(out, l.reflected(sig.Results().At(i).Type(), m))
	}
	return reflect.FuncOf(in, out, sig.Variadic() && m == facing)
}

// compiled is the type of a compiled package.
func (l *lowerer) compiled(t *types.Named) reflect.Type {
	if t.Obj().Pkg() == nil {
		if t.Obj().Name() == "error" {
			return reflect.TypeFor[error]()
		}
		return anyType
	}
	v := reflect.Value{}
	if t.TypeArgs().Len() == 0 {
		v = l.Symbol(l.place(t))
	}
	if !v.IsValid() || v.Kind() != reflect.Pointer {
		panic(noType{t})
	}
	return v.Type().Elem()
}

// place is the package and the name by which scripts know a type of a compiled
// package: its own, or those of an alias, as slnet.Raw is for a type of a package
// that scripts do not have.
func (l *lowerer) place(t *types.Named) (path, name string) {
	path, name = t.Obj().Pkg().Path(), t.Obj().Name()
	if l.Symbol(path, name).IsValid() {
		return path, name
	}
	seen := make(map[*types.Package]bool)
	next := l.Script.Package.Imports()
	for len(next) > 0 {
		pkg := next[0]
		next = next[1:]
		if seen[pkg] {
			continue
		}
		seen[pkg] = true
		next = append(next, pkg.Imports()...)
		for _, n := range pkg.Scope().Names() {
			alias, ok := pkg.Scope().Lookup(n).(*types.TypeName)
			if ok && alias.IsAlias() && types.Identical(alias.Type(), t) && l.Symbol(pkg.Path(), n).IsValid() {
				return pkg.Path(), n
			}
		}
	}
	return path, name
}

// noType is what a type without a symbol ends in.
type noType struct{ t *types.Named }

func (n noType) Error() string { return fmt.Sprintf("the interpreter has no type %s", n.t) }

func (s *scriptType) name() string {
	n, ok := s.typ.(*types.Named)
	if !ok {
		return "struct"
	}
	var b strings.Builder
	b.WriteString(n.Obj().Pkg().Name() + "." + n.Obj().Name())
	if args := n.TypeArgs(); args.Len() > 0 {
		b.WriteByte('[')
		for i := range args.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(types.TypeString(args.At(i), func(p *types.Package) string { return p.Path() }))
		}
		b.WriteByte(']')
	}
	return b.String()
}

// path is the import path of the package of a type.
func (s *scriptType) path() string {
	if n, ok := s.typ.(*types.Named); ok {
		return n.Obj().Pkg().Path()
	}
	return s.l.Script.Package.Path()
}

func (s *scriptType) reflected(m mode) reflect.Type {
	l := s.l
	st, isStruct := s.typ.Underlying().(*types.Struct)
	switch {
	case m == shaping && isStruct:
		if s.shape == nil {
			var list []reflect.StructField
			for i := range st.NumFields() {
				list = append(list, reflect.StructField{Name: fieldName(i), Type: l.reflected(st.Field(i).Type(), shaping)})
			}
			s.shape = reflect.StructOf(list)
		}
		return s.shape
	case m == working && isStruct:
		if s.work == nil {
			s.work = rtype.New(s.path(), s.name(), s.reflected(shaping))
			var list []rtype.Field
			for i := range st.NumFields() {
				list = append(list, rtype.Field{Name: fieldName(i), Exported: true, Type: l.reflected(st.Field(i).Type(), working)})
			}
			s.work.Fields(list)
		}
		return s.work.Type
	}
	if m == working {
		if s.work == nil {
			s.work = rtype.New(s.path(), s.name(), l.reflected(s.typ.Underlying(), shaping))
			s.work.Complete(l.reflected(s.typ.Underlying(), working))
		}
		return s.work.Type
	}
	if _, named := s.typ.(*types.Named); !named {
		if s.unnamed == nil {
			var list []reflect.StructField
			for i := range st.NumFields() {
				v := st.Field(i)
				f := reflect.StructField{Name: v.Name(), Type: l.reflected(v.Type(), facing), Tag: reflect.StructTag(st.Tag(i))}
				if !v.Exported() {
					f.PkgPath = v.Pkg().Path()
				}
				list = append(list, f)
			}
			s.unnamed = reflect.StructOf(list)
		}
		return s.unnamed
	}
	if s.face == nil {
		shape := reflect.Type(nil)
		if isStruct {
			shape = s.reflected(shaping)
		} else {
			shape = l.reflected(s.typ.Underlying(), shaping)
		}
		s.face = rtype.New(s.path(), s.name(), shape)
		if isStruct {
			var list []rtype.Field
			for i := range st.NumFields() {
				v := st.Field(i)
				list = append(list, rtype.Field{Name: v.Name(), Tag: st.Tag(i), Exported: v.Exported(), Embedded: v.Embedded(), Type: l.reflected(v.Type(), facing)})
			}
			s.face.Fields(list)
		} else {
			s.face.Complete(l.reflected(s.typ.Underlying(), facing))
		}
		l.kinds[s.face.Type] = len(l.faced)
		l.kinds[s.face.Pointer] = -1 - len(l.faced)
		l.faced = append(l.faced, s)
		l.queue = append(l.queue, s.bindMethods)
	}
	return s.face.Type
}

// recursive reports whether a type that is no struct contains itself, so that
// it has no form without its name.
func (l *lowerer) recursive(n *types.Named) bool {
	if v, ok := l.cycles.At(n).(bool); ok {
		return v
	}
	seen := make(map[types.Type]bool)
	var reaches func(t types.Type) bool
	reaches = func(t types.Type) bool {
		switch t := types.Unalias(t).(type) {
		case *types.Named:
			if !l.own(t) || seen[t] {
				return types.Identical(t, n) && seen[t]
			}
			if types.Identical(t, n) && len(seen) > 0 {
				return true
			}
			seen[t] = true
			switch t.Underlying().(type) {
			case *types.Struct, *types.Interface:
				return false
			}
			return reaches(t.Underlying())
		case *types.Pointer:
			return reaches(t.Elem())
		case *types.Slice:
			return reaches(t.Elem())
		case *types.Array:
			return reaches(t.Elem())
		case *types.Chan:
			return reaches(t.Elem())
		case *types.Map:
			return reaches(t.Key()) || reaches(t.Elem())
		case *types.Signature:
			for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
				for i := range tuple.Len() {
					if reaches(tuple.At(i).Type()) {
						return true
					}
				}
			}
		}
		return false
	}
	r := reaches(n)
	l.cycles.Set(n, r)
	return r
}

func fieldName(i int) string { return fmt.Sprintf("F%d", i) }

// involved reports whether a type has parts that compiled code does not know,
// so that its two forms differ.
func (l *lowerer) involved(t types.Type) bool { return l.involves(t, 0) }

func (l *lowerer) involves(t types.Type, depth int) bool {
	if depth > 50 {
		return true
	}
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if l.own(t) {
			return true
		}
		return false
	case *types.Struct:
		return t.NumFields() > 0
	case *types.Array:
		return l.involves(t.Elem(), depth+1)
	case *types.Pointer:
		return l.involves(t.Elem(), depth+1)
	case *types.Slice:
		return l.involves(t.Elem(), depth+1)
	case *types.Chan:
		return l.involves(t.Elem(), depth+1)
	case *types.Map:
		return l.involves(t.Key(), depth+1) || l.involves(t.Elem(), depth+1)
	case *types.Signature:
		if t.Variadic() {
			return true
		}
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for i := range tuple.Len() {
				if l.involves(tuple.At(i).Type(), depth+1) {
					return true
				}
			}
		}
	}
	return false
}

// typ writes a type as the program has it.
func (l *lowerer) typ(t types.Type, pos token.Pos) ast.Expr { return l.typeExpr(t, pos, 0) }

func (l *lowerer) typeExpr(t types.Type, pos token.Pos, depth int) ast.Expr {
	if depth > 100 {
		l.refuse(pos, "the interpreter has no types that contain themselves other than structs")
		panic(tooMany{})
	}
	depth++
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		name := t.Name()
		switch t.Kind() {
		case types.UntypedNil:
			name = "any"
		case types.UnsafePointer:
			l.refuse(pos, "a script stays within Go's memory safety")
		default:
			name = basicTypes[t.Kind()].String()
		}
		return id(pos, name)
	case *types.Named:
		if !l.own(t) {
			if t.Obj().Pkg() == nil {
				if t.Obj().Name() != "error" {
					return id(pos, "any")
				}
				return l.helper(pos, "Error", func() any { return (*error)(nil) })
			}
			if t.Underlying().String() == "any" || t.TypeArgs().Len() > 0 {
				if t.TypeArgs().Len() > 0 {
					l.refuse(pos, "the interpreter has no type %s: generic types of other packages exist in plugins only", t)
				}
			}
			path, name := l.place(t)
			if !l.Symbol(path, name).IsValid() {
				l.refuse(pos, "scripts have no type %s", t)
				panic(tooMany{})
			}
			return l.symbol(pos, path, name)
		}
		switch u := t.Underlying().(type) {
		case *types.Interface:
			return id(pos, "any")
		case *types.Struct:
			return l.structType(t, pos)
		default:
			if l.recursive(t) {
				if _, ok := u.(*types.Signature); ok {
					l.refuse(pos, "the interpreter has no function types that refer to themselves, as %s does; put the function into a struct", t.Obj().Name())
				}
				return l.structType(t, pos)
			}
			return l.typeExpr(u, pos, depth)
		}
	case *types.Interface:
		return id(pos, "any")
	case *types.Struct:
		return l.structType(t, pos)
	case *types.Array:
		return &ast.ArrayType{Lbrack: pos, Len: intLit(pos, int(t.Len())), Elt: l.typeExpr(t.Elem(), pos, depth)}
	case *types.Pointer:
		return star(pos, l.typeExpr(t.Elem(), pos, depth))
	case *types.Slice:
		return &ast.ArrayType{Lbrack: pos, Elt: l.typeExpr(t.Elem(), pos, depth)}
	case *types.Map:
		return &ast.MapType{Map: pos, Key: l.typeExpr(t.Key(), pos, depth), Value: l.typeExpr(t.Elem(), pos, depth)}
	case *types.Chan:
		dir := map[types.ChanDir]ast.ChanDir{types.SendRecv: ast.SEND | ast.RECV, types.SendOnly: ast.SEND, types.RecvOnly: ast.RECV}[t.Dir()]
		return &ast.ChanType{Begin: pos, Dir: dir, Value: l.typeExpr(t.Elem(), pos, depth)}
	case *types.Signature:
		return l.funcType(t, pos, depth)
	}
	l.refuse(pos, "the interpreter does not know the type %s", t)
	panic(tooMany{})
}

func (l *lowerer) funcType(sig *types.Signature, pos token.Pos, depth int) *ast.FuncType {
	f := &ast.FuncType{Func: pos, Params: fields()}
	for i := range sig.Params().Len() {
		f.Params.List = append(f.Params.List, &ast.Field{Type: l.typeExpr(sig.Params().At(i).Type(), pos, depth)})
	}
	for i := range sig.Results().Len() {
		if f.Results == nil {
			f.Results = fields()
		}
		f.Results.List = append(f.Results.List, &ast.Field{Type: l.typeExpr(sig.Results().At(i).Type(), pos, depth)})
	}
	return f
}

func (l *lowerer) structType(t types.Type, pos token.Pos) ast.Expr {
	if st, ok := types.Unalias(t).(*types.Struct); ok && st.NumFields() == 0 {
		return l.helper(pos, "Empty", func() any { return (*struct{})(nil) })
	}
	w := l.work(t, pos)
	return l.helper(pos, fmt.Sprintf("T%d", l.script(t).number), func() any { return reflect.Zero(reflect.PointerTo(w)) })
}

func (l *lowerer) work(t types.Type, pos token.Pos) reflect.Type { return l.guarded(t, working, pos) }
func (l *lowerer) face(t types.Type, pos token.Pos) reflect.Type { return l.guarded(t, facing, pos) }

func (l *lowerer) guarded(t types.Type, m mode, pos token.Pos) reflect.Type {
	defer func() {
		if n, ok := recover().(noType); ok {
			l.refuse(pos, "scripts have no type %s", n.t)
			panic(tooMany{})
		}
	}()
	return l.reflected(t, m)
}

// known reports whether a type can be named.
func (l *lowerer) known(t types.Type) (ok bool) {
	defer func() {
		if _, missing := recover().(noType); missing {
			ok = false
		}
	}()
	l.reflected(t, facing)
	return true
}

// zero writes the zero value of a type.
func (l *lowerer) zero(t types.Type, pos token.Pos) ast.Expr {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsBoolean != 0:
			return l.retyped(id(pos, "false"), t, pos)
		case u.Info()&types.IsString != 0:
			return l.retyped(&ast.BasicLit{ValuePos: pos, Kind: token.STRING, Value: `""`}, t, pos)
		case u.Kind() == types.UntypedNil:
			return id(pos, "nil")
		}
		return call(pos, l.typ(t, pos), intLit(pos, 0))
	case *types.Interface:
		return id(pos, "nil")
	case *types.Struct, *types.Array:
		return &ast.CompositeLit{Type: l.typ(t, pos), Lbrace: pos, Rbrace: pos}
	}
	return id(pos, "nil")
}

// retyped converts a constant to a type with a name that compiled code knows.
func (l *lowerer) retyped(x ast.Expr, t types.Type, pos token.Pos) ast.Expr {
	if n, ok := types.Unalias(t).(*types.Named); ok && !l.own(n) {
		return call(pos, l.typ(t, pos), x)
	}
	return x
}
