package lower

import (
	"go/ast"
	"go/constant"
	"go/types"
	"strings"
)

// checkInterfaces refuses calls to which it makes a difference that, in the
// types compiled code sees, an interface of the script within another type is
// any: to those that name types, and to those that store values of any type.
func (f *fn) checkInterfaces(obj *types.Func, n *ast.CallExpr) {
	if obj == nil || obj.Pkg() == nil {
		return
	}
	switch path := obj.Pkg().Path(); {
	case path == "fmt":
		named := false
		for _, a := range n.Args {
			if v := f.unit.Info.Types[a].Value; v != nil && v.Kind() == constant.String {
				named = named || strings.Contains(constant.StringVal(v), "%T") || strings.Contains(constant.StringVal(v), "%#v")
			}
		}
		if !named {
			return
		}
	case strings.HasPrefix(path, "encoding/") && (obj.Name() == "Unmarshal" || obj.Name() == "Decode"):
	default:
		return
	}
	for _, a := range n.Args {
		t := f.typeOf(a)
		if !types.IsInterface(t) && f.holdsInterface(t, make(map[types.Type]bool)) {
			f.refuse(a.Pos(), "the interpreter does not keep the interfaces that a script declares apart within a %s, and %s tells them apart", t, obj.Name())
		}
	}
}

func (l *lowerer) holdsInterface(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if types.IsInterface(t) {
		return l.scriptInterface(t)
	}
	if n, ok := types.Unalias(t).(*types.Named); ok && !l.own(n) {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return l.holdsInterface(u.Elem(), seen)
	case *types.Slice:
		return l.holdsInterface(u.Elem(), seen)
	case *types.Array:
		return l.holdsInterface(u.Elem(), seen)
	case *types.Chan:
		return l.holdsInterface(u.Elem(), seen)
	case *types.Map:
		return l.holdsInterface(u.Key(), seen) || l.holdsInterface(u.Elem(), seen)
	case *types.Struct:
		for i := range u.NumFields() {
			if l.holdsInterface(u.Field(i).Type(), seen) {
				return true
			}
		}
	}
	return false
}
